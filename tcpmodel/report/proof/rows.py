"""The published work list with what is known of each row: nothing that is open can be taken for proved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tcpmodel.prove.property import BOUNDED, PROVED, REFUTED, Property, Result
from tcpmodel.prove.rows import Row
from tcpmodel.report.proof import AS_EXPECTED, WORDS, WRONG, standing
from tcpmodel.report.proof.wrap import wrapped
from tcpmodel.report.style import Style

SCHEMA = "tcpmodel/proof-list/1"
NOT_RUN, OPEN, IN_PART = "not yet run", "open", "in part"
STANDINGS = (PROVED, REFUTED, BOUNDED, "inconclusive", NOT_RUN, IN_PART, OPEN)
ROLES = {PROVED: "conforming", REFUTED: "conforming", BOUNDED: "inconclusive", "inconclusive": "inconclusive"}
MARGIN = 18


@dataclass(frozen=True)
class Known:
    """A property of a specification, and its result where one is known."""

    item: Property
    subject: str
    result: Result | None

    @property
    def word(self) -> str:
        """How it stands."""
        return WORDS[self.result.result] if self.result else NOT_RUN

    @property
    def wrong(self) -> bool:
        """Whether it came out otherwise than its text says."""
        return self.result is not None and standing(self.item.expect, self.result.result) == WRONG


@dataclass(frozen=True)
class Line:
    """A row and the properties that name it; without a row, those that name none."""

    row: Row | None
    known: tuple[Known, ...]

    @property
    def word(self) -> str:
        """How the row stands: decided when all of its properties are and nothing is left out.

        A row is refuted when nothing but false claims name it, or when a claim that should be proved is refuted.
        """
        if not self.known:
            return OPEN
        words = [known.word for known in self.known]
        for word in (NOT_RUN, "inconclusive"):
            if word in words:
                return word
        if any(known.wrong for known in self.known):
            return REFUTED
        if self.row and self.row.lacks:
            return IN_PART
        return next(word for word in (BOUNDED, PROVED, REFUTED) if word in words)


def lines(rows: Sequence[Row], known: Sequence[Known]) -> list[Line]:
    """Every row with its properties, and at the end the properties without a row where there are any."""
    numbers = {row.number for row in rows}
    found = [Line(row, tuple(one for one in known if one.item.row == row.number)) for row in rows]
    others = tuple(one for one in known if one.item.row not in numbers)
    return [*found, *([Line(None, others)] if others else [])]


def as_text(found: Iterable[Line], style: Style, verbosity: int = 0) -> Iterator[str]:
    """A line for each row and each of its properties, and the counts; quiet (-1) has the counts alone."""
    count: Counter[str] = Counter()
    for line in found:
        if verbosity >= 0:
            yield from _line(line, style, verbosity > 0)
        if line.row:
            count[line.word] += 1
    if verbosity > -2:
        parts = ", ".join(f"{count[word]} {word}" for word in STANDINGS if count[word])
        yield f"{count.total()} rows: {parts}"


def _line(line: Line, style: Style, verbose: bool) -> Iterator[str]:
    if line.row is None:
        yield style("note", "properties without a row")
    else:
        head = f"{line.row.number:>3}  {line.word:<{MARGIN - 5}}"
        first, *rest = wrapped(line.row.statement, " " * MARGIN)
        yield style(ROLES.get(line.word, "dim"), head) + first[MARGIN:]
        yield from rest
        if not line.known:
            yield from _indented(line.row.open or "no property of this specification names it")
    for known in line.known:
        yield from _indented(f"{known.item.name}: {_standing(known)} ({known.item.method}; {known.subject})")
        if verbose or line.row is None:
            yield from _indented(f"  {known.item.statement}")
    if line.row and line.known and line.row.lacks:
        yield from _indented(f"still open: {line.row.lacks}")


def _indented(words: str) -> list[str]:
    inner = len(words) - len(words.lstrip())
    return wrapped(words, " " * (MARGIN + inner), " " * (MARGIN + inner + 2))


def _standing(known: Known) -> str:
    if known.result is None:
        return known.word
    bound = f" within {known.result.bound}" if known.result.bound else ""
    expected = known.item.expect
    if standing(expected, known.result.result) == AS_EXPECTED:
        return f"{known.word}{bound}{', as it should be' if expected != PROVED else ''}"
    return f"{known.word}{bound}, should be {WORDS[expected]}"


def as_data(found: Iterable[Line]) -> dict[str, Any]:
    """The list as an object (schema tcpmodel/proof-list/1); a result that is not known is null."""
    rows = [line for line in found if line.row]
    others = [one for line in found if line.row is None for one in line.known]
    return {
        "schema": SCHEMA,
        "rows": [_row(line, line.row) for line in rows if line.row],
        "others": [_known(one) for one in others],
        "summary": {"rows": len(rows), **{word: sum(line.word == word for line in rows) for word in STANDINGS}},
    }


def _row(line: Line, row: Row) -> dict[str, Any]:
    properties = [_known(one) for one in line.known]
    open = row.lacks if line.known else row.open
    return {
        "row": row.number, "statement": row.statement, "standing": line.word, "open": open, "properties": properties,
    }  # fmt: skip


def _known(known: Known) -> dict[str, Any]:
    item, result = known.item, known.result
    return {
        "name": item.name, "specification": known.subject, "method": item.method, "statement": item.statement,
        "expected": item.expect, "result": result.result if result else None,
        "bound": result.bound if result else None,
    }  # fmt: skip
