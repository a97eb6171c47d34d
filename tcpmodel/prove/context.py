"""What the methods of proof share while one model is under proof: its machines, its properties, values of lemmas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tcpmodel.compile.encodings import Encoding, Integers, Term, Vectors, both
from tcpmodel.compile.relation import Step
from tcpmodel.compile.values import Values
from tcpmodel.prove.machine import Machine
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Model, Procedure

if TYPE_CHECKING:
    from tcpmodel.prove.load import Properties

ENCODINGS: dict[str, Callable[[], Encoding]] = {"vectors": Vectors, "integers": Integers}


@dataclass
class Context:
    """One model under proof."""

    model: Model
    properties: Properties
    machines: dict[str, Machine] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    """What a method has built and uses again."""

    def machine(self, encoding: str = "vectors") -> Machine:
        """The machine in an encoding, built once."""
        if encoding not in self.machines:
            self.machines[encoding] = Machine(self.model, ENCODINGS[encoding]())
        return self.machines[encoding]

    def given(self, names: Iterable[str], machine: Machine, values: Values) -> Iterator[tuple[str, Term]]:
        """Lemmas about one endpoint as hypotheses, at the values given."""
        for name in names:
            yield f"lemma {name}", self.truth(self.properties.lemmas[name].holds, machine, values)

    def assumed(
        self, names: Iterable[str], machine: Machine, values: Values, procedure: str
    ) -> Iterator[tuple[str, Term]]:
        """What is taken for granted of a step of a procedure, as hypotheses; some assumptions are words only."""
        for name in names:
            holds = self.properties.assumptions[name].condition(procedure)
            if holds is not None:
                yield f"assumption {name}", self.truth(holds, machine, values)

    def truth(self, node: Expr, machine: Machine, values: Values) -> Term:
        """A condition at the values given, and what the encoding assumes when it is read there."""
        found, assumed = machine.value(node, values)
        return both(found, *assumed)

    def steps(self, procedures: tuple[Procedure, ...], states: tuple[str, ...]) -> Iterator[str]:
        """The steps of the procedures begun in the states, by name: `PROCEDURE in STATE`."""
        for procedure in procedures:
            yield from (f"{procedure.name} in {state}" for state in procedure.states if state in states)

    def step(self, name: str, machine: Machine) -> Step:
        """The step that `steps` has named."""
        procedure, state = name.split(" in ")
        return machine.step(next(p for p in machine.model.procedures if p.name == procedure), state)
