"""The TCP header: fields, options well-formed and not, checksums, and what the snap length left of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcpmodel.trace.options import Options, parse_options
from tests.trace.trace_frames import A, B, checksum, ipv4, only_segment, packed, pcap, read, tcp

COOKIE = bytes(range(8))


def test_every_field_of_the_header(tmp_path: Path) -> None:
    options = bytes.fromhex("020405b4 0402080a000000070000000901030307".replace(" ", ""))
    packet = ipv4(tcp(seq=2**32 - 1, ack=5, flags=0x1FF, win=513, options=options, text=b"hello", urg=3))
    segment = only_segment(pcap(packet, link=101, fraction=250_000), tmp_path)
    assert (segment.frame, segment.time, segment.src, segment.dst) == (
        1, 1000_250_000_000, "10.0.0.1:40000", "10.0.0.2:80",
    )  # fmt: skip
    assert (segment.seq, segment.ack, segment.wnd, segment.up, segment.flags) == (2**32 - 1, 5, 513, 3, 511)
    assert (segment.text, segment.len) == (5, 7)
    assert (segment.mss, segment.sackok, segment.tsval, segment.tsecr, segment.wscale) == (
        1460,
        True,
        7,
        9,
        7,
    )
    assert segment.digest != 0


@pytest.mark.parametrize(("flags", "control"), [(0, 0), (1, 1), (2, 1), (3, 2), (16, 0), (17, 1), (4, 0)])
def test_syn_and_fin_occupy_sequence_numbers(flags: int, control: int, tmp_path: Path) -> None:
    segment = only_segment(pcap(ipv4(tcp(flags=flags, text=b"1234")), link=101), tmp_path)
    assert segment.len == 4 + control


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("", Options()),
        ("01010101", Options()),
        ("00ffffff", Options()),
        ("020405b4", Options(mss=1460)),
        ("01030307", Options(wscale=7)),
        ("030307", Options(wscale=7)),
        ("01010402", Options(sackok=True)),
        ("0101080a0000000100000002", Options(tsval=1, tsecr=2)),
        ("080a00000001000000020101", Options(tsval=1, tsecr=2)),
        ("0101050a0000000100000009", Options(sack=((1, 9),))),
        ("0101051200000001000000090000001500000019", Options(sack=((1, 9), (21, 25)))),
        ("22020101", Options(tfo=0)),
        ("220a" + COOKIE.hex(), Options(tfo=8)),
        ("fe04f989", Options(tfo=0)),
        ("fd0cf989" + COOKIE.hex(), Options(tfo=8)),
        ("fe06ffff0000", Options()),
        ("1e0800000000000001", Options()),
        ("020405b4020402180000", Options(mss=536)),
    ],
)
def test_well_formed_options(octets: str, expected: Options) -> None:
    assert parse_options(bytes.fromhex(octets)) == expected


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("02", "option 2 has no length"),
        ("0200", "option 2 has length 0"),
        ("fd01", "option 253 has length 1"),
        ("02040500"[:6], "option 2 of length 4 ends outside the header"),
        ("02030500", "option 2 has length 3 and not 4"),
        ("03040700", "option 3 has length 4 and not 3"),
        ("04030000", "option 4 has length 3 and not 2"),
        ("08080000000000000000", "option 8 has length 8 and not 10"),
        ("0502", "option 5 has length 2, which is no number of blocks"),
        ("050c" + "00" * 10, "option 5 has length 12, which is no number of blocks"),
        ("2205000000", "option 34 has length 5, which is no cookie's"),
    ],
)
def test_malformed_options_say_why(octets: str, reason: str) -> None:
    assert parse_options(bytes.fromhex(octets)) == Options(bad=reason)


def test_options_before_a_malformed_one_are_kept() -> None:
    assert parse_options(bytes.fromhex("020405b40101080a")) == Options(
        mss=1460, bad="option 8 of length 10 ends outside the header"
    )


def test_every_short_string_of_octets_is_options_of_some_kind() -> None:
    kinds = (0, 1, 2, 3, 4, 5, 8, 34, 253, 254, 255)
    results = {
        bool(parse_options(bytes((kind, length, third, fourth))).bad)
        for kind in kinds for length in range(12) for third in kinds for fourth in range(5)
    }  # fmt: skip
    assert results == {True, False}


def test_a_good_checksum_a_bad_one_and_an_unfinished_one(tmp_path: Path) -> None:
    pseudo = packed(A) + packed(B) + (23).to_bytes(4, "big") + (6).to_bytes(4, "big")
    with_length, without = 0xFFFF - checksum(pseudo), 0xFFFF - checksum(pseudo[:8] + b"\0\6")
    frames = [ipv4(tcp(text=b"odd", check=check)) for check in (None, 0xBAD, with_length, without, 0)]
    events, reader = read(pcap(*frames, link=101), tmp_path)
    assert [event.badsum for event in events] == [False, True, None, None, None]  # type: ignore[union-attr]
    assert dict(reader.notes) == {"bad tcp checksum": 1, "tcp checksum not filled in": 3}


@pytest.mark.parametrize("size", range(48))
def test_sums_of_every_length_verify(size: int, tmp_path: Path) -> None:
    assert only_segment(pcap(ipv4(tcp(text=bytes(range(1, size + 1)))), link=101), tmp_path).badsum is False


@pytest.mark.parametrize("doff", [0, 4, 7])
def test_a_data_offset_outside_the_packet_is_a_bad_header(doff: int, tmp_path: Path) -> None:
    events, reader = read(pcap(ipv4(tcp(doff=doff)), link=101), tmp_path)
    assert (events, dict(reader.skipped)) == ([], {"bad tcp header": 1})


def test_a_cut_text_still_has_its_length(tmp_path: Path) -> None:
    packet = ipv4(tcp(text=b"x" * 100))
    segment = only_segment(pcap(packet[:54], link=101, wire=len(packet)), tmp_path)
    assert (segment.text, segment.cut, segment.digest, segment.badsum) == (100, True, 0, None)


def test_cut_options_are_noted(tmp_path: Path) -> None:
    packet = ipv4(tcp(options=b"\2\4\5\xb4"))
    events, reader = read(pcap(packet[:40], link=101, wire=len(packet)), tmp_path)
    assert [(event.mss, event.cut, event.optbad) for event in events] == [(-1, True, "")]  # type: ignore[union-attr]
    assert dict(reader.notes) == {"tcp options cut by the snap length": 1}


def test_a_cut_header_is_counted(tmp_path: Path) -> None:
    packet = ipv4(tcp())
    events, reader = read(pcap(packet[:39], link=101, wire=len(packet)), tmp_path)
    assert (events, dict(reader.skipped)) == ([], {"truncated tcp header": 1})


def test_digests_tell_texts_apart_and_agree_on_equal_ones(tmp_path: Path) -> None:
    frames = [ipv4(tcp(text=text, seq=seq)) for seq, text in enumerate((b"one", b"two", b"one", b""))]
    events, _ = read(pcap(*frames, link=101), tmp_path)
    one, two, again, none = (event.digest for event in events)  # type: ignore[union-attr]
    assert one == again != two
    assert none == 0
