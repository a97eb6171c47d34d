"""`tcpmodel prove`: what it prints, how it exits, what it remembers, and that it can be interrupted."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shlex
import sys
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from tcpmodel.cli import main

pytest.importorskip("z3")

from tcpmodel.cli import progress
from tcpmodel.prove import run, units
from tcpmodel.prove.obligation import Answer

ROOT = Path(__file__).parents[2]
GOLDEN = sorted(Path(__file__).with_name("proofs").glob("*.txt"))
TOY = "tests/prove/specs/toy/spec.yaml"
# what a solver finds, and how long it takes, is its own affair
FIGURES = re.compile(r"(?<=before  ).*|(?<=event   ).*|(?<=\"seconds\": )[\d.]+|[\d.]+(?= s\b)|(?<=\.yaml:)\d+")
FOUND = re.compile(r'(?<="before": ){.*?}|(?<="event": ){.*?}(?=[,\n])')
pytestmark = pytest.mark.usefixtures("nothing_known")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_it_prints(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command, _, rest = path.read_text(encoding="utf-8").partition("\n")
    code = main(shlex.split(command.removeprefix("$ "))[1:])
    printed, said = capsys.readouterr()
    actual = printed + (f"[stderr]\n{said}" if said else "") + (f"[exit {code}]\n" if code else "")
    actual = FIGURES.sub("N", FOUND.sub("{}", actual))
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{command}\n{actual}", encoding="utf-8")
        return
    assert actual == rest


def test_there_are_golden_files() -> None:
    assert len(GOLDEN) >= 8


def test_time_that_runs_out_is_inconclusive_and_is_not_kept(
    data: Callable[..., tuple[int, dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    code, rows = data("never-crowded", "--timeout", "0.001")
    assert (code, rows["never-crowded"]["result"]) == (3, "unknown")
    assert "timeout" in rows["never-crowded"]["reason"]
    assert main(["prove", "--spec", TOY, "never-crowded", "--timeout", "0.001"]) == 3
    assert "inconclusive  never-crowded" in capsys.readouterr().out
    assert data("never-crowded")[1]["never-crowded"]["result"] == "proved"


def test_a_solver_that_gives_up_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(units, "decide", lambda obligation, *_: Answer(obligation, None, "resource limits"))
    assert main(["prove", "--spec", TOY, "--jobs", "1", "never-crowded"]) == 3
    printed = capsys.readouterr().out
    assert "inconclusive  never-crowded" in printed and "the solver gave up: resource limits" in printed
    assert "refuted  " not in printed


def test_a_proof_that_fails_is_inconclusive(data: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    code, rows = data("--variant", "crowded", "never-crowded")
    assert (code, rows["never-crowded"]["result"], rows["never-crowded"]["counterexample"]) == (3, "unknown", None)
    assert rows["never-crowded"]["failures"][0]["rules"] == ["door.enters"]


def test_the_object_fits_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    schema = json.loads(resources.files("tcpmodel.report.proof").joinpath("proof.schema.json").read_text())
    for words in ([], ["--why"], ["--variant", "crowded"], ["--timeout", "0.001", "--no-cache"]):
        main(["prove", "--spec", TOY, "--format", "json", *words])
        jsonschema.Draft202012Validator(schema).validate(json.loads(capsys.readouterr().out))


def test_the_members_that_are_promised(data: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    row = data("never-crowded", "--why")[1]["never-crowded"]
    promised = {"name", "row", "result", "bound", "assumptions", "obligations", "seconds", "counterexample"}
    assert promised <= set(row)
    assert (row["row"], row["result"], row["bound"], row["counterexample"]) == (1, "proved", None, None)
    assert row["assumptions"] == ["whoever knocks waits for an answer"]
    assert row["lemmas"] == ["room", "idle", "order"] and row["needed"] == ["order", "room"]


@pytest.mark.parametrize(
    ("result", "name", "code"),
    [
        ("proved", "never-crowded", 0),
        ("refuted", "never-crowded", 1),
        ("bounded", "never-crowded", 3),
        ("unknown", "never-crowded", 3),
        ("refuted", "everybody-leaves", 0),
        ("proved", "everybody-leaves", 1),
        ("bounded", "everybody-leaves", 3),
        ("unknown", "everybody-leaves", 3),
        ("bounded", "few-enter", 0),
        ("proved", "few-enter", 0),
        ("refuted", "few-enter", 1),
        ("unknown", "few-enter", 3),
    ],
)
def test_exit_codes(
    result: str, name: str, code: int, answers: Callable[..., list[tuple[str, ...]]], claims: Path
) -> None:
    answers(result)
    assert main(["prove", "--spec", str(claims), name, "-qq"]) == code


def test_the_worst_answer_decides(answers: Callable[..., list[tuple[str, ...]]], claims: Path) -> None:
    answers("proved")
    assert main(["prove", "--spec", str(claims), "-qq"]) == 1  # everybody-leaves should be refuted
    answers("unknown")
    assert main(["prove", "--spec", str(claims), "-qq", "--no-cache"]) == 3


def slow(unit: units.Unit) -> units.Done:
    """A piece of work that takes long, but for the first, and leaves a mark when it gets done."""
    if unit.name != "never-crowded":
        time.sleep(30)
        Path(os.environ["MARK"]).touch()
    return units.Done(unit)


def test_an_interrupt_ends_all_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    mark = tmp_path / "mark"
    monkeypatch.setenv("MARK", str(mark))
    monkeypatch.setattr(run, "work", slow)
    monkeypatch.setattr(progress.Counter, "callback", property(lambda self: interrupt))
    assert main(["prove", "--spec", TOY, "--jobs", "2"]) == 130
    assert capfd.readouterr() == ("", "tcpmodel: interrupted\n")
    assert not multiprocessing.active_children() and not mark.exists()


def test_progress_is_drawn_and_wiped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    monkeypatch.setattr(progress, "INTERVAL", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert main(["prove", "--spec", TOY, "-qq", "--jobs", "1", "shut-refuses"]) == 0
    said = capsys.readouterr().err
    assert "100%  1 of 1: shut-refuses" in said and said.endswith("\r\x1b[K")


def test_nothing_is_drawn_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    main(["prove", "--spec", TOY, "-qq", "shut-refuses"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_the_number_of_processes_changes_nothing(jobs: str, data: Callable[..., tuple[int, dict[str, Any]]]) -> None:
    rows = data("--no-cache", "--jobs", jobs)[1]
    assert {name: (row["result"], row["obligations"]) for name, row in rows.items()} == {
        "never-crowded": ("proved", 22), "shut-refuses": ("proved", 2), "few-leave": ("unknown", 8),
    }  # fmt: skip


def test_junit(capsys: pytest.CaptureFixture[str], answers: Callable[..., list[tuple[str, ...]]]) -> None:
    answers("refuted", reason="it is <false>")
    assert main(["prove", "--spec", TOY, "--format", "junit", "never-crowded", "--no-cache"]) == 1
    suites = ElementTree.fromstring(capsys.readouterr().out)
    assert suites.get("failures") == "1"
    assert [case.get("name") for case in suites.iter("testcase")] == ["never-crowded"]
    assert next(suites.iter("failure")).get("message") == "it is <false>"


TRACE = {
    "schema": "tcpmodel/trace/1",
    "title": "a SYN that is lost",
    "events": [
        {"from": "a", "segment": "S 100:100(0) win 8192", "note": "never arrives"},
        {"from": "a", "segment": "S 100:100(0) win 8192"},
        {"from": "b", "segment": "S. 300:300(0) ack 101 win 8192"},
        {"from": "a", "segment": ". 101:101(0) ack 301 win 8192"},
    ],
}


@pytest.fixture
def any_property(monkeypatch: pytest.MonkeyPatch, answers: Callable[..., list[tuple[str, ...]]]) -> str:
    """The name of a property of TCP, refuted by a run."""
    answers("refuted", counterexample=TRACE)
    return next(iter(units.context_of(units.Subject()).properties.properties))


def test_a_counterexample_is_drawn_saved_and_accepted(
    any_property: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["prove", "--spec", "rfc9293", "--no-cache", any_property]
    main([*words, "--save", str(tmp_path / "runs")])
    lines = capsys.readouterr().out.splitlines()
    assert any("a 192.0.2.1:40000" in line and "b 192.0.2.2:80" in line for line in lines)
    assert any("never arrives: S 100:100(0)" in line for line in lines)
    assert sum("ESTABLISHED" in line for line in lines) >= 1
    assert main(["verify", str(tmp_path / "runs" / f"{any_property}.json")]) == 0
    capsys.readouterr()
    main([*words, "--format", "json"])
    assert json.loads(capsys.readouterr().out)["properties"][0]["counterexample"] == TRACE


def test_a_counterexample_of_values_is_printed(
    answers: Callable[..., list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    answers("refuted", counterexample={"values": {"n": "2147483648", "m": "0"}})
    assert main(["prove", "--spec", TOY, "never-crowded"]) == 1
    assert "n = 2147483648, m = 0" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_is_bad_usage(
    any_property: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    words = ["prove", "--spec", "rfc9293", "--no-cache", any_property, "-qq", "--save", str(tmp_path / "file" / "x")]
    assert main(words) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_results_are_found_by_all_specifications(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--list", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["row"] for row in found["rows"]] == list(range(1, 81))
    assert {row["standing"] for row in found["rows"]} <= {"open", "not yet run"}


def test_the_list_knows_results(
    answers: Callable[..., list[tuple[str, ...]]], capsys: pytest.CaptureFixture[str]
) -> None:
    answers("proved")
    main(["prove", "--spec", TOY, "-qq"])
    assert main(["prove", "--spec", TOY, "--list", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["standing"] for row in rows] == ["proved", "open", "in part"]


