"""What generated code stands on, against naive models over sets of integers modulo 2^32."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcpmodel.compile.runtime import (
    MAX_OWED,
    Owed,
    Spans,
    answering,
    below,
    covers,
    insert,
    owe,
    reach,
    seq_max,
    seq_min,
)

CIRCLE, REACH = 1 << 32, 60
BASES = st.one_of(
    st.integers(0, CIRCLE - 1), st.integers(CIRCLE - REACH, CIRCLE - 1), st.just(0), st.just((1 << 31) - 7)
)
OFFSETS = st.integers(0, REACH)
PAIRS = st.lists(st.tuples(OFFSETS, OFFSETS), max_size=8)


def at(base: int, offset: int) -> int:
    return (base + offset) % CIRCLE


def numbers(spans: Spans) -> set[int]:
    """Every sequence number in the spans."""
    return {at(low, step) for low, high in spans for step in range((high - low) % CIRCLE)}


def build(base: int, pairs: list[tuple[int, int]]) -> tuple[Spans, set[int]]:
    """Spans by inserting the pairs one after the other, and the same as a set."""
    spans: Spans = ()
    held: set[int] = set()
    for low, high in pairs:
        spans = insert(spans, at(base, low), at(base, high))
        held |= {at(base, offset) for offset in range(low, high)}
    return spans, held


@given(BASES, PAIRS)
def test_insert_is_union(base: int, pairs: list[tuple[int, int]]) -> None:
    spans, held = build(base, pairs)
    assert numbers(spans) == held


@given(BASES, PAIRS)
def test_spans_are_ascending_and_apart(base: int, pairs: list[tuple[int, int]]) -> None:
    spans, _ = build(base, pairs)
    edges = [(edge - base) % CIRCLE for span in spans for edge in span]
    assert edges == sorted(set(edges))


@given(BASES, PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(base: int, pairs: list[tuple[int, int]], random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert build(base, pairs)[0] == build(base, shuffled)[0]


@given(BASES, PAIRS, OFFSETS)
def test_reach_is_the_first_number_not_held(base: int, pairs: list[tuple[int, int]], offset: int) -> None:
    spans, held = build(base, pairs)
    first = offset
    while at(base, first) in held:
        first += 1
    assert reach(spans, at(base, offset)) == at(base, first)


@given(BASES, PAIRS, OFFSETS)
def test_below_drops_what_lies_before(base: int, pairs: list[tuple[int, int]], offset: int) -> None:
    spans, held = build(base, pairs)
    assert numbers(below(spans, at(base, offset))) == {n for n in held if (n - base) % CIRCLE >= offset}


@given(BASES, PAIRS, OFFSETS)
def test_covers_is_membership(base: int, pairs: list[tuple[int, int]], offset: int) -> None:
    spans, held = build(base, pairs)
    assert covers(spans, at(base, offset)) == (at(base, offset) in held)


@given(st.integers(0, CIRCLE - 1), st.integers(0, (1 << 31) - 1))
def test_the_earlier_and_the_later_of_two(a: int, ahead: int) -> None:
    b = at(a, ahead)
    assert (seq_min(a, b), seq_min(b, a)) == (a, a)
    assert (seq_max(a, b), seq_max(b, a)) == (b, b)


NUMBERS = st.integers(0, 3)
FORMS = st.tuples(st.sampled_from((4, 16, 18, 20)), NUMBERS, st.integers(-1, 3))
ENTRIES = st.lists(
    st.tuples(st.integers(0, 3), st.lists(FORMS, min_size=1, max_size=3).map(tuple)), max_size=6, unique=True
)
SEGMENTS = st.builds(SimpleNamespace, flags=st.integers(0, 511), seq=NUMBERS, ack=NUMBERS)
PLAIN = {1: "FIN", 2: "SYN", 4: "RST", 16: "ACK"}
owed, discharge, _ = answering(sum(PLAIN), 16)


def kinds(flags: int) -> set[str]:
    return {name for bit, name in PLAIN.items() if flags & bit}


@given(ENTRIES.map(tuple), SEGMENTS)
def test_owed_is_an_answer_number_for_number(entries: Owed, segment: SimpleNamespace) -> None:
    wanted = [form for _, forms in entries for form in forms]
    assert owed(entries, segment) == any(
        kinds(segment.flags) == kinds(flags) and segment.seq == seq and (ack < 0 or segment.ack == ack)
        for flags, seq, ack in wanted
    )


@given(ENTRIES.map(tuple), SEGMENTS)
def test_discharge_leaves_what_was_not_answered(entries: Owed, segment: SimpleNamespace) -> None:
    """An acknowledgment is contained in any segment with an ACK; anything else is answered number for number."""

    def answered(form: tuple[int, int, int]) -> bool:
        acknowledges = kinds(form[0]) == {"ACK"} and "ACK" in kinds(segment.flags)
        return acknowledges or owed(((0, (form,)),), segment)

    left = [entry for entry in entries if not any(map(answered, entry[1]))]
    assert list(discharge(entries, segment)) == left


@given(ENTRIES.map(tuple), st.integers(0, 3), st.lists(FORMS, min_size=1, max_size=2).map(tuple))
def test_owe_adds_an_answer_once(entries: Owed, rule: int, forms: tuple[tuple[int, int, int], ...]) -> None:
    after = owe(entries, rule, forms)
    assert after == (entries if (rule, forms) in entries else (*entries, (rule, forms)))
    assert owe(after, rule, forms) == after


def test_the_oldest_answer_is_forgotten() -> None:
    entries: Owed = ()
    for number in range(MAX_OWED + 5):
        entries = owe(entries, number, ((16, number, -1),))
    assert [rule for rule, _ in entries] == list(range(5, MAX_OWED + 5))


@pytest.mark.parametrize(
    ("spans", "start", "end", "after"),
    [
        ((), 5, 5, ()),
        ((), 5, 4, ()),
        (((1, 3),), 3, 5, ((1, 5),)),
        (((1, 3), (7, 9)), 4, 6, ((1, 3), (4, 6), (7, 9))),
        (((1, 3), (7, 9)), 2, 8, ((1, 9),)),
        (((CIRCLE - 2, 1),), 1, 4, ((CIRCLE - 2, 4),)),
    ],
)
def test_insert_by_example(spans: Spans, start: int, end: int, after: Spans) -> None:
    assert insert(spans, start, end) == after
