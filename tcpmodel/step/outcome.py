"""What a step was: the rules that were tried, the one that fired in each stage, and what became of the TCB."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tcpmodel.spec.model import Rule, Stage

Values = dict[str, Any]
"""Values by the names of the RFC: ints, bools, names of states and enumerators, control bits and times as text."""


@dataclass(frozen=True)
class Condition:
    """One conjunct of a guard: its text, whether it holds, and the values it was held against."""

    text: str
    holds: bool
    values: Values


@dataclass(frozen=True)
class Tried:
    """A rule that was looked at. `fired`: the first of its stage to hold; `excused`: an assumption not admitted."""

    rule: Rule
    conditions: tuple[Condition, ...]
    fired: bool
    excused: bool = False


@dataclass(frozen=True)
class StageRun:
    """A stage that was reached, in which state, and its rules up to the one that fired."""

    stage: Stage
    state: str
    tried: tuple[Tried, ...]

    @property
    def fired(self) -> Rule | None:
        """The rule that fired; None when none did, which a checked specification rules out."""
        return next((row.rule for row in self.tried if row.fired), None)


@dataclass(frozen=True)
class Form:
    """One form of an answer that a rule calls for: control bits, SEQ and ACK (None without the ACK field)."""

    rule: str
    template: str
    flags: int
    seq: int
    ack: int | None


@dataclass(frozen=True)
class Breach:
    """A rule that forbids what was done: its level (must, should, may), code, and message with the values put in."""

    rule: Rule
    message: str


@dataclass
class Step:
    """One event at one endpoint. `before` and `after` are the TCB by names; `forms` what the rules call for."""

    event: str
    procedure: str
    before: Values
    after: Values = field(default_factory=dict)
    stages: list[StageRun] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    assumed: list[Breach] = field(default_factory=list)
    began: bool = False

    @property
    def rules(self) -> list[Rule]:
        """The rules that fired, in order."""
        return [run.fired for run in self.stages if run.fired is not None]

    @property
    def changed(self) -> dict[str, tuple[Any, Any]]:
        """Variable -> (value before, value after), of those that are different."""
        return {name: (self.before[name], new) for name, new in self.after.items() if self.before[name] != new}

    @property
    def permitted(self) -> bool:
        """Whether no MUST forbids what was done."""
        return not any(breach.rule.forbid == "must" for breach in self.breaches)
