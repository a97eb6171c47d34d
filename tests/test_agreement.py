"""The generated step functions and the Z3 terms, in both encodings, say the same of any state and any input.

AGREEMENT_EXAMPLES sets how many examples are drawn (10,000 for a release; fewer by default).
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from types import ModuleType

import pytest

pytest.importorskip("z3")

from agreement import Python, Terms, differences
from agreement_draws import Draws, Example

from tcpmodel.compile import bounded, encodings, expressions, load_steps, python, relation, runtime
from tcpmodel.spec import load
from tcpmodel.spec.model import Answering, Model

EXAMPLES = int(os.environ.get("AGREEMENT_EXAMPLES", "1500"))


def rarest(draws: Draws, steps: Python, fired: Counter[str]) -> Example:
    """Of some examples the one that fires the rule that has fired least; a plain step costs next to nothing."""
    drawn = [draws.example() for _ in range(16)]
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
    owed, _, owes = runtime.answering(model.answering.identified, model.answering.contained)
    monkeypatch.setattr(runtime, "answering", lambda *masks: (owed, lambda entries, segment: entries, owes))
    assert disagreement(Draws(model, seed=1), Python(model, compiled(model)), vectors, 2000)


@pytest.mark.parametrize("answering", [Answering(0x11F, 0), Answering(0x17, 0x11), Answering(0x17, 0)])
def test_what_counts_as_an_answer_is_that_of_the_specification(model: Model, answering: Answering) -> None:
    """Both backends read it from there."""
    other = replace(model, answering=answering)
    terms = Terms(other, encodings.Vectors())
    assert not disagreement(Draws(other, seed=7), Python(other, compiled(other)), terms, EXAMPLES)
    assert disagreement(Draws(other, seed=7), Python(model, compiled(model)), terms, 2000)


TERM_FAULTS: dict[str, tuple[object, str, object]] = {
    "order without the circle": (encodings.Vectors, "before", lambda self, a, b: encodings.z3().ULT(a, b)),
    "distance without sign": (encodings.Vectors, "distance", lambda self, a, b: encodings.z3().ZeroExt(32, a - b)),
    "difference as a sum": (encodings.Vectors, "minus", lambda self, a, b: self.plus(a, b)),
    "nothing reached": (bounded, "reach", lambda spans, start, order: start),
    "nothing dropped": (bounded, "below", lambda spans, start, order: spans),
    "flags that identify ignored": (bounded, "_identified", lambda *given: encodings.z3().BoolVal(True)),
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
