"""Best-first search for the cheapest ways in which a hypothesis explains what an endpoint was seen to do.

Before the act, any of the segments on their way may have arrived, in order, late or never, and hidden events may have
happened. What is left for later arrives behind the act; the cheapest way is tried first, within a budget of expansions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import chain, count

from tcpmodel.compile.runtime import Undecided, told
from tcpmodel.trace import Call, Observation, Restart, Segment, Told
from tcpmodel.verify.hypothesis import ALTERED, ASSUMPTION, LATE, LOST, REORDERED, Hypothesis, Item
from tcpmodel.verify.machine import TCB, Machine
from tcpmodel.verify.verdict import Finding

BUDGET = 200  # expansions for one act
SPREAD = 2  # explanations this much dearer than the cheapest are kept beside it
GOALS = 4

# What the act does to a hypothesis: None when it is not allowed, else the hypothesis behind it.
Act = Callable[[Hypothesis], Hypothesis | None]
# The finding that a rule (by number) makes of a TCB at a frame.
Blame = Callable[[TCB, int, int], Finding]
# (cost, order, hypothesis, items left for later, whether a hidden event may come next), and a move to such a node.
Node = tuple[int, int, Hypothesis, tuple[Item, ...], bool]
Move = tuple[Hypothesis, tuple[Item, ...], bool]


class Search:
    """The moves of one endpoint. `variants` maps a frame to what the peer may really have sent there, which
    counts while its own cheapest explanation has it `blamed` for that frame.

    `certain`: the trace was taken at this endpoint, so what was captured arrived, in that order. `exact`: the trace
    hides nothing, so there are no hidden events either.
    """

    exact = False

    def __init__(
        self, machine: Machine, variants: dict[int, list[Segment]], keep: bool, certain: bool, blame: Blame
    ) -> None:
        self.machine, self.variants, self.keep, self.certain = machine, variants, keep, certain
        self.blame, self.blaming, self.told = blame, False, False
        self.blamed: Callable[[int], bool] = lambda _: False

    def explain(
        self,
        starts: list[Hypothesis],
        act: Act,
        item: Segment | None,
        frame: int,
        assume: bool = False,
        budget: int = BUDGET,
        most: int = GOALS,
    ) -> list[Hypothesis]:
        """The `most` cheapest hypotheses behind the act, cheapest first; empty when none was found within the budget.

        Hidden events are tried only where arrivals alone explain nothing: what they leave open they can do later.
        """
        goals = self._explore(starts, act, item, frame, None, budget, most)
        return goals if goals or self.exact else self._explore(starts, act, item, frame, assume, budget, most)

    def _explore(
        self,
        starts: list[Hypothesis],
        act: Act,
        item: Segment | None,
        frame: int,
        hidden: bool | None,
        budget: int,
        most: int,
    ) -> list[Hypothesis]:
        """Best-first over the moves; `hidden`: None for no hidden events, else whether those that assume count."""
        fresh = item.seq if item is not None else None
        heap: list[Node] = [(start.cost, number, start, (), True) for number, start in enumerate(starts)]
        heapify(heap)
        order = count(len(heap))
        seen: set[object] = set()
        goals: list[Hypothesis] = []
        bound = 1 << 60
        while heap and budget and len(goals) < most:
            cost, _, node, later, free = heappop(heap)
            if cost > bound:
                break
            key = (node.key(), tuple(map(id, later)))
            if key in seen:
                continue
            seen.add(key)
            budget -= 1
            goal = act(node)
            if goal is not None and self.may_act(node, item):
                goal.due = frozenset()
                goal.pending = later + node.pending
                goal.cost += LATE if goal.pending else 0
                goals.append(goal)
                bound = min(bound, goal.cost + SPREAD)
            moves = self._arriving(node, later, fresh, frame)
            if free and hidden is not None:
                moves = chain(moves, self._hidden(node, later, fresh, frame, hidden))
            for child, postponed, may_call in moves:
                if child.cost <= bound:
                    heappush(heap, (child.cost, next(order), child, postponed, may_call))
        return sorted((g for g in goals if g.cost <= bound), key=lambda h: h.cost)

    def may_act(self, node: Hypothesis, item: Segment | None) -> bool:
        """Whether nothing must come first: a certain arrival, an event told of, or what a hidden event sends."""
        if self.certain and node.pending:
            return False
        if self.told and item is not None and not all(isinstance(other, Segment) for other in node.pending):
            return False
        return not node.due or item is not None and self.machine.steps.owed(tuple(node.due), item)

    def _arriving(self, node: Hypothesis, later: tuple[Item, ...], fresh: int | None, frame: int) -> Iterator[Move]:
        """The first pending item arrives, is lost, or is left for later."""
        if not node.pending:
            return
        item = node.pending[0]
        if node.due and not isinstance(item, Segment):
            return
        for child in self.arrivals(node, item, fresh, frame):
            yield child, later, not child.due
        if isinstance(item, Segment) and not self.certain:
            lost = self._without_first(node, LOST)
            lost.note("lost", item.frame, None)
            yield lost, later, not node.due
            yield self._without_first(node, REORDERED), (*later, item), not node.due

    def _hidden(
        self, node: Hypothesis, later: tuple[Item, ...], fresh: int | None, frame: int, assume: bool
    ) -> Iterator[Move]:
        """Calls and timeouts nobody saw. What such an event owes must be sent before the next one."""
        for (event, name, cost, kind, arguments), t, began in self.machine.moves(
            node.t, fresh, assume, not self.blaming
        ):
            child = node.fork(t)
            child.cost += cost + sum(arguments.values()) + (ASSUMPTION if kind else 0)
            self.charge(child, self.machine.env.bad, frame)
            child.enter(frame)
            child.note(event, frame, (name, arguments, fresh, self.machine.env.NOW, False))
            if began:
                child.note("begins", frame, fresh)
            if kind:
                child.note("assumption", frame, (kind, f"{name or kind} is the only way to what follows"))
            child.due = node.due | (set(t.owed) - set(node.t.owed))
            yield child, later, not child.due

    def _without_first(self, node: Hypothesis, cost: int) -> Hypothesis:
        child = node.fork()
        child.pending = node.pending[1:]
        child.cost += cost
        return child

    def arrivals(self, node: Hypothesis, item: Item, fresh: int | None, frame: int = 0) -> Iterator[Hypothesis]:
        """The first pending item reaches the endpoint: as captured, or as the sender may really have sent it."""
        if not isinstance(item, Segment):
            child = self._without_first(node, 0)
            if self.event(child, item, fresh):
                yield child
            return
        others = self.variants.get(item.frame, ())
        if others and not self.blamed(item.frame):
            others = ()
        for cost, segment in [(0, item), *((ALTERED, other) for other in others)]:
            try:
                yield self.arrival(node, item, segment, None, None, cost, item.frame)
            except Undecided:
                if fresh is not None:
                    yield self.arrival(node, item, segment, fresh, True, cost, frame)
                yield self.arrival(node, item, segment, None, False, cost + LATE, item.frame)

    def arrival(
        self,
        node: Hypothesis,
        item: Item,
        segment: Segment,
        fresh: int | None,
        accept: bool | None,
        cost: int,
        seen: int,
    ) -> Hypothesis:
        """`node` behind the arrival of `segment` at the time of `item`, `seen` being the frame that shows it."""
        child = self._without_first(node, cost)
        env = self.machine.env
        now, env.NOW, env.began = env.NOW, item.time if item.time >= 0 else env.NOW, -1
        try:
            self.charge(child, self.machine.deliver(child.t, segment, fresh, accept), segment.frame)
        finally:
            env.NOW = now
        child.enter(max(seen, child.out), self.machine.env.passed)
        if env.began >= 0:
            child.note("accepts", seen, fresh)
        if self.keep:
            child.note("deliver", segment.frame, (segment if cost >= ALTERED else None, fresh, accept))
        return child

    def charge(self, node: Hypothesis, bad: list[int], frame: int) -> None:
        """Add the price of rules that forbid an event, or contradict what the hypothesis has assumed."""
        for number in bad:
            node.cost += self.machine.levels[number]
            node.note("finding", frame, self.blame(node.t, number, frame))

    def event(self, node: Hypothesis, item: Told, fresh: int | None) -> bool:
        """An event that the trace itself tells of; False when this hypothesis contradicts it. May raise Undecided."""
        if isinstance(item, Observation):
            agrees = self.agrees(node, item)
            if agrees and self.keep:
                node.note("observed", item.frame, (item.state, dict(item.tcb), item.owes))
            return agrees
        self.machine.env.began = -1
        kind, name = named(item)
        arguments = {f"CALL_{k}": bool(v) for k, v in item.args.items()} if isinstance(item, Call) else {}
        defaults = {
            a: False
            for e, n, _, _, rows, _ in self.machine.steps.HIDDEN
            if (e, n) == (kind, name)
            for a, _ in rows
        }
        if (kind, name) not in self.machine.steps.EVENTS:
            return False
        env = self.machine.env
        env.STRICT = False
        try:
            allowed = self.machine.apply(node.t, kind, name, defaults | arguments, fresh)
        finally:
            env.STRICT = True
        if not allowed:
            return False
        self.charge(node, env.bad, item.frame)
        if self.machine.env.began >= 0:
            node.note("begins", item.frame, fresh)
        node.enter(item.frame)
        if self.keep:
            node.note(kind, item.frame, (name, defaults | arguments, fresh, env.NOW, True))
        return True

    def agrees(self, node: Hypothesis, item: Observation) -> bool:
        """Whether the TCB is in the state observed, with the values observed."""
        if item.state and self.machine.states[node.t.STATE] != item.state:
            return False
        if item.owes is not None and not self.machine.steps.owes(node.t.owed, item.owes):
            return False
        names = {name: attribute for name, attribute, _ in self.machine.steps.VARIABLES}
        return all(told(getattr(node.t, names.get(name, ""), None)) == value for name, value in item.tcb.items())


def named(item: Told) -> tuple[str, str]:
    """The event that a trace tells of, as the specification names it."""
    if isinstance(item, Restart):
        return "crash", ""
    return ("call" if isinstance(item, Call) else "timeout"), getattr(item, "name", "")
