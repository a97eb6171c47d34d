"""Runs that are put together explain what they should, and nothing where the model forbids them."""

from __future__ import annotations

import pytest

from .explainable import rival
from .mutants import mutate
from .mutation import Specimen, specimens
from .runs import accepted, completed


def specimen(name: str, told: bool) -> Specimen:
    """A textbook trace; `told` what it says of itself."""
    return next(s for s in specimens(told) if s.name == name)


@pytest.mark.parametrize(
    ("name", "kind", "at", "told", "run"),
    [
        ("simultaneous-open.json", "clear ACK", 2, True, "the SYN heads the retransmission queue"),
        ("time-wait-old-syn.json", "SEQ +1000", 7, True, "another connection, and nothing refers to its initial"),
        ("window-scale-filled.json", "ACK -1000", 6, False, "the beginning of the text, sent before, is missing"),
        ("close.json", "SEQ +1000", 3, True, ""),
        ("close.json", "clear ACK", 1, False, ""),
    ],
)
def test_runs_are_put_together(name: str, kind: str, at: int, told: bool, run: str) -> None:
    subject = specimen(name, told)
    mutant = mutate(subject.trace.items, kind, at)
    assert mutant is not None
    found = completed(subject.setting(mutant), subject.steps)
    assert found.startswith(run) and bool(found) == bool(run)


def test_what_conforms_is_accepted_and_a_number_off_is_not() -> None:
    subject = specimen("close.json", told=False)
    mutant = mutate(subject.trace.items, "SEQ +1", 3)
    assert mutant is not None
    assert accepted(subject.trace.items, "", subject.steps)
    assert not accepted(mutant.items, "", subject.steps)


def test_only_a_syn_that_one_segment_refers_to_has_a_rival() -> None:
    refused, closed = specimen("refused.json", told=False), specimen("close.json", told=False)
    alone, known = mutate(refused.trace.items, "SEQ +1000", 0), mutate(closed.trace.items, "SEQ +1000", 0)
    assert alone is not None and known is not None
    assert rival(refused.setting(alone)) is refused.trace.items[1]
    assert rival(closed.setting(known)) is None
