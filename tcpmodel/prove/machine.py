"""One endpoint of a model as proofs see it: which events it has, and its steps as terms, each built once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tcpmodel.compile.bounds import bounds
from tcpmodel.compile.encodings import Encoding, Term, both, either, negation
from tcpmodel.compile.relation import ASSUME, Relation, Step
from tcpmodel.compile.terms import Terms
from tcpmodel.compile.values import Value, Values
from tcpmodel.prove.scopes import NEXT
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Model, Procedure

CAPTURE_ONLY = "pickup"
"""The event that stands for a capture which begins late; endpoints have no such event."""
MUST = "must"
LAWFUL = "the step breaks no rule"


@dataclass
class Machine:
    """The steps of a model in one encoding."""

    model: Model
    encoding: Encoding
    relation: Relation = field(init=False)
    steps: dict[tuple[str, int], Step] = field(default_factory=dict)
    known: dict[tuple[str, int], tuple[tuple[str, Term], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.relation = Relation(self.model, self.encoding)

    @property
    def procedures(self) -> tuple[Procedure, ...]:
        """Those that an endpoint runs, whoever watches."""
        return tuple(p for p in self.model.procedures if p.event != CAPTURE_ONLY)

    def step(self, procedure: Procedure, state: str) -> Step:
        """The step of a procedure begun in a state, over free terms."""
        number = self.model.states.index(state)
        key = procedure.name, number
        if key not in self.steps:
            self.steps[key] = self.relation.step(procedure, number)
        return self.steps[key]

    def hypotheses(self, step: Step) -> tuple[tuple[str, Term], ...]:
        """What is true of every step: the width of its numbers, and that it breaks no rule."""
        key = step.procedure.name, step.state
        if self.steps.get(key) is not step:  # one over other terms, as the second of a run is
            return tuple(self._hypotheses(step))
        if key not in self.known:
            self.known[key] = tuple(self._hypotheses(step))
        return self.known[key]

    def _hypotheses(self, step: Step) -> Iterator[tuple[str, Term]]:
        yield "the width of numbers", both(*bounds(self.relation, step.before, step.inputs))
        yield self.encoding.limits, both(*step.assumptions)
        yield "the capture needs no assumption", negation(step.inputs[ASSUME])
        forbidden = [f.when for f in step.firings if f.rule.forbid == MUST]
        yield LAWFUL, negation(either(*forbidden))

    def before(self, step: Step) -> Values:
        """The values of names before a step, STATE included."""
        state = {"STATE": self.encoding.literal(step.state, "state")}
        return {**step.inputs, **step.before, **state}

    def value(self, node: Expr, values: Values, state: int | None = None) -> tuple[Value, tuple[Term, ...]]:
        """The value of an expression, and what the encoding assumes of it."""
        terms = Terms(self.encoding, self.relation.answers.owed, self.relation.spans)
        found = terms.of(node, values, state)
        return found, tuple(terms.assumptions.found.values())


def after(step: Step) -> Values:
    """The values of NEXT. names behind a step."""
    return {f"{NEXT}.{name}": value for name, value in step.after.items()}
