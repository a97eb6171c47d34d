"""Lines of a terminal's width."""

from __future__ import annotations

import textwrap

WIDTH = 118


MARGIN = 14
"""Columns before what stands below the first line of a property."""


def wrapped(words: str, indent: str = "", further: str | None = None, width: int = WIDTH) -> list[str]:
    """The words in lines behind `indent`, those after the first behind `further`."""
    more = indent if further is None else further
    return textwrap.wrap(
        words, width, initial_indent=indent, subsequent_indent=more, break_on_hyphens=False, break_long_words=False
    )


def below(words: str, indent: str = "", further: str | None = None) -> list[str]:
    """The same for lines that are set in by the margin."""
    return wrapped(words, indent, further, WIDTH - MARGIN)
