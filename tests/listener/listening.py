"""A listener at work: the generated step functions, the clock, and the keyed hashes that they read from the world."""

from __future__ import annotations

import hashlib
from types import ModuleType, SimpleNamespace
from typing import Any

from tcpmodel.compile import load_steps
from tcpmodel.trace.segment import ACK, RST, SYN, Segment

SECOND = 1_000_000_000
PERIOD, TICK = 64 * SECOND, 4_000
NEVER, ON_OVERFLOW, ALWAYS = range(3)
NOTHING_KEPT, OLDER, YOUNGER, VALID_COOKIE = range(4)
WORD = 0xFFFFFFFF


def keyed(*parts: object) -> int:
    """32 bits that nobody can tell without the key."""
    text = repr(parts).encode()
    return int.from_bytes(hashlib.blake2s(text, key=b"a secret", digest_size=4).digest(), "big")


class Listener:
    """One listener, as it looks to somebody who follows the peer of that name. Times are in nanoseconds."""

    def __init__(self, peer: str, half: int, backlog: int, cookies: int = NEVER, variant: str = "") -> None:
        self.steps: ModuleType = load_steps("listener", variants=(variant,) if variant else ())
        self.t: Any = self.steps.TCB()
        self.peer = peer
        self.run("call", "OPEN", 0, CALL_half=half, CALL_backlog=backlog, CALL_cookies=cookies)

    @property
    def state(self) -> str:
        return str(self.steps.STATES[self.t.STATE])

    @property
    def half_open(self) -> int:
        return int(self.t.OLDER + self.t.YOUNGER + (self.state == "SYN-RECEIVED"))

    def run(self, event: str, name: str, now: int, segment: Segment | None = None, **more: int) -> None:
        """One event at that time; `more` are names of the environment, and arguments of a call."""
        world: dict[str, int] = {"NOW": now, "FOLLOWED": False, "FOUND": NOTHING_KEPT, "NOTED": True}
        world |= {"ISN_CLOCK": now // TICK, "ISN_OFFSET": keyed("isn", self.peer)}
        world |= {"COOKIE_COUNT": now // PERIOD, "COOKIE_NOW": 0, "COOKIE_BEFORE": 0} | more
        e = SimpleNamespace(STRICT=False, ASSUME=False, bad=[], assumed=[], passed=[], began=-1, **world)
        self.steps.EVENTS[event, name][self.t.STATE](self.t, segment, e)

    def arrives(self, now: int, segment: Segment) -> list[tuple[int, int, int]]:
        """A segment of the followed peer; the answers, each (control bits, SEQ, ACK or -1)."""
        self.t.owed = ()
        irs = segment.seq if segment.flags == SYN else (segment.seq - 1) & WORD
        hashes = [keyed("cookie", self.peer, irs, now // PERIOD - back) for back in (0, 1)]
        self.run("segment", "", now, segment, FOLLOWED=True, COOKIE_NOW=hashes[0], COOKIE_BEFORE=hashes[1])
        return [form for _, forms in self.t.owed for form in forms]

    def other(self, now: int, flags: int, found: int = NOTHING_KEPT) -> None:
        """A segment of another peer, for which the listener keeps what is said."""
        self.run("segment", "", now, Segment(1, now, "", "", flags=flags), FOUND=found)

    def timer(self, now: int) -> None:
        """The timer of the followed peer's SYN,ACK."""
        self.run("timeout", "SYN-ACK", now)


def syn(number: int, **options: Any) -> Segment:
    """A connection request."""
    return Segment(1, 0, "", "", seq=number, flags=SYN, len=1, **options)


def third(number: int, acknowledged: int) -> Segment:
    """The third segment of a handshake that began with that number."""
    return Segment(1, 0, "", "", seq=(number + 1) & WORD, ack=(acknowledged + 1) & WORD, flags=ACK)


def reset(number: int) -> Segment:
    """A RST that the peer sends after its SYN."""
    return Segment(1, 0, "", "", seq=(number + 1) & WORD, flags=RST)
