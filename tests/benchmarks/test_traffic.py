"""The synthetic traffic is repeatable, readable and conforming, so that a benchmark measures what it says."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tcpmodel.compile import load_steps
from tcpmodel.trace import Segment, open_trace
from tcpmodel.verify import verify

from .compare import run
from .generate import interleaved, write

PACKETS = 1500


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traffic") / "small.pcap"
    write(path, PACKETS)
    return path


def test_packets_come_in_the_order_of_time() -> None:
    times = [packet.time for _, packet in interleaved(PACKETS, 1)]
    assert len(times) == PACKETS
    assert all(early <= late for early, late in pairwise(times))


def test_traffic_depends_on_the_seed_alone(capture: Path, tmp_path: Path) -> None:
    write(tmp_path / "again.pcap", PACKETS)
    write(tmp_path / "other.pcap", PACKETS, seed=2)
    assert (tmp_path / "again.pcap").read_bytes() == capture.read_bytes()
    assert (tmp_path / "other.pcap").read_bytes() != capture.read_bytes()


def test_checksums_are_valid(capture: Path) -> None:
    segments = [item for item in open_trace(capture) if isinstance(item, Segment)]
    assert len(segments) == PACKETS
    assert not any(segment.badsum for segment in segments)


def test_all_connections_conform(capture: Path) -> None:
    verdict = verify(open_trace(capture), load_steps())
    assert len(verdict.connections) > 30
    assert {c.verdict for c in verdict.connections} == {"conforming"}
    assert [a for c in verdict.connections for a in c.assumptions] == []


def test_a_run_is_measured() -> None:
    measured = run("python", [sys.executable, "-c", "raise SystemExit(3)"])
    assert measured.code == 3
    assert measured.seconds > 0 and measured.memory > 1
