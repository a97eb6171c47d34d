"""Random runs of two endpoints, for tests that hold other things against the model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random

from tcpmodel.prove.explore.path import Path, path_of
from tcpmodel.prove.explore.scenario import Scenario, scenario
from tcpmodel.prove.explore.system import ARRIVES, COPY, FORGED, HAPPENS, LOST, SENDS, TICK, Move, State, System, at
from tcpmodel.spec.model import Model

RANDOM = "random"
OFTEN = {ARRIVES: 30, SENDS: 24, HAPPENS: 4, COPY: 2, LOST: 2, TICK: 2, FORGED: 2}
"""How often each kind of move is taken where there is one; most runs are to get somewhere."""


def random_run(
    seed: int, length: int, *, scenario: Scenario | str = RANDOM, models: tuple[Model, Model] | Model | None = None
) -> Path:
    """A run of `length` steps behind the scenario's start, determined by the seed; shorter where nothing can happen.

    The TCBs are those of `path.initial` and of `step.after`. Without `models` both endpoints follow RFC 9293.
    """
    system = _system(scenario, models)
    random, way = Random(seed), system.start()
    state = way[-1][1] if way else system.initial
    begins = len(way)
    for _ in range(length):
        chosen = _chosen(random, system, state)
        if chosen is None:
            break
        way.append(chosen)
        state = chosen[1]
    return path_of(system, way, begins, f"a random run with seed {seed}")


def _chosen(random: Random, system: System, state: State) -> tuple[Move, State] | None:
    """A kind of move that is possible, then one of that kind, each as likely."""
    rows: dict[str, list[tuple[Move, State]]] = {}
    network = sorted(system.network(state), key=lambda row: _order(system, row[0]))
    for move, after in (*_happenings(system, state), *network):
        rows.setdefault(move.kind, []).append((move, after))
    kinds = {**OFTEN, **{kind: 0 for kind in OFTEN if kind not in rows and kind != SENDS}}
    while any(kinds.values()):
        kind = random.choices(list(kinds), list(kinds.values()))[0]
        found = random.choice(rows[kind]) if kind in rows else _sending(random, system, state)
        if found is not None:
            return found
        kinds[kind] = 0
    return None


def _order(system: System, move: Move) -> tuple[object, ...]:
    """By what moves are about, since the numbers of packets depend on earlier runs."""
    about = () if move.kind == TICK else system.packets.rows[move.what]
    return move.kind, move.end, about, move.age


def _happenings(system: System, state: State) -> Iterator[tuple[Move, State]]:
    for side, end in enumerate(system.ends):
        for number, after in end.events(state.local(side)):
            yield Move(HAPPENS, side, number), at(state, side, after)


def _sending(random: Random, system: System, state: State) -> tuple[Move, State] | None:
    """One endpoint sends something that it may send; None where neither may, or the network is full."""
    for side in random.sample((0, 1), 2):
        found = system.ends[side].any_of(state.local(side), random)
        for row in system.sendings(state, side, [found] if found else []):
            return row
    return None


_known: dict[tuple[str, int, int], System] = {}


def _system(named: Scenario | str, models: tuple[Model, Model] | Model | None) -> System:
    """The system, with what it has learned in earlier runs."""
    found = scenario(named) if isinstance(named, str) else named
    pair = (models, models) if isinstance(models, Model) else models or (_standard(), _standard())
    key = found.name, id(pair[0]), id(pair[1])
    if key not in _known or (_known[key].models, _known[key].scenario) != (pair, found):
        _known[key] = System(found, pair)
    return _known[key]


@lru_cache(1)
def _standard() -> Model:
    from tcpmodel.spec import load

    return load()
