"""The replay of a trace that hides nothing: what it tells has happened, in its order, and nothing else.

An endpoint's segments, arrivals, calls, timeouts and crashes are steps of the model, one after the other. Only what an
endpoint selects by itself stays open until something shows it: its initial sequence number, and whether it takes up a
connection request. Its next segment shows that, or the variables of an observation; until then what it is told waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tcpmodel.compile.runtime import Undecided
from tcpmodel.trace import Arrival, Observation, Segment, Told
from tcpmodel.verify.connection import Connection
from tcpmodel.verify.endpoint import BEAM, Endpoint
from tcpmodel.verify.hypothesis import LATE, LEVELS, Hypothesis, Item, best_first
from tcpmodel.verify.machine import Machine

NEARLY = LEVELS["must"] // 2  # explanations this much dearer than the cheapest are dropped
NEVER_SHOWN = 0  # stands for an initial sequence number that nothing in the trace depends on


class ExactEndpoint(Endpoint):
    """One side. `carried` has the segments of the connection by frame."""

    carried: dict[int, Segment]

    def __init__(self, machine: Machine, address: str, vantage: bool, complete: bool, keep: bool) -> None:
        super().__init__(machine, address, False, True, keep)
        self.search.certain = self.search.exact = True
        self.frontier = [Hypothesis(machine.new_tcb())]
        self.best.enter(0)

    def take(self, item: Item) -> bool:
        """The next thing that the endpoint does, that happens to it or that is known of it; False: a deviation."""
        self._prepare(item.time)
        item = item if item.time >= 0 else replace(item, time=self.clock)  # what waits happened at its own time
        self.sent += isinstance(item, Segment)
        cost = self.best.cost
        self.frontier = _cheapest(
            way for node in self.frontier for number in _numbers(node, item)
            for way in self._through(node, (*node.pending, item), number)
        )  # fmt: skip
        return self.best.cost < cost + LEVELS["may"]

    def finish(self) -> None:
        """What still waits at the end depends on no number that a segment shows."""
        self.frontier = _cheapest(
            way for node in self.frontier for number in (NEVER_SHOWN, *_told_numbers(node.pending))
            for way in self._through(node, node.pending, number)
        )  # fmt: skip

    def _through(self, start: Hypothesis, items: Iterable[Item], number: int | None) -> list[Hypothesis]:
        """A hypothesis behind some items, in each way in which they may have happened. `number` is selected where an
        initial sequence number is; None: the rest waits.
        """
        node = start.fork()
        node.pending = ()
        level = [node]
        for item in items:
            level = _cheapest(way for node in level for way in self._step(node, item, number))
        return level

    def _step(self, node: Hypothesis, item: Item, number: int | None) -> list[Hypothesis]:
        if not node.pending:
            self.machine.env.NOW = item.time
            try:
                return self._happens(node, item, number)
            except Undecided:
                pass
        node.pending = (*node.pending, item)
        return [node]

    def _happens(self, node: Hypothesis, item: Item, number: int | None) -> list[Hypothesis]:
        """The item at an endpoint for which nothing waits. Raises Undecided where that takes a number."""
        if isinstance(item, Segment):
            child = self.act(item)(node)
            return [child] if child else self.deviations.book([node], item, self.search, anyway=True)
        if isinstance(item, Arrival):
            return list(self._arrives(node, item, number))
        child = node.fork()
        agrees = self.search.event(child, item, number)
        return [child] if agrees else self.deviations.contradicted([node], item, self.watched)

    def _arrives(self, node: Hypothesis, item: Arrival, number: int | None) -> Iterator[Hypothesis]:
        """The segment arrives; a connection request is taken up or is not."""
        segment = self.carried[item.segment]
        self.watched = (node.t.copy(), segment)
        try:
            yield self.search.arrival(node, item, segment, None, None, 0, item.frame)
        except Undecided:
            if number is None:
                raise
            yield self.search.arrival(node, item, segment, number, True, 0, item.frame)
            yield self.search.arrival(node, item, segment, None, False, LATE, item.frame)


def _numbers(node: Hypothesis, item: Item) -> Iterable[int | None]:
    """The initial sequence numbers that an item may show of an endpoint for which something waits."""
    if node.pending and isinstance(item, Segment):
        return (item.seq,)
    return (None, *_told_numbers((item,))) if node.pending else (None,)


def _told_numbers(items: Iterable[Item]) -> list[int]:
    """The values in observations, of which one may be the number."""
    observed = [item for item in items if isinstance(item, Observation)]
    return sorted({value for item in observed for value in item.tcb.values() if type(value) is int})


def _cheapest(ways: Iterable[Hypothesis]) -> list[Hypothesis]:
    """The explanations worth keeping."""
    found = best_first(list(ways), BEAM)
    return [node for node in found if node.cost <= found[0].cost + NEARLY]


class ExactConnection(Connection):
    """The live replay of a 4-tuple of which nothing is hidden, all its incarnations as one."""

    side = ExactEndpoint

    def __init__(self, machine: Machine, segment: Segment, vantage: str, complete: bool, keep: bool) -> None:
        super().__init__(machine, segment, "", True, keep)
        self.carried: dict[int, Segment] = {}
        self.arrived: dict[int, list[int]] = {}
        self.sides: dict[str, ExactEndpoint] = {}
        for address, end in self.ends.items():
            assert isinstance(end, ExactEndpoint)
            end.carried, self.sides[address] = self.carried, end

    def feed(self, segment: Segment) -> None:
        """The next segment that was sent; a forged one is no step of either endpoint until it arrives."""
        self.last, self.time = segment.frame, segment.time
        self.carried[segment.frame] = segment
        self.arrived[segment.frame] = []
        self.segments += 1
        if self.excerpts.due:
            self.excerpts.follow(segment)
        if not segment.forged:
            self._take(segment.src, segment)
        self.recent.append(segment)

    def tell(self, item: Told) -> None:
        """What happens at one endpoint, or is known of it."""
        if isinstance(item, Arrival):
            self.arrived[item.segment].append(item.frame)
        self._take(item.endpoint, item)

    def _take(self, address: str, item: Item) -> None:
        if not self.sides[address].take(item):
            self.excerpts.mark(self.recent, item if isinstance(item, Segment) else None)
