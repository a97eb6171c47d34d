"""Procedures and stages: which event runs through which stages, and what the rules there may read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tcpmodel.spec.draft import Declared, Draft
from tcpmodel.spec.model import Procedure, Stage, Variable
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.rules import RuleBuilder
from tcpmodel.spec.scope import ARGUMENT, ENVIRONMENT, SEGMENT_FIELD, TCB, Scope, Vocabulary
from tcpmodel.spec.shape import CALL_ARGUMENT, PROCEDURE, Fields
from tcpmodel.spec.source import Mapping, Text
from tcpmodel.spec.vocabulary import check_name, citation, need_mapping, parse_type, resolve_states

WITH_SEGMENT = ("segment", "output", "pickup")
NAMED = ("call", "timeout")
EVENTS = (*WITH_SEGMENT, *NAMED, "crash")


@dataclass(frozen=True)
class _Draft:
    """A procedure whose stages are still names."""

    procedure: Procedure
    stages: tuple[Text, ...]


def build(draft: Draft, words: Vocabulary, report: Report) -> tuple[Procedure, ...]:
    """All procedures with their stages and rules, in the order of the text."""
    found = [_procedure(item, words, report) for item in draft.declared["procedures"].values()]
    drafts = [item for item in found if item]
    _check_overlap(drafts, report)
    stages: dict[str, Stage] = {}
    for name, raw in draft.stages.items():
        users = [item.procedure for item in drafts if any(stage.value == name for stage in item.stages)]
        if not users:
            report.add(raw.name.place, "TM105", f"no procedure runs stage '{name}'", "add it to procedures")
        scope = _scope(name, users, words)
        states = tuple(state for state in words.states if any(state in user.states for user in users))
        builder = RuleBuilder(raw, states if users else words.states, scope, report)
        stages[name] = Stage(name, raw.title, raw.cite, tuple(map(builder.build, raw.rules)), raw.name.place)
    return tuple(_with_stages(item, stages, report) for item in drafts)


def _procedure(declared: Declared, words: Vocabulary, report: Report) -> _Draft | None:
    if not isinstance(declared.value, Mapping):
        need_mapping(declared, report)
        return None
    fields = Fields(declared.value, PROCEDURE, report, declared.key)
    event, event_name = _event(fields.text("on"), report)
    procedure = Procedure(
        name=declared.key.value,
        event=event,
        event_name=event_name,
        states=resolve_states(fields.texts("in"), words, report),
        stages=(),
        cite=citation(fields, declared, report),
        hidden=fields.flag("hidden"),
        cost=fields.number("cost"),
        assume=fields.words("assume"),
        arguments=_arguments(fields, event, words, report),
        place=declared.key.place,
    )
    return _Draft(procedure, tuple(fields.texts("stages")))


def _event(text: Text | None, report: Report) -> tuple[str, str]:
    if text is None:
        return "", ""
    kind, _, name = text.value.partition(" ")
    if kind not in EVENTS:
        help = nearest(kind, EVENTS) or f"events: {', '.join(EVENTS)}"
        report.add(text.place, "TM108", f"unknown event '{kind}'", help)
    elif bool(name.strip()) != (kind in NAMED):
        help = f"write '{kind} NAME'" if kind in NAMED else f"write '{kind}'"
        report.add(text.place, "TM108", f"'{text.value}' is not an event", help)
    return kind, name.strip()


def _arguments(fields: Fields, event: str, words: Vocabulary, report: Report) -> tuple[Variable, ...]:
    found = []
    entry = fields.entry("arguments")
    if entry and event not in ("call", "pickup"):
        report.add(entry.key.place, "TM108", "only a call or a pickup has arguments")
    for name, item in fields.mapping("arguments").items():
        declared = Declared(item.key, item.value, "")
        if not isinstance(item.value, Mapping):
            need_mapping(declared, report)
        elif check_name(item.key, report):
            inner = Fields(item.value, CALL_ARGUMENT, report, item.key)
            type_, told = parse_type(inner.text("type"), words, report), inner.flag("told")
            about, cite = inner.words("is"), inner.words("cite")
            found.append(Variable(f"CALL.{name}", type_, ARGUMENT, about, cite=cite, place=item.key.place, told=told))
    return tuple(found)


def _check_overlap(drafts: list[_Draft], report: Report) -> None:
    """In one state an event from outside runs one procedure."""
    taken: dict[tuple[str, str, str], Procedure] = {}
    for item in drafts:
        mine = item.procedure
        for state in mine.states:
            earlier = taken.setdefault((mine.event, mine.event_name, state), mine)
            if earlier is not mine:
                event = f"{mine.event} {mine.event_name}".strip()
                message = f"'{earlier.name}' already handles {event} in {state}"
                report.add(mine.place, "TM104", message, f"it is at {earlier.place}")
                break


def _scope(stage: str, users: list[Procedure], words: Vocabulary) -> Scope:
    """What the rules of a stage may read: what every procedure that runs it provides."""
    groups = {TCB, ENVIRONMENT, ARGUMENT}
    if all(user.event in WITH_SEGMENT for user in users):
        groups.add(SEGMENT_FIELD)
    events = sorted({f"{user.event} {user.event_name}".strip() for user in users})
    where = f"in stage '{stage}', which runs on {' and '.join(events)}"
    return Scope(words, frozenset(groups), where, arguments=_common([user.arguments for user in users]))


def _common(arguments: Iterable[tuple[Variable, ...]]) -> dict[str, Variable]:
    """The arguments that all have, with the same type."""
    sets = [{item.name: item for item in items} for items in arguments]
    if not sets:
        return {}
    first, *others = sets
    return {
        name: item
        for name, item in first.items()
        if all(name in other and other[name].type == item.type for other in others)
    }


def _with_stages(item: _Draft, stages: dict[str, Stage], report: Report) -> Procedure:
    mine = item.procedure
    found: dict[str, Stage] = {}
    for text in item.stages:
        name = text.value
        if name not in stages:
            report.add(text.place, "TM105", f"unknown stage '{name}'", nearest(name, stages))
        elif name in found:
            report.add(text.place, "TM104", f"stage '{name}' runs twice in '{mine.name}'")
        else:
            found[name] = stages[name]
    return replace(mine, stages=tuple(found.values()))
