"""Everything that is claimed of a listener is proved, fails under each of its mutants, and its runs can be run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("z3")

from tcpmodel.check import check
from tcpmodel.compile import load_steps
from tcpmodel.compile.concrete import plain
from tcpmodel.compile.expressions import SEGMENT_ATTRIBUTES, identifier
from tcpmodel.compile.relation import Step
from tcpmodel.prove.obligation import decide
from tcpmodel.prove.property import PROVED
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.units import Subject, context_of, obligations_of
from tcpmodel.spec import load
from tcpmodel.trace.segment import Segment

LISTENER = Subject("listener")
PROPERTIES = context_of(LISTENER).properties.properties
MUTANTS = [(name, mutant) for name, item in PROPERTIES.items() for mutant in item.mutants]
SCENARIOS = [name for name, item in PROPERTIES.items() if item.method == "scenario"]
OVERLAYS = ["longer-queue", "shorter-timeout", "recycle-oldest", "syn-cookies"]
# what an overlay is meant to lose
LOST = {
    "longer-queue": set(),
    "shorter-timeout": set(),
    "recycle-oldest": {
        "full-queue-refuses", "flood-shuts-out", "entry-is-safe-from-others", "entry-makes-room",
        "others-move-only-numbers",
    },
    "syn-cookies": {"flood-shuts-out", "full-accept-queue-shuts-out", "flood-with-cookies"},
}


def results(subject: Subject, *names: str) -> dict[str, str]:
    return {result.name: result.result for result in prove(names, Settings(subject, timeout=60))}


def test_everything_claimed_is_proved() -> None:
    assert set(results(LISTENER).values()) == {PROVED}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_loses_what_it_is_meant_to_lose(overlay: str) -> None:
    found = results(Subject("listener", variants=(overlay,)))
    assert {name for name, result in found.items() if result != PROVED} == LOST[overlay]


def test_every_property_has_a_mutant() -> None:
    assert [name for name, item in PROPERTIES.items() if not item.mutants] == []


@pytest.mark.parametrize(("name", "mutant"), MUTANTS, ids=[f"{name}/{mutant.name}" for name, mutant in MUTANTS])
def test_a_mutant_fails(name: str, mutant: Any) -> None:
    known, made = (mutant.variant,) if mutant.variant else (), "" if mutant.variant else f"{name}/{mutant.name}"
    (result,) = prove((name,), Settings(Subject("listener", variants=known, mutant=made), jobs=1))
    assert result.result != PROVED
    assert "gave up" not in result.reason, "a solver that gives up shows nothing"


@pytest.mark.parametrize("variant", [(), *((name,) for name in OVERLAYS)])
def test_the_specification_is_whole(variant: tuple[str, ...]) -> None:
    assert check(load("listener", variants=variant)).findings == []


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_can_be_run(name: str) -> None:
    """The inputs that the solver has chosen lead the generated step functions through the same states."""
    context = context_of(LISTENER)
    (obligation,) = obligations_of(context, "property", name, "a run")
    answer = decide(obligation, 60)
    assert answer.holds
    module = load_steps("listener")
    t: Any = module.TCB()
    for step in obligation.step:
        run(step, answer.model, module, t)
    last = {row: valued(step.after[row], kind, answer.model) for row, _, kind in module.VARIABLES}
    assert last == {row: getattr(t, attribute) for row, attribute, _ in module.VARIABLES}


def valued(value: Any, kind: str, model: Any) -> Any:
    """The plain value of terms in a model of the solver."""
    if isinstance(value, tuple):
        return plain(tuple(model.eval(part, model_completion=True) for part in value), kind)
    return plain(model.eval(value, model_completion=True), kind)


def run(step: Step, model: Any, module: Any, t: Any) -> None:
    """One step of the run, through the generated functions."""
    procedure = step.procedure
    rows = {row.name: row for row in (*context_of(LISTENER).model.variables.values(), *procedure.arguments)}
    values = {name: valued(value, rows[name].type, model) for name, value in step.inputs.items() if name in rows}
    fields = {SEGMENT_ATTRIBUTES[name]: value for name, value in values.items() if rows[name].group == "segment"}
    world = {identifier(name): value for name, value in values.items() if rows[name].group != "segment"}
    e = SimpleNamespace(STRICT=False, ASSUME=False, bad=[], assumed=[], passed=[], began=-1, **world)
    assert step.state == t.STATE
    module.EVENTS[procedure.event, procedure.event_name][t.STATE](t, Segment(1, 0, "", "", **fields), e)


@pytest.mark.parametrize(("variant", "rate"), [("", 4.06), ("longer-queue", 65.0), ("shorter-timeout", 85.3)])
def test_the_rate_that_fills_a_queue(variant: str, rate: float) -> None:
    """Entries over the life of an entry, in requests a second, as the statement of `rate-needed` says."""
    constants = {c.name: c.value for c in load("listener", variants=(variant,) if variant else ()).constants.values()}
    life = constants["SYN-ACK.TIMEOUT"] * (2 ** (constants["SYN-ACK.RETRIES"] + 1) - 1) / 1e9
    assert constants["MAX.HALF-OPEN"] / life == pytest.approx(rate, rel=0.01)
