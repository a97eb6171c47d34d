"""Verdicts as text, JSON, JUnit XML and SARIF.

A reporter gets the verdicts file by file and writes to one stream. It decides nothing: what a report shows stands
in the verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from tcpmodel.verify.verdict import FileVerdict

MODULES = {
    "text": "tcpmodel.report.text",
    "json": "tcpmodel.report.verdict_json",
    "junit": "tcpmodel.report.junit",
    "sarif": "tcpmodel.report.sarif",
}


@dataclass(frozen=True)
class Settings:
    """What to show. `strict`: a breach of a SHOULD counts; `verbosity` is 0, more with -v and less with -q."""

    profile: str
    variants: tuple[str, ...] = ()
    strict: bool = False
    tcb: bool = False
    witness: bool = False
    color: bool = False
    verbosity: int = 0


class Reporter(Protocol):
    """One report being written."""

    def file(self, verdict: FileVerdict) -> None:
        """The next file's verdicts."""

    def finish(self, exit_code: int) -> None:
        """All files have been reported."""


def reporter(format: str, stream: TextIO, settings: Settings) -> Reporter:
    """The reporter for text, json, junit or sarif that writes to `stream`."""
    # a run needs one of them; the others are not imported
    made: Reporter = import_module(MODULES[format]).Report(stream, settings)
    return made
