"""Results of proofs as text, JSON and JUnit XML.

A reporter gets the results one by one and writes to one stream. It decides nothing but the words: what an answer
counts as, given what the text of the property expects, is said here once for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TextIO

from tcpmodel.prove.property import BOUNDED, PROVED, REFUTED, UNKNOWN, Assumption, Lemma, Property, Result

if TYPE_CHECKING:
    from tcpmodel.prove.load import Properties
    from tcpmodel.prove.recheck import Checked

MODULES = {
    "text": "tcpmodel.report.proof.text",
    "json": "tcpmodel.report.proof.whole",
    "junit": "tcpmodel.report.proof.junit",
}
WORDS = {PROVED: "proved", REFUTED: "refuted", BOUNDED: "bounded", UNKNOWN: "inconclusive"}
"""What people are told; a failed induction refutes nothing."""
AS_EXPECTED, WRONG, OPEN = "as expected", "wrong", "open"
"""What an answer counts as."""


@dataclass(frozen=True)
class Answer:
    """A property of a specification, and what became of it.

    `lemmas` and `assumptions` are those that it rests on, directly or not; `cached` says that the answer was known;
    `subject` names the specification with its overlays; `ladder` is the counterexample as a drawing.
    """

    item: Property
    result: Result
    lemmas: tuple[Lemma, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    cached: bool = False
    subject: str = ""
    ladder: str = ""

    @property
    def counts(self) -> str:
        """What the result is worth, given what the text expects."""
        return standing(self.item.expect, self.result.result)


def standing(expected: str, result: str) -> str:
    """What a result counts as.

    Better than expected is as expected: proved where a bounded answer was. A claim that is there to be refuted is wrong
    when it is proved, as any other is when it is refuted; everything else is open.
    """
    if result == expected or (result == PROVED and expected == BOUNDED):
        return AS_EXPECTED
    return WRONG if result in (PROVED, REFUTED) else OPEN


def answered(
    item: Property, result: Result, properties: Properties, cached: bool = False, subject: str = "", ladder: str = ""
) -> Answer:
    """The answer with all that it rests on."""
    lemmas = tuple(properties.lemmas[name] for name in properties.closure(item.given))
    assumptions = tuple(properties.assumptions[name] for name in properties.assumed(item))
    return Answer(item, result, lemmas, assumptions, cached, subject, ladder)


@dataclass(frozen=True)
class Certified:
    """Certificates of one specification: files written, obligations that need none, and what another solver says.

    `directory` is "" where they are not kept, `checked` None where no other solver was asked.
    """

    subject: str
    directory: str
    files: int
    computed: int
    checked: tuple[Checked, ...] | None = None

    @property
    def refused(self) -> tuple[Checked, ...]:
        """The files that the other solver does not confirm."""
        return tuple(item for item in self.checked or () if not item.ok)


@dataclass(frozen=True)
class Settings:
    """What to show. `why`: the lemmas and what they are for; `verbosity` is 0, more with -v and less with -q."""

    why: bool = False
    color: bool = False
    verbosity: int = 0
    subjects: tuple[str, ...] = field(default=())


class Reporter(Protocol):
    """One report being written."""

    def answer(self, answer: Answer) -> None:
        """The next property."""

    def finish(self, certified: Sequence[Certified] = ()) -> None:
        """All properties have been reported, and these certificates written."""


class AtTheEnd:
    """What reporters share that write everything in one document when all properties are in."""

    def __init__(self, stream: TextIO, settings: Settings) -> None:
        self.stream, self.settings = stream, settings
        self.answers: list[Answer] = []

    def answer(self, answer: Answer) -> None:
        """Keep the answer for the end."""
        self.answers.append(answer)


def reporter(format: str, stream: TextIO, settings: Settings) -> Reporter:
    """The reporter for text, json or junit that writes to `stream`."""
    # a run needs one of them; the others are not imported
    made: Reporter = import_module(MODULES[format]).Report(stream, settings)
    return made
