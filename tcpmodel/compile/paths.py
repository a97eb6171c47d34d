"""Symbolic execution: the feasible paths that an event takes through the stages of its procedure.

In a stage the first rule whose guard holds fires, so a path is a sequence of rules, one a stage, and its condition
says that each of them fires and no rule before it in its stage. Rules that assume something about a capture are left
out, and so are rules that forbid: what remains is what the specification lets an endpoint do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

import z3

from tcpmodel.compile.domains import Domains
from tcpmodel.compile.feasible import Feasible, Terms, bit
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Procedure, Rule, Stage

Values = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A rule that fires, its stage, and the state it fires in."""

    stage: Stage
    rule: Rule
    state: str


@dataclass(frozen=True)
class Path:
    """One way through a procedure: the rules that fire, one a stage, and the states passed, both ends included.

    `on` and `off` are control bits (masks) that every segment on this path has and lacks.
    """

    procedure: Procedure
    states: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    on: int = 0
    off: int = 0

    @property
    def source(self) -> str:
        return self.states[0]

    @property
    def target(self) -> str:
        return self.states[-1]

    @property
    def entering(self) -> tuple[Step, ...]:
        """The steps that change the state."""
        return tuple(step for step in self.steps if step.rule.enter not in ("", step.state))

    @property
    def deciding(self) -> tuple[Step, ...]:
        """What the path is about: the steps that change the state, else the last that answers, else the last."""
        answering = tuple(step for step in self.steps if step.rule.sends or step.rule.signal)
        return self.entering or answering[-1:] or self.steps[-1:]


class Explorer:
    """Finds the paths of one model; `domains` are the values its finite variables can have in each state."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.domains = Domains(model)
        self.feasible = Feasible()

    def paths(self, procedure: Procedure, state: str) -> Iterator[Path]:
        """Every feasible path of the procedure from that state, in the order of the text."""
        values: Values = {self.domains.state_variable: z3.IntVal(self.model.states.index(state))}
        self.feasible.push()
        self.feasible.add(*self.domains.terms(state))
        yield from self._stage(Path(procedure, (state,)), values)
        self.feasible.pop()

    def _stage(self, path: Path, values: Values) -> Iterator[Path]:
        if len(path.steps) == len(path.procedure.stages):
            yield from self._split(path)
            return
        stage = path.procedure.stages[len(path.steps)]
        self.feasible.push()
        for rule in stage.rules:
            if path.target not in rule.states or rule.assume:
                continue
            guard = self._guard(rule, values)
            self.feasible.push()
            if self.feasible.add(guard) and not rule.forbid:
                yield from self._fire(path, Step(stage, rule, path.target), values)
            self.feasible.pop()
            if not self.feasible.add(z3.Not(guard)):
                break
        self.feasible.pop()

    def _fire(self, path: Path, step: Step, values: Values) -> Iterator[Path]:
        path = replace(path, steps=(*path.steps, step))
        after = self._assigned(step.rule, values)
        if step.rule.enter not in ("", step.state):
            path = replace(path, states=(*path.states, step.rule.enter))
        yield from self._split(path) if step.rule.outcome == "drop" else self._stage(path, after)

    def _guard(self, rule: Rule, values: Values) -> Any:
        if rule.guard is None:
            return z3.BoolVal(True)
        terms = Terms(values)
        guard = terms.term(rule.guard)
        self.feasible.solver.add(*terms.facts)
        return guard

    def _assigned(self, rule: Rule, values: Values) -> Values:
        terms = Terms(values)
        changed = {name: terms.term(value) for name, value in rule.sets}
        if rule.enter:
            changed[self.domains.state_variable] = z3.IntVal(self.model.states.index(rule.enter))
        self.feasible.solver.add(*terms.facts)
        return {**values, **changed}

    def _split(self, path: Path) -> Iterator[Path]:
        """The path, or where a rule that changes the state leaves a control bit open, the path with and without it."""
        on, off, free = 0, 0, []
        for mask in _single(reduce(or_, map(tested, path.steps), 0)):
            can_be = self.feasible.possible(bit(mask)), self.feasible.possible(z3.Not(bit(mask)))
            on, off = on | mask * (not can_be[1]), off | mask * (not can_be[0])
            free += [mask] if all(can_be) else []
        decisive = reduce(or_, map(tested, path.entering), 0)
        yield from self._choose(replace(path, on=on, off=off), [mask for mask in free if mask & decisive])

    def _choose(self, path: Path, free: list[int]) -> Iterator[Path]:
        if not free:
            yield path
            return
        mask, *rest = free
        for term, chosen in (
            (bit(mask), replace(path, on=path.on | mask)),
            (z3.Not(bit(mask)), replace(path, off=path.off | mask)),
        ):
            self.feasible.push()
            if self.feasible.add(term):
                yield from self._choose(chosen, rest)
            self.feasible.pop()


def tested(step: Step) -> int:
    """The control bits (mask) on which the guards decide, up to the rule that fires.

    A bit that only matters for a value, such as where the text of a segment starts, does not count.
    """
    rules = step.stage.rules[: step.stage.rules.index(step.rule) + 1]
    guards = [rule.guard for rule in rules if rule.guard and step.state in rule.states and not rule.assume]
    return reduce(or_, map(mentioned, guards), 0)


def mentioned(node: x.Expr) -> int:
    """The control bits (mask) on which an expression decides."""
    if isinstance(node, x.Apply) and node.type != x.BOOL:
        return 0
    own = node.mask if isinstance(node, x.HasFlag) else 0
    return reduce(or_, map(mentioned, x.children(node)), own)


def _single(mask: int) -> list[int]:
    return [1 << n for n in range(mask.bit_length()) if mask >> n & 1]
