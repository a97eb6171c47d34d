"""Conditions of properties read in a situation that an exploration has come to, or at the step that has led there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tcpmodel.compile.expressions import SEGMENT_ATTRIBUTES, identifier
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore.path import End, InFlight, Situation
from tcpmodel.prove.explore.system import ARRIVES, COPY, HAPPENS, SENDS, Move
from tcpmodel.spec import expr as x

SEGMENT, NEXT = "SEG.", "NEXT."
LIMIT = "limit"
"""Numbers that never change are 0 in an exploration."""


class _Values:
    """Values by name, each found when it is asked for."""

    def __init__(self, *sources: tuple[str, Callable[[str], Any]]) -> None:
        self.sources = sources

    def __getitem__(self, name: str) -> Any:
        for prefix, source in self.sources:
            if name.startswith(prefix):
                return source(name.removeprefix(prefix))
        raise KeyError(name)


def holds(node: x.Expr, now: Situation) -> bool:
    """Whether a condition about A, B and any segments M (from A) and N (from B) on their way holds."""
    names = {part.name.partition(".")[0] for part in x.walk(node) if isinstance(part, x.Name)}
    told = evaluator(node)
    ends = (("A.", _end(now.a, now)), ("B.", _end(now.b, now)))
    for m in _flying(now, "a") if "M" in names else (None,):
        for n in _flying(now, "b") if "N" in names else (None,):
            segments = ((f"{name}.", _flight(item, now)) for name, item in (("M", m), ("N", n)) if item)
            if told(_Values(*ends, *segments)):
                return True
    return False


def step_holds(node: x.Expr, now: Situation, otherwise: bool = True) -> bool:
    """Whether a condition about a step of the system holds of the one that has led here; `otherwise`: nobody acted."""
    before, move = now.before, now.move
    if before is None or not isinstance(move, Move) or move.kind not in (HAPPENS, SENDS, ARRIVES, COPY):
        return otherwise
    own, peer = (before.b, before.a) if move.end else (before.a, before.b)
    after = now.b if move.end else now.a
    values = _Values(
        *((part.name, _nothing) for part in x.walk(node) if isinstance(part, x.Name) and part.kind == LIMIT),
        (NEXT, _end(after, now)), ("B.", _end(peer, now)), (SEGMENT, _arrived(now, move)),
        ("", _surroundings(_end(own, now), now)),
    )  # fmt: skip
    return bool(evaluator(node)(values))


def _nothing(name: str) -> int:
    return 0


def _flying(now: Situation, end: str) -> Iterator[InFlight]:
    return (item for item in now.flying if item.end == end)


def _clock(now: Situation) -> Any:
    return now.system.ends[0].clock


def _end(end: End, now: Situation) -> Callable[[str], Any]:
    ghosts = {"INC": end.incarnation, "PEER.INC": end.peer, "CLOCK": _clock(now).now}
    return lambda name: ghosts[name] if name in ghosts else getattr(end.tcb, identifier(name))


def _surroundings(own: Callable[[str], Any], now: Situation) -> Callable[[str], Any]:
    """The names of the endpoint that acts, and of what surrounds it."""
    return lambda name: _clock(now).now if name == "NOW" else own(name)


def _flight(item: InFlight, now: Situation) -> Callable[[str], Any]:
    ghosts = {"INC": item.incarnation, "SENT": _clock(now).now - item.age * _clock(now).tick}
    return lambda name: ghosts[name] if name in ghosts else getattr(item.segment, SEGMENT_ATTRIBUTES[SEGMENT + name])


def _arrived(now: Situation, move: Move) -> Callable[[str], Any]:
    """The segment that the step has sent or delivered; of other steps one without anything."""
    segment = now.segment
    if segment is None:
        return lambda name: _clock(now).now if name == "SENT" else 0
    row = now.system.packets.rows[move.what]
    return _flight(InFlight("", segment, row.incarnation, move.age), now)
