"""Two endpoints explored to the end: which pairs of states there are, what is always possible, and where it is not."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

from tcpmodel.errors import UsageError
from tcpmodel.prove.explore import finite, matrix, pairs, promela, scenario, stuck, traps, wars, way
from tcpmodel.prove.explore.finite import Graph
from tcpmodel.prove.explore.live import dead
from tcpmodel.prove.explore.promela import available, spin_states
from tcpmodel.prove.explore.system import System
from tcpmodel.spec import load

GOLDEN = Path(__file__).parent / "golden" / "pairs.txt"
SCENARIOS = ("connection", "any-open", "simultaneous-open", "half-open")


@cache
def explored(name: str) -> Graph:
    model = load()
    return finite(model, model, name)


def both(state: str, graph: Graph) -> set[tuple[str, str]]:
    """The pairs from which there is no way to both endpoints being in a state."""
    return {graph.nodes[node]["pair"] for node in stuck(graph, lambda pair: pair == (state, state))}


def test_the_pairs_of_states_that_can_be_reached() -> None:
    text = "".join(f"{name}: {scenario(name).title}\n{matrix(explored(name), load().states)}\n" for name in SCENARIOS)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


def test_pairs_that_never_meet() -> None:
    """Without a crash, in one life of the connection; Fiterau-Brostean, Janssen, Vaandrager, CAV 2016."""
    found = pairs(explored("any-open"))
    for pair in (
        ("ESTABLISHED", "SYN-SENT"), ("ESTABLISHED", "TIME-WAIT"),
        ("CLOSE-WAIT", "CLOSE-WAIT"), ("LAST-ACK", "ESTABLISHED"),
    ):  # fmt: skip
        assert pair not in found and pair[::-1] not in found
    assert len(found) == 72 and {(b, a) for a, b in found} == found


@pytest.mark.parametrize("name", ["connection", "any-open", "quiet"])
def test_both_can_always_get_closed(name: str) -> None:
    assert both("CLOSED", explored(name)) == set()


def test_without_the_user_timeout_one_may_wait_for_ever_for_a_fin_of_nobody() -> None:
    graph = explored("quiet-without-user-timeout")
    assert both("CLOSED", graph) == {("FIN-WAIT-2", "CLOSED")}
    (trap,) = traps(graph, lambda pair: pair == ("CLOSED", "CLOSED"))
    (node,) = trap
    assert not list(graph.successors(node))
    assert way(graph, node)[-1].endswith("FIN-WAIT-2 / CLOSED")


def test_without_the_user_timeout_acknowledgments_may_be_exchanged_for_ever() -> None:
    """A crashed endpoint takes its peer's old SYN again, so that neither finds the other's segments acceptable."""
    graph = explored("acknowledgment-war")
    found = wars(graph, lambda pair: pair == ("CLOSED", "CLOSED"))
    fought = {graph.nodes[node]["pair"] for war in found for node in war}
    assert fought == {("FIN-WAIT-1", "FIN-WAIT-1")}
    assert all(nx.is_strongly_connected(graph.subgraph(war)) for war in found)


def test_a_simultaneous_open_establishes_both_unless_one_is_refused() -> None:
    graph = explored("simultaneous-open")
    assert {("SYN-SENT", "SYN-SENT"), ("SYN-RECEIVED", "SYN-RECEIVED"), ("ESTABLISHED", "ESTABLISHED")} <= pairs(graph)
    assert all("CLOSED" in pair for pair in both("ESTABLISHED", graph))


def test_a_half_open_connection_is_discovered_and_opened_again() -> None:
    """After the crash both get established with new numbers, as long as the second attempt is not refused, too."""
    graph = explored("half-open")
    assert {("CLOSED", "ESTABLISHED"), ("SYN-SENT", "ESTABLISHED"), ("SYN-SENT", "LISTEN")} <= pairs(graph)
    assert {a for a, _ in both("ESTABLISHED", graph)} == {"CLOSED"}
    crashed = {n for n, pair in graph.nodes(data="pair") if pair == ("CLOSED", "ESTABLISHED")}
    again = {graph.nodes[n]["pair"] for node in crashed for n in nx.descendants(graph, node)}
    assert ("ESTABLISHED", "ESTABLISHED") in again


def test_silence_of_a_closed_endpoint_leaves_a_connection_half_open() -> None:
    """What a reset is for: without it, and without a timeout, a peer that crashed is never noticed."""
    model = load(variants=("closed-silent",))
    graph = finite(model, model, "quiet-without-user-timeout")
    assert {("CLOSED", "FIN-WAIT-1"), ("FIN-WAIT-1", "CLOSED"), ("LAST-ACK", "CLOSED")} & both("CLOSED", graph)


def test_a_way_is_one_of_the_system_itself() -> None:
    """Its steps can be taken by the endpoints as they are before any two states of theirs are joined."""
    graph = explored("simultaneous-open")
    goal = next(node for node, pair in graph.nodes(data="pair") if pair == ("ESTABLISHED", "ESTABLISHED"))
    system = System(scenario("simultaneous-open"), (load(), load()), ghosts=False)
    states = {system.initial}
    for words in way(graph, goal):
        pair = tuple(words.rpartition(": ")[2].split(" / "))
        after = {state for now in states for _, state in system.moves(now)} | states
        states = {s for s in after if (system.ends[0].state(s.a), system.ends[1].state(s.b)) == pair}
        assert states, words


def test_a_clock_or_a_count_of_losses_is_not_finite() -> None:
    for name in ("closing", "random"):
        with pytest.raises(UsageError, match="is not finite"):
            finite(load(), load(), name)


def test_what_a_state_forgets_is_never_read_there() -> None:
    """CLOSED has no connection, so it remembers neither numbers nor windows; ESTABLISHED needs all of them."""
    model = load()
    forgotten = dict(zip(model.states, map(set, dead(model)), strict=True))
    assert {"SND_UNA", "SND_NXT", "IRS", "SND_WND", "OPENED"} <= forgotten["CLOSED"]
    assert not {"SND_UNA", "SND_NXT", "RCV_NXT", "ISS", "SND_WND", "RCV_WND"} & forgotten["ESTABLISHED"]


@pytest.mark.skipif(not available(), reason="Spin or gcc is not installed (apt install spin gcc)")
@pytest.mark.parametrize("name", ["simultaneous-open", "connection"])
def test_spin_finds_as_many_states(name: str, tmp_path: Path) -> None:
    graph = explored(name)
    assert spin_states(promela(graph.graph["product"], name), tmp_path) == graph.number_of_nodes()
