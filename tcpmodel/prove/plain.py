"""A failed obligation in plain words: the step that Z3 found, its rules, the values it starts from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tcpmodel.compile.concrete import plain
from tcpmodel.compile.encodings import z3
from tcpmodel.compile.relation import Step
from tcpmodel.compile.values import Value
from tcpmodel.prove.context import Context
from tcpmodel.prove.obligation import Answer
from tcpmodel.prove.property import Failure
from tcpmodel.spec import expr as x
from tcpmodel.spec.builtins import CONTROL_BITS
from tcpmodel.spec.model import Model, Variable

GAVE_UP = "the solver gave up"


def failure(answer: Answer, context: Context) -> Failure:
    """What an obligation that does not hold says."""
    name, step = answer.obligation.name, answer.obligation.step
    if answer.holds is None:
        return Failure(name, f"{GAVE_UP}: {answer.reason}")
    if not isinstance(step, Step) or answer.model is None:
        return Failure(name, "does not follow")
    rules = tuple(f.rule.name for f in step.firings if _true(answer.model, f.when))
    rows = [*context.model.variables.values(), *step.procedure.arguments]
    groups = {group: dict(_shown(rows, group, step, answer.model, context.model)) for group in ("tcb", "segment")}
    state = context.model.states[step.state]
    return Failure(name, f"{step.procedure.name} in {state}", rules, groups["tcb"], groups["segment"])


def _true(model: Any, term: Any) -> bool:
    return bool(z3().is_true(model.eval(term, model_completion=True)))


def _shown(rows: Iterable[Variable], group: str, step: Step, model: Any, names: Model) -> Iterator[tuple[str, str]]:
    """The variables of a group whose value matters in the model, in words."""
    for row in rows:
        value = {**step.inputs, **step.before}[row.name]
        if row.group == group and row.type != x.STATE and not _missing(model, value):
            yield row.name, word(row, plain(evaluated(model, value), row.type), names)


def _missing(model: Any, value: Value) -> bool:
    """Whether the solver left a value open, so that it does not matter."""
    return not isinstance(value, tuple) and model.eval(value).eq(value)


def evaluated(model: Any, value: Value) -> Value:
    """A value in a model, what the solver left open filled in."""
    if isinstance(value, tuple):
        return tuple(evaluated(model, part) for part in value)
    return model.eval(value, model_completion=True)


def word(row: Variable, value: Any, model: Model) -> str:
    """A plain value as the specification writes it."""
    if row.type in model.enums:
        return str(model.enums[row.type][value])
    if row.type == x.STATE:
        return str(model.states[value])
    if row.type == x.FLAGS:
        return "{" + ", ".join(bit for bit, mask in CONTROL_BITS.items() if value & mask) + "}"
    return str(value)
