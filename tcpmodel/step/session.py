"""A connection that is played: two endpoints, the segments in flight between them, a clock; or one endpoint alone.

What happened is kept as the events of a trace, segments where they were sent, so that it can be verified. Every move
leaves the state before it as it was: undoing is going back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tcpmodel.errors import UsageError
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model
from tcpmodel.step import set as variables
from tcpmodel.step.events import ARRIVES, DEPARTS, happen, segment, understood, written
from tcpmodel.step.machine import Machine
from tcpmodel.step.outcome import Form, Step
from tcpmodel.step.scenario import scenario_of, surroundings
from tcpmodel.trace import Call, Event, Segment, Timeout
from tcpmodel.trace.notation import to_packetdrill
from tcpmodel.verify.machine import TCB

ADDRESSES = {"a": "10.0.0.1:40000", "b": "10.0.0.2:80"}
OTHER = {"a": "b", "b": "a"}
TOLD = {"call": Call, "timeout": Timeout}


@dataclass(frozen=True)
class InFlight:
    """A segment on its way, by its number; it can be delivered until it is taken out of the network."""

    number: int
    sender: str
    segment: Segment


@dataclass(frozen=True)
class Moment:
    """Everything at one moment. A TCB in it is never changed: a step works on a copy."""

    tcbs: Mapping[str, TCB]
    flying: tuple[InFlight, ...] = ()
    events: tuple[Event, ...] = ()
    now: int = 0
    sent: int = 0
    arrived: frozenset[int] = frozenset()
    crossed: bool = False


@dataclass
class Session:
    """The play so far. With `alone` only a keeps to the model; b sends whatever it is told to."""

    model: Model
    alone: bool = False
    past: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = Machine(self.model)
        self.scenario = scenario_of(self.model)
        self.environment = {end: surroundings(self.model, self.scenario, end) for end in ADDRESSES}
        self.played = ("a",) if self.alone else ("a", "b")
        self.moment = Moment({end: self.machine.tcb() for end in self.played})

    def happen(self, end: str, text: str) -> Step:
        """A call or a timeout at an endpoint."""
        step, after = self._step(end, text)
        if not step.permitted:
            raise Forbidden(step)
        event = understood(text, self.model, self.scenario, self.moment.tcbs[end])
        kind = TOLD.get(event.kind)
        told: tuple[Event, ...] = ()
        if kind is Call:
            arguments = {name.rpartition(".")[2]: value for name, value in event.arguments.items()}
            told = (Call(ADDRESSES[end], event.name, arguments, self.moment.sent, self.moment.now),)
        elif kind is Timeout:
            told = (Timeout(ADDRESSES[end], event.name, self.moment.sent, self.moment.now),)
        crossed = self.moment.crossed or not self._caught_up(end)
        self._go(tcbs={**self.moment.tcbs, end: after}, events=self.moment.events + told, crossed=crossed)
        return step

    def send(self, end: str, text: str = "") -> Step | None:
        """The endpoint sends a segment, or with no text the first answer it owes. Raises Forbidden, UsageError."""
        if end not in self.played:
            self._launch(end, segment(text, self.scenario, "departing", self.machine.tcb()))
            return None
        text = text or self._owed(end)
        found = segment(text, self.scenario, "departing", self.moment.tcbs[end])
        step, after = self._step(end, f"{DEPARTS} {text}")
        if not step.permitted:
            raise Forbidden(step)
        self._launch(end, found, {**self.moment.tcbs, end: after})
        return step

    def deliver(self, number: int, keep: bool = False) -> Step | None:
        """The segment arrives; with `keep` a duplicate of it stays in flight. None where the receiver is not played."""
        found = self._find(number)
        rest = self.moment.flying if keep else tuple(row for row in self.moment.flying if row is not found)
        end = OTHER[found.sender]
        if end not in self.played:
            self._go(flying=rest)
            return None
        arrived = self.moment.arrived | {number}
        t = self.moment.tcbs[end].copy()
        event = understood(f"{ARRIVES} {to_packetdrill(found.segment)}", self.model, self.scenario, t)
        event = replace(event, segment=found.segment)
        step = happen(event, t, self.machine, self.scenario, self._around(end))
        self._go(flying=rest, tcbs={**self.moment.tcbs, end: t}, arrived=arrived)
        return step

    def drop(self, number: int) -> None:
        """The network loses the segment."""
        found = self._find(number)
        self._go(flying=tuple(row for row in self.moment.flying if row is not found))

    def wait(self, duration: int) -> None:
        """Time passes, in nanoseconds."""
        if duration < 0:
            raise UsageError("time goes on, not back: use undo")
        self._go(now=self.moment.now + duration)

    def put(self, end: str, name: str, value: str) -> None:
        """Set what surrounds an endpoint, such as the initial sequence number that it selects next."""
        known = self.model.variables.get(name)
        if known is not None and known.group == "tcb":
            raise UsageError(f"{name} is what the endpoint made of it; only the environment can be set")
        variables.put(name, value, self.model, self.machine.tcb(), self.environment[end])

    def undo(self) -> None:
        """Go back to the moment before the last move."""
        if not self.past:
            raise UsageError("nothing has happened yet")
        self.moment = self.past.pop()

    def trace(self) -> list[Event]:
        """What was played, as the events of a trace.

        In a trace a call stands behind the segments sent before it, as if they had arrived. Where something was sent
        or called while a segment was on its way or lost, calls and timeouts are left out: a replay infers them.
        """
        return [event for event in self.moment.events if isinstance(event, Segment) or not self.moment.crossed]

    def owed(self, end: str) -> list[Form]:
        """The first form of each answer that an endpoint owes."""
        names = list(self.model.rules)
        return [
            Form(names[number], "", flags, seq, None if ack < 0 else ack)
            for number, ((flags, seq, ack), *_) in self.moment.tcbs[end].owed
        ]

    def _caught_up(self, end: str) -> bool:
        """Whether all that was sent to an endpoint has arrived."""
        rows = [e for e in self.moment.events if isinstance(e, Segment) and e.src != ADDRESSES[end]]
        return all(segment.frame in self.moment.arrived for segment in rows)

    def _owed(self, end: str) -> str:
        forms = self.owed(end)
        if not forms:
            raise UsageError(f"{end} owes nothing: say what it sends, such as: {end} send .")
        return written(forms[0].flags, forms[0].seq, forms[0].ack, self.scenario)

    def _step(self, end: str, text: str) -> tuple[Step, TCB]:
        if end not in self.played:
            raise UsageError(f"{end} is not played: it only sends")
        t = self.moment.tcbs[end].copy()
        return happen(text, t, self.machine, self.scenario, self._around(end)), t

    def _around(self, end: str) -> dict[str, Any]:
        """The environment of a step: what was set, and the clock in every time."""
        rows = self.model.variables.values()
        clock = {v.name: self.moment.now for v in rows if (v.group, v.type) == ("environment", x.TIME)}
        return {**self.environment[end], **clock}

    def _launch(self, end: str, found: Segment, tcbs: Mapping[str, TCB] | None = None) -> None:
        moment = self.moment
        number = moment.sent + 1
        found = replace(found, frame=number, time=moment.now, src=ADDRESSES[end], dst=ADDRESSES[OTHER[end]])
        self._go(
            tcbs=tcbs or moment.tcbs, flying=(*moment.flying, InFlight(number, end, found)),
            events=(*moment.events, found), sent=number, crossed=moment.crossed or not self._caught_up(end),
        )  # fmt: skip

    def _find(self, number: int) -> InFlight:
        for row in self.moment.flying:
            if row.number == number:
                return row
        numbers = ", ".join(str(row.number) for row in self.moment.flying)
        raise UsageError(f"no segment {number} is in flight: {numbers or 'there is none'}")

    def _go(self, **changes: Any) -> None:
        self.past.append(self.moment)
        self.moment = replace(self.moment, **changes)


class Forbidden(UsageError):
    """The model does not permit it, and nothing happened; `step` says why."""

    def __init__(self, step: Step) -> None:
        said = "; ".join(f"{row.rule.code}: {row.message}" for row in step.breaches)
        super().__init__(f"not permitted: {said}")
        self.step = step
