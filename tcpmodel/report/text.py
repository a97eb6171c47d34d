"""The report that people read: a line for each connection, each finding with the segments around it, the counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

from tcpmodel.report.counts import VERDICTS, counted, listed, summary
from tcpmodel.report.narrative import Narrative
from tcpmodel.report.style import Style, printable

if TYPE_CHECKING:
    from tcpmodel.report import Settings
    from tcpmodel.verify.verdict import ConnectionVerdict, FileVerdict

QUIET, SILENT = -1, -2  # verbosity with -q and with -qq


class Report:
    """Writes each file as soon as it is in."""

    def __init__(self, stream: TextIO, settings: Settings) -> None:
        self.stream, self.settings = stream, settings
        self.style = Style(settings.color)
        self.narrative = Narrative(settings, self.style)
        self.files: list[FileVerdict] = []

    def file(self, verdict: FileVerdict) -> None:
        """Write the connections of one file."""
        self.files.append(verdict)
        self._write(self._file(verdict))

    def finish(self, exit_code: int) -> None:
        """Write the last line."""
        if self.settings.verbosity > SILENT:
            self._write([self._summary()])

    def _write(self, lines: Iterable[str]) -> None:
        self.stream.writelines(line.rstrip() + "\n" for line in lines)

    def _file(self, verdict: FileVerdict) -> Iterator[str]:
        shown = [connection for connection in verdict.connections if self._shows(connection)]
        if not shown and (self.settings.verbosity <= QUIET or not verdict.packets):
            return
        yield f"{self.style('place', printable(verdict.file))}: {self._counts(verdict)}"
        for connection in shown:
            yield from self.narrative.connection(connection)
            yield from connection.ladder.splitlines()
        yield ""

    def _shows(self, connection: ConnectionVerdict) -> bool:
        if self.settings.verbosity == QUIET:
            return connection.verdict != "conforming" or bool(connection.findings)
        return self.settings.verbosity > SILENT

    def _counts(self, verdict: FileVerdict) -> str:
        parts = [f"{counted(verdict.packets, 'packet')}, {counted(verdict.tcp_segments, 'TCP segment')}"]
        if skipped := listed(verdict.skipped):
            parts.append(f"skipped: {skipped}")
        if notes := listed(verdict.notes):
            parts.append(f"noted: {notes}")
        if verdict.error and verdict.connections:
            parts.append("not read to its end")
        return "; ".join(parts)

    def _summary(self) -> str:
        numbers = summary(self.files)
        parts = [self._verdicts(name, numbers[name]) for name in VERDICTS]
        line = f"{counted(numbers['connections'], 'connection')}: {', '.join(parts)}"
        line += f"; {counted(numbers['warnings'], 'warning')}" if numbers["warnings"] else ""
        if failed := sum(bool(file.error) for file in self.files):
            line += "; " + self.style("error", f"{counted(failed, 'file')} not usable or damaged")
        return line + f" (held to {self._held_to()})"

    def _verdicts(self, name: str, number: int) -> str:
        text = f"{number:,} {name}"
        return self.style(name, text) if number else text

    def _held_to(self) -> str:
        return " with ".join([self.settings.profile, *self.settings.variants])
