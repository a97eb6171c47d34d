"""IPv4 and IPv6 headers, and what they say of the segment: its ends, its length, whether it is a fragment."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.trace.trace_frames import A6, B6, ethernet, ipv4, ipv6, only_segment, packed, pcap, read, tcp

HOP_BY_HOP = b"\6\0\1\4\0\0\0\0"


def test_ipv4_options_are_passed_over(tmp_path: Path) -> None:
    segment = only_segment(pcap(ipv4(tcp(text=b"abc"), options=b"\x94\4\0\0"), link=101), tmp_path)
    assert (segment.text, segment.badsum) == (3, False)


@pytest.mark.parametrize("frag", [0x2000, 0x0001, 0x3FFF])
def test_ipv4_fragments_are_counted(frag: int, tmp_path: Path) -> None:
    events, reader = read(pcap(ipv4(tcp(), frag=frag), link=101), tmp_path)
    assert (events, dict(reader.skipped)) == ([], {"ip fragment": 1})


@pytest.mark.parametrize("fields", [b"\0\1", b"\0\x08", b"\xff\xf9"])
def test_ipv6_fragments_are_counted(fields: bytes, tmp_path: Path) -> None:
    packet = ipv6(b"\6\0" + fields + bytes(4) + tcp(A6, B6), proto=44)
    events, reader = read(pcap(packet, link=101), tmp_path)
    assert (events, dict(reader.skipped)) == ([], {"ip fragment": 1})


@pytest.mark.parametrize(
    ("proto", "extensions"),
    [
        (0, HOP_BY_HOP),
        (60, HOP_BY_HOP),
        (0, b"\x3c\0\1\4\0\0\0\0" + HOP_BY_HOP),
        (0, b"\6\1\1\x0c" + bytes(12)),
        (44, b"\6\0\0\0\0\0\0\1"),
        (51, b"\6\4" + bytes(22)),
        (43, b"\6\0\4\0\0\0\0\0"),
        (135, HOP_BY_HOP),
    ],
    ids=["hop-by-hop", "destination", "two", "long", "atomic fragment", "ah", "routing", "mobility"],
)
def test_ipv6_extension_headers_are_passed_over(proto: int, extensions: bytes, tmp_path: Path) -> None:
    segment = only_segment(pcap(ipv6(extensions + tcp(A6, B6, text=b"xy"), proto=proto), link=101), tmp_path)
    assert (segment.text, segment.src, segment.badsum) == (2, "[fd00::1]:40000", False)


@pytest.mark.parametrize(("kind", "last"), [(0, False), (4, True)])
def test_a_route_ends_at_its_last_address(kind: int, last: bool, tmp_path: Path) -> None:
    middle, end = packed("fd00::99"), packed(B6)
    addresses = end + middle if last else middle + end
    routing = bytes((6, 4, kind, 2)) + bytes(4) + addresses
    packet = ipv6(routing + tcp(A6, B6), A6, "fd00::77", proto=43)
    segment = only_segment(pcap(packet, link=101), tmp_path)
    assert (segment.dst, segment.badsum) == ("[fd00::2]:80", False)


def test_the_authentication_header_is_passed_over_in_ipv4(tmp_path: Path) -> None:
    segment = only_segment(pcap(ipv4(b"\6\4" + bytes(22) + tcp(), proto=51), link=101), tmp_path)
    assert segment.seq == 100


def test_padding_of_the_frame_is_no_text(tmp_path: Path) -> None:
    segment = only_segment(pcap(ethernet(ipv4(tcp(flags=16)) + bytes(6))), tmp_path)
    assert (segment.text, segment.len, segment.cut) == (0, 0, False)


@pytest.mark.parametrize(
    "packet", [ipv4(tcp(text=b"z" * 50), total=0), ipv6(tcp(A6, B6, text=b"z" * 50), length=0)]
)
def test_length_zero_means_the_rest_of_the_frame(packet: bytes, tmp_path: Path) -> None:
    segment = only_segment(pcap(packet, link=101), tmp_path)
    assert (segment.text, segment.cut) == (50, False)


def test_length_zero_counts_what_the_snap_length_cut(tmp_path: Path) -> None:
    packet = ipv4(tcp(text=b"z" * 50), total=0)
    segment = only_segment(pcap(packet[:60], link=101, wire=len(packet)), tmp_path)
    assert (segment.text, segment.cut, segment.digest, segment.badsum) == (50, True, 0, None)


@pytest.mark.parametrize(
    "packet", [b"\x44" + ipv4(tcp())[1:], ipv4(tcp(), total=12)], ids=["header of 16", "total below header"]
)
def test_impossible_lengths_are_a_bad_header(packet: bytes, tmp_path: Path) -> None:
    events, reader = read(pcap(packet, link=101), tmp_path)
    assert (events, dict(reader.skipped)) == ([], {"bad ip header": 1})


def test_addresses_are_the_same_strings_every_time(tmp_path: Path) -> None:
    events, _ = read(pcap(ipv4(tcp()), ipv4(tcp(seq=5)), link=101), tmp_path)
    first, second = events
    assert first.src is second.src  # type: ignore[union-attr]


def test_a_packet_seen_twice_has_one_identity_whatever_the_router_changed(tmp_path: Path) -> None:
    text = b"same"
    frames = [
        ipv4(tcp(text=text)), ipv4(tcp(text=text), ttl=63), ipv4(tcp(text=text), ident=8),
        ipv4(tcp(text=b"Same")), ipv4(tcp(text=text, seq=101)),
    ]  # fmt: skip
    events, _ = read(pcap(*frames, link=101), tmp_path)
    idents = [event.ident for event in events]  # type: ignore[union-attr]
    assert idents[0] == idents[1]
    assert len(set(idents)) == 4


def test_ipv6_hop_limits_do_not_count_in_the_identity(tmp_path: Path) -> None:
    frames = [ipv6(tcp(A6, B6)), ipv6(tcp(A6, B6), hops=3), ipv6(tcp(A6, B6, seq=9))]
    events, _ = read(pcap(*frames, link=101), tmp_path)
    idents = [event.ident for event in events]  # type: ignore[union-attr]
    assert idents[0] == idents[1] != idents[2]


def test_many_pairs_of_endpoints_do_not_fill_the_memory(tmp_path: Path) -> None:
    from collections import Counter

    from tcpmodel.trace.decode import MOST_PAIRS, Decoder

    decoder = Decoder(Counter(), Counter())
    packet = ipv4(tcp(check=0))
    for number in range(MOST_PAIRS + 10):
        source = struct.pack(">I", number)
        segment = decoder.decode(1, 0, 101, packet[:12] + source + packet[16:], len(packet))
    assert segment is not None
    assert segment.src == "0.1.0.9:40000"
    assert len(decoder._pairs) == 10
