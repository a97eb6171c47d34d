"""Properties that hold in every state of an endpoint, whatever it receives: by induction over its steps.

A property `holds` because the lemmas that it is `given` imply it. Each lemma holds initially, and every step from a
state in which it and the lemmas that it is given hold leads to one in which it holds again (simultaneous induction).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import Machine, after
from tcpmodel.prove.methods.reading import conditions
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.plain import failure
from tcpmodel.prove.property import Failure, Lemma, Property, over_integers
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields

KEYS = ("holds",)
INITIALLY, IMPLIED = "initially", "implied"


@dataclass(frozen=True)
class Claim:
    holds: Expr


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    return Claim(conditions(fields, "holds", words.scope("endpoint"), report))


def parts(item: Property, context: Context) -> Iterable[str]:
    """That the lemmas imply the property is all that is left once they are proved."""
    return (IMPLIED,)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """The lemmas imply the property in every state."""
    machine = context.machine(item.numbers)
    tcb = machine.relation.tcb()
    given = tuple(context.given(context.properties.closure(item.given), machine, tcb))
    yield Obligation(f"{item.name}: implied by its lemmas", given, context.truth(item.claim.holds, machine, tcb))


def lemma_parts(lemma: Lemma, context: Context) -> Iterable[str]:
    """The start, and every step."""
    yield INITIALLY
    yield from context.steps(context.machine().procedures, context.model.states)


def lemma_obligations(lemma: Lemma, part: str, context: Context) -> Iterator[Obligation]:
    """What one part of the induction has to show."""
    machine = context.machine(lemma.numbers)
    if part == INITIALLY:
        yield Obligation(f"{lemma.name}: initially", (), context.truth(lemma.holds, machine, _initial(machine)))
        return
    step = context.step(part, machine)
    before = machine.before(step)
    given = context.given(context.properties.closure((lemma.name,)), machine, before)
    assumed = context.assumed(lemma.assumptions, machine, {**before, **after(step)}, step.procedure.name)
    goal = context.truth(lemma.holds, machine, step.after)
    known, linear = (*machine.hypotheses(step), *given, *assumed), over_integers(lemma)
    yield Obligation(f"{part}: lemma {lemma.name}", known, goal, step, linear=linear)


def _initial(machine: Machine) -> dict[str, object]:
    """The TCB before anything has happened."""
    rows = (row for row in machine.model.variables.values() if row.initial is not None)
    return {row.name: machine.value(row.initial, {})[0] for row in rows if row.initial is not None}


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """Which rule leads out of which lemma, from which state."""
    return failure(answer, context)
