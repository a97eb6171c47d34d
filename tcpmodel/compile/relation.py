"""The step of one endpoint as Z3 terms: what the TCB is after an event, which rules fire, what is sent.

The stages run as in `python.py`: in each, the first rule whose guard holds; a rule that enters another state and
continues goes on in that state from the next stage. Where the generated code branches, terms are merged: a *front* is
the condition under which a stage is reached in one state, with the TCB on the way there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tcpmodel.compile.bounded import OWED, SPANS_ROOM, Answers
from tcpmodel.compile.encodings import Encoding, Term, both, either, is_false, negation, z3
from tcpmodel.compile.terms import Terms
from tcpmodel.compile.values import Value, Values, choose, variable
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Procedure, Rule, Stage, Template, Variable

ASSUME, STATE = "(assume)", "STATE"
"""The input that says whether assumptions about the capture are admitted, and the variable that `enter` sets."""


@dataclass(frozen=True)
class Firing:
    """A rule fires in a stage, in a state (its ordinal), when the term holds; `guard` is its own condition alone."""

    stage: Stage
    rule: Rule
    state: int
    when: Term
    guard: Term


@dataclass(frozen=True)
class Form:
    """One form of what a rule sends: SEQ, ACK and other fields of the template as terms."""

    rule: Rule
    template: Template
    when: Term
    fields: dict[str, Value]


@dataclass(frozen=True)
class Hole:
    """A stage has no rule for what reaches it in a state when the term holds."""

    stage: Stage
    state: int
    when: Term


@dataclass(frozen=True)
class Entry:
    """A stage is reached in a state when the term holds, with this TCB."""

    stage: Stage
    state: int
    when: Term
    tcb: Values


@dataclass
class Step:
    """One procedure, begun in one state. `before` and `inputs` are free, the rest are terms over them.

    `firings` are in the order in which they happen, `entries` say how each stage is reached; `assumptions` is what
    the encoding takes for granted.
    """

    procedure: Procedure
    state: int
    before: Values
    inputs: Values
    after: dict[str, Value] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    firings: list[Firing] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    assumptions: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Front:
    """A stage is reached in a state, with this TCB, when the term holds."""

    when: Term
    state: int
    tcb: dict[str, Value]


class Relation:
    """The steps of one model in one encoding."""

    def __init__(
        self, model: Model, encoding: Encoding, spans: int = SPANS_ROOM, answers: Answers | None = None
    ) -> None:
        self.model, self.encoding, self.spans = model, encoding, spans
        self.answers = answers or Answers(model)
        groups: dict[str, list[Variable]] = {"tcb": [], "segment": [], "environment": []}
        for item in model.variables.values():
            groups[item.group].append(item)
        self.groups = groups

    def tcb(self, prefix: str = "") -> dict[str, Value]:
        """A TCB of free constants, named after the variables behind `prefix`."""
        found = self._free(self.groups["tcb"], prefix)
        found[OWED] = tuple(self._answer(f"{prefix}owed.{n}") for n in range(self.answers.room))
        return found

    def _answer(self, name: str) -> Value:
        numbers = (self.encoding.variable(f"{name}.{n}", x.SEQ) for n in range(2 * self.answers.forms))
        return (z3().Bool(name), self.encoding.variable(f"{name}.rule", x.STATE), *numbers)

    def inputs(self, procedure: Procedure, prefix: str = "") -> dict[str, Value]:
        """Free constants for the segment, the call's arguments and the environment."""
        rows = [*self.groups["segment"], *self.groups["environment"], *procedure.arguments]
        return {**self._free(rows, prefix), ASSUME: z3().Bool(prefix + ASSUME)}

    def _free(self, rows: Iterable[Variable], prefix: str) -> dict[str, Value]:
        return {row.name: variable(self.encoding, prefix + row.name, row.type, self.spans) for row in rows}

    def step(
        self, procedure: Procedure, state: int, before: Values | None = None, inputs: Values | None = None
    ) -> Step:
        """The procedure begun in the state of that ordinal, over the terms given or free ones."""
        step = Step(procedure, state, before or self.tcb(), inputs or self.inputs(procedure))
        _Walk(self, step).run()
        return step


class _Walk:
    """Walks the stages of one procedure."""

    def __init__(self, relation: Relation, step: Step) -> None:
        self.relation, self.step = relation, step
        self.states = relation.model.states
        self.answers = relation.answers
        self.terms = Terms(relation.encoding, self.answers.owed, relation.spans)
        self.ended: list[Front] = []

    def run(self) -> None:
        start = {**self.step.before, STATE: self.relation.encoding.literal(self.step.state, x.STATE)}
        fronts = [Front(z3().BoolVal(True), self.step.state, start)]
        for stage in self.step.procedure.stages:
            reached = [after for front in fronts for after in self._stage(stage, front)]
            fronts = [merged([f for f in reached if f.state == n]) for n in sorted({f.state for f in reached})]
        ends = [*self.ended, *fronts]
        self.step.after = merged(ends).tcb if ends else start
        self.step.assumptions = tuple(self.terms.assumptions.found.values())

    def _stage(self, stage: Stage, front: Front) -> list[Front]:
        """The fronts behind a stage; those that end here are put aside."""
        found: list[Front] = []
        rest = front.when
        self.step.entries.append(Entry(stage, front.state, front.when, front.tcb))
        for rule in stage.rules:
            if self.states[front.state] not in rule.states or is_false(rest):
                continue
            with self.terms.assumptions.under(rest):
                guard = self._guard(rule, front)
            fires = both(rest, guard)
            if not is_false(fires):
                self.step.firings.append(Firing(stage, rule, front.state, fires, guard))
                after = self._body(rule, front, fires)
                (self.ended if rule.outcome == "drop" else found).append(after)
            rest = both(rest, negation(guard))
        if not is_false(rest):
            self.step.holes.append(Hole(stage, front.state, rest))
        return found

    def _guard(self, rule: Rule, front: Front) -> Term:
        admitted = self.step.inputs[ASSUME] if rule.assume else z3().BoolVal(True)
        if rule.guard is None:
            return admitted
        with self.terms.assumptions.under(admitted):
            return both(admitted, self._value(rule.guard, front.tcb, front.state))

    def _value(self, node: x.Expr, tcb: Values, state: int) -> Value:
        return self.terms.of(node, {**self.step.inputs, **tcb}, state)

    def _body(self, rule: Rule, front: Front, fires: Term) -> Front:
        """What a rule does to the TCB, in the order in which the generated code does it."""
        encoding = self.relation.encoding
        with self.terms.assumptions.under(fires):
            tcb = {**front.tcb, **{name: self._value(value, front.tcb, front.state) for name, value in rule.sets}}
            state = self.states.index(rule.enter) if rule.enter else front.state
            tcb[STATE] = encoding.literal(state, x.STATE)
            if rule.forgets:
                tcb[OWED] = self.answers.forget(tcb[OWED])
            if rule.sends:
                tcb[OWED] = self._owe(rule, tcb, state, fires)
            if rule.discharge:
                tcb[OWED] = self.answers.discharge(tcb[OWED], self.step.inputs, self.terms.order)
        return Front(fires, state, tcb)

    def _owe(self, rule: Rule, tcb: Values, state: int, fires: Term) -> Value:
        numbers: list[Term] = []
        for template in rule.sends:
            fields = {name: self._value(value, tcb, state) for name, value in template.fields}
            self.step.forms.append(Form(rule, template, fires, fields))
            numbers += [fields["SEQ"], fields.get("ACK", fields["SEQ"])]
        ordinal = self.relation.encoding.literal(self.answers.ordinals[rule.name], x.STATE)
        return self.answers.owe(tcb[OWED], rule, tuple(numbers), self.terms.order, ordinal)


def merged(fronts: list[Front]) -> Front:
    """Fronts that exclude one another as one; its state is that of the first."""
    first, *others = fronts
    tcb = dict(first.tcb)
    for front in others:
        tcb = {name: choose(front.when, value, tcb[name]) for name, value in front.tcb.items()}
    return Front(either(*(front.when for front in fronts)), first.state, tcb)
