"""Mutants are what they say they are, and most of those that no run explains are found where they are."""

from __future__ import annotations

from itertools import islice

import pytest

from tcpmodel.trace import Event, Segment
from tcpmodel.trace.segment import ACK, FIN

from .explainable import explanation
from .material import TRACES
from .mutants import CHANGES, KINDS, Memory, mutants, mutate, shape
from .mutation import BLAMED, Specimen, measure, rate, specimens

OPENING: list[Event] = [
    Segment(1, 0, "10.0.0.1:40000", "10.0.0.2:80", seq=100, flags=2, len=1, wnd=1000, mss=1460),
    Segment(2, 10, "10.0.0.2:80", "10.0.0.1:40000", seq=300, ack=101, flags=18, len=1, wnd=1000, mss=1460),
    Segment(3, 20, "10.0.0.1:40000", "10.0.0.2:80", seq=101, ack=301, flags=16, wnd=1000),
    Segment(4, 30, "10.0.0.1:40000", "10.0.0.2:80", seq=101, ack=301, flags=24, len=10, text=10, wnd=1000),
]


def specimen(name: str) -> Specimen:
    """A textbook trace, told what it says of itself."""
    return next(s for s in specimens(told=True) if s.name == name)


@pytest.mark.parametrize("kind", CHANGES)
def test_a_changed_field_leaves_the_other_segments_alone(kind: str) -> None:
    for at in range(len(OPENING)):
        mutant = mutate(OPENING, kind, at)
        if mutant is not None:
            assert [i for i, item in enumerate(mutant.items) if item != OPENING[i]] == [at]
            assert mutant.frames == {at + 1}


def test_flags_take_sequence_numbers() -> None:
    mutant = mutate(OPENING, "set FIN", 3)
    assert mutant is not None and mutant.after is not None
    assert (mutant.after.flags & FIN, mutant.after.len, mutant.after.text) == (FIN, 11, 10)


def test_what_changes_nothing_is_no_mutant() -> None:
    assert mutate(OPENING, "ACK +1", 0) is None
    assert mutate(OPENING, "set ACK", 1) is None


def test_order_and_loss() -> None:
    swapped, dropped = mutate(OPENING, "swap", 1), mutate(OPENING, "drop", 1)
    assert swapped is not None and dropped is not None
    assert [(item.frame, item.time, shape(item)) for item in swapped.items[1:3] if isinstance(item, Segment)] == [
        (2, 10, "ACK"), (3, 20, "SYN,ACK"),
    ]  # fmt: skip
    assert [item.frame for item in dropped.items] == [1, 3, 4]


def test_mutants_are_drawn_by_the_seed() -> None:
    drawn = [[str(m) for m in mutants(OPENING, 5, seed)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(list(mutants(OPENING, 10_000, 1))) > 3 * len(KINDS) // 2


def test_shapes_name_what_a_segment_is() -> None:
    assert [shape(s) for s in OPENING if isinstance(s, Segment)] == ["SYN", "SYN,ACK", "ACK", "text"]
    assert shape(Segment(1, 0, "a", "b", flags=FIN | ACK, text=3)) == "FIN+text"


@pytest.mark.parametrize(
    ("kind", "at", "run"),
    [
        ("window 0", 3, "no MUST bounds the window that is offered"),
        ("drop", 6, "the trace ends before it"),
        ("SEQ +1000", 3, ""),
        ("clear SYN", 0, ""),
    ],
)
def test_runs_are_named(kind: str, at: int, run: str) -> None:
    subject = specimen("close.json")
    mutant = mutate(subject.trace.items, kind, at)
    assert mutant is not None
    assert explanation(subject.setting(mutant)) == run


def test_memory_counts_its_segments() -> None:
    assert (Memory(OPENING).tcp_segments, Memory(OPENING).packets, list(Memory(OPENING))) == (4, 4, OPENING)


@pytest.mark.slow
def test_mutations_of_textbook_traces_are_found() -> None:
    assert TRACES.is_dir()
    tally = measure(islice((s for s in specimens(told=True) if s.name.endswith(".json")), 0, None, 2), count=3)
    assert tally.crashes == []
    assert rate(tally) > 0.7
    assert rate(tally, BLAMED) > 0.85
    assert rate(tally, BLAMED, explained=True) < 0.15
