"""Two endpoints and a network as a finite graph, explored to the end.

Exact for what its scenario allows: the initial sequence numbers and octets of text it lists, so many kinds of segments
in each direction at a time. There is no clock: a timer may expire whenever it runs. A node is (class of a, class of b,
kinds on their way to b, kinds on their way to a, how many have been forged), those on their way as sets of bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from tcpmodel.errors import UsageError
from tcpmodel.prove.explore.automaton import Automaton, Watched, automata
from tcpmodel.prove.explore.scenario import ANY, ENDS, Scenario, scenario
from tcpmodel.prove.explore.system import ARRIVES, FORGED, HAPPENS, LOST, SENDS, State, System
from tcpmodel.spec.model import Model

if TYPE_CHECKING:
    import networkx as nx

Node: TypeAlias = tuple[int, int, int, int, int]
Graph: TypeAlias = "nx.DiGraph[Node]"
Own: TypeAlias = list[list[tuple[int, int]]]


@dataclass(frozen=True)
class Product:
    """The finite system: two automata and what the network between them does.

    `room`: kinds in each direction at a time; where there is none, an endpoint does not send. With `copies` a segment
    stays when it arrives, and goes when it likes; with `losses` it may go before it has arrived. `system` is the one
    whose locals and packets have been joined; its scenario says how many segments may be forged. `forgeable` has the
    kinds of those, in the name of a and of b.
    """

    a: Automaton
    b: Automaton
    start: Node
    room: int
    copies: bool
    losses: bool
    system: System
    forgeable: tuple[int, int]

    @property
    def forged(self) -> int:
        """How many segments may be forged, `ANY` where they are not counted."""
        return self.system.scenario.forged

    @property
    def bound(self) -> str:
        """What the graph is exact for, in words."""
        rows = [f"{self.room} kind{'s' * (self.room > 1)} of segments in each direction at a time"]
        rows += ["duplicates" if self.copies else "no duplicates", "losses" if self.vanishing else "no losses"]
        many = "any number of" if self.forged == ANY else f"up to {self.forged}"
        return ", ".join([*rows, *([f"{many} forged segments"] if self.forged else [])])

    def node(self, state: State) -> Node:
        """The node that a state of the system belongs to."""
        flying = [_kinds(end, state.flying, side) for side, end in enumerate((self.a, self.b))]
        return self.a.class_of[state.a], self.b.class_of[state.b], flying[0], flying[1], state.forged

    @property
    def vanishing(self) -> bool:
        """Whether a segment may go from the network without arriving."""
        return self.copies or self.losses

    def pair(self, node: Node) -> tuple[str, str]:
        """The states of both endpoints."""
        return self.a.states[node[0]], self.b.states[node[1]]

    @cached_property
    def _tables(self) -> tuple[Own, Own, list[dict[int, int]], list[dict[int, int]]]:
        """What each class does by itself (bit of the kind sent or 0, class behind it); arrivals by bit."""
        own = [[[(1 << kind if kind >= 0 else 0, t) for _, kind, t in row] for row in x.own] for x in (self.a, self.b)]
        got = [[{1 << k: t for k, t in enumerate(row)} for row in x.receives] for x in (self.a, self.b)]
        return own[0], own[1], got[0], got[1]

    def after(self, node: Node) -> set[Node]:
        """Every other node that a step leads to."""
        a, b, there, back, forged = node
        own_a, own_b, got_a, got_b = self._tables
        found = {(t, b, sent, back, forged) for t, sent in self._sent(own_a[a], there)}
        found |= {(a, t, there, sent, forged) for t, sent in self._sent(own_b[b], back)}
        found.update(after for _, _, after in self.forgings(node))
        for bit in bits(there):
            found.add((a, got_b[b][bit], there if self.copies else there ^ bit, back, forged))
            if self.vanishing:
                found.add((a, b, there ^ bit, back, forged))
        for bit in bits(back):
            found.add((got_a[a][bit], b, there, back if self.copies else back ^ bit, forged))
            if self.vanishing:
                found.add((a, b, there, back ^ bit, forged))
        found.discard(node)
        return found

    def _sent(self, rows: list[tuple[int, int]], flying: int) -> Iterator[tuple[int, int]]:
        full = flying.bit_count() >= self.room
        return ((after, flying | bit) for bit, after in rows if not (full and bit & ~flying))

    def forgings(self, node: Node) -> Iterator[tuple[int, int, Node]]:
        """(side in whose name, kind, node behind it) of every segment that somebody else may put into the network."""
        used = node[4]
        if used >= self.forged:
            return
        after = (*node[:4], used if self.forged == ANY else used + 1)
        for side, kinds in enumerate(self.forgeable):
            flying = node[2 + side]
            for bit in bits(kinds & ~flying if flying.bit_count() < self.room else 0):
                yield side, bit.bit_length() - 1, _fly(after, side, flying | bit)

    def steps(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Every step that leads to another node, in words."""
        sides = ((self.a, self.b), (self.b, self.a))
        for side, (end, peer) in enumerate(sides):
            for text, kind, behind in end.own[node[side]]:
                flying = node[2 + side] | (1 << kind if kind >= 0 else 0)
                if flying == node[2 + side] or flying.bit_count() <= self.room:
                    what = f"{HAPPENS} {text}" if kind < 0 else f"{SENDS} {end.kinds[kind]}"
                    yield f"{ENDS[side]} {what}", _put(node, side, behind, flying)
            for bit in bits(node[3 - side]):
                kind = bit.bit_length() - 1
                rest = node[3 - side] & ~bit
                arrived = _put(node, side, end.receives[node[side]][kind], node[2 + side])
                left = node[3 - side] if self.copies else rest
                yield f"{ENDS[side]} {ARRIVES} {peer.kinds[kind]}", _fly(arrived, 1 - side, left)
                if self.vanishing:
                    yield f"{ENDS[1 - side]} {LOST} {peer.kinds[kind]}", _fly(node, 1 - side, rest)

        for side, kind, after in self.forgings(node):
            yield f"{ENDS[side]} {FORGED} {sides[side][0].kinds[kind]}", after

    def words(self, way: list[Node]) -> list[str]:
        """A way through the graph, step by step, in words."""
        found = []
        for before, after in pairwise(way):
            text = next(text for text, node in self.steps(before) if node == after)
            found.append(f"{text}: {' / '.join(self.pair(after))}")
        return found


def finite(
    model_a: Model, model_b: Model, options: Scenario | str, watched: tuple[Watched, Watched] = ((), ())
) -> Graph:
    """The graph of all that two endpoints can do in a scenario; a node's `pair` are the states of a and b.

    `graph.graph["product"]` tells of steps in words, `graph.graph["initial"]` is the node it begins in. The text that
    each endpoint sends, its initial sequence numbers and its users are the scenario's; losses and duplicates are either
    none or any. All that a node stands for has the same values of the variables that are `watched`, of a and of b by
    identifier. Raises UsageError for a scenario with a clock or a count of those.
    """
    import networkx as nx

    product = product_of(model_a, model_b, options, watched)
    graph: Graph = nx.DiGraph(product=product, initial=product.start)
    seen, todo = {product.start}, [product.start]
    graph.add_node(product.start, pair=product.pair(product.start))
    for node in todo:
        after = product.after(node)
        new = after - seen
        seen |= new
        todo += new
        graph.add_nodes_from((n, {"pair": product.pair(n)}) for n in new)
        graph.add_edges_from((node, n) for n in after)
    return graph


def ends(options: Scenario) -> bool:
    """Whether a scenario can be explored to the end: it has no clock, and none or any losses and duplicates."""
    return not options.ticks and {options.losses, options.duplicates} <= {0, ANY}


def product_of(
    model_a: Model, model_b: Model, options: Scenario | str, watched: tuple[Watched, Watched] = ((), ())
) -> Product:
    """The finite system of a scenario, not explored yet."""
    found = scenario(options) if isinstance(options, str) else options
    if not ends(found):
        raise UsageError(f"scenario '{found.name}' is not finite: no clock, and none or any losses and duplicates")
    system = System(found, (model_a, model_b), ghosts=False)
    a, b = automata(system, watched)
    way = system.start()
    state = way[-1][1] if way else system.initial
    start = (a.class_of[state.a], b.class_of[state.b], _kinds(a, state.flying, 0), _kinds(b, state.flying, 1), 0)
    forgeable = _kinds(a, system.forgeries, 0), _kinds(b, system.forgeries, 1)
    return Product(a, b, start, found.flying, found.duplicates > 0, found.losses > 0, system, forgeable)


def _kinds(end: Automaton, items: Iterable[tuple[int, ...]], side: int) -> int:
    """The kinds of those packets, each behind the endpoint it is from, that are from this one."""
    return sum({1 << end.kind_of[packet] for sender, packet, *_ in items if sender == side})


def bits(number: int) -> Iterator[int]:
    """The bits that are set in a number, each as a number, the lowest first."""
    while number:
        bit = number & -number
        yield bit
        number ^= bit


def _put(node: Node, side: int, after: int, flying: int) -> Node:
    return _fly((after, *node[1:]) if side == 0 else (node[0], after, *node[2:]), side, flying)


def _fly(node: Node, side: int, flying: int) -> Node:
    return (*node[:2], flying, *node[3:]) if side == 0 else (*node[:3], flying, *node[4:])
