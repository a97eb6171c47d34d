"""What the tests of `tcpmodel prove` share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tcpmodel.cli import main

ROOT = Path(__file__).parents[2]
TOY = "tests/prove/specs/toy/spec.yaml"


@pytest.fixture
def nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the checkout, with no result kept."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def data(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs `prove --format json`; the exit code and the properties by name."""

    def ask(*words: str) -> tuple[int, dict[str, Any]]:
        code = main(["prove", "--spec", TOY, "--format", "json", *words])
        return code, {row["name"]: row for row in json.loads(capsys.readouterr().out)["properties"]}

    return ask


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, ...]]]:
    """Replaces the proofs by results of our own; the list fills with the names that were to be proved."""

    def given(result: str, **fields: Any) -> list[tuple[str, ...]]:
        from tcpmodel.prove import run
        from tcpmodel.prove.property import Result

        asked: list[tuple[str, ...]] = []

        def prove_all(of_all: list[tuple[object, list[str]]], progress: object) -> Iterator[Any]:
            for _, names in of_all:
                asked.append(tuple(names))
                yield from (Result(name, 0, result, (), 1, 0.0, **fields) for name in names)

        monkeypatch.setattr(run, "prove_all", prove_all)
        return asked

    return given


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    """A copy of the toy with a claim that should be refuted and one that is decided within a bound."""
    shutil.copytree(ROOT / "tests/prove/specs", tmp_path / "specs")
    text = """
property: {name}
statement: {name}
cite: RFC 9293 3.3
method: invariant
holds: LEFT =< COUNT
given: [order]
expect: {expect}
"""
    rows = {"everybody-leaves": "refuted", "few-enter": "bounded"}
    added = "---".join(text.format(name=name, expect=expect) for name, expect in rows.items())
    (tmp_path / "specs/properties/toy/more.yaml").write_text(added, encoding="utf-8")
    return tmp_path / "specs/toy/spec.yaml"
