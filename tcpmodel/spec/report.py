"""Collects diagnostics, so that one run names everything that is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from tcpmodel.errors import Diagnostic, Place, SpecError


class Report:
    """The diagnostics so far, each once."""

    def __init__(self) -> None:
        self.found: dict[Diagnostic, None] = {}
        self.incomplete = False
        """Whether some file could not be read, so that unknown names may be known there."""

    def add(self, place: Place, code: str, message: str, help: str = "") -> None:
        self.found.setdefault(Diagnostic(place, code, message, help))

    def check(self) -> None:
        """Raise SpecError when anything was found."""
        if self.found:
            raise self.error()

    def error(self) -> SpecError:
        """What was found, as one error."""
        found = list(self.found)
        if self.incomplete:
            found = [item for item in found if item.code not in ("TM102", "TM105")]
        return SpecError(found)


def nearest(name: str, known: Iterable[str]) -> str:
    """A help text naming the known names that look most like this one, or ''."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    best = [other for other in close if _likeness(name, other) > _likeness(name, close[0]) - 0.1]
    best += [other for other in names if other.casefold() == name.casefold() and other not in best]
    return f"did you mean {' or '.join(map(repr, best))}?" if best else ""


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, other, one).ratio()
