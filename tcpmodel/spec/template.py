"""Segments to be sent, `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, and messages with {expressions} in them."""

from __future__ import annotations

import re
from itertools import pairwise

from tcpmodel.spec.builtins import CONTROL_BITS
from tcpmodel.spec.expr import FLAGS, Expr
from tcpmodel.spec.model import Template
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.scope import SEGMENT_FIELD, Scope
from tcpmodel.spec.source import Text

FIELD = re.compile(r"<\s*([A-Za-z][\w.]*)\s*=(?!=)", re.ASCII)
HOLE = re.compile(r"\{([^{}]*)\}|[{}]")


def parse_template(text: Text, scope: Scope, report: Report) -> Template:
    """The segment that the text describes; its fields are the declared segment variables without `SEG.`."""
    parser = _Parser(text, scope, report)
    for begin, end in _chunks(text.value):
        parser.field(begin, end)
    if not parser.controls and not parser.failed:
        report.add(text.place, "TM110", "the segment has no control bits", "add <CTL=...>")
    spelt = "".join(text.value.split())
    return Template(spelt, parser.flags, tuple(parser.fields.items()), text.place)


def parse_holes(text: Text, scope: Scope, report: Report) -> tuple[Expr, ...]:
    """The {expressions} of a message, in order."""
    found = []
    for hole in HOLE.finditer(text.value):
        if hole.group(1) is None:
            report.add(
                text.at(*hole.span()), "TM110", f"'{hole.group()}' has no partner", "write {EXPRESSION}"
            )
        else:
            found.append(expression(text, scope, report, begin=hole.start(1), end=hole.end(1)))
    return tuple(found)


def _chunks(value: str) -> list[tuple[int, int]]:
    """The spans of `<NAME=...>` in the value, and of whatever stands before the first."""
    starts = [found.start() for found in FIELD.finditer(value)]
    edges = (
        [0, *starts, len(value)] if value[: starts[0] if starts else None].strip() else [*starts, len(value)]
    )
    return list(pairwise(edges))


class _Parser:
    def __init__(self, text: Text, scope: Scope, report: Report) -> None:
        self.text = text
        self.scope = scope
        self.report = report
        self.fields: dict[str, Expr] = {}
        self.flags = 0
        self.controls = False
        self.failed = False

    def field(self, begin: int, end: int) -> None:
        """One `<NAME=...>`."""
        chunk = self.text.value[begin:end].rstrip()
        head = FIELD.match(chunk)
        if head is None or not chunk.endswith(">"):
            help = "write <SEQ=...><ACK=...><CTL=...>, in quotes where [ ] surround it"
            self._error(begin, begin + len(chunk), f"'{chunk}' is not a field of a segment", help)
            return
        name = head.group(1)
        variables = self.scope.vocabulary.variables
        known = [item.name.removeprefix("SEG.") for item in variables.values() if item.group == SEGMENT_FIELD]
        span = begin + head.start(1), begin + head.end(1)
        if name not in known:
            self._error(*span, f"unknown field '{name}'", nearest(name, known))
        elif name in self.fields or (variables[f"SEG.{name}"].type == FLAGS and self.controls):
            self._error(*span, f"duplicate field '{name}'")
        elif variables[f"SEG.{name}"].type == FLAGS:
            self._controls(begin + head.end(), begin + len(chunk) - 1)
        else:
            self._value(name, begin + head.end(), begin + len(chunk) - 1)

    def _value(self, name: str, begin: int, end: int) -> None:
        wanted = self.scope.vocabulary.variables[f"SEG.{name}"].type
        self.fields[name] = expression(self.text, self.scope, self.report, wanted, begin, end)

    def _controls(self, begin: int, end: int) -> None:
        self.controls = True
        for found in re.finditer(r"[^,]+", self.text.value[begin:end]):
            bit = found.group().strip()
            if bit in CONTROL_BITS:
                self.flags |= CONTROL_BITS[bit]
            else:
                place = begin + found.start(), begin + found.end()
                self._error(*place, f"unknown control bit '{bit}'", nearest(bit, CONTROL_BITS))

    def _error(self, begin: int, end: int, message: str, help: str = "") -> None:
        self.failed = True
        self.report.add(self.text.at(begin, end), "TM110", message, help)
