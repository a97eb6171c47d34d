"""A line on standard error that says how far a long replay has got; nothing where no one watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from tcpmodel.trace import TraceReader

PATIENCE, INTERVAL = 1.0, 0.2  # seconds before the first line and between two
WIDTH = 30


class Progress:
    """Draws while `reader` is read; usable as a context manager, which wipes the line at the end."""

    def __init__(self, reader: TraceReader) -> None:
        self.reader = reader
        self.next = time.monotonic() + PATIENCE
        self.drawn = False

    @property
    def callback(self) -> Callable[[], None] | None:
        """What a replay calls now and then; None where nothing is to be drawn."""
        return self.tick if sys.stderr.isatty() else None

    def tick(self) -> None:
        """Draw, if it is time."""
        now = time.monotonic()
        if now >= self.next:
            self.next, self.drawn = now + INTERVAL, True
            sys.stderr.write(f"\r{self.line()}\x1b[K")
            sys.stderr.flush()

    def line(self) -> str:
        """The bar with the share read, or just the count where the size is not known."""
        read, total = self.reader.position()
        count = f"{self.reader.packets:,} packets"
        if not total:
            return f"{self.reader.file}: {count}"
        done = min(1.0, read / total)
        bar = "#" * int(done * WIDTH)
        return f"{self.reader.file}: [{bar:<{WIDTH}}] {done:4.0%}  {count}"

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exception: object) -> None:
        if self.drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
