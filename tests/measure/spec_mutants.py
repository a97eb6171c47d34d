"""Mutants of the specification itself: one guard, conjunct, assignment, answer, state or outcome of one rule changed.

Each is a Model that differs from the original in one place, made without the text so that hundreds take seconds.
What only explains captures (missing frames, a capture that begins late) is left alone: no property of TCP is about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Procedure, Rule, Stage

OF_CAPTURES = ("evidence", "send-evidence", "pickup")
"""Stages that say what a capture may have missed."""
CAPTURED = ("PICKED.UP", "OFFLOADED", "UNSEEN", "GAP")
"""Variables, and beginnings of variables, that say so."""
ORDERS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Change:
    """One change of a model: `kind` and `what` name it, `rules` are those whose meaning it changes."""

    kind: str
    rule: str
    what: str
    model: Model

    @property
    def name(self) -> str:
        return f"{self.kind} {self.rule}: {self.what}"


def changes(model: Model) -> Iterator[Change]:
    """Every mutant of the model, rule by rule in the order of the text."""
    seen: set[str] = set()
    for procedure in model.procedures:
        for stage in procedure.stages:
            for rule in stage.rules:
                if rule.name not in seen and stage.name not in OF_CAPTURES and _of_tcp(rule):
                    seen.add(rule.name)
                    yield from _of_rule(model, stage, rule)


def _of_tcp(rule: Rule) -> bool:
    read = {node.name for node in x.walk(rule.guard) if isinstance(node, x.Name)} if rule.guard else set()
    return not rule.assume and rule.forbid in ("", "must") and not any(map(_captured, read))


def _captured(name: str) -> bool:
    return name.startswith(CAPTURED)


def _of_rule(model: Model, stage: Stage, rule: Rule) -> Iterator[Change]:
    for kind, what, new in (*_guards(rule), *_effects(rule, model)):
        yield Change(kind, rule.name, what, _with(model, rule.name, lambda rule, new=new: new))  # type: ignore[misc]
    if len(stage.rules) > 1:
        yield Change("delete rule", rule.name, "", _with(model, rule.name, lambda rule: None))


def _guards(rule: Rule) -> Iterator[tuple[str, str, Rule]]:
    """A conjunct dropped, or a comparison at the edge of its range."""
    if rule.guard is None:
        return
    parts = list(x.conjuncts(rule.guard))
    yield "drop guard", "", replace(rule, guard=None)
    for number in range(len(parts) if len(parts) > 1 else 0):
        kept = tuple(part for n, part in enumerate(parts) if n != number)
        guard = x.Junction(x.BOOL, "and", kept) if len(kept) > 1 else kept[0]
        yield "drop conjunct", f"number {number + 1}", replace(rule, guard=guard)
    for number, part in enumerate(parts):
        if isinstance(part, x.Compare):
            turned = replace(part, op=ORDERS[part.op])
            items = tuple(turned if n == number else other for n, other in enumerate(parts))
            guard = x.Junction(x.BOOL, "and", items) if len(items) > 1 else items[0]
            yield "turn comparison", f"{part.op} of number {number + 1}", replace(rule, guard=guard)


def _effects(rule: Rule, model: Model) -> Iterator[tuple[str, str, Rule]]:
    for number, name in [(n, name) for n, (name, _) in enumerate(rule.sets) if not _captured(name)]:
        kept = tuple(item for n, item in enumerate(rule.sets) if n != number)
        yield "drop assignment", name, replace(rule, sets=kept)
    if rule.enter:
        other = model.states[(model.states.index(rule.enter) + 1) % len(model.states)]
        yield "swap state", f"{rule.enter} by {other}", replace(rule, enter=other)
        yield "stay", f"instead of {rule.enter}", replace(rule, enter="")
    if rule.sends:
        yield "send nothing", "", replace(rule, sends=())
    if rule.forbid:
        yield "permit", rule.code, replace(rule, forbid="", code="")
    turned = {"drop": "continue", "continue": "drop"}[rule.outcome]
    yield "turn outcome", f"to {turned}", replace(rule, outcome=turned)
    for state in rule.states if len(rule.states) < len(model.states) else ():
        if len(rule.states) > 1:
            yield "leave out", state, replace(rule, states=tuple(s for s in rule.states if s != state))


def _with(model: Model, name: str, edit: Callable[[Rule], Rule | None]) -> Model:
    """The model with one rule edited, or without it."""

    def stage(old: Stage) -> Stage:
        rules = [edit(rule) if rule.name == name else rule for rule in old.rules]
        return replace(old, rules=tuple(rule for rule in rules if rule))

    def procedure(old: Procedure) -> Procedure:
        return replace(old, stages=tuple(map(stage, old.stages)))

    return replace(model, procedures=tuple(map(procedure, model.procedures)))
