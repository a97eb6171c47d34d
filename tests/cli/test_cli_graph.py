"""`tcpmodel graph`: golden outputs (first line the command, last line the exit code) and the pictures in docs/.

UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import json
import os
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytest.importorskip("networkx")
pytest.importorskip("z3")

from tcpmodel.cli import graph, main

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((Path(__file__).parent / "golden").glob("graph*.txt"))
PICTURES = {"state-diagram": [], "two-way-handshake": ["--diff", "two-way-handshake"]}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_output(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command, _, expected = path.read_text(encoding="utf-8").partition("\n")
    code = main(shlex.split(command.removeprefix("$ tcpmodel ")))
    assert code != 70
    said = capsys.readouterr()
    actual = f"{said.out}{said.err}exit {code}\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{command}\n{actual}", encoding="utf-8")
        expected = actual
    assert actual == expected
    assert (code == 2) == ("bad" in path.stem)


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_in_docs_are_what_the_command_draws(name: str, tmp_path: Path) -> None:
    path = ROOT / "docs" / f"{name}.svg"
    assert main(["graph", "--as", "svg", *PICTURES[name], "--output", str(tmp_path / "now.svg")]) == 0
    drawn = (tmp_path / "now.svg").read_text(encoding="utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(drawn, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == drawn


def run_json(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert main(["graph", "--as", "json", *options]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_json_has_every_edge_and_with_all_every_path(capsys: pytest.CaptureFixture[str]) -> None:
    plain, full = run_json(capsys), run_json(capsys, "--all")
    assert len(plain["nodes"]) == 11 and len(plain["edges"]) == len(full["edges"]) > 200
    assert "paths" not in plain["edges"][0] and full["edges"][0]["paths"]


def test_a_difference_in_json_names_edges_and_rules(capsys: pytest.CaptureFixture[str]) -> None:
    found = run_json(capsys, "--diff", "closed-silent")
    assert found["graph"]["rules"] == {"closed.no-ack": "changed", "closed.ack": "changed"}
    assert {edge["source"] for edge in found["edges"] if "change" in edge} == {"CLOSED"}


def test_a_difference_can_be_an_overlay_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(
        "variant: mine\nextends: rfc9293\ntitle: t\nreason: r\nsource: s\ndelete: [text.not-read]\n", encoding="utf-8"
    )
    assert main(["graph", "--diff", str(overlay)]) == 0
    assert "- text.not-read" in capsys.readouterr().out


def test_a_trace_is_drawn_with_its_findings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["graph", "--trace", "traces/textbook/close-wrong-last-ack.json"]) == 0
    drawn = capsys.readouterr().out
    found = ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    words = ["".join(node.itertext()) for node in found]
    assert any("must TM421" in row for row in words)
    assert words.count("TIME-WAIT") == 3  # on the time line of a, and in both diagrams


@pytest.mark.parametrize(("option", "value"), [("--as", "dot"), ("--diff", "no-time-wait"), ("--state", "LISTEN")])
def test_a_trace_goes_with_no_other_picture(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "--trace", "x.json", option, value]) == 2
    assert "--trace" in capsys.readouterr().err


def test_without_the_optional_packages_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(graph, "find_spec", lambda name: None if name == "z3" else find_spec(name))
    assert main(["graph"]) == 2
    assert "tcpmodel[prove]" in capsys.readouterr().err
