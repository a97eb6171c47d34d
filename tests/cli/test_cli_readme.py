"""The README's commands are run as they are written there. UPDATE_GOLDEN=1 renews the output shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tcpmodel.cli import main
from tcpmodel.cli.exits import WORST_FIRST

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
CONSOLE = re.compile(r"```console\n\$ (tcpmodel .*)\n((?:.*\n)*?)```\n")
SHELL = re.compile(r"```sh\n(.*)\n```")
LINES = re.compile(r"(specs/[\w./-]+\.yaml):\d+")
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "build", "dist")


def blocks() -> list[tuple[str, str]]:
    return CONSOLE.findall(README.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("command", "shown"), blocks(), ids=lambda value: value.partition("\n")[0][:60])
def test_the_output_shown_is_the_output(
    command: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(shlex.split(command)[1:]) != 70
    actual = capsys.readouterr().out
    if os.environ.get("UPDATE_GOLDEN"):
        text = README.read_text(encoding="utf-8")
        README.write_text(text.replace(f"$ {command}\n{shown}```", f"$ {command}\n{actual}```"), encoding="utf-8")
        shown = actual
    # line numbers of the specification move with every comment
    assert LINES.sub(r"\1", actual) == LINES.sub(r"\1", shown)


def test_the_readme_shows_text_and_json() -> None:
    assert ["--format json" in command for command, _ in blocks()] == [False, True, False]


def test_exit_codes_are_those_of_the_table() -> None:
    rows = re.findall(r"^\| (\d+) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(WORST_FIRST)
    assert f"in the order {', '.join(map(str, WORST_FIRST))}" in README.read_text(encoding="utf-8")


def test_ci_runs_the_test_command() -> None:
    tests = [command for command in SHELL.findall(README.read_text(encoding="utf-8")) if "pytest" in command]
    assert len(tests) == 1 and tests[0].startswith("python3 ")


def online() -> bool:
    try:
        socket.create_connection(("pypi.org", 443), timeout=3).close()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_the_verdict_command_works_on_a_fresh_machine(tmp_path: Path) -> None:
    if not online():
        pytest.skip("pypi.org cannot be reached")
    command = next(line for line in SHELL.findall(README.read_text(encoding="utf-8")) if "tcpmodel verify" in line)
    tree, home = tmp_path / "tree", tmp_path / "home"
    shutil.copytree(ROOT, tree, ignore=NOT_COPIED)
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, shell=True, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == "" and done.returncode in (0, 1, 3)
    assert re.search(r"^\d+ connections: \d+ conforming, ", done.stdout.splitlines()[-1])
    installed = next((tree / ".venv").glob("lib/python3.*/site-packages/tcpmodel"))
    assert (installed / "specs" / "rfc9293" / "spec.yaml").is_file()
    schemas = {path.name for path in installed.rglob("*.schema.json")}
    assert {"verdict.schema.json", "trace.schema.json"} <= schemas


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def test_the_example_trace_conforms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "example.json"
    trace.write_text(example("json"))
    assert main(["verify", str(trace)]) == 0
    assert "2 packets, 2 TCP segments" in capsys.readouterr().out


def test_the_example_overlay_is_a_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overlay = tmp_path / "lab.yaml"
    overlay.write_text(example("yaml"))
    assert main(["verify", "--spec", str(overlay), str(ROOT / "traces/textbook/close.json")]) == 0
    assert "(held to lab)" in capsys.readouterr().out
