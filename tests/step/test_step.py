"""A step told in full is the step that the generated functions take: same rules, same TCB, same answers owed."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tcpmodel.compile import load_steps
from tcpmodel.compile.expressions import identifier
from tcpmodel.errors import UsageError
from tcpmodel.report.explain import examples
from tcpmodel.report.explain.data import codes
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.step import step
from tcpmodel.step.events import Event, happen, understood
from tcpmodel.step.machine import Machine
from tcpmodel.step.scenario import Scenario, brought_to, scenario_of, surroundings
from tcpmodel.verify.machine import Environment

PROFILES = (None, "linux")
FLAGS = ("S", "S.", ".", "P.", "F.", "FP.", "R", "R.", "F", "-", "SF", "PU.")
OFFSETS = (-200, -1, 0, 1, 70000)


@cache
def made(profile: str | None) -> tuple[Model, Machine, Scenario, ModuleType]:
    model = load(profile=profile)
    return model, Machine(model), scenario_of(model), load_steps(profile=profile, traced=True)


STATES = load().states


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("profile", PROFILES)
def test_the_scenario_leads_to_each_state(profile: str | None, state: str) -> None:
    _, machine, scenario, _ = made(profile)
    t, environment = machine.tcb(), surroundings(machine.model, scenario)
    for event in scenario.events(state):
        assert happen(event, t, machine, scenario, environment).permitted, event
    assert machine.values(t)["STATE"] == state and not t.owed


def segments(state: str, side: str) -> list[str]:
    """Segments in and around the place where the next one is due."""
    out = []
    numbers = {"arrives": (301, 101), "departs": (101, 301)}[side]
    for flags, seq, ack in product(FLAGS, OFFSETS, OFFSETS):
        text = 10 if "P" in flags else 0
        start, acked = (numbers[0] + seq) % (1 << 32), (numbers[1] + ack) % (1 << 32)
        urgent = " urg 5" if "U" in flags else ""
        out.append(f"{side} {flags} {start}:{(start + text) % (1 << 32)}({text}) ack {acked} win 1000{urgent}")
    return out


def generated(steps: ModuleType, t: Any, event: Event, environment: dict[str, Any]) -> tuple[Any, list[str]]:
    """What the generated functions make of an event: the TCB, and the rules that fired."""
    e, other = Environment(), steps.TCB()
    for name in t.__slots__:
        setattr(other, name, getattr(t, name))
    e.STRICT, e.fresh, e.accept = False, environment["FRESH.ISS"], environment["ACCEPT"]
    taken = {"FRESH.ISS", "ACCEPT", "PEER.SENT", "PEER.MAY.SEND"}
    for name, value in {**environment, **event.arguments}.items():
        if name not in taken:
            setattr(e, identifier(name), value)
    steps.EVENTS[event.kind, event.name][t.STATE](other, event.segment, e)
    return other.key(), [steps.RULES[number][0] for number in e.fired]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("profile", PROFILES)
def test_told_and_generated_steps_agree(profile: str | None, state: str) -> None:
    model, machine, scenario, steps = made(profile)
    start, environment = brought_to(state, machine, scenario), surroundings(model, scenario)
    others = ["call OPEN", "call OPEN passive=True", "call SEND", "call RECEIVE", "call CLOSE", "call CLOSE read=True",
              "call ABORT", "call STATUS", "timeout USER", "timeout RETRANSMISSION", "timeout TIME-WAIT", "crash"]
    every = 3 if profile else 1
    for text in [*others, *segments(state, "arrives")[::every], *segments(state, "departs")[::every]]:
        t = start.copy()
        event = understood(text, model, scenario, t)
        expected = generated(steps, t, event, environment)
        told = happen(event, t, machine, scenario, environment)
        assert ([rule.name for rule in told.rules], t.key()) == (expected[1], expected[0]), text


@pytest.mark.parametrize("code", [code for code in codes() if examples.form(code) == "step"])
def test_the_wrong_segment_has_the_finding(code: str) -> None:
    found = {}
    for which in ("wrong", "right"):
        taken = step(load(), codes()[code]["state"], f"departs {codes()[code][which][0]}")
        found[which] = {breach.rule.code for breach in taken.breaches}
    assert code in found["wrong"] and not found["right"]


def test_a_condition_has_its_values() -> None:
    taken = step(load(), "ESTABLISHED", "arrives . 301:301(0) ack 150 win 65535", {"SND.NXT": 120})
    tried = {row.rule.name: row for run in taken.stages for row in run.tried}
    failed = [row for row in tried["ack.new"].conditions if not row.holds]
    assert [(row.text, row.values) for row in failed] == [("SEG.ACK <= SND.NXT", {"SEG.ACK": 150, "SND.NXT": 120})]
    assert tried["ack.unsent"].fired and "ack.duplicate" not in tried
    assert taken.forms[0].seq == 120


def test_a_specification_without_a_scenario_has_initial_values() -> None:
    model = load(str(Path(__file__).parents[1] / "spec/data/specs/mini/spec.yaml"))
    assert step(model, "CLOSED", "call OPEN").after["STATE"] == "SYN-SENT"


def test_an_unknown_state_has_its_neighbours_named() -> None:
    with pytest.raises(UsageError, match="'ESTABLISHED'"):
        step(load(), "established", "call CLOSE")


FURTHER = {"ISS": "100", "SND.UNA": "150", "SND.NXT": "300", "SND.WND": "5000"}


@pytest.mark.parametrize(
    ("state", "segment", "values", "found"),
    [
        ("ESTABLISHED", ". 1:101(100)", {**FURTHER, "ISS": "1", "SND.UNA": "4294967000", "SND.NXT": "500"}, set()),
        ("FIN-WAIT-1", ". 5:5(0)", {"ISS": "5", "SND.UNA": "5", "SND.NXT": "5", "FIN.SENT": "False"}, set()),
        ("FIN-WAIT-1", ". 6:6(0)", {"ISS": "5", "SND.UNA": "5", "SND.NXT": "6", "SYN.ACKED": "False"}, {"TM418"}),
        ("FIN-WAIT-1", "P. 5:9(4)", {"ISS": "5", "SND.UNA": "5", "SND.NXT": "9", "FIN.SENT": "False"}, set()),
        ("FIN-WAIT-1", "P. 5:9(4)", {"ISS": "5", "SND.UNA": "5", "SND.NXT": "9", "SYN.ACKED": "False"}, {"TM410"}),
        ("ESTABLISHED", ". 101:200(99)", FURTHER, set()),
        ("ESTABLISHED", ". 100:200(100)", FURTHER, {"TM417"}),
        ("ESTABLISHED", ". 100:200(100)", {**FURTHER, "ISS.PASSED": "True"}, set()),
    ],
)
def test_the_number_of_the_syn_comes_round_again(
    state: str, segment: str, values: dict[str, str], found: set[str]
) -> None:
    """2^32 octets later SND.UNA is the ISS again, and text has its number; the SYN stays acknowledged."""
    taken = step(load(), state, f"departs {segment} ack 301 win 65535", values)
    assert {breach.rule.code for breach in taken.breaches} == found and taken.permitted is not bool(found)


@pytest.mark.parametrize(("acked", "passed"), [(1, False), (1 << 31, False), ((1 << 31) + 1, True)])
def test_the_iss_is_passed_by_more_than_half_a_circle(acked: int, passed: bool) -> None:
    """Distances from the ISS; once it is passed it stays so, also where the numbers have come round."""
    for before, end in ((False, passed), (True, True)):
        numbers = {"ISS": "100", "SND.UNA": str(99 + acked), "SND.NXT": str(110 + acked), "ISS.PASSED": str(before)}
        taken = step(load(), "ESTABLISHED", f"arrives . 301:301(0) ack {100 + acked} win 65535", numbers)
        assert taken.after["SND.UNA"] == 100 + acked and taken.after["ISS.PASSED"] == end
