"""Any state, any input: plain values for one step, dense where guards decide.

Sequence numbers are drawn unwrapped around the circle's origin or anywhere else: two bases, one for each direction,
and offsets at and around the values that guards compare. One number in twelve is anything at all.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tcpmodel.compile.bounded import OWED, Answers
from tcpmodel.compile.relation import ASSUME
from tcpmodel.spec.model import Model, Procedure, Variable

CIRCLE = 1 << 32
SENDING = {"SND.UNA", "SND.NXT", "SND.UP", "SND.WL2", "SND.EDGE", "ISS", "FRESH.ISS", "GAP.START", "GAP.END"}
FAR = (1 << 31) - 1, 1 << 31, (1 << 31) + 1, -(1 << 31), 70_000, -70_000
NEAR = (-2, -1, 0, 0, 0, 0, 1, 1, 2, 3, 10)
INTS = {
    "SEG.WND": (0, 1, 10, 1000, 65535),
    "SEG.UP": (0, 1, 65535),
    "SEG.MSS": (-1, -1, 536, 1460),
    "SEG.SHIFT": (-1, -1, 0, 7, 14, 15),
    "SEG.SACKS": (0, 0, 1, 3),
    "SEG.COOKIE": (-1, -1, 0, 8),
    "SND.MSS": (1, 536, 65535),
    "SND.WIND.SHIFT": (-1, 0, 7, 14, 20),
    "RCV.WIND.SHIFT": (-1, 0, 7, 14, 20),
    "GAP.LEN": (0, 1, 3),
}
WINDOWS = (0, 1, 2, 10, 1000, 65535, 70_000, 1 << 30)
ODDS = {**dict.fromkeys(("SEG.MALFORMED", "UNSEEN", "GAP", "PICKED.UP"), 0.05), "SYN.ACKED": 0.8, "ISS.PASSED": 0.2}
SECOND = 1_000_000_000


@dataclass
class Example:
    """One step to take: plain values by name, sequence numbers unwrapped."""

    procedure: Procedure
    state: int
    tcb: dict[str, Any]
    inputs: dict[str, Any]


class Draws:
    """Draws examples for one model; the same seed draws the same ones."""

    def __init__(self, model: Model, seed: int) -> None:
        self.model, self.random = model, random.Random(seed)
        self.answers = Answers(model)
        self.pairs = [(p, model.states.index(s)) for p in model.procedures for s in p.states]
        # a segment decides most, so its procedures get most of the examples
        self.weights = [
            12 if p.event in ("segment", "output") else 4 if p.event == "pickup" else 1 for p, _ in self.pairs
        ]

    def example(self) -> Example:
        procedure, state = self.random.choices(self.pairs, self.weights)[0]
        self.mine, self.theirs = (self.base() for _ in range(2))
        self.out = procedure.event != "segment"
        self.clock = self.random.choice((-1, 5 * SECOND, 1_700_000_000 * SECOND))
        self.stamp = self.random.choice((0, 1000, CIRCLE - 1))
        variables = self.model.variables.values()
        tcb = {v.name: self.value(v) for v in variables if v.group == "tcb" and v.name != "STATE"}
        tcb[OWED] = tuple(self.answer() for _ in range(self.random.choice((0, 0, 1, 2))))
        inputs = {v.name: self.value(v) for v in variables if v.group in ("segment", "environment")}
        inputs |= {v.name: self.value(v) for v in procedure.arguments}
        inputs["SEG.TEXT"] = text = self.random.choice((0, 0, 0, 1, 2, 10, 1460))
        inputs["SEG.LEN"] = text + (inputs["SEG.CTL"] & 1) + (inputs["SEG.CTL"] >> 1 & 1)
        inputs[ASSUME] = self.random.random() < 0.3
        self.meet(tcb, inputs)
        return Example(procedure, state, tcb, inputs)

    def meet(self, tcb: dict[str, Any], inputs: dict[str, Any]) -> None:
        """Now and then the segment is one that is owed, or fits the numbers exactly."""
        if tcb[OWED] and self.random.random() < 0.5:
            ordinal, seq, ack = self.random.choice(tcb[OWED])[:3]
            inputs["SEG.CTL"] = self.answers.rules[ordinal].sends[0].flags
            inputs |= {"SEG.SEQ": seq, "SEG.ACK": ack, "SEG.TEXT": 0, "SEG.LEN": inputs["SEG.CTL"] >> 1 & 1}
        elif self.random.random() < 0.5:
            exact = ("SND.NXT", "RCV.NXT") if self.out else ("RCV.NXT", "SND.NXT")
            inputs["SEG.SEQ"], inputs["SEG.ACK"] = (tcb[name] for name in exact)

    def base(self) -> int:
        return CIRCLE + self.random.choice((0, 5, -5, self.random.randrange(CIRCLE)))

    def value(self, variable: Variable) -> Any:
        name, type = variable.name, variable.type
        if type == "bool":
            return self.random.random() < ODDS.get(name, 0.4)
        if type == "flags":
            common = self.random.choice((16, 16, 16, 24, 2, 18, 17, 4, 20, 48))
            return self.random.choice((common, common, self.random.randrange(512)))
        if type == "seq":
            return self.number(name)
        if type == "time":
            return self.time(name)
        if type == "spans":
            return self.spans()
        if type in self.model.enums:
            return self.random.randrange(len(self.model.enums[type]))
        return self.int(name)

    def number(self, name: str) -> int:
        if self.random.random() < 1 / 12:
            return self.random.choice((self.mine, self.theirs)) + self.random.choice(FAR)
        own = name in SENDING or name == ("SEG.SEQ" if self.out else "SEG.ACK")
        return (self.mine if own else self.theirs) + self.random.choice(NEAR)

    def time(self, name: str) -> int:
        if name == "NOW":
            return self.clock
        return self.random.choice((0, max(0, self.clock - 300 * SECOND), max(0, self.clock - SECOND), self.clock + 1))

    def int(self, name: str) -> int:
        if name in ("SEG.TSVAL", "SEG.TSECR", "TS.RECENT"):
            return self.random.choice((-1, -1, *((self.stamp + n) % CIRCLE for n in (-1, 0, 1))))
        return self.random.choice(INTS.get(name, WINDOWS))

    def spans(self) -> tuple[tuple[int, int], ...]:
        cuts = sorted(self.random.sample(range(2, 14, 2), 2 * self.random.choice((0, 0, 0, 1, 2))))
        return tuple((self.theirs + a, self.theirs + b) for a, b in zip(cuts[::2], cuts[1::2], strict=True))

    def answer(self) -> tuple[int, ...]:
        ordinal = self.random.randrange(len(self.answers.rules))
        numbers: list[int] = []
        for _ in self.answers.rules[ordinal].sends:
            numbers += [self.number("SND.NXT"), self.number("RCV.NXT")]
        return (ordinal, *numbers)
