"""A connection as a ladder: two time lines with the states of both endpoints, and the segments between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tcpmodel.report.style import Style
from tcpmodel.report.walk import events
from tcpmodel.trace.notation import to_packetdrill

if TYPE_CHECKING:
    from tcpmodel.trace import Segment
    from tcpmodel.verify.verdict import Assumption, ConnectionVerdict, Finding

WIDEST = 64  # characters of a segment in text
LOST = "never arrives"


@dataclass
class Rung:
    """What happened at one frame; frame 0 is before the first segment.

    `states` and `calls` are those of a and of b; `rightward` says that a sent the segment; `words` is "" where no
    segment is drawn; `lost`: it never arrives.
    """

    frame: int
    time: str = ""
    words: str = ""
    rightward: bool = True
    lost: bool = False
    states: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    calls: tuple[list[str], list[str]] = field(default_factory=lambda: ([], []))
    findings: list[Finding] = field(default_factory=list)
    assumptions: list[Assumption] = field(default_factory=list)


def rungs(
    connection: ConnectionVerdict, segments: Sequence[Segment], notes: Mapping[int, str] | None = None
) -> list[Rung]:
    """The rungs of a connection in the order of the frames; what belongs to no segment goes to the one before.

    `notes` are words on segments, by frame; where a trace hides nothing, it says itself when they arrive.
    """
    found = {0: Rung(0)}
    notes = {**(notes or {}), **_fates(connection)}
    start = segments[0].time if segments else -1
    for segment in segments:
        time = f"{(segment.time - start) / 1e9:.6f}" if segment.time >= 0 and start >= 0 else ""
        note = "forged: " if segment.forged else ""
        note += f"{notes[segment.frame]}: " if segment.frame in notes else ""
        words, lost = note + to_packetdrill(segment), notes.get(segment.frame) == LOST
        found[segment.frame] = Rung(segment.frame, time, words, segment.src == connection.a, lost)
    frames = sorted(found)

    def rung(frame: int) -> Rung:
        return found[max((known for known in frames if known <= frame), default=0)]

    for side, letter in enumerate("ab"):
        for frame, state in connection.states.get(letter, []):
            rung(frame).states[side].append(state)
        for frame, names in events(connection, letter).items():
            rung(frame).calls[side].extend(names)
    for finding in connection.findings:
        rung(finding.frame).findings.append(finding)
    for assumption in connection.assumptions:
        rung(assumption.frame).assumptions.append(assumption)
    return [found[frame] for frame in frames]


def _fates(connection: ConnectionVerdict) -> dict[int, str]:
    """What becomes of the segments that do not arrive, once, before anything else is sent."""
    arrivals = {frame: behind for frame, behind in (connection.arrived or {}).items() if behind != [frame]}
    words = {frame: " and ".join(map(str, behind)) for frame, behind in arrivals.items()}
    return {frame: f"arrives behind {behind}" if behind else LOST for frame, behind in words.items()}


def remarks(rung: Rung, connection: ConnectionVerdict) -> Iterator[tuple[str, str]]:
    """(error, warning or note; words) of what is to be said about a rung."""
    for finding in rung.findings:
        role = "error" if finding.level == "must" else "warning"
        who = "a" if finding.endpoint == connection.a else "b"
        cite = f" ({finding.cite})" if finding.cite else ""
        yield role, f"{finding.level} {finding.code}: {who}: {finding.message}{cite}"
    for assumption in rung.assumptions:
        yield "note", f"assumed {assumption.kind}: {assumption.message}"


def ladder_text(
    connection: ConnectionVerdict,
    segments: Sequence[Segment],
    style: Style | None = None,
    notes: Mapping[int, str] | None = None,
) -> str:
    """The ladder as lines of text. `segments` are those of the connection, in file order, `notes` words on some.

    Findings are marked with !, assumptions about the capture with ?; calls stand in brackets before the state they
    led to where the verdict has its witness.
    """
    style = style or Style(False)
    rows = rungs(connection, segments, notes)
    cells = [(_cell(row, 0), _cell(row, 1)) for row in rows]
    left = max(len("a " + connection.a), *(len(cell) for cell, _ in cells))
    middle = min(WIDEST, max([len(row.words) for row in rows], default=0)) + 8
    clock = max(len(row.time) for row in rows)
    head = f"{'frame':>6} {'':{clock}}  {'a ' + connection.a:>{left}}  {'':{middle}}    b {connection.b}"
    lines = [style("place", head.rstrip())]
    for row, (before, after) in zip(rows, cells, strict=True):
        number = f"{row.frame or '':>6} {row.time:>{clock}}"
        line = f"{number}  {before:>{left}}  |{_arrow(row, middle)}|  {after}".rstrip()
        bad = any(role == "error" for role, _ in remarks(row, connection))
        lines.append(style("error", line) if bad else line)
        margin = " " * (clock + left + 11)
        for role, words in remarks(row, connection):
            lines.append(style(role, f"{margin}{'?' if role == 'note' else '!'} {words}"))
    missing = connection.segments - len(segments)
    return "\n".join([*lines, *([f"{'':>6} {missing} more segments"] if missing > 0 else [])]) + "\n"


def _cell(rung: Rung, side: int) -> str:
    calls = " ".join(f"[{name}]" for name in rung.calls[side])
    return " ".join(filter(None, (calls, " > ".join(rung.states[side]))))


def _arrow(rung: Rung, width: int) -> str:
    if not rung.words:
        return " " * width
    words = rung.words if len(rung.words) <= WIDEST else rung.words[: WIDEST - 3] + "..."
    long, right, left = (width - 3, "x  ", "  x") if rung.lost else (width - 1, ">", "<")
    return f"-- {words} ".ljust(long, "-") + right if rung.rightward else left + f" {words} --".rjust(long, "-")
