"""One step taken by the generated step functions and by the Z3 terms, at the plain values of an example."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

from agreement_draws import CIRCLE, Example

from tcpmodel.compile import bounded, encodings, runtime
from tcpmodel.compile.bounded import OWED
from tcpmodel.compile.concrete import ANSWERS, Evaluator, bound, plain
from tcpmodel.compile.expressions import identifier
from tcpmodel.compile.relation import ASSUME, Relation, Step
from tcpmodel.spec.model import Model
from tcpmodel.trace import Segment

Outcome = dict[str, Any]


def segment(inputs: dict[str, Any]) -> Segment:
    """The segment of an example, as a reader would have decoded it."""
    return Segment(
        1, -1, "a:1", "b:2",
        seq=inputs["SEG.SEQ"] % CIRCLE, ack=inputs["SEG.ACK"] % CIRCLE, wnd=inputs["SEG.WND"], up=inputs["SEG.UP"],
        flags=inputs["SEG.CTL"], len=inputs["SEG.LEN"], text=inputs["SEG.TEXT"], mss=inputs["SEG.MSS"],
        wscale=inputs["SEG.SHIFT"], tsval=inputs["SEG.TSVAL"], tsecr=inputs["SEG.TSECR"], sackok=inputs["SEG.SACKOK"],
        sack=((0, 1),) * inputs["SEG.SACKS"], tfo=inputs["SEG.COOKIE"], optbad="bad" * inputs["SEG.MALFORMED"],
    )  # fmt: skip


class Python:
    """The generated step functions at plain values."""

    def __init__(self, model: Model, steps: ModuleType) -> None:
        self.model, self.steps = model, steps
        self.names = list(model.rules)
        self.types = {v.name: v.type for v in model.variables.values()}

    def outcome(self, example: Example) -> Outcome:
        tcb, environment = self.tcb(example), self.environment(example)
        function = self.steps.EVENTS[example.procedure.event, example.procedure.event_name][example.state]
        try:
            function(tcb, segment(example.inputs), environment)
        except runtime.IncompleteStage:
            return {"hole": True}
        found: Outcome = {"hole": False, "fired": [self.names[n] for n in environment.fired]}
        for name, type in self.types.items():
            if hasattr(tcb, identifier(name)):
                value = getattr(tcb, identifier(name))
                found[name] = bool(value) if type == "bool" else frozenset(value) if type == "spans" else value
        found[OWED] = frozenset(self.answer(entry) for entry in tcb.owed)
        found["forbidden"] = [self.names[n] for n in environment.bad]
        return found

    def verdict(self, example: Example) -> str:
        """The first rule that forbids the step, "" for none."""
        environment = self.environment(example)
        environment.STRICT = True
        function = self.steps.EVENTS[example.procedure.event, example.procedure.event_name][example.state]
        number = function(self.tcb(example), segment(example.inputs), environment)
        return self.names[number] if number >= 0 else ""

    def tcb(self, example: Example) -> Any:
        tcb = self.steps.TCB()
        for name, value in example.tcb.items():
            if name != OWED:
                setattr(tcb, identifier(name), self.wrapped(self.types[name], value))
        tcb.STATE = example.state
        tcb.owed = tuple(self.entry(row) for row in example.tcb[OWED])
        return tcb

    def wrapped(self, type: str, value: Any) -> Any:
        if type == "spans":
            return tuple((low % CIRCLE, high % CIRCLE) for low, high in value)
        return value % CIRCLE if type == "seq" else value

    def entry(self, row: tuple[int, ...]) -> Any:
        rule = bounded.Answers(self.model).rules[row[0]]
        numbers = zip(row[1::2], row[2::2], strict=False)
        forms = ((t.flags, seq % CIRCLE, ack % CIRCLE if "ACK" in dict(t.fields) else -1)
                 for t, (seq, ack) in zip(rule.sends, numbers, strict=False))  # fmt: skip
        return self.names.index(rule.name), tuple(forms)

    def answer(self, entry: Any) -> tuple[Any, ...]:
        return (self.names[entry[0]], *(number for _, seq, ack in entry[1] for number in (seq, ack)))

    def environment(self, example: Example) -> SimpleNamespace:
        e = SimpleNamespace(STRICT=False, bad=[], assumed=[], passed=[], fired=[], began=-1)
        e.ASSUME = example.inputs[ASSUME]
        types = {**self.types, **{v.name: v.type for v in example.procedure.arguments}}
        for name, value in example.inputs.items():
            if name != ASSUME and not name.startswith("SEG."):
                setattr(e, identifier(name), self.wrapped(types[name], value))
        return e


class Terms:
    """The Z3 step of one encoding at plain values, by substitution."""

    def __init__(self, model: Model, encoding: encodings.Encoding) -> None:
        self.model, self.encoding = model, encoding
        self.relation = Relation(model, encoding)
        self.steps: dict[tuple[str, int], tuple[Step, Evaluator]] = {}
        self.types = {v.name: v.type for v in model.variables.values()} | {OWED: ANSWERS, ASSUME: "bool"}

    def step(self, example: Example) -> tuple[Step, Evaluator]:
        key = example.procedure.name, example.state
        if key not in self.steps:
            step = self.relation.step(example.procedure, example.state)
            values = [f.when for f in step.firings], [h.when for h in step.holes], step.assumptions
            flat = [*step.after.values(), *(tuple(group) for group in values)]
            self.steps[key] = step, Evaluator(flat)
        return self.steps[key]

    def bindings(self, step: Step, example: Example) -> Iterator[tuple[Any, Any]]:
        types = {**self.types, **{v.name: v.type for v in example.procedure.arguments}}
        for values, given in ((step.before, example.tcb), (step.inputs, example.inputs)):
            for name, value in given.items():
                yield from bound(values[name], types[name], value, self.encoding)

    def outcome(self, example: Example) -> Outcome | None:
        """None where the encoding assumes something that the example does not meet."""
        step, evaluator = self.step(example)
        *after, fired, holes, assumed = evaluator.at(self.bindings(step, example))
        if not all(plain(value, "bool") for value in assumed):
            return None
        if any(plain(hole, "bool") for hole in holes):
            return {"hole": True}
        firings = [f for f, value in zip(step.firings, fired, strict=True) if plain(value, "bool")]
        found: Outcome = {"hole": False, "fired": [f.rule.name for f in firings]}
        for name, value in zip(step.after, after, strict=True):
            number = plain(value, self.types[name])
            found[name] = frozenset(number) if self.types[name] == "spans" else number
        found[OWED] = frozenset(map(self.answer, found[OWED]))
        found["forbidden"] = [f.rule.name for f in firings if f.rule.forbid]
        return found

    def answer(self, row: tuple[int, ...]) -> tuple[Any, ...]:
        rule = self.relation.answers.rules[row[0]]
        acks = ["ACK" in dict(t.fields) for t in rule.sends]
        pairs = zip(acks, row[1::2], row[2::2], strict=False)
        return (rule.name, *(number for has, seq, ack in pairs for number in (seq, ack if has else -1)))


def differences(example: Example, one: Outcome, other: Outcome) -> str:
    """What two backends disagree on, "" for nothing."""
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    rows = [f"  {name}: {one.get(name)} / {other.get(name)}" for name in names]
    return "\n".join([f"{example.procedure.name} in state {example.state}", *rows, repr(example)]) if rows else ""
