"""What `tcpmodel prove` remembers, and what makes it forget."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tcpmodel.cli import main

pytest.importorskip("z3")

from tcpmodel.prove import units
from tcpmodel.prove.property import Failure, Result

TOY = "tests/prove/specs/toy/spec.yaml"
pytestmark = pytest.mark.usefixtures("nothing_known")


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
