"""Write a capture of synthetic traffic: `python -m tests.benchmarks.generate FILE --packets 1000000`."""

from __future__ import annotations

import argparse
import struct
from collections.abc import Iterator
from heapq import heappop, heappush
from pathlib import Path
from random import Random

from .traffic import Packet, connection

EVERY = 2_000_000  # ns between two new connections, on average
START = 1_700_000_000 * 1_000_000_000  # ns since the epoch
PATTERN = b"\x5a\xa5" * 40_000
ETHERNET = bytes.fromhex("020000000001020000000002") + b"\x08\x00"
TCP = 6


def interleaved(packets: int, seed: int) -> Iterator[tuple[int, Packet]]:
    """(number of the connection, packet) in the order of time; connections begin until there are enough packets."""
    random = Random(seed)
    waiting: list[tuple[int, int, Packet, Iterator[Packet]]] = []
    begun, begins, made = 0, START, 0
    while made < packets:
        while not waiting or waiting[0][0] >= begins:
            flow = connection(Random(seed * 1_000_003 + begun), begins)
            first = next(flow)
            heappush(waiting, (first.time, begun, first, flow))
            begun += 1
            begins += random.randrange(2 * EVERY)
        _, number, packet, flow = heappop(waiting)
        yield number, packet
        made += 1
        following = next(flow, None)
        if following is not None:
            heappush(waiting, (following.time, number, following, flow))


def addresses(number: int) -> tuple[bytes, int, bytes, int]:
    """Client and server of a connection: no 4-tuple is used twice."""
    client = bytes([10, number >> 16 & 255, number >> 8 & 255, 1 + number % 250])
    server = bytes([192, 168, number % 7, 1 + number % 13])
    return client, 32768 + number % 28000, server, (443, 80, 8080)[number % 3]


def frame(number: int, packet: Packet) -> bytes:
    """The Ethernet frame of a packet, with valid checksums."""
    client, low, server, high = addresses(number)
    source, target, ports = (client, server, (low, high)) if packet.side == 0 else (server, client, (high, low))
    head = 20 + len(packet.options)
    size = head + packet.text
    tcp = struct.pack(
        ">HHIIBBHHH", *ports, packet.seq, packet.ack, head << 2, packet.flags, packet.wnd, 0, 0
    ) + packet.options  # fmt: skip
    text = PATTERN[: packet.text]
    total = int.from_bytes(tcp + text + b"\0" * (size & 1), "big") + int.from_bytes(source + target, "big") + TCP + size
    tcp = tcp[:16] + (-total % 0xFFFF).to_bytes(2, "big") + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + size, packet.seq & 0xFFFF, 0x4000, 64, TCP, 0, source, target)
    ip = ip[:10] + (-int.from_bytes(ip, "big") % 0xFFFF).to_bytes(2, "big") + ip[12:]
    return ETHERNET + ip + tcp + text


def write(path: Path, packets: int, seed: int = 1, snap: int = 65535) -> int:
    """Write a pcap with nanoseconds; returns the number of connections in it."""
    seen = 0
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, snap, 1))
        for number, packet in interleaved(packets, seed):
            data = frame(number, packet)
            seconds, rest = divmod(packet.time, 1_000_000_000)
            file.write(struct.pack("<IIII", seconds, rest, min(len(data), snap), len(data)) + data[:snap])
            seen = max(seen, number + 1)
    return seen


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--packets", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--snap", type=int, default=65535, help="octets kept of each packet")
    chosen = arguments.parse_args()
    print(f"{write(chosen.file, chosen.packets, chosen.seed, chosen.snap)} connections")
