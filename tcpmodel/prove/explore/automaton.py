"""One endpoint as a finite automaton with as few states as possible.

All that an endpoint can get to when any packet of its peer may arrive at any time is found first. Locals that look
alike and behave alike whatever happens (bisimilar ones) are then one class, packets that no receiver tells apart one
kind; neither changes what two endpoints can do together, as long as nothing else is asked about than what is looked at:
the state's name, and variables that are watched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from tcpmodel.prove.explore.endpoint import Endpoint
from tcpmodel.prove.explore.system import System
from tcpmodel.trace.notation import to_packetdrill

Watched: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Automaton:
    """The classes of one endpoint's locals, by number; `states` has the name of the state of each.

    `own`: (occasion, kind of segment sent or -1, class behind it) of what it may do by itself; `receives`: the class
    behind the arrival of each kind of the peer's. `kinds` shows a segment of each of its own kinds; `locals` counts
    those found before alike ones were joined.
    """

    states: tuple[str, ...]
    own: tuple[tuple[tuple[str, int, int], ...], ...]
    receives: tuple[tuple[int, ...], ...]
    kinds: tuple[str, ...]
    locals: int
    class_of: dict[int, int]
    kind_of: dict[int, int]


@dataclass
class _Closure:
    """What each endpoint can get to, and the packets it can send, whatever its peer is doing."""

    system: System

    def __post_init__(self) -> None:
        self.found: list[dict[int, None]] = [{}, {}]
        self.sent: list[dict[int, None]] = [{}, {}]
        self.todo: list[tuple[int, int]] = []
        start = [self.system.initial, *(state for _, state in self.system.start())]
        for state in start:
            for side in (0, 1):
                self._add(side, state.local(side))
            for side, packet, _ in state.flying:
                self._send(side, packet)
        for side, packet in self.system.forgeries:
            self._send(side, packet)
        while self.todo:
            self._from(*self.todo.pop())

    def _from(self, side: int, local: int) -> None:
        end = self.system.ends[side]
        for packet, after in end.sends(local):
            self._add(side, after)
            self._send(side, packet)
        for _, after in end.events(local):
            self._add(side, after)
        for packet in self.sent[1 - side]:
            self._add(side, end.receives(local, packet))

    def _add(self, side: int, local: int) -> None:
        if local not in self.found[side]:
            self.found[side][local] = None
            self.todo.append((side, local))

    def _send(self, side: int, packet: int) -> None:
        if packet not in self.sent[side]:
            self.sent[side][packet] = None
            other = 1 - side
            for local in list(self.found[other]):
                self._add(other, self.system.ends[other].receives(local, packet))


class _Side:
    """One endpoint while its locals and packets are being sorted."""

    def __init__(self, end: Endpoint, found: tuple[list[int], list[int], list[int]], watched: Watched) -> None:
        self.end, self.watched = end, watched
        self.locals, self.packets, self.peers = found
        locals, _, peers = found
        place = {local: number for number, local in enumerate(locals)}
        self.events = [[(number, place[after]) for number, after in end.events(local)] for local in locals]
        self.sends = [[(packet, place[after]) for packet, after in end.sends(local)] for local in locals]
        self.receipts = [[place[end.receives(local, packet)] for packet in peers] for local in locals]
        self.begin()

    def begin(self) -> None:
        """Those that look alike are in one class."""
        tcbs = map(self.end.tcb, self.locals)
        self.classes = _numbered((tcb.STATE, *(getattr(tcb, name) for name in self.watched)) for tcb in tcbs)

    def refine(self, kinds: dict[int, int]) -> None:
        """Split the classes until what is in one behaves alike; `kinds` are those of its own packets."""
        count = 0
        while count != (count := len(set(self.classes))):
            self.classes = _numbered(self._behaviour(number, kinds) for number in range(len(self.locals)))

    def _behaviour(self, number: int, kinds: dict[int, int]) -> tuple[object, ...]:
        of = self.classes
        events = tuple((occasion, of[after]) for occasion, after in self.events[number])
        sends = tuple(sorted({(kinds[packet], of[after]) for packet, after in self.sends[number]}))
        return of[number], events, sends, tuple(of[after] for after in self.receipts[number])

    def alike(self) -> dict[int, int]:
        """Kinds of the peer's packets: those behind whose arrival everything is the same."""
        columns = (
            tuple(self.classes[row[place]] for row in self.receipts) for place in range(len(self.peers))
        )
        return dict(zip(self.peers, _numbered(columns), strict=True))

    def automaton(self, own: dict[int, int], peers: dict[int, int]) -> Automaton:
        """The classes as an automaton, given the kinds of its own packets and of its peer's."""
        members = {number: place for place, number in reversed(list(enumerate(self.classes)))}
        rows = [members[number] for number in range(len(members))]
        shown = {kind: packet for packet, kind in reversed(own.items())}
        segments = self.end.packets.segments
        return Automaton(
            tuple(self.end.state(self.locals[row]) for row in rows),
            tuple(tuple(self._moves(row, own)) for row in rows),
            tuple(tuple(self._receives(row, peers)) for row in rows),
            tuple(to_packetdrill(segments[shown[kind]]) for kind in range(len(shown))),
            len(self.locals), dict(zip(self.locals, self.classes, strict=True)), own,
        )  # fmt: skip

    def _moves(self, row: int, kinds: dict[int, int]) -> Iterator[tuple[str, int, int]]:
        for occasion, after in self.events[row]:
            yield self.end.occasions[occasion].text, -1, self.classes[after]
        yield from dict.fromkeys(("", kinds[packet], self.classes[after]) for packet, after in self.sends[row])

    def _receives(self, row: int, kinds: dict[int, int]) -> Iterator[int]:
        rows = zip(self.peers, self.receipts[row], strict=True)
        found = {kinds[packet]: self.classes[after] for packet, after in rows}
        yield from (found[kind] for kind in range(len(found)))


def automata(system: System, watched: tuple[Watched, Watched] = ((), ())) -> tuple[Automaton, Automaton]:
    """The automata of both endpoints of a system without a clock; `watched`: variables of a and of b by identifier.

    Locals that differ in a watched variable are never joined.
    """
    for end, names in zip(system.ends, watched, strict=True):
        end.remember(names)
    closure = _Closure(system)
    found, sent = ([list(rows) for rows in both] for both in (closure.found, closure.sent))
    a, b = (_Side(system.ends[n], (found[n], sent[n], sent[1 - n]), watched[n]) for n in (0, 1))
    kinds_a, kinds_b = ({packet: number for number, packet in enumerate(rows)} for rows in sent)
    count = (0, 0, 0, 0)
    while True:
        a.refine(kinds_a)
        b.refine(kinds_b)
        kinds_a, kinds_b = b.alike(), a.alike()
        now = (len(set(a.classes)), len(set(b.classes)), len(set(kinds_a.values())), len(set(kinds_b.values())))
        if now == count:
            return a.automaton(kinds_a, kinds_b), b.automaton(kinds_b, kinds_a)
        count = now
        a.begin()
        b.begin()


def _numbered(rows: Iterator[object]) -> list[int]:
    """The rows by number, equal ones alike, in the order in which they come up."""
    numbers: dict[object, int] = {}
    return [numbers.setdefault(row, len(numbers)) for row in rows]
