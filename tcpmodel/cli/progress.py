"""A line on standard error that says how far a replay or a proof has got; nothing where no one watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tcpmodel.trace import TraceReader

PATIENCE, INTERVAL = 1.0, 0.2  # seconds before the first line and between two
WIDTH = 30


class Line:
    """A line that is drawn over and over; usable as a context manager, which wipes it at the end."""

    def __init__(self) -> None:
        self.next = time.monotonic() + PATIENCE
        self.drawn = False

    def draw(self, line: Callable[[], str]) -> None:
        """Draw, if it is time."""
        now = time.monotonic()
        if now >= self.next:
            self.next, self.drawn = now + INTERVAL, True
            sys.stderr.write(f"\r{line()}\x1b[K")
            sys.stderr.flush()

    def wipe(self) -> None:
        """Leave nothing behind."""
        if self.drawn:
            self.drawn = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.wipe()


class Progress(Line):
    """Draws while `reader` is read."""

    def __init__(self, reader: TraceReader) -> None:
        super().__init__()
        self.reader = reader

    @property
    def callback(self) -> Callable[[], None] | None:
        """What a replay calls now and then; None where nothing is to be drawn."""
        return self.tick if sys.stderr.isatty() else None

    def tick(self) -> None:
        """Draw, if it is time."""
        self.draw(self.line)

    def line(self) -> str:
        """The bar with the share read, or just the count where the size is not known."""
        read, total = self.reader.position()
        count = f"{self.reader.packets:,} packets"
        if not total:
            return f"{self.reader.file}: {count}"
        return f"{self.reader.file}: {bar(read, total)}  {count}"


class Counter(Line):
    """Draws while pieces of work get done."""

    @property
    def callback(self) -> Callable[[int, int, str], None] | None:
        """What is called with the pieces done, their total and the name of the last; None where nothing is drawn."""
        return self.tick if sys.stderr.isatty() else None

    def tick(self, done: int, total: int, name: str) -> None:
        """Draw, if it is time."""
        self.draw(lambda: f"{bar(done, total)}  {done} of {total}: {name}")


def bar(done: float, total: float) -> str:
    """How much is done, as a bar and in percent."""
    share = min(1.0, done / total)
    return f"[{'#' * int(share * WIDTH):<{WIDTH}}] {share:4.0%}"
