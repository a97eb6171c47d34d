"""The few segments around each finding, kept while a connection is replayed.

A clean segment costs a test of `due`. Where the replay runs into trouble the segments before it (a ring the
connection has anyway) and the next ones are kept; those that no explanation still blames are dropped again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from tcpmodel.trace import Segment
from tcpmodel.trace.notation import to_packetdrill
from tcpmodel.verify.hypothesis import unwind

if TYPE_CHECKING:
    from tcpmodel.verify.endpoint import Endpoint

BEFORE, AFTER = 3, 2
MOST = 2048  # segments kept before those without a finding are dropped

Rows = list[tuple[int, str]]


class Excerpts:
    """`due` is how many more segments are to be kept; `kept` maps frames to segments."""

    __slots__ = ("due", "ends", "kept", "limit")

    def __init__(self, ends: Mapping[str, Endpoint]) -> None:
        self.ends = ends
        self.kept: dict[int, Segment] = {}
        self.due = 0
        self.limit = MOST

    def mark(self, recent: Sequence[Segment], segment: Segment | None = None) -> None:
        """Keep `segment`, which may become a finding, and its neighbours; None: the trouble is behind the last one."""
        if len(self.kept) >= self.limit:
            self.prune()
            self.limit = max(MOST, 2 * len(self.kept))
        before = BEFORE if segment else BEFORE + 1
        self.kept.update((earlier.frame, earlier) for earlier in islice(reversed(recent), before))
        if segment:
            self.kept[segment.frame] = segment
        self.due = AFTER

    def follow(self, segment: Segment) -> None:
        """Keep a segment behind a marked one."""
        self.kept[segment.frame] = segment
        self.due -= 1

    def prune(self) -> None:
        """Drop what surrounds no finding of any explanation still alive."""
        frames = sorted(self.kept)
        near = (_near(frames, blamed) for blamed in self._blamed())
        self.kept = {frame: self.kept[frame] for frame in sorted({frame for rows in near for frame in rows})}

    def _blamed(self) -> set[int]:
        trails = [hypothesis.trail for end in self.ends.values() for hypothesis in end.frontier]
        return {frame for trail in trails for kind, frame, _ in unwind(trail) if kind == "finding"}

    def around(self, frames: Iterable[int], letters: Mapping[str, str]) -> dict[int, Rows]:
        """Frame -> (frame, text) of the segments around it; `letters` shortens addresses."""
        known = sorted(self.kept)
        return {frame: self._rendered(_near(known, frame), letters) for frame in frames}

    def _rendered(self, frames: Sequence[int], letters: Mapping[str, str]) -> Rows:
        rows: Rows = []
        last = -1
        for frame in frames:
            segment = self.kept[frame]
            who = f"{letters.get(segment.src, segment.src)} > {letters.get(segment.dst, segment.dst)}"
            rows.append((frame, f"{_elapsed(last, segment.time)}{who}  {to_packetdrill(segment)}"))
            last = segment.time
        return rows


def _near(frames: Sequence[int], frame: int) -> Sequence[int]:
    """Of sorted frames the one in question, the last few before it and the first few behind it."""
    at = bisect_right(frames, frame)
    return frames[max(0, at - BEFORE - 1) : at + AFTER]


def _elapsed(last: int, time: int) -> str:
    """Seconds since the segment before, as packetdrill writes them; "" without a clock."""
    if time < 0:
        return ""
    return f"+{max(0, time - last) / 1e9 if last >= 0 else 0:.6f}  "
