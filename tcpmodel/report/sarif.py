"""The verdicts as SARIF 2.1.0 (OASIS), which code scanning services read: a result for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

import tcpmodel
from tcpmodel.report.counts import severity
from tcpmodel.report.pretty import pretty

if TYPE_CHECKING:
    from tcpmodel.report import Settings
    from tcpmodel.verify.verdict import ConnectionVerdict, FileVerdict, Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
UNDECIDED = "inconclusive"  # the rule that results without a finding refer to
Json = dict[str, Any]


class Report:
    """Writes one log with one run when all files are in."""

    def __init__(self, stream: TextIO, settings: Settings) -> None:
        self.stream, self.settings = stream, settings
        self.rules: dict[str, Json] = {}
        self.results: list[Json] = []
        self.notifications: list[Json] = []

    def file(self, verdict: FileVerdict) -> None:
        """Add the results of one file."""
        for connection in verdict.connections:
            self.results += [self._finding(finding, connection, verdict) for finding in connection.findings]
            if connection.verdict == "inconclusive":
                self.results.append(self._undecided(connection, verdict))
        if verdict.error:
            message = {"text": verdict.error}
            self.notifications.append({"level": "error", "message": message, "locations": [_location(verdict, 0, "")]})

    def finish(self, exit_code: int) -> None:
        """Write the log."""
        driver = {
            "name": "tcpmodel",
            "semanticVersion": tcpmodel.__version__,
            "rules": list(self.rules.values()),
            "properties": {"profile": self.settings.profile, "variants": list(self.settings.variants)},
        }
        invocation = {
            "executionSuccessful": not self.notifications,
            "exitCode": exit_code,
            "toolExecutionNotifications": self.notifications,
        }
        run = {"tool": {"driver": driver}, "invocations": [invocation], "results": self.results}
        self.stream.write(pretty({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n")

    def _finding(self, finding: Finding, connection: ConnectionVerdict, verdict: FileVerdict) -> Json:
        rule = {
            "id": finding.code,
            "shortDescription": {"text": finding.cite or finding.code},
            "properties": {"requirements": list(finding.requirements)},
        }
        details = {"rule": finding.rule, "cite": finding.cite, "place": finding.place, "states": list(finding.states)}
        field = {"expected": finding.expected, "actual": finding.actual} if finding.actual else {}
        comparison = f" ({finding.actual}, expected {finding.expected})" if finding.actual else ""
        return {
            "ruleId": finding.code,
            "ruleIndex": self._index(rule),
            "level": severity(finding),
            "message": {"text": f"frame {finding.frame}, {finding.endpoint}: {finding.message}{comparison}"},
            "locations": [_location(verdict, finding.frame, _name(connection))],
            "properties": {**details, **field, "endpoint": finding.endpoint, "frame": finding.frame},
        }

    def _undecided(self, connection: ConnectionVerdict, verdict: FileVerdict) -> Json:
        rule = {"id": UNDECIDED, "shortDescription": {"text": "The capture does not decide"}}
        return {
            "ruleId": UNDECIDED,
            "ruleIndex": self._index(rule),
            "kind": "open",
            "level": "none",
            "message": {"text": f"{_name(connection)}: {connection.reason}"},
            "locations": [_location(verdict, connection.frames[0], _name(connection))],
        }

    def _index(self, rule: Json) -> int:
        self.rules.setdefault(rule["id"], rule)
        return list(self.rules).index(rule["id"])


def _name(connection: ConnectionVerdict) -> str:
    return f"{connection.a} {connection.b}"


def _location(verdict: FileVerdict, frame: int, connection: str) -> Json:
    """The file, and the frame as a logical place: a capture has no lines."""
    location: Json = {"physicalLocation": {"artifactLocation": {"uri": quote(verdict.file, errors="surrogateescape")}}}
    if frame:
        location["logicalLocations"] = [{"fullyQualifiedName": f"{connection} frame {frame}", "kind": "resource"}]
    return location
