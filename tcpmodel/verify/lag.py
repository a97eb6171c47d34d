"""The endpoint that is behind the capture: its segments show, later and in order, what has reached it.

A capture taken near the sender, or in the middle, shows a burst before the acknowledgments of its first segments. No
search is needed for that: the arrivals are taken one by one until the model may send what was sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpmodel.compile.runtime import Undecided
from tcpmodel.trace import Segment
from tcpmodel.verify.hypothesis import Hypothesis, Item

if TYPE_CHECKING:
    from tcpmodel.verify.endpoint import Endpoint


def in_order(endpoint: Endpoint, best: Hypothesis, segment: Segment) -> bool:
    """The endpoint lags behind the capture: as many of the pending arrivals, in order, as explain the segment."""
    node = best.fork()
    arrived, pending = 0, best.pending
    while (
        node.due
        or (endpoint.vantage and arrived < len(pending))
        or endpoint.machine.emit(t := node.t.copy(), segment) >= 0
    ):
        if arrived == len(pending) or not _arrive(endpoint, node, pending[arrived]):
            return False
        arrived += 1
    node.pending = pending[arrived:]
    endpoint.remember(segment, True, [best])
    node.t, node.out = t, segment.frame
    node.enter(segment.frame)
    if endpoint.keep:
        node.note("send", segment.frame, False)
    endpoint.frontier = [node]
    endpoint.keep_up(node)
    return True


def _arrive(endpoint: Endpoint, node: Hypothesis, item: Item) -> bool:
    """The item reaches `node`, which changes in place; False where that is no plain arrival."""
    if not isinstance(item, Segment):
        return False
    env = endpoint.machine.env
    now, env.NOW = env.NOW, item.time if item.time >= 0 else env.NOW
    try:
        bad = endpoint.machine.deliver(node.t, item)
    except Undecided:
        return False
    finally:
        env.NOW = now
    node.enter(max(item.frame, node.out), env.passed)
    if endpoint.keep:
        node.note("deliver", item.frame, (None, None, None))
    return not bad


def fall_behind(endpoint: Endpoint, segment: Segment) -> bool:
    """The first own segment behind a burst: what came since the last one is left open, and arrives in order."""
    log = list(endpoint.log)
    last = next((n for n in range(len(log) - 1, -1, -1) if log[n][2] is not None), 0)
    since = [item for item, _, _ in log[last:]]
    if not log or len(since) < 2 or not all(isinstance(item, Segment) for item in since):
        return False
    before = log[last][2] or []
    if len(before) != 1 or before[0].pending or before[0].due:
        return False
    node = before[0].fork()
    if log[last][1]:
        own = since.pop(0)
        again = endpoint.act(own)(node) if isinstance(own, Segment) else None
        if again is None:
            return False
        node = again
    node.pending = tuple(since)
    endpoint.machine.env.NOW = endpoint.clock
    return in_order(endpoint, node, segment)
