"""A SYN flood and its defences, through the generated step functions, second by second."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import pytest

from tcpmodel.compile import load_steps, replayable
from tcpmodel.errors import UsageError
from tcpmodel.trace.segment import ACK, RST, SYN
from tests.listener.listening import ALWAYS, NEVER, OLDER, ON_OVERFLOW, SECOND, Listener, syn, third

HONEST = {"mss": 1460, "wscale": 7, "sackok": True}
# when a client that gets no answer sends its SYN again, in seconds (RFC 6298 5.5)
BACKOFF = (0, 1, 3, 7, 15, 31, 63)
LIVES = {"": 63, "longer-queue": 63, "shorter-timeout": 3, "syn-cookies": 63, "recycle-oldest": 63}
ROUND_TRIP = SECOND // 10


class Flood:
    """Requests at an even rate that nobody ever completes, and the entries they take."""

    def __init__(self, listener: Listener, rate: float, life: int) -> None:
        self.listener, self.gap, self.life = listener, int(SECOND / rate), life * SECOND
        self.entries: deque[int] = deque()
        self.next = 0

    def until(self, now: int) -> None:
        """Lets the flood go on; entries that have lived are given up first."""
        while self.next <= now:
            self._expire(self.next)
            before = self.listener.half_open
            self.listener.other(self.next, SYN)
            if self.listener.half_open > before:
                self.entries.append(self.next + self.life)
            self.next += self.gap
        self._expire(now)

    def _expire(self, now: int) -> None:
        while self.entries and self.entries[0] <= now:
            self.listener.run("timeout", "OTHERS", self.entries.popleft(), FOUND=OLDER)


def gets_in(rate: float, variant: str = "", cookies: int = NEVER, start: float = 100.05) -> Listener:
    """A listener under a flood of so many requests a second, after an honest client has tried to connect."""
    listener = Listener("honest", 1 << 20, 1 << 20, cookies, variant)
    flood = Flood(listener, rate, LIVES[variant])
    for wait in BACKOFF:
        now = int((start + wait) * SECOND)
        flood.until(now)
        answers = listener.arrives(now, syn(1000, **HONEST))
        if answers:
            ((flags, number, ack),) = answers
            assert (flags, ack) == (SYN | ACK, 1001)
            flood.until(now + ROUND_TRIP)
            listener.arrives(now + ROUND_TRIP, third(1000, number))
            break
    return listener


# requests in a second, overlay, cookies, whether the honest client gets in
FLOODS = [
    (4, "", NEVER, True),  # 256 entries that live 63 s: 4.06 requests in a second fill the queue
    (5, "", NEVER, False),
    (10, "", NEVER, False),
    (65, "longer-queue", NEVER, True),
    (80, "longer-queue", NEVER, False),
    (85, "shorter-timeout", NEVER, True),
    (100, "shorter-timeout", NEVER, False),
    (10, "recycle-oldest", NEVER, True),
    (10_000, "recycle-oldest", NEVER, False),  # more than 256 requests in a round trip
    (10, "", ON_OVERFLOW, True),
    (1000, "", ON_OVERFLOW, True),
    (1000, "syn-cookies", ALWAYS, True),
]


@pytest.mark.parametrize(("rate", "variant", "cookies", "expected"), FLOODS)
def test_an_honest_client_under_a_flood(rate: float, variant: str, cookies: int, expected: bool) -> None:
    start = 100.05 if rate < 5000 else 1.05
    listener = gets_in(rate, variant, cookies, start)
    assert (listener.state == "ESTABLISHED") == expected
    assert listener.half_open <= listener.t.HALF_ROOM
    if expected:
        kept = not listener.t.BY_COOKIE
        assert listener.t.BY_COOKIE == (cookies != NEVER)
        assert (listener.t.SND_WIND_SHIFT, listener.t.SACK_ALLOWED) == ((7, True) if kept else (-1, False))
        assert listener.t.SND_MSS == 1460


def test_nothing_is_kept_of_a_thousand_requests() -> None:
    listener = Listener("honest", 256, 128, ALWAYS)
    before = listener.t.key()
    for number in range(1000):
        listener.other(number, SYN)
    assert listener.t.key() == before


@pytest.mark.parametrize(("age", "taken"), [(0, True), (64, True), (127, False), (128, False), (1000, False)])
def test_a_cookie_has_a_life(age: int, taken: bool) -> None:
    """Sent in the middle of a period, it is good until the end of the next."""
    listener = Listener("honest", 256, 128, ALWAYS)
    sent = 64 * SECOND + 32 * SECOND
    ((_, number, _),) = listener.arrives(sent, syn(1000, **HONEST))
    answers = listener.arrives(sent + age * SECOND, third(1000, number))
    assert (listener.state == "ESTABLISHED") == taken
    assert answers == ([] if taken else [(RST, (number + 1) & 0xFFFFFFFF, -1)])


@pytest.mark.parametrize("change", [1 << 31, 4, -4, 12345])
def test_a_guess_is_refused(change: int) -> None:
    listener = Listener("honest", 256, 128, ALWAYS)
    ((_, number, _),) = listener.arrives(SECOND, syn(1000, mss=536))
    assert listener.arrives(SECOND, third(1000, number + change))[0][0] == RST
    assert listener.arrives(SECOND, third(1001, number))[0][0] == RST, "the cookie is for another initial number"
    listener.peer = "another"
    assert listener.arrives(SECOND, third(1000, number))[0][0] == RST, "the cookie is for another 4-tuple"
    assert listener.state == "LISTEN"


SIZES = [(-1, 536), (536, 536), (1299, 536), (1300, 1300), (1459, 1440), (9000, 1460)]


@pytest.mark.parametrize(("offered", "told"), SIZES)
def test_a_cookie_tells_a_size(offered: int, told: int) -> None:
    listener = Listener("honest", 256, 128, ALWAYS)
    ((_, number, _),) = listener.arrives(SECOND, syn(1000, mss=offered))
    listener.arrives(SECOND, third(1000, number))
    assert listener.t.SND_MSS == told


def test_initial_numbers_go_on_with_the_clock() -> None:
    numbers = []
    for second in (0, 1, 2):
        listener = Listener("honest", 256, 128)
        ((_, number, _),) = listener.arrives(second * SECOND, syn(1000))
        numbers.append(number)
    assert [(b - a) & 0xFFFFFFFF for a, b in pairwise(numbers)] == [250_000, 250_000]


def test_no_trace_is_held_against_a_listener() -> None:
    with pytest.raises(UsageError, match="no trace can be held against 'listener'"):
        replayable(load_steps("listener"))
    assert replayable(load_steps()).NAME == "rfc9293"
