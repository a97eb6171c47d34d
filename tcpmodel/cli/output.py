"""Where results go: `--output FILE`, or standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tcpmodel.errors import UsageError


@contextmanager
def output(name: str) -> Iterator[TextIO]:
    """A stream to the file of that name, "-" being standard output; UsageError when it cannot be written."""
    if name == "-":
        yield sys.stdout
        return
    try:
        stream = open(name, "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115 (closed below)
    except OSError as error:
        raise UsageError(f"{name}: cannot be written: {error.strerror}") from None
    with stream:
        yield stream


def colored(choice: str, stream: TextIO) -> bool:
    """Whether `--color` auto, always or never means colours on that stream."""
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
