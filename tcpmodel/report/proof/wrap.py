"""Lines of a terminal's width."""

from __future__ import annotations

import textwrap

WIDTH = 118


def wrapped(words: str, indent: str = "", further: str | None = None) -> list[str]:
    """The words in lines behind `indent`, those after the first behind `further`."""
    more = indent if further is None else further
    return textwrap.wrap(
        words, WIDTH, initial_indent=indent, subsequent_indent=more, break_on_hyphens=False, break_long_words=False
    )
