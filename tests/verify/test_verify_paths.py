"""A verdict never depends on which path found it: delivery on sight, or the search over everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_verify_witness import TRACES, profile

from tcpmodel.compile import load_steps
from tcpmodel.trace import open_trace
from tcpmodel.verify import FileVerdict, Options, verify
from tcpmodel.verify.checker import check
from tcpmodel.verify.endpoint import Endpoint


def said(verdict: FileVerdict) -> list[object]:
    """Verdicts with whom they blame where. Of rules broken at once by one segment each may be named."""
    return [
        (c.a, c.b, c.frames, c.verdict, c.reason,
         {(f.level, f.endpoint, f.frame) for f in c.findings}, {(a.kind, a.endpoint, a.frame) for a in c.assumptions})
        for c in verdict.connections
    ]  # fmt: skip


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_search_and_greedy_path_agree(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = load_steps(profile=profile(path))
    on_sight = verify(open_trace(str(path)), steps, Options(witness=True))
    monkeypatch.setattr(Endpoint, "greedy", False)
    reader = open_trace(str(path))
    searched = verify(reader, steps, Options(witness=True))
    assert said(searched) == said(on_sight)
    assert check(searched, open_trace(str(path)), steps, reader.vantage, reader.hidden) == []


def test_the_search_is_what_runs_without_the_greedy_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seam does what the test above rests on."""
    path = next(path for path in TRACES if path.stem == "close")
    searches = []
    explain = Endpoint._explain
    monkeypatch.setattr(
        Endpoint, "_explain", lambda self, *args, **more: searches.append(args[2].frame) or explain(self, *args, **more)
    )
    verify(open_trace(str(path)), load_steps())
    few = len(searches)
    monkeypatch.setattr(Endpoint, "greedy", False)
    verify(open_trace(str(path)), load_steps())
    frames = {segment.frame for segment in open_trace(str(path))}
    assert len(searches) - few > few and set(searches[few:]) == frames
