"""How the state diagram of a specification is worded and drawn: `diagrams/NAME.yaml` beside its folder.

Words replace what a rule, predicate or procedure is called on an arrow; places and lines are for the picture. None
of it changes what the graph contains. Coordinates are in pixels, y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tcpmodel.spec.find import located
from tcpmodel.spec.model import Model
from tcpmodel.spec.reader import read
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Entry, Mapping, Sequence, Text

Point = tuple[int, int]

DIAGRAM = Shape("a diagram", ("diagram", "size", "states", "arrows"), ("title", "source", "words"))
STATE = Shape("a state of a diagram", ("at",), ("again",))
ARROW = Shape("an arrow", ("from", "to", "on", "line", "label"), ("align",))


@dataclass(frozen=True)
class Arrow:
    """A hand-placed arrow: it shows the edges between two states that have the event `on`."""

    source: str
    target: str
    event: str
    line: tuple[Point, ...]
    label: Point
    align: str


@dataclass(frozen=True)
class Diagram:
    """`places` are the centres of the states, `again` those of their second drawings."""

    title: str = ""
    size: Point = (0, 0)
    words: dict[str, str] = field(default_factory=dict)
    places: dict[str, Point] = field(default_factory=dict)
    again: dict[str, Point] = field(default_factory=dict)
    arrows: tuple[Arrow, ...] = ()


def diagram_file(model: Model) -> Path | None:
    """The file that says how the model's diagram is drawn, or None."""
    path = located(model.files[0]).parent.parent / "diagrams" / f"{model.name}.yaml"
    return path if path.is_file() else None


def diagram_of(model: Model) -> Diagram:
    """The diagram of the model's specification, an empty one where there is none. Raises SpecError."""
    path = diagram_file(model)
    if path is None:
        return Diagram()
    report = Report()
    documents = read(path, str(path), report)
    found = _Reader(model, report).diagram(documents[0]) if documents else Diagram()
    report.check()
    return found


class _Reader:
    def __init__(self, model: Model, report: Report) -> None:
        self.model = model
        self.report = report

    def diagram(self, document: Mapping) -> Diagram:
        fields = Fields(document, DIAGRAM, self.report)
        words = {name: self._word(entry) for name, entry in fields.mapping("words").items()}
        places: dict[str, Point] = {}
        again: dict[str, Point] = {}
        for name, entry in fields.mapping("states").items():
            self._state(entry.key)
            inner = self._fields(entry.value, STATE)
            if inner:
                places[name] = self._point(inner, "at")
                again |= {name: self._point(inner, "again")} if "again" in inner else {}
        arrows = tuple(filter(None, map(self._arrow, fields.nodes("arrows"))))
        return Diagram(fields.words("title"), self._point(fields, "size"), words, places, again, arrows)

    def _word(self, entry: Entry) -> str:
        return entry.value.value if isinstance(entry.value, Text) else ""

    def _fields(self, node: Mapping | Sequence | Text, shape: Shape) -> Fields | None:
        if isinstance(node, Mapping):
            return Fields(node, shape, self.report)
        self.report.add(node.place, "TM108", f"{shape.what} is a mapping")
        return None

    def _arrow(self, node: Mapping | Sequence | Text) -> Arrow | None:
        fields = self._fields(node, ARROW)
        if fields is None:
            return None
        ends = [fields.text(key) for key in ("from", "to")]
        for end in ends:
            if end:
                self._state(end)
        names = [end.value if end else "" for end in ends]
        line = tuple(self._pair(item) for item in fields.nodes("line"))
        align = fields.choice("align", ("start", "middle", "end")) or "middle"
        return Arrow(names[0], names[1], fields.words("on"), line, self._point(fields, "label"), align)

    def _state(self, text: Text) -> None:
        if text.value not in self.model.states:
            help = nearest(text.value, self.model.states)
            self.report.add(text.place, "TM105", f"unknown state '{text.value}'", help)

    def _point(self, fields: Fields, key: str) -> Point:
        node = fields.node_of(key)
        return (0, 0) if node is None else self._pair(node)

    def _pair(self, node: Mapping | Sequence | Text) -> Point:
        numbers = [n.value for n in node.items if isinstance(n, Text)] if isinstance(node, Sequence) else []
        if len(numbers) == 2 and all(n.lstrip("-").isdecimal() for n in numbers):
            return int(numbers[0]), int(numbers[1])
        self.report.add(node.place, "TM108", "a point is two numbers", "write [x, y]")
        return 0, 0
