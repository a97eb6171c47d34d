"""Questions about a finite graph of two endpoints, each an algorithm of networkx.

With a fair network and fair users (what can happen again and again does happen some time), a run ends in a bottom
component, so what can always be reached is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from tcpmodel.prove.explore.finite import Graph, Node

Goal: TypeAlias = Callable[[tuple[str, str]], bool]
"""A condition on the states of both endpoints."""


def pairs(graph: Graph) -> set[tuple[str, str]]:
    """The pairs of states that can be reached."""
    return {pair for _, pair in graph.nodes(data="pair")}


def matrix(graph: Graph, states: Iterable[str]) -> str:
    """The pairs as a table of lines of text: a row for each state of a, + where the pair can be reached."""
    names, found = list(states), pairs(graph)
    width = max(map(len, names))
    head = [" " * width + "  " + " ".join(f"{number:2}" for number in range(1, len(names) + 1))]
    rows = [
        f"{name:{width}}  " + " ".join(" +" if (name, other) in found else " ." for other in names) + f"  {number:2}"
        for number, name in enumerate(names, 1)
    ]
    return "\n".join(head + rows) + "\n"


def stuck(graph: Graph, goal: Goal) -> set[Node]:
    """The nodes from which no pair that meets the goal can be reached."""
    import networkx as nx

    goals = [node for node, pair in graph.nodes(data="pair") if goal(pair)]
    layers = nx.bfs_layers(graph.reverse(copy=False), goals) if goals else []
    return set(graph) - {node for layer in layers for node in layer}


def traps(graph: Graph, goal: Goal) -> list[set[Node]]:
    """The bottom components that have no pair which meets the goal, the smallest first."""
    import networkx as nx

    inside = graph.subgraph(stuck(graph, goal)).copy()
    found = (set(nodes) for nodes in nx.strongly_connected_components(inside))
    return sorted((nodes for nodes in found if all(nodes.issuperset(inside[node]) for node in nodes)), key=len)


def wars(graph: Graph, goal: Goal) -> list[set[Node]]:
    """The traps in which segments go on being exchanged for ever."""
    return [trap for trap in traps(graph, goal) if len(trap) > 1]


def way(graph: Graph, node: Node) -> list[str]:
    """A shortest way from the beginning to a node, in words."""
    import networkx as nx

    return graph.graph["product"].words(nx.shortest_path(graph, graph.graph["initial"], node))  # type: ignore[no-any-return]
