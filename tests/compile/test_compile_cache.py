"""Generated modules are kept: written whole, used again, and never those of another specification."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import tcpmodel.compile
from tcpmodel.compile import cache_directory, load_steps

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty cache, on disk and in this process."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    known = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith("tcpmodel_steps_")}
    yield
    for name in list(sys.modules):
        if name.startswith("tcpmodel_steps_"):
            del sys.modules[name]
    sys.modules.update(known)


def forget() -> None:
    for name in list(sys.modules):
        if name.startswith("tcpmodel_steps_"):
            del sys.modules[name]


def count_generated(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    calls: list[object] = []
    source = tcpmodel.compile._source
    monkeypatch.setattr(tcpmodel.compile, "_source", lambda *args: calls.append(args) or source(*args))
    return calls


def kept() -> list[str]:
    return sorted(path.name for path in cache_directory().iterdir() if path.is_file())


def copied_spec(tmp_path: Path) -> Path:
    shutil.copytree(CHECKOUT / "specs", tmp_path / "specs")
    return tmp_path / "specs" / "rfc9293" / "spec.yaml"


def test_a_module_is_generated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = count_generated(monkeypatch)
    first = load_steps()
    assert load_steps() is first
    forget()
    again = load_steps()
    assert again is not first and again.RULES == first.RULES
    assert len(calls) == 1 and len(kept()) == 1 and kept()[0].startswith("tcpmodel_steps_")


def test_a_cached_module_needs_no_parser() -> None:
    load_steps()
    forget()
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name in ("yaml", "tcpmodel.spec.loader")}
    try:
        load_steps()
        assert "yaml" not in sys.modules and "tcpmodel.spec.loader" not in sys.modules
    finally:
        sys.modules.update(hidden)


def test_profiles_variants_and_tracing_are_kept_apart() -> None:
    modules = [
        load_steps(),
        load_steps(profile="linux"),
        load_steps(variants=("no-time-wait",)),
        load_steps(traced=True),
    ]
    assert len({module.__name__ for module in modules}) == len(kept()) == 4
    assert [module.SELECTION for module in modules[:3]] == [
        ("rfc9293", None, ()), ("rfc9293", "linux", ()), ("rfc9293", None, ("no-time-wait",)),
    ]  # fmt: skip


def test_a_changed_specification_is_another_module(tmp_path: Path) -> None:
    spec = copied_spec(tmp_path)
    before = load_steps(str(spec))
    text = (spec.parent / "tcb.yaml").read_text()
    assert "MSL: {value: 2 min" in text
    (spec.parent / "tcb.yaml").write_text(text.replace("MSL: {value: 2 min", "MSL: {value: 3 min"))
    after = load_steps(str(spec))
    assert after.__name__ != before.__name__ and len(kept()) == 2
    assert expiry(after) == expiry(before) * 3 // 2


def expiry(steps: ModuleType) -> int:
    """When TIME-WAIT ends that is entered at time 0."""
    source = Path(str(steps.__file__)).read_text()
    line = next(line for line in source.splitlines() if "t.TIME_WAIT_END = (e.NOW + " in line)
    return int(eval(line.split("= ")[1].replace("e.NOW", "0")))


def test_even_a_comment_changes_the_key(tmp_path: Path) -> None:
    spec = copied_spec(tmp_path)
    before = load_steps(str(spec)).__name__
    (spec.parent / "timeouts.yaml").write_text("# another\n" + (spec.parent / "timeouts.yaml").read_text())
    assert load_steps(str(spec)).__name__ != before


def test_nothing_half_written_is_ever_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file appears under its name in one step; when writing fails nothing is left under that name."""
    replaced: list[tuple[str, int]] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: replaced.append((str(b), os.path.getsize(a))) or replace(a, b))
    module = load_steps()
    assert replaced == [(str(module.__file__), os.path.getsize(str(module.__file__)))]
    forget()
    Path(str(module.__file__)).unlink()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        load_steps()
    assert [name for name in kept() if name.endswith(".py")] == []


def test_a_cache_that_cannot_be_written_to_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a folder: where it should be there is a file."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    module = load_steps()
    assert module.STATES and not str(module.__file__).startswith(str(tmp_path / "file"))


def test_without_the_variable_the_home_folder_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/nowhere")
    assert cache_directory() == Path("/nowhere/.cache/tcpmodel")
