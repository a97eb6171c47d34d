"""What reports say of proofs: never more than was shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tcpmodel.prove.property import Failure, Property, Result
from tcpmodel.prove.rows import Row
from tcpmodel.report.proof import AS_EXPECTED, OPEN, WRONG, Answer, Settings, standing
from tcpmodel.report.proof.rows import Known, lines
from tcpmodel.report.proof.text import body
from tcpmodel.report.proof.why import breaks, headline
from tcpmodel.report.proof.wrap import MARGIN, WIDTH
from tcpmodel.report.style import Style


def answer(result: str, expect: str = "proved", **fields: Any) -> Answer:
    item = Property("x", 1, "It holds", "RFC 9293 3.3", "step", None, expect=expect)
    return Answer(item, Result("x", 1, result, (), 1, 0.0, **fields))


def printed(found: Answer, verbosity: int = 0) -> str:
    return "\n".join(body(found, Settings(verbosity=verbosity), Style(False)))


@pytest.mark.parametrize(
    ("expected", "result", "counts"),
    [
        ("proved", "proved", AS_EXPECTED), ("proved", "refuted", WRONG),
        ("proved", "bounded", OPEN), ("proved", "unknown", OPEN),
        ("refuted", "refuted", AS_EXPECTED), ("refuted", "proved", WRONG),
        ("refuted", "bounded", OPEN), ("refuted", "unknown", OPEN),
        ("bounded", "bounded", AS_EXPECTED), ("bounded", "proved", AS_EXPECTED),
        ("bounded", "refuted", WRONG), ("bounded", "unknown", OPEN),
    ],
)  # fmt: skip
def test_what_an_answer_counts_as(expected: str, result: str, counts: str) -> None:
    assert standing(expected, result) == counts == answer(result, expected).counts


LEMMA = Failure("segment-arrives in OPEN: lemma few", "segment-arrives in OPEN", ("r",), {"COUNT": "5", "LEFT": "0"})
SYSTEM = Failure("segment-arrives in OPEN: the endpoints", "segment-arrives in OPEN: few, many fails for the endpoints")
GAVE_UP = Failure("segment-arrives in OPEN: lemma few", "the solver gave up: timeout")
OTHER = Failure("few: initially", "does not follow")


@pytest.mark.parametrize(
    ("failure", "begins"),
    [
        (LEMMA, "the induction fails: segment-arrives in OPEN need not keep lemma few"),
        (SYSTEM, "the induction fails: segment-arrives in OPEN: the endpoints"),
        (GAVE_UP, "not decided: "),
        (OTHER, "not shown: few: initially"),
    ],
)
def test_a_failed_proof_is_no_refutation(failure: Failure, begins: str) -> None:
    assert headline(failure).startswith(begins)
    for verbosity in (0, 1):
        assert "refuted" not in printed(answer("unknown", failures=(failure,)), verbosity)


def test_which_lemma_a_failure_is_about() -> None:
    assert all(breaks(failure, "few") for failure in (LEMMA, SYSTEM, GAVE_UP, OTHER))
    assert breaks(SYSTEM, "many") and not breaks(LEMMA, "many")
    assert not any(breaks(failure, "ew") for failure in (LEMMA, SYSTEM, GAVE_UP, OTHER))


def test_in_brief_values_that_are_nothing_are_left_out() -> None:
    found = answer("unknown", failures=(LEMMA, OTHER))
    assert "before  COUNT 5; the others 0" in printed(found) and "and 1 more obligation not met" in printed(found)
    assert "before  COUNT 5, LEFT 0" in printed(found, 1) and "does not follow" in printed(found, 1)


def test_a_bound_is_printed_with_what_it_means() -> None:
    assert "bound: 8 steps; what lies beyond it is not decided" in printed(answer("bounded", bound="8 steps"))


def test_a_long_bound_is_wrapped() -> None:
    lines = printed(answer("bounded", bound=", ".join(f"{number} steps" for number in range(50)))).splitlines()
    assert len(lines) > 3 and all(len(line) <= WIDTH for line in lines)


@pytest.mark.parametrize(("settings", "times"), [(Settings(), 0), (Settings(verbosity=1), 1), (Settings(why=True), 1)])
def test_a_note_is_printed_to_who_asks_for_more(settings: Settings, times: int) -> None:
    found = answer("proved")
    noted = replace(found, item=replace(found.item, note="but for this"))
    assert list(body(noted, settings, Style(False))).count(f"{' ' * MARGIN}note: but for this") == times


def known(result: str | None, expect: str = "proved", row: int = 1) -> Known:
    found = answer(result or "unknown", expect)
    item = Property("x", row, "It holds", "RFC 9293 3.3", "step", None, expect=expect)
    return Known(item, "toy", found.result if result else None)


@pytest.mark.parametrize(
    ("results", "lacks", "word"),
    [
        ([], "", "open"),
        (["proved"], "", "proved"),
        (["proved", "proved"], "something", "in part"),
        (["proved", None], "", "not yet run"),
        (["proved", "unknown"], "", "inconclusive"),
        (["proved", "bounded"], "", "bounded"),
        (["proved", "refuted"], "", "refuted"),
        ([None, "unknown"], "something", "not yet run"),
    ],
)
def test_a_row_stands_as_its_properties_do(results: list[str | None], lacks: str, word: str) -> None:
    (line,) = lines([Row(1, "All is well", "not thought of", lacks)], [known(result) for result in results])
    assert line.word == word


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ([("proved", "proved"), ("refuted", "refuted")], "proved"),
        ([("refuted", "refuted")], "refuted"),
        ([("proved", "refuted"), ("proved", "proved")], "refuted"),
        ([("refuted", "proved"), ("proved", "proved")], "refuted"),
        ([("bounded", "proved")], "proved"),
    ],
)
def test_false_claims_that_are_refuted_decide_a_row(claims: list[tuple[str, str]], word: str) -> None:
    (line,) = lines([Row(1, "All is well")], [known(result, expect) for expect, result in claims])
    assert line.word == word


def test_properties_of_other_rows_and_of_none_are_listed_at_the_end() -> None:
    found = lines([Row(1, "a"), Row(2, "b")], [known("proved", row=2), known("proved", row=0), known("proved", row=7)])
    assert [(line.row.number if line.row else None, len(line.known)) for line in found] == [(1, 0), (2, 1), (None, 2)]
