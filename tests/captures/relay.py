"""A link that loses, delays and repeats: it copies frames between two interfaces as a plan says."""

from __future__ import annotations

import heapq
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence

from tests.captures.net import inside
from tests.captures.wire import ACK, FIN, SYN, Seen, parse

ETH_P_ALL = 3
PACKET_OUTGOING = 4
# A plan gets the direction (0 from left to right, 1 back), the segment, and how often its equal has passed before;
# it returns one delay in seconds for each copy to be delivered: () loses the frame.
Plan = Callable[[int, Seen, int], Sequence[float]]


def after(delay: float) -> Plan:
    """Every frame takes `delay` seconds."""
    return lambda way, seen, times: (delay,)


def lose(way: int, test: Callable[[Seen], bool], delay: float = 0.0) -> Plan:
    """Lose the first segment, in one direction, that passes the test; everything else takes `delay` seconds."""
    left = [1]

    def plan(direction: int, seen: Seen, times: int) -> Sequence[float]:
        if direction == way and left[0] and test(seen):
            left[0] -= 1
            return ()
        return (delay,)

    return plan


def in_order(*tests: Callable[[Seen], bool]) -> Callable[[Seen], bool]:
    """A test that passes once the tests have passed one after the other, each on a segment of its own."""
    waiting = list(tests)

    def test(seen: Seen) -> bool:
        if waiting and waiting[0](seen):
            waiting.pop(0)
            return not waiting
        return False

    return test


def is_syn(seen: Seen) -> bool:
    return bool(seen.flags & SYN)


def is_fin(seen: Seen) -> bool:
    return bool(seen.flags & FIN)


def is_text(seen: Seen) -> bool:
    return seen.size > 0


def is_pure_ack(seen: Seen) -> bool:
    return seen.flags == ACK and seen.size == 0


class Relay(threading.Thread):
    """The thread that copies frames between m0 and m1 of the middle namespace until `stop`."""

    def __init__(self, namespace: str, plan: Plan) -> None:
        super().__init__(daemon=True)
        self.plan, self.running, self.times = plan, True, dict[tuple[object, ...], int]()
        self.queue: list[tuple[float, int, int, bytes]] = []
        with inside(namespace):
            self.ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) for _ in range(2)]
        for end, name in zip(self.ends, ("m0", "m1"), strict=True):
            end.bind((name, ETH_P_ALL))

    def run(self) -> None:
        count = 0
        while self.running:
            wait = min(0.05, max(0.0, self.queue[0][0] - time.monotonic())) if self.queue else 0.05
            for end in select.select(self.ends, [], [], wait)[0]:
                frame, origin = end.recvfrom(65600)
                if origin[2] != PACKET_OUTGOING:
                    count += 1
                    self.take(self.ends.index(end), frame, count)
            while self.queue and self.queue[0][0] <= time.monotonic():
                _, _, way, frame = heapq.heappop(self.queue)
                self.ends[1 - way].send(frame)

    def take(self, way: int, frame: bytes, count: int) -> None:
        seen = parse(frame[14:]) if frame[12:14] == b"\x08\x00" else None
        delays: Sequence[float] = (0.0,)
        if seen:
            key = (way, seen.seq, seen.size, seen.flags & (SYN | FIN))
            delays = self.plan(way, seen, self.times.get(key, 0))
            self.times[key] = self.times.get(key, 0) + 1
        for copy, delay in enumerate(delays):
            heapq.heappush(self.queue, (time.monotonic() + delay, 10 * count + copy, way, frame))

    def stop(self) -> None:
        self.running = False
        self.join(2)
        for end in self.ends:
            end.close()
