"""The segments around a finding: kept while replaying, a few for each finding, however long the capture."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tcpmodel.compile import load_steps
from tcpmodel.trace import Segment, open_trace
from tcpmodel.trace.writers import write_pcap
from tcpmodel.verify import Finding, verify
from tcpmodel.verify.excerpts import MOST, Excerpts

A, B = "10.0.0.1:40000", "10.0.0.2:80"
MILLISECOND = 1_000_000


def segment(frame: int, source: str = A, **fields: Any) -> Segment:
    return Segment(frame, frame * MILLISECOND, source, B if source == A else A, **fields)


def transfer(octets: int, wrong: int) -> list[Segment]:
    """A handshake, then `octets` segments of one octet; frame `wrong` skips far ahead of what the window allows."""
    opening = [
        segment(1, seq=0, flags=2, len=1, wnd=1000),
        segment(2, B, seq=0, ack=1, flags=18, len=1, wnd=1000),
        segment(3, seq=1, ack=1, flags=16, wnd=1000),
    ]
    text = []
    for n in range(octets):
        text.append(segment(4 + 2 * n, seq=1 + n, ack=1, flags=24, text=1, len=1, wnd=1000))
        text.append(segment(5 + 2 * n, B, seq=1, ack=2 + n, flags=16, wnd=1000))
    text[wrong - 4].seq += 1 << 30
    return opening + text


def test_an_excerpt_has_the_few_segments_around_its_frame(tmp_path: Path) -> None:
    write_pcap(transfer(200, wrong=100), tmp_path / "x.pcap")
    with open_trace(tmp_path / "x.pcap") as reader:
        (connection,) = verify(reader, load_steps()).connections
    assert [finding.frame for finding in connection.findings][:1] == [100]
    rows = connection.excerpts[100]
    assert [frame for frame, _ in rows] == [97, 98, 99, 100, 101, 102]
    assert rows[0][1] == "+0.000000  b > a  . 1:1(0) ack 48 win 1000"
    assert rows[1][1] == "+0.001000  a > b  P. 48:49(1) ack 1 win 1000"


def test_a_clean_connection_keeps_nothing() -> None:
    from tcpmodel.verify import Replay

    replay = Replay(load_steps())
    for item in transfer(100, wrong=4)[:3]:
        replay.feed(item)
    (connection,) = replay.live.values()
    assert connection.excerpts.kept == {}


def test_what_no_explanation_blames_is_dropped() -> None:
    trail: Any = (None, "finding", 500, Finding("must", "TM999", "r", A, 500, ""))
    ends: Any = {A: SimpleNamespace(frontier=[SimpleNamespace(trail=trail)])}
    excerpts = Excerpts(ends)
    recent: deque[Segment] = deque(maxlen=32)
    for frame in range(1, 3 * MOST):
        item = segment(frame)
        if excerpts.due:
            excerpts.follow(item)
        if frame % 10 == 0:
            excerpts.mark(recent, item)
        recent.append(item)
        assert len(excerpts.kept) <= MOST + 6
    excerpts.prune()
    assert list(excerpts.kept) == [497, 498, 499, 500, 501, 502]
    texts = excerpts.around([500], {A: "a", B: "b"})
    assert [frame for frame, _ in texts[500]] == [497, 498, 499, 500, 501, 502]


def test_behind_an_event_of_the_trace_the_last_segment_is_the_frame() -> None:
    excerpts = Excerpts({})
    excerpts.mark([segment(frame) for frame in range(1, 10)])
    assert sorted(excerpts.kept) == [6, 7, 8, 9]


def test_without_a_clock_there_are_no_times() -> None:
    excerpts = Excerpts({})
    excerpts.mark([], Segment(1, -1, A, B, seq=5, wnd=9))
    assert excerpts.around([1], {A: "a", B: "b"}) == {1: [(1, "a > b  - 5:5(0) win 9")]}
