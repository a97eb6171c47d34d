"""Nothing is proved of what never happens: runs meet the condition of every property of steps."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from tcpmodel.prove import witnesses as module
from tcpmodel.prove.methods.reading import TRUE
from tcpmodel.prove.property import Property
from tcpmodel.prove.units import Subject, context_of
from tcpmodel.prove.witnesses import strays, witnesses
from tcpmodel.spec.expr import BOOL, Literal

CONTEXT = context_of(Subject())
STEPS = {item.name: item for item in CONTEXT.properties.properties.values() if item.method == "step"}
NEVER = Literal(BOOL, 0, "False")

NO_OPTIONS = "no segment of an exploration has options"
OPEN_WINDOW = "a window that an exploration offers is smaller than no text, and closed only where texts and no FIN come"
URGENT = "nothing in an exploration is urgent"
UNCALLED = "no exploration calls RECEIVE, which changes nothing"
BREACH = "no endpoint of an exploration breaks a rule"
# Why no run meets the condition; that some step does is proved along with each property.
NOT_MET = {
    "zero-window-accepts-ack": OPEN_WINDOW,
    "text-straddling": OPEN_WINDOW,
    "fin-edge-taken": OPEN_WINDOW,
    "fin-edge-told": OPEN_WINDOW,
    "fin-edge-may-be-taken": OPEN_WINDOW,
    "empty-probe-may-leave": OPEN_WINDOW,
    "syn-text-may-be-taken": "an exploration offers the same window whatever it has taken",
    "repetition-with-new-text": "no text of an exploration is cut anew",
    "urgent-kept": URGENT,
    "urgent-may-move": URGENT,
    "urgent-told": URGENT,
    "receive-waits-or-gets": UNCALLED,
    "receive-refused": UNCALLED,
    "new-text-in-window": "no segment of an exploration has more than one octet of text",
    "mss-on-syn-only": NO_OPTIONS,
    "sack-permitted-on-syn-only": NO_OPTIONS,
    "sack-as-negotiated": NO_OPTIONS,
    "timestamps-kept": NO_OPTIONS,
    "paws-refuses": NO_OPTIONS,
    "newest-timestamp-kept": NO_OPTIONS,
    "newer-timestamp-taken": NO_OPTIONS,
    "reset-has-no-timestamp": NO_OPTIONS,
    "no-offer-no-protection": NO_OPTIONS,
    **{name: BREACH for name, item in STEPS.items() if item.claim.effects.breaks},
}
# What no peer ever sends.
FROM_OUTSIDE = {
    *("dropped-without-ack", "syn-fin-waits", "urgent-forward", "urgent-taken", "urgent-at-closed-window"),
    *("fin-held-taken", "fin-old", "fin-outside", "syn-again-challenged", "own-segment-comes-back", "urgent-told-once"),
    "second-syn-listens-again",
}


@cache
def met() -> dict[str, str]:
    return witnesses(STEPS.values(), CONTEXT)


def test_every_condition_is_met() -> None:
    assert len(STEPS) > 60
    assert STEPS.keys() - met().keys() == NOT_MET.keys()


def test_an_honest_peer_is_enough_for_nearly_all() -> None:
    assert {name for name, where in met().items() if "a stray" in where} == FROM_OUTSIDE
    assert len({where for where in met().values() if "a stray" in where}) >= len(strays(CONTEXT))


def test_random_runs_are_seldom_needed() -> None:
    assert sum("random run" in where for where in met().values()) <= 10


def test_what_never_happens_is_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST", "STATES"):
        monkeypatch.setattr(module, name, 500)
    item: Property = STEPS["closed-answers"]
    never = replace(item, claim=replace(item.claim, when=NEVER))
    always = replace(item, name="always", claim=replace(item.claim, when=TRUE))
    assert witnesses([never, always], CONTEXT, runs=2).keys() == {"always"}
