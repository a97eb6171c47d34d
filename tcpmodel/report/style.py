"""Colours of the text report, and names made safe to print."""

from __future__ import annotations

CODES = {
    "conforming": "32", "violation": "1;31", "inconclusive": "33",
    "error": "1;31", "warning": "1;33", "note": "36", "place": "1", "dim": "2",
}  # fmt: skip


class Style:
    """Wraps text in ANSI colours, or leaves it alone."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, role: str, text: str) -> str:
        """`text` in the colour of a role (a key of CODES)."""
        return f"\x1b[{CODES[role]}m{text}\x1b[0m" if self.color and role in CODES else text


def printable(text: str) -> str:
    """A name from outside without control characters, so that no file name can drive the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
