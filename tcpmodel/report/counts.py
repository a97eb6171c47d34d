"""What the reports count, and the words they count with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tcpmodel.verify.verdict import ConnectionVerdict, FileVerdict, Finding

VERDICTS = ("conforming", "violation", "inconclusive")
SEVERITY = {"must": "error", "should": "warning", "may": "note"}


def severity(finding: Finding) -> str:
    """error, warning or note: what a breach of a MUST, a SHOULD and a MAY are called."""
    return SEVERITY.get(finding.level, "note")


def blamed(connection: ConnectionVerdict, strict: bool) -> bool:
    """Whether the connection counts as a violation; with `strict` a breach of a SHOULD is enough."""
    if connection.verdict == "violation":
        return True
    return strict and any(finding.level == "should" for finding in connection.findings)


def summary(files: Iterable[FileVerdict]) -> dict[str, int]:
    """connections, one count for each verdict, and warnings (findings that break a SHOULD)."""
    connections = [connection for file in files for connection in file.connections]
    verdicts = Counter(connection.verdict for connection in connections)
    warnings = sum(finding.level == "should" for connection in connections for finding in connection.findings)
    return {"connections": len(connections), **{name: verdicts[name] for name in VERDICTS}, "warnings": warnings}


def counted(number: int, noun: str) -> str:
    """ "1 packet", "1,234 packets"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(counts: Mapping[str, int]) -> str:
    """ "3 not tcp, 1 ip fragment", the commonest first; "" when all are zero."""
    rows = sorted(((name, number) for name, number in counts.items() if number), key=lambda row: -row[1])
    return ", ".join(f"{number:,} {name}" for name, number in rows)
