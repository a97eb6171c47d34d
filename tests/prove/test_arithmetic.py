"""Laws of arithmetic and the bridge between the encodings: each holds, needs its conditions, fails when broken."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("z3")

from hypothesis import given, settings
from hypothesis import strategies as st

from tcpmodel.compile.encodings import CIRCLE, Integers, Vectors, z3
from tcpmodel.prove.methods import arithmetic, bridge
from tcpmodel.prove.obligation import decide
from tcpmodel.prove.property import PROVED, REFUTED, UNKNOWN, Property
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.units import Subject, context_of
from tcpmodel.prove.unwrapped import Unwrapped
from tcpmodel.spec import load
from tcpmodel.spec.reader import documents
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Source

RFC = Subject()
KNOWN = {n: p for n, p in context_of(RFC).properties.properties.items() if p.method in ("arithmetic", "bridge")}
BROKEN = [(name, mutant.name) for name, item in KNOWN.items() for mutant in item.mutants]


def law(text: str, method: Any = arithmetic) -> tuple[Property, Report]:
    """A property read from YAML."""
    report = Report()
    (node,) = documents(Source("test.yaml", text), report)
    claim = method.read(Fields(node, Shape("a property", (), method.KEYS), report), Words(load()), report)
    return Property("law", 0, "", "", "", claim), report


def verdicts(text: str, method: Any = arithmetic) -> dict[str, bool | None]:
    """Whether each part of a property holds."""
    item, report = law(text, method)
    report.check()
    context = context_of(RFC)
    found = {}
    for part in method.parts(item, context):
        found[part] = all(decide(o, 20.0).holds for o in method.obligations(item, part, context))
    return found


@pytest.mark.parametrize("name", KNOWN)
def test_every_law_is_what_its_text_expects(name: str) -> None:
    (result,) = prove([name], Settings(RFC, jobs=1))
    assert (result.result, bool(result.counterexample)) == (KNOWN[name].expect, KNOWN[name].expect == REFUTED)


@pytest.mark.parametrize(("name", "mutant"), BROKEN)
def test_a_mutant_breaks_it(name: str, mutant: str) -> None:
    (result,) = prove([name], Settings(Subject(mutant=f"{name}/{mutant}"), jobs=1))
    assert result.result == REFUTED


def test_a_law_without_a_mutant_has_a_condition_or_a_companion() -> None:
    refuted = [name for name, item in KNOWN.items() if item.expect == REFUTED]
    assert len(refuted) >= 10
    assert len(BROKEN) >= 15


def test_the_counterexample_is_one() -> None:
    (result,) = prove(["seq-antisymmetric-everywhere"], Settings(RFC, jobs=1))
    assert result.counterexample is not None
    values = {name: int(value) for name, value in result.counterexample["values"].items()}
    assert abs(values["x"] - values["y"]) == 1 << 31


def test_the_segment_that_table_6_overlooks() -> None:
    (result,) = prove(["overlap-of-a-longer-segment"], Settings(RFC, jobs=1))
    assert result.counterexample is not None
    values = {name: int(value) for name, value in result.counterexample["values"].items()}
    begin = (values["SEG.SEQ"] - values["RCV.NXT"] + (1 << 31)) % CIRCLE - (1 << 31)
    assert begin < 0 < values["RCV.WND"] < begin + values["SEG.LEN"]


def test_a_condition_that_is_not_needed_is_found() -> None:
    found = verdicts("{for: {x: seq, y: seq}, when: [x == y, x < y + 1], then: not x < y}")
    assert found[arithmetic.HOLDS] and found[arithmetic.MET]
    assert found[arithmetic.WITHOUT + "x == y"] is True
    assert found[arithmetic.WITHOUT + "x < y + 1"] is False


def test_conditions_that_nothing_meets_prove_nothing() -> None:
    found = verdicts("{for: {n: int}, when: [n < 0, n > 0], then: n == 5}")
    assert (found[arithmetic.HOLDS], found[arithmetic.MET]) == (True, False)


def test_a_shift_count_out_of_range_has_no_value() -> None:
    """The terms of a shift are exact for the counts of the RFC only, and a law may not rest on others."""
    assert verdicts("{for: {n: int, m: int}, then: n << m == n << m}")[arithmetic.HOLDS] is False
    text = "{for: {n: int, m: int}, when: 0 <= m <= 14, then: 'n >> m <= max(n, 0)'}"
    assert verdicts(text)[arithmetic.HOLDS] is True


def test_an_amount_has_a_name() -> None:
    assert verdicts("{for: {tick: 4 us, second: 1 s}, then: 250000 * tick == second}")[arithmetic.HOLDS] is True
    assert verdicts("{for: {tick: 5 us, second: 1 s}, then: 250000 * tick == second}")[arithmetic.HOLDS] is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{for: {x: seq}, then: x < z}", "unknown name 'z'"),
        ("{for: {x: sequence}, then: x < x}", "unknown type 'sequence'"),
        ("{for: {x: seq}}", "needs 'then'"),
        ("{for: {x: seq}, then: x + 1 > x, origin: y}", "'y' is no sequence number"),
        ("{for: {x: seq}, then: x > 7, origin: x}", "is written out"),
        ("{for: {x: seq}, then: x > seq(7), origin: x}", "is written out"),
        ("{then: older(SEG), origin: RCV.NXT}", "is written out"),
        ("{then: NEXT.SND.UNA == SND.UNA}", "'NEXT.SND.UNA' cannot be used"),
    ],
)
def test_what_a_law_may_say(text: str, said: str) -> None:
    assert said in "\n".join(item.message for item in law(text)[1].found)


def test_without_a_place_of_ones_own_the_answer_is_the_same() -> None:
    text = "{for: {x: seq, y: seq, n: int}, when: [0 <= n <= 9, x <= y < x + n], then: y - x < %s%s}"
    for bound, holds in (("n", True), ("n - 1", False)):
        for origin in ("", ", origin: x"):
            assert verdicts(text % (bound, origin))[arithmetic.HOLDS] is holds


def test_a_law_that_only_a_solver_without_time_knows_is_unknown() -> None:
    (result,) = prove(["trimmed-octets"], Settings(RFC, timeout=0.001, jobs=1))
    assert (result.result, result.counterexample) == (UNKNOWN, None)


def test_the_bridge_is_about_the_encodings_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "{for: {a: seq, b: seq}, same: [a < b, a == b, a - b]}"
    assert set(verdicts(text, bridge).values()) == {True}
    monkeypatch.setattr(Integers, "window", lambda self, a, b: z3().And(a - b <= 1 << 31, b - a <= 1 << 31))
    assert verdicts(text, bridge) == {"a < b": False, "a == b": True, "a - b": False}
    monkeypatch.undo()
    monkeypatch.setattr(Vectors, "before", lambda self, a, b: a < b)
    assert verdicts(text, bridge) == {"a < b": False, "a == b": True, "a - b": True}
    monkeypatch.undo()
    monkeypatch.setattr(Integers, "turn", lambda self, a, b: z3().And(a - b <= CIRCLE, b - a <= CIRCLE))
    assert verdicts(text, bridge) == {"a < b": True, "a == b": False, "a - b": True}


def test_without_window_assumptions_there_is_no_bridge() -> None:
    text = "{for: {a: seq, b: seq}, same: [a < b, a == b, a + 1], assuming: nothing}"
    assert verdicts(text, bridge) == {"a < b": False, "a == b": False, "a + 1": True}


WORDS = st.integers(0, CIRCLE - 1)
WIDE = st.integers(-(1 << 40), 1 << 40)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(WORDS, WORDS, WIDE, WIDE)
def test_a_vector_is_read_as_the_number_it_writes(a: int, b: int, n: int, m: int) -> None:
    """Each operation of vectors against the solver's own arithmetic on plain values."""
    package, vectors = z3(), Vectors()
    x, y = (vectors.variable(name, "seq") for name in "ab")
    p, q = (vectors.variable(name, "int") for name in "nm")
    terms = [
        *(x + y, x - y, x * y, x >> 3, vectors.plus(x, p), vectors.minus(x, p), vectors.distance(x, y)),
        *(p + q, p - q, p * 5, vectors.halve(p, 7), vectors.wrapped(p), package.If(x < y, p, q)),
        *(x < y, x <= y, p > q, p >= q, package.And(x == y, p < q), package.Or(package.Not(x == y), p < q)),
        *(package.Implies(p < q, x < y), package.Extract(39, 8, p)),
    ]
    plain = [(x, a), (y, b), (p, n), (q, m)]
    constants = [(term, package.BitVecVal(value, term.size())) for term, value in plain]
    reading = Unwrapped({str(term): package.IntVal(value % (1 << term.size())) for term, value in plain})
    for term in terms:
        exact = package.simplify(package.substitute(term, *constants))
        read = package.simplify(reading.of(term))
        same = read.eq(exact) if package.is_bool(term) else read.as_long() == exact.as_long()
        assert same, f"{term}: {exact}, read as {read}"


def test_an_operation_without_a_reading_is_refused() -> None:
    x = Vectors().variable("a", "seq")
    with pytest.raises(NotImplementedError, match="UDiv"):
        Unwrapped({"a": z3().Int("a")}).of(z3().UDiv(x, x))


def test_proved_laws_name_what_they_take_for_granted() -> None:
    assert all(item.assumptions for item in KNOWN.values() if item.expect == PROVED)
