"""A path as a trace: segments where they were sent, calls and timeouts, and the states seen at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tcpmodel.prove.explore.candidates import ENDS
from tcpmodel.prove.explore.system import ARRIVES, COPY, HAPPENS, SENDS, TICK
from tcpmodel.trace import Call, Event, Observation, Segment, Timeout

if TYPE_CHECKING:
    from tcpmodel.prove.explore.path import Path, Step

TOLD = {"call": Call, "timeout": Timeout}


@dataclass(frozen=True)
class Trace:
    """The events of a trace; `lost` are the frames that never arrived, `late` those that others overtook."""

    events: tuple[Event, ...]
    title: str = ""
    lost: frozenset[int] = frozenset()
    late: frozenset[int] = frozenset()

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    @property
    def notes(self) -> dict[int, str]:
        """What is to be said about a segment, by frame."""
        return {**dict.fromkeys(self.late, "arrives late"), **dict.fromkeys(self.lost, "never arrives")}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trace as JSON; nothing that was sent is missing from it."""
        from tcpmodel.trace.writers import write_json

        write_json(self.events, path, title=self.title, endpoints=ENDS, complete=True, notes=self.notes)


@dataclass
class _Writer:
    clock: int
    tick: int
    events: list[Event] = field(default_factory=list)
    frames: dict[tuple[str, tuple[int, ...]], list[int]] = field(default_factory=dict)
    arrived: list[int] = field(default_factory=list)
    sent: int = 0
    crossed: bool = False
    late: set[int] = field(default_factory=set)
    shown: dict[str, int] = field(default_factory=dict)

    def step(self, step: Step) -> None:
        """Adds what shows of a step."""
        if step.kind == TICK:
            self.clock += self.tick
        elif step.kind == SENDS:
            self._sends(step)
        elif step.kind in (ARRIVES, COPY):
            self._arrives(step)
        elif step.kind == HAPPENS:
            self._happens(step)

    def _sends(self, step: Step) -> None:
        assert step.segment is not None
        self.shown[step.end] = (step.after.a if step.end == "a" else step.after.b).incarnation
        self._send(step.end, step.segment)

    def _send(self, end: str, found: Segment) -> None:
        self.sent += 1
        other = "b" if end == "a" else "a"
        segment = replace(found, frame=self.sent, time=self.clock, src=ENDS[end], dst=ENDS[other])
        self.events.append(segment)
        self.frames.setdefault((other, _key(segment)), []).append(self.sent)

    def _arrives(self, step: Step) -> None:
        assert step.segment is not None
        frame = self.frames[step.end, _key(step.segment)][-1]
        if any(isinstance(e, Segment) and e.frame > frame and e.frame in self.arrived and e.dst == ENDS[step.end]
               for e in self.events):
            self.late.add(frame)
        self.arrived.append(frame)

    def _happens(self, step: Step) -> None:
        kind, *words = step.text.split()
        if kind == "call":
            arguments: dict[str, int | bool | str] = {
                name: value == "True" for name, value in (word.split("=") for word in words[1:])
            }
            self.events.append(Call(ENDS[step.end], words[0], arguments, self.sent, self.clock))
        elif kind == "timeout":
            self.events.append(Timeout(ENDS[step.end], words[0], self.sent, self.clock))
        self.crossed = self.crossed or not self._caught_up(step.end)

    def reveal(self, path: Path) -> None:
        """Adds a segment of each endpoint whose connection has not shown yet."""
        system, state = path.initial.system, path.last.state
        for side, (name, end) in enumerate((("a", path.last.a), ("b", path.last.b))):
            sends = system.ends[side].sends(state.local(side))
            if end.incarnation > self.shown.get(name, 0) and sends:
                self._send(name, system.packets.segments[sends[0][0]])

    def _caught_up(self, end: str) -> bool:
        """Whether all that was sent to an endpoint has arrived."""
        return all(e.frame in self.arrived for e in self.events if isinstance(e, Segment) and e.dst == ENDS[end])


def trace_of(path: Path, title: str = "") -> Trace:
    """The trace of a path.

    In a trace a call stands behind the segments sent before it, as if they had arrived. Where something happened at an
    endpoint while a segment was on its way to it or lost, calls and timeouts are left out: a replay infers them. An
    endpoint that has begun a connection and sent nothing sends what it may last, so that its initial number shows.
    """
    clock = path.initial.system.ends[0].clock
    writer = _Writer(clock.now, clock.tick)
    for step in path.steps:
        writer.step(step)
    events = [e for e in writer.events if isinstance(e, Segment) or not writer.crossed]
    for name, end in (("a", path.last.a), ("b", path.last.b)):
        events.append(Observation(ENDS[name], end.state, {}, writer.sent, writer.clock))
    lost = {e.frame for e in events if isinstance(e, Segment)} - set(writer.arrived)
    writer.reveal(path)
    events += [e for e in writer.events if isinstance(e, Segment) and e.frame > events[-1].frame]
    return Trace(tuple(events), title, frozenset(lost), frozenset(writer.late - lost))


def _key(segment: Segment) -> tuple[int, ...]:
    return (segment.flags, segment.seq, segment.ack, segment.text, segment.wnd)
