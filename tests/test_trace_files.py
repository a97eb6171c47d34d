"""The traces of the repository: complete, readable, and each with an expected verdict that speaks of what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tcpmodel.trace import Segment, open_trace

TRACES = Path(__file__).parent.parent / "traces"
EXPECTED = sorted(TRACES.glob("*/*.expected.yaml"))
FILES = sorted(
    path for folder in ("linux", "textbook") for path in (TRACES / folder).iterdir() if ".expected." not in path.name
)
ENTRY = {"a", "b", "profile", "vantage", "verdict", "why", "needs", "clean", "findings"}
FINDING = {"level", "endpoint", "frame", "cite", "requirement", "why"}
VERDICTS = {"conforming", "violation", "inconclusive", "any"}


def segments(path: Path) -> list[Segment]:
    return [event for event in open_trace(str(path)) if isinstance(event, Segment)]


def load(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict)
    return content


def test_every_trace_has_an_expected_verdict_and_a_row() -> None:
    described = {path.parent / load(path)["file"] for path in EXPECTED}
    assert described == set(FILES)
    readme = (TRACES / "README.md").read_text()
    assert [path.name for path in FILES if f"`{path.name}`" not in readme] == []


def test_no_file_is_large() -> None:
    assert [path.name for path in FILES if path.stat().st_size > 40_000] == []


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: path.name.removesuffix(".expected.yaml"))
def test_an_expected_verdict_speaks_of_what_is_in_the_trace(path: Path) -> None:
    content = load(path)
    seen = segments(path.parent / content["file"])
    pairs = {frozenset((segment.src, segment.dst)) for segment in seen}
    assert {frozenset((entry["a"], entry["b"])) for entry in content["connections"]} == pairs
    for entry in content["connections"]:
        assert set(entry) <= ENTRY and entry["verdict"] in VERDICTS and entry["why"]
        check_findings(entry, len(seen))


def check_findings(entry: dict[str, Any], frames: int) -> None:
    """Findings stand against endpoints of the connection, at frames of the file, and decide the verdict."""
    findings = entry.get("findings", [])
    for finding in findings:
        assert set(finding) <= FINDING and finding["cite"].startswith("RFC ") and finding["why"]
        assert finding["endpoint"] in (entry["a"], entry["b"]) and 1 <= finding["frame"] <= frames
    broken = any(finding["level"] == "must" for finding in findings)
    assert broken == (entry["verdict"] == "violation")


@pytest.mark.parametrize("path", sorted(TRACES.glob("textbook/*-wrong-*.json")), ids=lambda path: path.stem)
def test_a_wrong_twin_has_a_right_one(path: Path) -> None:
    assert (path.parent / f"{path.stem.split('-wrong')[0]}.json").exists()


def test_every_scenario_has_its_capture() -> None:
    captures = pytest.importorskip("tests.captures.__main__", exc_type=ImportError)
    present = {path.name for path in FILES}
    for name, plot in captures.ALL.items():
        for point in plot.points:
            plain = point.path(Path(), name).name
            assert plain in present or f"{plain}.gz" in present
