"""The segments around a finding as lines of text, an arrow on the frame and a mark under the field in question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tcpmodel.report.style import Style

if TYPE_CHECKING:
    from tcpmodel.verify.verdict import Finding

ARROW = "-->"
# where packetdrill notation writes a field of the header
FIELDS = {
    "SEG.SEQ": r"\d+(?=:)",
    "SEG.ACK": r"(?<=ack )\d+",
    "SEG.WND": r"(?<=win )\d+",
    "SEG.UP": r"(?<=urg )\d+",
    "SEG.LEN": r"(?<=\()\d+",
    "SEG.TEXT": r"(?<=\()\d+",
    "SEG.CTL": r"(?<=  )[-SFRPUEWA.]+(?= \d+:)",
    "SEG.MSS": r"(?<=mss )\d+",
    "SEG.SHIFT": r"(?<=wscale )\d+",
    "SEG.TSVAL": r"(?<=TS val )\d+",
    "SEG.TSECR": r"(?<=ecr )\d+",
}


def lines(rows: list[tuple[int, str]], finding: Finding, style: Style) -> Iterator[str]:
    """The rows (frame, text), an arrow on the finding's, with expected and actual under its field."""
    width = max((len(str(frame)) for frame, _ in rows), default=0)
    shown = False
    for frame, text in rows:
        here = frame == finding.frame
        lead = f"{ARROW if here else '':>3} {frame:>{width}}  "
        yield style("place", lead + text) if here else style("dim", lead) + text
        if here:
            shown = True
            yield from _comparison(finding, len(lead), text, style)
    if not shown:
        yield from _comparison(finding, 4, "", style)


def _comparison(finding: Finding, lead: int, text: str, style: Style) -> Iterator[str]:
    if not finding.actual and not finding.expected:
        return
    pattern = FIELDS.get(finding.field)
    found = re.search(pattern, text) if pattern else None
    start, size = (lead + found.start(), found.end() - found.start()) if found else (lead, 0)
    carets = style("error", "^" * size) + " " if size else ""
    yield f"{'':{start}}{carets}actual   {finding.actual}"
    yield f"{'':{start + size + bool(size)}}expected {finding.expected}"
