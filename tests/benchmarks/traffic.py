"""Synthetic TCP traffic as a tap half-way between clients and servers sees it: correct, mixed and repeatable.

Each connection is a generator of packets in the order of their times. It holds the little of TCP that the traffic
needs: sequence numbers, delayed acknowledgments, timestamps (RFC 7323), SACK, losses behind the tap with their
repair, orderly closes and resets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

MODULO = 1 << 32
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MSS, SHIFT = 1448, 7
WINDOW = 64240  # octets, in a SYN; later 502 << SHIFT
MICRO, MILLI = 1_000, 1_000_000  # ns


@dataclass(slots=True)
class Packet:
    """A segment on the wire: ns, who sent it (0 client, 1 server), the header's fields, options, octets of text."""

    time: int
    side: int
    flags: int
    seq: int
    ack: int
    wnd: int
    options: bytes
    text: int


@dataclass(slots=True)
class Side:
    """One endpoint: what it has sent, what has arrived, and what its timestamps echo."""

    snd: int
    stamps: bool
    clock: int
    rcv: int = 0
    acked: int = 0
    recent: int = 0
    held: list[tuple[int, int]] = field(default_factory=list)


class Wire:
    """The two sides of one connection; `now` is the time at the tap."""

    def __init__(self, random: Random, start: int) -> None:
        stamps = random.random() < 0.85
        self.random, self.now = random, start
        self.half = random.randrange(1 * MILLI, 40 * MILLI)
        self.sides = [Side(random.getrandbits(32), stamps, random.getrandbits(31)) for _ in range(2)]

    def wait(self, least: int, most: int) -> None:
        """Let some nanoseconds pass."""
        self.now += self.random.randrange(least, most)

    def send(self, side: int, flags: int, text: int = 0, seq: int | None = None) -> Packet:
        """What a side sends now, at SND.NXT or again at `seq`."""
        me = self.sides[side]
        again = seq is not None
        number = me.snd if seq is None else seq
        window = 0 if flags & RST else WINDOW if flags & SYN else 502
        acknowledged = me.rcv if flags & ACK else 0
        options = self._options(me, flags)
        if flags & ACK:
            me.acked = me.rcv
        if not again:
            me.snd = (me.snd + text + (flags & 1) + (flags >> 1 & 1)) % MODULO
        return Packet(self.now, side, flags, number, acknowledged, window, options, text)

    def _options(self, me: Side, flags: int) -> bytes:
        stamp = b""
        if me.stamps:
            echo = me.recent if flags & ACK else 0
            value = (me.clock + self.now // MILLI) % MODULO
            stamp = b"\x08\x0a" + value.to_bytes(4, "big") + echo.to_bytes(4, "big")
        if flags & RST:
            return b""
        if flags & SYN:
            return b"\x02\x04\x05\xb4\x04\x02" + (stamp or b"\x01\x01") + b"\x01\x03\x03" + bytes([SHIFT])
        blocks = b"".join((e % MODULO).to_bytes(4, "big") for block in me.held for e in block)
        sack = b"\x01\x01\x05" + bytes([2 + len(blocks)]) + blocks if blocks else b""
        return (b"\x01\x01" + stamp if stamp else b"") + sack

    def arrive(self, packet: Packet) -> None:
        """The packet reaches the other side."""
        you = self.sides[1 - packet.side]
        size = packet.text + (packet.flags & 1) + (packet.flags >> 1 & 1)
        if packet.flags & SYN:
            you.rcv = you.acked = packet.seq
        if you.stamps and packet.options and (you.acked - packet.seq) % MODULO < MODULO // 2:
            at = packet.options.index(b"\x08\x0a")
            you.recent = int.from_bytes(packet.options[at + 2 : at + 6], "big")
        if packet.seq == you.rcv:
            you.rcv = (you.rcv + size) % MODULO
            for left, right in you.held:
                if left == you.rcv:
                    you.rcv = right
            you.held = []
        elif size:
            left = you.held[0][0] if you.held else packet.seq
            you.held = [(left, (packet.seq + size) % MODULO)]


Part = Iterator[Packet]


def handshake(wire: Wire) -> Part:
    """The three segments that open a connection."""
    for side, flags in ((0, SYN), (1, SYN | ACK), (0, ACK)):
        packet = wire.send(side, flags)
        yield packet
        wire.arrive(packet)
        wire.wait(wire.half, 2 * wire.half) if flags & SYN else wire.wait(10 * MICRO, MILLI)


def burst(wire: Wire, side: int, segments: int, last: int = MSS) -> Part:
    """Text one way, back to back, and an ACK for every second segment."""
    sent = []
    for number in range(segments):
        final = number == segments - 1
        packet = wire.send(side, ACK | PSH if final else ACK, last if final else MSS)
        sent.append(packet)
        yield packet
        wire.wait(5 * MICRO, 30 * MICRO)
    wire.wait(wire.half, 2 * wire.half)
    for number, packet in enumerate(sent):
        wire.arrive(packet)
        if number % 2 or number == segments - 1:
            yield from _acknowledge(wire, 1 - side)


def lossy_burst(wire: Wire, side: int, segments: int) -> Part:
    """As `burst`, but one segment is lost behind the tap: duplicate ACKs with SACK, then its retransmission."""
    sent = []
    for _ in range(segments):
        sent.append(wire.send(side, ACK, MSS))
        yield sent[-1]
        wire.wait(5 * MICRO, 30 * MICRO)
    lost = sent.pop(wire.random.randrange(len(sent) // 2))
    wire.wait(wire.half, 2 * wire.half)
    for packet in sent:
        wire.arrive(packet)
        yield from _acknowledge(wire, 1 - side)
    wire.wait(wire.half, 2 * wire.half)
    repair = wire.send(side, ACK, MSS, lost.seq)
    yield repair
    wire.arrive(repair)
    wire.wait(wire.half, 2 * wire.half)
    yield from _acknowledge(wire, 1 - side)


def _acknowledge(wire: Wire, side: int) -> Part:
    packet = wire.send(side, ACK)
    yield packet
    wire.arrive(packet)
    wire.wait(5 * MICRO, 60 * MICRO)


def close(wire: Wire, side: int) -> Part:
    """FIN, ACK, FIN, ACK; the other side's FIN mostly rides on its ACK."""
    packet = wire.send(side, FIN | ACK)
    yield packet
    wire.arrive(packet)
    wire.wait(wire.half, 2 * wire.half)
    if wire.random.random() < 0.4:
        yield from _acknowledge(wire, 1 - side)
        wire.wait(MILLI, 50 * MILLI)
    packet = wire.send(1 - side, FIN | ACK)
    yield packet
    wire.arrive(packet)
    wire.wait(wire.half, 2 * wire.half)
    yield from _acknowledge(wire, side)


def reset(wire: Wire, side: int) -> Part:
    """ABORT: a RST at SND.NXT."""
    yield wire.send(side, RST | ACK)


def refused(wire: Wire) -> Part:
    """A SYN to a closed port."""
    syn = wire.send(0, SYN)
    yield syn
    wire.wait(wire.half, 2 * wire.half)
    number = (syn.seq + 1) % MODULO
    yield Packet(wire.now, 1, RST | ACK, 0, number, 0, b"", 0)


def exchange(wire: Wire, rounds: int) -> Part:
    """Requests and answers; the answer acknowledges the request."""
    for _ in range(rounds):
        request = wire.send(0, ACK | PSH, wire.random.randrange(40, 900))
        yield request
        wire.arrive(request)
        wire.wait(wire.half, wire.half + 20 * MILLI)
        segments = wire.random.choice((1, 1, 1, 2, 3, 6))
        yield from burst(wire, 1, segments, wire.random.randrange(1, MSS))
        wire.wait(MILLI, 200 * MILLI)


def transfer(wire: Wire, side: int, bursts: int) -> Part:
    """A bulk transfer in windows of up to forty segments, some of them with a loss."""
    for _ in range(bursts):
        segments = wire.random.randrange(4, 40)
        yield from lossy_burst(wire, side, segments) if wire.random.random() < 0.08 else burst(wire, side, segments)
        wire.wait(MILLI, 5 * MILLI)


def connection(random: Random, start: int) -> Part:
    """One connection of the mix."""
    wire, kind = Wire(random, start), random.random()
    if kind < 0.03:
        yield from refused(wire)
        return
    yield from handshake(wire)
    if kind < 0.5:
        yield from exchange(wire, random.choice((1, 1, 2, 3, 5, 8)))
    elif kind < 0.94:
        yield from exchange(wire, 1)
        yield from transfer(wire, int(random.random() < 0.85), random.choice((1, 1, 2, 3, 6)))
    ending: Callable[[Wire, int], Part] = reset if random.random() < 0.07 else close
    if random.random() < 0.97:
        yield from ending(wire, int(random.random() < 0.5))
