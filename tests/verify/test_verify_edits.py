"""What one segment may explain: the edits that are tried, and other readings of all segments of a connection."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from verify_play import HANDSHAKE, A, B, Played, assumed, blamed, parse

from tcpmodel.compile import load_steps
from tcpmodel.trace import Segment, digest_of
from tcpmodel.verify import ConnectionVerdict, verify
from tcpmodel.verify.edits import (
    ALTERED,
    MISSING,
    OVERTAKEN,
    PADDED,
    Doubt,
    Edit,
    altered,
    around,
    missing,
    overtaken,
    places,
    rereadings,
)
from tcpmodel.verify.verdict import Finding

DOUBT = Doubt.of(load_steps())
TEXT, ACK, FIN = "a P. 101:201(100) ack 301", "b . 301:301(0) ack 201", "b F. 301:301(0) ack 201"


def finding(frame: int, field: str = "", expected: int = 0, actual: int = 0) -> Finding:
    """A deviation of `a` at a frame, of a field if one is named."""
    due, seen = (f"{field} = {expected}", f"{field} = {actual}") if field else ("", "")
    return Finding("must", "TM000", "rule", A, frame, "", field=field, expected=due, actual=seen)


def tried(edits: list[Edit], at: int, field: str) -> set[int]:
    """The values of a field that are tried at one index."""
    return {getattr(edit.segment, edit.attribute) for edit in edits if (edit.at, edit.field) == (at, field)}


def told(items: list[Any], vantage: str = "") -> ConnectionVerdict:
    """The verdict of a trace with one connection, which may be told again: no witness is kept."""
    (connection,) = verify(Played(items, vantage), load_steps()).connections
    return connection


# What may be doubted is the specification's


def test_the_specification_says_what_may_be_doubted() -> None:
    assert DOUBT.numbers == {"seq": "SEG.SEQ", "ack": "SEG.ACK"}
    bits = {1: "FIN", 2: "SYN", 4: "RST", 16: "ACK"}
    assert DOUBT.controls == {bit: f"SEG.CTL ({name})" for bit, name in bits.items()}
    assert (DOUBT.forms, DOUBT.first) == ((16, 17, 18), {18})


# Places


def test_places_are_the_nearest_first_and_end_at_the_frame() -> None:
    story = parse(*HANDSHAKE, TEXT)
    assert places(story, 3) == [2, 1, 0]


def test_the_neighbours_of_a_segment() -> None:
    story = parse(*HANDSHAKE, TEXT)
    place = around(story, 2, A, 3)
    assert (place.own, place.other, place.next_own, place.next_other) == (story[0], story[1], story[3], None)


# One altered segment


def test_a_number_that_goes_on_where_the_last_one_ended_is_tried() -> None:
    story = parse(*HANDSHAKE, "a P. 150:250(100) ack 301", ACK)
    edits = list(altered(story, [finding(4)], DOUBT))
    assert {edit.kind for edit in edits} == {ALTERED}
    assert 101 in tried(edits, 3, "SEG.SEQ") and 150 not in tried(edits, 3, "SEG.SEQ")


def test_a_number_is_shifted_by_what_a_finding_is_off_by() -> None:
    story = parse(*HANDSHAKE)
    edits = list(altered(story, [finding(3, "SEG.ACK", expected=301, actual=308)], DOUBT))
    assert {301 - 7, 301 + 7} <= tried(edits, 2, "SEG.ACK")
    assert {101 - 7, 101 + 7} <= tried(edits, 2, "SEG.SEQ")


def test_shifted_numbers_stay_below_the_modulus() -> None:
    story = parse(*HANDSHAKE)
    edits = list(altered(story, [finding(3, "SEG.ACK", expected=400, actual=0)], DOUBT))
    assert all(0 <= edit.segment.seq < 1 << 32 and 0 <= edit.segment.ack < 1 << 32 for edit in edits)


def test_a_control_bit_takes_its_sequence_number_along() -> None:
    story = parse(*HANDSHAKE)
    toggled = [edit for edit in altered(story, [finding(3)], DOUBT) if edit.attribute == "flags"]
    lengths = {(edit.at, edit.field): edit.segment.len for edit in toggled}
    assert lengths[2, "SEG.CTL (FIN)"] == 1 and lengths[2, "SEG.CTL (ACK)"] == 0
    assert lengths[1, "SEG.CTL (SYN)"] == 0 and len(lengths) == 3 * len(DOUBT.controls)


def test_an_edit_leaves_the_story_alone() -> None:
    story = parse(*HANDSHAKE, TEXT, ACK)
    before = [replace(item) for item in story]
    list(altered(story, [finding(5)], DOUBT)), list(missing(story, 5, DOUBT)), list(overtaken(story, 5, ""))
    assert story == before


# One missing segment


def test_an_ack_that_is_missing_before_a_segment_says_something_new() -> None:
    story = parse(*HANDSHAKE, TEXT, "a P. 201:301(100) ack 301")
    edits = [edit for edit in missing(story, 5, DOUBT) if edit.at == 4 and edit.segment.src == B]
    assert {edit.kind for edit in edits} == {MISSING}
    bare = [edit.segment for edit in edits if edit.segment.flags == 16]
    assert [(s.seq, s.ack, s.len) for s in bare] == [(301, 201, 0)]
    assert all(edit.segment.ack != 101 or edit.segment.len for edit in edits)


def test_a_first_segment_that_is_missing_is_a_syn_ack_and_no_other_is() -> None:
    story = parse(HANDSHAKE[0], HANDSHAKE[2])
    edits = [edit for edit in missing(story, 2, DOUBT) if edit.segment.src == B]
    assert {edit.segment.flags for edit in edits} <= {18}
    later = missing(parse(*HANDSHAKE, TEXT), 4, DOUBT)
    assert all(edit.segment.flags != 18 for edit in later if edit.at == 3)


def test_text_that_is_missing_reaches_to_what_is_acknowledged() -> None:
    story = parse(*HANDSHAKE, ACK)
    texts = [edit.segment for edit in missing(story, 4, DOUBT) if edit.segment.text and edit.segment.src == A]
    assert (101, 100) in {(s.seq, s.text) for s in texts}


# Two in the wrong order


def test_only_two_of_one_sender_may_have_overtaken_each_other() -> None:
    story = parse(*HANDSHAKE, TEXT, ACK)
    assert {edit.at for edit in overtaken(story, 4, "")} == {3}
    assert list(overtaken(story, 4, A)) == []


# Other readings of all segments


def test_segments_in_order_and_without_padding_have_one_reading() -> None:
    assert list(rereadings(parse(*HANDSHAKE, TEXT))) == []
    assert list(rereadings(parse(*HANDSHAKE, TEXT, clock=False))) == []


def test_the_order_of_time_is_a_reading() -> None:
    story = parse(*HANDSHAKE, TEXT)
    story[2].time, story[3].time = story[3].time, story[2].time
    ((kind, frame, _, again),) = rereadings(story)
    assert (kind, frame, [s.frame for s in again]) == (OVERTAKEN, 3, [1, 2, 4, 3])


@pytest.mark.parametrize(("size", "octets", "read"), [(6, bytes(6), 0), (6, b"\0\0\0\0\0\1", 6), (7, bytes(7), 7)])
def test_up_to_six_zeros_may_be_padding(size: int, octets: bytes, read: int) -> None:
    story = parse(*HANDSHAKE, f"a P. 101:{101 + size}({size}) ack 301")
    story[3].digest = digest_of(octets)
    readings = list(rereadings(story))
    assert [(kind, frame) for kind, frame, _, _ in readings] == ([(PADDED, 4)] if not read else [])
    for _, _, _, again in readings:
        assert (again[3].text, again[3].len, again[3].digest) == (0, 0, 0)


def zeros_counted(octets: bytes) -> ConnectionVerdict:
    """A handshake whose last ACK seems to carry six octets, but the sender goes on as if it carried none."""
    items: list[Segment] = parse(*HANDSHAKE, "b P. 301:401(100) ack 101", "a . 101:101(0) ack 401")
    items[2].text = items[2].len = 6
    items[2].digest = digest_of(octets)
    return told(items)


def test_zeros_that_nobody_takes_for_text_are_padding() -> None:
    connection = zeros_counted(bytes(6))
    assert (connection.verdict, assumed(connection)) == ("conforming", [(PADDED, A, 3)])


def test_six_octets_that_are_no_zeros_are_text() -> None:
    connection = zeros_counted(b"tcpmod")
    assert (connection.verdict, assumed(connection)) == ("violation", [])


def test_frames_that_were_written_out_of_order_are_told_in_the_order_of_their_times() -> None:
    items = parse(*HANDSHAKE, TEXT, ACK, "a F. 201:201(0) ack 301", "b F. 301:301(0) ack 202", "a . 202:202(0) ack 302")
    order = [0, 3, 1, 5, 2, 4, 6, 7]
    connection = told([replace(items[at], frame=frame) for frame, at in enumerate(order, 1)])
    assert (connection.verdict, assumed(connection)) == ("conforming", [(OVERTAKEN, A, 2)])


# What is concluded from one


def test_an_altered_number_is_the_one_deviation() -> None:
    connection = told(parse(HANDSHAKE[0], "b S. 9300:9300(0) ack 101 <mss 1460>", HANDSHAKE[2], TEXT, ACK))
    assert blamed(connection) == [("must", B, 2)]
    assert (connection.findings[0].field, connection.findings[0].expected) == ("SEG.SEQ", "SEG.SEQ = 300")


def test_a_syn_ack_does_not_acknowledge_text_that_nobody_saw() -> None:
    """A SYN whose number is off, rather than a SYN,ACK and a thousand octets that are not in the capture."""
    connection = told(parse("a S 4294966396:4294966396(0) <mss 1460>", *HANDSHAKE[1:], TEXT, ACK))
    assert blamed(connection) == [("must", A, 1)]


def test_an_ack_of_this_very_syn_is_no_older_connection() -> None:
    connection = told(parse(HANDSHAKE[0], "b . 300:300(0) ack 101"))
    assert connection.verdict == "violation" and assumed(connection) == []


def test_an_ack_of_something_else_is_an_older_connection() -> None:
    connection = told(parse(HANDSHAKE[0], "b . 300:300(0) ack 5101"))
    assert (connection.verdict, assumed(connection)) == ("conforming", [("capture-starts-late", B, 2)])


def test_a_log_vouches_for_what_arrived_where_one_deviation_is_left() -> None:
    """What reached the vantage point is as captured, so that its own state is what is wrong."""
    text = [*HANDSHAKE, "b is ESTABLISHED", "a R 150:150(0) win 0", "b is CLOSED"]
    assert blamed(told(parse(*text), vantage=B)) == [("must", B, 4)]


def test_a_log_does_not_turn_one_deviation_into_many() -> None:
    items = [HANDSHAKE[0], "b S. 9300:9300(0) ack 101 <mss 1460>", HANDSHAKE[2], TEXT, ACK, "a is ESTABLISHED"]
    assert blamed(told(parse(*items), vantage=A)) == [("must", B, 2)]


def test_a_bit_that_the_rest_contradicts_is_blamed_not_the_segment_behind_it() -> None:
    """With the FIN the text behind it would be forbidden, and the peer would have lost the FIN."""
    connection = told(
        parse(*HANDSHAKE[:2], "a F. 101:101(0) ack 301", "a P. 101:111(10) ack 301", ACK.replace("201", "111"))
    )
    assert blamed(connection) == [("must", A, 3)]
