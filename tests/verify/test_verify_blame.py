"""Who is blamed for what: endpoint, frame, rule, the value that was due and the one that was seen."""

from __future__ import annotations

import pytest
from verify_play import HANDSHAKE, A, B, play

from tcpmodel.compile import load_steps

DATA = "a P. 101:201(100) ack 301"
ACK = "b . 301:301(0) ack 201"
OPTIONS = ("a S 100:100(0) <mss 1460,wscale 7>", "b S. 300:300(0) ack 101 <mss 1460>")
STAMPED = (
    "a S 100:100(0) <mss 1460,TS val 10 ecr 0>",
    "b S. 300:300(0) ack 101 <mss 1460,TS val 20 ecr 10>",
    "a . 101:101(0) ack 301 <TS val 11 ecr 20>",
)
CLOSED = (*HANDSHAKE, "a F. 101:101(0) ack 301", "b . 301:301(0) ack 102")

BLAME = [
    # the numbers
    ((*HANDSHAKE, "a P. 150:250(100) ack 301"), A, 4, "output.sequence.ahead", "SEG.SEQ 101 150"),
    ((*HANDSHAKE, DATA, ACK, "a P. 51:81(30) ack 301"), A, 6, "output.sequence.behind", "SEG.SEQ 201 51"),
    ((*HANDSHAKE, DATA, "b . 301:301(0) ack 251"), B, 5, "output.acknowledges.unsent", "SEG.ACK 201 251"),
    ((*HANDSHAKE, DATA, ACK, "b P. 301:401(100) ack 151"), B, 6, "output.acknowledges.less", "SEG.ACK 201 151"),
    ((HANDSHAKE[0], "b S. 300:300(0) ack 102 <mss 1460>"), B, 2, "", ""),  # the SYN was not answered, or wrongly
    ((*HANDSHAKE[:2], "b S. 333:333(0) ack 101 <mss 1460>"), B, 3, "output.syn-ack.moved", "SEG.SEQ 300 333"),
    # the window
    ((HANDSHAKE[0], "b S. 300:300(0) ack 101 win 50", HANDSHAKE[2], DATA), A, 4, "output.text.beyond-window", ""),
    # the control bits
    ((*HANDSHAKE, "a P 101:201(100)"), A, 4, "output.no-ack", ""),
    ((*HANDSHAKE, "b S 300:300(0)"), B, 4, "output.syn.synchronized", ""),
    ((*CLOSED, "a P. 102:202(100) ack 301"), A, 6, "output.after-fin", ""),
    (("a S 100:100(0) <mss 1460>", "b R. 7:7(0) ack 101 win 0"), B, 2, "output.reset.unfounded", ""),
    (("a call OPEN", "a S 100:100(0) <mss 1460>", "a P. 101:201(100) ack 301"), A, 2, "output.syn-sent", ""),
    # the options
    ((*HANDSHAKE, "a . 101:101(0) ack 301 <mss 1460>"), A, 4, "option.mss.not-on-syn", "SEG.MSS -1 1460"),
    (("a S 100:100(0) <mss 1460,wscale 15>", *HANDSHAKE[1:]), A, 1, "option.shift.too-large", "SEG.SHIFT 14 15"),
    ((*STAMPED, "a P. 101:201(100) ack 301"), A, 4, "option.timestamp.missing", ""),
    ((*HANDSHAKE, "b . 301:301(0) ack 101 <sack 501:601>"), B, 4, "option.sack.not-permitted", "SEG.SACKS 0 1"),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "endpoint", "frame", "rule", "values"), BLAME)
def test_the_one_who_broke_a_rule_is_blamed(
    texts: tuple[str, ...], endpoint: str, frame: int, rule: str, values: str
) -> None:
    connection = play(*texts, complete=True)
    (finding,) = [finding for finding in connection.findings if finding.level == "must"]
    assert connection.verdict == "violation"
    assert (finding.endpoint, finding.frame) == (endpoint, frame)
    if rule:
        assert (finding.rule, finding.field) == (rule, values.partition(" ")[0])
        assert (
            f"{finding.expected} {finding.actual.rpartition(' ')[2]}".split() == values.replace(" ", " = ", 1).split()
        )


def test_a_finding_says_what_its_rule_says() -> None:
    """Everything comes from the specification: code, level, citation, requirements, place, text with values."""
    (finding,) = play(*HANDSHAKE, "a P. 150:250(100) ack 301", complete=True).findings
    row = next(row for row in load_steps().RULES if row[0] == finding.rule)
    assert (finding.code, finding.level, finding.cite, finding.requirements) == (row[4], row[5], row[8], tuple(row[10]))
    assert finding.place == f"{row[2]}:{row[3]}" and finding.quote == " ".join(row[9])
    assert finding.message == "SEQ 150 is ahead of SND.NXT" and finding.field == "SEG.SEQ"
    assert finding.states == ("ESTABLISHED",)


def test_the_guards_that_failed_come_with_their_values() -> None:
    (finding,) = play(*HANDSHAKE, "a P. 150:250(100) ack 301", complete=True).findings
    assert any("SEG.SEQ == SND.NXT fails with SEG.SEQ = 150, SND.NXT = 101" in guard for guard in finding.guards)


def test_what_should_not_be_is_a_finding_but_no_violation() -> None:
    connection = play(*HANDSHAKE, "b . 301:301(0) ack 101 win 65000")
    assert [(f.level, f.endpoint, f.frame, f.code) for f in connection.findings] == [("should", B, 4, "TM430")]
    assert connection.verdict == "conforming"


def test_after_a_deviation_the_replay_goes_on_as_the_peer_saw_it() -> None:
    """One wrong number is one finding: the peer that answered what was meant is not blamed, nor are later segments."""
    connection = play(
        *HANDSHAKE, DATA, ACK, "b P. 301:311(10) ack 151", "a . 201:201(0) ack 311",
        "b P. 311:321(10) ack 201", complete=True,
    )  # fmt: skip
    assert [(f.endpoint, f.frame) for f in connection.findings if f.level == "must"] == [(B, 6)]


def test_two_deviations_are_two_findings() -> None:
    connection = play(
        *HANDSHAKE, DATA, ACK, "b P. 301:311(10) ack 151", "a . 201:201(0) ack 311",
        "b P. 311:321(10) ack 151", complete=True,
    )  # fmt: skip
    assert [(f.endpoint, f.frame) for f in connection.findings if f.level == "must"] == [(B, 6), (B, 8)]


def test_each_side_answers_for_itself() -> None:
    connection = play(*HANDSHAKE, DATA, "b . 301:301(0) ack 251", "a . 201:201(0) ack 301 <mss 9>", complete=True)
    assert {(f.endpoint, f.frame) for f in connection.findings} == {(B, 5), (A, 6)}


def test_an_option_that_was_not_offered() -> None:
    connection = play("a S 100:100(0) <mss 1460>", "b S. 300:300(0) ack 101 <mss 1460,wscale 7>", HANDSHAKE[2])
    assert [(f.level, f.endpoint, f.frame) for f in connection.findings] == [("must", B, 2)]


def test_scaling_that_only_one_side_offered_is_not_in_force() -> None:
    conforming = play(*OPTIONS, HANDSHAKE[2], "b P. 301:401(100) ack 101", "a . 101:101(0) ack 401")
    assert (conforming.verdict, conforming.findings) == ("conforming", [])
