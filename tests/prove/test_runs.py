"""Proofs are about the machine that replays traces: runs of its step functions keep all that is proved of it.

RUNS=1000 pytest tests/prove/test_runs.py takes as many random runs; without it a tenth is taken.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

pytest.importorskip("z3")

from agreement import Python, Terms, differences
from agreement_draws import Example
from tracking import Tracking

from tcpmodel.compile.bounded import OWED, Answers
from tcpmodel.compile.encodings import Vectors
from tcpmodel.compile.expressions import identifier
from tcpmodel.compile.relation import ASSUME
from tcpmodel.prove.context import Context
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore import Path, Scenario, Situation, random_run, scenario
from tcpmodel.prove.explore.endpoint import compiled
from tcpmodel.prove.explore.path import End
from tcpmodel.prove.explore.scenario import ANY
from tcpmodel.prove.explore.system import Move
from tcpmodel.prove.explore.values import FIELDS, Unknown
from tcpmodel.prove.property import Lemma, Property
from tcpmodel.prove.refute import BREAKS, counterexample, event_of, shared
from tcpmodel.prove.units import Subject, context_of
from tcpmodel.trace import Segment

RUNS, LENGTH = int(os.environ.get("RUNS", "100")), 40
CALLS = {"call CLOSE": ANY, "timeout TIME-WAIT": ANY}
ORDERLY = replace(
    scenario("random-established"), name="orderly", controls=("SYN", "ACK", "FIN"),
    events=({"call OPEN": ANY, **CALLS}, {"call OPEN passive=True": ANY, **CALLS}),
)  # fmt: skip
"""Nobody resets, aborts, crashes or gives up, which some proofs assume."""

OPTIONS = "both-offer"
"""The assumption that no run keeps to for long, since no segment of an exploration has options."""
# Properties that a single step of an exploration does not decide; the runs that are tracked below do.
BEYOND = {
    "delivered-as-sent": "an exploration does not note what has arrived",
    "delivered-once": "an exploration does not note whom an endpoint has met",
    "one-iss": "about all segments that were ever sent",
    "one-number-for-the-fin": "about all segments that were ever sent",
    "time-wait-coverage": "about all segments that were ever sent",
    "none-of-an-earlier-incarnation": "an exploration does not note which incarnation has sent what was owed before",
    "keep-alive-not-delivered": "an exploration does not note what had been acknowledged when a segment was sent",
    "both-closed": "an exploration does not note whether the user has called CLOSE",
}


@cache
def context(*variants: str) -> Context:
    return context_of(Subject(variants=variants))


def runs(names: tuple[str | Scenario, ...], count: int, variants: tuple[str, ...] = ()) -> Iterator[Path]:
    """So many random runs, of each scenario in turn."""
    for seed in range(count):
        yield random_run(seed, LENGTH, scenario=names[seed % len(names)], models=context(*variants).model)


def steps(paths: Iterator[Path] | list[Path]) -> Iterator[Situation]:
    """Everything that happens at an endpoint in the runs."""
    for path in paths:
        yield from (step.after for step in path.steps if isinstance(step.after.move, Move) and step.rules)


def test_no_run_breaks_a_proved_property() -> None:
    known = context().properties.properties
    items = [p for p in known.values() if p.method in BREAKS and p.expect == "proved" and p.name not in BEYOND]
    breaks = {item.name: BREAKS[item.method](item, context()) for item in items}
    assert len(breaks) > 60
    found: dict[str, str] = {}
    for now in steps(runs(shared(context(), "random"), RUNS)):
        for name, broken in breaks.items():
            if broken(now):
                found.setdefault(name, f"{now.move}: {now.rules}")
    assert found == {}


@pytest.mark.parametrize("name", BEYOND)
def test_what_is_beyond_an_exploration_is_not_taken_for_kept(name: str) -> None:
    with pytest.raises(Unknown):
        asked_along_runs(context().properties.properties[name])


def asked_along_runs(item: Property) -> None:
    broken = BREAKS[item.method](item, context())
    for now in steps(runs(("random-established",), 10)):
        broken(now)


Said = dict[str, tuple[Callable[..., bool], str, frozenset[str]]]


def said(context: Context) -> Said:
    """All that is proved of situations: the condition, what it is about, and under which assumptions."""
    known = context.properties
    lemmas = {lemma.name: (lemma, lemma.holds, lemma.about) for lemma in known.lemmas.values()}
    properties = {
        item.name: (item, item.claim.holds, item.claim.about)
        for item in known.properties.values() if item.method == "induction" and item.claim.about
    }  # fmt: skip
    found: dict[str, tuple[Lemma | Property, Any, str]] = {**lemmas, **properties}
    return {name: (evaluator(node), about, assumed(item, context)) for name, (item, node, about) in found.items()}


def assumed(item: Lemma | Property, context: Context) -> frozenset[str]:
    return frozenset(context.properties.assumed(item))


def tracked(path: Path, context: Context, random: Random) -> Tracking:
    """A run to be followed; the numbers that never change are some that come up."""
    limits = {"LARGEST.WINDOW": path.initial.system.scenario.window, "LAG": 0}
    limits |= {"NUMBER": random.choice((1000, 3000)) + random.randint(1, 4), "WHOSE": random.randint(1, 2)}
    return Tracking(context, limits)


def broken_along(path: Path, items: Said, context: Context, asked: Counter[str]) -> dict[str, str]:
    """What does not hold somewhere along a run although its assumptions do; counts what was asked."""
    random, found = Random(len(path.steps)), dict[str, str]()
    tracking = tracked(path, context, random)
    for step in path.steps:
        tracking.step(step.after)
        for item, (told, about, assumptions) in items.items():
            if assumptions.isdisjoint(tracking.broken):
                answers = list(tracking.said(told, about, random))
                asked[item] += len(answers)
                if not all(answers):
                    found.setdefault(item, str(step))
    return found


def test_every_lemma_holds_along_the_runs() -> None:
    """Also of ghosts and of old segments, which are noted on the way, as long as a run keeps to the assumptions."""
    items, asked = said(context()), Counter[str]()
    for seed, path in enumerate(runs((*shared(context(), "random"), ORDERLY), RUNS)):
        assert broken_along(path, items, context(), asked) == {}, seed
    assert {name for name in items if asked[name] < RUNS} <= {n for n, row in items.items() if OPTIONS in row[2]}


def test_every_step_of_the_runs_is_as_proved() -> None:
    """Steps with all ghosts, against the claims that speak of them; those of one endpoint are asked about above."""
    known, asked, found = context().properties.properties.values(), Counter[str](), dict[str, str]()
    items = [item for item in known if item.method == "induction" and not item.claim.about]
    for path in runs((*shared(context(), "random"), ORDERLY), RUNS):
        tracking = tracked(path, context(), Random(len(path.steps)))
        for step in path.steps:
            tracking.step(step.after)
            for item in (item for item in items if assumed(item, context()).isdisjoint(tracking.broken)):
                kept = tracking.keeps(item.claim)
                asked[item.name] += kept is not None
                if kept is False:
                    found.setdefault(item.name, str(step))
    assert found == {}
    assert asked["delivered-as-sent"] > RUNS and asked["keep-alive-not-delivered"] > 0, asked


def test_a_broken_text_breaks_lemmas_along_a_run() -> None:
    variant = "two-way-handshake"
    items, found = said(context(variant)), set[str]()
    for path in runs(("stale-syn",), 10, (variant,)):
        found |= broken_along(path, items, context(variant), Counter()).keys()
    assert "synchronized" in found


class Examples:
    """Steps of explorations as examples for both backends."""

    def __init__(self, context: Context) -> None:
        self.model, self.names = context.model, list(context.model.rules)
        self.answers = {rule.name: number for number, rule in enumerate(Answers(self.model).rules)}
        self.tcb = [row.name for row in self.model.variables.values() if row.group == "tcb"]
        self.around = [row for row in self.model.variables.values() if row.group == "environment"]

    def example(self, now: Situation) -> Example:
        """The endpoint that acts as it was, and what has happened to it."""
        assert now.before is not None and isinstance(now.move, Move)
        end, event = self.end(now.before, now.move), event_of(now, now.move)
        rows = [p for p in self.model.procedures if (p.event, p.event_name) == event and end.state in p.states]
        return Example(
            rows[0], self.model.states.index(end.state), self.values(end), self.inputs(now, now.move, rows[0])
        )

    def end(self, now: Situation, move: Move) -> End:
        return now.b if move.end else now.a

    def values(self, end: End) -> dict[str, Any]:
        found = {name: getattr(end.tcb, identifier(name)) for name in self.tcb if name != "STATE"}
        return found | {OWED: tuple(self.owed(*row) for row in end.tcb.owed)}

    def owed(self, rule: int, forms: tuple[tuple[int, int, int], ...]) -> tuple[int, ...]:
        numbers = [number for _, seq, ack in forms for number in (seq, max(ack, 0))]
        return (self.answers[self.names[rule]], *numbers)

    def inputs(self, now: Situation, move: Move, procedure: Any) -> dict[str, Any]:
        segment = now.segment or Segment(0, -1, "a:1", "b:2")
        assert now.previous is not None
        now.system.fired(now.previous, move)  # takes the step again, so that its surroundings can be read
        env = now.system.ends[move.end].env
        found = {name: told(segment) for name, told in FIELDS.items()}
        names = [row.name for row in (*self.around, *procedure.arguments)]
        return found | {name: getattr(env, identifier(name)) for name in names} | {ASSUME: False}


@cache
def backends(variant: str = "") -> tuple[Examples, Python, Terms]:
    subject = context(variant) if variant else context()
    model = subject.model
    return Examples(subject), Python(model, compiled(model)), Terms(model, Vectors())


def disagreement(now: Situation, variant: str = "") -> str:
    """What the two backends and the exploration do not agree on, "" for nothing."""
    examples, python, terms = backends(variant)
    example = examples.example(now)
    outcome, other = python.outcome(example), terms.outcome(example)
    assert other is not None and isinstance(now.move, Move)
    after = examples.end(now, now.move)
    expected: dict[str, Any] = {"hole": False, "fired": list(now.rules), "STATE": after.tcb.STATE}
    for name in examples.tcb:
        value = getattr(after.tcb, identifier(name))
        expected[name] = frozenset(value) if isinstance(value, tuple) else value
    seen = {name: value for name, value in outcome.items() if name not in (OWED, "forbidden")}
    kept = set(map(python.answer, after.tcb.owed)) <= outcome[OWED]  # an exploration keeps the newest
    return (
        differences(example, outcome, other) + differences(example, expected, seen) + ("" if kept else "what is owed")
    )


def sample(paths: list[Path], count: int) -> list[Situation]:
    """Some steps of the runs, of each sequence of rules a few, no two of them alike."""
    kinds: dict[tuple[Any, ...], list[Situation]] = {}
    for now in steps(paths):
        kinds.setdefault((getattr(now.move, "kind", ""), now.rules), []).append(now)
    rows = [now for kind in kinds.values() for now in kind[: max(1, count // len(kinds))]]
    return list({repr(backends()[0].example(now)): now for now in rows}.values())


def test_steps_of_runs_are_those_of_both_backends() -> None:
    found = sample(list(runs(shared(context(), "random"), RUNS)), 4 * RUNS)
    assert len(found) > RUNS
    assert len({rule for now in found for rule in now.rules}) > 100
    for now in found:
        assert disagreement(now) == "", str(now.move)


@pytest.mark.parametrize(
    ("variant", "name"), [("two-way-handshake", "stale-syn"), ("syn-ack-processed", "blind-syn-ack")]
)
def test_the_steps_of_a_counterexample_are_those_of_both_backends(variant: str, name: str) -> None:
    path = counterexample(context(variant).properties.properties[name], context(variant))
    assert path is not None
    found = list(steps([path]))
    assert len(found) > 1
    for now in found:
        assert disagreement(now, variant) == "", str(now.move)
