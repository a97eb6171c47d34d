"""Keeps the segments of a trace while it is verified, for reports that draw them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tcpmodel.trace import Segment

if TYPE_CHECKING:
    from tcpmodel.trace import Event, TraceReader
    from tcpmodel.verify.verdict import ConnectionVerdict

MOST_OF_ONE, MOST = 400, 100_000  # segments kept of one pair of endpoints, and of all


class Recorder:
    """A trace reader that remembers; everything else it leaves to the reader it wraps."""

    def __init__(self, reader: TraceReader) -> None:
        self.reader = reader
        self.kept: dict[frozenset[str], list[Segment]] = {}
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reader, name)

    def __iter__(self) -> Iterator[Event]:
        for item in self.reader:
            if isinstance(item, Segment) and self.count < MOST:
                self._keep(item)
            yield item

    def _keep(self, segment: Segment) -> None:
        mine = self.kept.setdefault(frozenset((segment.src, segment.dst, segment.carrier)), [])
        if len(mine) < MOST_OF_ONE:
            mine.append(segment)
            self.count += 1

    def segments(self, connection: ConnectionVerdict) -> list[Segment]:
        """The segments of one connection, the first ones where it was long."""
        first, last = connection.frames
        found = self.kept.get(frozenset((connection.a, connection.b, connection.carrier)), [])
        return [segment for segment in found if first <= segment.frame <= last]
