"""Conditions of properties at a step of an exploration: what is not known or not there decides nothing."""

from __future__ import annotations

from functools import cache

import pytest

from tcpmodel.prove.explore import Situation, random_run
from tcpmodel.prove.explore.system import HAPPENS, SENDS, TICK, Move
from tcpmodel.prove.explore.values import Unknown, holds, step_holds
from tcpmodel.prove.load import load_properties
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.system.ghosts import read_ghosts
from tcpmodel.spec import load
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report
from tcpmodel.spec.source import Source, Text

MODEL = load()
PROPERTIES = load_properties(MODEL)
GHOSTS = read_ghosts(MODEL, PROPERTIES.documents).explored


def condition(text: str, about: str) -> Expr:
    words, report = Words(MODEL), Report()
    for key, node in PROPERTIES.documents.items():
        if key.startswith("ghosts "):
            words.declare(node, report)
    spelled = Text(text, Source("test", text), 0, len(text))
    found = expression(spelled, words.scope(about), report, "bool")
    report.check()
    return found


@cache
def step(kind: str) -> Situation:
    """The first step of some run that is of this kind."""
    found = (s.after for seed in range(20) for s in random_run(seed, 40).steps)
    return next(now for now in found if isinstance(now.move, Move) and now.move.kind == kind)


def said(text: str, kind: str, otherwise: bool = True) -> bool:
    return step_holds(condition(text, "system step"), GHOSTS, otherwise)(step(kind))


@pytest.mark.parametrize(
    "text", ["RST in SEG.CTL", "not RST in SEG.CTL", "SEG.INC < B.INC or SEG.INC == 1", "INC >= 0 and SEG.SEQ == 0"]
)
@pytest.mark.parametrize("otherwise", [False, True])
def test_a_segment_that_is_not_there_decides_nothing(text: str, otherwise: bool) -> None:
    assert said(text, HAPPENS, otherwise) is otherwise


@pytest.mark.parametrize("otherwise", [False, True])
def test_what_is_decided_without_the_segment_is_said(otherwise: bool) -> None:
    assert said("SEG.SEQ == 0 or INC >= 0", HAPPENS, otherwise)
    assert not said("SEG.SEQ == 0 and INC < 0", HAPPENS, otherwise)
    assert not said("not (SEG.SEQ == 0 or INC >= 0)", HAPPENS, otherwise)


def test_a_segment_that_is_there_decides() -> None:
    assert said("SEG.SENT == NOW and SEG.INC == INC", SENDS, False)
    assert not said("SEG.SENT != NOW", SENDS, True)
    assert not said("SEG.PEER.INC == 7", SENDS, True)


@pytest.mark.parametrize("otherwise", [False, True])
def test_where_nobody_acts_there_is_no_step(otherwise: bool) -> None:
    assert said("STATE == CLOSED", TICK, otherwise) is otherwise


def test_a_number_that_never_changes_is_known_where_the_text_says_it() -> None:
    assert said("LAG == 0", HAPPENS, False)
    assert holds(condition("LAG == 0", "exchange"), GHOSTS)(step(HAPPENS))
    assert said("LARGEST.WINDOW == 100", HAPPENS, False)
    with pytest.raises(Unknown, match=r"LARGEST\.WINDOW"):
        holds(condition("LARGEST.WINDOW == 0", "exchange"), {})(step(HAPPENS))


def test_a_number_that_is_drawn_belongs_to_the_step_that_draws_it() -> None:
    assert said("FRESH.ISS == 0 or FRESH.ISS != 0", SENDS, False) is False
    assert said("FRESH.ISS == 0", SENDS, True) is True


@pytest.mark.parametrize("text", ["WAITED", "B.WAITED", "NEXT.WAITED", "SEG.LEFT"])
def test_what_an_exploration_does_not_keep_is_unknown(text: str) -> None:
    with pytest.raises(Unknown, match="an exploration does not know"):
        said(text, SENDS)


def test_the_name_of_an_expression_is_known() -> None:
    assert said("TEXT.END == (SND.NXT - 1 if FIN.SENT else SND.NXT)", SENDS, False)
    assert holds(condition("A.TEXT.END == A.SND.NXT or A.FIN.SENT", "exchange"), GHOSTS)(step(SENDS))
