"""The pages of `explain`, one function for each kind of thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tcpmodel.check.findings import CODES as CHECKS
from tcpmodel.report.explain import Page, Section, examples
from tcpmodel.report.explain.data import codes, requirements
from tcpmodel.report.explain.source import as_written, declared
from tcpmodel.spec.model import Model, Procedure, Rule, Stage

LEVELS = {"must": "MUST", "should": "SHOULD", "may": "MAY"}
EVENTS = {
    "segment": "a segment arrives", "output": "a segment is sent", "pickup": "the capture begins in mid-connection",
    "crash": "the endpoint forgets everything",
}  # fmt: skip
UNNAMED = {
    "TM501": "what the trace says of an endpoint agrees with no explanation",
    "TM502": "an earlier segment was another one than the trace shows",
}
LOADER = {
    "TM100": "not YAML", "TM101": "unknown key", "TM102": "unknown name", "TM103": "types that do not fit",
    "TM104": "declared twice", "TM105": "no such state, stage, rule or profile", "TM106": "missing key",
    "TM107": "an expression that cannot be read", "TM108": "bad value", "TM109": "no citation or no reason",
    "TM110": "bad segment template", "TM111": "wrong arguments", "TM130": "a property of what is not there",
    "TM131": "unknown lemma or assumption", "TM132": "unknown variant or profile in a property",
}  # fmt: skip


def error(code: str, model: Model) -> Page:
    """An error that the loader or `tcpmodel check` reports in a specification."""
    title = LOADER.get(code) or CHECKS.get(code, "")
    return Page("error", code, title, [_about(code), *_examples(code)])


def finding(code: str, model: Model) -> Page:
    """A finding of a replay, with the rules that report it."""
    rules = [rule for rule in model.rules.values() if rule.code == code]
    title = UNNAMED.get(code) or (rules[0].message if rules else f"not reported under {model.profile or model.name}")
    reported = [
        Section("rule", (f"{rule.name} ({LEVELS[rule.forbid]}), {_place(rule)}", *_quotes(rule))) for rule in rules
    ]
    return Page("finding", code, title, [_about(code), *reported, *_examples(code)])


def rule(name: str, model: Model) -> Page:
    """A rule: its text, its place among the others, and on what it rests."""
    found = model.rules[name]
    where = [(p, s) for p in model.procedures for s in p.stages if any(r.name == name for r in s.rules)]
    rows = [f"{_event(p)}: stage {s.name}, {_ordinal(s, name)} of {len(s.rules)}" for p, s in where]
    grounds = [f"level {LEVELS[found.level]}", f"cite {found.cite}", *_quotes(found), *_required(found.requirements)]
    sections = [
        Section("as written", tuple(as_written(found.place)), verbatim=True),
        Section("place", (_place(found), *rows, f"in {_states(found.states, model)}")),
        Section("rests on", tuple(grounds)),
    ]
    if found.code:
        sections.append(Section("finding", (f"{found.code}: tcpmodel explain {found.code}",)))
    stage = where[0][1] if where else None
    return Page("rule", name, stage.title if stage else "", sections)


def state(name: str, model: Model) -> Page:
    """A state: its meaning, and what happens in it event by event."""
    spoken = model.variables.get("STATE")
    groups = [group for group, states in model.groups.items() if name in states]
    sections = [Section("groups", (", ".join(groups),))] if groups else []
    sections.append(Section("entered by", tuple(_entering(name, model))))
    for procedure in model.procedures:
        if name in procedure.states:
            rows = [f"{s.name}: {_listed(r for r in s.rules if name in r.states)}" for s in procedure.stages]
            sections.append(Section(f"{_event(procedure)} ({procedure.cite})", tuple(rows)))
    cite = f" ({spoken.cite})" if spoken and spoken.cite else ""
    return Page("state", name, declared(name, model.files, "states") + cite, sections)


def requirement(name: str, model: Model) -> Page:
    """A requirement of Appendix B: its rows there, and the rules that carry it."""
    rows = requirements()[name]
    lines = tuple(f"{row['heading']}: {row['text']} ({row['level']})" for row in rows)
    carriers = [rule for rule in model.rules.values() if name in rule.requirements]
    sections = [Section("rule", (f"{found.name}, {_place(found)}", *_quotes(found))) for found in carriers]
    none = Section("rules", (f"no rule of {model.profile or model.name} carries it",))
    return Page("requirement", name, rows[0]["text"], [Section("RFC 9293 Appendix B", lines), *(sections or [none])])


def _about(code: str) -> Section:
    return Section("meaning", (str(codes()[code]["about"]),))


def _examples(code: str) -> Iterator[Section]:
    form = examples.form(code)
    if not form:
        yield Section("no example", (str(codes()[code]["none"]),))
        return
    entry = codes()[code]
    place = {"trace": "a trace", "step": f"sent in {entry.get('state')}", "overlay": "in an overlay"}[form]
    if vantage := entry.get("vantage"):
        place += f" taken at {vantage}"
    for which in ("wrong", "right"):
        yield Section(f"{which}: {place}", tuple(examples.lines(code, which)), verbatim=True)
    yield Section("try it", tuple(_commands(code, form)), verbatim=True)


def _commands(code: str, form: str) -> Iterator[str]:
    entry = codes()[code]
    if form == "step":
        yield f"tcpmodel step {entry['state']} --send '{entry['wrong'][0]}'"
    elif form == "trace":
        yield f"tcpmodel explain {code} --example wrong | tcpmodel verify -"
    else:
        stage = f" --stage {entry['stage']}" if "stage" in entry else ""
        yield f"tcpmodel explain {code} --example wrong --output example.yaml"
        yield f"tcpmodel check example.yaml{stage}"


def _quotes(rule: Rule) -> tuple[str, ...]:
    return tuple(f'{rule.cite}: "{" ".join(quote.split())}"' for quote in rule.quotes)


def _required(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        rows = requirements().get(name, [])
        yield f"{name}: {rows[0]['text']}" if rows else name


def _place(rule: Rule) -> str:
    return f"{rule.place.file}:{rule.place.line}"


def _event(procedure: Procedure) -> str:
    if procedure.event in EVENTS:
        return EVENTS[procedure.event]
    return f"{procedure.event} {procedure.event_name}"


def _ordinal(stage: Stage, name: str) -> int:
    return next(n for n, rule in enumerate(stage.rules, 1) if rule.name == name)


def _states(states: tuple[str, ...], model: Model) -> str:
    if len(states) == len(model.states):
        return "all states"
    for name, members in model.groups.items():
        if set(members) == set(states):
            return f"{name}: {', '.join(members)}"
    return ", ".join(states)


def _entering(name: str, model: Model) -> Iterator[str]:
    for found in model.rules.values():
        if found.enter == name:
            yield f"{found.name} in {_states(tuple(s for s in found.states if s != name), model)}"


def _listed(rules: Iterable[Rule]) -> str:
    return ", ".join(rule.name for rule in rules) or "-"
