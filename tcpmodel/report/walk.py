"""The path of one endpoint of a trace through the state diagram."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tcpmodel.trace import Segment, flag_names

if TYPE_CHECKING:
    from tcpmodel.compile.graph import Graph
    from tcpmodel.verify.verdict import ConnectionVerdict

Step = tuple[str, str, str]
"""Source, target and key of an edge."""


def walk(connection: ConnectionVerdict, letter: str, graph: Graph, segments: Mapping[int, Segment]) -> list[Step]:
    """The edges that endpoint `letter` (a or b) took, in order; a change that the graph has no edge for is left out.

    `segments` maps frames to segments. The connection's witness, where there is one, tells calls and timeouts from
    arrivals.
    """
    found = []
    for source, target, frame in moves(connection, letter, graph):
        edges: dict[str, dict[str, Any]] = graph.get_edge_data(source, target, default={})
        happened = _happened(connection, letter, frame, segments)
        best = max(edges, key=lambda key: _fit(edges[key], happened), default=None)
        if best is not None:
            found.append((source, target, best))
    return found


def moves(connection: ConnectionVerdict, letter: str, graph: Graph) -> Iterator[tuple[str, str, int]]:
    """(from, to, frame) of every change of state; states passed within one edge are not stops."""
    rows = connection.states.get(letter, [])
    state = rows[0][1] if rows else ""
    for frame, group in groupby(rows[1:], key=itemgetter(0)):
        stops = [name for _, name in group]
        edges = graph.get_edge_data(state, stops[-1], default={}).values()
        if len(stops) > 1 and any(edge["through"] == tuple(stops[:-1]) for edge in edges):
            stops = stops[-1:]
        for stop in stops:
            yield state, stop, frame
            state = stop


def events(connection: ConnectionVerdict, letter: str) -> dict[int, list[str]]:
    """Frame -> names of the calls and timeouts that the explanation of that endpoint has just before it."""
    found: dict[int, list[str]] = {}
    for kind, frame, *rest in connection.witness.get(letter, []):
        detail = rest[0] if rest else None
        if kind in ("call", "timeout", "crash") and isinstance(frame, int):
            name = str(detail[0]) if isinstance(detail, tuple) and detail and detail[0] else ""
            words = f"{name} timeout" if kind == "timeout" else name or str(kind)
            found.setdefault(frame, []).append(words.strip())
    return found


def _happened(
    connection: ConnectionVerdict, letter: str, frame: int, segments: Mapping[int, Segment]
) -> tuple[list[str], set[str]]:
    """The calls and timeouts at a frame, and the control bits that arrived there."""
    address = connection.a if letter == "a" else connection.b
    segment = segments.get(frame)
    arrived = set(flag_names(segment.flags).split(",")) if segment and segment.dst == address else set()
    return events(connection, letter).get(frame, []), arrived


def _fit(edge: dict[str, Any], happened: tuple[list[str], set[str]]) -> float:
    """How well an edge's event matches what happened."""
    told, arrived = happened
    words = set(edge["event"].replace(",", " ").split())
    if edge["kind"] == "segment":
        return len(words & arrived) - 0.1 * len(words) if arrived else -1.0
    return 5.0 if any(set(name.split()) <= words for name in told) else -2.0
