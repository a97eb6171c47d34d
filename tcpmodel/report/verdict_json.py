"""The verdicts as one JSON object, schema tcpmodel/verdict/1 (verdict.schema.json beside this file)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from tcpmodel.report.counts import summary
from tcpmodel.report.pretty import Row, pretty

if TYPE_CHECKING:
    from tcpmodel.report import Settings
    from tcpmodel.verify.verdict import Assumption, ConnectionVerdict, FileVerdict, Finding

SCHEMA = "tcpmodel/verdict/1"
Json = dict[str, Any]


class Report:
    """Writes the object when all files are in."""

    def __init__(self, stream: TextIO, settings: Settings) -> None:
        self.stream, self.settings = stream, settings
        self.files: list[FileVerdict] = []

    def file(self, verdict: FileVerdict) -> None:
        """Keep the verdict for the end."""
        self.files.append(verdict)

    def finish(self, exit_code: int) -> None:
        """Write everything."""
        self.stream.write(pretty(self.document()) + "\n")

    def document(self) -> Json:
        """The object as it is written."""
        return {
            "schema": SCHEMA,
            "profile": self.settings.profile,
            "variants": list(self.settings.variants),
            "files": [self._file(verdict) for verdict in self.files],
            "summary": summary(self.files),
        }

    def _file(self, verdict: FileVerdict) -> Json:
        return {
            "file": verdict.file,
            "packets": verdict.packets,
            "tcp_segments": verdict.tcp_segments,
            "skipped": verdict.skipped,
            "notes": verdict.notes,
            "error": verdict.error,
            "connections": [self._connection(connection) for connection in verdict.connections],
        }

    def _connection(self, connection: ConnectionVerdict) -> Json:
        """The fields of the contract, then those that are there when they say something."""
        letters = {connection.a: "a", connection.b: "b"}
        out: Json = {
            "a": connection.a,
            "b": connection.b,
            "carrier": connection.carrier,
            "frames": list(connection.frames),
            "segments": connection.segments,
            "verdict": connection.verdict,
            "reason": connection.reason,
            "states": {letter: [list(row) for row in rows] for letter, rows in connection.states.items()},
            "assumptions": [asdict(a) | _who(a, letters) for a in connection.assumptions],
            "findings": [
                asdict(finding) | _who(finding, letters) | _excerpt(finding, connection)
                for finding in connection.findings
            ],
        }
        if self.settings.tcb:
            out["tcb"] = [Row(row) for row in connection.tcb]
        if self.settings.witness:
            from tcpmodel.report.witness import steps

            out["witness"] = {letter: [Row(row) for row in rows] for letter, rows in steps(connection.witness).items()}
        return out


def _who(row: Finding | Assumption, letters: dict[str, str]) -> Json:
    return {"endpoint": letters.get(row.endpoint, row.endpoint)}


def _excerpt(finding: Finding, connection: ConnectionVerdict) -> Json:
    return {"excerpt": [{"frame": frame, "text": text} for frame, text in connection.excerpts.get(finding.frame, ())]}
