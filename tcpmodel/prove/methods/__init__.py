"""The methods of proof, by the name that a property gives: each reads its claim and makes obligations of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from tcpmodel.prove.context import Context
from tcpmodel.prove.methods import (
    arithmetic,
    bridge,
    diagram,
    exploration,
    finite,
    graph,
    independence,
    induction,
    invariant,
    scenario,
    step,
)
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields


class Method(Protocol):
    """What a method of proof is: a module with these names."""

    KEYS: tuple[str, ...]
    """The keys that it adds to a property."""

    def read(self, fields: Fields, words: Words, report: Report) -> Any:
        """The claim of a property."""

    def parts(self, item: Property, context: Context) -> Iterable[str]:
        """Names of the parts that can be decided one by one."""

    def obligations(self, item: Property, part: str, context: Context) -> Iterable[Obligation]:
        """What has to be shown in one part."""

    def explain(self, item: Property, answer: Answer, context: Context) -> Failure:
        """What an obligation that does not hold says, in plain words."""


METHODS: dict[str, Any] = {
    "step": step, "independence": independence, "invariant": invariant, "induction": induction,
    "graph": graph, "diagram": diagram, "scenario": scenario,
    "arithmetic": arithmetic, "bridge": bridge, "exploration": exploration, "finite": finite,
}
"""By the name that a property gives."""

LEMMAS: dict[str, Any] = {
    "endpoint": invariant,
    **dict.fromkeys(("endpoints", "segment", "segments", "exchange"), induction),
}
"""By what a lemma is about."""
