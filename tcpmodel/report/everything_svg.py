"""The whole graph as a picture: one numbered arrow for each pair of states, and under it every edge in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tcpmodel.compile.diagram import Diagram
from tcpmodel.report.diagram_svg import HALF_HEIGHT, HALF_WIDTH, drawn_at
from tcpmodel.report.routes import Router
from tcpmodel.report.svg import COLORS, Point, colored, document, element, line, text, width

if TYPE_CHECKING:
    from tcpmodel.compile.graph import Graph

ROW, SIZE, MARGIN, COLUMNS = 15, 11.0, 24, 3
BADGE = 9.0
STYLE = """
.line{stroke-width:1.2}
.state{fill:#eff6ff;stroke:#1e3a8a;stroke-width:1.8}
.name{font-size:15px;font-weight:bold;fill:#0f172a}
.badge{fill:#ffffff;stroke-width:1.2}
.count{font-size:10px;font-weight:bold}
.head{font-size:12px;font-weight:bold;fill:#0f172a}
.row{font-size:11px}
.caption{font-size:13px;fill:#475569}
"""
Pairs = dict[tuple[str, str], list[dict[str, Any]]]


def everything(graph: Graph, diagram: Diagram, caption: str) -> str:
    """The picture as SVG: arrows between states with numbers, then the rows that belong to the numbers."""
    size, places = drawn_at(graph, diagram)
    moves, stays = _pairs(graph)
    router = Router({state: ats[:1] for state, ats in places.items()}, size)
    parts, badges = [], []
    for number, (pair, edges) in enumerate(moves.items(), 1):
        change = _change(edges)
        path, middle = router.route(*pair, (2 * BADGE, 2 * BADGE))
        parts.append(line(path, change, title="; ".join(map(_words, edges))))
        badges += _badge(middle, number, change)
    boxes = [row for state in graph.nodes for row in _state(places[state][0], state)]
    rows = [*_legend(moves), *_still(stays)]
    legend, height = _columns(rows, size)
    title = [text((MARGIN, 28), diagram.title, "name", "start"), text((MARGIN, 47), caption, "caption", "start")]
    return document((size[0], height), STYLE, [*parts, *boxes, *badges, *title, *legend], diagram.title)


def _pairs(graph: Graph) -> tuple[Pairs, Pairs]:
    """Edges by their ends: those that change the state, and those that do not."""
    moves: Pairs = {}
    stays: Pairs = {}
    for source, target, edge in graph.edges(data=True):
        (stays if source == target else moves).setdefault((source, target), []).append(edge)
    return moves, stays


def _change(edges: list[dict[str, Any]]) -> str:
    """What is to be said of all edges of a pair; a mixture counts as changed."""
    changes = {edge.get("change", "") for edge in edges}
    return changes.pop() if len(changes) == 1 else "changed"


def _badge(at: Point, number: int, change: str) -> list[str]:
    ring = element("circle", cx=at[0], cy=at[1], r=BADGE, class_="badge", stroke=COLORS[change])
    return [ring, colored(text((at[0], at[1] + 3.6), str(number), "count"), change)]


def _state(at: Point, state: str) -> list[str]:
    shape = element(
        "rect", x=at[0] - HALF_WIDTH, y=at[1] - HALF_HEIGHT, width=2.0 * HALF_WIDTH, height=2.0 * HALF_HEIGHT,
        rx=8.0, class_="state",
    )  # fmt: skip
    return [shape, text((at[0], at[1] + 5), state, "name")]


Rows = list[tuple[str, str, str]]
"""(class, change, words) of each line of the legend."""


def _legend(moves: Pairs) -> Rows:
    found: Rows = []
    for number, ((source, target), edges) in enumerate(moves.items(), 1):
        found.append(("head", "", f"{number}  {source} → {target}"))
        found += [("row", edge.get("change", ""), _words(edge)) for edge in edges]
    return found


def _still(stays: Pairs) -> Rows:
    """Of the events that leave the state those that are answered; the others are counted."""
    found: Rows = []
    for (state, _), edges in stays.items():
        spoken = [edge for edge in edges if edge["action"] or edge["also"] or edge["signals"] or edge.get("change")]
        found.append(("head", "", f"stays in {state}"))
        found += [("row", edge.get("change", ""), _words(edge)) for edge in spoken]
        if len(edges) > len(spoken):
            found.append(("row", "", f"{len(edges) - len(spoken)} more without an answer"))
    return found


def _words(edge: dict[str, Any]) -> str:
    spoken = [*edge["action"], *(f"“{signal}”" for signal in edge["signals"])]
    said = " / ".join(filter(None, (edge["event"], ", ".join(spoken))))
    before = f" (was: {edge['before']})" if edge.get("before") else ""
    return f"{said}{before}  [{', '.join(_short(cite) for cite in edge['cite'])}]"


def _short(cite: str) -> str:
    return cite.removeprefix("RFC 9293 ")


def _columns(rows: Rows, size: Point) -> tuple[list[str], float]:
    """The rows in columns under the picture, each group with its head, and the height of the whole."""
    wide = (size[0] - 2 * MARGIN) / COLUMNS
    groups: list[Rows] = []
    for row in rows:
        groups += [[]] if row[0] == "head" else []
        groups[-1] += _wrapped(row, wide - 16)
    column, used, longest, total = 0, 0, 0, sum(map(len, groups))
    found: list[str] = []
    for group in groups:
        if column < COLUMNS - 1 and used and used + len(group) / 2 > total / COLUMNS:
            column, used = column + 1, 0
        found += _group(group, MARGIN + wide * column, size[1] + MARGIN + ROW * used)
        used += len(group)
        longest = max(longest, used)
    return found, size[1] + MARGIN + ROW * (longest + 1)


def _group(group: Rows, x: float, y: float) -> Iterator[str]:
    for n, (class_, change, words) in enumerate(group):
        row = text((x + (0 if class_ == "head" else 16), y + ROW * n), words, class_, "start")
        yield row if class_ == "head" else colored(row, change)


def _wrapped(row: tuple[str, str, str], wide: float) -> Iterator[tuple[str, str, str]]:
    class_, change, words = row
    current = ""
    for word in words.split(" "):
        longer = f"{current} {word}" if current else word
        if current and width(longer, SIZE) > wide - 16:
            yield class_, change, current
            current = f"   {word}"
        else:
            current = longer
    yield class_, change, current
