"""The capture formats: byte orders, clocks, blocks, compression, standard input, counters."""

from __future__ import annotations

import gzip
import io
import struct
from pathlib import Path

import pytest

from tcpmodel.errors import TraceError
from tcpmodel.trace import Segment, open_trace
from tests.trace.trace_frames import (
    block,
    enhanced,
    ethernet,
    interface,
    ipv4,
    only_segment,
    option,
    pcap,
    read,
    section,
    simple,
    snoop,
    tcp,
)  # fmt: skip

FRAME = ethernet(ipv4(tcp()))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("magic", "unit"),
    [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1), (0xA1B2CD34, 1000)],
    ids=["micro", "nano", "modified"],
)
def test_pcap_of_every_kind(order: str, magic: int, unit: int, tmp_path: Path) -> None:
    segment = only_segment(pcap(FRAME, order=order, magic=magic, fraction=999), tmp_path)
    assert segment.time == 1000 * 10**9 + 999 * unit


def test_flags_above_the_link_type_do_not_matter(tmp_path: Path) -> None:
    assert only_segment(pcap(FRAME + bytes(4), link=0x24000001), tmp_path).text == 0


@pytest.mark.parametrize("order", "<>")
def test_pcapng_in_both_byte_orders(order: str, tmp_path: Path) -> None:
    data = section(order) + interface(order=order) + enhanced(FRAME, 5_000_001, order=order)
    assert only_segment(data, tmp_path).time == 5_000_001_000


@pytest.mark.parametrize(
    ("resolution", "ticks", "time"),
    [
        (b"\6", 7, 7000),
        (b"\x09", 7, 7),
        (b"\0", 7, 7 * 10**9),
        (b"\x81", 7, 35 * 10**8),
        (b"\x14", 10**13, 100),
    ],
)
def test_pcapng_clocks(resolution: bytes, ticks: int, time: int, tmp_path: Path) -> None:
    data = section() + interface(options=option(9, resolution)) + enhanced(FRAME, ticks)
    assert only_segment(data, tmp_path).time == time


def test_pcapng_clock_offset(tmp_path: Path) -> None:
    options = option(2, b"eth0") + option(14, struct.pack("<q", 3)) + option(0, b"") + option(9, b"\0")
    assert (
        only_segment(section() + interface(options=options) + enhanced(FRAME, 1), tmp_path).time
        == 3_000_001_000
    )


def test_pcapng_packet_blocks_of_all_ages(tmp_path: Path) -> None:
    old = block(2, struct.pack("<HHIIII", 0, 0, 0, 9, len(FRAME), len(FRAME)) + FRAME)
    events, reader = read(section() + interface() + old + simple(FRAME) + enhanced(FRAME, 11), tmp_path)
    assert [event.time for event in events] == [9000, -1, 11000]
    assert reader.packets == reader.tcp_segments == 3


def test_a_simple_packet_is_cut_by_the_snap_length(tmp_path: Path) -> None:
    frame = ethernet(ipv4(tcp(text=b"x" * 30)))
    data = section() + interface(snap=60) + simple(frame[:60], wire=len(frame))
    assert only_segment(data, tmp_path).cut


def test_unknown_blocks_are_passed_over(tmp_path: Path) -> None:
    unknown = block(0x0BAD, b"12345") + block(5, bytes(12)) + block(4, bytes(4))
    assert only_segment(section() + unknown + interface() + unknown + enhanced(FRAME), tmp_path).frame == 1


def test_a_second_section_has_its_own_byte_order_and_interfaces(tmp_path: Path) -> None:
    first = section("<") + interface(1) + interface(101) + enhanced(ipv4(tcp()), 1, name=1)
    second = section(">") + interface(101, order=">") + enhanced(ipv4(tcp(seq=7)), 2, order=">")
    events, _ = read(first + second, tmp_path)
    assert [(event.seq, event.time) for event in events if isinstance(event, Segment)] == [
        (100, 1000),
        (7, 2000),
    ]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (enhanced(FRAME, name=3), "interface 3, which the section has not described"),
        (struct.pack("<II", 6, 13) + bytes(100), "a block cannot have 13 octets"),
        (struct.pack("<II", 6, 0) + bytes(100), "a block cannot have 0 octets"),
        (enhanced(FRAME)[:-4] + bytes(4), "two length fields differ"),
        (block(6, struct.pack("<IIIII", 0, 0, 0, 999, 999) + FRAME), "999 captured octets"),
        (block(6, b"1234"), "damaged block"),
        (block(0x0A0D0D0A, bytes(16)), "without byte-order magic"),
    ],
)
def test_damage_within_pcapng_is_located(damage: bytes, message: str, tmp_path: Path) -> None:
    good = section() + interface() + enhanced(FRAME)
    (tmp_path / "trace").write_bytes(good + damage)
    reader = open_trace(tmp_path / "trace")
    with pytest.raises(TraceError, match=message) as caught:
        list(reader)
    assert (caught.value.frame, caught.value.offset, reader.tcp_segments) == (2, len(good), 1)


def test_a_packet_larger_than_any_is_damage(tmp_path: Path) -> None:
    data = pcap(FRAME) + struct.pack("<IIII", 1, 1, 1 << 30, 1 << 30) + bytes(100)
    (tmp_path / "t").write_bytes(data)
    with pytest.raises(TraceError) as caught:
        list(open_trace(tmp_path / "t"))
    place = f"{tmp_path / 't'}: frame 2 (offset {24 + 16 + len(FRAME)})"
    assert str(caught.value) == f"{place}: a packet cannot have {1 << 30} captured octets"


def test_snoop(tmp_path: Path) -> None:
    events, _ = read(snoop(FRAME, FRAME), tmp_path)
    assert [event.time for event in events] == [1000_000_005_000, 1001_000_005_000]


def test_gzip_in_one_member_or_several(tmp_path: Path) -> None:
    data = pcap(FRAME, FRAME)
    for packed in (
        gzip.compress(data, mtime=0),
        gzip.compress(data[:50], mtime=0) + gzip.compress(data[50:], mtime=0),
        gzip.compress(data, mtime=0) + bytes(9),
    ):
        assert len(read(packed, tmp_path)[0]) == 2


def test_standard_input_is_read_as_it_comes() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(3)

    reader = open_trace("-", stdin=Slow(pcap(FRAME, FRAME)))
    assert len(list(reader)) == 2
    assert (reader.file, reader.position()) == ("<stdin>", (24 + 2 * (16 + len(FRAME)), 0))


def test_counters_are_current_while_reading(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(pcap(ethernet(b"", 0x806), FRAME, ethernet(b"", 0x806), FRAME))
    reader = open_trace(tmp_path / "t")
    seen = [(reader.packets, reader.tcp_segments, reader.skipped["not tcp"]) for _ in reader]
    assert seen == [(2, 1, 1), (4, 2, 2)]
    assert reader.position() == ((tmp_path / "t").stat().st_size,) * 2


def test_frames_are_numbered_as_they_stand_in_the_file(tmp_path: Path) -> None:
    events, _ = read(pcap(ethernet(b"", 0x806), FRAME), tmp_path)
    assert [event.frame for event in events] == [2]


def test_a_large_capture_streams_in_chunks(tmp_path: Path) -> None:
    frame = ethernet(ipv4(tcp(text=b"y" * 1400)))
    (tmp_path / "t").write_bytes(pcap(*[frame] * 1000))
    reader = open_trace(tmp_path / "t")
    next(iter(reader))
    done, total = reader.position()
    assert 0 < done < total
    assert sum(1 for _ in reader) == 999


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\xd4\xc3", "neither pcap, pcapng, snoop nor JSON"),
        (b"GIF89a" + bytes(100), "neither pcap, pcapng, snoop nor JSON"),
        (gzip.compress(b"", mtime=0), "the file is empty"),
        (b"\x1f\x8b", "gzip stream is cut short"),
        (b"\x1f\x8bxxxxxxxxxxxxxx", "gzip stream is damaged"),
    ],
)
def test_what_is_no_trace_is_refused_at_once(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(data)
    with pytest.raises(TraceError, match=message):
        open_trace(tmp_path / "t")


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="No such file"):
        open_trace(tmp_path / "none")
    with pytest.raises(TraceError, match="directory"):
        open_trace(tmp_path)


def test_checksums_can_be_left_alone(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(pcap(FRAME))
    with open_trace(tmp_path / "t", checksums=False) as reader:
        assert [event.badsum for event in reader if isinstance(event, Segment)] == [None]
