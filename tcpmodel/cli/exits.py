"""Exit codes, and which of them wins."""

from __future__ import annotations

from collections.abc import Iterable

CONFORMING, VIOLATION, UNUSABLE, INCONCLUSIVE, INTERNAL = 0, 1, 2, 3, 70
INTERRUPTED, PIPE_CLOSED = 130, 141  # as a shell reports SIGINT and SIGPIPE
WORST_FIRST = (INTERNAL, UNUSABLE, VIOLATION, INCONCLUSIVE, CONFORMING)


def worst(codes: Iterable[int]) -> int:
    """The code to exit with; 0 when there are none."""
    return min(codes, key=WORST_FIRST.index, default=CONFORMING)
