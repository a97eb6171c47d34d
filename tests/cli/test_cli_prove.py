"""`tcpmodel prove`: what it prints, how it exits, what it remembers, and that it can be interrupted."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
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
from tcpmodel.prove.property import Failure, Result

ROOT = Path(__file__).parents[2]
GOLDEN = sorted(Path(__file__).with_name("proofs").glob("*.txt"))
TOY = "tests/prove/specs/toy/spec.yaml"
# what a solver finds, and how long it takes, is its own affair
FIGURES = re.compile(r"(?<=before  ).*|(?<=event   ).*|(?<=\"seconds\": )[\d.]+|[\d.]+(?= s\b)|(?<=\.yaml:)\d+")
FOUND = re.compile(r'(?<="before": ){.*?}|(?<="event": ){.*?}(?=[,\n])')


@pytest.fixture(autouse=True)
def _nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        asked: list[tuple[str, ...]] = []

        def prove(names: list[str], settings: run.Settings, progress: object) -> Iterator[Result]:
            asked.append(tuple(names))
            yield from (Result(name, 0, result, (), 1, 0.0, **fields) for name in names)

        monkeypatch.setattr(run, "prove", prove)
        return asked

    return given


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


def test_the_worst_answer_decides(answers: Callable[..., list[tuple[str, ...]]], claims: Path) -> None:
    answers("proved")
    assert main(["prove", "--spec", str(claims), "-qq"]) == 1  # everybody-leaves should be refuted
    answers("unknown")
    assert main(["prove", "--spec", str(claims), "-qq", "--no-cache"]) == 3


def test_what_is_known_is_not_proved_again(answers: Callable[..., list[tuple[str, ...]]]) -> None:
    asked = answers("proved")
    words = ["prove", "--spec", TOY, "-qq"]
    assert [main(words), main(words), main([*words, "--no-cache"]), main([*words, "--why"])] == [0, 0, 0, 0]
    everything = ("never-crowded", "shut-refuses", "few-leave")
    assert asked == [everything, everything, everything]  # with --why the unsat cores are asked for


CHANGES = {
    "the property": ("properties/toy/toy.yaml", "COUNT - LEFT =< ROOM\ngiven", "COUNT =< ROOM + LEFT\ngiven"),
    "a lemma": ("properties/toy/toy.yaml", "0 =< LEFT =< COUNT", "0 =< LEFT and LEFT =< COUNT"),
    "an assumption": ("properties/toy/toy.yaml", "waits for an answer", "goes away"),
    "a rule": ("toy/toy.yaml", "LEFT + 1", "LEFT + 2"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_makes_it_unknown(change: str, answers: Callable[..., list[tuple[str, ...]]], claims: Path) -> None:
    file, old, new = CHANGES[change]
    words = ["prove", "--spec", str(claims), "-qq", "never-crowded"]
    asked = answers("proved")
    main(words)
    path = claims.parents[1] / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    units.context_of.cache_clear()
    main(words)
    assert len(asked) == 2
    path.write_text(text, encoding="utf-8")
    units.context_of.cache_clear()
    main(words)
    assert len(asked) == 2


def test_a_change_elsewhere_does_not(answers: Callable[..., list[tuple[str, ...]]], claims: Path) -> None:
    words = ["prove", "--spec", str(claims), "-qq"]
    asked = answers("proved")
    main(words)
    path = claims.parents[1] / "properties/toy/toy.yaml"
    text = path.read_text(encoding="utf-8").replace("a guess, and a wrong one", "a bad guess")
    path.write_text("# another line\n" + text, encoding="utf-8")
    units.context_of.cache_clear()
    main(words)
    assert asked[1:] == [("few-leave",)]


def test_another_program_or_variant_makes_it_unknown(
    answers: Callable[..., list[tuple[str, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tcpmodel.prove import cache

    asked = answers("proved")
    words = ["prove", "--spec", TOY, "-qq", "never-crowded"]
    main(words)
    main([*words, "--variant", "crowded"])
    monkeypatch.setattr(cache, "program", lambda: "another one")
    main(words)
    assert len(asked) == 3


def test_what_the_solver_gave_up_on_is_asked_again(answers: Callable[..., list[tuple[str, ...]]]) -> None:
    words = ["prove", "--spec", TOY, "-qq", "never-crowded"]
    asked = answers("unknown", failures=(Failure("a", "the solver gave up: timeout"), Failure("b", "so it is")))
    assert [main(words), main(words)] == [3, 3] and len(asked) == 2
    asked = answers("unknown", failures=(Failure("b", "so it is", ("x",), {"COUNT": "1"}),))
    assert [main(words), main(words)] == [3, 3] and len(asked) == 1


def test_a_bounded_answer_holds_for_its_time(answers: Callable[..., list[tuple[str, ...]]]) -> None:
    asked = answers("bounded", bound="8 steps")
    words = ["prove", "--spec", TOY, "-qq", "never-crowded"]
    main(words)
    main([*words, "--timeout", "60"])
    main([*words, "--timeout", "60"])
    assert len(asked) == 2


def test_a_damaged_cache_does_no_harm(
    answers: Callable[..., list[tuple[str, ...]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answers("proved")
    words = ["prove", "--spec", TOY, "-qq", "never-crowded"]
    main(words)
    for damage in ("", "[]", '{"timeout": 1}', '{"timeout": 1, "result": {"name": "x"}}'):
        for path in (tmp_path / "cache" / "tcpmodel" / "proofs").iterdir():
            path.write_text(damage, encoding="utf-8")
        assert main(words) == 0
    assert len(asked) == 5 and capsys.readouterr() == ("", "")


def test_a_cache_that_cannot_be_written_to_does_no_harm(
    answers: Callable[..., list[tuple[str, ...]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    answers("proved")
    assert main(["prove", "--spec", TOY, "-qq"]) == 0


def test_nothing_heavy_is_imported_for_what_is_known() -> None:
    code = (
        "import sys; from tcpmodel.cli import main; "
        f"assert main(['prove', '--spec', {TOY!r}, '--list', '--output', {os.devnull!r}]) == 0; "
        "print([m for m in ('z3', 'networkx', 'concurrent.futures.process') if m in sys.modules][:2])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout in ("[]\n", "['concurrent.futures.process']\n")


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


def test_results_survive_the_cache(tmp_path: Path) -> None:
    from tcpmodel.prove.cache import Cache

    subject = units.Subject(TOY)
    context = units.context_of(subject)
    item = context.properties.properties["few-leave"]
    cache = Cache(subject, context, folder=tmp_path)
    failure = Failure("x: lemma few", "because", ("rule",), {"COUNT": "1"}, {"SEG.SEQ": "2"})
    result = Result("few-leave", 3, "unknown", ("a",), 7, 0.5, reason="r", failures=(failure,), needed=("few",))
    cache.put(item, result, 20.0)
    assert cache.get(item, 5.0) == result == cache.known(item)
    assert Cache(subject, context, cores=True, folder=tmp_path).get(item) is None
    assert Cache(replace(subject, mutant="never-crowded/x"), context, folder=tmp_path).get(item) is None


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
