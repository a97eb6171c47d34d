"""Each kind of assumption: made where the evidence allows, refuted where it does not, open where nothing decides."""

from __future__ import annotations

from copy import copy
from typing import Any

import pytest
from verify_play import HANDSHAKE, STEP, A, B, assumed, blamed, parse, play, replay

from tcpmodel.trace import Segment

TEXT = "a P. 101:201(100) ack 301"
ACK = "b . 301:301(0) ack 201"


def numbered(items: list[Any]) -> list[Any]:
    """The frames as a capture in this order has them."""
    seen = 0
    for item in items:
        seen += isinstance(item, Segment)
        item.frame = seen
    return items


def test_nothing_is_assumed_of_a_clean_connection() -> None:
    connection = play(*HANDSHAKE, TEXT, ACK)
    assert (connection.verdict, connection.assumptions, connection.findings) == ("conforming", [], [])


# frame-missing


def test_text_that_is_acknowledged_but_was_not_captured() -> None:
    connection = play(*HANDSHAKE, ACK, "a P. 201:301(100) ack 301", "b . 301:301(0) ack 301")
    assert connection.verdict == "conforming"
    assert assumed(connection) == [("frame-missing", B, 4), ("frame-missing", A, 5)]


def test_text_that_is_acknowledged_but_never_followed_decides_nothing() -> None:
    connection = play(*HANDSHAKE, ACK)
    assert connection.verdict == "inconclusive" and "nothing later shows" in connection.reason
    assert assumed(connection) == [("frame-missing", B, 4)] and connection.findings == []


def test_text_that_is_acknowledged_before_it_was_sent() -> None:
    """What the sender sends next begins where the capture ended, so nothing was missing."""
    connection = play(*HANDSHAKE, "b . 301:301(0) ack 251", TEXT, ACK)
    assert (connection.verdict, blamed(connection)[0]) == ("violation", ("must", B, 4))


def test_a_gap_that_the_peer_confirms() -> None:
    connection = play(*HANDSHAKE, "a P. 131:231(100) ack 301", "b . 301:301(0) ack 131", "b . 301:301(0) ack 231")
    assert connection.verdict == "conforming" and ("frame-missing", A, 4) in assumed(connection)


def test_a_gap_as_long_as_the_segment_behind_it() -> None:
    """The ACK of the end of the gap is also where the segment would end had it stood at its start."""
    connection = play(*HANDSHAKE, "a P. 201:301(100) ack 301", "b . 301:301(0) ack 201", "b . 301:301(0) ack 301")
    assert (connection.verdict, connection.findings) == ("conforming", [])
    assert assumed(connection) == [("frame-missing", A, 4), ("frame-missing", B, 5)]


def test_a_gap_that_the_peer_contradicts() -> None:
    connection = play(
        *HANDSHAKE, "a P. 131:231(100) ack 301", "b . 301:301(0) ack 201",
        "a P. 201:301(100) ack 301", "b . 301:301(0) ack 301",
    )  # fmt: skip
    assert (connection.verdict, blamed(connection)) == ("violation", [("must", A, 4)])
    assert (connection.findings[0].expected, connection.findings[0].actual) == ("SEG.SEQ = 101", "SEG.SEQ = 131")


def test_a_gap_that_is_filled_later_was_reordering() -> None:
    connection = play(*HANDSHAKE, "a P. 201:301(100) ack 301", TEXT, "b . 301:301(0) ack 301")
    assert connection.verdict == "conforming" and connection.findings == []


def test_a_gap_that_nothing_confirms() -> None:
    connection = play(*HANDSHAKE, "a P. 131:231(100) ack 301")
    assert connection.verdict == "inconclusive" and assumed(connection) == [("frame-missing", A, 4)]


def test_at_the_vantage_point_nothing_of_the_endpoint_is_missing() -> None:
    connection = play(*HANDSHAKE, "a P. 131:231(100) ack 301", vantage=A)
    assert (connection.verdict, blamed(connection)) == ("violation", [("must", A, 4)])


def test_a_vantage_point_may_be_named_by_its_host() -> None:
    assert play(*HANDSHAKE, "a P. 131:231(100) ack 301", vantage="10.0.0.1").verdict == "violation"


def test_from_a_complete_trace_nothing_is_missing_in_the_end() -> None:
    connection = play(*HANDSHAKE, "a P. 131:231(100) ack 301", complete=True)
    assert (connection.verdict, blamed(connection)) == ("violation", [("must", A, 4)])


def test_in_a_complete_trace_what_never_comes_is_a_deviation_although_more_follows() -> None:
    connection = play(*HANDSHAKE, "a . 1101:1101(0) ack 301", TEXT, ACK, complete=True)
    assert (connection.verdict, blamed(connection)) == ("violation", [("must", A, 4)])


# captured-twice


def test_a_copy_is_left_out_and_a_repetition_is_not() -> None:
    items = parse(*HANDSHAKE, "a . 101:101(0) ack 301", "b P. 301:401(100) ack 101", "a . 101:101(0) ack 401")
    for number, item in enumerate(items):
        item.ident = 1000 + number
    old = copy(items[3])
    items.append(old)  # an acknowledgment that went back would be a deviation
    numbered(items)[-1].time += 9 * STEP
    (connection,) = replay(items).connections
    assert (connection.verdict, assumed(connection)) == ("conforming", [("captured-twice", A, 7)])
    items[-1].ident = 2000
    (connection,) = replay(items).connections
    assert (connection.verdict, blamed(connection)[0]) == ("violation", ("must", A, 7))


def test_a_copy_stays_left_out_when_the_search_goes_back() -> None:
    """Going back over segments must not lose what was assumed of them."""
    items = parse(*HANDSHAKE, HANDSHAKE[0], "b . 301:301(0) ack 101", "a P. 501:601(100) ack 301")
    items[0].ident = items[3].ident = 77
    (connection,) = replay(items).connections
    assert ("captured-twice", A, 4) in assumed(connection)


# order-disturbed


def test_an_answer_captured_just_ahead_of_its_question() -> None:
    items = numbered(parse(HANDSHAKE[1], HANDSHAKE[0], HANDSHAKE[2]))
    for number, item in enumerate(items):
        item.time = number * 1000
    (connection,) = replay(items).connections
    assert (connection.verdict, assumed(connection)) == ("conforming", [("order-disturbed", B, 1)])
    assert connection.a == A


def test_an_acknowledgment_captured_just_ahead_of_the_text() -> None:
    items = parse(*HANDSHAKE, ACK, TEXT, "a P. 201:301(100) ack 301", "b . 301:301(0) ack 301")
    for number, item in enumerate(items[3:]):
        item.time = STEP * 10 + number * 1000
    (connection,) = replay(items).connections
    assert (connection.verdict, assumed(connection)) == ("conforming", [("order-disturbed", B, 4)])


def test_much_later_is_no_disturbed_order() -> None:
    items = parse(*HANDSHAKE, ACK, TEXT, "a P. 201:301(100) ack 301", "b . 301:301(0) ack 301")
    (connection,) = replay(items).connections
    assert assumed(connection) == [("frame-missing", B, 4)]


def test_a_segment_put_off_is_judged_as_things_stood() -> None:
    """What arrives behind it, and was tried in front of it, arrives once."""
    items = parse(*HANDSHAKE, "a P. 131:231(100) ack 301", "b P. 301:311(10) ack 101", "a . 231:231(0) ack 311")
    items[4].time = items[3].time + 1000
    (connection,) = replay(items).connections
    assert assumed(connection)[0] == ("frame-missing", A, 4)
    arrivals = [row for row in connection.witness["a"] if row[:2] == ("deliver", 5)]
    assert len(arrivals) == 1


# capture-starts-late


@pytest.mark.parametrize(
    ("texts", "first", "last"),
    [
        (("a P. 101:201(100) ack 301 win 500", "b . 301:301(0) ack 201 win 500"), "ESTABLISHED", "ESTABLISHED"),
        (("b . 301:301(0) ack 201 win 500", "a . 201:201(0) ack 301 win 500"), "ESTABLISHED", "ESTABLISHED"),
        (
            ("a P. 101:201(100) ack 301 win 500", "b F. 301:301(0) ack 201 win 500", "a F. 201:201(0) ack 302 win 500",
             "b . 302:302(0) ack 202 win 500"),
            "ESTABLISHED", "CLOSED",
        ),
    ],
)  # fmt: skip
def test_a_capture_that_begins_in_mid_connection(texts: tuple[str, ...], first: str, last: str) -> None:
    connection = play(*texts)
    frames = {segment.src: segment.frame for segment in reversed(parse(*texts))}
    assert sorted(assumed(connection)) == sorted(
        ("capture-starts-late", address, frame) for address, frame in frames.items()
    )
    states = connection.states["a" if connection.a == A else "b"]
    assert (connection.verdict, states[0], states[-1][1]) == ("conforming", (0, first), last)


def test_the_syn_ack_alone_begins_a_capture() -> None:
    connection = play(*HANDSHAKE[1:], TEXT, ACK)
    assert connection.verdict == "conforming"
    assert {kind for kind, _, _ in assumed(connection)} == {"capture-starts-late"}


def test_an_endpoint_that_was_told_of_is_not_picked_up() -> None:
    connection = play("b call OPEN passive", "a . 500:500(0) ack 900", "b S. 1:1(0) ack 500")
    assert (connection.verdict, blamed(connection)) == ("violation", [("must", B, 2)])


def test_what_answers_a_captured_syn_has_no_history() -> None:
    connection = play(HANDSHAKE[0], "b P. 700:800(100) ack 555", complete=True)
    assert connection.verdict == "violation" and ("must", B, 2) in blamed(connection)


def test_one_direction_alone_decides_nothing() -> None:
    connection = play("a P. 101:201(100) ack 301 win 500", "a P. 201:301(100) ack 301 win 500")
    assert (connection.verdict, connection.reason) == (
        "inconclusive", f"no segment of {B} was captured, so nothing that it sent is known"
    )  # fmt: skip


# offload


def test_text_above_the_mss_was_captured_before_offload() -> None:
    connection = play(*HANDSHAKE, "a P. 101:3001(2900) ack 301", "b . 301:301(0) ack 3001")
    assert (connection.verdict, assumed(connection)) == ("conforming", [("offload", A, 4)])


def test_offload_is_assumed_once_for_an_endpoint() -> None:
    connection = play(*HANDSHAKE, "a P. 101:3001(2900) ack 301", "a P. 3001:5901(2900) ack 301")
    assert assumed(connection) == [("offload", A, 4)]


# endpoint-restarted


def test_an_endpoint_that_lost_its_memory() -> None:
    items = parse(
        *HANDSHAKE, "a S 5000:5000(0) <mss 1460>", "b . 301:301(0) ack 101", "a R 101:101(0) win 0",
        "a S 5000:5000(0) <mss 1460>", "b S. 9300:9300(0) ack 5001 <mss 1460>",
        "a . 5001:5001(0) ack 9301",
    )  # fmt: skip
    for item in items[3:]:
        item.time += 600 * 10**9
    first, second = replay(items).connections
    assert (first.verdict, second.verdict) == ("conforming", "conforming")
    assert assumed(second) == [("endpoint-restarted", A, 4)]
    assert [name for _, name in second.states["a"]] == ["ESTABLISHED", "CLOSED", "SYN-SENT", "ESTABLISHED"]
