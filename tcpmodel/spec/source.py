"""YAML text -> a tree of nodes that know their place, down to a token inside a scalar.

All scalars are text (`on`, `NO` and `1e3` are themselves). Columns are right inside plain, quoted and block
scalars alike.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tcpmodel.errors import Place

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r\n|.)", re.DOTALL)
ESCAPED_SPACE = set("tnvNLP_ \t\r\n\x85\u2028\u2029")


@dataclass(frozen=True)
class Source:
    """One file as text; `file` is the name that diagnostics show."""

    file: str
    text: str = field(repr=False)

    @cached_property
    def starts(self) -> list[int]:
        """The index at which each line starts."""
        return [0, *(found.end() for found in LINE_BREAK.finditer(self.text))]

    @cached_property
    def lines(self) -> list[str]:
        return LINE_BREAK.split(self.text)

    def place(self, start: int, end: int) -> Place:
        """The place of text[start:end], cut at the end of its first line."""
        row = bisect_right(self.starts, start) - 1
        column = start - self.starts[row]
        last = min(end - self.starts[row], len(self.lines[row]))
        return Place(self.file, row + 1, column + 1, max(last, column + 1) + 1)


@dataclass(frozen=True)
class Text:
    """A scalar: its value, and the span of the source that spells it, quotes and block header included."""

    value: str
    source: Source = field(repr=False)
    start: int
    end: int
    style: str = ""

    @property
    def place(self) -> Place:
        """The whole scalar; of a block, its first line."""
        if self.style in ("|", ">"):
            return self.at(0, len(self.value))
        return self.source.place(self.start, self.end)

    def at(self, begin: int, end: int) -> Place:
        """The place of value[begin:end] in the file, both 0-based offsets into `value`."""
        offsets = self.offsets
        first = offsets[min(begin, len(offsets) - 1)]
        last = offsets[min(end, len(offsets)) - 1] + 1 if end > begin else first + 1
        return self.source.place(first, last)

    def part(self, begin: int, end: int) -> Text:
        """The non-empty value[begin:end] as a text of its own."""
        return Text(self.value[begin:end], self.source, self.offsets[begin], self.offsets[end - 1] + 1)

    @cached_property
    def offsets(self) -> range | list[int]:
        """The source index of each character of the value; of white space, that of the one before it."""
        raw = self.source.text[self.start : self.end]
        if raw == self.value and raw:
            return range(self.start, self.end)
        if not self.value.strip():
            return [self.start]
        return list(self._aligned())

    def _aligned(self) -> Iterator[int]:
        units = self._visible()
        index = self.start
        for char in self.value:
            if not char.isspace():
                index = next(units, index)
            yield index

    def _visible(self) -> Iterator[int]:
        """The source index of each visible character of the value, in order."""
        text, index = self.source.text, self.start
        if self.style in ("|", ">"):
            header = LINE_BREAK.search(text, index)
            index = header.end() if header else self.end
        elif self.style:
            index += 1
        while index < self.end:
            width, visible = self._unit(index)
            if visible:
                yield index
            index += width

    def _unit(self, index: int) -> tuple[int, bool]:
        """How many source characters make one character of the value, and whether that one is visible."""
        text = self.source.text
        if self.style == "'" and text.startswith("''", index):
            return 2, True
        escape = ESCAPE.match(text, index) if self.style == '"' else None
        if escape:
            return len(escape.group()), escape.group()[1] not in ESCAPED_SPACE
        return 1, not text[index].isspace()


@dataclass(frozen=True)
class Sequence:
    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True)
class Entry:
    """A key of a mapping with its value."""

    key: Text
    value: Node


@dataclass(frozen=True)
class Mapping:
    """Entries in the order of the text; `place` is the first key, which is what a reader looks for."""

    entries: dict[str, Entry]
    place: Place


Node = Text | Mapping | Sequence
