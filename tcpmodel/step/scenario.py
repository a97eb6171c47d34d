"""How an endpoint comes to each state: `scenarios/NAME.yaml` beside a specification's folder, played by the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tcpmodel.compile.expressions import identifier
from tcpmodel.spec import expr as x
from tcpmodel.spec.find import located
from tcpmodel.spec.model import Model
from tcpmodel.step.machine import Machine
from tcpmodel.step.values import parsed
from tcpmodel.trace.segment import SYN
from tcpmodel.verify.machine import TCB

SIDES = ("departing", "arriving")


@dataclass(frozen=True)
class Scenario:
    """`environment` and `endpoints` are texts by name; `states` the events that lead to each state."""

    environment: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    states: Mapping[str, list[str]] = field(default_factory=dict)
    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    headers: tuple[str, str] = ("", "")

    def events(self, state: str) -> Iterator[str]:
        """The events that lead to a state from the initial one; the name of a state stands for those to it."""
        for row in self.states.get(state, ()):
            if row in self.states:
                yield from self.events(row)
            else:
                yield row

    def header(self, flags: int) -> str:
        """What a segment with these control bits says behind its numbers, unless told."""
        return self.headers[1] if flags & SYN else self.headers[0]


def scenario_of(model: Model) -> Scenario:
    """The scenario of the model's specification; an empty one where there is none."""
    path = located(model.files[0]).parent.parent / "scenarios" / f"{model.name}.yaml"
    return _read(path) if path.is_file() else Scenario()


@cache
def _read(path: Path) -> Scenario:
    found = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    return Scenario(
        found.get("environment", {}), found.get("endpoints", {}), found.get("states", {}),
        {side: found.get(side, {}) for side in SIDES}, (found.get("header", ""), found.get("header of a SYN", "")),
    )  # fmt: skip


def surroundings(model: Model, scenario: Scenario, endpoint: str = "") -> dict[str, Any]:
    """The environment of a step unless told otherwise: plain values by name, all arguments of calls among them."""
    rows = [v for v in model.variables.values() if v.group == "environment"]
    rows += [argument for procedure in model.procedures for argument in procedure.arguments]
    told = {**scenario.environment, **scenario.endpoints.get(endpoint, {})}
    return {v.name: parsed(told[v.name], v, model) if v.name in told else _nought(v.type) for v in rows}


def _nought(type: str) -> Any:
    return () if type == x.SPANS else False if type == x.BOOL else 0


def place(scenario: Scenario, side: str, name: str, t: TCB) -> int:
    """The number at which a segment stands unless told: `side` is departing or arriving, `name` seq or ack."""
    variable = scenario.places.get(side, {}).get(name)
    return getattr(t, identifier(variable)) if variable else 0


def brought_to(state: str, machine: Machine, scenario: Scenario) -> TCB:
    """A TCB in a state. Where the scenario does not lead there under this model, the rest of the TCB is as it got."""
    from tcpmodel.step.events import happen

    t = machine.tcb()
    environment = surroundings(machine.model, scenario)
    for event in scenario.events(state):
        happen(event, t, machine, scenario, environment)
    t.STATE = machine.model.states.index(state)
    return t
