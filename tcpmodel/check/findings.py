"""What a check finds: a diagnostic at a place of the specification, and where there is one an input that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tcpmodel.errors import Diagnostic, Place

CODES = {
    "TM120": "a stage has no rule for some input",
    "TM121": "the rules before it take every input of a rule",
    "TM122": "the condition of a rule cannot hold",
    "TM123": "a rule or a stage is never reached",
    "TM124": "a state is never entered",
    "TM125": "a declared name is never used",
    "TM126": "what a rule sends can never be sent",
    "TM127": "a quote is not in the text it cites",
    "TM128": "a citation of what is not there",
    "TM129": "an event has no procedure in some state",
}
"""The codes of this package; those below TM120 are the loader's."""


@dataclass(frozen=True)
class Example:
    """An input and the TCB it meets: plain values by the names of the RFC, only those that matter.

    `event` is "segment", "call OPEN", "timeout USER", "output", ...; `segment` is in packetdrill notation, "" for none,
    and `fields` has the same by name. `environment` includes the arguments of a call.
    """

    state: str
    event: str
    segment: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    tcb: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The example in words."""
        event = {"segment": "a segment arrives", "output": "a segment is sent", "pickup": "a first segment is seen"}
        words = event.get(self.event, self.event)
        yield f"example: in {self.state}, {words}" + (f": {self.segment}" if self.segment else "")
        for title, values in (("TCB", self.tcb), ("environment", self.environment)):
            if values:
                yield f"  {title}: " + ", ".join(f"{name} = {value}" for name, value in values.items())


@dataclass(frozen=True)
class Finding:
    """What is wrong with a specification, and the input that shows it where there is one."""

    diagnostic: Diagnostic
    example: Example | None = None


def finding(place: Place, code: str, message: str, help: str = "", example: Example | None = None) -> Finding:
    """A finding from the parts of its diagnostic."""
    return Finding(Diagnostic(place, code, message, help), example)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By place, then code, each once."""
    unique = {str(item.diagnostic): item for item in findings}
    return sorted(
        unique.values(), key=lambda item: (item.diagnostic.place, item.diagnostic.code, item.diagnostic.message)
    )


def listed(names: Iterable[str], most: int = 4) -> str:
    """Names for a sentence: "A, B and C", "A, B, C and 4 more"."""
    known = list(names)
    if len(known) > most:
        known = [*known[: most - 1], f"{len(known) - most + 1} more"]
    return " and ".join(filter(None, [", ".join(known[:-1]), known[-1]])) if known else ""
