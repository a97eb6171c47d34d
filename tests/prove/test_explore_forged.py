"""Segments that neither endpoint has sent: what they add to an exploration, and how a trace tells of them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("networkx")

from tcpmodel.compile import load_steps
from tcpmodel.errors import UsageError
from tcpmodel.prove.explore import Situation, finite, pairs, promela, scenario, search
from tcpmodel.prove.explore.finite import Graph
from tcpmodel.prove.explore.lift import run
from tcpmodel.prove.explore.promela import available, spin_states
from tcpmodel.prove.explore.questions import bottoms, nearest
from tcpmodel.prove.explore.scenario import ANY, scenarios
from tcpmodel.prove.explore.system import FORGED, System
from tcpmodel.report.ladder import ladder_text
from tcpmodel.spec import load
from tcpmodel.spec.find import default_root
from tcpmodel.spec.model import Model
from tcpmodel.trace import Segment, open_trace
from tcpmodel.verify import Options, verify
from tcpmodel.verify.checker import check

IN_SIGHT, HANDSHAKE = "attacker-in-sight", "attacker-out-of-sight-of-a-handshake"
OUT_OF_SIGHT = "attacker-out-of-sight"
HALF_OPEN = ("ESTABLISHED", "CLOSED")


@cache
def model() -> Model:
    return load()


@cache
def explored(name: str) -> Graph:
    return finite(model(), model(), name)


@cache
def idle(forged: int) -> Graph:
    """An established connection of which nothing becomes, unless somebody forges so many RSTs."""
    found = replace(scenario(IN_SIGHT), forged=forged, events=({}, {}))
    return finite(model(), model(), found)


def budget(graph: Graph) -> int:
    return max(node[4] for node in graph)


def test_where_nothing_is_forged_nothing_is_added() -> None:
    plain, able = explored("both-opened"), replace(scenario("both-opened"), forged_controls=("RST",))
    able = replace(able, forged_numbers=((1001,), (3001,)))
    graph = finite(model(), model(), able)
    assert (len(graph), graph.number_of_edges()) == (len(plain), plain.number_of_edges())
    assert budget(plain) == 0 and "forged" not in plain.graph["product"].bound
    assert len(finite(model(), model(), replace(able, forged=1))) > len(plain)


def test_no_scenario_forges_unless_it_says_how_and_what() -> None:
    for options in scenarios("rfc9293").values():
        system = System(options, (model(), model()))
        assert bool(system.forgeries) == bool(options.forged), options.name


def test_a_key_that_no_scenario_has_is_found(tmp_path: Path) -> None:
    (tmp_path / "finite").mkdir()
    text = (default_root() / "finite" / "rfc9293.yaml").read_text(encoding="utf-8")
    more = "---\nscenario: x\nlike: base\nforgd: 1\n"
    (tmp_path / "finite" / "rfc9293.yaml").write_text(text + more, encoding="utf-8")
    with pytest.raises(UsageError, match="scenario 'x': unknown key 'forgd'; did you mean 'forged'"):
        scenarios("rfc9293", tmp_path)


def test_the_budget_is_what_is_spent() -> None:
    graphs = [idle(count) for count in (0, 1, 2)]
    assert [budget(graph) for graph in graphs] == [0, 1, 2]
    assert len(graphs[0]) < len(graphs[1]) < len(graphs[2])
    assert pairs(graphs[0]) <= pairs(graphs[1]) <= pairs(graphs[2]) <= pairs(idle(ANY))
    assert [HALF_OPEN in pairs(graph) for graph in graphs] == [False, True, True]


def test_any_number_needs_no_count() -> None:
    graph = idle(ANY)
    assert budget(graph) == 0 and graph.graph["product"].bound.endswith("any number of forged segments")


def test_a_forged_segment_waits_for_room_like_any_other() -> None:
    system = System(scenario(IN_SIGHT), (model(), model()))
    state = system.start()[-1][1]
    rows = [(move, after) for move, after in system.moves(state) if move.kind == FORGED]
    assert [system.packets.rows[move.what].wire.seq for move, _ in rows] == [1001, 3001]
    (move, after), _ = rows
    assert after.flying == ((move.end, move.what, 0),) and after.forged == 1
    assert [move for move, _ in system.moves(after) if move.kind == FORGED] == []
    more = System(replace(scenario(IN_SIGHT), forged=2), (model(), model()))
    state = next(after for move, after in more.moves(more.start()[-1][1]) if move.kind == FORGED)
    assert [move.end for move, _ in more.moves(state) if move.kind == FORGED] == [1]


def half_open(now: Situation) -> bool:
    return (now.a.state, now.b.state) == HALF_OPEN


@pytest.mark.parametrize(("name", "steps"), [(IN_SIGHT, 2), (HANDSHAKE, 7)])
def test_both_ways_to_explore_find_runs_of_the_same_length(name: str, steps: int) -> None:
    graph = explored(name)
    bad = {node for node, pair in graph.nodes(data="pair") if pair == HALF_OPEN}
    way = nearest(graph, {graph.graph["initial"]}, bad)
    path = search(scenario(name), half_open, models=model())
    assert path is not None and len(path) == len(way) - 1 == steps


def test_what_an_attacker_out_of_sight_tries_is_in_the_window_and_never_expected() -> None:
    """Before an endpoint has sent anything, it has announced no window."""
    options = scenario(OUT_OF_SIGHT)
    for side, end in enumerate(explored(OUT_OF_SIGHT).graph["product"].system.ends):
        connected = [t for t in end.tcbs if end.steps.STATES[t.STATE] not in ("CLOSED", "LISTEN", "SYN-SENT")]
        windows = {(t.RCV_NXT, t.RCV_NXT + t.RCV_WND) for t in connected if t.RCV_WND}
        numbers = options.forged_numbers[1 - side]
        assert windows and all(left < number < right for left, right in windows for number in numbers)
        assert {t.RCV_NXT for t in connected}.isdisjoint(numbers)


def test_the_numbers_of_an_acknowledgment_are_those_of_the_other_endpoint() -> None:
    options = replace(scenario(IN_SIGHT), forged_controls=("ACK", "RST"))
    system = System(options, (model(), model()))
    wires = [(side, system.packets.rows[packet].wire) for side, packet in system.forgeries]
    assert [(side, w.flags, w.seq, w.ack) for side, w in wires] == [
        (0, 16, 1001, 3001), (0, 4, 1001, 0), (0, 20, 1001, 3001),
        (1, 16, 3001, 1001), (1, 4, 3001, 0), (1, 20, 3001, 1001),
    ]  # fmt: skip


def test_a_storm_is_of_acknowledgments_alone_and_of_what_was_never_sent() -> None:
    """What goes on for ever is one of two things, whichever endpoint was sent the octet."""
    graph = explored("desynchronized")
    storms = [part for part in bottoms(graph, set(graph)) if len(part) > 1]
    steps = {text for part in storms for node in part for text, _ in graph.graph["product"].steps(node)}
    a, b = ". 1001:1001(0) ack 3001 win 100", ". 3001:3001(0) ack 1001 win 100"
    ahead_a, ahead_b = a.replace("3001 win", "3002 win"), b.replace("1001 win", "1002 win")
    answers = (ahead_a, b), (a, ahead_b)
    sent = {f"{end} sends {what}" for pair in answers for end, what in zip("ab", pair, strict=True)}
    assert len(storms) == 2
    assert steps == sent | {f"{end} arrives {what}" for pair in answers for end, what in zip("ba", pair, strict=True)}


def saved(name: str, folder: Path) -> Path:
    graph = explored(name)
    bad = {node for node, pair in graph.nodes(data="pair") if pair == HALF_OPEN}
    path = run(graph.graph["product"], nearest(graph, {graph.graph["initial"]}, bad))
    path.trace(name).save(folder / "run.json")
    return folder / "run.json"


@pytest.mark.parametrize("name", [IN_SIGHT, HANDSHAKE])
def test_nobody_is_blamed_for_what_somebody_else_has_sent(name: str, tmp_path: Path) -> None:
    file = saved(name, tmp_path)
    steps, events = load_steps(), list(open_trace(file))
    found = verify(open_trace(file), steps, Options(witness=True))
    assert check(found, events, steps, hidden=False) == []
    (verdict,) = found.connections
    assert (verdict.verdict, verdict.findings, verdict.assumptions) == ("conforming", [], [])
    segments = [event for event in events if isinstance(event, Segment)]
    assert [segment.forged for segment in segments].count(True) == 1
    assert ladder_text(verdict, segments).count("forged: ") == 1


def test_whoever_is_said_to_have_sent_it_is_blamed(tmp_path: Path) -> None:
    """The same run, but for the word that the segment is forged."""
    text = json.loads(saved(IN_SIGHT, tmp_path).read_text())
    (row,) = (row for row in text["events"] if row.pop("forged", False))
    (tmp_path / "run.json").write_text(json.dumps(text))
    (verdict,) = verify(open_trace(tmp_path / "run.json"), load_steps()).connections
    assert verdict.verdict == "violation"
    assert {finding.endpoint for finding in verdict.findings} == {"10.0.0.1:40000"} and row["from"] == "a"


def test_a_step_says_in_whose_name_it_is() -> None:
    path = search(scenario(IN_SIGHT), half_open, models=model())
    assert path is not None
    forged, arrives = path.steps[path.begins :]
    assert str(forged) == "a is impersonated with R 1001:1001(0) win 100: ESTABLISHED / ESTABLISHED"
    assert forged.rules == () and forged.after.carried and forged.after.carried.incarnation == 0
    assert str(arrives).startswith("b ") and str(arrives).endswith("R 1001:1001(0) win 100: ESTABLISHED / CLOSED")


@pytest.mark.skipif(not available(), reason="Spin or gcc is not installed (apt install spin gcc)")
@pytest.mark.parametrize("forged", [2, ANY])
def test_spin_finds_as_many_states(forged: int, tmp_path: Path) -> None:
    graph = idle(forged)
    assert spin_states(promela(graph.graph["product"], IN_SIGHT), tmp_path) == len(graph)
