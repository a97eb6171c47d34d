"""Traces that hide nothing: what they tell has happened, in its order, and nothing is inferred."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from verify_play import STEP, A, B, Played, blamed, parse, play, replay

from tcpmodel.cli import main
from tcpmodel.compile import load_steps
from tcpmodel.trace import Segment
from tcpmodel.trace.writers import write_json
from tcpmodel.verify import ConnectionVerdict, FileVerdict, Options, verify
from tcpmodel.verify.checker import check

LISTENS, OPENS = "b call OPEN passive", "a call OPEN"
SYN, SYN_ACK, ACK = "a S 100:100(0)", "b S. 300:300(0) ack 101", "a . 101:101(0) ack 301"
OPEN = (LISTENS, OPENS, SYN, "arrives 1", SYN_ACK, "arrives 2", ACK, "arrives 3")
CLOSE = (
    *OPEN, "a call CLOSE", "a F. 101:101(0) ack 301", "arrives 4", "b . 301:301(0) ack 102", "arrives 5",
    "b call CLOSE", "b F. 301:301(0) ack 102", "arrives 6", "a . 102:102(0) ack 302", "arrives 7",
)  # fmt: skip


def exact(*texts: str, **options: Any) -> ConnectionVerdict:
    connection = play(*texts, hidden=False, **options)
    assert connection.assumptions == []
    return connection


def without(rows: tuple[str, ...], *left_out: str) -> tuple[str, ...]:
    assert set(left_out) <= set(rows)
    return tuple(row for row in rows if row not in left_out)


def test_a_connection_told_in_full_conforms() -> None:
    connection = exact(*CLOSE, "a is TIME-WAIT", "b is CLOSED", "a owes", "b owes")
    assert connection.verdict == "conforming"
    assert connection.states["b"] == [
        (0, "LISTEN"), (1, "SYN-RECEIVED"), (3, "ESTABLISHED"), (4, "CLOSE-WAIT"), (5, "LAST-ACK"), (7, "CLOSED"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("left_out", "endpoint", "frame"),
    [
        (OPENS, A, 1),
        (LISTENS, B, 2),
        ("arrives 1", B, 2),
        ("arrives 2", A, 3),
        ("arrives 4", B, 5),
        ("a call CLOSE", A, 4),
        ("b call CLOSE", B, 6),
        ("arrives 6", A, 7),
    ],
)
def test_what_is_not_told_has_not_happened(left_out: str, endpoint: str, frame: int) -> None:
    connection = exact(*without(CLOSE, left_out))
    assert connection.verdict == "violation"
    assert blamed(connection)[0] == ("must", endpoint, frame)


@pytest.mark.parametrize("row", [SYN, SYN_ACK, "a F. 101:101(0) ack 301"])
def test_no_frame_is_supposed_missing(row: str) -> None:
    numbers = {f"arrives {n}" for n in range(1, 8)}
    calls_and_segments = [text for text in CLOSE if text not in numbers]
    index = [text for text in calls_and_segments if " call " not in text].index(row) + 1
    rest = [text for text in CLOSE if text not in (row, f"arrives {index}")]
    renumbered = [f"arrives {n - (n > index)}" if (n := arrives(text)) else text for text in rest]
    connection = exact(*renumbered)
    assert connection.verdict == "violation" and connection.reason == ""


def arrives(text: str) -> int:
    return int(text.split()[1]) if text.startswith("arrives") else 0


def test_a_trace_does_not_begin_in_mid_connection() -> None:
    assert exact("a P. 101:201(100) ack 301", "arrives 1", "b . 301:301(0) ack 201").verdict == "violation"
    assert play("a P. 101:201(100) ack 301", "b . 301:301(0) ack 201").verdict != "violation"


def test_a_segment_that_never_arrives_is_lost() -> None:
    again = (*OPEN[:4], SYN_ACK, SYN_ACK, "arrives 3", "a . 101:101(0) ack 301")
    assert exact(*again, "b is SYN-RECEIVED").verdict == "conforming"
    connection = exact(*again, "b is ESTABLISHED")
    assert connection.verdict == "violation" and connection.findings[0].states == ("SYN-RECEIVED",)
    assert connection.arrived == {1: [1], 2: [], 3: [3], 4: []}


def test_a_segment_that_arrives_again_is_answered_again() -> None:
    rows = (*OPEN, "a P. 101:111(10) ack 301", "arrives 4", "b . 301:301(0) ack 111", "arrives 4")
    assert exact(*rows, "b owes . 301:301(0) ack 111").verdict == "conforming"
    assert exact(*rows, "b owes").verdict == "violation"
    assert exact(*rows[:-1], "b owes").verdict == "conforming"


def test_a_forged_segment_is_a_step_of_nobody_until_it_arrives() -> None:
    """Its sender goes on as if nothing had been; whoever gets it takes it for its peer's."""
    rows = (*OPEN, "a forged R 101:101(0)")
    assert exact(*rows, "a is ESTABLISHED", "b is ESTABLISHED").verdict == "conforming"
    assert exact(*rows, "arrives 4", "a is ESTABLISHED", "b is CLOSED", "b owes").verdict == "conforming"
    assert blamed(exact(*OPEN, "a R 101:101(0)", "arrives 4", "b is CLOSED")) == [("must", A, 4)]
    challenged = exact(*OPEN, "a forged R 102:102(0)", "arrives 4", "b . 301:301(0) ack 101", "b is ESTABLISHED")
    assert challenged.verdict == "conforming" and challenged.segments == 5
    assert blamed(exact(*rows, "arrives 4", "b is ESTABLISHED")) == [("must", B, 4)]


def test_a_trace_may_begin_with_a_forged_segment() -> None:
    connection = exact("a forged . 5:5(0) ack 7", "arrives 1", "b R 7:7(0)", "b is CLOSED", "a is CLOSED")
    assert (connection.verdict, connection.a) == ("conforming", A)


def test_segments_may_overtake_one_another() -> None:
    late = (*OPEN, "a P. 101:111(10) ack 301", "a P. 111:121(10) ack 301", "arrives 5")
    assert exact(*late, "b is ESTABLISHED RCV.NXT=101", "arrives 4", "b . 301:301(0) ack 121").verdict == "conforming"
    connection = exact(*late, "b . 301:301(0) ack 121")
    assert blamed(connection) == [("must", B, 6)]


def test_the_state_is_entered_where_the_segment_arrives() -> None:
    early = exact(*OPEN, "a P. 101:111(10) ack 301")
    late = exact(*OPEN[:-1], "a P. 101:111(10) ack 301", "arrives 3")
    assert (early.states["b"][-1], late.states["b"][-1]) == ((3, "ESTABLISHED"), (4, "ESTABLISHED"))


def test_frames_that_are_alike_were_both_sent() -> None:
    connection = exact(LISTENS, OPENS, SYN, SYN, "arrives 1", SYN_ACK, "arrives 2", "b owes . 301:301(0) ack 101")
    assert connection.verdict == "conforming"


def test_the_time_of_an_arrival_is_that_of_the_event() -> None:
    texts = (*CLOSE[:-1], "a is TIME-WAIT")
    items = parse(*texts, hidden=False)
    place = texts.index("arrives 6")
    msl = 120_000_000_000
    for late in (0, 5 * STEP):
        items[place].time = place * STEP + late
        items[-1].tcb = {"TIME-WAIT.END": place * STEP + late + 2 * msl}
        (connection,) = replay(items, hidden=False).connections
        assert connection.verdict == "conforming"
    items[-1].tcb["TIME-WAIT.END"] += 1
    (connection,) = replay(items, hidden=False).connections
    assert connection.verdict == "violation" and connection.findings[0].field == "TIME-WAIT.END"


def test_a_crash_forgets_everything() -> None:
    rows = (*OPEN, "a P. 101:111(10) ack 301", "arrives 4", "b restarts")
    assert exact(*rows, "b is CLOSED", "b owes", clock=False).verdict == "conforming"
    assert exact(*rows, "b . 301:301(0) ack 111", clock=False).verdict == "violation"
    assert exact(*without(rows, "b restarts"), "b is CLOSED").verdict == "violation"


def test_a_crash_may_be_told_where_other_things_are_hidden() -> None:
    handshake = ("a S 100:100(0)", SYN_ACK, ACK, "b restarts", "a P. 101:111(10) ack 301", "b R 301:301(0) win 0")
    assert play(*handshake, clock=False).assumptions == []
    assert play(*without(handshake, "b restarts"), clock=False).verdict == "conforming"


def test_silence_is_seen_in_what_is_owed() -> None:
    """The endpoint is CLOSED, and the RST that it owes never comes."""
    rows = (OPENS, SYN, "arrives 1")
    assert exact(*rows, "b owes R. 0:0(0) ack 101").verdict == "conforming"
    connection = exact(*rows, "b owes")
    finding = connection.findings[0]
    assert (finding.rule, finding.field, finding.actual) == ("closed.no-ack", "owes", "owes = nothing")
    assert finding.expected == "owes = R. 0:0(0) ack 101" and finding.cite == "RFC 9293 3.10.7.1"
    assert exact(*rows, "b owes R. 0:0(0) ack 102").verdict == "violation"


@pytest.mark.parametrize(("observed", "verdict"), [(100, "conforming"), (99, "violation")])
def test_a_variable_is_compared(observed: int, verdict: str) -> None:
    connection = exact(*OPEN, f"a is ESTABLISHED ISS={observed}")
    assert connection.verdict == verdict
    assert [finding.message for finding in connection.findings] == [
        f"ISS = {observed} was observed, where the model has 100"
    ][: verdict == "violation"]


# What an endpoint selects by itself.
ACCEPTED = (LISTENS, OPENS, SYN, "arrives 1")


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        ((*ACCEPTED, "b is SYN-RECEIVED"), "conforming"),
        ((*ACCEPTED, "b is LISTEN"), "conforming"),
        ((*ACCEPTED, "b is ESTABLISHED"), "violation"),
        ((*ACCEPTED, "b is SYN-RECEIVED ISS=300 SND.NXT=301", SYN_ACK), "conforming"),
        ((*ACCEPTED, "b is SYN-RECEIVED ISS=299", SYN_ACK), "violation"),
        ((*ACCEPTED, "b is SYN-RECEIVED SND.WND=65535", SYN_ACK), "conforming"),
        ((*ACCEPTED, "b is SYN-RECEIVED ISS=300 SND.NXT=300"), "violation"),
        ((*ACCEPTED, "b is LISTEN", SYN_ACK), "violation"),
        ((OPENS, SYN, "b call OPEN", "arrives 1", "b is SYN-RECEIVED", SYN_ACK), "conforming"),
        ((OPENS, SYN, "b call OPEN", "arrives 1", "b is SYN-SENT", SYN_ACK), "violation"),
        ((OPENS, SYN, "b call OPEN", "b is SYN-SENT ISS=5", "b call ABORT", "b call OPEN", "b S 9:9(0)"), "conforming"),
        ((OPENS, SYN, "b call OPEN", "b is SYN-SENT ISS=5", "b S 9:9(0)"), "violation"),
    ],
)
def test_what_an_endpoint_selects_is_shown_later(texts: tuple[str, ...], verdict: str) -> None:
    assert exact(*texts).verdict == verdict


def test_the_replay_goes_on_behind_a_deviation() -> None:
    connection = exact(*OPEN, "a P. 151:161(10) ack 301", "arrives 4", "b . 301:301(0) ack 101", "b is CLOSED")
    assert [frame for _, _, frame in blamed(connection)] == [4, 5]
    assert blamed(exact(LISTENS, "a call NOTHING", OPENS, SYN)) == [("must", A, 0)]


def test_connections_of_one_endpoint_are_told_apart() -> None:
    other = "10.0.0.3:80"
    items = parse(OPENS, SYN, "arrives 1", "b owes R. 0:0(0) ack 101", hidden=False)
    more = [replace(item) for item in parse(OPENS, SYN, "arrives 1", hidden=False)]
    more[0] = replace(more[0], endpoint="10.0.0.9:1")
    more[1] = replace(more[1], src="10.0.0.9:1", dst=other, frame=2)
    more[2] = replace(more[2], endpoint=other, segment=2, frame=2)
    verdict = replay([*items, *more], hidden=False)
    assert [c.verdict for c in verdict.connections] == ["conforming", "conforming"]
    assert [c.arrived for c in verdict.connections] == [{1: [1]}, {2: [2]}]


Tamper = Callable[[FileVerdict], None]


def row(letter: str, kind: str, number: int = 0) -> Callable[[FileVerdict], tuple[list[Any], int]]:
    def find(verdict: FileVerdict) -> tuple[list[Any], int]:
        run = verdict.connections[0].witness[letter]
        return run, [index for index, step in enumerate(run) if step[0] == kind][number]

    return find


def put(where: Callable[[FileVerdict], tuple[list[Any], int]], *rows: Any, length: int = 1) -> Tamper:
    def tamper(verdict: FileVerdict) -> None:
        run, index = where(verdict)
        run[index : index + length] = rows

    return tamper


def assume(verdict: FileVerdict) -> None:
    from tcpmodel.verify import Assumption

    verdict.connections[0].assumptions.append(Assumption("frame-missing", 3, A, "a frame is missing"))


def enter(verdict: FileVerdict) -> None:
    verdict.connections[0].states["b"][-1] = (2, "ESTABLISHED")


ALTERED = Segment(3, 0, A, B, seq=101, ack=301, wnd=65535, flags=16)
OPENED = ("OPEN", {"CALL_passive": False, "CALL_unspecified": False}, 100, STEP)


@pytest.mark.parametrize(
    ("tamper", "objection"),
    [
        (put(row("b", "deliver")), "is not in the run at this point"),
        (put(row("b", "deliver"), ("lost", 1, None)), "is not in the run at this point"),
        (put(row("a", "call")), "is not in the run at this point"),
        (put(row("a", "call"), ("call", 0, (*OPENED, False))), "not told, or at another time"),
        (put(row("a", "call"), ("call", 0, (*OPENED[:3], 5, True))), "not told, or at another time"),
        (put(row("a", "call"), ("call", 0, ("OPEN", {"CALL_passive": True}, 100, STEP, True))), "other arguments"),
        (put(row("a", "call"), ("call", 0, ("OPEN", OPENED[1], 101, STEP, True))), "is forbidden"),
        (put(row("a", "send", 1), ("call", 3, ("CLOSE", {}, None, STEP, False)), length=0), "is not in the run"),
        (put(row("b", "observed"), ("call", 3, ("CLOSE", {}, None, STEP, False))), "is not in the run"),
        (put(row("b", "deliver", 1), ("deliver", 3, (ALTERED, None, None))), "is altered"),
        (put(row("b", "deliver", 0), ("deliver", 1, (None, None, None))), "a choice is left open"),
        (put(row("b", "deliver", 0), ("deliver", 1, (None, None, False))), "is forbidden"),
        (put(row("a", "send", 1), ("send", 3, True)), "sent with assumptions"),
        (put(row("a", "send", 1), ("send", 3, "astray")), "without a finding"),
        (assume, "something is assumed"),
        (enter, "is entered elsewhere"),
        (put(row("a", "deliver", -1), ("deliver", 2, (None, None, None)), length=0), "is not in the run"),
    ],
)
def test_a_witness_that_hides_or_changes_something_is_objected_to(tamper: Tamper, objection: str) -> None:
    items, steps = parse(*OPEN, "b is ESTABLISHED", hidden=False), load_steps()
    verdict = verify(Played(items, hidden=False), steps, Options(witness=True))
    assert check(verdict, items, steps, hidden=False) == []
    changed = deepcopy(verdict)
    tamper(changed)
    (found,) = check(changed, items, steps, hidden=False)
    assert objection in found


def test_a_step_more_than_the_trace_tells_is_objected_to() -> None:
    items, steps = parse(*OPEN, hidden=False), load_steps()
    verdict = verify(Played(items, hidden=False), steps, Options(witness=True))
    assert "is not told" in check(verdict, items[:-1], steps, hidden=False)[0]
    assert len(check(verdict, items[1:], steps, hidden=False)) == 1


def test_the_command_line_reads_and_draws_such_traces(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "told.json"
    rows = (*OPEN[:4], SYN_ACK, SYN_ACK, "arrives 2", "arrives 3", ACK, "b is SYN-RECEIVED")
    write_json(parse(*rows, hidden=False), file, endpoints={"a": A, "b": B}, hidden=False)
    assert main(["verify", "--ladder", "-v", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("never arrives: . 101:101(0)" in line and line.endswith("x  |") for line in lines)
    assert any(" arrives behind 3: S. 300:300(0)" in line for line in lines)
    file.write_text(file.read_text().replace('"hidden": false', '"hidden": true'))
    assert main(["verify", str(file)]) == 2
    assert 'needs "hidden": false in the header' in capsys.readouterr().err
