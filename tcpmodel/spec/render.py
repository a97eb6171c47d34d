"""Diagnostics as text, with the lines of the files they point into."""

from __future__ import annotations

from tcpmodel.errors import Place, SpecError
from tcpmodel.spec.find import File, located


def render(error: SpecError) -> str:
    """All diagnostics, each with its source line, a caret under the whole token, and its help."""
    return "\n\n".join(item.render(source_line(item.place)) for item in error.diagnostics)


def source_line(place: Place) -> str | None:
    """The line of a specification that a place names; None when the file is gone or shorter."""
    path = located(place.file)
    lines = File(path).source.lines if path.is_file() else []
    return lines[place.line - 1] if 0 < place.line <= len(lines) else None
