"""The tables of a generated module: which function serves an event in a state, and what the rules say in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tcpmodel.compile.expressions import SEGMENT_ATTRIBUTES, Emitter, identifier
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Procedure, Rule, Stage

Namer = Callable[[Procedure, int, int], str]


def tables(model: Model, namer: Namer) -> Iterator[str]:
    """The lines of all tables, behind the functions they name."""
    yield f"\n\nNAME, TITLE, PROFILE = {model.name!r}, {model.title!r}, {model.profile!r}"
    yield f"STATES = {model.states!r}"
    rows = [(v.name, identifier(v.name), v.type) for v in model.variables.values() if v.group == "tcb"]
    yield f"VARIABLES = {rows!r}"
    yield f"NUMBERS = {_held(model, x.SEQ)!r}"
    yield f"CONTROLS = {_held(model, x.FLAGS)!r}"
    yield from _dispatch(model, namer)
    yield "\nRULES = ["
    for procedure, stage, rule in _all_rules(model):
        yield f"    {_row(procedure, stage, rule)},"
    yield "]"
    yield from _lambdas(model)


def _held(model: Model, type: str) -> list[tuple[str, str]]:
    """The fields of segments of a type, each with the attribute that holds it."""
    names = [v.name for v in model.variables.values() if v.name in SEGMENT_ATTRIBUTES and v.type == type]
    return [(name, SEGMENT_ATTRIBUTES[name]) for name in names]


def _all_rules(model: Model) -> Iterator[tuple[Procedure, Stage, Rule]]:
    seen = set()
    for procedure in model.procedures:
        for stage in procedure.stages:
            for rule in stage.rules:
                if rule.name not in seen:
                    seen.add(rule.name)
                    yield procedure, stage, rule


def _dispatch(model: Model, namer: Namer) -> Iterator[str]:
    """EVENTS: (event, name) -> one function a state; HIDDEN: events a replay may infer, cheapest first, and how."""
    events: dict[tuple[str, str], dict[int, str]] = {}
    for procedure in model.procedures:
        row = events.setdefault((procedure.event, procedure.event_name), {})
        for state in procedure.states:
            number = model.states.index(state)
            row[number] = namer(procedure, number, 0)
    yield "\nEVENTS = {"
    for key, row in events.items():
        functions = ", ".join(row.get(number, "None") for number in range(len(model.states)))
        yield f"    {key!r}: ({functions}),"
    yield "}"
    # a specification that no trace is replayed against leaves them out
    for name in (n for n in ("sent", "may_send", "over", "unsettled") if f"replay_{n}" in model.predicates):
        yield f"{name.upper()} = lambda t: {Emitter().emit(model.predicates['replay_' + name].body)}"
    for name in (n for n in ("doubtful", "supposed", "first") if f"replay_{n}" in model.predicates):
        yield f"{name.upper()} = lambda s: {Emitter().emit(model.predicates['replay_' + name].body)}"
    pickup = [identifier(a.name) for p in model.procedures if p.event == "pickup" for a in p.arguments]
    yield f"PICKUP = {pickup!r}"
    hidden = sorted((p for p in model.procedures if p.hidden), key=lambda p: p.cost)
    yield "HIDDEN = ["
    for p in hidden:
        arguments = [(identifier(a.name), (False,) if a.told else (False, True)) for a in p.arguments]
        yield f"    {(p.event, p.event_name, p.cost, p.assume, arguments, _active(model, p))!r},"
    yield "]"


def _active(model: Model, procedure: Procedure) -> list[int]:
    """The states in which some rule of the procedure does more than answer the user."""
    rules = [rule for stage in procedure.stages for rule in stage.rules if rule.sets or rule.enter or rule.sends]
    return [
        n
        for n, state in enumerate(model.states)
        if state in procedure.states and any(state in rule.states for rule in rules)
    ]


def _row(procedure: Procedure, stage: Stage, rule: Rule) -> tuple[object, ...]:
    """(name, stage, file, line, code, forbid, assume, level, cite, quotes, requirements, when, event)."""
    when = " ".join(rule.guard_text.split())
    return (rule.name, stage.name, rule.place.file, rule.place.line, rule.code, rule.forbid, rule.assume, rule.level,
            rule.cite, rule.quotes, rule.requirements, when, procedure.event)  # fmt: skip


def _lambdas(model: Model) -> Iterator[str]:
    rules = [rule for _, _, rule in _all_rules(model)]
    yield "\nMESSAGES = {"
    for number, rule in enumerate(rules):
        if rule.message:
            yield f"    {number}: lambda t, s, e: {_message(rule)},"
    yield "}\nEXPECTED = {"
    for number, rule in enumerate(rules):
        if rule.expected:
            rows = ", ".join(_expected(field, value) for field, value in rule.expected)
            yield f"    {number}: lambda t, s, e: [{rows}],"
    yield "}\nGUARDS = {"
    for number, (procedure, _, rule) in enumerate(_all_rules(model)):
        if procedure.event == "output" and rule.guard and not rule.forbid:
            yield f"    {number}: ({_guards(rule)},),"
    yield "}"


def _expected(field: str, value: x.Expr) -> str:
    """(field as the RFC names it, attribute of the segment, value due, value seen)."""
    seen = x.Name(value.type, kind="segment", name=field)
    return f"({field!r}, {SEGMENT_ATTRIBUTES.get(field)!r}, {Emitter().emit(value)}, {Emitter().emit(seen)})"


def _guards(rule: Rule) -> str:
    parts = list(x.conjuncts(rule.guard)) if rule.guard else []
    rows = []
    for part in parts:
        names = sorted({n.name for n in x.walk(part) if isinstance(n, x.Name) and n.name != "SEG"})
        values = ", ".join(f"{name!r}: {Emitter().emit(node)}" for name, node in _named(part, names))
        rows.append(f"({_source(part)!r}, lambda t, s, e: {Emitter().emit(part)}, lambda t, s, e: {{{values}}})")
    return ", ".join(rows)


def _named(part: x.Expr, names: list[str]) -> Iterator[tuple[str, x.Expr]]:
    nodes = {n.name: n for n in x.walk(part) if isinstance(n, x.Name)}
    return ((name, nodes[name]) for name in names)


def _message(rule: Rule) -> str:
    """The message as an f-string whose holes are the specification's own expressions, compiled."""
    holes = iter(rule.holes)
    text = rule.message.replace("'", "\\'")
    return "f'" + re.sub(r"\{[^}]*\}", lambda _: "{" + Emitter().emit(next(holes)) + "}", text) + "'"


def _source(node: x.Expr) -> str:
    """The text of an expression in RFC notation, for reports."""
    if isinstance(node, x.Apply):
        return f"{node.name}({', '.join(_source(a) for a in node.args) or 'SEG'})"
    if isinstance(node, x.Not):
        return f"not {_source(node.item)}"
    if isinstance(node, x.Junction):
        return "(" + f" {node.op} ".join(map(_source, node.items)) + ")"
    if isinstance(node, x.Compare | x.Arith):
        return f"{_source(node.left)} {node.op} {_source(node.right)}"
    if isinstance(node, x.Member):
        return f"{_source(node.item)} in {{{', '.join(node.texts)}}}"
    if isinstance(node, x.HasFlag):
        return f"{node.text} in SEG.CTL"
    if isinstance(node, x.Choice):
        return f"({_source(node.then)} if {_source(node.test)} else {_source(node.other)})"
    if isinstance(node, x.Builtin):
        return f"{node.function}({', '.join(map(_source, node.args)) or 'SEG'})"
    if isinstance(node, x.Literal):
        return node.text or str(node.value)
    return node.name if isinstance(node, x.Name) else ""
