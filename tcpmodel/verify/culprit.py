"""One doubtful segment instead of many deviations: the cheapest joint explanation of both endpoints.

The two sides are replayed apart, so a segment that is not what its sender went on with, and its peer answered, shows
as several deviations, some of the innocent. A short connection is therefore told again with one segment near the first
finding supposed missing, overtaken or altered. What is missing or was overtaken is an assumption about the capture, and
explains more cheaply than any deviation; an altered segment is the deviation, if it leaves no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tcpmodel.trace import Segment
from tcpmodel.verify.connection import Connection
from tcpmodel.verify.edits import ALTERED, MISSING, OVERTAKEN, Doubt, Edit, altered, missing, overtaken, rereadings
from tcpmodel.verify.endpoint import Refuted
from tcpmodel.verify.hypothesis import LEVELS, Item
from tcpmodel.verify.outcome import verdicts
from tcpmodel.verify.verdict import (
    CONFORMING,
    INCONCLUSIVE,
    VIOLATION,
    Assumption,
    ConnectionVerdict,
    Finding,
)

RETOLD = {True: 900, False: 400}  # segments told again at most for one connection, to alter one and to assume
ASSUMPTION, DEVIATION = 1, 1_000
HARMLESS = {"offload", "captured-twice"}  # assumptions that excuse nobody
Price = tuple[int, int]


@dataclass
class Told:
    """A telling of the connection: its verdicts, and what they cost: deviations and assumptions, then free steps."""

    verdicts: list[ConnectionVerdict]
    price: Price
    edit: Edit | None = None


def retold(connection: Connection, told: list[ConnectionVerdict]) -> list[ConnectionVerdict]:
    """The verdicts with one doubtful segment, or another reading of all, where that explains more, else those given."""
    if not any(finding.level == "must" for verdict in told for finding in verdict.findings):
        return told
    story = [item for item in connection.story if isinstance(item, Segment)]
    if len(story) != connection.segments:
        return told
    readings = _readings(connection, story) if len(story) == len(connection.story) else []
    best = min([told, *readings], key=_weight)
    if best is not told and _weight(best) < DEVIATION:
        return best
    return min([_edited(connection, told), best], key=_weight)


def _readings(connection: Connection, story: list[Segment]) -> list[list[ConnectionVerdict]]:
    """The verdicts on each other reading of the segments, with the assumption that it makes."""
    found = []
    for kind, frame, text, otherwise in rereadings(story):
        told = list(verdicts(_reread(connection, otherwise), False))
        if len(told) == 1:
            told[0].assumptions.insert(0, Assumption(kind, frame, connection.opener, text))
            told[0].frames = (connection.first, connection.last)
            found.append(told)
    return found


def _reread(connection: Connection, story: list[Segment]) -> Connection:
    """The same connection, replayed as its segments are read otherwise."""
    machine, keep = connection.ends[connection.opener].machine, connection.ends[connection.opener].keep
    again = Connection(machine, story[0], connection.vantage, connection.complete, keep)
    for segment in story:
        again.feed(segment)
    return again


def _edited(connection: Connection, told: list[ConnectionVerdict]) -> list[ConnectionVerdict]:
    """The verdicts with one doubtful segment where that explains more, else those given."""
    findings = sorted((f for verdict in told for f in verdict.findings if f.level == "must"), key=lambda f: f.frame)
    segments = sum(isinstance(item, Segment) for item in connection.story)
    if not findings or segments != connection.segments:
        return told
    if connection.vantage and segments < len(connection.story) and len(findings) == 1:
        return told  # a log of the endpoint that received it vouches for what arrived
    base = Told(told, _price(connection, told))
    tellings = list(_tellings(connection, told, findings))
    if len(findings) == 1:
        tellings = _beside_one_deviation(tellings, base, connection.story, findings[0])
    best = min(tellings, key=lambda t: (t.price, not _blames(t, findings[0])), default=base)
    if best.edit is None or best.price >= base.price:
        return told
    return _concluded(best.verdicts, best.edit, connection, findings)


def _beside_one_deviation(tellings: list[Told], base: Told, story: list[Item], finding: Finding) -> list[Told]:
    """What may compete with a single deviation: a control bit too many that the same endpoint had sent before; no other
    alteration, and no missing frame where a number is simply wrong.
    """
    if base.price[0] > DEVIATION:
        return [t for t in tellings if _altering(t)] or tellings
    wrong = any(_altering(t) and t.price[0] == DEVIATION for t in tellings)
    kinds = {OVERTAKEN} if wrong else {OVERTAKEN, MISSING}
    return [t for t in tellings if t.edit is not None and (t.edit.kind in kinds or _too_many(t.edit, story, finding))]


def _too_many(edit: Edit, story: list[Item], finding: Finding) -> bool:
    """Whether a control bit is cleared that the endpoint to blame had set before, as one that ends its sending."""
    seen = story[edit.at]
    before = edit.segment.src == finding.endpoint and edit.segment.frame < finding.frame
    return before and edit.attribute == "flags" and isinstance(seen, Segment) and edit.segment.flags < seen.flags


def _altering(telling: Told) -> bool:
    return telling.edit is not None and telling.edit.kind == ALTERED


def _blames(again: Told, finding: Finding) -> bool:
    """Whether an altered segment is the one that the finding is about."""
    edit = again.edit
    blamed = (edit.segment.src, edit.segment.frame) if edit is not None and edit.kind == ALTERED else None
    return blamed == (finding.endpoint, finding.frame)


def _tellings(connection: Connection, told: list[ConnectionVerdict], findings: list[Finding]) -> Iterator[Told]:
    """The tellings that explain everything but the edit itself, as far as the budget goes."""
    budget, known = dict(RETOLD), _assumed(told) | HARMLESS
    for edit in _edits(connection, findings):
        altering = edit.kind == ALTERED
        if budget[altering] <= 0:
            continue
        again, fed = _tell(connection, edit)
        budget[altering] -= fed
        if again is None or again.price[0] >= DEVIATION or not _assumed(again.verdicts) <= known:
            continue
        coarse, fine = again.price
        again.price = (coarse + (DEVIATION if altering else ASSUMPTION), fine)
        yield again
        if not altering and not coarse and len(findings) > 1:
            return


def _edits(connection: Connection, findings: list[Finding]) -> Iterator[Edit]:
    first, doubt = findings[0].frame, Doubt.of(connection.ends[connection.opener].machine.steps)
    yield from overtaken(connection.story, first, connection.vantage)
    if not connection.vantage and not connection.complete:
        yield from missing(connection.story, first, doubt)
    yield from altered(connection.story, findings, doubt)


def _assumed(told: list[ConnectionVerdict]) -> set[str]:
    """The kinds of assumptions made; an edit must not bring in one that was not needed before."""
    return {assumption.kind for verdict in told for assumption in verdict.assumptions}


def _weight(told: list[ConnectionVerdict]) -> int:
    """What deviations, assumptions and open ends cost."""
    findings = [finding for verdict in told for finding in verdict.findings]
    musts = sum(finding.level == "must" for finding in findings)
    open_ends = sum(verdict.verdict == INCONCLUSIVE for verdict in told)
    assumptions = sum(a.kind not in HARMLESS for verdict in told for a in verdict.assumptions)
    return DEVIATION * musts + ASSUMPTION * (open_ends + assumptions)


def _price(connection: Connection, told: list[ConnectionVerdict]) -> Price:
    free = sum(end.best.cost for end in connection.ends.values() if end.frontier) % LEVELS["must"]
    return _weight(told), free


def _tell(connection: Connection, edit: Edit) -> tuple[Told | None, int]:
    """The verdicts of the whole connection with one segment edited, unless it is refuted; how many were fed."""
    machine, keep = connection.ends[connection.opener].machine, connection.ends[connection.opener].keep
    story = connection.story
    first = edit.segment if edit.at == 0 else next(item for item in story if isinstance(item, Segment))
    again = Connection(machine, first, connection.vantage, connection.complete, keep)
    for end in again.ends.values():
        end.strict = True
    try:
        for at, item in enumerate(story):
            _next(again, story, at, item, edit)
            if any(end.frontier and end.best.cost >= LEVELS["must"] for end in again.ends.values()):
                return None, again.segments
        told = list(verdicts(again, keep))
        return Told(told, _price(again, told), edit), again.segments
    except Refuted:
        return None, again.segments


def _next(again: Connection, story: list[Any], at: int, item: Any, edit: Edit) -> None:
    """Tell the item at an index, as the edit has it."""
    if not isinstance(item, Segment):
        again.tell(item)
    elif edit.kind == OVERTAKEN and at in (edit.at - 1, edit.at):
        if at == edit.at:
            again.overtaken(story[at - 1], item)
    elif at != edit.at:
        again.feed(item)
    elif edit.kind == MISSING:
        again.feed(edit.segment)
        again.segments -= 1
        again.feed(item)
    else:
        again.feed(edit.segment)


def _concluded(
    told: list[ConnectionVerdict], edit: Edit, connection: Connection, findings: list[Finding]
) -> list[ConnectionVerdict]:
    seen = connection.story[edit.at]
    assert isinstance(seen, Segment)
    verdict = next((v for v in told if v.frames[0] <= seen.frame <= v.frames[1]), told[0])
    if edit.kind == ALTERED:
        verdict.findings.append(_finding(seen, edit, findings[0]))
        verdict.findings.sort(key=lambda f: f.frame)
        verdict.verdict, verdict.reason = VIOLATION, ""
        return told
    verdict.assumptions.append(_assumption(edit, seen))
    verdict.assumptions.sort(key=lambda m: m.frame)
    if edit.kind == MISSING and len(findings) == 1 and verdict.verdict == CONFORMING:
        one = findings[0]
        verdict.verdict = INCONCLUSIVE
        verdict.reason = (
            f"nothing else shows whether a frame of {edit.segment.src} before frame {seen.frame} is not in the "
            f"capture, or {one.endpoint} broke a rule at frame {one.frame}"
        )
    return told


def _assumption(edit: Edit, seen: Segment) -> Assumption:
    if edit.kind == OVERTAKEN:
        text = f"frame {seen.frame} was sent before the one captured ahead of it, which overtook it on the way"
        return Assumption(OVERTAKEN, seen.frame, seen.src, text)
    text = f"a segment of {edit.segment.src} before frame {seen.frame} is not in the capture"
    return Assumption(MISSING, seen.frame, edit.segment.src, text)


def _finding(seen: Segment, edit: Edit, first: Finding) -> Finding:
    """The altered segment as the one deviation."""
    expected, actual = getattr(edit.segment, edit.attribute), getattr(seen, edit.attribute)
    return replace(
        first, endpoint=seen.src, frame=seen.frame, field=edit.field,
        expected=f"{edit.field} = {expected}", actual=f"{edit.field} = {actual}",
        message=f"both endpoints went on as if {edit.field} had been {expected} here, not {actual}",
        code="TM502", guards=(),
    )  # fmt: skip
