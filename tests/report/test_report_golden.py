"""Golden reports: the first line is the command, the last one its exit code, the rest is standard output.

UPDATE_GOLDEN=1 writes them anew. Line numbers of the specification are left out: they move with every comment.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tcpmodel.cli import main

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))


def run(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    words = shlex.split(command.removeprefix("$ "))
    assert words[0] == "tcpmodel"
    code = main(words[1:])
    assert code != 70  # nor may such a report ever become a golden one
    return re.sub(r"(specs/[\w./-]+\.yaml):\d+", r"\1:N", capsys.readouterr().out) + f"exit {code}\n"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_report_is_the_golden_one(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    command, _, expected = path.read_text(encoding="utf-8").partition("\n")
    actual = run(command, capsys)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{command}\n{actual}", encoding="utf-8")
        expected = actual
    assert actual == expected


def test_there_are_golden_files() -> None:
    commands = [path.read_text(encoding="utf-8").partition("\n")[0] for path in GOLDEN]
    assert len(commands) >= 5 and all(command.startswith("$ tcpmodel verify ") for command in commands)


def test_a_finding_names_the_line_of_its_rule(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    main(["verify", "traces/textbook/close-wrong-last-ack.json"])
    found = re.search(r"= rule: (\S+), (\S+):(\d+)", capsys.readouterr().out)
    assert found
    line = Path(found[2]).read_text(encoding="utf-8").splitlines()[int(found[3]) - 1]
    assert line.strip() == f"- rule: {found[1]}"
