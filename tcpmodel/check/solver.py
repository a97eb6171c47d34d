"""The steps of a model as a solver sees them: free terms within their bounds, questions one after another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from tcpmodel.compile.bounds import bounds
from tcpmodel.compile.encodings import Term, Vectors, negation, z3
from tcpmodel.compile.relation import Entry, Relation, Step
from tcpmodel.compile.terms import Terms
from tcpmodel.compile.values import Values
from tcpmodel.spec.model import Model, Procedure, Rule, Stage

SEED = 9293


class Unanswered(Exception):
    """The solver gave up on a question."""


class Query:
    """One step and a solver that knows its bounds and assumptions."""

    def __init__(self, relation: Relation, procedure: Procedure, state: int, steps: Steps) -> None:
        self.step: Step = relation.step(procedure, state)
        self.steps = steps

    @cached_property
    def solver(self) -> Any:
        solver = z3().Solver()
        solver.set("random_seed", SEED)
        solver.add(*bounds(self.steps.relation, self.step.before, self.step.inputs), *self.step.assumptions)
        return solver

    def possible(self, *conditions: Term) -> bool:
        """Whether some TCB and input meet the conditions; then `solver.model()` has them."""
        if any(map(z3().is_false, conditions)):
            return False
        self.steps.queries += 1
        answer = self.solver.check(*(c for c in conditions if not z3().is_true(c)))
        if answer == z3().unknown:
            raise Unanswered(self.solver.reason_unknown())
        return bool(answer == z3().sat)

    def guard(self, rule: Rule, tcb: Values, state: int) -> Term:
        """The condition of a rule at some TCB, assumptions about the capture admitted."""
        if rule.guard is None:
            return z3().BoolVal(True)
        relation = self.steps.relation
        terms = Terms(relation.encoding, relation.answers.owed, relation.spans)
        return terms.of(rule.guard, {**self.step.inputs, **tcb}, state)

    def takers(self, rule: Rule, entry: Entry) -> list[Rule]:
        """Rules before this one in its stage that together take all that meets its condition there."""
        rules = entry.stage.rules
        earlier = [r for r in rules[: rules.index(rule)] if self.name(entry.state) in r.states and not r.assume]
        labels = [z3().Bool(f"not {r.name}") for r in earlier]
        self.solver.push()
        self.solver.add(entry.when, self.guard(rule, entry.tcb, entry.state))
        for label, other in zip(labels, earlier, strict=True):
            self.solver.add(z3().Implies(label, negation(self.guard(other, entry.tcb, entry.state))))
        self.possible(*labels)
        core = {str(label) for label in self.solver.unsat_core()}
        self.solver.pop()
        return [r for r in earlier if f"not {r.name}" in core]

    def name(self, state: int) -> str:
        return self.steps.model.states[state]


class Steps:
    """The queries of a model, built when they are first needed; `queries` counts the questions put."""

    def __init__(self, model: Model, stages: frozenset[str]) -> None:
        """`stages` are the names of those that questions are about."""
        self.model, self.stages = model, stages
        of = (rule for p in model.procedures for stage in p.stages if stage.name in stages for rule in stage.rules)
        self.rules = tuple({rule.name: rule for rule in of}.values())
        self.relation = Relation(model, Vectors())
        self.queries = 0
        self.built: dict[tuple[str, int], Query] = {}

    def query(self, procedure: Procedure, state: str) -> Query:
        number = self.model.states.index(state)
        key = procedure.name, number
        if key not in self.built:
            self.built[key] = Query(self.relation, procedure, number, self)
        return self.built[key]

    def about(self) -> Iterator[tuple[Procedure, list[Stage]]]:
        """Procedures with those of their stages that questions are about."""
        for procedure in self.model.procedures:
            if stages := [stage for stage in procedure.stages if stage.name in self.stages]:
                yield procedure, stages

    def of(self, procedure: Procedure) -> Iterator[Query]:
        """The procedure begun in each of its states, first where it has most rules."""
        rules = [rule for stage in procedure.stages for rule in stage.rules]
        for state in sorted(procedure.states, key=lambda state: -sum(state in rule.states for rule in rules)):
            yield self.query(procedure, state)
