"""Counting the others is exact: views of one listener, each following another peer, and a plain queue beside them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from tcpmodel.trace.segment import ACK, RST, SYN
from tests.listener.listening import (
    NEVER,
    NOTHING_KEPT,
    OLDER,
    ON_OVERFLOW,
    SECOND,
    VALID_COOKIE,
    YOUNGER,
    Listener,
    reset,
    syn,
    third,
)

LIFE = 63 * SECOND
NUMBER = 5000


@dataclass
class Queue:
    """The same listener written down plainly: the peers that have an entry, oldest first, and when it was made."""

    half: int
    backlog: int
    cookies: bool
    entries: dict[int, int] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)

    def where(self, peer: int, from_: int) -> int:
        """What a view that follows `from_` says of the peer."""
        if peer not in self.entries:
            return NOTHING_KEPT
        order = list(self.entries)
        return YOUNGER if from_ in order and order.index(from_) < order.index(peer) else OLDER


class Views:
    """The queue and a view of it for each peer, given the same events."""

    def __init__(self, peers: int, half: int, backlog: int, cookies: int) -> None:
        self.queue = Queue(half, backlog, cookies == ON_OVERFLOW)
        self.views = [Listener(str(peer), half, backlog, cookies) for peer in range(peers)]
        self.now = 0

    def syn(self, peer: int) -> None:
        queue, free = self.queue, peer not in self.queue.waiting
        others = {view: queue.where(peer, n) for n, view in enumerate(self.views) if n != peer}
        if peer in queue.waiting:
            return
        answers = self.views[peer].arrives(self.now, syn(NUMBER))
        for view, found in others.items():
            view.other(self.now, SYN, found)
        if free and peer not in queue.entries and len(queue.entries) < queue.half:
            queue.entries[peer] = self.now
        if answers:
            queue.sent[peer] = answers[0][1]

    def third(self, peer: int) -> None:
        queue = self.queue
        if peer in queue.waiting or peer not in queue.sent:
            return
        cookie = peer not in queue.entries
        answers = self.views[peer].arrives(self.now, third(NUMBER, queue.sent[peer]))
        valid = not any(flags == RST for flags, _, _ in answers)
        for n, view in enumerate(self.views):
            if n != peer:
                view.other(self.now, ACK, VALID_COOKIE if cookie and valid else queue.where(peer, n))
        if valid and len(queue.waiting) < queue.backlog:
            queue.entries.pop(peer, None)
            queue.waiting.append(peer)

    def reset(self, peer: int) -> None:
        found = [self.queue.where(peer, n) for n in range(len(self.views))]
        for n, view in enumerate(self.views):
            if n == peer:
                view.arrives(self.now, reset(NUMBER))
            else:
                view.other(self.now, RST, found[n])
        self.queue.entries.pop(peer, None)

    def accept(self) -> None:
        if self.queue.waiting:
            peer = self.queue.waiting.pop(0)
            for n, view in enumerate(self.views):
                view.run("call", "ACCEPT", self.now, CALL_followed=n == peer)
                if n == peer:
                    view.run("timeout", "TIME-WAIT", self.now)
            self.queue.sent.pop(peer, None)

    def pass_time(self, time: int) -> None:
        """Gives up the entries that have been kept for their whole life, oldest first."""
        self.now += time
        for peer, made in list(self.queue.entries.items()):
            if made + LIFE > self.now:
                break
            found = [self.queue.where(peer, n) for n in range(len(self.views))]
            del self.queue.entries[peer]
            for n, view in enumerate(self.views):
                if n == peer:
                    self._timers(view)
                else:
                    view.run("timeout", "OTHERS", self.now, FOUND=found[n])

    def _timers(self, view: Listener) -> None:
        while view.state == "SYN-RECEIVED":
            assert view.t.DUE <= self.now
            view.timer(view.t.DUE)

    def check(self) -> None:
        order = list(self.queue.entries)
        for peer, view in enumerate(self.views):
            assert view.half_open == len(order) <= self.queue.half
            assert view.t.WAITING == len(self.queue.waiting) <= self.queue.backlog
            assert (view.state == "SYN-RECEIVED") == (peer in order)
            assert (view.state == "ESTABLISHED") == (peer in self.queue.waiting)
            assert view.t.OLDER == (order.index(peer) if peer in order else len(order))


@pytest.mark.parametrize("cookies", [NEVER, ON_OVERFLOW])
@pytest.mark.parametrize("seed", range(10))
def test_every_view_is_right(seed: int, cookies: int) -> None:
    draw = random.Random(seed)
    views = Views(peers=6, half=draw.randint(1, 4), backlog=draw.randint(1, 3), cookies=cookies)
    reached = set()
    for _ in range(300):
        what = draw.choice(("syn", "syn", "third", "reset", "accept", "time"))
        if what == "time":
            views.pass_time(draw.randint(0, 40) * SECOND)
        elif what == "accept":
            views.accept()
        else:
            getattr(views, what)(draw.randrange(6))
        views.check()
        reached |= {view.state for view in views.views}
        reached |= {"full"} if len(views.queue.entries) == views.queue.half else set()
    assert reached >= {"LISTEN", "SYN-RECEIVED", "ESTABLISHED", "full"}
