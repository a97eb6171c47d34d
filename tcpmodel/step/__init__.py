"""Where can I go from here: one step of one endpoint, told in full.

Here belongs the telling of steps and how an endpoint is brought to a state. What the rules are stands in the
specification, how a state is reached in its scenario; how a step looks on paper is `tcpmodel.report`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping

from tcpmodel.errors import UsageError
from tcpmodel.spec.model import Model
from tcpmodel.step.outcome import Breach, Condition, Form, StageRun, Step, Tried

__all__ = ["Breach", "Condition", "Form", "StageRun", "Step", "Tried", "step"]


def step(
    model: Model, state: str, event: str, values: Mapping[str, object] | None = None, *, assume: bool = False
) -> Step:
    """What an endpoint in `state` does when `event` happens.

    `event` is "arrives SEGMENT" or "departs SEGMENT" in packetdrill notation (or control bits and octets of text
    alone: "arrives P. 10"), "call CLOSE", "call OPEN passive=True", "timeout USER". `values` sets variables of the TCB
    and of the environment by name; the others are those of a small connection that was brought to the state.
    `assume` admits assumptions about the capture. Raises UsageError for what the model does not have.

    >>> from tcpmodel.spec import load
    >>> model = load()
    >>> closed, listen, *_ = model.states
    >>> taken = step(model, closed, "call OPEN passive=True")
    >>> taken.after["STATE"] == listen
    True
    >>> [rule.name for rule in taken.rules if rule.enter]
    ['open.passive']
    """
    from tcpmodel.step.events import happen
    from tcpmodel.step.machine import Machine
    from tcpmodel.step.scenario import brought_to, scenario_of, surroundings
    from tcpmodel.step.set import put

    if state not in model.states:
        from tcpmodel.spec.report import nearest

        hint = nearest(state.upper(), model.states) or f"states: {', '.join(model.states)}"
        raise UsageError(f"no state '{state}' in {model.name}: {hint}")
    machine, scenario = Machine(model), scenario_of(model)
    t, environment = brought_to(state, machine, scenario), surroundings(model, scenario)
    for name, value in (values or {}).items():
        put(name, str(value), model, t, environment)
    return happen(event, t, machine, scenario, environment, assume)
