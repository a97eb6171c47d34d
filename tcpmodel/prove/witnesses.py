"""Witnesses: that what a property speaks of does happen, in a run of two endpoints from their start.

A law about steps that no run takes would be true and worth nothing. All properties are looked for at once, first in
the scenarios that are searched for every property, then in random runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from tcpmodel.prove.context import Context
from tcpmodel.prove.explore import Condition, Situation, random_run, scenario, search
from tcpmodel.prove.named import Unknown
from tcpmodel.prove.property import Property
from tcpmodel.prove.refute import STATES, meeting, shared

LENGTH = 40
"""Steps of a random run."""


def witnesses(items: Iterable[Property], context: Context, runs: int = 200) -> dict[str, str]:
    """Where the condition of each property is met, by its name: a scenario, or the seed of a random run."""
    left = {item.name: meeting(item, context) for item in items}
    found: dict[str, str] = {}
    for name in shared(context):
        condition = _noting(left, found, f"scenario {name}")
        search(scenario(name, context.model.name), condition, models=context.model, steps=True, states=STATES)
    for seed, name in ((seed, name) for seed in range(runs) for name in shared(context, "random")):
        if left.keys() <= found.keys():
            break
        condition = _noting(left, found, f"random run {seed} of scenario {name}")
        for step in random_run(seed, LENGTH, scenario=name, models=context.model).steps:
            condition(step.after)
    return found


def _noting(left: dict[str, Condition], found: dict[str, str], where: str) -> Condition:
    """A condition that nothing meets, and that notes which properties a step meets."""

    def look(now: Situation) -> bool:
        for name, met in left.items():
            if name not in found and _meets(met, now):
                found[name] = where
        return False

    return look


def _meets(met: Condition, now: Situation) -> bool:
    try:
        return met(now)
    except Unknown:
        return False
