"""One altered segment instead of many deviations: the cheapest joint explanation of both endpoints.

The two sides are replayed apart, so a segment that is not what its sender went on with, and its peer answered, shows
as several deviations, some of the innocent. A short connection is therefore told again with one segment near the first
finding replaced by what the findings say was due; if that leaves no deviation, this segment is the deviation.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from itertools import islice
from typing import Any

from tcpmodel.trace import FLAG_NAMES, Segment, sequence_length
from tcpmodel.verify.connection import Connection
from tcpmodel.verify.endpoint import Refuted
from tcpmodel.verify.hypothesis import LEVELS
from tcpmodel.verify.outcome import verdicts
from tcpmodel.verify.verdict import INCONCLUSIVE, VIOLATION, ConnectionVerdict, Finding

FLAGS_BEFORE = 4  # the same for a control bit
BEFORE = 6  # segments before the first finding that may be the altered one
FINDINGS = 6  # findings whose numbers are tried
RETOLD = 900  # segments told again at most for one connection
MODULUS = 1 << 32
ASSUMPTION, DEVIATION = 1, 1_000
TOGGLED = 0x17  # FIN, SYN, RST and ACK; the other control bits change nothing that is replayed


def retold(connection: Connection, told: list[ConnectionVerdict]) -> list[ConnectionVerdict]:
    """The verdicts with one altered segment where that explains more, else those given."""
    price = _price(told)
    story = [item for item in connection.story if isinstance(item, Segment)]
    if connection.vantage and len(story) < len(connection.story):
        return told  # a log of the endpoint that received it vouches for what arrived
    if len(story) != connection.segments or price < DEVIATION + ASSUMPTION:
        return told
    findings = sorted((f for verdict in told for f in verdict.findings if f.level == "must"), key=lambda f: f.frame)
    best, cheapest = told, min(DEVIATION, price - DEVIATION)
    for number, altered, field in islice(_alterations(story, findings), RETOLD // connection.segments):
        again = _tell(connection, story, number, altered)
        cost = _price(again) if again and _assumed(again) <= _assumed(told) else DEVIATION
        if cost < cheapest:
            best, cheapest = _blame(again, story[number], altered, field, findings[0]), cost
    return best


def _assumed(told: list[ConnectionVerdict]) -> set[str]:
    """The kinds of assumptions made; an altered segment must not bring in one that was not needed before."""
    return {assumption.kind for verdict in told for assumption in verdict.assumptions}


def _price(told: list[ConnectionVerdict]) -> int:
    musts = sum(finding.level == "must" for verdict in told for finding in verdict.findings)
    open_ends = sum(verdict.verdict == INCONCLUSIVE for verdict in told)
    return DEVIATION * musts + ASSUMPTION * (
        open_ends + sum(a.kind != "captured-twice" for verdict in told for a in verdict.assumptions)
    )


def _alterations(story: list[Segment], findings: list[Finding]) -> Iterator[tuple[int, Segment, str]]:
    """(index, what the segment should have been, the field that differs), the likeliest first."""
    first = next(number for number, segment in enumerate(story) if segment.frame >= findings[0].frame)
    shifts = {
        (int(finding.actual.split()[-1]) - int(finding.expected.split()[-1])) % MODULUS
        for finding in findings[:FINDINGS]
        if finding.field in ("SEG.SEQ", "SEG.ACK") and finding.expected
    }
    for number in range(first, max(-1, first - BEFORE - 1), -1):
        segment = story[number]
        for attribute, value, field in _neighbours(story, number):
            yield number, _shifted(segment, attribute, value - getattr(segment, attribute)), field
        for shift in sorted(shifts | {MODULUS - s for s in shifts}):
            yield number, _shifted(segment, "seq", shift), "SEG.SEQ"
            yield number, _shifted(segment, "ack", shift), "SEG.ACK"
        for bit, name in enumerate(FLAG_NAMES):
            if TOGGLED & 1 << bit and number > first - FLAGS_BEFORE:
                yield number, _toggled(segment, 1 << bit), f"SEG.CTL ({name})"


def _neighbours(story: list[Segment], number: int) -> Iterator[tuple[str, int, str]]:
    """(attribute, value, field) that would make a segment continue, or be continued by, those around it."""
    segment = story[number]
    own = [other for other in story[:number] if other.src == segment.src][-1:]
    others = [other for other in story[:number] if other.src != segment.src][-1:]
    following = [other for other in story[number + 1 :] if other.src == segment.src][:1]
    sequence = [other.seq + other.len for other in own] + [other.seq - segment.len for other in following]
    acknowledged = [other.ack for other in own + following] + [other.seq + other.len for other in others]
    for value in dict.fromkeys(v % MODULUS for v in sequence if v % MODULUS != segment.seq):
        yield "seq", value, "SEG.SEQ"
    for value in dict.fromkeys(v % MODULUS for v in acknowledged if v % MODULUS != segment.ack):
        yield "ack", value, "SEG.ACK"


def _shifted(segment: Segment, attribute: str, shift: int) -> Segment:
    altered = copy(segment)
    setattr(altered, attribute, (getattr(segment, attribute) + shift) % MODULUS)
    return altered


def _toggled(segment: Segment, bit: int) -> Segment:
    altered = copy(segment)
    altered.flags ^= bit
    altered.len = sequence_length(altered.text, altered.flags)
    return altered


def _tell(connection: Connection, story: list[Segment], number: int, altered: Segment) -> list[ConnectionVerdict]:
    """The verdicts of the whole connection with one segment altered."""
    machine, keep = connection.ends[connection.opener].machine, connection.ends[connection.opener].keep
    again = Connection(machine, story[0], connection.vantage, connection.complete, keep)
    for end in again.ends.values():
        end.strict = True
    try:
        for item in connection.story:
            if isinstance(item, Segment):
                again.feed(altered if item is story[number] else item)
            else:
                again.tell(item)
            if any(end.frontier and end.best.cost >= LEVELS["must"] for end in again.ends.values()):
                return []
        return list(verdicts(again, keep))
    except Refuted:
        return []


def _blame(
    told: list[ConnectionVerdict], seen: Segment, due: Segment, field: str, first: Finding
) -> list[ConnectionVerdict]:
    """`told` with the altered segment as the one deviation."""
    attribute = "seq" if field == "SEG.SEQ" else "ack" if field == "SEG.ACK" else "flags"
    expected, actual = getattr(due, attribute), getattr(seen, attribute)
    finding = replace(
        first, endpoint=seen.src, frame=seen.frame, field=field,
        expected=f"{field} = {expected}", actual=f"{field} = {actual}",
        message=f"both endpoints went on as if {field} had been {expected} here, not {actual}", code="TM502", guards=(),
    )  # fmt: skip
    for verdict in told:
        if verdict.frames[0] <= seen.frame <= verdict.frames[1]:
            verdict.findings.append(finding)
            verdict.findings.sort(key=lambda f: f.frame)
            verdict.verdict, verdict.reason = VIOLATION, ""
        verdict.witness = {
            letter: [_retraced(row, seen.frame, due) for row in run] for letter, run in verdict.witness.items()
        }
    return told


def _retraced(row: tuple[Any, ...], frame: int, due: Segment) -> tuple[Any, ...]:
    """A step of a witness that sends or delivers the altered segment, saying so."""
    if row[:2] == ("send", frame):
        return "send", frame, due
    return ("deliver", frame, (due, *row[2][1:])) if row[:2] == ("deliver", frame) else row
