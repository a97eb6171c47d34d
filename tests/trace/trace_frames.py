"""Frames and capture files made by hand, octet by octet and independently of the writers under test."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

from tcpmodel.trace import Event, Segment, TraceReader, open_trace

MAC = bytes(range(12))
A, B = "10.0.0.1", "10.0.0.2"
A6, B6 = "fd00::1", "fd00::2"


def checksum(data: bytes) -> int:
    """RFC 1071, the slow and obvious way."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def tcp(
    src: str = A, dst: str = B, *, sport: int = 40000, dport: int = 80, seq: int = 100, ack: int = 0,
    flags: int = 2, win: int = 1000, options: bytes = b"", text: bytes = b"", check: int | None = None,
    doff: int | None = None, urg: int = 0,
) -> bytes:  # fmt: skip
    offset = (5 + len(options) // 4 if doff is None else doff) << 12 | flags
    head = struct.pack(">HHIIHHHH", sport, dport, seq, ack, offset, win, 0, urg) + options
    size = len(head) + len(text)
    if check is None:
        check = checksum(packed(src) + packed(dst) + struct.pack(">II", size, 6) + head + text)
    return head[:16] + struct.pack(">H", check) + head[18:] + text


def ipv4(
    payload: bytes, src: str = A, dst: str = B, *, proto: int = 6, options: bytes = b"", frag: int = 0x4000,
    ttl: int = 64, total: int | None = None, ident: int = 7,
) -> bytes:  # fmt: skip
    words = 5 + len(options) // 4
    length = words * 4 + len(payload) if total is None else total
    head = struct.pack(">BBHHHBBH", 0x40 | words, 0, length, ident, frag, ttl, proto, 0)
    head += packed(src) + packed(dst) + options
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ipv6(
    payload: bytes, src: str = A6, dst: str = B6, *, proto: int = 6, hops: int = 64, length: int | None = None
) -> bytes:
    size = len(payload) if length is None else length
    return struct.pack(">IHBB", 6 << 28, size, proto, hops) + packed(src) + packed(dst) + payload


def ethernet(payload: bytes, kind: int = 0x800) -> bytes:
    return MAC + struct.pack(">H", kind) + payload


def pcap(
    *frames: bytes, link: int = 1, order: str = "<", magic: int = 0xA1B2C3D4, wire: int = 0, fraction: int = 5
) -> bytes:
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)
    extra = bytes(8) if magic == 0xA1B2CD34 else b""
    for number, frame in enumerate(frames):
        size = len(frame)
        out += struct.pack(order + "IIII", 1000 + number, fraction, size, wire or size) + extra + frame
    return out


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = len(body) + 12
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int = 1, snap: int = 0, options: bytes = b"", order: str = "<") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, snap) + options, order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(frame: bytes, ticks: int = 0, name: int = 0, order: str = "<") -> bytes:
    size = len(frame)
    return block(
        6, struct.pack(order + "IIIII", name, ticks >> 32, ticks & 0xFFFFFFFF, size, size) + frame, order
    )


def simple(frame: bytes, order: str = "<", wire: int = 0) -> bytes:
    return block(3, struct.pack(order + "I", wire or len(frame)) + frame, order)


def snoop(*frames: bytes, link: int = 4) -> bytes:
    out = b"snoop\0\0\0" + struct.pack(">II", 2, link)
    for number, frame in enumerate(frames):
        size, pad = len(frame), -len(frame) % 4
        out += struct.pack(">IIIIII", size, size, 24 + size + pad, 0, 1000 + number, 5) + frame + bytes(pad)
    return out


def read(data: bytes, folder: Path) -> tuple[list[Event], TraceReader]:
    """All events of a trace with these octets; TraceError as it comes."""
    path = folder / "trace"
    path.write_bytes(data)
    reader = open_trace(path)
    return list(reader), reader


def only_segment(data: bytes, folder: Path) -> Segment:
    """The one segment of a trace that has nothing else."""
    events, reader = read(data, folder)
    assert (len(events), dict(reader.skipped)) == (1, {})
    assert isinstance(events[0], Segment)
    return events[0]
