"""Collects diagnostics, so that one run names everything that is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tcpmodel.errors import Diagnostic, Place, SpecError
from tcpmodel.spec.source import Source


class Report:
    """The diagnostics so far, each once, and the text of every file they point into."""

    def __init__(self) -> None:
        self.found: dict[Diagnostic, None] = {}
        self.sources: dict[str, Source] = {}

    def add(self, place: Place, code: str, message: str, help: str = "") -> None:
        self.found.setdefault(Diagnostic(place, code, message, help))

    def check(self) -> None:
        """Raise SpecError when anything was found."""
        if self.found:
            raise self.error()

    def error(self) -> SpecError:
        """What was found as one error, with the source lines that its diagnostics point at as `error.lines`."""
        found = list(self.found)
        # a name may be declared in the file that cannot be read
        if any(item.code == "TM100" for item in found):
            found = [item for item in found if item.code not in ("TM102", "TM105")]
        error = SpecError(found)
        error.lines = {(item.place.file, item.place.line): self._line(item.place) for item in found}  # type: ignore[attr-defined]
        return error

    def _line(self, place: Place) -> str | None:
        source = self.sources.get(place.file)
        return source.lines[place.line - 1] if source else None


def render(error: SpecError) -> str:
    """All diagnostics as text, each with its source line and a caret under the whole token."""
    lines: dict[tuple[str, int], str | None] = getattr(error, "lines", {})
    shown = [item.render(lines.get((item.place.file, item.place.line))) for item in error.diagnostics]
    return "\n\n".join(shown)


def nearest(name: str, known: Iterable[str]) -> str:
    """A help text naming the known names that look like this one, or ''."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    close += [other for other in names if other.casefold() == name.casefold() and other not in close]
    return f"did you mean {' or '.join(map(repr, close))}?" if close else ""
