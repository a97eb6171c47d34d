"""Certificates on the command line: written, and answered by another solver."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tcpmodel.cli import main

pytest.importorskip("z3")


TOY = "tests/prove/specs/toy/spec.yaml"
pytestmark = pytest.mark.usefixtures("nothing_known")


def test_certificates_are_written(
    tmp_path: Path, data: Callable[..., tuple[int, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "certificates"
    assert main(["prove", "--spec", TOY, "--certificate", str(folder), "never-crowded", "few-leave"]) == 3
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    assert set(index["properties"]) == {"never-crowded"}  # there is nothing to certify of what is not proved
    assert all((folder / name).read_text(encoding="utf-8").rstrip().endswith("(check-sat)") for name in index["files"])
    assert f"certificates: {len(index['files'])} obligations of toy in {folder}" in capsys.readouterr().out


def test_another_solver_confirms(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cvc5")
    assert main(["prove", "--spec", TOY, "--solver", "cvc5", "--jobs", "2", "shut-refuses"]) == 0
    assert "cvc5 confirms 2 of 2\n" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_what_another_solver_refuses_is_inconclusive(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tcpmodel.cli import certificate
    from tcpmodel.prove import recheck

    found = [recheck.Checked(f"{n}.smt2", "lemma x", "unsat", "sat", n == 0, "cvc5 says sat", 0.1) for n in range(9)]
    monkeypatch.setattr(recheck, "check_certificates", lambda *_, **__: found)
    monkeypatch.setattr(certificate, "find_spec", lambda name: object())
    words = ["prove", "--spec", TOY, "--solver", "cvc5", "--jobs", "1", "shut-refuses", "--format", form]
    assert main(words) == 3
    printed = capsys.readouterr().out
    assert {"text": "confirms 1 of 9\n", "json": '"confirmed": 1', "junit": 'skipped="8"'}[form] in printed
    assert "1.smt2" in printed and "0.smt2 (" not in printed


def test_a_solver_that_is_not_there_is_bad_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tcpmodel.cli import certificate, prove

    monkeypatch.setattr(certificate, "find_spec", lambda name: None)
    assert main(["prove", "--spec", TOY, "--solver", "cvc5"]) == 2
    assert "pip install 'tcpmodel[cvc5]'" in capsys.readouterr().err
    monkeypatch.setattr(prove, "find_spec", lambda name: None)
    assert main(["prove", "--spec", TOY]) == 2
    assert "pip install 'tcpmodel[prove]'" in capsys.readouterr().err
