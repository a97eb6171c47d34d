"""One explanation of an endpoint so far: where its TCB stands, what has not reached it yet, and what that cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tcpmodel.trace import Event
from tcpmodel.verify.machine import LEVELS as LEVELS
from tcpmodel.verify.machine import TCB

Item = Event
# (earlier steps, kind, frame, detail): a persistent list, shared by the hypotheses that have it in common.
Trail = tuple[Any, str, int, Any] | None
States = tuple[Any, int, int] | None
Answer = tuple[int, tuple[tuple[int, int, int], ...]]

# What explanations are weighed by. Free steps order the explanations that need nothing from the capture;
# an assumption outweighs all of them together, a deviation all assumptions.
LATE, REORDERED, LOST, ALTERED = 1, 2, 3, 6
ASSUMPTION = 100
MOVES = {"send", "deliver", "finding"}  # steps behind which the TCB is kept; the first two are noted on request only


class Hypothesis:
    """`pending` has not been delivered yet, in the order captured; `out` is the frame of the last own segment.

    `due` are the answers owed by hidden events since then: what such an event sends must be seen next.
    """

    __slots__ = ("t", "pending", "cost", "trail", "states", "out", "due")

    def __init__(
        self,
        t: TCB,
        pending: tuple[Item, ...] = (),
        cost: int = 0,
        trail: Trail = None,
        states: States = None,
        out: int = 0,
        due: frozenset[Answer] = frozenset(),
    ) -> None:
        self.t, self.pending, self.cost, self.trail, self.states, self.out = t, pending, cost, trail, states, out
        self.due = due

    def fork(self, t: TCB | None = None) -> Hypothesis:
        """A copy with a TCB of its own, or with the one given."""
        return Hypothesis(t or self.t.copy(), self.pending, self.cost, self.trail, self.states, self.out, self.due)

    def key(self) -> tuple[object, ...]:
        """Equal for hypotheses whose future is the same."""
        return (self.t.key(), tuple(map(id, self.pending)))

    def enter(self, frame: int, passed: list[int] | None = None) -> None:
        """Note the state if it is new, from `frame` on, behind those `passed` on the way within one step."""
        for state in passed or ():
            self.states = (self.states, max(frame, self.states[1] if self.states else 0), state)
        if self.states is None:
            self.states = (None, frame, self.t.STATE)
        elif self.states[2] != self.t.STATE:
            self.states = (self.states, max(frame, self.states[1]), self.t.STATE)

    def note(self, kind: str, frame: int, detail: object) -> None:
        """Append a step to the trail."""
        self.trail = (self.trail, kind, frame, detail)
        if kind in MOVES:
            self.trail = (self.trail, "tcb", frame, self.t.copy())


def unwind(trail: Trail) -> Iterator[tuple[str, int, Any]]:
    """The steps of a trail, the first one first."""
    steps = []
    while trail is not None:
        trail, kind, frame, detail = trail
        steps.append((kind, frame, detail))
    return reversed(steps)


def best_first(hypotheses: list[Hypothesis], limit: int) -> list[Hypothesis]:
    """The cheapest ones, at most `limit`, no two with the same future."""
    kept: dict[tuple[object, ...], Hypothesis] = {}
    for hypothesis in sorted(hypotheses, key=lambda h: h.cost):
        kept.setdefault(hypothesis.key(), hypothesis)
        if len(kept) == limit:
            break
    return list(kept.values())
