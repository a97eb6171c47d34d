"""Commands and what they print: every file under printed/ says on its first line what is run.

Lines that begin with `> ` behind it are what the command reads. Then comes what it prints; `[stderr]` stands before
what it says on standard error, `[exit N]` at the end when it fails. UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from tcpmodel.cli import main

ROOT = Path(__file__).parents[2]
GOLDEN = sorted(Path(__file__).with_name("printed").glob("*.txt"))
# line numbers of the specification move with every comment
LINES = re.compile(r"(specs/[\w./-]+\.yaml):\d+")


class Typed(io.TextIOWrapper):
    """Standard input as a pipe."""

    def __init__(self, text: str) -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_a_command_prints(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command, _, rest = path.read_text(encoding="utf-8").partition("\n")
    typed = "".join(re.match(r"(?:> .*\n)*", rest)[0].splitlines(keepends=True))  # type: ignore[index]
    monkeypatch.chdir(ROOT)
    lines = [line.removeprefix("> ").replace("TMP", str(tmp_path)) for line in typed.splitlines(keepends=True)]
    monkeypatch.setattr(sys, "stdin", Typed("".join(lines)))
    code = main(shlex.split(command.removeprefix("$ "))[1:])
    printed, said = capsys.readouterr()
    actual = printed + (f"[stderr]\n{said}" if said else "") + (f"[exit {code}]\n" if code else "")
    actual = LINES.sub(r"\1:N", actual.replace(str(tmp_path), "TMP"))
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{command}\n{typed}{actual}", encoding="utf-8")
    assert f"{typed}{actual}" == rest or os.environ.get("UPDATE_GOLDEN")
