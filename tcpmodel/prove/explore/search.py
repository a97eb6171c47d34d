"""Breadth-first search for a state, or a step, that meets a condition; what is found has the fewest steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import TypeAlias

from tcpmodel.prove.explore.path import Path, Situation, path_of
from tcpmodel.prove.explore.scenario import Scenario
from tcpmodel.prove.explore.system import Move, State, System
from tcpmodel.spec.model import Model

Condition: TypeAlias = Callable[[Situation], bool]
Core: TypeAlias = tuple[int, int, tuple[tuple[int, int, int], ...]]
Spent: TypeAlias = tuple[int, ...]
Way: TypeAlias = list[tuple[Move | str, State]]
DEPTH, STATES = 40, 300_000


@dataclass
class Statistics:
    """How far a search went: states seen, steps taken, the greatest number of steps from the start; seconds.

    `complete`: nothing within the scenario's budgets was left out.
    """

    states: int = 0
    steps: int = 0
    depth: int = 0
    seconds: float = 0.0
    complete: bool = False

    @property
    def bound(self) -> str:
        """The bound in words."""
        whole = "all that the scenario allows" if self.complete else f"up to {self.depth} steps"
        return f"{whole}: {self.states} states, {self.steps} steps"


def search(
    scenario: Scenario, condition: Condition, *, models: tuple[Model, Model] | Model, steps: bool = False,
    depth: int = DEPTH, states: int = STATES, statistics: Statistics | None = None, allowed: Condition | None = None,
) -> Path | None:  # fmt: skip
    """The shortest path to a situation that meets the condition, None where there is none within the bounds.

    `models` are those of a and b. With `steps` the condition is asked about every step, by way of what it led to:
    `situation.before`, `situation.rules`. `depth` counts steps behind the scenario's start. `statistics` is filled in.
    Only steps whose situation is `allowed` are taken.
    """
    pair = (models, models) if isinstance(models, Model) else models
    return _Search(System(scenario, pair), condition, steps, statistics or Statistics(), allowed).run(depth, states)


@dataclass
class _Search:
    system: System
    condition: Condition
    every_step: bool
    statistics: Statistics
    allowed: Condition | None = None
    came: dict[State, tuple[State, Move]] = field(default_factory=dict)
    spent: dict[Core, list[Spent]] = field(default_factory=dict)

    def run(self, depth: int, limit: int) -> Path | None:
        begun = perf_counter()
        beginning = self.system.start()
        start = beginning[-1][1] if beginning else self.system.initial
        self._new(start)
        way = [] if self._meets(start, None, None) else self._explore(start, depth, limit)
        self.statistics.seconds = perf_counter() - begun
        return None if way is None else path_of(self.system, [*beginning, *way], len(beginning), self.statistics.bound)

    def _explore(self, start: State, depth: int, limit: int) -> Way | None:
        """The way from the start to what meets the condition."""
        frontier, statistics = [start], self.statistics
        statistics.states = 1
        while frontier and statistics.depth < depth and statistics.states < limit:
            statistics.depth += 1
            following = []
            for before, move, after in self._steps(frontier):
                statistics.steps += 1
                new = self._new(after)
                if new:
                    statistics.states += 1
                    self.came[after] = before, move
                    following.append(after)
                if (new or self.every_step) and self._meets(after, before, move):
                    return [*self._way(before), (move, after)]
                if statistics.states >= limit:
                    return None
            frontier = following
        statistics.complete = not frontier
        return None

    def _steps(self, frontier: list[State]) -> Iterator[tuple[State, Move, State]]:
        for before in frontier:
            for move, after in self.system.moves(before):
                if self.allowed is None or self.allowed(Situation(self.system, after, before, move)):
                    yield before, move, after

    def _new(self, state: State) -> bool:
        """Whether the state was not seen before with at most these budgets used."""
        spent = self.spent.setdefault(state[:3], [])
        used = state[3:]
        if any(all(x <= y for x, y in zip(known, used, strict=True)) for known in spent):
            return False
        spent.append(used)
        return True

    def _meets(self, state: State, before: State | None, move: Move | None) -> bool:
        return self.condition(Situation(self.system, state, before, move))

    def _way(self, state: State) -> Way:
        way: Way = []
        while state in self.came:
            before, move = self.came[state]
            way.append((move, state))
            state = before
        return way[::-1]
