"""Calls, timeouts, delay and loss that nobody saw, and the ones that a trace tells of."""

from __future__ import annotations

from typing import Any

import pytest
from verify_play import HANDSHAKE, A, B, blamed, parse, play, replay

FIN = "a F. 101:101(0) ack 301"


def names(rows: list[tuple[int, str]]) -> list[str]:
    return [name for _, name in rows]


def calls(connection: Any, letter: str) -> list[str]:
    """The hidden events that the run has, in order."""
    return [row[2][0] for row in connection.witness[letter] if row[0] in ("call", "timeout", "crash")]


def test_a_close_on_both_sides() -> None:
    connection = play(*HANDSHAKE, FIN, "b . 301:301(0) ack 102", "b F. 301:301(0) ack 102", "a . 102:102(0) ack 302")
    assert connection.states == {
        "a": [
            (0, "CLOSED"),
            (1, "SYN-SENT"),
            (2, "ESTABLISHED"),
            (4, "FIN-WAIT-1"),
            (5, "FIN-WAIT-2"),
            (6, "TIME-WAIT"),
        ],
        "b": [
            (0, "LISTEN"),
            (2, "SYN-RECEIVED"),
            (3, "ESTABLISHED"),
            (4, "CLOSE-WAIT"),
            (6, "LAST-ACK"),
            (7, "CLOSED"),
        ],
    }
    assert (calls(connection, "a"), calls(connection, "b")) == (["OPEN", "CLOSE"], ["OPEN", "CLOSE"])
    assert (connection.verdict, connection.assumptions) == ("conforming", [])


def test_a_half_close() -> None:
    connection = play(*HANDSHAKE, FIN, "b . 301:301(0) ack 102", "b P. 301:401(100) ack 102", "a . 102:102(0) ack 401")
    assert names(connection.states["b"])[-1] == "CLOSE-WAIT" and names(connection.states["a"])[-1] == "FIN-WAIT-2"
    assert connection.verdict == "conforming"


def test_an_abort() -> None:
    connection = play(*HANDSHAKE, "a R. 101:101(0) ack 301 win 0")
    assert calls(connection, "a") == ["OPEN", "ABORT"]
    assert (names(connection.states["a"])[-1], names(connection.states["b"])[-1]) == ("CLOSED", "CLOSED")


def test_a_close_that_leaves_text_unread() -> None:
    """What the user has read is never inferred: without the call told it is an ABORT."""
    text = ("b P. 301:401(100) ack 101", "a . 101:101(0) ack 401")
    reset = "a R. 101:101(0) ack 401 win 0"
    told = play(*HANDSHAKE, *text, "a call CLOSE read unread", reset)
    assert (told.verdict, calls(told, "a")) == ("conforming", ["OPEN", "CLOSE"])
    assert calls(play(*HANDSHAKE, *text, reset), "a") == ["OPEN", "ABORT"]
    fin = play(*HANDSHAKE, *text, "a call CLOSE read unread", "a F. 101:101(0) ack 401")
    assert (fin.verdict, blamed(fin)[0][1:]) == ("violation", (A, 6))


def test_a_send_needs_somebody_to_send_to() -> None:
    syn = "b S 300:300(0)"
    assert play("b call OPEN passive", "b call SEND", syn).verdict == "conforming"
    nobody = play("b call OPEN passive unspecified", "b call SEND", syn, hidden=False)
    assert (nobody.verdict, blamed(nobody)[0][1:]) == ("violation", (B, 1))


def test_what_an_abort_sends_comes_before_anything_else() -> None:
    """An ABORT whose RST is not in the trace explains nothing."""
    connection = play(*HANDSHAKE, "a is CLOSED", "a S 5000:5000(0) <mss 1460>")
    assert "ABORT" not in calls(connection, "a")


def test_a_refused_request() -> None:
    connection = play(HANDSHAKE[0], "b R. 0:0(0) ack 101 win 0")
    assert (connection.verdict, connection.states["b"]) == ("conforming", [(0, "CLOSED")])


def test_a_repeated_request_that_was_lost_or_declined() -> None:
    connection = play(HANDSHAKE[0], HANDSHAKE[0], *HANDSHAKE)
    assert (connection.verdict, connection.assumptions) == ("conforming", [])


def test_a_simultaneous_open() -> None:
    connection = play(
        "a S 100:100(0) <mss 1460>", "b S 300:300(0) <mss 1460>",
        "a S. 100:100(0) ack 301 <mss 1460>", "b S. 300:300(0) ack 101 <mss 1460>",
    )  # fmt: skip
    assert connection.verdict == "conforming"
    assert "SYN-RECEIVED" in names(connection.states["a"]) and "SYN-RECEIVED" in names(connection.states["b"])


def window_in_flight(total: int, behind: int) -> list[str]:
    """A sender's capture: each acknowledgment is for the text sent `behind` segments earlier."""
    texts = []
    for number in range(total):
        texts.append(f"a P. {101 + 100 * number}:{201 + 100 * number}(100) ack 301")
        if number >= behind:
            texts.append(f"b . 301:301(0) ack {201 + 100 * (number - behind)}")
    return texts


@pytest.mark.parametrize("vantage", ["", A])
@pytest.mark.parametrize("behind", [1, 5, 20])
def test_a_receiver_behind_the_capture(behind: int, vantage: str) -> None:
    connection = play(*HANDSHAKE, *window_in_flight(60, behind), vantage=vantage)
    assert (connection.verdict, connection.findings, connection.assumptions) == ("conforming", [], [])


def test_a_receiver_behind_the_capture_may_not_run_ahead_of_it() -> None:
    texts = [text.replace("ack 601", "ack 1601") for text in window_in_flight(30, 5)]
    connection = play(*HANDSHAKE, *texts, complete=True)
    assert connection.verdict == "violation" and blamed(connection)[0][1] == B


def test_a_segment_lost_behind_the_capture_is_sent_again() -> None:
    connection = play(
        *HANDSHAKE, "a P. 101:201(100) ack 301", "a P. 201:301(100) ack 301",
        "b . 301:301(0) ack 101", "a P. 101:201(100) ack 301", "b . 301:301(0) ack 301",
    )  # fmt: skip
    assert (connection.verdict, connection.assumptions) == ("conforming", [])


def test_told_events_are_what_happened() -> None:
    connection = play(
        "b call OPEN passive",
        "a call OPEN",
        "a is SYN-SENT",
        *HANDSHAKE,
        "b is ESTABLISHED",
        "a call CLOSE",
        FIN,
        "a is FIN-WAIT-1",
    )
    assert (connection.verdict, connection.findings) == ("conforming", [])
    told = [row for row in connection.witness["a"] if row[0] == "call"]
    assert [(row[2][0], row[2][-1]) for row in told] == [("OPEN", True), ("CLOSE", True)]


def test_a_told_state_that_waits_for_a_segment_still_open() -> None:
    """The SYN has arrived, though which initial number was selected shows only in what follows."""
    connection = play("b call OPEN passive", HANDSHAKE[0], "b is SYN-RECEIVED", *HANDSHAKE[1:])
    assert (connection.verdict, connection.findings) == ("conforming", [])


def test_a_told_state_that_cannot_be() -> None:
    connection = play(*HANDSHAKE, "a P. 101:201(100) ack 301", "b . 301:301(0) ack 201", "b is SYN-SENT")
    (finding,) = connection.findings
    assert (finding.code, finding.endpoint, finding.frame) == ("TM501", B, 5)
    assert (finding.expected, finding.actual) == ("STATE = ESTABLISHED", "STATE = SYN-SENT")


def test_a_told_state_that_cannot_be_while_a_segment_is_still_open() -> None:
    connection = play("b call OPEN passive", HANDSHAKE[0], "b is FIN-WAIT-2")
    assert connection.findings[-1].code == "TM501" and connection.findings[-1].endpoint == B


def test_told_events_come_before_what_was_sent_behind_them() -> None:
    connection = play("b call OPEN passive", HANDSHAKE[0], "b is LISTEN", "b is LAST-ACK", *HANDSHAKE[1:])
    assert "TM501" in {finding.code for finding in connection.findings}


def test_a_choice_left_open_leaves_the_rules_in_force() -> None:
    """Behind an arrival that waits for a choice, what is sent is still held against the rules."""
    connection = play("b call OPEN passive", HANDSHAKE[0], "b P. 700:800(100) ack 101", complete=True)
    assert connection.verdict == "violation" and ("must", B, 2) in blamed(connection)


def test_hidden_events_come_before_any_assumption() -> None:
    """Unacknowledged text lets the user timeout expire; a restart would explain the same with one event less dear."""
    items = parse(*HANDSHAKE, "a P. 101:201(100) ack 301", "a is CLOSED")
    items[-1].time += 600 * 10**9
    (connection,) = replay(items).connections
    assert calls(connection, "a") == ["OPEN", "USER"] and connection.assumptions == []


def test_a_trace_without_a_clock() -> None:
    connection = play(*HANDSHAKE, FIN, "b F. 301:301(0) ack 102", "a . 102:102(0) ack 302", clock=False)
    assert (connection.verdict, names(connection.states["a"])[-1]) == ("conforming", "TIME-WAIT")


def test_a_clock_that_was_set_back() -> None:
    items = parse(*HANDSHAKE, FIN, "b F. 301:301(0) ack 102", "a . 102:102(0) ack 302")
    for item in items[4:]:
        item.time -= 3600 * 10**9
    (connection,) = replay(items).connections
    assert (connection.verdict, connection.findings) == ("conforming", [])


def test_time_wait_that_is_cut_short() -> None:
    texts = (*HANDSHAKE, FIN, "b F. 301:301(0) ack 102", "a . 102:102(0) ack 302", "a S 9100:9100(0) <mss 1460>")
    items = parse(*texts)
    early = replay(items).connections
    assert {f.endpoint for c in early for f in c.findings} == {A}
    items = parse(*texts)
    items[-1].time += 300 * 10**9
    assert [f for c in replay(items).connections for f in c.findings] == []


def test_text_that_came_with_the_syn_closes_the_window_when_it_is_taken() -> None:
    handshake = ("a S 100:110(10)", "b S. 300:300(0) ack 101 win 1000", "a . 111:111(0) ack 301")
    connection = play(*handshake, "b . 301:301(0) ack 111 win 990")
    assert (connection.verdict, blamed(connection)) == ("conforming", [])
    assert blamed(play(*handshake, "b . 301:301(0) ack 111 win 980")) == [("should", B, 4)]


@pytest.mark.parametrize("ack", [101, 102])
def test_a_fin_that_came_with_the_syn_is_kept_or_comes_again(ack: int) -> None:
    handshake = ("a SF 100:100(0)", "b S. 300:300(0) ack 101", "a . 102:102(0) ack 301")
    assert {endpoint for _, endpoint, _ in blamed(play(*handshake, f"b . 301:301(0) ack {ack}"))} == {A}
