"""What is written reads back as it was, whatever the segment."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tcpmodel.errors import TraceError
from tcpmodel.trace import Arrival, Call, Event, Observation, Restart, Segment, Timeout, open_trace
from tcpmodel.trace.notation import parse_segment, to_packetdrill
from tcpmodel.trace.options import COOKIE_LENGTHS, option_bytes
from tcpmodel.trace.writers import packet_bytes, write_json, write_pcap
from tests.trace.trace_frames import read

BITS16, BITS32, BITS64 = (st.integers(0, (1 << bits) - 1) for bits in (16, 32, 64))
V4 = st.sampled_from(["10.0.0.1:40000", "10.0.0.2:80", "255.255.255.255:0", "0.0.0.0:65535"])
V6 = st.sampled_from(["[fd00::1]:80", "[::]:1", "[::ffff:1.2.3.4]:9", "[1:2:3:4:5:6:7:8]:443"])
ABSENT = st.just(-1)
WORDS = st.text(string.ascii_letters + " -.äß", max_size=12)
NUMBERS = st.integers(1 - 2**64, 2**64 - 1)
SCALARS = st.dictionaries(
    st.sampled_from(["SND.UNA", "passive", "x"]), NUMBERS | st.booleans() | WORDS, max_size=3
)
TIMES = ABSENT | st.integers(0, 10**19 - 1)
UNIQUE = settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def segments(
    draw: st.DrawFn, longest: int = 1 << 24, family: st.SearchStrategy[str] | None = None
) -> Segment:
    """Any segment that notation and JSON can hold, options and all."""
    ends = draw(st.sampled_from([V4, V6])) if family is None else family
    flags = draw(st.integers(0, 511))
    text = draw(st.integers(0, 3) | st.integers(0, longest))
    tsval = draw(ABSENT | BITS32)
    return Segment(
        1, draw(TIMES), draw(ends), draw(ends),
        seq=draw(BITS32), ack=draw(BITS32), wnd=draw(BITS16), up=draw(BITS16), flags=flags,
        len=text + (flags & 1) + (flags >> 1 & 1), text=text,
        mss=draw(ABSENT | BITS16), wscale=draw(ABSENT | st.integers(0, 255)), sackok=draw(st.booleans()),
        sack=tuple(draw(st.lists(st.tuples(BITS32, BITS32), max_size=4))),
        tsval=tsval, tsecr=-1 if tsval < 0 else draw(BITS32),
        tfo=draw(ABSENT | st.sampled_from(sorted(COOKIE_LENGTHS))),
    )  # fmt: skip


def _bare(segment: Segment) -> Segment:
    return replace(segment, frame=0, time=-1, src="", dst="")


@st.composite
def events(draw: st.DrawFn, kinds: str = "stcor") -> list[Event]:
    """A trace of any events, with everything that can be known of a segment."""
    out: list[Event] = []
    frame = 0
    for kind in draw(st.lists(st.sampled_from(kinds), max_size=6)):
        at, time = draw(V4 | V6), draw(TIMES)
        if kind == "s":
            frame += 1
            known: dict[str, Any] = {
                "carrier": draw(WORDS), "cut": draw(st.booleans()), "optbad": draw(WORDS),
                "badsum": draw(st.sampled_from([None, True, False])),
                "digest": draw(BITS64), "ident": draw(BITS64), "forged": "a" in kinds and draw(st.booleans()),
            }  # fmt: skip
            out.append(replace(draw(segments()), frame=frame, **known))
        else:
            made: dict[str, Event] = {
                "t": Timeout(at, "T", frame, time),
                "c": Call(at, "C", draw(SCALARS), frame, time),
                "r": Restart(at, frame, time),
            }
            if kind == "a" and frame:
                sent = [event for event in out if isinstance(event, Segment)]
                segment = draw(st.sampled_from(sent))
                out.append(Arrival(segment.dst, segment.frame, frame, time))
            elif kind != "a":
                owes = draw(st.none() | st.lists(segments().map(_bare), max_size=2).map(tuple))
                out.append(made.get(kind) or Observation(at, draw(WORDS), draw(SCALARS), frame, time, owes))
    return out


@UNIQUE
@given(segments())
def test_notation(segment: Segment) -> None:
    again = parse_segment(
        to_packetdrill(segment), frame=1, time=segment.time, src=segment.src, dst=segment.dst
    )
    assert again == segment


@UNIQUE
@given(segments(), BITS32, BITS32)
def test_relative_notation_only_shifts_numbers(segment: Segment, own: int, other: int) -> None:
    shifted = parse_segment(to_packetdrill(segment, (own, other)))
    assert (shifted.seq + own) % 2**32 == segment.seq
    assert (
        tuple(((left + other) % 2**32, (right + other) % 2**32) for left, right in shifted.sack)
        == segment.sack
    )
    due = segment.ack - other if segment.flags & 16 else segment.ack
    assert shifted.ack == due % 2**32


@pytest.mark.parametrize("name", ["trace.json", "trace.jsonl"])
@UNIQUE
@given(trace=events(), complete=st.booleans())
def test_json(name: str, tmp_path: Path, trace: list[Event], complete: bool) -> None:
    write_json(trace, tmp_path / name, title="a title", vantage="10.0.0.2:80", complete=complete)
    reader = open_trace(tmp_path / name)
    assert list(reader) == trace
    assert (reader.title, reader.vantage, reader.complete) == ("a title", "10.0.0.2:80", complete)
    assert reader.tcp_segments == reader.packets == sum(isinstance(event, Segment) for event in trace)
    assert reader.hidden


@pytest.mark.parametrize("name", ["trace.json", "trace.jsonl"])
@UNIQUE
@given(trace=events("sssaaatcor"))
def test_json_that_hides_nothing(name: str, tmp_path: Path, trace: list[Event]) -> None:
    write_json(trace, tmp_path / name, hidden=False)
    reader = open_trace(tmp_path / name)
    assert list(reader) == trace
    assert (reader.hidden, reader.complete) == (False, True)


@UNIQUE
@given(
    trace=st.lists(st.one_of(segments(4000, V4), segments(4000, V6)), min_size=1, max_size=4),
    wrong=st.booleans(),
)
def test_pcap(tmp_path: Path, trace: list[Segment], wrong: bool) -> None:
    fitting = [each for each in trace if len(option_bytes(each)) <= 40]
    trace = [
        replace(each, frame=number, time=each.time % 10**18, badsum=wrong)
        for number, each in enumerate(fitting, 1)
    ]
    write_pcap([Call("10.0.0.1:1", "OPEN"), *trace], tmp_path / "t.pcap")
    again = list(open_trace(tmp_path / "t.pcap"))
    assert [replace(each, digest=0, ident=0) for each in again if isinstance(each, Segment)] == trace


@pytest.mark.parametrize("address", ["10.0.0.1", "[fd00::1]"])
def test_a_written_capture_keeps_what_is_odd(address: str, tmp_path: Path) -> None:
    odd = Segment(1, 0, f"{address}:1", f"{address}:2", flags=16, len=9, text=9, cut=True, optbad="whatever")
    write_pcap([odd], tmp_path / "t")
    (again,) = open_trace(tmp_path / "t")
    assert isinstance(again, Segment)
    assert (again.text, again.cut, bool(again.optbad), again.badsum) == (9, True, True, None)


def test_a_retransmission_repeats_its_octets() -> None:
    first = Segment(1, 0, "10.0.0.1:1", "10.0.0.2:2", seq=1000, text=600, len=600)
    later = replace(first, seq=1200, text=400, len=400)
    assert packet_bytes(first)[-400:] == packet_bytes(later)[-400:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dst": "[fd00::1]:1"}, "one end has an IPv4 address"),
        ({"src": "somewhere"}, "has no port"),
        ({"src": "10.0.0.256:1"}, "is not an address"),
        ({"text": 65536, "len": 65536}, "65536 octets does not fit"),
        ({"sack": ((1, 2),) * 4, "tsval": 1, "tsecr": 1}, "octets of options"),
        ({"time": 2**32 * 10**9}, "time does not fit"),
    ],
)
def test_what_no_packet_can_hold_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    segment = Segment(3, 0, "10.0.0.1:1", "10.0.0.2:2")
    for name, value in change.items():
        setattr(segment, name, value)
    with pytest.raises(TraceError, match=f"frame 3: .*{message}"):
        write_pcap([segment], tmp_path / "t")


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="cannot be written"):
        write_json([], tmp_path / "none" / "t.json")


def test_many_endpoints_are_written_as_addresses(tmp_path: Path) -> None:
    trace: list[Event] = [Segment(n, -1, f"10.0.0.{n}:1", "10.0.1.1:2", flags=2, len=1) for n in range(1, 40)]
    write_json(trace, tmp_path / "t.json")
    text = (tmp_path / "t.json").read_bytes()
    assert b'"from": "10.0.0.7:1", "to": "10.0.1.1:2"' in text
    assert read(text, tmp_path)[0] == trace
