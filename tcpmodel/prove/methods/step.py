"""Properties of one step: from any state that the lemmas allow, whatever arrives, what comes out is as claimed.

`on` names the event, `in` the states it is begun in, `when` which of its inputs are meant; `then` speaks of what is
behind the step (`NEXT.`), `sends` of what it owes: one of the segments given, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcpmodel.compile.encodings import Term, both, either, negation, z3
from tcpmodel.compile.relation import Form, Step
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import Machine, after
from tcpmodel.prove.methods.reading import conditions, events, states, templates
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.plain import failure
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Procedure, Template, Variable
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields

KEYS = ("on", "in", "when", "then", "sends")
REACHED = "some step meets the condition"


@dataclass(frozen=True)
class Claim:
    """`sends` is None where nothing is claimed of what is sent."""

    procedures: tuple[Procedure, ...]
    states: tuple[str, ...]
    when: Expr
    then: Expr
    sends: tuple[Template, ...] | None


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    text = fields.text("on")
    found = events(text, words.model.procedures, report) if text else ()
    if "then" not in fields and "sends" not in fields:
        report.add(fields.place, "TM106", "a property of a step needs 'then' or 'sends'")
    scope = words.scope("endpoint step", "in a property of a step", _arguments(found))
    return Claim(
        found,
        states(fields, "in", words.vocabulary, report),
        conditions(fields, "when", scope, report),
        conditions(fields, "then", scope, report),
        templates(fields, "sends", scope, report),
    )


def _arguments(procedures: tuple[Procedure, ...]) -> tuple[Variable, ...]:
    """The arguments that a call has in each of its procedures."""
    return procedures[0].arguments if procedures else ()


def parts(item: Property, context: Context) -> Iterable[str]:
    """One part for each procedure and state."""
    return context.steps(item.claim.procedures, item.claim.states)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """The claim for one procedure begun in one state."""
    machine = context.machine()
    step = context.step(part, machine)
    claim: Claim = item.claim
    values = {**machine.before(step), **after(step)}
    when = context.truth(claim.when, machine, values)
    given = context.given(context.properties.closure(item.given), machine, values)
    assumed = context.assumed(item.assumptions, machine, values)
    hypotheses = (*machine.hypotheses(step), *given, *assumed, ("the condition of the property", when))
    goal = both(context.truth(claim.then, machine, values), _sending(claim, step, machine, context))
    yield Obligation(f"{part}: {item.name}", hypotheses, goal, step)


def _sending(claim: Claim, step: Step, machine: Machine, context: Context) -> Term:
    """What is owed is one of the segments claimed."""
    if claim.sends is None:
        return z3().BoolVal(True)
    any_form = either(*(form.when for form in step.forms))
    if not claim.sends:
        return negation(any_form)
    values = {**step.inputs, **step.after}
    fitting = (z3().Implies(form.when, _one_of(claim.sends, form, machine, values)) for form in step.forms)
    return both(any_form, *fitting)


def _one_of(wanted: tuple[Template, ...], form: Form, machine: Machine, values: Values) -> Term:
    return either(*(_same(template, form, machine, values) for template in wanted))


def _same(template: Template, form: Form, machine: Machine, values: Values) -> Term:
    fields = dict(template.fields)
    if template.flags != form.template.flags or fields.keys() != form.fields.keys():
        return z3().BoolVal(False)
    return both(*(machine.value(node, values)[0] == form.fields[name] for name, node in fields.items()))


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """From which state, on what input, the claim fails."""
    return failure(answer, context)
