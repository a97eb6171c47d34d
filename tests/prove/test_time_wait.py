"""What TIME-WAIT is for: coverage by induction over all steps, its assumptions, and the shortest runs without it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3")

from tcpmodel.compile import load_steps
from tcpmodel.compile.encodings import z3
from tcpmodel.prove.context import Context
from tcpmodel.prove.methods import exploration, induction
from tcpmodel.prove.methods.induction import lemma_obligations, lemma_parts
from tcpmodel.prove.obligation import Obligation, decide
from tcpmodel.prove.property import BOUNDED, PROVED, REFUTED, Mutant, Result
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.units import Subject, context_of
from tcpmodel.prove.units import broken as as_mutant
from tcpmodel.spec import load
from tcpmodel.spec.reader import documents
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Source
from tcpmodel.trace import open_trace
from tcpmodel.verify import ConnectionVerdict, verify

RFC = Subject()
COVERAGE, LEMMA = "time-wait-coverage", "quiet"
CONTEXT = context_of(RFC)
EXPLORED = [name for name, item in CONTEXT.properties.properties.items() if item.method == "exploration"]
MUTANTS = [
    (name, as_mutant(RFC, CONTEXT.properties.properties[name], mutant))
    for name in EXPLORED
    for mutant in CONTEXT.properties.properties[name].mutants
]
LAST_ACK, TIMER = "segment-arrives.other in LAST-ACK", "timeout.time-wait in TIME-WAIT"
SENDING = "output in TIME-WAIT"


def proved(name: str, subject: Subject = RFC) -> Result:
    (result,) = prove([name], Settings(subject, jobs=1))
    return result


def obligations(part: str, context: Context = CONTEXT) -> list[Obligation]:
    """All that one step has to show of the lemmas, which are proved together."""
    lemmas = context.properties.lemmas
    first = next(name for name in lemmas if LEMMA in context.properties.closure((name,)) and name != "whole")
    return list(lemma_obligations(lemmas[first], part, context))


def broken(part: str, context: Context = CONTEXT) -> set[str]:
    """Whom the step breaks a lemma for."""
    found = ((o.name.rpartition(": ")[2], decide(o, 20.0).holds) for o in obligations(part, context))
    return {whom for whom, holds in found if not holds}


def test_nothing_of_a_connection_that_both_have_left_can_arrive() -> None:
    result = proved(COVERAGE)
    assert (result.result, result.reason) == (PROVED, "")
    assert result.obligations > 400
    assert sum("MSL" in text or "FIN" in text for text in result.assumptions) >= 3


@pytest.mark.parametrize(
    ("assumption", "part"),
    [
        ("one-clock", TIMER),
        ("msl", LAST_ACK),
        ("orderly", "segment-arrives.other in ESTABLISHED"),
        ("patience", "segment-arrives.listen in LISTEN"),
        ("prompt", SENDING),
    ],
)
def test_every_assumption_is_needed(assumption: str, part: str) -> None:
    known = CONTEXT.properties.assumptions
    weaker = {**known, assumption: replace(known[assumption], holds=None, without=frozenset())}
    context = replace(CONTEXT, properties=replace(CONTEXT.properties, assumptions=weaker))
    assert not broken(part)
    assert broken(part, context)


@pytest.mark.parametrize(
    ("mutant", "part", "whom"),
    [
        ("no-time-wait", "segment-arrives.other in FIN-WAIT-1", "a segment it has sent before"),
        ("time-wait-closed", "call.close in TIME-WAIT", "a segment it has sent before"),
        ("half an MSL, so that what was under way when the peer's FIN came outlives it", TIMER,
         "a segment it has sent before"),
        ("one MSL, so that the FIN which the peer repeats while the ACK is on its way outlives it", LAST_ACK,
         "a segment it has sent before"),
        ("half a second less than two MSL", LAST_ACK, "a segment it has sent before"),
    ],
)  # fmt: skip
def test_a_shorter_time_wait_breaks_the_induction(mutant: str, part: str, whom: str) -> None:
    item = CONTEXT.properties.properties[COVERAGE]
    (known,) = [known for known in item.mutants if known.name == mutant]
    assert whom in broken(part, context_of(as_mutant(RFC, item, known)))


def test_what_is_of_an_earlier_incarnation_outlives_a_shorter_time_wait() -> None:
    item = CONTEXT.properties.properties["none-of-an-earlier-incarnation"]
    assert LEMMA in CONTEXT.properties.closure(item.given) and not broken(TIMER)
    assert item.mutants and all(broken(TIMER, context_of(as_mutant(RFC, item, mutant))) for mutant in item.mutants)


OLD = CONTEXT.properties.properties["old-segments"]


@pytest.mark.parametrize(
    ("mutant", "part"),
    [(OLD.mutants[0], "segment-arrives.other in TIME-WAIT"), *((mutant, LAST_ACK) for mutant in OLD.mutants[1:])],
)
def test_spaced_numbers_protect_whatever_ended_the_connection(mutant: Mutant, part: str) -> None:
    context = context_of(as_mutant(RFC, OLD, mutant))
    item = context.properties.properties[OLD.name]
    (broken,) = (decide(o, 20.0).holds for o in induction.obligations(item, part, context))
    (kept,) = (decide(o, 20.0).holds for o in induction.obligations(OLD, part, CONTEXT))
    assert (kept, broken) == (True, False)
    assert part in tuple(induction.parts(OLD, CONTEXT))


def test_every_mutant_is_looked_at() -> None:
    (marks,) = [m for m in test_a_shorter_time_wait_breaks_the_induction.pytestmark if m.name == "parametrize"]  # type: ignore[attr-defined]
    assert {row[0] for row in marks.args[1]} == {m.name for m in CONTEXT.properties.properties[COVERAGE].mutants}


def test_the_assumptions_leave_every_other_step_possible() -> None:
    """What an orderly connection does can happen; what is impossible is what the assumptions exclude."""
    lemma = CONTEXT.properties.lemmas[next(n for n in CONTEXT.properties.lemmas if n == "numbered")]
    impossible = {part for part in lemma_parts(lemma, CONTEXT) if not possible(part)}
    excluded = ("call.abort", "timeout.user", "call.close in SYN-SENT", "output in CLOSED", "output in LISTEN")
    assert all(part.startswith(excluded) for part in impossible), impossible
    assert {"timeout.user in ESTABLISHED", "output in CLOSED", "call.close in SYN-SENT"} <= impossible


def possible(part: str) -> bool:
    solver = z3().Solver()
    solver.add(*(term for _, term in obligations(part)[0].hypotheses))
    return bool(solver.check() == z3().sat)


@pytest.mark.parametrize("name", EXPLORED)
def test_an_exploration_comes_to_what_is_expected(name: str) -> None:
    result, item = proved(name), CONTEXT.properties.properties[name]
    assert result.result == item.expect, result.reason
    assert (result.bound is not None) == (item.expect == BOUNDED)
    assert (result.counterexample is not None) == (item.expect == REFUTED)
    if result.bound:
        assert "all that the scenario allows" in result.bound


@pytest.mark.parametrize(("name", "subject"), MUTANTS)
def test_a_mutant_comes_to_something_else(name: str, subject: Subject) -> None:
    result = proved(name, subject)
    assert result.result not in (PROVED, BOUNDED) and result.failures


def judged(found: dict[str, Any], folder: Path, variants: tuple[str, ...] = ()) -> list[ConnectionVerdict]:
    """The verdict on each incarnation."""
    file = folder / "run.json"
    file.write_text(json.dumps(found))
    with open_trace(str(file)) as reader:
        return list(verify(reader, load_steps(variants=variants)).connections)


@pytest.mark.parametrize("name", [n for n in EXPLORED if CONTEXT.properties.properties[n].expect == REFUTED])
def test_a_run_that_refutes_a_false_claim_follows_the_rfc(name: str, tmp_path: Path) -> None:
    run = proved(name).counterexample
    assert run is not None
    (verdict,) = judged(run, tmp_path)
    assert (verdict.verdict, verdict.assumptions) == ("conforming", [])


def test_a_run_without_time_wait_follows_the_variant(tmp_path: Path) -> None:
    run = proved("last-ack-not-reset", Subject(variants=("no-time-wait",))).counterexample
    assert run is not None
    (own,), (standard,) = judged(run, tmp_path, ("no-time-wait",)), judged(run, tmp_path)
    assert (own.verdict, own.assumptions) == ("conforming", [])
    assert "CLOSED was observed" in standard.findings[-1].message and standard.verdict == "violation"


def test_a_connection_opened_again_without_time_wait_breaks_the_rfc(tmp_path: Path) -> None:
    run = proved("old-fin", Subject(variants=("no-time-wait",))).counterexample
    assert run is not None
    assert judged(run, tmp_path, ("no-time-wait",))[0].verdict == "conforming"
    assert "TM408" in {found.code for found in judged(run, tmp_path)[0].findings}


def test_a_connection_opened_again_too_soon_breaks_the_rfc(tmp_path: Path) -> None:
    run = proved("old-fin", Subject(mutant="old-fin/one MSL and a half")).counterexample
    assert run is not None
    (verdict,) = judged(run, tmp_path)
    assert (verdict.verdict, verdict.assumptions) == ("violation", [])


def test_each_half_of_two_msl_has_its_own_reason() -> None:
    """One MSL and more is enough for what was under way before, and not for what is repeated."""
    (longer,) = [s for n, s in MUTANTS if n == "second-msl" and s.mutant.endswith("and a half")]
    assert proved("first-msl", longer).result == BOUNDED
    assert proved("second-msl", longer).result == REFUTED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{scenario: nowhere, never: 'True', fires: ack.new}", "an exploration needs a scenario"),
        ("{scenario: last-ack}", "an exploration needs 'never' or 'reaches'"),
        ("{scenario: last-ack, never: 'True', fires: ack.gnu}", "unknown rule 'ack.gnu'"),
        ("{scenario: last-ack, never: A.STAT == CLOSED}", "unknown name 'A.STAT'"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    report = Report()
    (node,) = documents(Source("test.yaml", text), report)
    words = Words(load())
    exploration.read(Fields(node, Shape("a property", (), exploration.KEYS), report), words, report)
    assert said in "\n".join(item.message for item in report.found)
