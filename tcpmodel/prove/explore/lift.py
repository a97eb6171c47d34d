"""A way through the finite graph as a run of the endpoints themselves, which can be saved as a trace.

A node stands for many states of the system that do the same next, so that some step of whichever one the run has come
to leads to the node that follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tcpmodel.prove.explore.finite import Node, Product
from tcpmodel.prove.explore.path import Path, path_of
from tcpmodel.prove.explore.system import (
    ARRIVES,
    COPY,
    FORGED,
    HAPPENS,
    LOST,
    SENDS,
    Flying,
    Move,
    State,
    at,
    under_way,
)


def run(product: Product, way: list[Node]) -> Path:
    """A run along the nodes, the first of which is where the scenario begins."""
    system = product.system
    found = system.start()
    begins = len(found)
    state = found[-1][1] if found else system.initial
    for _, node in pairwise(way):
        move, state = next(step for step in _steps(product, state) if product.node(step[1]) == node)
        found.append((move, state))
    return path_of(system, found, begins, product.bound)


def _steps(product: Product, state: State) -> Iterator[tuple[Move, State]]:
    """What may happen next; where there is room for a kind of segment, there is for all of that kind."""
    for side, end in enumerate(product.system.ends):
        local = state.local(side)
        for number, after in end.events(local):
            yield Move(HAPPENS, side, number), at(state, side, after)
        for packet, after in end.sends(local):
            yield Move(SENDS, side, packet), under_way(at(state, side, after), (side, packet, 0))
    for side, packet in product.system.forgeries:
        yield Move(FORGED, side, packet), product.system.forge(state, side, packet)
    for item in state.flying:
        yield from _network(product, state, item)


def _network(product: Product, state: State, item: Flying) -> Iterator[tuple[Move, State]]:
    sender, packet, age = item
    side = 1 - sender
    after = at(state, side, product.system.ends[side].receives(state.local(side), packet))
    kinds = (product.a, product.b)[sender].kind_of
    rest = tuple(row for row in state.flying if row[0] != sender or kinds[row[1]] != kinds[packet])
    yield Move(ARRIVES, side, packet, age), after._replace(flying=rest)
    yield Move(COPY, side, packet, age), after
    yield Move(LOST, sender, packet, age), state._replace(flying=rest)
