"""What a property of a step takes for granted of it, and that some step meets that: of none, anything would be true.

`on` names the event of such a property, `in` the states it is begun in, `when` which of its inputs are meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from tcpmodel.compile.encodings import Term, both
from tcpmodel.compile.relation import Step
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import LAWFUL, Machine, after
from tcpmodel.prove.methods.reading import conditions, events, states
from tcpmodel.prove.obligation import Obligation, first_met
from tcpmodel.prove.property import Property, over_integers
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Procedure
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import Scope
from tcpmodel.spec.shape import Fields

KEYS = ("on", "in", "when")
REACHED = "some step meets the condition"

Hypotheses = tuple[tuple[str, Term], ...]


def read(
    fields: Fields, words: Words, report: Report
) -> tuple[tuple[Procedure, ...], tuple[str, ...], Expr, Scope]:
    """The procedures, the states and the condition, typed; and the names of conditions about such a step."""
    text = fields.text("on")
    found = events(text, words.model.procedures, report) if text else ()
    # a call has the same arguments in each of its procedures
    scope = words.scope("endpoint step", "in a property of a step", found[0].arguments if found else ())
    return found, states(fields, "in", words.vocabulary, report), conditions(fields, "when", scope, report), scope


def parts(item: Property, context: Context) -> Iterator[str]:
    """One part for each procedure and state, and that the condition can be met."""
    yield REACHED
    yield from context.steps(item.claim.procedures, item.claim.states)


def values(step: Step, machine: Machine) -> Values:
    """The values of names before a step and, behind NEXT., after it."""
    return {**machine.before(step), **after(step)}


def premises(item: Property, step: Step, machine: Machine, context: Context, lawful: bool = True) -> Hypotheses:
    """What is known of a step; where it is to be shown that no rule forbids it, it is not known to be `lawful`."""
    names = values(step, machine)
    usual = (row for row in machine.hypotheses(step) if lawful or row[0] != LAWFUL)
    given = context.given(context.properties.closure(item.given), machine, names)
    assumed = context.assumed(item.assumptions, machine, names, step.procedure.name)
    when = context.truth(item.claim.when, machine, names)
    return (*usual, *given, *assumed, ("the condition of the property", when))


def reached(item: Property, machine: Machine, context: Context, lawful: bool = True) -> Obligation:
    """A step that meets the condition."""
    name = f"{item.name}: {REACHED}"
    steps = (context.step(part, machine) for part in context.steps(item.claim.procedures, item.claim.states))
    known = ((premises(item, step, machine, context, lawful), step) for step in steps)
    linear = over_integers(item)
    return first_met(name, (Obligation(name, rows, both(), step, True, linear) for rows, step in known))
