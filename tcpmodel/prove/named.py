"""Plain values by the names that properties use, at a step of an exploration: found when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from tcpmodel.compile import expressions, runtime
from tcpmodel.compile.expressions import SEGMENT_FIELDS
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore import Situation
from tcpmodel.prove.explore.endpoint import Packet
from tcpmodel.prove.explore.path import End
from tcpmodel.prove.explore.system import HAPPENS, Move
from tcpmodel.spec.expr import Expr
from tcpmodel.trace import Segment

identifier = cache(expressions.identifier)
Source = Callable[[str], Any]
Ghosts = Mapping[str, Expr]
"""Ghost variables of endpoints that are names for an expression."""
KEPT: dict[str, Callable[[End], int]] = {"INC": lambda end: end.incarnation, "PEER.INC": lambda end: end.peer}
"""Ghost variables of endpoints that an exploration keeps."""

CARRIED: dict[str, Callable[[Packet], int]] = {"INC": lambda row: row.incarnation, "PEER.INC": lambda row: row.peer}
"""Those of segments."""


FIELDS: dict[str, Callable[[Segment], Any]] = {name: eval(f"lambda s: {text}") for name, text in SEGMENT_FIELDS.items()}
OWED = "(owed)"
"""Whether the segment of a step is one that its endpoint owes."""


class Unknown(Exception):
    """An exploration does not know what a property speaks of."""


class Named:
    """Values by name; `sources` are asked by the beginning of a name, the one without a beginning last."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources

    def __getitem__(self, name: str) -> Any:
        prefix = name[: name.index(".") + 1] if "." in name else ""
        found = self.sources.get(prefix)
        return found(name.removeprefix(prefix)) if found else self.sources[""](name)


def tcb_values(end: End, ghosts: Ghosts) -> Named:
    """The variables of one endpoint by their names."""
    return Named({"": _variable(end, ghosts)})


def pair_values(a: End, b: End, ghosts: Ghosts) -> Named:
    """The variables of two endpoints, behind `A.` and `B.`."""
    return Named({"A.": _variable(a, ghosts), "B.": _variable(b, ghosts), "": _unknown})


def step_values(now: Situation, ghosts: Ghosts) -> Named:
    """The names of a step that an endpoint has taken: its own before and behind it, what arrived, what was called."""
    before, move = now.before, now.move
    assert before is not None and isinstance(move, Move)
    own, peer, after = (before.b, before.a, now.b) if move.end else (before.a, before.b, now.a)
    mine, system = _variable(own, ghosts), now.system.ends[move.end]
    given = dict(system.occasions[move.what].arguments) if move.kind == HAPPENS else {}

    def plain(name: str) -> Any:
        if name == OWED:
            return now.segment is not None and runtime.owed(own.tcb.owed, now.segment)
        if hasattr(own.tcb, identifier(name)) or name in (*KEPT, *ghosts):
            return mine(name)
        # what surrounds the endpoint is as it was at this step once the step is taken again
        assert now.previous is not None
        now.system.fired(now.previous, move)
        return _attribute(system.env, identifier(name))

    return Named({
        "": plain,
        "NEXT.": _variable(after, ghosts),
        "B.": _variable(peer, ghosts),
        "CALL.": lambda name: given[identifier(f"CALL.{name}")],
        "SEG.": _arriving(now, move),
    })  # fmt: skip


def _variable(end: End, ghosts: Ghosts) -> Source:
    """Variables of a TCB, and ghosts of its endpoint."""

    def found(name: str) -> Any:
        if name in KEPT:
            return KEPT[name](end)
        if name in ghosts:
            return evaluator(ghosts[name])(tcb_values(end, ghosts))
        return _attribute(end.tcb, identifier(name))

    return found


def _arriving(now: Situation, move: Move) -> Source:
    """The segment of a step, and the incarnation that has sent it."""

    def found(name: str) -> Any:
        if now.segment is None:
            raise Unknown(name)
        if name in CARRIED:
            return CARRIED[name](now.system.packets.rows[move.what])
        if f"SEG.{name}" not in FIELDS:
            raise Unknown(name)
        return FIELDS[f"SEG.{name}"](now.segment)

    return found


def _attribute(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError:
        raise Unknown(name) from None


def _unknown(name: str) -> Any:
    raise Unknown(name)
