"""Z3 terms of single expressions against plain arithmetic, and what they say that they take for granted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("z3")

from tcpmodel.compile import bounded, runtime
from tcpmodel.compile.bounds import spans as well_formed
from tcpmodel.compile.concrete import Evaluator, bound, plain
from tcpmodel.compile.encodings import COUNTS, Encoding, Integers, Vectors, both, either, negation, z3
from tcpmodel.compile.expressions import Emitter
from tcpmodel.compile.relation import Relation
from tcpmodel.compile.terms import Assumptions, Order, Terms
from tcpmodel.compile.values import choose, variable
from tcpmodel.spec import expr as x
from tcpmodel.spec import load

CIRCLE, HALF = 1 << 32, 1 << 31
ENCODINGS = [Vectors(), Integers()]
EACH = pytest.mark.parametrize("encoding", ENCODINGS, ids=lambda e: e.name)
DRAWN = settings(max_examples=60, derandomize=True, deadline=None)

A, B = (x.Name(x.SEQ, kind="tcb", name=name) for name in "AB")
N, M = (x.Name(x.INT, kind="tcb", name=name) for name in "NM")
T = x.Name(x.TIME, kind="tcb", name="T")
P = x.Name(x.BOOL, kind="tcb", name="P")
CTL = x.Name(x.FLAGS, kind="segment", name="SEG.CTL")

numbers = st.integers(0, CIRCLE - 1)
near = st.integers(-3, 3) | st.sampled_from([HALF - 1, HALF, HALF + 1, 1 - HALF, -HALF])
small = st.integers(-1000, 1000)


def evaluated(node: x.Expr, encoding: Encoding, **given: Any) -> tuple[Any, bool]:
    """The plain value of an expression where names have values, and whether its assumptions hold (else None)."""
    names = {n.name: n.type for n in x.walk(node) if isinstance(n, x.Name)}
    free = {name: variable(encoding, name, type) for name, type in names.items()}
    terms = Terms(encoding)
    value = terms.of(node, free)
    pairs = [p for name, type in names.items() for p in bound(free[name], type, given[name], encoding)]
    found, assumed = Evaluator([value, tuple(terms.assumptions.found.values())]).at(pairs)
    return (plain(found, node.type), True) if all(plain(item, x.BOOL) for item in assumed) else (None, False)


def in_python(node: x.Expr, **given: Any) -> Any:
    """What the generated code makes of the same expression."""
    names = {"t": type("T", (), given), "seq_min": runtime.seq_min, "seq_max": runtime.seq_max}
    found = eval(Emitter().emit(node), {**names})
    return bool(found) if node.type == x.BOOL else found


@EACH
@pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "==", "!="])
@given(a=numbers, distance=near)
@DRAWN
def test_order_of_sequence_numbers(encoding: Encoding, op: str, a: int, distance: int) -> None:
    node = x.Compare(x.BOOL, op, A, B)
    said, assumed = evaluated(node, encoding, A=a, B=a + distance)
    if assumed:
        assert said == in_python(node, A=a, B=(a + distance) % CIRCLE)
    assert assumed == (encoding.name == "vectors" or op in ("==", "!=") or abs(distance) < HALF)


@EACH
@pytest.mark.parametrize("op", ["min", "max"])
@given(a=numbers, distance=near)
@DRAWN
def test_extrema_of_sequence_numbers(encoding: Encoding, op: str, a: int, distance: int) -> None:
    node = x.Arith(x.SEQ, op, A, B)
    said, assumed = evaluated(node, encoding, A=a, B=a + distance)
    assert said == in_python(node, A=a, B=(a + distance) % CIRCLE) or not assumed


@EACH
@given(a=numbers, distance=near, n=small)
@DRAWN
def test_arithmetic_of_sequence_numbers(encoding: Encoding, a: int, distance: int, n: int) -> None:
    b = a + distance
    rows = [x.Arith(x.INT, "-", A, B), x.Arith(x.SEQ, "+", A, N), x.Arith(x.SEQ, "-", A, N), x.Arith(x.SEQ, "+", N, A)]
    for node in rows:
        said, assumed = evaluated(node, encoding, A=a, B=b, N=n)
        assert said == in_python(node, A=a, B=b % CIRCLE, N=n) or not assumed


@EACH
@given(n=small, m=small, t=st.integers(0, 1 << 61))
@DRAWN
def test_arithmetic_of_numbers_and_times(encoding: Encoding, n: int, m: int, t: int) -> None:
    rows = [x.Arith(x.INT, op, N, M) for op in ("+", "-", "*", "min", "max")]
    rows += [x.Arith(x.TIME, "+", T, T), x.Arith(x.TIME, "*", T, x.Literal(x.INT, value=2))]
    rows += [x.Compare(x.BOOL, op, N, M) for op in ("<", "<=", ">", ">=", "==", "!=")]
    for node in rows:
        assert evaluated(node, encoding, N=n, M=m, T=t) == (in_python(node, N=n, M=m, T=t), True)


@EACH
@given(n=small, m=small)
@DRAWN
def test_division_rounds_down_and_assumes_a_positive_divisor(encoding: Encoding, n: int, m: int) -> None:
    node = x.Arith(x.INT, "//", N, M)
    said, assumed = evaluated(node, encoding, N=n, M=m)
    assert assumed == (m > 0)
    assert not assumed or said == n // m


@EACH
@given(n=small, count=st.integers(-2, 16))
@DRAWN
def test_shifts_assume_a_count_that_can_occur(encoding: Encoding, n: int, count: int) -> None:
    for op, shift in (("<<", int.__lshift__), (">>", int.__rshift__)):
        said, assumed = evaluated(x.Arith(x.INT, op, N, M), encoding, N=n, M=count)
        assert assumed == (count in COUNTS)
        assert not assumed or said == shift(n, count)
        fixed = x.Arith(x.INT, op, N, x.Literal(x.INT, value=3))
        assert evaluated(fixed, encoding, N=n) == (shift(n, 3), True)


@EACH
def test_a_choice_and_a_junction_assume_only_where_they_get_to(encoding: Encoding) -> None:
    far, order = {"A": 0, "B": HALF}, x.Compare(x.BOOL, "<", A, B)
    guarded = x.Junction(x.BOOL, "and", (P, order)), x.Choice(x.BOOL, P, order, x.Not(x.BOOL, P))
    lax = encoding.name == "vectors"
    for node in guarded:
        assert evaluated(node, encoding, P=True, **far)[1] == lax
        assert evaluated(node, encoding, P=False, **far)[1]
    either_way = x.Junction(x.BOOL, "or", (P, order))
    assert evaluated(either_way, encoding, P=True, **far) == (True, True)
    assert evaluated(either_way, encoding, P=False, **far)[1] == lax


@EACH
@given(flags=st.integers(0, 511), mask=st.sampled_from([1, 2, 16, 18, 256]))
@DRAWN
def test_control_bits(encoding: Encoding, flags: int, mask: int) -> None:
    assert evaluated(x.HasFlag(x.BOOL, CTL, mask, ""), encoding, **{"SEG.CTL": flags}) == (flags & mask == mask, True)
    same = x.Compare(x.BOOL, "==", CTL, x.Literal(x.FLAGS, value=mask))
    assert evaluated(same, encoding, **{"SEG.CTL": flags}) == (flags == mask, True)
    assert evaluated(CTL, encoding, **{"SEG.CTL": flags}) == (flags, True)


@EACH
def test_a_number_read_on_the_circle(encoding: Encoding) -> None:
    node = x.Compare(x.BOOL, "<", x.Builtin(x.SEQ, "seq", (N,)), x.Builtin(x.SEQ, "seq", (M,)))
    assert evaluated(node, encoding, N=5, M=6) == (True, True)
    assert evaluated(node, encoding, N=CIRCLE - 1, M=1) == (True, True) or encoding.name == "integers"


@EACH
def test_a_state_that_is_known_is_worked_out(encoding: Encoding) -> None:
    state = x.Name(x.STATE, kind="tcb", name="STATE")
    equal, member = (
        x.Compare(x.BOOL, "==", state, x.Literal(x.STATE, value=4)),
        x.Member(x.BOOL, state, (3, 4), ("", "")),
    )
    for node in (equal, member):
        assert z3().is_true(Terms(encoding).of(node, {}, state=4))
        assert z3().is_false(Terms(encoding).of(node, {}, state=5))
        assert [evaluated(node, encoding, STATE=n)[0] for n in (4, 5)] == [True, False]


@st.composite
def held(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """At most two spans, disjoint and not adjacent, ascending from somewhere on the circle."""
    start = draw(numbers) + CIRCLE
    cuts = sorted(draw(st.sets(st.integers(0, 20), max_size=4)))
    rows = [(start + 2 * a, start + 2 * b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    return tuple(rows)


def on_circle(spans: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    return tuple((low % CIRCLE, high % CIRCLE) for low, high in spans)


@EACH
@given(spans=held(), start=st.integers(-3, 45), size=st.integers(-2, 12))
@DRAWN
def test_spans(encoding: Encoding, spans: tuple[tuple[int, int], ...], start: int, size: int) -> None:
    base = spans[0][0] if spans else CIRCLE
    free, order = variable(encoding, "S", x.SPANS, 2), Order(encoding)
    low, high = (encoding.literal(base + start + n, x.SEQ) for n in (0, size))
    values = [
        bounded.insert(free, low, high, order), (bounded.reach(free, low, order),),
        bounded.below(free, low, order), (bounded.covers(free, low, order),),
    ]  # fmt: skip
    pairs = list(bound(free, x.SPANS, spans, encoding))
    *found, assumed = Evaluator([*values, tuple(order.assumptions.found.values())]).at(pairs)
    here, there = (base + start) % CIRCLE, (base + start + size) % CIRCLE
    inserted = frozenset(runtime.insert(on_circle(spans), here, there))
    assert all(plain(item, x.BOOL) for item in assumed) == (len(inserted) <= 2)
    assert len(inserted) > 2 or frozenset(plain(found[0], x.SPANS)) == inserted
    assert plain(found[1][0], x.SEQ) == runtime.reach(on_circle(spans), here)
    assert frozenset(plain(found[2], x.SPANS)) == frozenset(runtime.below(on_circle(spans), here))
    assert plain(found[3][0], x.BOOL) == runtime.covers(on_circle(spans), here)


@EACH
@given(one=held(), other=held())
@DRAWN
def test_spans_are_equal_as_sets(encoding: Encoding, one: Any, other: Any) -> None:
    free = [variable(encoding, name, x.SPANS, 2) for name in "ST"]
    same = bounded.same_spans(free[0], free[1], Order(encoding))
    for second in (other, one, one[::-1]):
        pairs = [*bound(free[0], x.SPANS, one, encoding), *bound(free[1], x.SPANS, second, encoding)]
        (found,) = Evaluator([same]).at(pairs)
        assert plain(found, x.BOOL) == (set(on_circle(one)) == set(on_circle(second)))


@EACH
def test_spans_that_are_drawn_freely_are_well_formed(encoding: Encoding) -> None:
    free = variable(encoding, "S", x.SPANS, 2)
    solver = z3().Solver()
    solver.add(*well_formed(free, encoding), free[1][0])
    assert solver.check() == z3().sat
    (low, high), (start, end) = (tuple(solver.model().eval(v) for v in slot[1:]) for slot in free)
    values = [plain(value, x.SEQ) for value in (low, high, start, end)]
    assert all(0 < (b - a) % CIRCLE < HALF for a, b in pairwise(values))


def test_plain_truths_are_worked_out() -> None:
    p, true, false = z3().Bool("p"), z3().BoolVal(True), z3().BoolVal(False)
    assert z3().is_true(both()) and z3().is_false(either())
    assert both(true, p) is p and either(false, p) is p
    assert z3().is_false(both(p, false)) and z3().is_true(either(p, true))
    assert z3().is_false(negation(true)) and negation(negation(p)).eq(p)
    assert choose(true, p, false) is p and choose(false, p, true) is true


def test_assumptions_are_noted_once_and_under_their_branch() -> None:
    p, q, found = z3().Bool("p"), z3().Bool("q"), Assumptions()
    with found.under(p):
        found.add(q)
        found.add(q)
    found.add(z3().BoolVal(True))
    assert [str(term) for term in found.found.values()] == ["Implies(p, q)"]


def test_what_has_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="3 entries do not fit into 2 slots"):
        list(bound(variable(Vectors(), "S", x.SPANS, 2), x.SPANS, ((0, 1), (2, 3), (4, 5)), Vectors()))


def test_steps_over_given_terms_follow_one_another() -> None:
    """Two endpoints or two steps are told apart by their prefix; the TCB behind one step goes into the next."""
    model = load()
    relation = Relation(model, Integers())
    open_ = next(p for p in model.procedures if (p.event, p.event_name) == ("call", "OPEN"))
    first = relation.step(open_, 0, relation.tcb("a."), relation.inputs(open_, "1."))
    listening = model.states.index("LISTEN")
    second = relation.step(open_, listening, first.after, relation.inputs(open_, "2."))
    solver = z3().Solver()
    solver.add(
        *first.assumptions, *second.assumptions, first.inputs["CALL.passive"],
        z3().Not(second.inputs["CALL.passive"]), z3().Not(second.inputs["CALL.unspecified"]),
    )
    sent = Relation(model, Integers()).encoding.literal(model.states.index("SYN-SENT"), x.STATE)
    assert solver.check(second.after["STATE"] != sent) == z3().unsat
    assert solver.check(second.after["SND.NXT"] != second.inputs["FRESH.ISS"] + 1) == z3().unsat
    assert {str(term).split(".")[0] for term in (first.before["ISS"], second.inputs["FRESH.ISS"])} == {"a", "2"}
