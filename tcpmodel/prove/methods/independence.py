"""What is behind a step depends on nothing of the TCB before it but on what the step `remembers`.

Two steps with the same input, from TCBs that agree on no more than that, lead to the same TCB (a product of two runs of
the machine: Clarkson, Schneider, Hyperproperties, 2010).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tcpmodel.compile.bounded import OWED, same_spans
from tcpmodel.compile.encodings import Term, both, z3
from tcpmodel.compile.relation import STATE, Step
from tcpmodel.compile.terms import Order
from tcpmodel.compile.values import Value, leaves
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import Machine
from tcpmodel.prove.methods.reading import conditions, events, states
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.plain import failure
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import NEXT, Words
from tcpmodel.spec import expr as x
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Procedure
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.scope import TCB
from tcpmodel.spec.shape import Fields

KEYS = ("on", "in", "when", "remembers")
REACHED = "some step meets the condition"
Pairs = list[tuple[Term, Term]]


@dataclass(frozen=True)
class Claim:
    """`remembers` are the variables that may make a difference."""

    procedures: tuple[Procedure, ...]
    states: tuple[str, ...]
    when: Expr
    remembers: tuple[str, ...]


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    text = fields.text("on")
    found = events(text, words.model.procedures, report) if text else ()
    scope = words.scope("endpoint step", "in a property of a step", found[0].arguments if found else ())
    known = [row.name for row in words.model.variables.values() if row.group == TCB]
    for name in fields.texts("remembers"):
        if name.value not in known:
            report.add(name.place, "TM102", f"unknown TCB variable '{name.value}'", nearest(name.value, known))
    remembered = tuple(name.value for name in fields.texts("remembers"))
    return Claim(
        found, states(fields, "in", words.vocabulary, report), conditions(fields, "when", scope, report), remembered
    )


def parts(item: Property, context: Context) -> Iterator[str]:
    """One part for each procedure and state, and that the condition can be met."""
    yield REACHED
    yield from context.steps(item.claim.procedures, item.claim.states)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """Two steps of one procedure begun in one state."""
    machine = context.machine()
    if part == REACHED:
        steps = (context.step(name, machine) for name in context.steps(item.claim.procedures, item.claim.states))
        met = z3().Or(*(both(*(term for _, term in _hypotheses(item, step, machine, context))) for step in steps))
        yield Obligation(f"{item.name}: {REACHED}", (), met, reachable=True)
        return
    step = context.step(part, machine)
    other, hypotheses = _other(item.claim, step, machine), _hypotheses(item, step, machine, context)
    again = tuple((f"{label}, of the other step", z3().substitute(term, *other)) for label, term in hypotheses)
    goal = both(*(_same(name, value, other, machine) for name, value in step.after.items() if name != OWED))
    yield Obligation(f"{part}: {item.name}", (*hypotheses, *again), goal, step)


def _hypotheses(item: Property, step: Step, machine: Machine, context: Context) -> tuple[tuple[str, Term], ...]:
    values = {**machine.before(step), **{f"{NEXT}.{name}": value for name, value in step.after.items()}}
    when = context.truth(item.claim.when, machine, values)
    given = context.given(context.properties.closure(item.given), machine, values)
    return (*machine.hypotheses(step), *given, ("the condition of the property", when))


def _other(claim: Claim, step: Step, machine: Machine) -> Pairs:
    """The free terms of the TCB that the other step starts from, beside those of this one."""
    rows = (value for name, value in step.before.items() if name not in (*claim.remembers, STATE))
    return [(term, z3().FreshConst(term.sort(), "other")) for value in rows for term in leaves(value)]


def _same(name: str, value: Value, other: Pairs, machine: Machine) -> Term:
    """Whether a variable is the same behind both steps."""
    again = _substituted(value, other)
    if machine.model.variables[name].type == x.SPANS:
        return same_spans(value, again, Order(machine.encoding))
    return both(*(a == b for a, b in zip(leaves(value), leaves(again), strict=True)))


def _substituted(value: Value, other: Pairs) -> Value:
    if isinstance(value, tuple):
        return tuple(_substituted(part, other) for part in value)
    return z3().substitute(value, *other)


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """From which state, on what input, something else makes a difference."""
    return failure(answer, context)
