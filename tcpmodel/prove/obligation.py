"""Questions to a solver: a conjunction of named hypotheses that must imply a goal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tcpmodel.compile.encodings import Integers, Term, Vectors, either, is_true, negation, z3

SEED = 9293
SIMPLEX = 2
"""Z3's older solver for linear arithmetic, the faster one on small problems."""

FIRST = 0.1
"""The share of a timeout after which a question about vectors goes to a plain SAT solver, which is seldom lost."""
BITS = ("simplify", "propagate-values", "solve-eqs", "elim-uncnstr", "bit-blast", "sat")

LIMITS = frozenset((Vectors.limits, Integers.limits))
"""Long hypotheses that a proof seldom needs: it is tried without them first, which is quicker.

What is proved is said of executions within them all the same: beyond, the terms are not the machine.
"""

SHORT, CROWDED, LONGER = 1.0, 0.7, 4
"""On a crowded machine, where a solver gets less than this share of a timeout of a second or more, it has this many."""

PATIENCE = 20.0
"""Seconds that a solver may look for a step that meets a condition."""


@dataclass(frozen=True)
class Obligation:
    """The goal must follow from the hypotheses, each a name and a term; `place` says of which step it is.

    With `reachable` the question is the other way round: the hypotheses and the goal must be satisfiable together,
    which shows that what is proved of them is not vacuous.
    """

    name: str
    hypotheses: tuple[tuple[str, Term], ...]
    goal: Term
    step: Any = None
    reachable: bool = False
    linear: bool = False
    """It is about integers, not vectors, where the plain solver is many times faster than Z3's choice of tactics."""
    met: Any = field(default=None, init=False, compare=False)
    """Z3's model, where the question has been asked before and can be met; a copy that was changed is asked anew."""


@dataclass(frozen=True)
class Answer:
    """`holds` is True, False, or None where the solver gave up, for the reason given; `model` is Z3's, where one is."""

    obligation: Obligation
    holds: bool | None
    reason: str = ""
    model: Any = None
    core: tuple[str, ...] = ()


def solver_of(obligation: Obligation, timeout: float, cores: bool = False) -> Any:
    """A solver that knows the hypotheses and the opposite of the goal. `timeout` in seconds."""
    solver = z3().SimpleSolver() if obligation.linear else z3().Solver()
    solver.set("random_seed", SEED)
    if obligation.linear:
        solver.set("arith.solver", SIMPLEX)
    return _told(solver, obligation, timeout, cores)


def _told(solver: Any, obligation: Obligation, timeout: float, cores: bool = False) -> Any:
    solver.set("timeout", max(1, int(timeout * 1000)))
    for name, term in obligation.hypotheses:
        if cores and not is_true(term):
            solver.assert_and_track(term, name)
        else:
            solver.add(term)
    solver.add(obligation.goal if obligation.reachable else negation(obligation.goal))
    return solver


def _solvers(obligation: Obligation, timeout: float, cores: bool) -> Iterator[tuple[Any, float]]:
    """Whom to ask in turn, and for how many seconds."""
    if obligation.linear or cores or timeout < SHORT:
        yield solver_of(obligation, timeout, cores), timeout
        return
    yield solver_of(obligation, FIRST * timeout), FIRST * timeout
    yield _told(z3().Then(*BITS).solver(), obligation, (1 - FIRST) * timeout), (1 - FIRST) * timeout
    # what also speaks of integers is no matter of bits, and has had little time so far
    yield solver_of(obligation, (1 - FIRST) * timeout), (1 - FIRST) * timeout


def _checked(solver: Any, timeout: float) -> Any:
    """What the solver says; one that waited for the processor for much of its time is asked again, with more of it."""
    start = time.thread_time()
    answer = solver.check()
    if answer == z3().unknown and timeout >= SHORT and time.thread_time() - start < CROWDED * timeout:
        solver.set("timeout", int(LONGER * timeout * 1000))
        answer = solver.check()
    return answer


def decide(obligation: Obligation, timeout: float, cores: bool = False) -> Answer:
    """Asks the solver. `timeout` in seconds; unsat cores name the hypotheses that were needed."""
    return _easily(obligation, timeout, cores) or _asked(obligation, timeout, cores)


def _easily(obligation: Obligation, timeout: float, cores: bool) -> Answer | None:
    """That it holds, where this takes no solver, or less than all hypotheses."""
    if obligation.reachable:
        return Answer(obligation, True, model=obligation.met) if obligation.met is not None else None
    if is_true(obligation.goal):
        return Answer(obligation, True)
    if said := next((name for name, term in obligation.hypotheses if term.eq(obligation.goal)), None):
        # the step leaves alone what the goal speaks of
        return Answer(obligation, True, core=(said,))
    fewer = tuple(row for row in obligation.hypotheses if row[0] not in LIMITS)
    if len(fewer) == len(obligation.hypotheses):
        return None
    solver = solver_of(replace(obligation, hypotheses=fewer), FIRST * timeout, cores)
    return Answer(obligation, True, core=_core(solver, cores)) if solver.check() == z3().unsat else None


def _core(solver: Any, cores: bool) -> tuple[str, ...]:
    return tuple(str(label) for label in solver.unsat_core()) if cores else ()


def _asked(obligation: Obligation, timeout: float, cores: bool) -> Answer:
    for solver, seconds in _solvers(obligation, timeout, cores):
        answer = _checked(solver, seconds)
        if answer != z3().unknown:
            break
    else:
        return Answer(obligation, None, solver.reason_unknown())
    satisfiable = bool(answer == z3().sat)
    core = () if satisfiable else _core(solver, cores)
    return Answer(obligation, satisfiable == obligation.reachable, "", solver.model() if satisfiable else None, core)


def first_met(name: str, questions: Iterable[Obligation]) -> Obligation:
    """The first of some questions that can be met, asked one by one, which is quicker than to ask all at once.

    Where none can, one that the solver gave up on; where there is none of those either, one that cannot be met.
    """
    nothing, unknown = Obligation(name, (), either(), reachable=True), list[Obligation]()
    for question in questions:
        answer = decide(question, PATIENCE)
        if answer.holds:
            object.__setattr__(question, "met", answer.model)
            return question
        unknown += [question] if answer.holds is None else []
    return unknown[0] if unknown else nothing
