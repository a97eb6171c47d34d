"""Runs that break a property of a broken text: found, accepted by that text, and rejected by RFC 9293."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path as File

import pytest

from tcpmodel.compile import load_steps
from tcpmodel.prove import refute
from tcpmodel.prove.context import Context
from tcpmodel.prove.explore import Path, scenario, search
from tcpmodel.prove.explore.system import Impossible
from tcpmodel.prove.refute import BREAKS, counterexample
from tcpmodel.prove.units import Subject, context_of, units, work
from tcpmodel.trace import open_trace
from tcpmodel.verify import Options, verify
from tcpmodel.verify.checker import check
from tests.measure.spec_mutants import changes

RFC = context_of(Subject())

# variant, property, steps of the run behind the scenario's start
BROKEN = [
    ("accelerated-open", "syn-text-waits", 4),
    ("close-resets", "close-sends-no-reset", 7),
    ("closed-silent", "closed-answers", 3),
    ("closed-silent", "half-open-reset", 3),
    ("fin-with-unread-text", "unread-text-resets", 1),
    ("no-reset-after-close", "text-after-half-duplex-close", 3),
    ("no-time-wait", "fin-wait-1-both", 6),
    ("reset-needs-ack", "syn-received-reset", 9),
    ("simultaneous-open-acked", "simultaneous-open", 4),
    ("syn-ack-processed", "blind-syn-ack", 4),
    ("time-wait-assassination", "blind-reset", 5),
    ("time-wait-assassination", "time-wait-left", 5),
    ("time-wait-closed", "time-wait-close", 1),
    ("two-way-handshake", "no-shortcut", 4),
    ("two-way-handshake", "own-syn-acknowledged", 4),
    ("two-way-handshake", "stale-syn", 1),
    ("two-way-handshake", "syn-ack-sent", 5),
    ("two-way-handshake", "syn-text-waits", 4),
]  # fmt: skip
# Why no run is found.
NOT_FOUND = {
    ("accelerated-open", "delivered-once"): "no exploration knows whom it has met; see syn-text-once",
    ("no-time-wait", "time-wait-coverage"): "about all segments ever sent; explorations of their own break it",
    ("time-wait-closed", "time-wait-coverage"): "about all segments ever sent; explorations of their own break it",
    ("syn-fin-shortcut", "own-syn-acknowledged"): "no endpoint that keeps to the rules sends a SYN,FIN",
    ("syn-fin-shortcut", "syn-fin-waits"): "no endpoint that keeps to the rules sends a SYN,FIN",
    ("syn-fin-shortcut", "syn-sent-unacknowledged"): "no endpoint that keeps to the rules sends a SYN,FIN",
    ("two-way-handshake", "agreement"): "the proof fails; who is open too early has nothing acknowledged yet",
    ("two-way-handshake", "delivered-once"): "no exploration knows whom it has met; see syn-text-once",
    ("two-way-handshake", "incarnations"): "the proof fails; who is open too early has nothing acknowledged yet",
}


@cache
def context(variant: str) -> Context:
    return context_of(Subject(variants=(variant,)))


def found(variant: str, name: str) -> Path | None:
    return counterexample(context(variant).properties.properties[name], context(variant))


def test_the_tables_have_every_variant_that_breaks_a_step() -> None:
    items = [item for item in RFC.properties.properties.values() if item.method in BREAKS]
    pairs = {(mutant.variant, item.name) for item in items for mutant in item.mutants if mutant.variant}
    assert {row[:2] for row in BROKEN} | NOT_FOUND.keys() == pairs


@pytest.mark.parametrize(("variant", "name", "steps"), BROKEN)
def test_a_run_breaks_it(variant: str, name: str, steps: int, tmp_path: File) -> None:
    path = found(variant, name)
    assert path is not None
    item = context(variant).properties.properties[name]
    broken = BREAKS[item.method](item, context(variant))
    assert broken(path.last) and not any(broken(step.after) for step in path.steps[path.begins : -1])
    assert len(path) == steps
    path.trace(name).save(tmp_path / "path.json")
    assert judged(tmp_path / "path.json", (variant,)) == "conforming"
    assert judged(tmp_path / "path.json") == "violation"


def judged(file: File, variants: tuple[str, ...] = ()) -> str:
    """The verdict, whose witness the checker has accepted."""
    steps = load_steps(variants=variants)
    verdict = verify(open_trace(file), steps, Options(witness=True))
    assert check(verdict, open_trace(file), steps, hidden=False) == []
    (found,) = verdict.connections
    return found.verdict


@pytest.mark.parametrize(("variant", "name"), NOT_FOUND)
def test_no_run_is_made_up(variant: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is there one further on; but that takes longer."""
    monkeypatch.setattr(refute, "STATES", refute.FIRST)
    assert found(variant, name) is None


@pytest.mark.parametrize("name", ["closed-answers", "stale-syn", "time-wait-close", "blind-syn-ack"])
def test_nothing_breaks_what_is_proved(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refute, "STATES", refute.FIRST)
    assert counterexample(RFC.properties.properties[name], RFC) is None


def test_a_run_that_nobody_looks_for_is_not_found() -> None:
    item = context("time-wait-closed").properties.properties["time-wait-close"]
    assert counterexample(replace(item, search=("stale-syn",)), context("time-wait-closed")) is None
    assert counterexample(replace(item, search=("closed-again",)), context("time-wait-closed")) is not None


@cache
def mute() -> Context:
    """RFC 9293 without a SYN,ACK, so that hardly a scenario can begin."""
    (change,) = (c for c in changes(RFC.model) if c.name == "delete rule output.syn-ack: ")
    return Context(change.model, RFC.properties)


def test_a_scenario_that_a_broken_text_cannot_begin_is_passed_over() -> None:
    item = replace(RFC.properties.properties["close-moves"], search=("connection", "any-open"))
    assert counterexample(item, mute()) is None
    with pytest.raises(Impossible, match="b sends SYN,ACK"):
        search(scenario("closing", "rfc9293"), lambda now: False, models=mute().model)


def test_what_cannot_be_asked_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcpmodel.prove.units.context_of", lambda subject: mute())
    (unit,) = units(Subject(), "property", "request-in-window", 10.0)
    done = work(unit)
    assert not done.failures and "not possible: b sends SYN,ACK" in done.unknown[0].reason
