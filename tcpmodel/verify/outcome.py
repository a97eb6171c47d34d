"""From the cheapest explanations of the two sides to verdicts, one an incarnation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from tcpmodel.verify.connection import Connection
from tcpmodel.verify.hypothesis import Hypothesis
from tcpmodel.verify.verdict import (
    CONFORMING,
    INCONCLUSIVE,
    VIOLATION,
    Assumption,
    ConnectionVerdict,
    Finding,
)

Steps = dict[str, list[tuple[str, int, Any]]]


class Span(NamedTuple):
    """The frames of one incarnation, and whether it is the first and the last of its 4-tuple."""

    start: int
    end: int
    segments: int
    first: bool
    last: bool


def verdicts(connection: Connection, keep: bool) -> Iterator[ConnectionVerdict]:
    """One verdict for each incarnation of a 4-tuple."""
    connection.flush()
    for end in connection.ends.values():
        end.finish()
        end.conclude()
    steps = {address: connection.trail(address) for address in connection.ends}
    starts = _starts(connection, steps)
    runs = {address: _runs(rows, starts) for address, rows in steps.items()}
    for number, span in enumerate(_spans(connection, starts)):
        verdict = _verdict(connection, steps, span)
        verdict.incarnation = number
        verdict.witness = (
            {letter: runs[x][number] for letter, x in (("a", verdict.a), ("b", verdict.b))} if keep else {}
        )
        yield verdict


def _spans(connection: Connection, starts: list[int]) -> Iterator[Span]:
    """The incarnations, cut at `starts`; the connection has noted how many segments came before each."""
    begin, counted = connection.first, 0
    for start in starts[1:]:
        before, previous = connection.marks[start]
        yield Span(begin, previous, before - counted, begin == connection.first, False)
        begin, counted = start, before
    yield Span(begin, connection.last, connection.segments - counted, begin == connection.first, True)


def _runs(rows: list[tuple[str, int, Any]], starts: list[int]) -> list[list[tuple[object, ...]]]:
    """The steps cut where each incarnation shows first, their order kept."""
    edges = [next((at for at, row in enumerate(rows) if row[1] >= start), len(rows)) for start in starts[1:]]
    return [list(rows[low:high]) for low, high in pairwise([0, *edges, len(rows)])]


def _starts(connection: Connection, steps: Steps) -> list[int]:
    """The frames at which a new incarnation begins: an active OPEN with another initial sequence number than before."""
    starts = [connection.first]
    numbers: dict[str, int] = {}
    events = sorted(
        (frame, address, kind, fresh)
        for address, rows in steps.items()
        for kind, frame, fresh in rows
        if kind in ("begins", "accepts")
    )
    for frame, address, kind, fresh in events:
        if (
            kind == "begins"
            and fresh is not None
            and address in numbers
            and numbers[address] != fresh
            and frame > starts[-1]
            and frame in connection.marks
        ):
            starts.append(frame)
            numbers = {}
        numbers[address] = fresh
    return starts


def _verdict(connection: Connection, steps: Steps, span: Span) -> ConnectionVerdict:
    a, b = _roles(connection, steps, span)
    low, high, last = (0 if span.first else span.start), span.end, span.last
    rows = {x: [row for row in steps[x] if low <= row[1] <= high or last and row[1] > high] for x in (a, b)}
    findings = [row[2] for x in (a, b) for row in rows[x] if row[0] == "finding"]
    assumptions = [
        Assumption(row[2][0], row[1], x, row[2][1]) for x in (a, b) for row in rows[x] if row[0] == "assumption"
    ]
    findings.sort(key=lambda f: f.frame)
    reason = _doubt(connection, findings, assumptions, last)
    verdict = VIOLATION if any(f.level == "must" for f in findings) else CONFORMING
    return ConnectionVerdict(
        a=a, b=b, frames=(span.start, high), segments=span.segments, verdict=INCONCLUSIVE if reason else verdict,
        states={letter: _states(connection, x, low, high, last) for letter, x in (("a", a), ("b", b))},
        assumptions=sorted(assumptions, key=lambda m: m.frame), findings=findings, reason=reason,
        carrier=connection.carrier, arrived=connection.arrived,
    )  # fmt: skip


def _roles(connection: Connection, steps: Steps, span: Span) -> tuple[str, str]:
    """`a` opened this incarnation (the first OPEN of its own accord), else it was seen first."""
    opened = sorted(
        (row[1], x)
        for x, rows in steps.items()
        for row in rows
        if row[0] == "begins" and span.start <= row[1] <= span.end
    )
    a = opened[0][1] if opened else connection.opener
    return (a, connection.other) if a == connection.opener else (a, connection.opener)


def _states(connection: Connection, address: str, low: int, high: int, last: bool) -> list[tuple[int, str]]:
    end = connection.ends[address]
    if not end.frontier:
        return []
    rows: list[tuple[int, int]] = []
    chain = end.best.states
    while chain is not None:
        chain, frame, state = chain
        rows.append((frame, state))
    rows.reverse()
    names = end.machine.states
    before = bisect_right([frame for frame, _ in rows], low if low == 0 else low - 1)
    kept = [(0, names[rows[max(0, before - 1)][1]])]
    for frame, state in rows[before:]:
        if frame > high and not last:
            break
        if kept[-1][1] != names[state]:
            kept.append((frame, names[state]))
    return kept


def _doubt(connection: Connection, findings: list[Finding], assumptions: list[Assumption], last: bool) -> str:
    """Why the evidence does not decide, or ""."""
    silent = [address for address, end in connection.ends.items() if end.sent == 0]
    if silent and (findings or assumptions) and not connection.complete:
        return f"no segment of {silent[0]} was captured, so nothing that it sent is known"
    if not last:
        return ""
    for address, end in connection.ends.items():
        if connection.complete or connection.vantage not in ("", address):
            continue  # what the other end did not see was lost in the network, which needs no proof
        if end.frontier and end.machine.steps.UNSETTLED(end.best.t):
            missing = [m for m in assumptions if m.endpoint == address and m.kind == "frame-missing"]
            if missing:
                what, frame = missing[-1].message, missing[-1].frame
                return f"nothing later shows whether {what}, or {address} broke a rule at frame {frame}"
    return _tie(connection)


def _tie(connection: Connection) -> str:
    """Two explanations of equal cost, one of which blames and one of which does not."""
    for address, end in connection.ends.items():
        equal = [h for h in end.frontier if h.cost == end.best.cost]
        blames = {tuple(row[2] for row in _unwind(h) if row[0] == "finding") for h in equal}
        if len(blames) > 1 and () in blames:
            return f"an explanation of {address} with a deviation and one without cost the same"
    return ""


def _unwind(hypothesis: Hypothesis) -> list[tuple[str, int, Any]]:
    from tcpmodel.verify.hypothesis import unwind

    return list(unwind(hypothesis.trail))
