"""The generated step functions and the Z3 terms, in both encodings, say the same of any state and any input.

AGREEMENT_EXAMPLES sets how many examples are drawn (10,000 for a release; fewer by default).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("z3")

from agreement_draws import CIRCLE, Draws, Example

from tcpmodel.compile import bounded, encodings, expressions, load_steps, python, relation, runtime
from tcpmodel.compile.bounded import OWED
from tcpmodel.compile.concrete import ANSWERS, Evaluator, bound, plain
from tcpmodel.compile.expressions import identifier
from tcpmodel.compile.relation import ASSUME, Relation, Step
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.trace import Segment

EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "1000"))
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
        rule = bounded.Answers(self.model.rules.values()).rules[row[0]]
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


def rarest(draws: Draws, steps: Python, fired: Counter[str]) -> Example:
    """Of some examples the one that fires the rule that has fired least; a plain step costs next to nothing."""
    drawn = [draws.example() for _ in range(8)]
    return min(
        drawn, key=lambda example: min((fired[name] for name in steps.outcome(example).get("fired", [])), default=0)
    )


def disagreement(draws: Draws, one: Python, other: Terms, examples: int) -> str:
    """The first difference found, "" for none."""
    for _ in range(examples):
        example = draws.example()
        said = other.outcome(example)
        found = "" if said is None else differences(example, one.outcome(example), said)
        if found:
            return found
    return ""


def compiled(model: Model) -> ModuleType:
    """The step functions as the generator writes them now, past the cache."""
    module = ModuleType("broken")
    exec(python.generate(model, traced=True), module.__dict__)
    return module


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


@pytest.fixture(scope="module")
def generated(model: Model) -> Python:
    return Python(model, load_steps(traced=True))


@pytest.fixture(scope="module")
def vectors(model: Model) -> Terms:
    return Terms(model, encodings.Vectors())


@pytest.fixture(scope="module")
def integers(model: Model) -> Terms:
    return Terms(model, encodings.Integers())


@pytest.mark.parametrize(("name", "share"), [("vectors", 0.99), ("integers", 0.8)])
def test_step_functions_and_terms_agree(
    model: Model, generated: Python, name: str, share: float, request: pytest.FixtureRequest
) -> None:
    """`share` of the examples at least must meet what the encoding assumes, or little would have been compared."""
    draws, terms = Draws(model, seed=9293), request.getfixturevalue(name)
    fired: Counter[str] = Counter()
    compared = 0
    for _ in range(EXAMPLES):
        example = rarest(draws, generated, fired)
        said = terms.outcome(example)
        if said is not None:
            expected = generated.outcome(example)
            assert not differences(example, expected, said)
            fired.update(expected.get("fired", []))
            compared += 1
    assert compared >= share * EXAMPLES
    assert len(fired) > 0.95 * len(model.rules), sorted(set(model.rules) - set(fired))


@pytest.mark.parametrize("backend", ["vectors", "integers"])
def test_the_strict_step_stops_at_the_first_rule_that_forbids(
    model: Model, generated: Python, backend: str, request: pytest.FixtureRequest
) -> None:
    draws, terms = Draws(model, seed=5961), request.getfixturevalue(backend)
    stopped = 0
    for _ in range(EXAMPLES // 10):
        example = draws.example()
        said = terms.outcome(example)
        if said is not None:
            first = said["forbidden"][0] if said["forbidden"] else ""
            assert generated.verdict(example) == first
            stopped += bool(first)
    assert stopped > 0


def test_examples_are_the_same_each_time(model: Model) -> None:
    one, other = (Draws(model, seed=1) for _ in range(2))
    assert [repr(one.example()) for _ in range(20)] == [repr(other.example()) for _ in range(20)]


PYTHON_FAULTS = {
    "order includes equality": (expressions._SEQ_ORDER, "<", expressions._SEQ_ORDER["<="]),
    "distance the wrong way": (expressions._SEQ_ORDER, ">=", "not ({r} - {l}) & 0x80000000"),
    "a field confused with another": (expressions.SEGMENT_FIELDS, "SEG.WND", "s.up"),
}


@pytest.mark.parametrize("fault", PYTHON_FAULTS)
def test_a_broken_python_generator_is_noticed(
    model: Model, vectors: Terms, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(*PYTHON_FAULTS[fault])
    assert disagreement(Draws(model, seed=1), Python(model, compiled(model)), vectors, 2000)


def test_assignments_that_are_not_simultaneous_are_noticed(
    model: Model, vectors: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python, "_tcb_names", lambda value: iter(()))
    assert disagreement(Draws(model, seed=1), Python(model, compiled(model)), vectors, 2000)


def test_a_runtime_that_forgets_to_discharge_is_noticed(
    model: Model, vectors: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "discharge", lambda owed, segment: owed)
    assert disagreement(Draws(model, seed=1), Python(model, compiled(model)), vectors, 2000)


TERM_FAULTS: dict[str, tuple[object, str, object]] = {
    "order without the circle": (encodings.Vectors, "before", lambda self, a, b: encodings.z3().ULT(a, b)),
    "distance without sign": (encodings.Vectors, "distance", lambda self, a, b: encodings.z3().ZeroExt(32, a - b)),
    "difference as a sum": (encodings.Vectors, "minus", lambda self, a, b: self.plus(a, b)),
    "nothing reached": (bounded, "reach", lambda spans, start, order: start),
    "nothing dropped": (bounded, "below", lambda spans, start, order: spans),
    "flags that identify ignored": (bounded, "_identified", lambda template, flags: encodings.z3().BoolVal(True)),
    "states merged wrongly": (relation, "choose", lambda test, then, other: then),
    "guards of earlier rules forgotten": (relation, "negation", lambda item: encodings.z3().BoolVal(True)),
}
INTEGER_FAULTS: dict[str, tuple[object, str, object]] = {
    "order includes equality": (encodings.Integers, "before", lambda self, a, b: a <= b),
    "difference as a sum": (encodings.Integers, "minus", lambda self, a, b: a + b),
    "windows not assumed": (encodings.Integers, "window", lambda self, a, b: encodings.z3().BoolVal(True)),
}


@pytest.mark.parametrize("fault", TERM_FAULTS)
def test_broken_vectors_are_noticed(
    model: Model, generated: Python, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*TERM_FAULTS[fault])  # type: ignore[arg-type]
    assert disagreement(Draws(model, seed=1), generated, Terms(model, encodings.Vectors()), 2000)


@pytest.mark.parametrize("fault", INTEGER_FAULTS)
def test_broken_integers_are_noticed(
    model: Model, generated: Python, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*INTEGER_FAULTS[fault])  # type: ignore[arg-type]
    assert disagreement(Draws(model, seed=1), generated, Terms(model, encodings.Integers()), 2000)
