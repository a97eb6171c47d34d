"""The replay of one endpoint: what it sent, explained by what reached it.

The greedy path delivers every segment on sight and asks whether the model may send what the endpoint sent. Where it
fails, the search goes back over the last segments and tries every later arrival and every loss; then what may be
assumed about the capture; then it books a deviation and goes on. The frontier holds the explanations still alive.
"""

from __future__ import annotations

from collections import deque

from tcpmodel.compile.runtime import Undecided
from tcpmodel.trace import Segment, Told
from tcpmodel.verify.deviation import Deviations
from tcpmodel.verify.hypothesis import ASSUMPTION, LEVELS, Hypothesis, Item, best_first, unwind
from tcpmodel.verify.lag import fall_behind, in_order
from tcpmodel.verify.machine import TCB, Machine
from tcpmodel.verify.search import GOALS, Act, Search

BEAM = 10  # explanations carried along
WINDOW = 40  # segments the search can go back over
DEPTHS = (8, WINDOW)
CALM = 24  # own segments without trouble after which the best explanation alone goes on
PENDING = 2000  # segments on their way to one endpoint; older ones are taken to have arrived
PROMPT = 8  # own segments in a row behind which nothing was left pending, after which arrival is on sight again
DEAR_CALLS = 5  # hidden events dearer than this are weighed against late arrivals first


class Refuted(Exception):
    """A strict endpoint sent what only a deviation explains."""


class Endpoint:
    """One side of a connection. `address` names it; `peer` is set by the connection.

    Without `greedy` every segment is left to the search, which must come to the same verdict.
    """

    greedy = True

    def __init__(self, machine: Machine, address: str, vantage: bool, complete: bool, keep: bool) -> None:
        self.machine, self.address, self.keep = machine, address, keep
        self.vantage, self.complete = vantage, complete
        self.clock = -1
        self.troubled = False  # alternatives are carried along after an assumption or a deviation
        self.strict = False  # raise Refuted instead of booking a deviation
        self.prompt, self.lagging, self.searched = 0, False, False
        self.late = self.alone = self.told = False
        self.variants: dict[int, list[Segment]] = {}
        self.deviations = Deviations(machine, address, self.variants)
        self.search = Search(machine, {}, keep, vantage, self.deviations.event)
        self.frontier: list[Hypothesis] = []
        self.log: deque[tuple[Item, bool, list[Hypothesis] | None]] = deque()
        self.calm = 0
        self.sent = 0
        self.peer: Endpoint | None = None
        self.peer_then: TCB | None = None  # when a segment is judged that was put off
        self._peer_tcb = self.peer_tcb
        self.watched: tuple[TCB, Segment] | None = None

    def face(self, peer: Endpoint) -> None:
        """Join the two sides: each receives what the other may really have sent."""
        self.peer, peer.peer = peer, self
        self.search.variants, peer.search.variants = peer.variants, self.variants
        self.search.blamed, peer.search.blamed = peer.blamed, self.blamed

    def blamed(self, frame: int) -> bool:
        """Whether the cheapest explanation has a deviation at this frame."""
        return any(step[:2] == ("finding", frame) for step in unwind(self.best.trail))

    @property
    def best(self) -> Hypothesis:
        """The cheapest explanation."""
        return self.frontier[0]

    def peer_tcb(self) -> TCB | None:
        """The peer's TCB by its own replay; None where nothing was seen of the peer."""
        if self.peer is None or not self.peer.frontier or not self.peer.sent:
            return None
        return self.peer_then or self.peer.best.t

    def start(self, receives_first: bool) -> None:
        """The initial frontier: in the initial state, and where a call may have led that needs no fresh number."""
        initial = Hypothesis(self.machine.new_tcb())
        self.frontier = [initial]
        if receives_first:
            for event, name, _, kind, arguments in self.machine.hidden[initial.t.STATE]:
                t = self.machine.new_tcb()
                try:
                    self.machine.apply(t, event, name, arguments, None)
                except Undecided:
                    continue
                if t.STATE != initial.t.STATE and not kind:
                    waiting = Hypothesis(t)
                    waiting.note(event, 0, (name, arguments, None, -1, False))
                    self.frontier.insert(0, waiting)
        for hypothesis in self.frontier:
            hypothesis.enter(0)

    def receive(self, segment: Segment) -> None:
        """The peer's segment was captured; it may arrive now, later or never."""
        if not self.frontier:
            self.start(receives_first=True)
        self._prepare(segment.time)
        self.remember(segment, False, None if self.log else [h.fork() for h in self.frontier])
        if self.keep:
            self.watched = (self.best.t.copy(), segment)
        for hypothesis in self.frontier:
            if hypothesis.pending or self.lagging or not self.greedy:
                self._postpone(hypothesis, segment)
                continue
            try:
                bad = self.machine.deliver(hypothesis.t, segment)
            except Undecided:
                hypothesis.pending = (segment,)
                continue
            if bad:
                self.search.charge(hypothesis, bad, segment.frame)
            if hypothesis.t.STATE != hypothesis.states[2]:  # type: ignore[index]
                hypothesis.enter(segment.frame, self.machine.env.passed)
            if self.keep:
                hypothesis.note("deliver", segment.frame, (None, None, None))
        if len(self.frontier) > 1:
            self.frontier.sort(key=lambda h: h.cost)

    def send(self, segment: Segment) -> bool:
        """The endpoint's own segment was captured. False when only an assumption or a deviation explains it."""
        if not self.frontier:
            self.start(receives_first=False)
            self.alone = self.peer is None or not self.peer.sent
        self._prepare(segment.time)
        self.sent += 1
        self.searched = False
        best = self.frontier[0]
        if len(self.frontier) == 1 and best.pending and self.greedy and in_order(self, best, segment):
            return True
        if len(self.frontier) == 1 and not best.pending:
            t = best.t.copy()
            if self.machine.emit(t, segment) < 0:
                self.remember(segment, True, [Hypothesis(best.t, (), best.cost, best.trail, best.states, best.out)])
                best.t, best.out = t, segment.frame
                if t.STATE != best.states[2]:  # type: ignore[index]
                    best.enter(segment.frame)
                if self.keep:
                    best.note("send", segment.frame, False)
                return True
            if self.greedy and fall_behind(self, segment):
                return True
        self.searched = True
        goals = self._freely(segment)
        if goals:
            self._adopt(segment, goals, trouble=False)
        return bool(goals)

    def _postpone(self, hypothesis: Hypothesis, segment: Segment) -> None:
        """Leave an arrival open; what has been open for very long is taken to have arrived."""
        hypothesis.pending = (*hypothesis.pending, segment)
        if len(hypothesis.pending) > PENDING:
            first = next(self.search.arrivals(hypothesis, hypothesis.pending[0], 0, segment.frame), hypothesis)
            hypothesis.t, hypothesis.pending, hypothesis.trail = first.t, first.pending, first.trail
            hypothesis.states = first.states

    def keep_up(self, node: Hypothesis) -> None:
        """An endpoint whose segments leave nothing pending for a while is taken to receive on sight again."""
        self.prompt = 0 if node.pending else self.prompt + 1
        self.lagging = self.prompt < PROMPT and (self.lagging or bool(node.pending))

    def settle(self, segment: Segment) -> None:
        """The segment that `send` could not explain: with assumptions about the capture, else as a deviation."""
        self._prepare(segment.time)
        base = self._before(segment)
        goals = self._explain(base, self.act(segment, assume=True), segment, assume=True)
        if self.sent == 1 and not self.told:
            goals += self._pick_up(segment)
        blamed = self.deviations.book(base, segment, self.search, anyway=not goals and not self.search.told)
        if self.strict and all(h.cost >= LEVELS["must"] for h in goals + blamed):
            raise Refuted
        if not goals and not blamed:
            refuted = [self.refuted(h) for h in base]
            blamed = self.deviations.book(refuted, segment, self.search, anyway=True)
        self._adopt(segment, goals + blamed, trouble=True)

    def refuted(self, hypothesis: Hypothesis) -> Hypothesis:
        """A hypothesis that agrees with nothing it was still told of, at the price of deviations."""
        child = hypothesis.fork()
        child.pending = tuple(item for item in hypothesis.pending if isinstance(item, Segment))
        for item in hypothesis.pending:
            if not isinstance(item, Segment):
                child = self.deviations.contradicted([child], item, self.watched)[0]
        return child

    def tell(self, item: Told) -> None:
        """An event that the trace itself reports of this endpoint."""
        if not self.frontier:
            self.start(receives_first=False)
        self._prepare(item.time)
        self.search.told = True
        before = None if self.log else [h.fork() for h in self.frontier]

        def act(node: Hypothesis) -> Hypothesis | None:
            child = node.fork()
            return child if self.search.event(child, item, None) else None

        try:
            goals = self.search.explain(self.frontier, act, None, item.frame)
            if not goals and not any(h.pending for h in self.frontier):
                again = self._rerun(DEPTHS[0])
                self._prepare(item.time)  # the clock went back with it
                goals = self.search.explain(again, act, None, item.frame)
        except Undecided:
            self.told, goals, undecided = True, [], True
        else:
            undecided = False
        self.remember(item, False, before)
        if undecided or not goals and any(h.pending for h in self.frontier):
            for hypothesis in self.frontier:
                hypothesis.pending = (*hypothesis.pending, item)
            return
        goals = goals or self.search.explain(self.frontier, act, None, item.frame, assume=True)
        self.told = self.told or bool(goals)
        self.frontier = best_first(goals or self.deviations.contradicted(self.frontier, item, self.watched), BEAM)

    def disturbed(self, segment: Segment, passed: list[Segment]) -> bool:
        """Whether `segment` is explained when the segments captured just behind it came before it."""
        self._prepare(segment.time)
        goals = self._freely(segment)
        for goal in goals:
            goal.cost += ASSUMPTION
            text = f"frame {passed[0].frame} was captured behind frame {segment.frame}, but came before it"
            goal.note("assumption", segment.frame, ("order-disturbed", text))
        if goals:
            self._adopt(segment, goals, trouble=True)
        return bool(goals)

    def forget(self, passed: list[Segment]) -> None:
        """Take back the arrival of segments that are to arrive later after all."""
        frames = {segment.frame for segment in passed}
        while self.log and isinstance(self.log[-1][0], Segment) and self.log[-1][0].frame in frames:
            self.log.pop()

    def skip(self, segment: Segment, kind: str, message: str) -> None:
        """Leave a segment out of the replay, at the price of an assumption about the capture."""
        self.log.clear()  # what is replayed anew would have it back
        for hypothesis in self.frontier:
            hypothesis.cost += ASSUMPTION
            hypothesis.note("assumption", segment.frame, (kind, message))

    def _prepare(self, time: int) -> None:
        env = self.machine.env
        self.clock = max(time, self.clock)
        env.NOW = time if time >= 0 else self.clock
        env.VANTAGE, env.peer = self.vantage, self._peer_tcb

    def remember(self, item: Item, own: bool, before: list[Hypothesis] | None = None) -> None:
        """Log an item, with the frontier before it, for a search that has to go back."""
        log = self.log
        log.append((item, own, before))
        if len(log) > WINDOW + 8:
            log.popleft()
            while log and log[0][2] is None:
                log.popleft()

    def act(self, item: Segment, assume: bool = False) -> Act:
        """Sending `item`, as the search applies it to a hypothesis."""

        def act(node: Hypothesis) -> Hypothesis | None:
            t = node.t.copy()
            self.machine.env.NOW = item.time if item.time >= 0 else self.clock
            if self.machine.emit(t, item, assume) >= 0:
                return None
            child = node.fork(t)
            for number in self.machine.env.assumed:
                child.cost += ASSUMPTION
                row = self.machine.steps.RULES[number]
                text = self.machine.steps.MESSAGES[number](node.t, item, self.machine.env)
                child.note("assumption", item.frame, (row[6], text))
            child.out = item.frame
            child.enter(item.frame)
            if self.keep:
                child.note("send", item.frame, assume)
            return child

        return act

    def _explain(self, frontier: list[Hypothesis], act: Act, item: Segment, assume: bool = False) -> list[Hypothesis]:
        most = GOALS if self.troubled or assume else 1
        goals = self.search.explain(frontier, act, item, item.frame, assume, most=most)
        settled = [h for h in frontier if not self.machine.steps.UNSETTLED(h.t)] if self.complete else frontier
        if len(settled) < len(frontier):  # evidence may never come, and nothing is missing in the end
            goals += self.search.explain(settled, act, item, item.frame, assume, most=most)
        return best_first(goals, BEAM)

    def _freely(self, segment: Segment) -> list[Hypothesis]:
        """Explanations that assume nothing about the capture, from here or from a few segments back."""
        goals = self._explain(self.frontier, self.act(segment), segment)
        if goals and goals[0].cost <= self.best.cost + DEAR_CALLS:
            return goals
        for depth in DEPTHS:
            again = self._again(depth, segment)
            if again:
                return best_first(goals + again, BEAM)
        return goals

    def _before(self, segment: Segment) -> list[Hypothesis]:
        """The frontier in front of a troublesome segment, with the arrivals since the last own segment still open."""
        return best_first(self.frontier + self._rerun(DEPTHS[0]), BEAM)

    def _again(self, depth: int, segment: Segment) -> list[Hypothesis]:
        return self._explain(self._rerun(depth), self.act(segment), segment)

    def _rerun(self, depth: int) -> list[Hypothesis]:
        """The frontier after the last `depth` items, replayed with every arrival left open."""
        items = list(self.log)
        first = max(0, len(items) - depth)
        while first >= 0 and items and items[first][2] is None:
            first -= 1
        if first < 0 or not items:
            return []
        frontier = [h.fork() for h in items[first][2] or ()]
        for item, own, _ in items[first:]:
            if not own:
                for hypothesis in frontier:
                    hypothesis.pending = (*hypothesis.pending, item)
            elif isinstance(item, Segment):
                frontier = self._explain(frontier, self.act(item), item)
        return frontier

    def _peer_late(self) -> bool:
        return self.peer is not None and self.peer.late

    def _pick_up(self, segment: Segment) -> list[Hypothesis]:
        """Explanations of an endpoint's first segment that have the capture begin in mid-connection."""
        goals = []
        opened = not self.alone and not self._peer_late()
        for rank, (t, values) in enumerate(self.machine.pickups(segment, opened)):
            start = Hypothesis(t, (), ASSUMPTION // 2 + rank, None, None, 0)
            start.enter(0)
            text = f"the capture begins after the handshake; {self.machine.states[t.STATE]} before its first segment"
            start.note("pickup", segment.frame, (opened, values))
            start.note("assumption", segment.frame, ("capture-starts-late", text))
            goals += self.search.explain([start], self.act(segment), segment, segment.frame)
        self.late = self.late or bool(goals)
        return goals

    def finish(self) -> None:
        """At the end whatever can still arrive has arrived, unless it waits for a choice that was never revealed."""
        self.frontier = [self._arrive_all(hypothesis) for hypothesis in self.frontier]

    def _arrive_all(self, hypothesis: Hypothesis) -> Hypothesis:
        while hypothesis.pending:
            try:
                child = next(self.search.arrivals(hypothesis, hypothesis.pending[0], None), None)
            except Undecided:  # a choice that no later segment revealed
                break
            hypothesis = child or self.refuted(hypothesis)
        return hypothesis

    def _settled(self) -> list[Hypothesis]:
        """The best explanation that waits for no evidence, where the very best one does."""
        unsettled = self.machine.steps.UNSETTLED
        if not unsettled(self.best.t):
            return []
        return [h for h in self.frontier[1:] if not unsettled(h.t)][:1]

    def conclude(self) -> None:
        """At the end of a complete trace, evidence that never came counts against an assumption."""
        for hypothesis in self.frontier:
            if self.complete and self.machine.steps.UNSETTLED(hypothesis.t):
                hypothesis.cost += LEVELS["must"]
        self.frontier.sort(key=lambda h: h.cost)

    def _adopt(self, segment: Segment, goals: list[Hypothesis], trouble: bool) -> None:
        if trouble:
            self.log.clear()  # the search does not go back over what took an assumption or a deviation
        else:
            self.remember(segment, True, [h.fork() for h in self.frontier])
        bound = min(g.cost for g in goals) + 3 * LEVELS["must"] // 2
        self.frontier = best_first([g for g in goals if g.cost <= bound], BEAM)
        self.keep_up(self.best)
        self.calm = 0 if trouble else self.calm + 1
        self.troubled = trouble or (self.troubled and self.calm <= CALM)
        if not self.troubled:
            self.frontier = self.frontier[:1] + self._settled()
