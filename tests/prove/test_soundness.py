"""What must not be proved: claims that are false before anything has happened, of steps that there are none of, or of
numbers that wrap; and no run refutes that breaks what is taken for granted."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tcpmodel.errors import SpecError
from tcpmodel.prove.context import Context
from tcpmodel.prove.load import FOLDER, load_properties, property_files
from tcpmodel.prove.methods.induction import POSSIBLE
from tcpmodel.prove.obligation import decide
from tcpmodel.prove.refute import counterexample
from tcpmodel.prove.units import obligations_of, parts_of
from tcpmodel.spec import load
from tcpmodel.spec.expr import BOOL, Literal
from tcpmodel.spec.find import located

SOMEBODY = """
lemma: somebody
about: segment
holds: A.INC + B.INC >= 1
given: [order]
why: a segment has a sender
---
property: tried
statement: Somebody has begun a connection
cite: RFC 9293 3.4
method: induction
given: [somebody]
holds: A.INC + B.INC >= 1
"""
NO_STEP = """
property: tried
statement: x
cite: RFC 9293 3.4
method: induction
on: any
in: [ESTABLISHED]
given: [order]
when: NEXT.STATE == LISTEN
then: SEG.INC == 77
"""
ON_THE_CIRCLE = """
property: tried
statement: x
cite: RFC 9293 3.4
method: induction
on: segment
in: [ESTABLISHED]
given: [whole]
then: not (SEG.SEQ < RCV.NXT and RCV.NXT < SEG.SEQ)
"""
FRESH = """
lemma: weak
about: endpoints
holds: A.INC >= 0
assumptions: [fresh-iss, lifetime, width]
given: [order]
why: too weak for anything
---
property: tried
statement: Whoever is established knows the current incarnation of the peer
cite: RFC 9293 3.4
method: induction
search: [number-used-again]
on: any
given: [weak]
when: [STATE not in SYNCHRONIZED, NEXT.STATE in SYNCHRONIZED, NEXT.STATE != FIN-WAIT-1, NEXT.PEER.INC >= 1]
then: [SEG.INC == NEXT.PEER.INC, SEG.PEER.INC == NEXT.INC]
"""


def tried(text: str, root: Path) -> Context:
    """The lemmas of RFC 9293, and one property more."""
    model, folder = load(), root / FOLDER / "rfc9293"
    folder.mkdir(parents=True)
    for path in property_files(located(model.files[0])):
        if path.stem in ("assumptions", "endpoint", "connection"):
            shutil.copy(path, folder)
    (folder / "tried.yaml").write_text(text.lstrip(), encoding="utf-8")
    return Context(model, load_properties(model, root))


def answers(context: Context) -> list[bool | None]:
    parts = parts_of(context, "property", "tried")
    return [decide(o, 20.0).holds for part in parts for o in obligations_of(context, "property", "tried", part)]


def test_what_is_said_of_segments_says_nothing_where_there_are_none(tmp_path: Path) -> None:
    assert answers(tried(SOMEBODY, tmp_path)) == [False]


def test_a_claim_about_no_step_is_not_proved(tmp_path: Path) -> None:
    assert answers(tried(NO_STEP, tmp_path))[0] is False


def test_a_claim_about_some_step_is_about_one(tmp_path: Path) -> None:
    assert answers(tried(NO_STEP.replace("LISTEN", "CLOSED").replace("SEG.INC == 77", "INC >= 0"), tmp_path))[0] is True


def test_integers_are_not_the_circle(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="a proof over integers rests on an assumption"):
        tried(ON_THE_CIRCLE, tmp_path)


def test_a_run_that_breaks_an_assumption_of_a_lemma_refutes_nothing(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    context = tried(FRESH, tmp_path / "with")
    assert counterexample(context.properties.properties["tried"], context) is None
    context = tried(FRESH.replace("fresh-iss, ", "").replace("given: [order]\n", ""), tmp_path / "without")
    assert counterexample(context.properties.properties["tried"], context) is not None


def test_assumptions_that_exclude_one_another_prove_nothing(tmp_path: Path) -> None:
    context = tried(SOMEBODY, tmp_path)
    contradiction = replace(context.properties.assumptions["fresh-iss"], holds=Literal(BOOL, 0, "False"))
    context.properties.assumptions["fresh-iss"] = contradiction
    found = [decide(o, 20.0).holds for o in obligations_of(context, "lemma", "order", POSSIBLE)]
    assert found == [False] * len(context.model.states)
