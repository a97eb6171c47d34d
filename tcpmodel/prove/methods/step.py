"""Properties of one step: from any state that the lemmas allow, whatever arrives, what comes out is as claimed.

`on` names the event, `in` the states it is begun in, `when` which of its inputs are meant; `then` speaks of what is
behind the step (`NEXT.`), the keys of `effects.py` of what it sends and leaves alone. A condition that no step meets
would prove anything, so that some step meets it is shown as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tcpmodel.compile.encodings import Term, both, either
from tcpmodel.compile.relation import Step
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import LAWFUL, Machine, after
from tcpmodel.prove.methods import effects
from tcpmodel.prove.methods.reading import conditions, events, states
from tcpmodel.prove.obligation import Answer, Obligation, decide
from tcpmodel.prove.plain import failure
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Procedure, Variable
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields

KEYS = ("on", "in", "when", "then", *effects.KEYS)
REACHED = "some step meets the condition"
PATIENCE = 20.0
"""Seconds that a solver may look for a step that meets a condition."""

Hypotheses = tuple[tuple[str, Term], ...]


@dataclass(frozen=True)
class Claim:
    """What has to follow: `then`, and the effects."""

    procedures: tuple[Procedure, ...]
    states: tuple[str, ...]
    when: Expr
    then: Expr
    effects: effects.Effects


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    text = fields.text("on")
    found = events(text, words.model.procedures, report) if text else ()
    if not any(key in fields for key in ("then", *effects.KEYS)):
        known = ", ".join(f"'{key}'" for key in effects.KEYS)
        report.add(fields.place, "TM106", f"a property of a step needs 'then' or one of {known}")
    scope = words.scope("endpoint step", "in a property of a step", _arguments(found))
    return Claim(
        found,
        states(fields, "in", words.vocabulary, report),
        conditions(fields, "when", scope, report),
        conditions(fields, "then", scope, report),
        effects.effects(fields, words, scope, report),
    )


def _arguments(procedures: tuple[Procedure, ...]) -> tuple[Variable, ...]:
    """The arguments that a call has in each of its procedures."""
    return procedures[0].arguments if procedures else ()


def parts(item: Property, context: Context) -> Iterator[str]:
    """One part for each procedure and state, and that the condition can be met."""
    yield REACHED
    yield from context.steps(item.claim.procedures, item.claim.states)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """The claim for one procedure begun in one state."""
    machine = context.machine(item.numbers)
    claim: Claim = item.claim
    if part == REACHED:
        yield _reached(item, machine, context)
        return
    step = context.step(part, machine)
    values = _values(step, machine)
    goal = (context.truth(claim.then, machine, values), *effects.goals(claim.effects, step, machine, context, values))
    yield Obligation(f"{part}: {item.name}", _hypotheses(item, step, machine, context), both(*goal), step)


def _values(step: Step, machine: Machine) -> Values:
    return {**machine.before(step), **after(step)}


def _hypotheses(item: Property, step: Step, machine: Machine, context: Context) -> Hypotheses:
    """What is known of a step; where it is to be shown that no rule forbids it, not that."""
    values = _values(step, machine)
    usual = (
        (label, term) for label, term in machine.hypotheses(step) if label != LAWFUL or not item.claim.effects.permitted
    )
    given = context.given(context.properties.closure(item.given), machine, values)
    assumed = context.assumed(item.assumptions, machine, values)
    when = context.truth(item.claim.when, machine, values)
    return (*usual, *given, *assumed, ("the condition of the property", when))


def _reached(item: Property, machine: Machine, context: Context) -> Obligation:
    """A step that meets the condition, looked for one by one, which is quicker than to ask of all at once."""
    name = f"{item.name}: {REACHED}"
    for part in context.steps(item.claim.procedures, item.claim.states):
        step = context.step(part, machine)
        found = Obligation(name, _hypotheses(item, step, machine, context), both(), step, reachable=True)
        if decide(found, PATIENCE).holds:
            return found
    return Obligation(name, (), either(), reachable=True)


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """From which state, on what input, the claim fails."""
    return failure(answer, context)
