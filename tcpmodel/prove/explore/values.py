"""Plain values by the names that properties use, at a step of an exploration, and conditions that are read with them.

Values are found when they are asked for. What an exploration does not know raises Unknown: no name has a value that
the endpoints, the segment or the text have not given it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import Any

from tcpmodel.compile import expressions
from tcpmodel.compile.expressions import SEGMENT_FIELDS
from tcpmodel.errors import UsageError
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore.endpoint import DRAWN
from tcpmodel.prove.explore.path import End, InFlight, Situation
from tcpmodel.prove.explore.scenario import ENDS
from tcpmodel.prove.explore.search import Condition
from tcpmodel.prove.explore.system import ARRIVES, COPY, HAPPENS, SENDS, Move
from tcpmodel.spec import expr as x
from tcpmodel.spec.expr import Expr
from tcpmodel.trace import Segment

identifier = cache(expressions.identifier)
Source = Callable[[str], Any]
Ghosts = Mapping[str, Expr]
"""Ghost variables that are names for an expression, and the numbers that never change."""
KEPT: dict[str, Callable[[End], int]] = {
    "INC": lambda end: end.incarnation,
    "PEER.INC": lambda end: end.peer,
    "CLOCK": lambda end: end.clock,
}
"""Ghost variables of endpoints that an exploration keeps; the clock is that of one who did something just now."""
CARRIED: dict[str, Callable[[InFlight], int]] = {
    "INC": lambda item: item.incarnation,
    "PEER.INC": lambda item: item.peer,
    "SENT": lambda item: item.sent,
}
"""Those of segments."""
FIELDS: dict[str, Callable[[Segment], Any]] = {name: eval(f"lambda s: {text}") for name, text in SEGMENT_FIELDS.items()}
OWED = "(owed)"
"""Whether the segment of a step is one that its endpoint owes."""
ACTS = (HAPPENS, SENDS, ARRIVES, COPY)
"""The moves that are a step of an endpoint."""


class Unknown(UsageError):
    """An exploration does not know what a property speaks of."""

    def __str__(self) -> str:
        return f"an exploration does not know '{self.args[0]}'"


class Absent(Unknown):
    """What a property speaks of is no part of this step: a segment, an argument of a call."""


class Named:
    """Values by name; `sources` are asked by the beginning of a name, the one without a beginning last."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources

    def __getitem__(self, name: str) -> Any:
        prefix = name[: name.index(".") + 1] if "." in name else ""
        found = self.sources.get(prefix)
        return found(name.removeprefix(prefix)) if found else self.sources[""](name)


def holds(node: Expr, ghosts: Ghosts) -> Condition:
    """Whether a condition about A, B and some segments M (from A) and N (from B) on their way holds."""
    names = {part.name.partition(".")[0] for part in x.walk(node) if isinstance(part, x.Name)}
    told = evaluator(node)

    def met(now: Situation) -> bool:
        ends = pair_values(now.a, now.b, ghosts).sources
        flying = now.flying if names & {"M", "N"} else ()
        rows = (
            [(f"{name}.", _flight(item)) for item in flying if item.end == end] if name in names else [("", ends[""])]
            for name, end in zip("MN", ENDS, strict=True)
        )
        return any(told(Named({**ends, **dict(pair)})) for pair in product(*rows))

    return met


def step_holds(node: Expr, ghosts: Ghosts, otherwise: bool) -> Condition:
    """Whether a condition holds of the step that has led to a situation.

    It is `otherwise` where nobody acted, and where it is up to a segment or an argument that the step has not.
    """
    told = evaluator(node)

    def met(now: Situation) -> bool:
        if now.before is None or not isinstance(now.move, Move) or now.move.kind not in ACTS:
            return otherwise
        values = step_values(now, ghosts)
        try:
            return bool(told(values))
        except Absent:
            found = _without(node, values)
            return otherwise if found is None else found

    return met


def _without(node: Expr, values: Named) -> bool | None:
    """What a condition comes to when parts of it speak of what is not there, None where it is up to those."""
    if isinstance(node, x.Junction):
        found = {_without(item, values) for item in node.items}
        decisive = node.op == "or"
        return decisive if decisive in found else None if None in found else not decisive
    if isinstance(node, x.Not):
        inner = _without(node.item, values)
        return None if inner is None else not inner
    try:
        return bool(evaluator(node)(values))
    except Absent:
        return None


def tcb_values(end: End, ghosts: Ghosts) -> Named:
    """The variables of one endpoint by their names."""
    return Named({"": _variable(end, ghosts)})


def pair_values(a: End, b: End, ghosts: Ghosts) -> Named:
    """The variables of two endpoints, behind `A.` and `B.`."""
    return Named({"A.": _variable(a, ghosts), "B.": _variable(b, ghosts), "": _limit(ghosts)})


def step_values(now: Situation, ghosts: Ghosts) -> Named:
    """The names of a step that an endpoint has taken: its own before and behind it, what arrived, what was called."""
    before, move = now.before, now.move
    assert before is not None and isinstance(move, Move)
    own, peer, after = (before.b, before.a, now.b) if move.end else (before.a, before.b, now.a)
    return Named({
        "": _plain(now, move, own, ghosts),
        "NEXT.": _variable(after, ghosts),
        "B.": _variable(peer, ghosts),
        "CALL.": _given(now, move),
        "SEG.": _arriving(now),
    })  # fmt: skip


def _plain(now: Situation, move: Move, own: End, ghosts: Ghosts) -> Source:
    """The names of the endpoint that acts, and of what surrounds it."""
    mine, system = _variable(own, ghosts), now.system.ends[move.end]

    def found(name: str) -> Any:
        if name == OWED:
            return system.steps.owed(own.tcb.owed, _segment(now))
        if hasattr(own.tcb, identifier(name)) or name in KEPT or name in ghosts:
            return mine(name)
        # what surrounds the endpoint is as it was at this step once the step is taken again
        assert now.previous is not None
        now.system.fired(now.previous, move)
        if identifier(name) == DRAWN and system.env.began < 0:
            raise Absent(name)
        return _attribute(system.env, name)

    return found


def _variable(end: End, ghosts: Ghosts) -> Source:
    """Variables of a TCB, and ghosts of its endpoint."""

    def found(name: str) -> Any:
        if name in KEPT:
            return KEPT[name](end)
        if name in ghosts:
            return evaluator(ghosts[name])(tcb_values(end, ghosts))
        return _attribute(end.tcb, name)

    return found


def _limit(ghosts: Ghosts) -> Source:
    """Numbers that never change."""

    def found(name: str) -> Any:
        if name not in ghosts:
            raise Unknown(name)
        return evaluator(ghosts[name])({})

    return found


def _given(now: Situation, move: Move) -> Source:
    """The arguments of the call of a step."""
    occasions = now.system.ends[move.end].occasions
    given = dict(occasions[move.what].arguments) if move.kind == HAPPENS else {}

    def found(name: str) -> Any:
        if identifier(f"CALL.{name}") not in given:
            raise Absent(f"CALL.{name}")
        return given[identifier(f"CALL.{name}")]

    return found


def _arriving(now: Situation) -> Source:
    """The segment of a step, and what is known of the one who has sent it."""

    def found(name: str) -> Any:
        if name in CARRIED and (carried := now.carried):
            return CARRIED[name](carried)
        return _field(_segment(now), name)

    return found


def _flight(item: InFlight) -> Source:
    """A segment on its way."""
    return lambda name: CARRIED[name](item) if name in CARRIED else _field(item.segment, name)


def _segment(now: Situation) -> Segment:
    if now.segment is None:
        raise Absent("SEG")
    return now.segment


def _field(segment: Segment, name: str) -> Any:
    if f"SEG.{name}" not in FIELDS:
        raise Unknown(f"SEG.{name}")
    return FIELDS[f"SEG.{name}"](segment)


def _attribute(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, identifier(name))
    except AttributeError:
        raise Unknown(name) from None
