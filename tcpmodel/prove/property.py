"""What is to be proved: a property as its text says it, and what became of it.

A property is proved by one *method*; what the method needs to know (its *claim*) is typed against a model, so that a
property of a profile or a variant is that of its own text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tcpmodel.errors import Place
from tcpmodel.spec.expr import NOWHERE, Expr
from tcpmodel.spec.source import Mapping

PROVED, REFUTED, BOUNDED, UNKNOWN = "proved", "refuted", "bounded", "unknown"
NUMBERS = ("vectors", "integers")
RESULTS = (PROVED, REFUTED, BOUNDED, UNKNOWN)


def over_integers(item: Lemma | Property) -> bool:
    """Whether it is proved of sequence numbers that do not wrap."""
    return item.numbers != NUMBERS[0]


@dataclass(frozen=True)
class Assumption:
    """What a proof takes for granted, in a sentence; `holds` is a condition that steps must meet, or None.

    Rules that stand in `without` do not fire in a step of two endpoints. With `on` an event the condition is one of its
    steps alone, whose `procedures` are named. One about `numbers` that are integers is what a proof over such numbers
    takes for granted of them; one of `methods` is taken for granted by all their proofs.
    """

    name: str
    meaning: str
    cite: str
    holds: Expr | None = None
    digest: str = ""
    place: Place = field(default=NOWHERE, compare=False)
    without: frozenset[str] = frozenset()
    numbers: str = NUMBERS[0]
    methods: tuple[str, ...] = ()
    procedures: frozenset[str] = frozenset()

    def condition(self, procedure: str) -> Expr | None:
        """What a step of the procedure of that name must meet."""
        return self.holds if not self.procedures or procedure in self.procedures else None


@dataclass(frozen=True)
class Lemma:
    """A step of the argument. `about` says over what it speaks: endpoint, endpoints, segment or segments.

    `given` names the lemmas that hold before the step along with itself, `assumptions` what is taken for granted of
    the step; `why` tells a reader what it is for. `numbers` is the encoding: as wide as on the wire, or integers.
    """

    name: str
    about: str
    holds: Expr
    given: tuple[str, ...]
    why: str
    text: str
    cite: str = ""
    assumptions: tuple[str, ...] = ()
    digest: str = ""
    place: Place = field(default=NOWHERE, compare=False)
    numbers: str = NUMBERS[0]


@dataclass(frozen=True)
class Mutant:
    """A way to break the specification under which a property must fail.

    It is a variant, a profile that differs just there, or an overlay written in place.
    """

    name: str
    variant: str = ""
    profile: str = ""
    change: Mapping | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Property:
    """One property. `row` is that of the published work list, 0 without one; `claim` is what its method reads."""

    name: str
    row: int
    statement: str
    cite: str
    method: str
    claim: Any
    assumptions: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    mutants: tuple[Mutant, ...] = ()
    source: str = ""
    note: str = ""
    expect: str = PROVED
    digest: str = ""
    place: Place = field(default=NOWHERE, compare=False)
    numbers: str = NUMBERS[0]
    search: tuple[str, ...] = ()
    """Scenarios in which runs are looked for; none: those that the specification's properties share."""


@dataclass(frozen=True)
class Failure:
    """An obligation that was not met: of which rules and lemma, from which state, in plain words.

    `counterexample` is given where the values found are a case in which the property itself is false, which refutes it.
    """

    obligation: str
    reason: str
    rules: tuple[str, ...] = ()
    before: dict[str, str] = field(default_factory=dict)
    event: dict[str, str] = field(default_factory=dict)
    counterexample: dict[str, Any] | None = None


@dataclass(frozen=True)
class Result:
    """What became of a property; `bound` says how far a bounded answer reaches, `needed` the lemmas of unsat cores.

    `obligations` counts the questions put to a solver (of an exploration: the steps taken).
    """

    name: str
    row: int
    result: str
    assumptions: tuple[str, ...]
    obligations: int
    seconds: float
    bound: str | None = None
    reason: str = ""
    counterexample: dict[str, Any] | None = None
    failures: tuple[Failure, ...] = ()
    needed: tuple[str, ...] = ()
