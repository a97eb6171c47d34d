"""specs/properties/rows.yaml: the published work list that properties name the rows of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tcpmodel.errors import Place
from tcpmodel.prove.load import FOLDER
from tcpmodel.spec.expr import NOWHERE
from tcpmodel.spec.find import default_root, shown
from tcpmodel.spec.reader import read
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Mapping

FILE = "rows.yaml"
LIST = Shape("the work list", ("rows",))
ROW = Shape("a row", ("row", "is"), ("open", "lacks"))


@dataclass(frozen=True)
class Row:
    """One row: its number and what it states.

    `open` is what it waits for while no property names it, `lacks` what those that name it leave out ("": nothing).
    """

    number: int
    statement: str
    open: str = ""
    lacks: str = ""
    place: Place = field(default=NOWHERE, compare=False)


def load_rows(root: Path | None = None, named: Collection[int] = ()) -> tuple[Row, ...]:
    """All rows in the order of their numbers; `root` may have a list of its own. Raises SpecError.

    `named` are the rows that properties name; in the list of the library that these stand in none of them is open.
    """
    own = (root or default_root()) / FOLDER / FILE
    path = own if own.is_file() else default_root() / FOLDER / FILE
    report, decided = Report(), named if path == own else ()
    found = [row for document in read(path, shown(path), report) for row in _rows(document, decided, report)]
    for number, row in enumerate(found, 1):
        if row.number != number:
            report.add(row.place, "TM108", f"row {row.number} stands where row {number} belongs", "rows count from 1")
    report.check()
    return tuple(found)


def _rows(document: Mapping, decided: Collection[int], report: Report) -> Iterator[Row]:
    for node in Fields(document, LIST, report).nodes("rows"):
        if isinstance(node, Mapping):
            fields = Fields(node, ROW, report)
            number, waits = fields.number("row"), fields.text("open")
            if waits and number in decided:
                message = f"row {number} is not open: a property names it"
                report.add(waits.place, "TM108", message, "lacks: WHAT IT LEAVES OUT")
            yield Row(number, fields.words("is"), fields.words("open"), fields.words("lacks"), fields.place)
        else:
            report.add(node.place, "TM108", "a mapping is needed here", "- row: NUMBER")
