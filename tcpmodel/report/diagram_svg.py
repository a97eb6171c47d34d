"""The state diagram for a slide: the hand-placed arrows of the diagram file, worded by the graph.

Arrows that the graph lacks are not drawn. What a comparison has added or removed beyond them is routed by itself,
and what changed without changing the state is listed under the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tcpmodel.compile.diagram import Arrow, Diagram
from tcpmodel.report.routes import Router
from tcpmodel.report.svg import COLORS, Box, Point, corners, document, element, line, text, width

if TYPE_CHECKING:
    from tcpmodel.compile.graph import Graph

HALF_WIDTH, HALF_HEIGHT = 76, 18
LINE, SIZE, SMALL = 18, 15.0, 13.0
STYLE = """
.line{stroke-width:1.8}
.state{fill:#eff6ff;stroke:#1e3a8a;stroke-width:1.8}
.again{fill:#ffffff;stroke:#1e3a8a;stroke-width:1.6;stroke-dasharray:5 4}
.walked{fill:#dbeafe;stroke:#1d4ed8;stroke-width:3.5}
.name{font-size:15px;font-weight:bold;fill:#0f172a}
.event,.action,.row{font-size:15px;paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}
.event{font-weight:bold}
.row{font-size:13px}
.caption{font-size:13px;fill:#475569}
"""


@dataclass
class Label:
    """Lines of text: `at` is the middle of the block, on the side that `align` names; the first line is bold."""

    at: Point
    lines: list[str]
    align: str = "middle"
    change: str = ""

    @property
    def box(self) -> Box:
        wide = max(width(words, SIZE) for words in self.lines)
        left = self.at[0] - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.align]
        high = LINE * len(self.lines) / 2
        return left, self.at[1] - high, left + wide, self.at[1] + high

    def draw(self) -> Iterator[str]:
        top = self.box[1] + LINE * 0.78
        for number, words in enumerate(self.lines):
            row = text((self.at[0], top + LINE * number), words, "action" if number else "event", self.align)
            yield row.replace("<text ", f'<text fill="{COLORS[self.change]}" ', 1)


@dataclass
class Slide:
    """What a picture shows, before it is text: `labels` have their boxes, for whoever checks that none overlap."""

    size: Point
    title: str
    caption: str
    lines: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    rows: list[tuple[str, str]] = field(default_factory=list)

    def svg(self) -> str:
        below = [
            text((24, self.size[1] + 24 + LINE * n), words, "row", "start").replace(
                "<text ", f'<text fill="{COLORS[change]}" ', 1
            )
            for n, (change, words) in enumerate(self.rows)
        ]
        height = self.size[1] + (LINE * len(self.rows) + 24 if self.rows else 0)
        labels = [row for label in self.labels for row in label.draw()]
        caption = [text((24, 28), self.title, "name", "start"), text((24, 47), self.caption, "caption", "start")]
        return document((self.size[0], height), STYLE, [*self.lines, *self.boxes, *labels, *caption, *below], self.title)


def slide(graph: Graph, diagram: Diagram, *, title: str = "", walked: Iterable[tuple[str, str]] = ()) -> Slide:
    """The picture; edges with an attribute `change` are coloured, `walked` (source, target) are emphasized."""
    steps = set(walked)
    places = diagram.places or Router.circle(list(graph.nodes))
    found = Slide(diagram.size or (1000, 800), title or diagram.title, _caption(graph))
    shown = set()
    for arrow in diagram.arrows:
        edges = _matching(graph, arrow)
        shown |= {key for key, _ in edges}
        for _, edge in edges[:1]:
            change = edge.get("change", "") or ("walked" if (arrow.source, arrow.target) in steps else "")
            found.lines.append(line(corners(arrow.line), change, title=_tip(edge)))
            found.labels.append(Label(arrow.label, words(edge), arrow.align, change))
    _others(found, graph, shown, steps, Router(places, [label.box for label in found.labels]))
    for state in graph.nodes:
        visited = any(state in step for step in steps)
        found.boxes += _box(places[state], state, "walked" if visited else "state")
        if state in diagram.again:
            found.boxes += _box(diagram.again[state], state, "again")
    return found


def words(edge: dict[str, Any]) -> list[str]:
    """Event over actions, as in RFC 9293 Figure 5."""
    before = f"(was: {edge['before']})" if edge.get("before") else ""
    return list(filter(None, (edge["event"], *edge["action"], before)))


def _matching(graph: Graph, arrow: Arrow) -> list[tuple[tuple[str, str, str], dict[str, Any]]]:
    found = graph.get_edge_data(arrow.source, arrow.target, default={})
    rows = [((arrow.source, arrow.target, key), edge) for key, edge in found.items() if edge["event"] == arrow.event]
    # what is there now before what a comparison says has gone
    return sorted(rows, key=lambda row: row[1].get("change") == "removed")


def _others(found: Slide, graph: Graph, shown: set[Any], steps: set[tuple[str, str]], router: Router) -> None:
    """Arrows that the diagram file does not place: what changed, and what a trace has walked."""
    drawn = {(source, target) for source, target, _ in shown}
    for source, target, key, edge in graph.edges(keys=True, data=True):
        change = edge.get("change", "")
        if (source, target, key) in shown:
            continue
        if source == target and change:
            found.rows.append((change, f"{change}: in {source}, {key}" + _before(edge)))
        elif source != target and (change or ((source, target) in steps and (source, target) not in drawn)):
            drawn.add((source, target))
            lines = words(edge)
            label = Label((0, 0), lines, "middle", change or "walked")
            path, label.at = router.route(source, target, (label.box[2] - label.box[0], LINE * len(lines)))
            found.lines.append(line(path, change or "walked", title=_tip(edge)))
            found.labels.append(label)


def _before(edge: dict[str, Any]) -> str:
    return f" (was: {edge['before']})" if edge.get("before") else ""


def _tip(edge: dict[str, Any]) -> str:
    return f"{', '.join(edge['rules'])} ({', '.join(edge['cite'])})"


def _caption(graph: Graph) -> str:
    about = graph.graph
    overlays = [name for name in (about.get("profile"), *about.get("variants", ())) if name and name != about["name"]]
    return " + ".join([about["name"], *overlays]) + (about.get("comparison") or "")


def _box(at: Point, state: str, class_: str) -> list[str]:
    shape = element(
        "rect", x=at[0] - HALF_WIDTH, y=at[1] - HALF_HEIGHT, width=2.0 * HALF_WIDTH, height=2.0 * HALF_HEIGHT,
        rx=8.0, class_=class_,
    )  # fmt: skip
    return [shape, text((at[0], at[1] + 5), state, "name")]
