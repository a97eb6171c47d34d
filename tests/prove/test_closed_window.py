"""A window that closes: what opens it again, and which run leaves it closed for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("networkx")
pytest.importorskip("z3")

from tcpmodel.compile import load_steps
from tcpmodel.prove.explore import finite, scenario
from tcpmodel.prove.explore.questions import bottoms
from tcpmodel.prove.explore.scenario import Scenario
from tcpmodel.prove.explore.system import System
from tcpmodel.prove.property import BOUNDED, REFUTED, Result
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.units import Subject, broken, context_of
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.trace import open_trace
from tcpmodel.verify import verify

RFC = Subject()
PROPERTIES = context_of(RFC).properties.properties
NAMES = ("closed-window-probed", "closed-window-unprobed", "closed-window-overtaken", "closed-window-in-order")
MUTANTS = [(name, broken(RFC, PROPERTIES[name], mutant)) for name in NAMES for mutant in PROPERTIES[name].mutants]


@cache
def model() -> Model:
    return load()


def decided(name: str, subject: Subject = RFC) -> Result:
    (result,) = prove([name], Settings(subject, jobs=1))
    return result


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_to_what_is_expected(name: str) -> None:
    result = decided(name)
    assert result.result == PROPERTIES[name].expect, result.reason
    assert (result.bound is not None) == (result.result == BOUNDED)


@pytest.mark.parametrize(("name", "subject"), MUTANTS)
def test_a_mutant_leaves_it_closed(name: str, subject: Subject) -> None:
    assert decided(name, subject).result == REFUTED


@pytest.mark.parametrize(("name", "lost"), [("closed-window-unprobed", True), ("closed-window-overtaken", False)])
def test_the_run_that_leaves_it_closed_follows_the_rfc(name: str, lost: bool, tmp_path: Path) -> None:
    """Nobody breaks a rule: MUST-36 says what to do at times, and a trace does not say how long it went on."""
    result, file = decided(name), tmp_path / "run.json"
    assert result.counterexample is not None
    file.write_text(json.dumps(result.counterexample), encoding="utf-8")
    with open_trace(str(file)) as reader:
        (verdict,) = verify(reader, load_steps()).connections
    assert (verdict.verdict, verdict.assumptions) == ("conforming", [])
    segments = [row["segment"] for row in result.counterexample["events"] if "segment" in row]
    assert [text.split("win ")[1] for text in segments[-2:]] == ["0", "1"]
    assert "nothing happens any more" in result.failures[0].reason
    assert (f"lost {segments[-1]}" in result.failures[0].reason) == lost


def test_each_endpoint_offers_its_own_windows_and_sends_its_own_text() -> None:
    found = scenario("closed-window")
    assert (found.windows, found.texts, found.window) == (((100,), (1, 0)), (3, 0), 100)
    system = System(found, (model(), model()))
    (_, state) = system.start()[-1]
    a, b = (end.sends(state.local(side)) for side, end in enumerate(system.ends))
    assert {system.packets.rows[packet].wire[3:] for packet, _ in a} == {(1, 100)}
    assert b == (), "what b could say is no news"


def acknowledged(options: Scenario) -> set[int]:
    """How far the text of a may have been acknowledged when all has come to what it will be for ever."""
    graph = finite(model(), model(), options, (("SND_UNA",), ()))
    a, system = graph.graph["product"].a, graph.graph["product"].system
    locals_ = {number: local for local, number in a.class_of.items()}
    found = {locals_[node[0]] for part in bottoms(graph, set(graph)) for node in part}
    return {system.ends[0].tcb(local).SND_UNA - 1001 for local in found}


def test_who_tells_of_an_open_window_again_and_again_needs_no_probe() -> None:
    once = scenario("closed-window-unprobed")
    assert acknowledged(once) == {1, 2}
    assert acknowledged(replace(once, unasked=True, news=False)) == {2}
    assert acknowledged(replace(once, unused=once.unused[:2])) == {2}


def test_a_rule_that_is_not_used_permits_nothing() -> None:
    for unused, rule in ((("output.text",), "output.text"), ((), "output.probe")):
        options = replace(scenario("closed-window"), unused=unused)
        system = System(options, (model(), model()))
        (_, state) = system.start()[-1]
        fired = {name for move, _ in system.moves(state) for name in system.fired(state, move)}
        assert rule not in fired


def beyond(filled: bool) -> list[str]:
    """A trace at b, whose window ends at 17384, with text from 16200 to 17660; that before it comes first, or never."""
    before = [f"a . {n}:{min(n + 1460, 16200)}({min(1460, 16200 - n)}) ack 3000" for n in range(1100, 16200, 1460)]
    return [
        "a S 999:999(0)",
        "b S. 2999:2999(0) ack 1000 win 1",
        "a . 1000:1000(0) ack 3000",
        "b . 3000:3000(0) ack 1000 win 1",
        "a . 1000:1100(100) ack 3000",
        *(before if filled else []),
        "a . 16200:17660(1460) ack 3000",
        *([] if filled else ["b . 3000:3000(0) ack 1100 win 0"]),
        "b . 3000:3000(0) ack 17660 win 1",
    ]


@pytest.mark.parametrize("filled", [True, False])
def test_text_beyond_the_window_is_acknowledged_if_none_before_it_is_missing(filled: bool, tmp_path: Path) -> None:
    """Closing the window by less than its unit, 16384 octets, is no fault; acknowledging the gap is one."""
    events, file = [], tmp_path / "beyond.json"
    for frame, text in enumerate(beyond(filled)):
        options = " <mss 1460,wscale 14>" if " S" in text else ""
        segment = text[2:] + ("" if "win" in text else " win 65535") + options
        events.append({"from": text[0], "segment": segment, "time": frame / 100})
    ends = {"a": "10.0.0.1:40000", "b": "10.0.0.2:80"}
    trace = {"schema": "tcpmodel/trace/1", "endpoints": ends, "vantage": "b", "events": events}
    file.write_text(json.dumps(trace), encoding="utf-8")
    with open_trace(str(file)) as reader:
        (found,) = verify(reader, load_steps()).connections
    assert [finding.code for finding in found.findings if finding.endpoint == found.b] == ([] if filled else ["TM420"])
