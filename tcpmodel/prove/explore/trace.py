"""A path as a trace that hides nothing: every segment, arrival, call, timeout and crash, and what it has come to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from tcpmodel.compile.runtime import MAX_OWED, told
from tcpmodel.prove.explore.candidates import ENDS, Wire
from tcpmodel.prove.explore.endpoint import Endpoint
from tcpmodel.prove.explore.scenario import ENDS as NAMES
from tcpmodel.prove.explore.system import ARRIVES, COPY, FORGED, HAPPENS, LOST, SENDS, TICK, Move, System
from tcpmodel.spec.expr import STATE
from tcpmodel.trace import Arrival, Call, Event, Observation, Restart, Segment, Timeout

if TYPE_CHECKING:
    from tcpmodel.prove.explore.path import Path, Step


@dataclass(frozen=True)
class Trace:
    """The events of a trace that hides nothing."""

    events: tuple[Event, ...]
    title: str = ""

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    @cached_property
    def lost(self) -> frozenset[int]:
        """The frames that never arrive."""
        arrived = {event.segment for event in self.events if isinstance(event, Arrival)}
        return frozenset(e.frame for e in self.events if isinstance(e, Segment) and e.frame not in arrived)

    @cached_property
    def late(self) -> frozenset[int]:
        """The frames that later ones of the same endpoint have overtaken."""
        latest, late = dict.fromkeys(ENDS.values(), 0), set()
        for event in self.events:
            if isinstance(event, Arrival):
                late |= {event.segment} if event.segment < latest[event.endpoint] else set()
                latest[event.endpoint] = max(latest[event.endpoint], event.segment)
        return frozenset(late)

    @property
    def notes(self) -> dict[int, str]:
        """What is to be said about a segment, by frame."""
        return {**dict.fromkeys(self.late, "arrives late"), **dict.fromkeys(self.lost, "never arrives")}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace as JSON."""
        from tcpmodel.trace.writers import write_json

        write_json(self.events, path, title=self.title, endpoints=ENDS, complete=True, hidden=False, notes=self.notes)


class _Whole:
    """An endpoint along a path again, with every answer that it owes: an exploration keeps but the newest in mind, and
    forgets variables that make no difference any more.
    """

    def __init__(self, system: System, side: int) -> None:
        self.system, self.side = system, side
        scenario = replace(system.scenario, owed=MAX_OWED)
        self.end = Endpoint(system.models[side], scenario, side, system.packets)
        self.local = self.end.start

    def step(self, step: Step) -> bool:
        """Takes a step; whether that began a connection."""
        before, move = self.end.core(self.local).incarnation, step.after.move
        if step.kind == HAPPENS:
            after = self.end.happen(self.local, self.end.occasion(step.text))
        elif step.kind == TICK:
            after = self.end.tick(self.local)
        else:
            assert isinstance(move, Move)
            after = (self.end.sending if step.kind == SENDS else self.end.receives)(self.local, move.what)
        assert after is not None
        self.local = after
        return self.end.core(self.local).incarnation > before

    @property
    def number(self) -> int:
        """The initial sequence number of its latest connection."""
        return self.end.isns[self.end.core(self.local).incarnation - 1]

    def observation(self, frame: int, ticks: int) -> Observation:
        """All that is known of the endpoint, `ticks` after the beginning."""
        t = self.end.tcb(self.local)
        rows = [(name, attribute) for name, attribute, type in self.end.steps.VARIABLES if type != STATE]
        values = {name: told(getattr(t, attribute)) for name, attribute in rows}
        times = self.end.clock.times(t, ticks)
        known = {name: value for name, value in (values | times).items() if value is not None}
        window = self.system.scenario.window
        forms = (rows[0] for _, rows in t.owed)
        owes = tuple(_bare(Wire(flags, seq, max(ack, 0), 0, window)) for flags, seq, ack in forms)
        state, time = self.end.state(self.local), self.end.clock.at(ticks)
        return Observation(ENDS[NAMES[self.side]], state, known, frame, time, owes)


@dataclass
class _Writer:
    """Collects the events of a path.

    `frames` has the frames under way by sender, packet and tick; `begun` where among the events a connection has begun,
    the initial sequence number, and what the endpoint was then.
    """

    system: System
    events: list[Event] = field(default_factory=list)
    ticks: int = 0
    sent: int = 0
    frames: dict[tuple[int, int, int], int] = field(default_factory=dict)
    begun: list[tuple[int, int, Observation]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ends = [_Whole(self.system, side) for side in (0, 1)]

    @property
    def time(self) -> int:
        """Now, in nanoseconds; -1 without a clock."""
        return self.ends[0].end.clock.at(self.ticks)

    def step(self, step: Step) -> None:
        """Adds a step."""
        if step.kind == TICK:
            self.ticks += 1
            for end in self.ends:
                end.step(step)
        elif step.kind == FORGED:
            self.events.append(self._segment(step, NAMES.index(step.end)))
        elif step.kind != LOST:
            end = self.ends[NAMES.index(step.end)]
            self.events.append(self._event(step, end.side))
            if end.step(step):
                self.begun.append((len(self.events), end.number, end.observation(self.sent, self.ticks)))

    def _event(self, step: Step, side: int) -> Event:
        move, at = step.after.move, ENDS[step.end]
        if step.kind == HAPPENS:
            return _happening(step.text, at, self.sent, self.time)
        if step.kind in (ARRIVES, COPY):
            assert isinstance(move, Move)
            return Arrival(at, self.frames[1 - side, move.what, self.ticks - move.age], self.sent, self.time)
        return self._segment(step, side)

    def _segment(self, step: Step, side: int) -> Segment:
        """The segment that an endpoint, or somebody in its name, puts into the network."""
        move, (src, dst) = step.after.move, (ENDS[step.end], ENDS[NAMES[1 - side]])
        assert isinstance(move, Move) and step.segment is not None
        self.sent += 1
        self.frames[side, move.what, self.ticks] = self.sent
        forged = step.kind == FORGED
        return replace(step.segment, frame=self.sent, time=self.time, src=src, dst=dst, forged=forged)

    def finished(self) -> tuple[Event, ...]:
        """The events, and at the end what both endpoints have come to."""
        last = [end.observation(self.sent, self.ticks) for end in self.ends]
        events = [*self.events, *last]
        for place, number, observation in reversed(self.begun):
            if not _shown(events[place:], observation.endpoint, number):
                events.insert(place, observation)
        return tuple(events)


def _bare(wire: Wire) -> Segment:
    return replace(wire.segment(), src="", dst="")


def _happening(text: str, at: str, frame: int, time: int) -> Event:
    kind, *words = text.split()
    if kind == "crash":
        return Restart(at, frame, time)
    if kind == "timeout":
        return Timeout(at, words[0], frame, time)
    pairs = (word.split("=") for word in words[1:])
    return Call(at, words[0], {name: value == "True" for name, value in pairs}, frame, time)


def _shown(events: list[Event], at: str, number: int) -> bool:
    """Whether an initial sequence number is in what an endpoint sends next, or in what is observed of it before."""
    for event in events:
        if isinstance(event, Segment) and event.src == at and not event.forged:
            return event.seq == number
        if isinstance(event, Observation) and event.endpoint == at:
            return number in event.tcb.values()
    return False


def trace_of(path: Path, title: str = "") -> Trace:
    """The trace of a path. An initial sequence number that no segment shows is told where it was selected."""
    writer = _Writer(path.initial.system)
    for step in path.steps:
        writer.step(step)
    return Trace(writer.finished(), title)
