"""What an exploration has found, for those who look at it: situations, the steps between them, and their trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tcpmodel.compile.expressions import identifier
from tcpmodel.prove.explore.scenario import ENDS
from tcpmodel.prove.explore.system import ARRIVES, COPY, FORGED, HAPPENS, LOST, SENDS, Move, State, System
from tcpmodel.prove.explore.trace import Trace, trace_of
from tcpmodel.trace import Segment


@dataclass(frozen=True, slots=True)
class End:
    """One endpoint in a situation. `tcb` has the variables of the TCB by identifier and must not be changed."""

    tcb: Any
    state: str
    incarnation: int
    peer: int
    """The incarnation of the peer whose SYN it took last; 0 before one."""
    clock: int
    """The present, in nanoseconds; -1 without a clock."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A segment on its way, with the incarnation of its sender ("a" or "b") and of the peer whose SYN that had taken.

    `age` is in ticks of the clock, `sent` in nanoseconds.
    """

    end: str
    segment: Segment
    incarnation: int
    peer: int
    age: int
    sent: int


@dataclass(frozen=True)
class Situation:
    """A state of the system and the step that led to it. `situation["A.SND.UNA"]` is a variable by its name."""

    system: System
    state: State
    previous: State | None = None
    move: Move | str | None = None

    @cached_property
    def a(self) -> End:
        """The first endpoint."""
        return self._end(0)

    @cached_property
    def b(self) -> End:
        """The second endpoint."""
        return self._end(1)

    @property
    def before(self) -> Situation | None:
        """The situation before the step."""
        return None if self.previous is None else Situation(self.system, self.previous)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that the step fired, in order."""
        return self.system.fired(self.previous, self.move) if self.previous is not None and self.move else ()

    @property
    def segment(self) -> Segment | None:
        """The segment that the step sent, lost, forged or delivered."""
        move = self.move
        return self.system.packets.segments[move.what] if isinstance(move, Move) and move.kind in CARRIED else None

    @property
    def flying(self) -> tuple[InFlight, ...]:
        """What is on its way."""
        return tuple(self._flight(*item) for item in self.state.flying)

    @property
    def carried(self) -> InFlight | None:
        """The segment that the step sent, lost, forged or delivered, as it is on its way."""
        move = self.move
        if not isinstance(move, Move) or move.kind not in CARRIED:
            return None
        return self._flight(1 - move.end if move.kind in (ARRIVES, COPY) else move.end, move.what, move.age)

    def __getitem__(self, name: str) -> Any:
        """The plain value of a variable of an endpoint: "A.SND.UNA". Raises KeyError."""
        end, _, variable = name.partition(".")
        value = getattr({"A": self.a, "B": self.b}[end].tcb, identifier(variable), None)
        if value is None:
            raise KeyError(name)
        return value

    def _end(self, side: int) -> End:
        end, local = self.system.ends[side], self.state.local(side)
        core = end.core(local)
        return End(end.tcb(local), end.state(local), core.incarnation, core.peer, end.clock.now)

    def _flight(self, side: int, packet: int, age: int) -> InFlight:
        row, end, clock = self.system.packets.rows[packet], ENDS[side], self.system.ends[0].clock
        sent = clock.now - age * clock.tick
        return InFlight(end, row.wire.segment(end), row.incarnation, row.peer, age, sent)


CARRIED = (SENDS, ARRIVES, COPY, LOST, FORGED)


@dataclass(frozen=True)
class Step:
    """One step: `kind` is happens, sends, arrives, copy arrives, lost, is impersonated with or tick; `end` is "a" or
    "b", "" of a tick.

    `text` is what happens in words, `segment` the one concerned; `rules` fired, in order; `after` is what it led to.
    """

    kind: str
    end: str
    text: str
    segment: Segment | None
    rules: tuple[str, ...]
    after: Situation

    def __str__(self) -> str:
        from tcpmodel.trace.notation import to_packetdrill

        what = to_packetdrill(self.segment) if self.segment else self.text
        return f"{self.end:1} {self.kind} {what}: {self.after.a.state} / {self.after.b.state}"


@dataclass(frozen=True)
class Path:
    """Steps from the initial state on; the first `begins` lead to where the scenario begins. `bound`: of the search."""

    initial: Situation
    steps: tuple[Step, ...]
    begins: int = 0
    bound: str = ""

    @property
    def last(self) -> Situation:
        """Where the path ends."""
        return self.steps[-1].after if self.steps else self.initial

    def __len__(self) -> int:
        return len(self.steps) - self.begins

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))

    def trace(self, title: str = "") -> Trace:
        """The path as a trace that can be saved, drawn and verified."""
        return trace_of(self, title)


def path_of(system: System, way: Iterable[tuple[Move | str, State]], begins: int = 0, bound: str = "") -> Path:
    """The path along a way of states."""
    return Path(Situation(system, system.initial), tuple(_steps(system, way)), begins, bound)


def _steps(system: System, way: Iterable[tuple[Move | str, State]]) -> Iterator[Step]:
    before = system.initial
    for move, after in way:
        situation = Situation(system, after, before, move)
        if isinstance(move, str):
            end, _, text = move.partition(" ")
            yield Step(HAPPENS, end, text, None, situation.rules, situation)
        else:
            end = ENDS[move.end] if move.kind != "tick" else ""
            text = system.ends[move.end].occasions[move.what].text if move.kind == HAPPENS else ""
            yield Step(move.kind, end, text, situation.segment, situation.rules, situation)
        before = after
