"""Every golden file says on its first line what was loaded; the rest is what `render` makes of the errors.

UPDATE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from tcpmodel.errors import SpecError
from tcpmodel.spec import load, render

HERE = Path(__file__).parent
GOLDEN = sorted((HERE / "golden").glob("*.txt"))
CODES = {f"TM{number}" for number in range(100, 112)}


def loaded(command: str) -> SpecError:
    """Runs `# load PATH [--profile NAME] [--variant NAME]...`, which must fail."""
    words = shlex.split(command.removeprefix("# load "))
    options = list(zip(words[1::2], words[2::2], strict=True))
    profile = next((value for option, value in options if option == "--profile"), None)
    variants = tuple(value for option, value in options if option == "--variant")
    with pytest.raises(SpecError) as caught:
        load(words[0], profile=profile, variants=variants, root="specs")
    return caught.value


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_diagnostics(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "data")
    command, _, expected = path.read_text(encoding="utf-8").partition("\n")
    actual = render(loaded(command)) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(f"{command}\n{actual}", encoding="utf-8")
    assert actual == expected


def test_every_code_has_a_golden_file() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in GOLDEN)
    assert set(re.findall(r"error\[(TM\d+)\]", texts)) == CODES


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_diagnostics_are_sorted_and_underline_a_token(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE / "data")
    found = loaded(path.read_text(encoding="utf-8").partition("\n")[0]).diagnostics
    assert [item.place for item in found] == sorted(item.place for item in found)
    for item in found:
        line = Path(item.place.file).read_bytes().decode("utf-8", "replace").splitlines()[item.place.line - 1]
        assert item.place.column <= item.place.end_column - 1 <= len(line) + 1
