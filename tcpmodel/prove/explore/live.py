"""Which variables of a TCB can still make a difference in a state: the others may be forgotten.

A variable is live in a state if a rule that may fire there reads it, or if a rule leads to a state where it is live
without setting it. That is read off the rules and the order of the stages; what their guards exclude is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from tcpmodel.compile.expressions import identifier
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Rule, Stage

CAPTURE_ONLY = "pickup"


def dead(model: Model) -> list[tuple[str, ...]]:
    """For each state, by ordinal, the identifiers of the variables that make no difference in it."""
    live = {state: set[str]() for state in model.states}
    rules = list(_rules(model))
    reads = {rule.name: set(_reads(rule)) for _, rule in rules}
    sets = {rule.name: {name for name, _ in rule.sets} for _, rule in rules}
    changed = True
    while changed:
        before = sum(map(len, live.values()))
        for state, rule in rules:
            live[state] |= reads[rule.name] | (live[rule.enter or state] - sets[rule.name])
        changed = sum(map(len, live.values())) != before
    names = [v.name for v in model.variables.values() if v.group == "tcb" and v.type != x.STATE]
    return [tuple(identifier(name) for name in names if name not in live[state]) for state in model.states]


def _rules(model: Model) -> Iterator[tuple[str, Rule]]:
    """Every rule in every state in which an endpoint may come to it."""
    for procedure in model.procedures:
        reached = set(procedure.states) if procedure.event != CAPTURE_ONLY else set()
        for stage in procedure.stages:
            tried = [(state, rule) for state in sorted(reached) for rule in _tried(stage, state)]
            yield from tried
            reached = {rule.enter or state for state, rule in tried if rule.outcome != "drop"}


def _tried(stage: Stage, state: str) -> Iterator[Rule]:
    """The rules of a stage that may fire in a state: up to the first that always does."""
    for rule in stage.rules:
        if state in rule.states and not rule.assume:
            yield rule
            if rule.guard is None:
                return


def _reads(rule: Rule) -> Iterator[str]:
    nodes = [value for _, value in (*rule.sets, *(field for send in rule.sends for field in send.fields))]
    for node in (*nodes, *([rule.guard] if rule.guard else [])):
        yield from (part.name for part in x.walk(node) if isinstance(part, x.Name) and part.kind == "tcb")
