"""Every link type, tag and tunnel carries the same segment to the same place."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.trace.trace_frames import A6, B6, MAC, ethernet, ipv4, ipv6, only_segment, pcap, read, tcp

V4 = ipv4(tcp())
V6 = ipv6(tcp(A6, B6))
SLL = bytes(14)
SLL2 = b"\x08\0" + bytes(18)
GTP = b"\x30\xff" + struct.pack(">HI", len(V6), 1) + V6
GTP_EXTENDED = b"\x34\xff" + struct.pack(">HIHBB", len(V4) + 8, 1, 0, 0, 0x85) + b"\1\0\0\0" + V4


def udp(payload: bytes, port: int) -> bytes:
    return struct.pack(">HHHH", 999, port, 8 + len(payload), 0) + payload


LINKS = {
    "ethernet": (1, ethernet(V4), ""),
    "ethernet, ipv6": (1, ethernet(V6, 0x86DD), ""),
    "snap": (1, MAC + b"\0\x50\xaa\xaa\3\0\0\0\x08\0" + V4, ""),
    "vlan": (1, ethernet(b"\x20\5\x08\0" + V4, 0x8100), "vlan 5"),
    "qinq": (1, ethernet(b"\0\5\x81\0\0\7\x86\xdd" + V6, 0x88A8), "vlan 5/vlan 7"),
    "vlan, snap": (1, ethernet(b"\0\5\0\x50\xaa\xaa\3\0\0\0\x08\0" + V4, 0x8100), "vlan 5"),
    "sll": (113, SLL + b"\x08\0" + V4, ""),
    "sll, ipv6": (113, SLL + b"\x86\xdd" + V6, ""),
    "sll, vlan": (113, SLL + b"\x81\0\0\5\x08\0" + V4, "vlan 5"),
    "sll2": (276, SLL2 + V4, ""),
    "null, little endian": (0, b"\2\0\0\0" + V4, ""),
    "null, big endian": (0, b"\0\0\0\2" + V4, ""),
    "null, ipv6 of macOS": (0, b"\x1e\0\0\0" + V6, ""),
    "loop": (108, b"\0\0\0\x18" + V6, ""),
    "raw 12": (12, V4, ""),
    "raw 14": (14, V6, ""),
    "raw 101": (101, V6, ""),
    "ipv4 228": (228, V4, ""),
    "ipv6 229": (229, V6, ""),
    "ppp": (9, b"\xff\3\0\x21" + V4, "ppp"),
    "ppp, compressed": (9, b"\x57" + V6, "ppp"),
    "hdlc, ppp": (50, b"\xff\3\0\x21" + V4, "ppp"),
    "hdlc, cisco": (104, b"\x0f\0\x08\0" + V4, ""),
    "pppoe link": (51, b"\x11\0\0\x2a\0\0\0\x21" + V4, "pppoe 42"),
    "pppoe": (1, ethernet(b"\x11\0\0\x2a\0\0\0\x57" + V6, 0x8864), "pppoe 42"),
    "mpls": (1, ethernet(struct.pack(">II", 100 << 12, 200 << 12 | 0x140) + V4, 0x8847), "mpls 100,200"),
    "mpls, ethernet": (1, ethernet(b"\0\x06\x41\x40" + bytes(4) + ethernet(V4), 0x8847), "mpls 100"),
    "fabricpath": (1, ethernet(b"\0\x7f" + ethernet(V4), 0x8903), "fabricpath 1"),
    "ip in ip": (101, ipv4(V6, "9.9.9.9", "8.8.8.8", proto=41), "ip 8.8.8.8 9.9.9.9"),
    "ip in ipv6": (101, ipv6(V4, "fd::2", "fd::1", proto=4), "ip fd::1 fd::2"),
    "gre": (101, ipv4(b"\0\0\x08\0" + V4, proto=47), "gre 10.0.0.1 10.0.0.2"),
    "gre, key and checksum": (
        101,
        ipv4(b"\xa0\0\x65\x58" + bytes(8) + ethernet(V4), proto=47),
        "gre 10.0.0.1 10.0.0.2",
    ),
    "gre of pptp": (
        101,
        ipv4(b"\x30\x81\x88\x0b" + bytes(12) + b"\xff\3\0\x21" + V4, proto=47),
        "gre 10.0.0.1 10.0.0.2/ppp",
    ),
    "gtp": (101, ipv4(udp(GTP, 2152), proto=17), "gtp 10.0.0.1 10.0.0.2"),
    "gtp with extension": (101, ipv4(udp(GTP_EXTENDED, 2152), proto=17), "gtp 10.0.0.1 10.0.0.2"),
    "vxlan": (
        101,
        ipv4(udp(b"\x08" + bytes(7) + ethernet(V4), 4789), proto=17),
        "vxlan 10.0.0.1 10.0.0.2",
    ),
}


@pytest.mark.parametrize("name", LINKS)
def test_each_carrier_delivers_the_segment(name: str, tmp_path: Path) -> None:
    link, frame, carrier = LINKS[name]
    segment = only_segment(pcap(frame, link=link), tmp_path)
    assert segment.carrier == carrier
    assert {segment.src, segment.dst} in (
        {"10.0.0.1:40000", "10.0.0.2:80"},
        {"[fd00::1]:40000", "[fd00::2]:80"},
    )
    assert (segment.seq, segment.flags, segment.len, segment.badsum) == (100, 2, 1, False)


@pytest.mark.parametrize("name", LINKS)
def test_a_cut_carrier_is_counted_and_never_an_error(name: str, tmp_path: Path) -> None:
    link, frame, _ = LINKS[name]
    for size in range(len(frame)):
        events, reader = read(pcap(frame[:size], link=link, wire=len(frame)), tmp_path)
        assert events == []
        assert reader.skipped.total() == reader.packets == 1


@pytest.mark.parametrize(
    ("link", "frame", "reason"),
    [
        (1, ethernet(bytes(28), 0x806), "not tcp"),
        (1, MAC + b"\0\x26\x42\x42\3" + bytes(35), "not tcp"),
        (0, b"\7\0\0\0" + V4, "not tcp"),
        (9, b"\xc0\x21" + bytes(20), "not tcp"),
        (101, ipv4(udp(b"x" * 20, 53), proto=17), "not tcp"),
        (101, ipv4(udp(b"\x32\x01" + bytes(20), 2152), proto=17), "not tcp"),
        (101, b"\x10" + bytes(40), "bad ip header"),
        (147, V4, "unknown link type 147"),
    ],
)
def test_what_is_no_tcp_is_counted_by_reason(link: int, frame: bytes, reason: str, tmp_path: Path) -> None:
    events, reader = read(pcap(frame, link=link), tmp_path)
    assert (events, dict(reader.skipped)) == ([], {reason: 1})
