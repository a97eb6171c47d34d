"""The generated source: valid, readable, complete, and the same every time."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tcpmodel.compile.expressions import identifier
from tcpmodel.compile.python import generate
from tcpmodel.spec import load
from tcpmodel.spec.model import Model

CHECKOUT = Path(__file__).resolve().parents[2]
PROFILES = [None, *sorted(path.stem for path in (CHECKOUT / "specs" / "profiles").glob("*.yaml"))]
VARIANTS = sorted(path.stem for path in (CHECKOUT / "specs" / "variants").glob("*.yaml"))
SELECTIONS = [(profile, ()) for profile in PROFILES] + [(None, (variant,)) for variant in VARIANTS]
SELECTED = pytest.mark.parametrize(("profile", "variants"), SELECTIONS, ids=str)


@cache
def made(profile: str | None, variants: tuple[str, ...] = ()) -> tuple[Model, str]:
    model = load(profile=profile, variants=variants)
    return model, generate(model)


def fired(source: str) -> set[str]:
    """The names of the rules whose bodies are in the functions, by the comment that heads each body."""
    return set(re.findall(r"^ +# ([a-z0-9-]+(?:\.[a-z0-9-]+)*)$", source, flags=re.M))


@SELECTED
def test_every_rule_is_reachable_in_the_code(profile: str | None, variants: tuple[str, ...]) -> None:
    model, source = made(profile, variants)
    assert set(model.rules) - fired(source) == set()


@SELECTED
def test_the_source_compiles_and_runs(profile: str | None, variants: tuple[str, ...]) -> None:
    model, source = made(profile, variants)
    space: dict[str, object] = {}
    exec(compile(source, "generated", "exec"), space)
    assert space["STATES"] == model.states
    assert len(space["RULES"]) == len(model.rules)  # type: ignore[arg-type]


def test_it_is_the_same_every_time() -> None:
    """Whatever order sets and dictionaries have in this process or another."""
    model, source = made(None)
    assert generate(model) == source
    script = (
        "from tcpmodel.spec import load; from tcpmodel.compile.python import generate; print(generate(load()), end='')"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(CHECKOUT)}
        run = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout == source


def test_there_is_one_function_for_each_procedure_and_state() -> None:
    model, source = made(None)
    names = [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert len(names) == len(set(names))
    due = {f"{identifier(p.name)}__{identifier(state)}" for p in model.procedures for state in p.states}
    assert due <= set(names)
    assert all("__" in name for name in names)


def test_it_reads_like_the_specification() -> None:
    """Stages are named in their order, every branch by its rule, and no line is out of bounds."""
    model, source = made(None)
    procedure = next(p for p in model.procedures if p.name == "segment-arrives.other")
    body = source.split("\ndef segment_arrives_other__ESTABLISHED(t, s, e):")[1].split("\ndef ")[0]
    titles = re.findall(r"^    # ([a-z-]+): ", body, flags=re.M)
    assert titles == [stage.name for stage in procedure.stages if stage.name in titles]
    assert titles[0] == procedure.stages[0].name
    branches = re.findall(r"^    (?:if|elif|else)\b.*:\n(.*)$", body, flags=re.M)
    assert branches and all(re.match(r" +# [a-z]|        raise IncompleteStage", line) for line in branches)
    assert source.startswith('"""Generated from the specification rfc9293 (profile rfc9293). Do not edit')


def test_no_function_tests_the_state_it_is_for() -> None:
    """A function knows its state: no branch compares it."""
    _, source = made(None)
    tree = ast.parse(source)
    tables = {"TCB", "SENT", "OVER", "UNSETTLED"}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name not in tables:
            compared = [
                inner for test in ast.walk(node) if isinstance(test, ast.If)
                for inner in ast.walk(test.test) if isinstance(inner, ast.Attribute) and inner.attr == "STATE"
            ]  # fmt: skip
            assert compared == [], node.name


def test_traced_code_notes_every_rule_and_is_otherwise_the_same() -> None:
    model, source = made(None)
    traced = generate(model, traced=True)
    noted = {int(number) for number in re.findall(r"e\.fired\.append\((\d+)\)", traced)}
    assert noted == set(range(len(model.rules)))
    assert re.sub(r" +e\.fired\.append\(\d+\)\n", "", traced) == source


def test_what_is_set_at_once_reads_the_old_values() -> None:
    """Crossed assignments go through temporaries: the new window is reckoned from the old edge."""
    _, source = made(None)
    body = source.split("# output.acknowledges.unseen\n")[1].split("# ")[0]
    assert "n_RCV_WND = (t.RCV_WND - " in body and body.index("n_RCV_WND =") < body.index("t.RCV_NXT = ")
