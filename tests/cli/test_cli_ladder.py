"""`tcpmodel verify --ladder`: two time lines with the states of both endpoints and the findings on their rungs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcpmodel.cli import main

TRACES = Path(__file__).resolve().parents[2] / "traces"


def test_the_ladder_shows_states_and_marks_the_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--ladder", str(TRACES / "textbook" / "three-way-handshake-wrong-third-seq.json")]) == 1
    rungs = [line for line in capsys.readouterr().out.splitlines() if "|" in line or "! must" in line]
    assert any("[OPEN] SYN-SENT" in line for line in rungs)
    assert [line.split()[2] for line in rungs if "! must" in line] == ["TM417:"]


def test_a_ladder_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    trace = TRACES / "textbook" / "three-way-handshake.json"
    assert main(["verify", "--ladder", "--format", "json", str(trace)]) == 2
    assert "--ladder" in capsys.readouterr().err
