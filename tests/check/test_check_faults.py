"""Thirty and more faults seeded into the specification, each in a golden file.

The first line is the command. `edit FILE` and the lines below it say what is changed in mine/, a copy of specs/: lines
with `- ` are replaced by those with `+ `. Behind `---` stands what the command prints. Line numbers and counts are left
out, so that the specification can grow: the line shown with each diagnostic says whether it is the right one.

UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

pytest.importorskip("z3")

from tcpmodel.check import CODES
from tcpmodel.cli import main

HERE = Path(__file__).parent
SPECS = HERE.parents[1] / "specs"
FAULTS = sorted((HERE / "faults").glob("*.txt"))
LINE = re.compile(r"(\.yaml):\d+:")
SIZE = re.compile(r"\d+ rules? in \d+ stages?")


def seed(head: str, root: Path) -> None:
    """Makes the edits of a golden file in the copy of specs/ under `root`."""
    for edit in re.split(r"^edit ", head, flags=re.MULTILINE)[1:]:
        name, *rows = edit.rstrip("\n").split("\n")
        old = "\n".join(row[2:] for row in rows if row.startswith("- "))
        new = "\n".join(row[2:] for row in rows if row.startswith("+ "))
        path = root / name
        text = path.read_text(encoding="utf-8")
        before, *others = re.split(rf"^{re.escape(old)}\n", f"{text}\n", flags=re.MULTILINE)
        assert len(others) == 1, f"{name} has these lines {len(others)} times:\n{old}"
        path.write_text((before + f"{new}\n" * bool(new) + others[0]).rstrip("\n") + "\n", encoding="utf-8")


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_a_seeded_fault_is_reported_at_its_line(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command, _, rest = path.read_text(encoding="utf-8").partition("\n")
    head, _, expected = rest.partition("---\n")
    shutil.copytree(SPECS, tmp_path / "mine")
    shutil.copytree(HERE / "rfc", tmp_path / "rfc")
    monkeypatch.chdir(tmp_path)
    seed(head, tmp_path)
    code = main(shlex.split(command)[1:])
    printed, errors = capsys.readouterr()
    actual = SIZE.sub("N rules in N stages", LINE.sub(r"\1:N:", printed))
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{command}\n{head}---\n{actual}", encoding="utf-8")
        expected = actual
    assert actual == expected
    assert code == 1
    assert not errors


def test_every_code_of_the_check_has_a_fault() -> None:
    shown = {code for path in FAULTS for code in re.findall(r"error\[(TM\d+)\]", path.read_text(encoding="utf-8"))}
    assert shown >= set(CODES)


def test_there_are_thirty_faults() -> None:
    assert len(FAULTS) >= 30
