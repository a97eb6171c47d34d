"""The ladder of a connection as a picture, alone or above the paths of both endpoints through the state diagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from tcpmodel.report.ladder import Rung, remarks, rungs
from tcpmodel.report.svg import COLORS, Point, document, element, line, number, text, width

if TYPE_CHECKING:
    from tcpmodel.report.diagram_svg import Slide
    from tcpmodel.trace import Segment
    from tcpmodel.verify.verdict import ConnectionVerdict

WIDTH, LEFT, RIGHT = 1280.0, 300.0, 980.0
TOP, RUNG, REMARK, SLANT, PILL = 96.0, 34.0, 17.0, 10.0, 22.0
SIZE, CALL = 13.0, 12.0
SHORT, CROSS = 0.15, 5  # the part of its way that a lost segment does not go; half the cross at its end, in pixels
STYLE = """
.l-axis{stroke:#94a3b8;stroke-width:2}
.l-state{fill:#eff6ff;stroke:#1e3a8a;stroke-width:1.4}
.l-name{font-size:13px;font-weight:bold;fill:#0f172a}
.l-call{font-size:12px;font-style:italic;fill:#475569}
.l-words{font-size:12px;font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#0f172a;
 paint-order:stroke;stroke:#fff;stroke-width:4px}
.l-frame{font-size:11px;fill:#64748b}
.l-error{font-size:12px;font-weight:bold;fill:#b91c1c;paint-order:stroke;stroke:#fff;stroke-width:4px}
.l-warning{font-size:12px;fill:#b45309;paint-order:stroke;stroke:#fff;stroke-width:4px}
.l-note{font-size:12px;fill:#475569;paint-order:stroke;stroke:#fff;stroke-width:4px}
.l-title{font-size:15px;font-weight:bold;fill:#0f172a}
.l-sub{font-size:13px;fill:#475569}
"""


def ladder_svg(connection: ConnectionVerdict, segments: Sequence[Segment], paths: Sequence[Slide] = ()) -> str:
    """The ladder; `paths` are state diagrams to draw under it, that of a before that of b."""
    from tcpmodel.report.diagram_svg import STYLE as DIAGRAM

    rows = rungs(connection, segments)
    height = TOP + sum(_height(row, connection) for row in rows) + 30
    parts = [*_head(connection, len(segments)), *_axes(height), *_rows(rows, connection)]
    for slide in paths:
        parts.append(_nested(slide, height))
        height += slide.height * WIDTH / slide.size[0] + 20
    return document((WIDTH, height), STYLE + (DIAGRAM if paths else ""), parts, f"{connection.a} - {connection.b}")


def _nested(slide: Slide, top: float) -> str:
    box = f"0 0 {number(slide.size[0])} {number(slide.height)}"
    scaled = slide.height * WIDTH / slide.size[0]
    return element("svg", "\n".join(slide.parts()), y=top, width=WIDTH, height=scaled, viewBox=box)


def _head(connection: ConnectionVerdict, drawn: int) -> Iterator[str]:
    missing = connection.segments - drawn
    more = f", {missing} more segments are not drawn" if missing > 0 else ""
    reason = f" ({connection.reason})" if connection.reason else ""
    yield text((24, 28), f"{connection.verdict}{reason}{more}", "l-title", "start")
    for x, letter, address in ((LEFT, "a", connection.a), (RIGHT, "b", connection.b)):
        yield text((x, 62), f"{letter}  {address}", "l-title")


def _axes(height: float) -> Iterator[str]:
    for x in (LEFT, RIGHT):
        yield element("path", d=f"M{number(x)},72V{number(height - 20)}", class_="l-axis")


def _height(row: Rung, connection: ConnectionVerdict) -> float:
    said = sum(1 for _ in remarks(row, connection))
    pills = max(len(states) + bool(row.calls[side]) for side, states in enumerate(row.states))
    return max(RUNG + REMARK * said, (PILL + 4) * pills + 8)


def _rows(rows: Sequence[Rung], connection: ConnectionVerdict) -> Iterator[str]:
    y = TOP
    for row in rows:
        if row.words:
            yield from _segment(row, y, bool(row.findings))
        for side in (0, 1):
            yield from _states(row, side, y)
        for n, (role, words) in enumerate(remarks(row, connection)):
            middle = (LEFT + RIGHT) / 2
            yield text((middle, y + SLANT + 14 + REMARK * n), _fitted(words), f"l-{role}", title=words)
        y += _height(row, connection)


def _segment(row: Rung, y: float, bad: bool) -> Iterator[str]:
    start, end = (LEFT + 2, RIGHT - 2) if row.rightward else (RIGHT - 2, LEFT + 2)
    change, title = "removed" if bad else "", f"frame {row.frame}: {row.words}"
    if row.lost:
        yield _lost((start, y), (end + (start - end) * SHORT, y + SLANT), change, title)
    else:
        yield line(f"M{number(start)},{number(y)}L{number(end)},{number(y + SLANT)}", change, title=title)
    yield text(((LEFT + RIGHT) / 2, y - 3), _fitted(row.words), "l-words", title=row.words)
    clock = f"  {row.time} s" if row.time else ""
    yield text((24, y + 5), f"{row.frame}{clock}", "l-frame", "start")


def _lost(start: Point, end: Point, change: str, title: str) -> str:
    """A line that ends in a cross."""
    (x, y), size = end, 2 * CROSS
    cross = f"M{number(x - CROSS)},{number(y - CROSS)}l{size},{size}m0,{-size}l{-size},{size}"
    path = f"M{number(start[0])},{number(start[1])}L{number(x)},{number(y)}{cross}"
    inner = element("title", escape(title))
    return element("path", inner, d=path, class_="line", stroke=COLORS[change], fill="none")


def _states(row: Rung, side: int, y: float) -> Iterator[str]:
    """The states entered at a rung as pills beside the time line, the calls that led there above them."""
    outward, anchor = (-1, "end") if side == 0 else (1, "start")
    edge = (LEFT if side == 0 else RIGHT) + outward * 14
    if row.calls[side]:
        yield text((edge, y + 3), ", ".join(row.calls[side]), "l-call", anchor)
        y += PILL - 4
    for state in row.states[side]:
        wide = width(state, SIZE) + 22
        left = edge - wide if side == 0 else edge
        yield element("rect", x=left, y=y - PILL / 2, width=wide, height=PILL, rx=6.0, class_="l-state")
        yield text((left + wide / 2, y + 4.5), state, "l-name")
        y += PILL + 4


def _fitted(words: str) -> str:
    most = int((RIGHT - LEFT - 40) / 7.3)
    return words if len(words) <= most else words[: most - 3] + "..."

