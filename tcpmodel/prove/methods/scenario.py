"""Something that can happen: a run of one endpoint from its start, event by event, to where a condition holds.

Each of the `events` says `on` what it is, `in` which state it finds the endpoint, `when` which of its inputs are meant
and `then` what is so behind it; `times` repeats it. The solver chooses every input that is left open. What is proved
is that there is such a run; where there is none, no run of this form exists, which says nothing of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcpmodel.compile.bounded import OWED
from tcpmodel.compile.encodings import Term, both, negation
from tcpmodel.compile.relation import Step
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import Machine, after
from tcpmodel.prove.methods.reading import conditions, events
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Procedure
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Mapping
from tcpmodel.spec.vocabulary import resolve_states

KEYS = ("events", "holds")
EVENT = Shape("an event", ("on", "in"), ("when", "then", "times"))
RUN = "a run"


@dataclass(frozen=True)
class Event:
    """One event: the procedure that it runs, begun in one state."""

    procedure: Procedure
    state: str
    when: Expr
    then: Expr


@dataclass(frozen=True)
class Claim:
    events: tuple[Event, ...]
    holds: Expr


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    found = [event for node in fields.nodes("events") for event in _events(node, words, report)]
    if not found:
        report.add(fields.place, "TM106", "a scenario needs 'events'")
    return Claim(tuple(found), conditions(fields, "holds", words.scope("endpoint"), report))


def _events(node: object, words: Words, report: Report) -> Iterator[Event]:
    """An event as often as it happens."""
    if not isinstance(node, Mapping):
        return
    fields = Fields(node, EVENT, report)
    text, states = fields.text("on"), resolve_states(fields.texts("in"), words.vocabulary, report)
    rows = events(text, words.model.procedures, report) if text else ()
    known = [row for row in rows if states and states[0] in row.states]
    if rows and not known:
        report.add(fields.place, "TM105", "no procedure runs on this event in this state")
    for procedure in known:
        scope = words.scope("endpoint step", "in a scenario", procedure.arguments)
        when, then = (conditions(fields, key, scope, report) for key in ("when", "then"))
        yield from [Event(procedure, states[0], when, then)] * (fields.number("times") or 1)


def parts(item: Property, context: Context) -> Iterable[str]:
    """The run as a whole."""
    return (RUN,)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """Some run meets all conditions."""
    claim: Claim = item.claim
    machine = context.machine(item.numbers)
    tcb: Values = machine.relation.tcb()
    said: list[tuple[str, Term]] = [("the beginning", _beginning(machine, tcb))]
    steps = []
    for number, event in enumerate(claim.events, 1):
        step = _step(event, number, machine, tcb)
        steps.append(step)
        said += _conditions(event, step, f"event {number}: {event.procedure.name}", item, context)
        tcb = step.after
    yield Obligation(item.name, tuple(said), context.truth(claim.holds, machine, tcb), tuple(steps), reachable=True)


def _step(event: Event, number: int, machine: Machine, tcb: Values) -> Step:
    inputs = machine.relation.inputs(event.procedure, f"event.{number}.")
    return machine.relation.step(event.procedure, machine.model.states.index(event.state), tcb, inputs)


def _conditions(event: Event, step: Step, name: str, item: Property, context: Context) -> Iterator[tuple[str, Term]]:
    machine = context.machine(item.numbers)
    values = {**machine.before(step), **after(step)}
    where = step.before["STATE"] == machine.encoding.literal(step.state, "state")
    yield f"{name} in {event.state}", where
    for label, term in machine.hypotheses(step):
        yield f"{name}: {label}", term
    for label, term in context.assumed(item.assumptions, machine, values, step.procedure.name):
        yield f"{name}: {label}", term
    yield f"{name}: when", context.truth(event.when, machine, values)
    yield f"{name}: then", context.truth(event.then, machine, values)


def _beginning(machine: Machine, tcb: Values) -> Term:
    """The TCB before anything has happened."""
    rows = (row for row in machine.model.variables.values() if row.initial is not None)
    pairs = [(tcb[row.name], machine.value(row.initial, {})[0]) for row in rows if row.initial is not None]
    empty = [value for value, _ in pairs if isinstance(value, tuple)]
    unused = (negation(slot[0]) for slots in (*empty, tcb[OWED]) for slot in slots)
    return both(*(value == initial for value, initial in pairs if not isinstance(value, tuple)), *unused)


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """There is no run, or the solver gave up."""
    reason = f"the solver gave up: {answer.reason}" if answer.holds is None else "no run of this form"
    return Failure(answer.obligation.name, reason)
