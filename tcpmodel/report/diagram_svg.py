"""The state diagram for a slide: the hand-placed arrows of the diagram file, worded by the graph.

Arrows that the graph lacks are not drawn. What a comparison has added or removed beyond them is routed by itself,
and what changed without changing the state is listed under the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tcpmodel.compile.diagram import Arrow, Diagram
from tcpmodel.report.routes import Router, circle
from tcpmodel.report.svg import Box, Point, colored, corners, document, element, line, text, width

if TYPE_CHECKING:
    from tcpmodel.compile.graph import Graph

HALF_WIDTH, HALF_HEIGHT = 76, 18
LINE, SIZE = 18, 15.0
MOST = 3  # events on one arrow
Key = tuple[str, str, str]
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
    """Lines of text: `at` is the middle of the block, on the side that `align` names; `bold`: all, not the first."""

    at: Point
    lines: list[str]
    align: str = "middle"
    change: str = ""
    bold: bool = False

    @property
    def box(self) -> Box:
        wide = max(width(words, SIZE) for words in self.lines)
        left = self.at[0] - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.align]
        high = LINE * len(self.lines) / 2
        return left, self.at[1] - high, left + wide, self.at[1] + high

    def draw(self) -> Iterator[str]:
        top = self.box[1] + LINE * 0.78
        for number, words in enumerate(self.lines):
            class_ = "action" if number and not self.bold else "event"
            yield colored(text((self.at[0], top + LINE * number), words, class_, self.align), self.change)


@dataclass
class Slide:
    """What a picture shows, before it is text: `labels` have their boxes, for whoever checks that none overlap."""

    size: Point
    title: str
    caption: str
    lines: list[str] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def height(self) -> float:
        """The height with what is listed under the picture."""
        rows = len(_grouped(self.rows))
        return self.size[1] + (LINE * rows + 24 if rows else 0)

    def parts(self) -> list[str]:
        """The elements of the picture; they need STYLE and the arrow heads."""
        labels = [row for label in self.labels for row in label.draw()]
        head = [text((24, 28), self.title, "name", "start"), text((24, 47), self.caption, "caption", "start")]
        below = [
            colored(text((24, self.size[1] + 24 + LINE * n), said, "row", "start"), change)
            for n, (change, said) in enumerate(_grouped(self.rows))
        ]
        return [*self.lines, *self.boxes, *labels, *head, *below]

    def svg(self) -> str:
        """The picture as a file."""
        return document((self.size[0], self.height), STYLE, self.parts(), self.title)


def slide(graph: Graph, diagram: Diagram, *, title: str = "", walked: Iterable[Key] = ()) -> Slide:
    """The picture; edges with an attribute `change` are coloured, `walked` (source, target, key) are emphasized."""
    steps = set(walked)
    size, places = drawn_at(graph, diagram)
    found = Slide(size, title or diagram.title, caption(graph))
    router = Router(places, size)
    shown: set[Key] = set()
    for arrow in diagram.arrows:
        edges = _matching(graph, arrow)
        shown |= {key for key, _ in edges}
        for _, edge in edges[:1]:
            change = edge.get("change", "") or ("walked" if steps & {key for key, _ in edges} else "")
            found.lines.append(line(corners(arrow.line), change, title=_tip(edge)))
            found.labels.append(Label(arrow.label, words(edge), arrow.align, change))
            router.line(arrow.line)
    for label in found.labels:
        router.label(label.box)
    _others(found, graph, shown, steps, router)
    for state, (at, *again) in places.items():
        found.boxes += _box(at, state, "walked" if any(state in step[:2] for step in steps) else "state")
        found.boxes += [row for other in again for row in _box(other, state, "again")]
    return found


def drawn_at(graph: Graph, diagram: Diagram) -> tuple[Point, dict[str, list[Point]]]:
    """The size of the picture, and where each state stands, the second place last."""
    size = diagram.size if any(diagram.size) else (1000, 800)
    missing = [state for state in graph.nodes if state not in diagram.places]
    places: dict[str, Point] = {**circle(missing, size), **diagram.places}
    again = diagram.again
    return size, {state: [places[state], *([again[state]] if state in again else [])] for state in graph.nodes}


def words(edge: dict[str, Any]) -> list[str]:
    """Event over actions, as in RFC 9293 Figure 5."""
    before = f"(was: {edge['before']})" if edge.get("before") else ""
    return list(filter(None, (edge["event"], *edge["action"], before)))


def _matching(graph: Graph, arrow: Arrow) -> list[tuple[Key, dict[str, Any]]]:
    found = graph.get_edge_data(arrow.source, arrow.target, default={})
    rows = [((arrow.source, arrow.target, key), edge) for key, edge in found.items() if edge["event"] == arrow.event]
    # what is there now before what a comparison says has gone
    return sorted(rows, key=lambda row: row[1].get("change") == "removed")


def _others(found: Slide, graph: Graph, shown: set[Key], steps: set[Key], router: Router) -> None:
    """Arrows that the diagram file does not place: what changed, and what a trace has walked."""
    extra: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for source, target, key, edge in graph.edges(keys=True, data=True):
        change = edge.get("change", "")
        if (source, target, key) in shown:
            continue
        if change:
            found.rows.append((change, source, target, key + _before(edge)))
        if source != target and (change or (source, target, key) in steps):
            extra.setdefault((source, target, change or "walked"), []).append(edge)
    for (source, target, change), edges in extra.items():
        lines = list(dict.fromkeys(edge["event"] for edge in edges))[:MOST]
        label = Label((0, 0), lines, "middle", change, bold=True)
        path, label.at = router.route(source, target, (label.box[2] - label.box[0], LINE * len(lines)))
        found.lines.append(line(path, change, title="; ".join(map(_tip, edges))))
        found.labels.append(label)


def _before(edge: dict[str, Any]) -> str:
    return f" (was: {edge['before']})" if edge.get("before") else ""


def _grouped(rows: list[tuple[str, str, str, str]]) -> list[tuple[str, str]]:
    """(change, words) of what is listed under the picture; states in which the same happens share a row."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for change, source, target, said in rows:
        found.setdefault((change, "" if source == target else target, said), []).append(source)
    return [
        (change, f"{change}: in {', '.join(sources)}{f' to {target}' if target else ''}: {said}")
        for (change, target, said), sources in found.items()
    ]


def _tip(edge: dict[str, Any]) -> str:
    return f"{', '.join(edge['rules'])} ({', '.join(edge['cite'])})"


def caption(graph: Graph) -> str:
    """Which specification, profile and variants, and what they are compared with."""
    about = graph.graph
    overlays = [name for name in (about.get("profile"), *about.get("variants", ())) if name and name != about["name"]]
    return " + ".join([about["name"], *overlays]) + (about.get("comparison") or "")


def _box(at: Point, state: str, class_: str) -> list[str]:
    shape = element(
        "rect", x=at[0] - HALF_WIDTH, y=at[1] - HALF_HEIGHT, width=2.0 * HALF_WIDTH, height=2.0 * HALF_HEIGHT,
        rx=8.0, class_=class_,
    )  # fmt: skip
    return [shape, text((at[0], at[1] + 5), state, "name")]
