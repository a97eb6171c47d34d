"""What is behind a step depends on nothing of the TCB before it but on what the step `remembers`.

Two steps with the same input, from TCBs that agree on no more than that, lead to the same TCB (a product of two runs of
the machine: Clarkson, Schneider, Hyperproperties, 2010). Where somebody `observes` some variables only, those and what
is sent come out the same, whatever the others are (step consistency: Rushby, Noninterference, 1992).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcpmodel.compile.bounded import OWED, same_spans
from tcpmodel.compile.encodings import Term, both, either, z3
from tcpmodel.compile.relation import STATE, Form, Step
from tcpmodel.compile.terms import Order
from tcpmodel.compile.values import Value, leaves
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import Machine
from tcpmodel.prove.methods import premises
from tcpmodel.prove.methods.premises import REACHED, parts
from tcpmodel.prove.methods.reading import variables
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.plain import failure
from tcpmodel.prove.property import Failure, Property, over_integers
from tcpmodel.prove.scopes import Words
from tcpmodel.spec import expr as x
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Procedure
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields

__all__ = ["KEYS", "Claim", "explain", "obligations", "parts", "read"]

KEYS = (*premises.KEYS, "remembers", "observes")
Pairs = list[tuple[Term, Term]]


@dataclass(frozen=True)
class Claim:
    """`remembers` are the variables that may make a difference, `observes` those that are compared; none: all."""

    procedures: tuple[Procedure, ...]
    states: tuple[str, ...]
    when: Expr
    remembers: tuple[str, ...]
    observes: tuple[str, ...]


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    procedures, states, when, _ = premises.read(fields, words, report)
    remembers, observes = (variables(fields, key, words.model, report) for key in ("remembers", "observes"))
    return Claim(procedures, states, when, remembers, observes)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """Two steps of one procedure begun in one state."""
    machine = context.machine(item.numbers)
    if part == REACHED:
        yield premises.reached(item, machine, context)
        return
    step = context.step(part, machine)
    other, known = _other(item.claim, step, machine), premises.premises(item, step, machine, context)
    again = tuple((f"{label}, of the other step", z3().substitute(term, *other)) for label, term in known)
    names = item.claim.observes or tuple(name for name in step.after if name != OWED)
    goal = both(*(_same(name, step.after[name], other, machine) for name in names))
    sent = both(*(_sent_again(form, step.forms, other) for form in step.forms if item.claim.observes))
    yield Obligation(f"{part}: {item.name}", (*known, *again), both(goal, sent), step, linear=over_integers(item))


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


def _sent_again(form: Form, forms: Iterable[Form], other: Pairs) -> Term:
    """Whether the other step owes the same segment, if this one owes it; by whatever rule."""
    alike = (row for row in forms if _shape(row) == _shape(form))
    return z3().Implies(form.when, either(*(_as(form, row, other) for row in alike)))


def _shape(form: Form) -> tuple[int, frozenset[str]]:
    return form.template.flags, frozenset(form.fields)


def _as(form: Form, again: Form, other: Pairs) -> Term:
    """Whether the other step owes `again` with the numbers that this one has in `form`."""
    numbers = (
        a == b
        for name, value in form.fields.items()
        for a, b in zip(leaves(value), leaves(_substituted(again.fields[name], other)), strict=True)
    )
    return both(_substituted(again.when, other), *numbers)


def _substituted(value: Value, other: Pairs) -> Value:
    if isinstance(value, tuple):
        return tuple(_substituted(part, other) for part in value)
    return z3().substitute(value, *other)


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """From which state, on what input, something else makes a difference."""
    return failure(answer, context)
