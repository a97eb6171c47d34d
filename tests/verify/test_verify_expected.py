"""Every trace gets the verdict that its expected.yaml states (the format: traces/README.md).

`disagreements.txt` lists where verification and expectation still differ; what is listed must differ. Run this file
to write the list anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tcpmodel.compile import load_steps
from tcpmodel.trace import open_trace
from tcpmodel.verify import ConnectionVerdict, Options, verify

TRACES = Path(__file__).resolve().parents[2] / "traces"
LISTED = Path(__file__).with_name("disagreements.txt")
WORST = ("conforming", "inconclusive", "violation")


@dataclass(frozen=True)
class Case:
    """One replay of a trace: under a profile, and with a vantage point given or not."""

    path: Path
    profile: str
    vantage: str

    @property
    def name(self) -> str:
        stem = self.path.name.removesuffix(".expected.yaml")
        return " ".join(filter(None, [f"{self.path.parent.name}/{stem}", self.profile, self.vantage]))

    def content(self) -> dict[str, Any]:
        content = yaml.safe_load(self.path.read_text())
        assert isinstance(content, dict)
        return content


def cases() -> Iterator[Case]:
    for path in sorted(TRACES.glob("*/*.expected.yaml")):
        content = yaml.safe_load(path.read_text())
        profiles = sorted({entry.get("profile", "") for entry in content["connections"]})
        vantages = sorted(
            {"", str(content.get("taken_at", "")), *(e.get("vantage", "") for e in content["connections"])}
        )
        yield from (Case(path, profile, vantage) for profile in profiles for vantage in vantages)


def entries(case: Case) -> dict[frozenset[str], dict[str, Any]]:
    """What holds in this case, by pair of endpoints: the most particular entry."""
    found: dict[frozenset[str], dict[str, Any]] = {}
    rows = case.content()["connections"]
    for entry in sorted(rows, key=lambda e: ("profile" in e, "vantage" in e)):
        if entry.get("profile", case.profile) == case.profile and entry.get("vantage", case.vantage) == case.vantage:
            found[frozenset((entry["a"], entry["b"]))] = entry
    return found


def differences(case: Case) -> list[str]:
    """How the verdicts differ from those expected."""
    steps = load_steps(profile=None if case.profile in ("", "rfc9293") else case.profile)
    reader = open_trace(str(case.path.parent / case.content()["file"]))
    verdict = verify(reader, steps, Options(vantage=case.vantage))
    told: dict[frozenset[str], list[ConnectionVerdict]] = {}
    for connection in verdict.connections:
        told.setdefault(frozenset((connection.a, connection.b)), []).append(connection)
    expected = entries(case)
    return [text for pair, entry in expected.items() for text in compared(entry, told.get(pair, []))]


def compared(entry: dict[str, Any], lives: list[ConnectionVerdict]) -> list[str]:
    """One entry against all incarnations of its pair."""
    if not lives:
        return ["no verdict"]
    verdict = max((life.verdict for life in lives), key=WORST.index)
    reported = {(f.level, f.endpoint, f.frame) for life in lives for f in life.findings}
    due = {(f["level"], f["endpoint"], f["frame"]) for f in entry.get("findings", [])}
    if entry["verdict"] == "any" or "needs" in entry and verdict == "conforming":
        return []
    out = [f"{verdict}, not {entry['verdict']}"] if verdict != entry["verdict"] and "clean" not in entry else []
    out += [f"not reported: {row}" for row in sorted(due - reported)]
    strict = entry.get("clean", [entry["a"], entry["b"]])
    return out + [f"reported: {row}" for row in sorted(reported - due) if row[0] == "must" and row[1] in strict]


CASES = list(cases())
DISAGREEMENTS = frozenset(LISTED.read_text().splitlines())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_verdict_is_the_one_expected(case: Case) -> None:
    found = differences(case)
    if case.name in DISAGREEMENTS:
        assert found, "agrees now: take it off disagreements.txt"
    else:
        assert found == []


def test_what_is_listed_is_there() -> None:
    assert DISAGREEMENTS <= {case.name for case in CASES}
    assert len(DISAGREEMENTS) < len(CASES) // 2


def test_a_difference_is_seen() -> None:
    """The comparison can fail: another verdict, a finding too few, one too many."""
    case = next(case for case in CASES if case.path.name == "close-wrong-last-ack.expected.yaml")
    (entry,) = entries(case).values()
    reader = open_trace(str(case.path.parent / case.content()["file"]))
    lives = verify(reader, load_steps()).connections
    assert compared(entry, lives) == []
    assert compared({**entry, "verdict": "conforming"}, lives) == ["violation, not conforming"]
    assert len(compared({**entry, "findings": []}, lives)) == 1
    assert len(compared({**entry, "findings": [*entry["findings"], {**entry["findings"][0], "frame": 1}]}, lives)) == 1


if __name__ == "__main__":
    LISTED.write_text("".join(f"{case.name}\n" for case in CASES if differences(case)))
