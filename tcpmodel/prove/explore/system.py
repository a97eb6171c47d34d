"""Two endpoints, the network between them and the clock, as states that moves lead on from.

The network is a set: a segment in it may arrive at any time, in any order, or never. A copy that arrives and stays is a
duplicate. With a clock, a segment that has got as old as the maximum segment lifetime is gone. What somebody else has
put into it in the name of an endpoint is delivered like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tcpmodel.errors import UsageError
from tcpmodel.prove.explore.candidates import Wire, forged
from tcpmodel.prove.explore.endpoint import Endpoint, Packet, Packets, _occasions
from tcpmodel.prove.explore.scenario import ANY, ENDS, Scenario
from tcpmodel.spec.builtins import CONTROL_BITS
from tcpmodel.spec.model import Model

HAPPENS, SENDS, ARRIVES, COPY, LOST, TICK = "happens", "sends", "arrives", "copy arrives", "lost", "tick"
FORGED = "is impersonated with"

Flying = tuple[int, int, int]
"""A segment on its way: the endpoint that sent it, or in whose name it was forged, its packet, how many ticks ago."""


class Impossible(UsageError):
    """A scenario begins with what its model does not allow."""


class State(NamedTuple):
    """The locals of both endpoints, what is on its way, and what of the network's budgets has been used."""

    a: int
    b: int
    flying: tuple[Flying, ...]
    losses: int = 0
    duplicates: int = 0
    ticks: int = 0
    forged: int = 0

    def local(self, side: int) -> int:
        """The local of endpoint 0 (a) or 1 (b)."""
        return self.b if side else self.a


class Move(NamedTuple):
    """One step of the system: at `end` (0 or 1), of the occasion or packet `what`, which is `age` ticks old.

    What is lost or forged is so at the `end` that it is from.
    """

    kind: str
    end: int = 0
    what: int = 0
    age: int = 0


class System:
    """Both endpoints of a scenario; `models` are those of a and of b."""

    def __init__(self, scenario: Scenario, models: tuple[Model, Model], ghosts: bool = True) -> None:
        self.scenario, self.models = scenario, models
        self.packets = Packets()
        self.ends = tuple(Endpoint(model, scenario, side, self.packets, ghosts) for side, model in enumerate(models))
        clock = self.ends[0].clock
        self.lifetime = clock.lifetime // clock.tick if clock.tick else 0
        names = [(side, wire) for side in (0, 1) for wire in forged(scenario, side)] if scenario.forged else []
        self.forgeries = list(dict.fromkeys((side, self.packets.number(Packet(wire, 0))) for side, wire in names))
        self.initial = State(self.ends[0].start, self.ends[1].start, ())

    def start(self) -> list[tuple[Move | str, State]]:
        """The way to where the scenario begins: each step with the state behind it."""
        found: list[tuple[Move | str, State]] = []
        for text in self.scenario.start:
            found.append(self._told(text, found[-1][1] if found else self.initial))
        return found

    def moves(self, state: State) -> Iterator[tuple[Move, State]]:
        """Everything that may happen next."""
        for side, end in enumerate(self.ends):
            for number, after in end.events(state.local(side)):
                yield Move(HAPPENS, side, number), at(state, side, after)
            yield from self.sendings(state, side, end.sends(state.local(side)))
        yield from self.network(state)

    def network(self, state: State) -> Iterator[tuple[Move, State]]:
        """What the network and the clock may do next."""
        for item in state.flying:
            yield from self._arrivals(state, item)
        yield from self.forgings(state)
        if state.ticks < self.scenario.ticks:
            yield Move(TICK), self.later(state)

    def sendings(self, state: State, side: int, found: Iterable[tuple[int, int]]) -> Iterator[tuple[Move, State]]:
        """The endpoint sends one of the packets found, where the network has room; each with the local behind it."""
        room = self._room(state, side)
        for packet, after in found:
            item = (side, packet, 0)
            if item in state.flying:
                if after != state.local(side):
                    yield Move(SENDS, side, packet), at(state, side, after)
            elif room:
                yield Move(SENDS, side, packet), under_way(at(state, side, after), item)

    def forgings(self, state: State) -> Iterator[tuple[Move, State]]:
        """Somebody else puts a segment into the network in the name of an endpoint, where the network has room."""
        if state.forged < self.scenario.forged:
            for side, packet in self.forgeries:
                if (side, packet, 0) not in state.flying and self._room(state, side):
                    yield Move(FORGED, side, packet), self.forge(state, side, packet)

    def forge(self, state: State, side: int, packet: int) -> State:
        """The state when somebody else has put a packet into the network in the name of an endpoint."""
        forged = _spent(state.forged, self.scenario.forged)
        return under_way(state, (side, packet, 0))._replace(forged=forged)

    def _room(self, state: State, side: int) -> bool:
        return sum(item[0] == side for item in state.flying) < self.scenario.flying

    def _arrivals(self, state: State, item: Flying) -> Iterator[tuple[Move, State]]:
        sender, packet, age = item
        side = 1 - sender
        after = at(state, side, self.ends[side].receives(state.local(side), packet))
        rest = tuple(other for other in state.flying if other != item)
        yield Move(ARRIVES, side, packet, age), after._replace(flying=rest)
        if state.duplicates < self.scenario.duplicates and after != state:
            spent = _spent(state.duplicates, self.scenario.duplicates)
            yield Move(COPY, side, packet, age), after._replace(duplicates=spent)
        if state.losses < self.scenario.losses:
            losses = _spent(state.losses, self.scenario.losses)
            yield Move(LOST, sender, packet, age), state._replace(flying=rest, losses=losses)

    def later(self, state: State) -> State:
        """The state when the clock has advanced by a tick; what is older than the lifetime is gone."""
        flying = tuple((side, packet, age + 1) for side, packet, age in state.flying if age < self.lifetime)
        a, b = (end.tick(state.local(side)) for side, end in enumerate(self.ends))
        return state._replace(a=a, b=b, flying=flying, ticks=_spent(state.ticks, self.scenario.ticks))

    def fired(self, state: State, move: Move | str) -> tuple[str, ...]:
        """The rules that a move from a state fires."""
        if isinstance(move, str) or move.kind in (LOST, TICK, FORGED):
            return ()
        end = self.ends[move.end]
        end.fired = ()
        if move.kind == HAPPENS:
            end.happen(state.local(move.end), end.occasions[move.what])
        elif move.kind == SENDS:
            end.send(end.locals[state.local(move.end)].core, self.packets.rows[move.what].wire)
        else:
            end.receive(end.locals[state.local(move.end)].core, move.what)
        return end.fired

    def _told(self, text: str, state: State) -> tuple[Move | str, State]:
        """A step of a beginning: `a crash`, `a call OPEN`, `a sends SYN`, `b gets ACK 1 3001` (octets, SEQ)."""
        if text == TICK:
            return Move(TICK), self.later(state)._replace(ticks=0)
        name, _, event = text.partition(" ")
        kind, _, what = event.partition(" ")
        side = ENDS.index(name)
        if kind in ("sends", "gets"):
            return self._segment(text, state, side if kind == "sends" else 1 - side, kind, what)
        end = self.ends[side]
        after = end.happen(state.local(side), next(_occasions(end.model, {event: ANY})))
        if after is None:
            raise Impossible(f"the scenario begins with what is not possible: {text}")
        return text, at(state, side, after)

    def _segment(self, text: str, state: State, side: int, kind: str, what: str) -> tuple[Move, State]:
        bits, *numbers = what.split()
        flags, octets = sum(CONTROL_BITS[bit] for bit in bits.split(",")), int([*numbers, "0"][0])
        seqs = set(map(int, numbers[1:]))
        wanted = SENDS if kind == "sends" else ARRIVES
        rows = self.sendings(state, side, self.ends[side].sends(state.local(side))) if kind == "sends" else (
            found for item in state.flying if item[0] == side for found in self._arrivals(state, item)
        )
        for move, after in rows:
            wire: Wire = self.packets.rows[move.what].wire
            if move.kind == wanted and (wire.flags, wire.text) == (flags, octets) and (not seqs or wire.seq in seqs):
                return move, after
        raise Impossible(f"the scenario begins with what is not possible: {text}")


def under_way(state: State, item: Flying) -> State:
    """The state with a segment on its way."""
    return state._replace(flying=tuple(sorted({*state.flying, item})))


def at(state: State, side: int, local: int) -> State:
    """The state with another local at an endpoint."""
    return state._replace(b=local) if side else state._replace(a=local)


def _spent(used: int, limit: int) -> int:
    """What has been used of a budget; what is unlimited is not counted."""
    return used if limit >= ANY else used + 1
