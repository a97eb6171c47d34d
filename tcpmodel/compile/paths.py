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

from tcpmodel.compile.bounded import OWED
from tcpmodel.compile.bounds import bounds
from tcpmodel.compile.domains import Domains
from tcpmodel.compile.encodings import Integers, Term, is_false, is_true, negation, z3
from tcpmodel.compile.relation import Relation
from tcpmodel.compile.terms import Terms
from tcpmodel.compile.values import Value, Values
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Procedure, Rule, Stage

_FOUND: dict[object, list[Path]] = {}
TIMEOUT = 5000  # ms that Z3 gets for one question


@dataclass(frozen=True)
class Step:
    """A rule that fires, its stage, and the state it fires in."""

    stage: Stage
    rule: Rule
    state: str


@dataclass(frozen=True)
class Path:
    """One way through a procedure: the rules that fire, one a stage, and the states passed, both ends included.

    `on` and `off` are control bits (masks) that every segment on this path has and lacks, of those on which the
    deciding steps look.
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
    """Finds the paths of one model; `domains` are the values its finite variables can have in each state.

    Feasible means that Z3 finds integers that take the path, sequence numbers being unwrapped ones less than 2^31
    apart (`encodings.Integers`), at most one span of text being held.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.domains = Domains(model)
        self.relation = Relation(model, Integers(), spans=1)
        self.tcb = {name: value for name, value in self.relation.tcb().items() if name != OWED}
        self.flags: Value = ()
        self.inputs: Values = {}
        self.solver = z3().SimpleSolver()
        self.solver.set("timeout", TIMEOUT)

    def paths(self, procedure: Procedure, state: str) -> list[Path]:
        """Every feasible path of the procedure from that state, in the order of the text.

        A profile or variant that leaves the rules on the way alone gets the paths found before.
        """
        key = (self.model.states, self.domains.known(state), state, *_relevant(procedure, state))
        if key not in _FOUND:
            _FOUND[key] = list(self._explored(procedure, state))
        return _FOUND[key]

    def _explored(self, procedure: Procedure, state: str) -> Iterator[Path]:
        self.inputs = self.relation.inputs(procedure)
        self.flags = self.inputs["SEG.CTL"]
        self.solver.push()
        self.solver.add(*bounds(self.relation, self.tcb, self.inputs), *self.domains.terms(state, self.tcb))
        yield from self._stage(Path(procedure, (state,)), self.tcb)
        self.solver.pop()

    def _possible(self, *terms: Term) -> bool:
        """Whether the terms can hold on top of what has been added; what Z3 leaves open counts as possible."""
        if all(map(is_true, terms)) or any(map(is_false, terms)):
            return not any(map(is_false, terms))
        return bool(self.solver.check(*terms) != z3().unsat)

    def _stage(self, path: Path, tcb: Values) -> Iterator[Path]:
        if len(path.steps) == len(path.procedure.stages):
            yield from self._split(path)
            return
        stage = path.procedure.stages[len(path.steps)]
        self.solver.push()
        for rule in stage.rules:
            if path.target not in rule.states or rule.assume:
                continue
            guard = self._value(rule.guard, tcb, path.target) if rule.guard else z3().BoolVal(True)
            if not self._possible(guard):
                continue
            if not rule.forbid:
                self.solver.push()
                self.solver.add(guard)
                yield from self._fire(path, Step(stage, rule, path.target), tcb)
                self.solver.pop()
            if not self._possible(negation(guard)):
                break
            self.solver.add(negation(guard))
        self.solver.pop()

    def _fire(self, path: Path, step: Step, tcb: Values) -> Iterator[Path]:
        path = replace(path, steps=(*path.steps, step))
        sets = {name: self._value(value, tcb, step.state) for name, value in step.rule.sets}
        if step.rule.enter not in ("", step.state):
            path = replace(path, states=(*path.states, step.rule.enter))
        yield from self._split(path) if step.rule.outcome == "drop" else self._stage(path, {**tcb, **sets})

    def _value(self, node: x.Expr, tcb: Values, state: str) -> Value:
        """The value of an expression; what it takes for granted is added to the solver."""
        terms = Terms(self.relation.encoding, None, self.relation.spans)
        value = terms.of(node, {**self.inputs, **tcb}, self.model.states.index(state))
        self.solver.add(*terms.assumptions.found.values())
        return value

    def _split(self, path: Path) -> Iterator[Path]:
        """The path, or where a rule that changes the state leaves a control bit open, the path with and without it."""
        on, off, free = 0, 0, []
        for mask in _single(reduce(or_, map(tested, path.deciding), 0)):
            bit = self.flags[mask.bit_length() - 1]
            can_be = self._possible(bit), self._possible(negation(bit))
            on, off = on | mask * (not can_be[1]), off | mask * (not can_be[0])
            free += [mask] if all(can_be) else []
        decisive = reduce(or_, map(tested, path.entering), 0)
        yield from self._choose(replace(path, on=on, off=off), [mask for mask in free if mask & decisive])

    def _choose(self, path: Path, free: list[int]) -> Iterator[Path]:
        if not free:
            yield path
            return
        mask, *rest = free
        bit = self.flags[mask.bit_length() - 1]
        with_it, without = replace(path, on=path.on | mask), replace(path, off=path.off | mask)
        for term, chosen in ((bit, with_it), (negation(bit), without)):
            if self._possible(term):
                self.solver.push()
                self.solver.add(term)
                yield from self._choose(chosen, rest)
                self.solver.pop()


def _relevant(procedure: Procedure, state: str) -> Iterator[object]:
    """The procedure's name and the rules that can fire in it once it begins in that state."""
    reached = {state}
    yield procedure.name
    for stage in procedure.stages:
        rules = tuple(rule for rule in stage.rules if reached & set(rule.states))
        reached |= {rule.enter for rule in rules if rule.enter}
        yield stage.name, rules


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
