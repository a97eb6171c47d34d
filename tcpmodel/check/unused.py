"""Names that are declared and never used."""

from __future__ import annotations

from collections.abc import Iterator

from tcpmodel.check.findings import Finding, finding
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Rule

REPLAY = "replay_"
"""Predicates of this prefix are read by the replay of traces, under the rest of their name."""


def unused(model: Model) -> Iterator[Finding]:
    """Constants, predicates and variables that no rule needs."""
    nodes = [node for root in _expressions(model) for node in x.walk(root)]
    read = {node.name for node in nodes if isinstance(node, x.Name)}
    literals = {node.text for node in nodes if isinstance(node, x.Literal)}
    applied = {node.name for node in nodes if isinstance(node, x.Apply)}
    for constant in model.constants.values():
        if constant.name not in literals:
            yield _never(constant, "constant")
    for predicate in model.predicates.values():
        if predicate.name not in applied and not predicate.name.startswith(REPLAY):
            yield _never(predicate, "predicate")
    written = set(_written(model))
    for variable in model.variables.values():
        if variable.name not in read | written:
            yield _never(
                variable, {"tcb": "TCB variable", "segment": "segment variable"}.get(variable.group, "variable")
            )
    for procedure in model.procedures:
        for argument in procedure.arguments:
            if argument.name not in read:
                yield _never(argument, "argument")


def _never(item: object, what: str) -> Finding:
    name, place = item.name, item.place  # type: ignore[attr-defined]
    return finding(place, "TM125", f"{what} '{name}' is never used", "use it in a rule or take it out")


def rules(model: Model) -> Iterator[Rule]:
    """Every rule once, in the order of the text."""
    yield from model.rules.values()


def _expressions(model: Model) -> Iterator[x.Expr]:
    yield from (predicate.body for predicate in model.predicates.values())
    yield from (variable.initial for variable in model.variables.values() if variable.initial)
    for rule in rules(model):
        yield from [rule.guard] if rule.guard else []
        yield from (value for _, value in (*rule.sets, *rule.expected))
        yield from rule.holes
        yield from (value for template in rule.sends for _, value in template.fields)


def _written(model: Model) -> Iterator[str]:
    """What rules set or send; STATE is set by `enter`."""
    for rule in rules(model):
        yield from (name for name, _ in (*rule.sets, *rule.expected))
        yield from (f"SEG.{name}" for template in rule.sends for name, _ in template.fields)
    yield from (v.name for v in model.variables.values() if v.type in (x.STATE, x.FLAGS))
