"""One connection in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tcpmodel.report import excerpt
from tcpmodel.report.counts import counted, severity
from tcpmodel.report.style import Style, printable
from tcpmodel.report.witness import steps

if TYPE_CHECKING:
    from tcpmodel.report import Settings
    from tcpmodel.verify.verdict import Assumption, ConnectionVerdict, Finding

MOST_FINDINGS, MOST_ASSUMPTIONS, MOST_GUARDS = 10, 5, 2  # unless -v
WIDTH = 110


class Narrative:
    """The lines about a connection: what it is, what was found, what was assumed."""

    def __init__(self, settings: Settings, style: Style) -> None:
        self.settings, self.style = settings, style
        self.all = settings.verbosity > 0

    def connection(self, connection: ConnectionVerdict) -> Iterator[str]:
        """All lines of one connection, the summary line first."""
        yield "  " + self._headline(connection)
        if connection.reason:
            yield from _wrapped("because " + connection.reason, "    ")
        if self.all:
            yield from self._states(connection)
        if self.settings.verbosity >= 0:
            yield from self._details(connection)
        if self.settings.tcb:
            yield from _tcb(connection)
        if self.settings.witness:
            yield from _witness(connection)

    def _headline(self, connection: ConnectionVerdict) -> str:
        first, last = connection.frames
        carrier = f" in {printable(connection.carrier)}" if connection.carrier else ""
        verdict = self.style(connection.verdict, f"{connection.verdict:<12}")
        ends = [rows[-1][1] for rows in connection.states.values() if rows]
        return (
            f"{verdict} a={connection.a} b={connection.b}{carrier}  frames {first}-{last}, "
            f"{counted(connection.segments, 'segment')}, {' / '.join(ends)}"
        )

    def _states(self, connection: ConnectionVerdict) -> Iterator[str]:
        for letter, rows in connection.states.items():
            yield from _wrapped(f"{letter}: " + ", ".join(f"{state} from {frame}" for frame, state in rows), "    ")

    def _details(self, connection: ConnectionVerdict) -> Iterator[str]:
        findings, assumptions = connection.findings, connection.assumptions
        for finding in findings if self.all else findings[:MOST_FINDINGS]:
            yield from self._finding(finding, connection)
        yield from self._rest(len(findings) - MOST_FINDINGS, "finding")
        for assumption in assumptions if self.all else assumptions[:MOST_ASSUMPTIONS]:
            yield from self._assumption(assumption, connection)
        yield from self._rest(len(assumptions) - MOST_ASSUMPTIONS, "assumption")

    def _rest(self, number: int, noun: str) -> Iterator[str]:
        if number > 0 and not self.all:
            yield f"    ... and {counted(number, f'more {noun}')} (-v shows all)"

    def _finding(self, finding: Finding, connection: ConnectionVerdict) -> Iterator[str]:
        level = severity(finding)
        head = f"{level}[{finding.code}]" if finding.code else level
        who = _letter(finding.endpoint, connection)
        yield from _wrapped(f"{self.style(level, head)} frame {finding.frame}, {who}: {finding.message}", "    ")
        rows = connection.excerpts.get(finding.frame, [])
        yield from ("    " + line for line in excerpt.lines(rows, finding, self.style))
        yield from _sources(finding)
        if finding.states:
            yield from _wrapped(f"= {who} could have been in {' or '.join(finding.states)}", "      ")
        for guard in finding.guards if self.all else finding.guards[:MOST_GUARDS]:
            yield from _wrapped(f"= not permitted by {guard}", "      ")

    def _assumption(self, assumption: Assumption, connection: ConnectionVerdict) -> Iterator[str]:
        who = _letter(assumption.endpoint, connection)
        yield from _wrapped(f"assumed[{assumption.kind}] frame {assumption.frame}, {who}: {assumption.message}", "    ")


def _sources(finding: Finding) -> Iterator[str]:
    """The rule with its place, and what it rests on, as far as they are known."""
    if finding.rule:
        yield from _wrapped(f"= rule: {finding.rule}, {finding.place}", "      ")
    if finding.cite:
        requirements = f" ({', '.join(finding.requirements)})" if finding.requirements else ""
        quote = f': "{finding.quote}"' if finding.quote else ""
        yield from _wrapped(f"= cite: {finding.cite}{requirements}{quote}", "      ")


def _letter(address: str, connection: ConnectionVerdict) -> str:
    return {connection.a: "a", connection.b: "b"}.get(address, address)


def _wrapped(text: str, indent: str) -> list[str]:
    """`text` in lines of WIDTH columns; what follows the first is set in deeper."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _tcb(connection: ConnectionVerdict) -> Iterator[str]:
    for frame, letter, values in connection.tcb:
        yield f"    {frame:>5} {letter}  " + "  ".join(f"{name}={value}" for name, value in values.items())


def _witness(connection: ConnectionVerdict) -> Iterator[str]:
    for letter, rows in steps(connection.witness).items():
        for kind, frame, detail in rows:
            yield f"    {frame:>5} {letter}  {kind} {_plain(detail)}"


def _plain(detail: Any) -> str:
    if isinstance(detail, list | tuple):
        return " ".join(filter(None, map(_plain, detail)))
    if isinstance(detail, dict):
        return " ".join(f"{name}={value}" for name, value in detail.items())
    return "" if detail is None or detail is False else str(detail)
