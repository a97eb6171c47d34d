"""Errors that people read: each says what is wrong and where, and a specification's say how to repair it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """A token of a text file; line and columns count from 1, `end_column` is one past its last character."""

    file: str
    line: int
    column: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """A finding in a specification; `code` is TM1xx, `level` error or warning, `help` the repair or ''."""

    place: Place
    code: str
    message: str
    help: str = ""
    level: str = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.level}[{self.code}]: {self.message}"

    def render(self, source_line: str | None = None) -> str:
        """The finding as text: headline, the source line with a caret under the whole token, the help."""
        lines = [str(self)]
        if source_line is not None:
            lines += ["  " + source_line.rstrip("\r\n"), "  " + self._carets(source_line)]
        if self.help:
            lines.append(f"  = help: {self.help}")
        return "\n".join(lines)

    def _carets(self, source_line: str) -> str:
        before = source_line[: self.place.column - 1]
        # tabs are kept so that the caret stands under its token whatever the tab width
        margin = "".join("\t" if char == "\t" else " " for char in before)
        return margin + "^" * max(1, self.place.end_column - self.place.column)


class SpecError(Exception):
    """A specification cannot be used; `diagnostics` holds every reason, sorted by place."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = sorted(diagnostics, key=lambda found: found.place)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return "\n".join(map(str, self.diagnostics))


class TraceError(Exception):
    """A trace cannot be read further. `frame` counts from 1 in the file, `offset` is octets from its start.

    `at` locates an error in a text trace: "12:5" (line and column) or "event 3 ($.events[2].seq)".
    """

    def __init__(
        self, message: str, *, file: str = "", frame: int | None = None, offset: int | None = None,
        at: str = "",
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.message = message
        self.file = file
        self.frame = frame
        self.offset = offset
        self.at = at

    def __str__(self) -> str:
        place = self._place()
        if self.at[:1].isdigit():
            return f"{self.file}:{place}: {self.message}"
        return ": ".join(filter(None, (self.file, place, self.message)))

    def _place(self) -> str:
        if self.at:
            return self.at
        offset = "" if self.offset is None else f"offset {self.offset}"
        if self.frame is None:
            return offset
        return f"frame {self.frame} ({offset})" if offset else f"frame {self.frame}"


class UsageError(Exception):
    """The command line or a call asks for something that does not exist or cannot be combined."""
