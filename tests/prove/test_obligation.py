"""A solver that gives up says so, and one that never got the processor is asked again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tcpmodel.compile.encodings import Integers, Vectors, z3
from tcpmodel.prove.obligation import Obligation, decide, first_met


def hard() -> Obligation:
    """That a product of two primes has no other factors: minutes of work on vectors."""
    a, b = z3().BitVecs("a b", 64)
    small = z3().And(z3().UGT(a, 1), z3().UGT(b, 1), z3().ULT(a, 1 << 31), z3().ULT(b, 1 << 31))
    return Obligation("factors", (("both are small", small),), a * b != 1_000_003 * 1_000_033 * 7)


def test_a_timeout_is_no_answer() -> None:
    answer = decide(hard(), 0.05)
    assert answer.holds is None and answer.reason in ("timeout", "canceled")


@pytest.mark.parametrize(("share", "asked"), [(0.1, 2), (0.9, 1)])
def test_who_waits_for_the_processor_is_asked_again(share: float, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, share])
    checks: list[int] = []

    class Solver:
        def check(self) -> Any:
            checks.append(1)
            return z3().unknown if len(checks) == 1 else z3().unsat

        def set(self, name: str, value: int) -> None:
            assert (name, value) == ("timeout", 4000)

        def reason_unknown(self) -> str:
            return "timeout"

    monkeypatch.setattr("tcpmodel.prove.obligation.time.thread_time", lambda: next(clock))
    monkeypatch.setattr("tcpmodel.prove.obligation.solver_of", lambda *_: Solver())
    assert decide(Obligation("any", (), z3().Bool("any"), linear=True), 1.0).holds is (True if asked == 2 else None)
    assert len(checks) == asked


def test_what_one_solver_cannot_decide_another_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bits are left to the SAT solver, where the first gives up; what is no matter of bits stays undecided."""

    class Lost:
        def check(self) -> Any:
            return z3().unknown

        def set(self, *_: object) -> None:
            pass

        def reason_unknown(self) -> str:
            return "timeout"

    monkeypatch.setattr("tcpmodel.prove.obligation.solver_of", lambda *_: Lost())
    a, b = z3().BitVecs("a b", 32)
    assert decide(Obligation("sums", (), a + b == b + a), 5.0).holds
    assert decide(Obligation("halves", (), a + a != 2), 5.0).holds is False
    n = z3().Int("n")
    assert decide(Obligation("squares", (), n * n != 2), 5.0).holds is None


def test_a_proof_does_without_the_limits_of_the_encoding_where_it_can() -> None:
    x = z3().Int("x")
    known = (("it is there", x > 0), (Integers.limits, x < 10))
    without = decide(Obligation("without", known, x > -1, linear=True), 1.0, cores=True)
    assert without.holds and without.core == ("it is there",)
    assert without.obligation.hypotheses == known
    within = decide(Obligation("within", known, x < 11, linear=True), 1.0, cores=True)
    assert within.holds and within.core == (Integers.limits,)


def test_a_counterexample_keeps_the_limits_of_the_encoding() -> None:
    x = z3().BitVec("x", 32)
    answer = decide(Obligation("wrong", ((Vectors.limits, z3().ULT(x, 3)),), x == 1), 1.0)
    assert answer.holds is False and answer.model[x].as_long() in (0, 2)


def test_what_has_been_met_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    x = z3().Int("x")
    asked = [Obligation(str(limit), (("known", x > 5),), x < limit, reachable=True, linear=True) for limit in (5, 9)]
    found = first_met("any", asked)
    assert found is asked[1]
    monkeypatch.setattr("tcpmodel.prove.obligation._asked", lambda *_: None)
    answer = decide(found, 1.0)
    assert answer.holds and 5 < answer.model[x].as_long() < 9
    assert decide(replace(found, goal=x < 4), 1.0) is None, "a copy is another question"


def test_a_question_that_nobody_could_answer_is_not_taken_for_one_that_cannot_be_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tcpmodel.prove.obligation.PATIENCE", 0.05)
    lost = replace(hard(), goal=z3().Not(hard().goal), reachable=True)
    never = Obligation("never", (), z3().BoolVal(False), reachable=True)
    assert first_met("any", [never, lost, never]) is lost
    assert decide(first_met("any", [never, never]), 1.0).holds is False
