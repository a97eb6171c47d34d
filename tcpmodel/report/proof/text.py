"""The report on proofs that people read: each property, what failed and where, the assumptions, the counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from tcpmodel.prove.property import PROVED, RESULTS
from tcpmodel.report.counts import counted
from tcpmodel.report.proof import AS_EXPECTED, WORDS, Answer, Certified, Settings
from tcpmodel.report.proof.why import failures, grounds
from tcpmodel.report.proof.wrap import MARGIN, below, wrapped
from tcpmodel.report.style import Style

QUIET, SILENT = -1, -2  # verbosity with -q and with -qq
ROLES = {"proved": "conforming", "refuted": "violation", "bounded": "inconclusive", "unknown": "inconclusive"}
MANY = 6  # names in a list


class Report:
    """Writes each property as soon as it is decided."""

    def __init__(self, stream: TextIO, settings: Settings) -> None:
        self.stream, self.settings = stream, settings
        self.style = Style(settings.color)
        self.answers: list[Answer] = []

    def answer(self, answer: Answer) -> None:
        """Write one property."""
        self.answers.append(answer)
        if self.settings.verbosity > QUIET or (self.settings.verbosity == QUIET and answer.counts != AS_EXPECTED):
            self._write(self._lines(answer))
            self.stream.flush()

    def finish(self, certified: Sequence[Certified] = ()) -> None:
        """Write what was assumed, what certificates there are, and the counts."""
        if self.settings.verbosity > QUIET and not self.settings.why:
            self._write(self._assumed())
        for one in certified:
            if self.settings.verbosity > QUIET or (one.refused and self.settings.verbosity > SILENT):
                self._write(certificates(one, self.settings, self.style))
        if self.settings.verbosity > SILENT:
            self._write([self._summary()])

    def _write(self, lines: Iterable[str]) -> None:
        self.stream.writelines(line.rstrip() + "\n" for line in lines)

    def _lines(self, answer: Answer) -> Iterator[str]:
        item, result = answer.item, answer.result
        word = self.style(ROLES[result.result], f"{WORDS[result.result]:<{MARGIN}}")
        row = f" (row {item.row})" if item.row else ""
        first, *rest = wrapped(f"{item.name}{row}: {item.statement}", " " * MARGIN)
        yield word + first[MARGIN:]
        yield from rest
        yield from body(answer, self.settings, self.style)

    def _assumed(self) -> Iterator[str]:
        found = {assumption.name: assumption for answer in self.answers for assumption in answer.assumptions}
        if not found:
            return
        yield ""
        yield self.style("note", "assumed")
        for name, assumption in found.items():
            users = [answer.item.name for answer in self.answers if assumption in answer.assumptions]
            whom = "" if len(users) == len(self.answers) else f" [{_some(users)}]"
            yield from wrapped(f"{name}: {assumption.meaning} ({assumption.cite}){whom}", "  ", "    ")
        yield ""

    def _summary(self) -> str:
        results = [answer.result.result for answer in self.answers]
        parts = [self._count(result, results.count(result)) for result in RESULTS]
        odd = [answer for answer in self.answers if answer.item.expect != "proved" and answer.counts == AS_EXPECTED]
        said = f"; {len(odd)} of them as the text expects" if odd else ""
        number = len(results)
        noun = "property" if number == 1 else "properties"
        return f"{number:,} {noun}: {', '.join(parts)}{said} ({'; '.join(self.settings.subjects)})"

    def _count(self, result: str, number: int) -> str:
        text = f"{number} {WORDS[result]}"
        return self.style(ROLES[result], text) if number else text


def _some(names: list[str]) -> str:
    """The names, or the first of them where they are many."""
    if len(names) <= MANY:
        return ", ".join(names)
    return f"{', '.join(names[:2])} and {len(names) - 2} more"


def body(answer: Answer, settings: Settings, style: Style) -> Iterator[str]:
    """What stands below the first line of a property."""
    for line in _details(answer, settings, style):
        yield " " * MARGIN + line if line else ""


def _details(answer: Answer, settings: Settings, style: Style) -> Iterator[str]:
    result, verbose = answer.result, settings.verbosity > 0
    if answer.item.expect != PROVED:
        yield f"expected: {WORDS[answer.item.expect]}"
    if result.bound:
        yield from below(f"bound: {result.bound}; what lies beyond it is not decided", "", "  ")
    yield from failures(result, not verbose, style)
    if verbose:
        yield from _figures(answer)
    if answer.item.note and (verbose or settings.why):
        yield from below(f"note: {answer.item.note}", "", "  ")
    if settings.why:
        yield from grounds(answer, style)
    if answer.ladder:
        yield style("note", "counterexample")
        yield from (f"  {line}" for line in answer.ladder.splitlines())


def _figures(answer: Answer) -> Iterator[str]:
    item, result = answer.item, answer.result
    yield f"{item.cite}; {item.place.file}:{item.place.line}"
    known = ", known from an earlier run" if answer.cached else ""
    yield f"method {item.method}: {counted(result.obligations, 'obligation')}, {result.seconds:.1f} s{known}"


def certificates(one: Certified, settings: Settings, style: Style) -> Iterator[str]:
    """What was written, and which files another solver does not confirm."""
    where = f" in {one.directory}" if one.directory else ""
    more = f", {one.computed:,} more hold by computation" if one.computed else ""
    yield f"certificates: {counted(one.files, 'obligation')} of {one.subject}{where}{more}"
    if one.checked is None:
        return
    good = len(one.checked) - len(one.refused)
    word = style("inconclusive" if one.refused else "conforming", f"confirms {good:,} of {len(one.checked):,}")
    yield f"cvc5 {word}"
    shown = one.refused if settings.verbosity > 0 else one.refused[:MANY]
    for item in shown:
        yield from wrapped(f"refused: {item.file} ({item.of}): {item.reason}", "  ", "    ")
    if len(shown) < len(one.refused):
        yield f"  and {len(one.refused) - len(shown):,} more"
