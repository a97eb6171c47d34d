"""The state diagram as a networkx graph: what its users may rely on, and that it says what the step functions do."""

from __future__ import annotations

import json
from typing import Any

import pytest

networkx = pytest.importorskip("networkx")
pytest.importorskip("z3")

from agreement_draws import Draws  # noqa: E402
from test_agreement import Python  # noqa: E402

from tcpmodel.compile import load_steps  # noqa: E402
from tcpmodel.compile.difference import difference, rule_changes  # noqa: E402
from tcpmodel.compile.domains import Domains  # noqa: E402
from tcpmodel.compile.graph import EVENTS, edges_of, graph_of  # noqa: E402
from tcpmodel.report import graph_forms  # noqa: E402
from tcpmodel.spec import load  # noqa: E402
from tcpmodel.spec.model import Model  # noqa: E402

EXAMPLES = 10_000


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


@pytest.fixture
def graph(model: Model) -> Any:
    return graph_of(model)


def test_nodes_are_the_states_in_the_order_of_the_text(model: Model, graph: Any) -> None:
    assert tuple(graph.nodes) == model.states
    assert [state for state, data in graph.nodes(data=True) if data["initial"]] == [model.states[0]]


def test_every_edge_says_what_it_is(model: Model, graph: Any) -> None:
    for _, target, key, edge in graph.edges(keys=True, data=True):
        assert edge["kind"] in EVENTS and key.startswith(edge["event"])
        assert edge["rules"] and edge["cite"] and edge["paths"]
        assert all(name in model.rules for path in edge["paths"] for name in path)
        assert all(set(edge["rules"]) & set(path) for path in edge["paths"])
        assert target == next(
            (model.rules[name].enter for name in reversed(edge["paths"][0]) if model.rules[name].enter), target
        )


def test_nothing_that_is_forbidden_or_assumed_is_an_edge(model: Model, graph: Any) -> None:
    rules = {name for _, _, edge in graph.edges(data=True) for path in edge["paths"] for name in path}
    assert not [name for name in rules if model.rules[name].forbid or model.rules[name].assume]


def test_every_state_can_be_reached_and_left(graph: Any) -> None:
    assert networkx.is_strongly_connected(graph)


def test_an_orderly_active_close_passes_time_wait(graph: Any) -> None:
    """Without resets, aborts, crashes and user timeouts the one who closes first waits 2 MSL."""
    orderly = networkx.MultiDiGraph(
        (u, v)
        for u, v, edge in graph.edges(data=True)
        if edge["event"] not in ("ABORT", "crash", "USER timeout") and "snd RST" not in edge["action"]
        if "RST" not in edge["event"] and u != v
    )
    assert networkx.has_path(orderly, "FIN-WAIT-1", "CLOSED")
    orderly.remove_node("TIME-WAIT")
    assert not networkx.has_path(orderly, "FIN-WAIT-1", "CLOSED")
    assert networkx.has_path(orderly, "CLOSE-WAIT", "CLOSED")


def test_a_graph_is_a_copy_of_ones_own(model: Model, graph: Any) -> None:
    graph.remove_node("LISTEN")
    assert "LISTEN" in graph_of(model) and "LISTEN" in model.graph


def test_the_cache_keeps_what_was_computed(model: Model, graph: Any) -> None:
    fresh = json.loads(json.dumps(list(edges_of(model))))
    kept = [{"source": u, "target": v, **edge} for u, v, edge in graph.edges(data=True)]
    key = json.dumps
    assert sorted(fresh, key=key) == sorted(json.loads(json.dumps(kept)), key=key)


def test_json_is_the_node_link_form_of_networkx(graph: Any) -> None:
    read = networkx.node_link_graph(json.loads(graph_forms.as_json(graph)), edges="edges")
    assert set(read.nodes) == set(graph.nodes)
    assert sorted(read.edges(keys=True)) == sorted(graph.edges(keys=True))


def test_graphml_is_read_back(graph: Any) -> None:
    read = networkx.parse_graphml(graph_forms.as_graphml(graph), force_multigraph=True)
    assert read.number_of_edges() == graph.number_of_edges()
    assert read.nodes["LISTEN"]["initial"] is False


def test_a_graph_does_not_differ_from_itself(model: Model, graph: Any) -> None:
    same = difference(graph, graph_of(model))
    assert same.number_of_edges() == graph.number_of_edges()
    assert not any("change" in edge for _, _, edge in same.edges(data=True))
    assert rule_changes(model, model) == {}


Step = tuple[str, str, tuple[str, ...]]


def paths(graph: Any) -> dict[Step, str]:
    """(state, state after it, rules fired) -> kind of event, for every path of every edge."""
    return {(u, v, path): edge["kind"] for u, v, edge in graph.edges(data=True) for path in edge["paths"]}


def test_what_an_endpoint_does_is_a_path_of_an_edge(model: Model) -> None:
    assert len(agree(model, paths(graph_of(model)))) > 200


def test_an_edge_that_is_missing_is_noticed(model: Model) -> None:
    """The agreement above can fail: without the edges between two states, the step that takes one is missed."""
    known = paths(graph_of(model))
    states = min(agree(model, known))[:2]
    broken = {step: kind for step, kind in known.items() if step[:2] != states}
    assert len(broken) < len(known)
    with pytest.raises(AssertionError):
        agree(model, broken)


def agree(model: Model, known: dict[Step, str]) -> set[Step]:
    """Draws states and inputs; where the sequence numbers are in order the step taken must be one of the graph's."""
    python, draws, domains = Python(model, load_steps(traced=True)), Draws(model, seed=793), Domains(model)
    seen: set[Step] = set()
    for _ in range(EXAMPLES):
        example = draws.example()
        if example.procedure.event not in EVENTS or example.inputs["SEG.CTL"] & 0x1C0:
            continue
        state = model.states[example.state]
        example.inputs["(assume)"] = False
        example.tcb |= {name: min(vs) for name, vs in domains.of[state].items() if example.tcb[name] not in vs}
        said = python.outcome(example)
        if said["forbidden"] or far_apart(model, example) or out_of_range(example):
            continue
        step = (state, model.states[said["STATE"]], tuple(said["fired"]))
        assert known.get(step) == example.procedure.event, (step, example)
        seen.add(step)
    return seen


def far_apart(model: Model, example: Any) -> bool:
    """Whether two sequence numbers lie so far apart that unwrapped integers order them otherwise than the circle."""
    values = {**example.tcb, **example.inputs}
    numbers = [values[v.name] for v in model.variables.values() if v.type == "seq" and v.name in values]
    bases = sorted(numbers)
    mine = [n for n in bases if n - bases[0] < 1 << 20]
    theirs = [n for n in bases if bases[-1] - n < 1 << 20]
    return len(mine) + len(theirs) < len(bases)


def out_of_range(example: Any) -> bool:
    """Shift counts above 14 are assumed away, and so is more than one span of text."""
    shifts = (example.tcb["SND.WIND.SHIFT"], example.tcb["RCV.WIND.SHIFT"], example.inputs["SEG.SHIFT"])
    return max(shifts) > 14 or len(example.tcb["HELD"]) > 1
