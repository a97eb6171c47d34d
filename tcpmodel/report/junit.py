"""The verdicts as JUnit XML: a suite for each file, a case for each connection, so that any CI server shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO
from xml.sax.saxutils import escape, quoteattr

from tcpmodel.report.counts import blamed
from tcpmodel.report.narrative import Narrative
from tcpmodel.report.style import Style

if TYPE_CHECKING:
    from tcpmodel.report import Settings
    from tcpmodel.verify.verdict import ConnectionVerdict, FileVerdict

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0


class Report:
    """Writes one document when all files are in."""

    def __init__(self, stream: TextIO, settings: Settings) -> None:
        self.stream, self.settings = stream, settings
        self.narrative = Narrative(settings, Style(False))
        self.files: list[FileVerdict] = []

    def file(self, verdict: FileVerdict) -> None:
        """Keep the verdict for the end."""
        self.files.append(verdict)

    def finish(self, exit_code: int) -> None:
        """Write the document."""
        self.stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self.stream.writelines(line + "\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        suites = [list(self._cases(verdict)) for verdict in self.files]
        yield _open("testsuites", name="tcpmodel verify", **_totals([case for cases in suites for case in cases]))
        for verdict, cases in zip(self.files, suites, strict=True):
            yield _open("testsuite", name=verdict.file, **_totals(cases))
            for name, element in cases:
                yield _open("testcase", name=name, classname=verdict.file) + element + "</testcase>"
            yield "</testsuite>"
        yield "</testsuites>"

    def _cases(self, verdict: FileVerdict) -> Iterator[tuple[str, str]]:
        """(name, element inside the case) of each connection, and of a file that could not be read to its end."""
        for connection in verdict.connections:
            first, last = connection.frames
            yield f"{connection.a} {connection.b} frames {first}-{last}", self._outcome(connection)
        if verdict.error:
            yield "reading", _element("error", "unusable", verdict.error, verdict.error)

    def _outcome(self, connection: ConnectionVerdict) -> str:
        text = "\n".join(self.narrative.connection(connection))
        if blamed(connection, self.settings.strict):
            first = min(connection.findings, key=lambda finding: finding.level != "must")
            return _element("failure", first.code, f"frame {first.frame}: {first.message}", text)
        if connection.verdict == "inconclusive":
            return _element("skipped", "inconclusive", connection.reason, text)
        return f"<system-out>{_text(text)}</system-out>"


def _totals(cases: list[tuple[str, str]]) -> dict[str, str]:
    kinds = [element[1:].split(" ", 1)[0] for _, element in cases]
    wanted = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(cases)), **{name: str(kinds.count(kind)) for name, kind in wanted.items()}}


def _open(tag: str, **attributes: str) -> str:
    return f"<{tag} {' '.join(f'{name}={quoteattr(_clean(value))}' for name, value in attributes.items())}>"


def _element(tag: str, type: str, message: str, text: str) -> str:
    return _open(tag, type=type, message=message) + _text(text) + f"</{tag}>"


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    return FORBIDDEN.sub("?", text)
