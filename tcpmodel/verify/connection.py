"""One 4-tuple: both endpoints replayed side by side, and the verdicts of its incarnations.

The two replays meet only in the segments: what one sent is what the other may receive. That is sound because TCP
endpoints share nothing else; what couples them (a segment altered or never captured) is offered to both sides.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

from tcpmodel.trace import Segment, Told
from tcpmodel.verify.endpoint import Endpoint
from tcpmodel.verify.excerpts import Excerpts
from tcpmodel.verify.hypothesis import Hypothesis, Item
from tcpmodel.verify.machine import TCB, Machine

SWAPPED = 1_000_000  # ns: segments captured this close together may have been captured in the wrong order
PASSED = 3  # segments that may have come before one that was captured ahead of them
STORY = 64  # segments up to which a connection is kept whole, to be told again with one of them altered
RECENT = 32  # segments in which a copy of a frame is looked for


def _alike(a: Segment, b: Segment) -> bool:
    """Whether one is a copy of the other: the same packet, or where there are no packets, the same fields."""
    if a.ident or b.ident:
        return a.ident == b.ident
    return replace(a, frame=b.frame, time=b.time) == b


class Connection:
    """The live replay of a 4-tuple. `opener` is the address first seen sending."""

    side: type[Endpoint] = Endpoint

    def __init__(self, machine: Machine, segment: Segment, vantage: str, complete: bool, keep: bool) -> None:
        self.opener, self.other, self.carrier = segment.src, segment.dst, segment.carrier
        self.ends = {
            address: self.side(machine, address, vantage == address, complete, keep)
            for address in (segment.src, segment.dst)
        }
        self.ends[segment.src].face(self.ends[segment.dst])
        self.vantage, self.complete = vantage, complete
        self.first = segment.frame
        self.last = segment.frame
        self.time = segment.time
        self.recent: deque[Segment] = deque(maxlen=RECENT)
        self.excerpts = Excerpts(self.ends)
        self.segments = 0
        # frame -> (segments before it, frame of the one before it), where an incarnation may begin
        self.marks: dict[int, tuple[int, int]] = {}
        self.story: list[Item] = []
        self.held: tuple[Segment, list[Hypothesis], list[Segment]] | None = None
        self.peer_then: TCB | None = None  # of the peer of the held one's sender
        self.arrived: dict[int, list[int]] | None = None  # frame -> those behind which it arrived, where that is told

    def feed(self, segment: Segment) -> None:
        """The next captured segment of this 4-tuple."""
        before, self.last, self.time = self.last, segment.frame, segment.time
        if self.segments <= STORY:
            self._write_down(segment)
        sender, receiver = self.ends[segment.src], self.ends[segment.dst]
        if self.excerpts.due:
            self.excerpts.follow(segment)
        if self.held is not None and not self._may_have_passed(segment):
            self._settle()
        explained = sender.send(segment)
        if sender.searched:
            self.marks[segment.frame] = (self.segments, before)
        self.segments += 1
        if not explained:
            self._trouble(segment, sender, receiver)
        self.recent.append(segment)
        receiver.receive(segment)
        if self.held is not None and segment.dst == self.held[0].src:
            self._retry(segment)

    def _trouble(self, segment: Segment, sender: Endpoint, receiver: Endpoint) -> None:
        """A segment that needs an assumption or a deviation. A copy of another was not sent, but may arrive again."""
        self.excerpts.mark(self.recent, segment)
        if self._copied(segment, sender):
            return
        if self.held is not None and self.held[0].src != segment.src:
            self._settle()
        if self.held is None and segment.time >= 0 and sender.sent > 0:
            self.held = (segment, [h.fork() for h in sender.frontier], [])
            self.peer_then = receiver.best.t.copy() if receiver.frontier else None
        else:
            sender.settle(segment)

    def overtaken(self, seen_first: Segment, seen_second: Segment) -> None:
        """Two segments of one sender that were captured in the order of arrival, but sent in the other."""
        self.flush()
        sender, receiver = self.ends[seen_first.src], self.ends[seen_first.dst]
        for segment in (seen_second, seen_first):
            if not sender.send(segment):
                sender.settle(segment)
        self.last, self.time = seen_second.frame, seen_second.time
        self.segments += 2
        self.recent += (seen_first, seen_second)
        receiver.receive(seen_first)
        receiver.receive(seen_second)

    def _write_down(self, segment: Segment) -> None:
        """Keep a short connection whole; one that grows too long to be told again is not kept."""
        if self.segments < STORY:
            self.story.append(segment)
        else:
            self.story = []

    def tell(self, item: Told) -> None:
        """An event that the trace reports of one endpoint."""
        self.flush()
        if self.segments <= STORY:
            self.story.append(item)
        self.excerpts.mark(self.recent)
        self.ends[item.endpoint].tell(item)

    def flush(self) -> None:
        """Decide what was waiting for later segments."""
        if self.held is not None:
            self._settle()

    def rest(self) -> None:
        """Give up what is kept for going back, once nothing more is expected."""
        for end in self.ends.values():
            end.log.clear()
        self.recent.clear()
        self.excerpts.prune()

    def _copied(self, segment: Segment, sender: Endpoint) -> bool:
        copy = next((s for s in self.recent if s.src == segment.src and _alike(s, segment)), None)
        if copy is None or sender.vantage and not segment.ident:
            return False  # nothing on the way could have doubled it
        sender.skip(segment, "captured-twice", f"frame {segment.frame} is a copy of frame {copy.frame}")
        return True

    def _may_have_passed(self, segment: Segment) -> bool:
        assert self.held is not None
        held, _, passed = self.held
        return segment.dst == held.src and 0 <= segment.time <= held.time + SWAPPED and len(passed) < PASSED

    def _retry(self, segment: Segment) -> None:
        """Is the held segment explained once this one, captured behind it, has arrived?"""
        assert self.held is not None
        held, _, passed = self.held
        passed.append(segment)
        if self.ends[held.src].disturbed(held, passed):
            self.held = None

    def _settle(self) -> None:
        """No later segment explained the held one: take it where it stood."""
        assert self.held is not None
        held, frontier, passed = self.held
        self.held = None
        sender = self.ends[held.src]
        sender.frontier = frontier
        sender.forget(passed)
        sender.peer_then = self.peer_then
        sender.settle(held)
        sender.peer_then = None
        for segment in passed:
            sender.receive(segment)

    def over(self) -> bool:
        """Whether neither side is expected to send again."""
        return all(not end.frontier or end.machine.steps.OVER(end.best.t) for end in self.ends.values())

    def trail(self, address: str) -> list[tuple[str, int, Any]]:
        """The steps of the cheapest explanation of one side."""
        from tcpmodel.verify.hypothesis import unwind

        end = self.ends[address]
        return list(unwind(end.best.trail)) if end.frontier else []
