"""Mutants of the specification: some of each kind are noticed, and those that cannot be are real ones."""

from __future__ import annotations

import random

import pytest

from .spec_mutation import KINDS, drawn, judge, originals, survivors

SAMPLE = {kind: [n for n, change in enumerate(originals()) if change.kind == kind] for kind in KINDS}


def test_there_are_enough_of_them() -> None:
    assert len(originals()) > 700 and all(len(rows) > 20 for rows in SAMPLE.values())
    assert len(drawn(240, 1)) == 240 and drawn(240, 1) != drawn(240, 2)


def test_each_survivor_is_a_mutant_and_has_a_reason() -> None:
    assert survivors().keys() <= {change.name for change in originals()}
    assert all(reason[0].islower() and len(reason) > 30 for reason in survivors().values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutant_of_each_kind_is_noticed(kind: str) -> None:
    names = survivors()
    index = next(n for n in random.Random(9293).sample(SAMPLE[kind], 5) if originals()[n].name not in names)
    assert judge(index).by
