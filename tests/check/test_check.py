"""What `tcpmodel check` says of the specifications that come with the program, and how it is asked."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

pytest.importorskip("z3")

from tcpmodel.check import Example, check
from tcpmodel.check.findings import listed
from tcpmodel.check.quotes import Document
from tcpmodel.cli import main
from tcpmodel.spec import load
from tcpmodel.spec.find import Library

HERE = Path(__file__).parent
RFC = HERE.parents[1].parent / "shared" / "rfc"
PROFILES = sorted({*Library().names("profiles"), "rfc9293"})
LIMIT = 60  # seconds on two cores

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", PROFILES)
def test_what_comes_with_the_program_is_clean(name: str) -> None:
    started = time.process_time()
    result = check(load(name), rfc=RFC if RFC.is_dir() else None)
    assert [str(found.diagnostic) for found in result.findings] == []
    assert result.rules > 150 and result.questions > 50
    assert time.process_time() - started < LIMIT


def test_one_stage_of_two_specifications(capsys: Captured) -> None:
    assert main(["check", "rfc9293", "linux", "--stage", "closed", "--stage", "syn"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["rfc9293", "rfc9293 + linux"]
    assert all(line.endswith(" rules in 2 stages: clean") for line in lines)


def test_verbose_says_how_much_was_asked(capsys: Captured) -> None:
    assert main(["check", "-v", "--stage", "closed"]) == 0
    assert "to the solver" in capsys.readouterr().out


def faulty(folder: Path) -> str:
    """A specification with a hole and a rule that never fires; its path."""
    (folder / "spec.yaml").write_text("specification: tiny\ntitle: tiny\nfiles: [all.yaml]\n")
    text = """
        cite: RFC 9293 3.3
        states: {OFF: off, ON: on}
        tcb: {STATE: {type: state, initial: OFF, is: state}, N: {type: int, initial: 0, is: number},
              X: {type: seq, initial: 0, is: number}, HELD: {type: spans, initial: nothing, is: spans}}
        segment: {SEG.SEQ: {type: seq, is: number}, SEG.CTL: {type: flags, is: bits}}
        procedures: {arrive: {on: segment, in: all, stages: [look]}}
        stage: look
        rules:
          - {rule: look.far, when: [N > 6, "covers(HELD, SEG.SEQ)"], set: {N: 0}, enter: "ON", then: drop}
          - {rule: look.further, when: [N > 7, "covers(HELD, SEG.SEQ)", X < SEG.SEQ], enter: "OFF", then: drop}
          - {rule: look.syn, when: [SYN in SEG.CTL, HELD == nothing], then: drop}
          - {rule: look.near, in: ["ON"], when: N < 5, then: drop}
          - {rule: look.off, in: ["OFF"], then: drop}
    """
    (folder / "all.yaml").write_text("\n".join(line[8:] for line in text.splitlines()))
    return str(folder / "spec.yaml")


def test_an_example_is_as_plain_as_can_be(tmp_path: Path) -> None:
    gap, shadowed = check(load(faulty(tmp_path))).findings
    assert gap.diagnostic.code == "TM120" and gap.diagnostic.place.line == 8
    fields, tcb = {"SEG.SEQ": 0, "SEG.CTL": 0}, {"N": 10, "X": 0, "HELD": []}
    assert gap.example == Example("ON", "segment", "- 0:0(0) win 0", fields, tcb)
    assert shadowed.diagnostic.code == "TM121" and "look.far" in shadowed.diagnostic.message


def test_json_has_place_and_example(tmp_path: Path, capsys: Captured) -> None:
    assert main(["check", faulty(tmp_path), "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == "tcpmodel/check/1"
    assert report["summary"] == {"specifications": 1, "errors": 2}
    first = report["specifications"][0]["diagnostics"][0]
    assert (first["file"], first["line"], first["code"]) == (str(tmp_path / "all.yaml"), 8, "TM120")
    assert first["example"]["state"] == "ON" and first["example"]["tcb"]["N"] >= 5


def test_quiet_and_very_quiet(tmp_path: Path, capsys: Captured) -> None:
    path = faulty(tmp_path)
    assert main(["check", "-q", path, "rfc9293", "--output", str(tmp_path / "out")]) == 1
    written = (tmp_path / "out").read_text()
    assert "TM120" in written and "clean" not in written
    assert main(["check", "-qq", path]) == 1
    assert capsys.readouterr().out == ""


def test_colours_only_when_asked(tmp_path: Path, capsys: Captured) -> None:
    path = faulty(tmp_path)
    main(["check", path, "--color", "always"])
    assert "\x1b[" in capsys.readouterr().out
    main(["check", path])
    assert "\x1b[" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rfc9239"], "did you mean 'rfc9293'"),
        (["no/such/spec.yaml"], "no specification 'no/such/spec.yaml'"),
        (["--profile", "linus"], "did you mean 'linux'?"),
        (["--stage", "ack-advance"], "did you mean 'ack-advances'?"),
        (["--rfc", "no/such/folder", "--stage", "closed"], "no RFC in it"),
        (["--format", "xml"], "'xml' is not one of"),
    ],
)
def test_bad_usage_is_2(arguments: list[str], words: str, capsys: Captured) -> None:
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert words in err and out == ""


def test_without_the_solver_the_help_is_to_install_it(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("tcpmodel.cli.check.find_spec", lambda name: None)
    assert main(["check"]) == 2
    assert "pip install 'tcpmodel[prove]'" in capsys.readouterr().err


def test_quotes_are_found_over_lines_pages_and_the_marks_of_lists() -> None:
    document = Document((HERE / "rfc" / "rfc9293.txt").read_text())
    assert document.sections("other data or control: This should not be reached.") == ["3.10.7.2"]
    assert document.sections("discarded by the ACK processing in the second step.") == ["3.10.7.2"]
    assert document.sections("An excerpt of RFC 9293") == [""]
    assert document.sections("Any ACK is bad") == []
    assert document.requirements == {"MUST-13"}


@pytest.mark.skipif(not RFC.is_dir(), reason="the text of the RFC is not at hand")
def test_sections_and_requirements_of_the_rfc_itself() -> None:
    document = Document((RFC / "rfc9293.txt").read_text())
    assert {"3.10.7.4", "3.8.6.1", "A.1", "5"} <= set(document.numbers)
    assert {"MUST-1", "SHLD-1", "MAY-1"} <= document.requirements


def test_names_in_a_sentence() -> None:
    assert [listed("ABCDEF"[:n]) for n in range(4)] == ["", "A", "A and B", "A, B and C"]
    assert listed("ABCDEF") == "A, B, C and 3 more"
