"""The verdicts as JUnit XML: a suite for each file, a case for each connection, so that any CI server shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from tcpmodel.report.counts import blamed
from tcpmodel.report.junit_xml import document, outcome, output
from tcpmodel.report.narrative import Narrative
from tcpmodel.report.style import Style

if TYPE_CHECKING:
    from tcpmodel.report import Settings
    from tcpmodel.verify.verdict import ConnectionVerdict, FileVerdict


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
        suites = [(verdict.file, list(self._cases(verdict))) for verdict in self.files]
        self.stream.writelines(document("tcpmodel verify", suites))

    def _cases(self, verdict: FileVerdict) -> Iterator[tuple[str, str]]:
        """(name, element inside the case) of each connection, and of a file that could not be read to its end."""
        for connection in verdict.connections:
            first, last = connection.frames
            yield f"{connection.a} {connection.b} frames {first}-{last}", self._outcome(connection)
        if verdict.error:
            yield "reading", outcome("error", "unusable", verdict.error, verdict.error)

    def _outcome(self, connection: ConnectionVerdict) -> str:
        text = "\n".join(self.narrative.connection(connection))
        if blamed(connection, self.settings.strict):
            first = min(connection.findings, key=lambda finding: finding.level != "must")
            return outcome("failure", first.code, f"frame {first.frame}: {first.message}", text)
        if connection.verdict == "inconclusive":
            return outcome("skipped", "inconclusive", connection.reason, text)
        return output(text)
