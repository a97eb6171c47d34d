"""Every verdict comes with a run that the independent checker accepts, and it accepts no run that was tampered with."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from verify_play import HANDSHAKE, Played, parse

from tcpmodel.compile import load_steps
from tcpmodel.errors import TraceError
from tcpmodel.trace import Segment, open_trace
from tcpmodel.verify import FileVerdict, Options, verify
from tcpmodel.verify.checker import check

CHECKOUT = Path(__file__).resolve().parents[2]
CAPTURES = Path(os.environ.get("TCPMODEL_CAPTURES") or CHECKOUT.parent / "shared" / "captures")
TRACES = sorted(path for path in (CHECKOUT / "traces").glob("*/*") if ".expected." not in path.name)


def profile(path: Path) -> str | None:
    """The profile that the expected verdict beside the trace asks for."""
    expected = path.with_name(path.name.split(".")[0] + ".expected.yaml")
    first = yaml.safe_load(expected.read_text())["connections"][0] if expected.exists() else {}
    named: str | None = first.get("profile")
    return None if named == "rfc9293" else named


def objections(path: Path, named: str | None) -> list[str]:
    """Replay a file, then check its witnesses against the file read again. A damaged file counts as far as it goes."""
    steps = load_steps(profile=named)
    reader = open_trace(str(path))
    items = []
    try:
        items.extend(open_trace(str(path)))
    except TraceError:
        items = items or list(_readable(path))
    verdict = verify(reader, steps, Options(witness=True))
    assert sum(c.segments for c in verdict.connections) == verdict.tcp_segments
    return check(verdict, items, steps, reader.vantage, reader.hidden)


def _readable(path: Path) -> list[Any]:
    items = []
    reader = iter(open_trace(str(path)))
    while True:
        try:
            items.append(next(reader))
        except (StopIteration, TraceError):
            return items


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_the_witness_of_every_trace_is_accepted(path: Path) -> None:
    assert objections(path, profile(path)) == []


@pytest.mark.slow
@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures are not there")
@pytest.mark.parametrize(("folder", "named"), [("linux/pcap", "linux"), ("peers", None)])
def test_the_witness_of_every_capture_is_accepted(folder: str, named: str | None) -> None:
    files = [path for path in sorted((CAPTURES / folder).rglob("*")) if ".pcap" in path.name]
    assert files
    assert {path.name: found for path in files if (found := objections(path, named))} == {}


CLOSE = (
    *HANDSHAKE,
    "a P. 101:201(100) ack 301",
    "b . 301:301(0) ack 201",
    "a F. 201:201(0) ack 301",
    "b F. 301:301(0) ack 202",
    "a . 202:202(0) ack 302",
)
WRONG = (*HANDSHAKE, "a P. 101:201(100) ack 301", "b . 301:301(0) ack 251")
MISSING = (
    *HANDSHAKE,
    "b . 301:301(0) ack 201",
    "a P. 201:301(100) ack 301",
    "b . 301:301(0) ack 301",
)
LATE = ("a P. 101:201(100) ack 301 win 500", "b . 301:301(0) ack 201 win 500")

Tamper = Callable[[FileVerdict], None]


def at(letter: str, kind: str, number: int = 0) -> Callable[[FileVerdict], tuple[list[Any], int]]:
    """Where in a witness the step is: the run, and the index."""

    def find(verdict: FileVerdict) -> tuple[list[Any], int]:
        run = verdict.connections[0].witness[letter]
        return run, [index for index, row in enumerate(run) if row[0] == kind][number]

    return find


def drop(where: Callable[[FileVerdict], tuple[list[Any], int]]) -> Tamper:
    def tamper(verdict: FileVerdict) -> None:
        run, index = where(verdict)
        del run[index]

    return tamper


def repeat(where: Callable[[FileVerdict], tuple[list[Any], int]]) -> Tamper:
    def tamper(verdict: FileVerdict) -> None:
        run, index = where(verdict)
        run.insert(index, run[index])

    return tamper


def move(where: Callable[[FileVerdict], tuple[list[Any], int]], by: int) -> Tamper:
    def tamper(verdict: FileVerdict) -> None:
        run, index = where(verdict)
        run.insert(index + by, run.pop(index))

    return tamper


def put(where: Callable[[FileVerdict], tuple[list[Any], int]], *row: Any) -> Tamper:
    def tamper(verdict: FileVerdict) -> None:
        run, index = where(verdict)
        run[index] = (*row, *run[index][len(row) :])

    return tamper


def clear(name: str) -> Tamper:
    return lambda verdict: getattr(verdict.connections[0], name).clear()


def set_to(name: str, value: Any) -> Tamper:
    return lambda verdict: setattr(verdict.connections[0], name, value)


def another_state(verdict: FileVerdict) -> None:
    verdict.connections[0].states["a"][-1] = (8, "CLOSED")


def another_frame(verdict: FileVerdict) -> None:
    frame, name = verdict.connections[0].states["b"][-1]
    verdict.connections[0].states["b"][-1] = (frame - 1, name)


def altered_delivery(verdict: FileVerdict) -> None:
    run, index = at("b", "deliver", 2)(verdict)
    segment = Segment(4, 0, "10.0.0.1:40000", "10.0.0.2:80", seq=151, ack=301, wnd=65535, flags=24, len=100, text=100)
    run[index] = ("deliver", 4, (segment, None, None))


PLAIN = {"CALL_read": False, "CALL_unread": False}
TAMPERED = [
    (CLOSE, drop(at("a", "send", 2)), "arrives before frame 4"),
    (CLOSE, drop(at("b", "deliver", 2)), "forbidden by output.acknowledges.unsent"),
    (CLOSE, drop(at("a", "call", 1)), "forbidden by output.fin"),
    (CLOSE, repeat(at("b", "deliver", 2)), "arrives twice"),
    (CLOSE, repeat(at("a", "send", 2)), "is not sent in the run"),
    (CLOSE, repeat(at("a", "send", 4)), "was not captured"),
    (CLOSE, move(at("a", "deliver"), -3), "arrives before frame 1"),
    (CLOSE, move(at("a", "call", 1), 1), "forbidden by output.fin"),
    (CLOSE, put(at("b", "deliver"), "deliver", 1, (None, 999, True)), "forbidden by output.syn-ack.moved"),
    (CLOSE, put(at("b", "deliver"), "deliver", 1, (None, None, None)), "a choice is left open"),
    (CLOSE, put(at("a", "call", 1), "call", 6, ("STATUS", {}, None, 50_000_000, False)), "can be no hidden event"),
    (
        CLOSE,
        put(at("a", "call", 1), "call", 6, ("CLOSE", {"CALL_read": False}, None, 50_000_000, True)),
        "not told here",
    ),
    (
        CLOSE,
        put(at("a", "call", 1), "call", 6, ("CLOSE", PLAIN, None, 1, False)),
        "before the last segment",
    ),
    (
        CLOSE,
        put(at("a", "call", 1), "call", 6, ("CLOSE", dict.fromkeys(PLAIN, True), None, 50_000_000, False)),
        "is not inferred with these arguments",
    ),
    (CLOSE, put(at("a", "call", 1), "crash", 6, ("", {}, None, 50_000_000, False)), "is an assumption"),
    (CLOSE, put(at("a", "send", 2), "send", 4, "against"), "without a finding"),
    (CLOSE, put(at("a", "send", 2), "send", 4, "astray"), "without a finding"),
    (CLOSE, altered_delivery, "altered without a finding"),
    (CLOSE, another_state, "the states passed are"),
    (CLOSE, another_frame, "is entered elsewhere"),
    (CLOSE, set_to("verdict", "violation"), "unlike the findings"),
    (WRONG, set_to("verdict", "conforming"), "unlike the findings"),
    (WRONG, clear("findings"), "without a finding"),
    (WRONG, put(at("b", "send", 1), "send", 5, False), "forbidden by output.acknowledges.unsent"),
    (MISSING, clear("assumptions"), "frame-missing"),
    (MISSING, put(at("b", "send", 1), "send", 4, False), "forbidden by output.acknowledges.unsent"),
    (LATE, clear("assumptions"), "is picked up too late"),
    (LATE, put(at("b", "pickup"), "pickup", 2, (True, (False, False))), "the peer began otherwise"),
]


@pytest.mark.parametrize(("texts", "tamper", "objection"), TAMPERED)
def test_a_run_that_was_tampered_with_is_objected_to(texts: tuple[str, ...], tamper: Tamper, objection: str) -> None:
    items, steps = parse(*texts), load_steps()
    verdict = verify(Played(items, complete=texts is WRONG), steps, Options(witness=True))
    assert check(verdict, items, steps) == []
    changed = deepcopy(verdict)
    tamper(changed)
    (found,) = check(changed, items, steps)
    assert objection in found


def test_a_segment_more_or_less_in_the_trace_is_objected_to() -> None:
    items, steps = parse(*CLOSE), load_steps()
    verdict = verify(Played(items), steps, Options(witness=True))
    assert len(check(verdict, [item for item in items if item.frame != 4], steps)) == 1
    assert len(check(verdict, parse(*CLOSE[:3], "a P. 101:301(200) ack 301", *CLOSE[4:]), steps)) == 1


def test_where_the_trace_was_taken_what_arrived_counts() -> None:
    """A run that loses a captured segment is none when the capture was taken at the receiver."""
    items, steps = parse(*HANDSHAKE, "a . 101:101(0) ack 301 win 65000", "b P. 301:311(10) ack 101"), load_steps()
    verdict = verify(Played(items), steps, Options(witness=True))
    run, index = at("b", "deliver", 2)(verdict)
    run[index] = ("lost", 4, None)
    assert check(verdict, items, steps) == []
    assert "lost, which cannot be" in check(verdict, items, steps, vantage="10.0.0.2")[0]


def test_what_the_trace_tells_must_be_in_the_run() -> None:
    items, steps = parse("b call OPEN passive", *HANDSHAKE, "b is ESTABLISHED"), load_steps()
    verdict = verify(Played(items), steps, Options(witness=True))
    assert check(verdict, items, steps) == []
    run, index = at("b", "observed")(verdict)
    step = run.pop(index)
    assert "is left out" in check(verdict, items, steps)[0]
    run.insert(index - 1, step)
    assert "is not so" in check(verdict, items, steps)[0]
