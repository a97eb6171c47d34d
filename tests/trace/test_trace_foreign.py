"""Captures that other programs wrote, read as tshark reads them; skipped where they are absent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tcpmodel.errors import TraceError
from tcpmodel.trace import Segment, TraceReader, open_trace

CAPTURES = Path(os.environ.get("TCPMODEL_CAPTURES", Path(__file__).parents[3] / "shared" / "captures"))
PEERS, LINUX = CAPTURES / "peers", CAPTURES / "linux"
# tshark counts TCP headers that are cut or impossible, which give no segment here
NO_HEADER = ("bad tcp header", "truncated tcp header")

needs_peers = pytest.mark.skipif(not PEERS.is_dir(), reason="the captures are not here")
needs_linux = pytest.mark.skipif(not LINUX.is_dir(), reason="the captures are not here")
needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def drained(path: Path) -> tuple[list[Segment], TraceReader, TraceError | None]:
    reader = open_trace(path)
    segments: list[Segment] = []
    try:
        for event in reader:
            assert isinstance(event, Segment)
            segments.append(event)
    except TraceError as error:
        return segments, reader, error
    return segments, reader, None


@needs_peers
def test_as_many_segments_as_tshark_counted() -> None:
    index: list[dict[str, Any]] = json.loads((PEERS / "index.json").read_text())
    damaged = []
    for entry in index:
        segments, reader, error = drained(PEERS / entry["file"])
        without = sum(reader.skipped[reason] for reason in NO_HEADER)
        assert len(segments) + without == entry["tcp_packets"], entry["file"]
        assert reader.packets == len(segments) + reader.skipped.total()
        damaged += [entry["file"][:8]] * (error is not None)
    assert damaged == ["6e84caef"]  # its seventh record claims 4325376 octets; capinfos stops there too


@needs_linux
def test_every_packet_of_the_kernel_is_a_segment_or_icmp() -> None:
    truth: list[dict[str, Any]] = json.loads((LINUX / "truth.json").read_text())
    assert truth
    for entry in truth:
        segments, reader, error = drained(LINUX / entry["pcap"])
        assert error is None
        assert (len(segments), reader.skipped["not tcp"]) == (entry["packets"], entry["icmp"])
        # the kernel leaves its checksums to the card, and the script's are right
        assert set(reader.notes) <= {"tcp checksum not filled in"}


FIELDS = (
    "frame.number", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.flags", "tcp.len",
    "tcp.window_size_value", "tcp.urgent_pointer", "tcp.options.mss_val", "tcp.options.wscale.shift",
    "tcp.options.timestamp.tsval", "tcp.options.timestamp.tsecr", "tcp.checksum.status",
)  # fmt: skip
PREFERENCES = (
    "tcp.relative_sequence_numbers:FALSE", "tcp.check_checksum:TRUE", "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
)  # fmt: skip


def number(text: str) -> int:
    return int(text, 0) if text else -1


def by_tshark(path: Path) -> dict[int, tuple[int, ...]]:
    """Frame -> header fields: those of the innermost packet, and only where there is a length."""
    command = ["tshark", "-r", str(path), "-Y", "tcp && !icmp && !icmpv6", "-T", "fields", "-E"]
    command.append("occurrence=l")
    for preference in PREFERENCES:
        command += ["-o", preference]
    for name in FIELDS:
        command += ["-e", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {int(row[0]): tuple(map(number, row[1:])) for row in rows if row[6]}


def by_us(segment: Segment) -> tuple[int, ...]:
    src, dst = (int(end.rpartition(":")[2]) for end in (segment.src, segment.dst))
    return (
        src, dst, segment.seq, segment.ack, segment.flags, segment.text, segment.wnd, segment.up, segment.mss,
        segment.wscale, segment.tsval, segment.tsecr,
    )  # fmt: skip


@needs_peers
@needs_tshark
def test_headers_read_as_tshark_reads_them() -> None:
    compared = 0
    for path in sorted(PEERS.glob("*.pcap*"))[::6]:
        segments, _, _ = drained(path)
        theirs = by_tshark(path)
        for segment in segments:
            if segment.frame not in theirs or segment.optbad:
                continue
            *fields, status = theirs[segment.frame]
            # tshark's flags include the reserved bits; its text ends with the frame, ours with the packet
            fields[4] &= 0x1FF
            fields[5] = segment.text if segment.cut else fields[5]
            assert by_us(segment) == tuple(fields), f"{path.name}, frame {segment.frame}"
            if segment.badsum is not None and status in (0, 1):
                assert segment.badsum == (status == 0), f"{path.name}, frame {segment.frame}"
            compared += 1
    assert compared > 1000
