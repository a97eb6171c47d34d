"""Certificates: a second solver confirms what was proved, and refuses what was weakened, altered, lost or added."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("z3")

from tcpmodel.compile.encodings import z3
from tcpmodel.prove.certificate import Entry, certificate, needed, write_certificates
from tcpmodel.prove.obligation import Answer, Obligation, decide
from tcpmodel.prove.recheck import INDEX, SAT, UNSAT, Checked, ask, check_certificates
from tcpmodel.prove.run import Settings
from tcpmodel.prove.units import Subject, context_of, obligations_of, parts_of

SOME = ("seq-antisymmetric", "seq-transitive-everywhere", "table-6-text", "bridge-order", "isn-cycle", "closed-answers")
SETTINGS = Settings(Subject(), jobs=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of a few properties, of vectors and of integers."""
    directory = tmp_path_factory.mktemp("certificates")
    write_certificates(SOME, SETTINGS, directory)
    return directory


def copied(folder: Path, to: Path) -> list[Path]:
    """A copy of the folder, and the files in it."""
    for path in folder.rglob("*.*"):
        target = to / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return sorted(to.rglob("*.smt2"))


def refused(directory: Path) -> list[Checked]:
    pytest.importorskip("cvc5", reason="the second solver is not installed: pip install 'tcpmodel[cvc5]'")
    return [item for item in check_certificates(directory, jobs=1) if not item.ok]


def test_the_index_names_every_file(folder: Path) -> None:
    index = json.loads((folder / INDEX).read_text())
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.smt2")}
    assert set(index["files"]) == files == {name for row in index["properties"].values() for name in row["files"]}
    assert set(index["properties"]) == set(SOME)
    assert {row["expected"] for row in index["files"].values()} == {SAT, UNSAT}
    assert index["specification"]["digest"] == context_of(SETTINGS.subject).model.digest


def test_a_file_says_what_it_is_about(folder: Path) -> None:
    texts = [path.read_text() for path in sorted(folder.rglob("*.smt2"))]
    for text in texts:
        for line in ("; property ", "; obligation: ", "; specification rfc9293: ", "; expected: ", "(set-logic QF_"):
            assert line in text
        assert text.count("(check-sat)") == 1 and text.isascii()
    assert {line for text in texts for line in text.splitlines() if line.startswith("(set-logic")} == {
        "(set-logic QF_BV)",
        "(set-logic QF_LIA)",
    }


def test_every_file_is_confirmed(folder: Path) -> None:
    assert refused(folder) == []


def test_a_step_is_confirmed_with_the_lemmas_it_needs(tmp_path: Path) -> None:
    """One obligation of an induction, and the same without the lemma that its proof rests on."""
    pytest.importorskip("cvc5", reason="the second solver is not installed")
    obligation, lemma = resting()
    assert ask(certificate(needed(decide(obligation, 20.0, cores=True))), 60.0) == (UNSAT, "")
    weaker = replace(obligation, hypotheses=tuple(pair for pair in obligation.hypotheses if pair[0] != lemma))
    assert ask(certificate(weaker), 60.0) == (SAT, "")


def resting() -> tuple[Obligation, str]:
    """An obligation about vectors that does not hold without a certain lemma."""
    context = context_of(SETTINGS.subject)
    for name, item in context.properties.lemmas.items():
        for part in parts_of(context, "lemma", name) if item.about == "endpoint" else ():
            for obligation in obligations_of(context, "lemma", name, part):
                answer = decide(obligation, 20.0, cores=True)
                lemmas = [label for label in answer.core if label.startswith("lemma ")]
                if answer.holds and lemmas and obligation.step is not None and not z3().is_true(obligation.goal):
                    weaker = tuple(pair for pair in obligation.hypotheses if pair[0] != lemmas[0])
                    if decide(replace(obligation, hypotheses=weaker), 20.0).holds is False:
                        return obligation, lemmas[0]
    raise AssertionError("no induction needs a lemma")


def test_what_was_written_without_its_hypotheses_is_refused(folder: Path, tmp_path: Path) -> None:
    """Whoever weakens a proof and mends the index has not convinced the second solver."""
    context = context_of(SETTINGS.subject)
    (obligation,) = list(obligations_of(context, "property", "seq-antisymmetric", "holds"))[:1]
    copied(folder, tmp_path)
    index = json.loads((tmp_path / INDEX).read_text())
    name = next(name for name, row in index["files"].items() if row["asks"] == obligation.name)
    (tmp_path / name).write_text(certificate(replace(obligation, hypotheses=obligation.hypotheses[:-1])))
    assert [item.reason for item in refused(tmp_path)] == ["it is not the file that was written"]
    index["files"][name]["sha256"] = digest(tmp_path / name)
    (tmp_path / INDEX).write_text(json.dumps(index))
    assert [(item.file, item.reason) for item in refused(tmp_path)] == [(name, "cvc5 says sat, not unsat")]


def digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_was_altered_lost_or_added_is_noticed(folder: Path, tmp_path: Path) -> None:
    first, second, *_ = copied(folder, tmp_path)
    first.write_text(first.read_text().replace("(check-sat)", "(assert false)(check-sat)"))
    second.unlink()
    (tmp_path / "more.smt2").write_text("(check-sat)")
    assert sorted(item.reason for item in refused(tmp_path)) == [
        "No such file or directory",
        "it is not the file that was written",
        "the index does not name it",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(set-logic QF_LIA)(check-sat)(check-sat)", "it asks 2 questions, not one"),
        ("(set-logic QF_LIA)(assert (< x 1))(check-sat)", "x"),
        ("", "it asks 0 questions, not one"),
    ],
)
def test_a_file_that_is_no_question_is_refused(text: str, said: str) -> None:
    pytest.importorskip("cvc5", reason="the second solver is not installed")
    answer, reason = ask(text, 5.0)
    assert answer == "" and said in reason


def test_what_is_not_proved_is_written_whole_and_not_confirmed() -> None:
    pytest.importorskip("cvc5", reason="the second solver is not installed")
    x, y = z3().Ints("x y")
    wrong = Obligation("wrong", (("first", x > 0), ("second", y > 0)), x > y)
    assert needed(decide(wrong, 5.0, cores=True)) == wrong
    assert needed(Answer(wrong, None)) == wrong
    assert ask(certificate(wrong), 5.0) == (SAT, "")


def test_hypotheses_that_were_not_needed_are_left_out() -> None:
    x, y = z3().Ints("x y")
    right = Obligation("right", (("first", x > 0), ("second", y > 0)), x >= 1)
    found = needed(decide(right, 5.0, cores=True))
    assert [name for name, _ in found.hypotheses] == ["first"]
    assert "(declare-fun y" not in certificate(found)


def test_a_number_times_a_number_is_another_logic() -> None:
    x, y = z3().Ints("x y")
    assert "(set-logic QF_NIA)" in certificate(Obligation("product", (("first", x > 1),), x * y > 7))
    assert "(set-logic QF_LIA)" in certificate(Obligation("truth", (), z3().Bool("p")))


def test_literals_count_as_well_as_constants() -> None:
    p, one, two = z3().Bool("p"), z3().BitVecVal(1, 16), z3().BitVecVal(2, 16)
    text = certificate(Obligation("states", (), z3().If(p, one, two) == one))
    assert "(set-logic QF_BV)" in text


def test_what_needs_no_solver_has_no_file(tmp_path: Path) -> None:
    found = write_certificates(["active-close-waits"], SETTINGS, tmp_path)
    assert found and all(isinstance(item, Entry) and not item.file for item in found)
    assert json.loads((tmp_path / INDEX).read_text())["properties"]["active-close-waits"]["by_computation"] == len(
        found
    )


def test_a_folder_is_written_anew_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    write_certificates(["seq-total"], SETTINGS, tmp_path)
    (tmp_path / "property-mine").mkdir()
    (tmp_path / "property-mine" / "notes.smt2").write_text("(exit)")
    write_certificates(["seq-wraps"], SETTINGS, tmp_path)
    index = json.loads((tmp_path / INDEX).read_text())
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.smt2")}
    assert files == {*index["files"], "property-mine/notes.smt2"}
    assert list(index["properties"]) == ["seq-wraps"]


def test_the_second_solver_does_not_load_the_first() -> None:
    code = "import sys, tcpmodel.prove.recheck as r; r.ask; sys.exit('z3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_without_an_index_is_no_folder_of_certificates(tmp_path: Path) -> None:
    pytest.importorskip("cvc5", reason="the second solver is not installed")
    with pytest.raises(OSError, match="No such file"):
        check_certificates(tmp_path)
    (tmp_path / INDEX).write_text("{}")
    with pytest.raises(ValueError, match="no index of certificates"):
        check_certificates(tmp_path)
