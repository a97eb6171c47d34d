"""Questions about a finite graph of two endpoints, each an algorithm of networkx.

With a fair network and fair users (what can happen again and again does happen some time), a run ends in a bottom
component, so what can always be reached is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
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
    return set(graph) - before(graph, {node for node, pair in graph.nodes(data="pair") if goal(pair)})


def behind(graph: Graph, nodes: Set[Node]) -> set[Node]:
    """The nodes, and all that can be reached from them."""
    import networkx as nx

    layers = nx.bfs_layers(graph, sorted(nodes)) if nodes else []
    return {node for layer in layers for node in layer}


def before(graph: Graph, nodes: Set[Node]) -> set[Node]:
    """The nodes, and all from which one of them can be reached."""
    return behind(graph.reverse(copy=False), nodes)


def bottoms(graph: Graph, nodes: Set[Node]) -> list[set[Node]]:
    """The components within some nodes that nothing leads out of, the smallest first; no step leaves the nodes."""
    import networkx as nx

    inside = graph.subgraph(nodes).copy()
    found = (set(part) for part in nx.strongly_connected_components(inside))
    return sorted((part for part in found if all(part.issuperset(inside[node]) for node in part)), key=_size)


def _size(part: set[Node]) -> tuple[int, Node]:
    return len(part), min(part)


def nearest(graph: Graph, sources: Set[Node], targets: set[Node]) -> list[Node]:
    """A shortest way from one of the sources to one of the targets."""
    import networkx as nx

    layers = nx.bfs_layers(graph, sorted(sources))
    target = next(min(found) for found in (targets.intersection(layer) for layer in layers) if found)
    return nx.multi_source_dijkstra(graph, sources, target, weight=_one)[1]  # type: ignore[no-any-return]


def _one(source: Node, target: Node, edge: object) -> int:
    return 1


def traps(graph: Graph, goal: Goal) -> list[set[Node]]:
    """The bottom components that have no pair which meets the goal, the smallest first."""
    return bottoms(graph, stuck(graph, goal))


def wars(graph: Graph, goal: Goal) -> list[set[Node]]:
    """The traps in which segments go on being exchanged for ever."""
    return [trap for trap in traps(graph, goal) if len(trap) > 1]


def way(graph: Graph, node: Node) -> list[str]:
    """A shortest way from the beginning to a node, in words."""
    import networkx as nx

    return graph.graph["product"].words(nx.shortest_path(graph, graph.graph["initial"], node))  # type: ignore[no-any-return]
