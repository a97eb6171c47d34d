"""The state diagram of a model: a networkx MultiDiGraph whose edges are the feasible paths through the stages.

Nodes are the states (attributes `groups`, `initial`). An edge stands for all paths with the same source,
target, event and action; its key is "event / action". Attributes of an edge, all text or tuples of text:

  event    what happens, as RFC 9293 Figure 5 words it: "rcv SYN", "CLOSE", "Timeout=2MSL"
  action   what is sent and what becomes of the TCB: ("create TCB", "snd SYN"); () for nothing
  also     answers that some of the paths give besides
  kind     segment, call, timeout or crash
  signals  what the user is told
  rules    the rules that decide: those that change the state, else those that answer, else the last
  paths    every path, as the names of the rules that fire in order
  through  the states passed on the way, where there are any
  cite     the citations of the deciding rules
  guard    their guards, as the specification writes them
  later    output rules that the change of state enables and whose segment the action names already
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, TypeAlias

from tcpmodel.compile import cache_directory, write_cached
from tcpmodel.spec.model import Model

if TYPE_CHECKING:
    import networkx

    Graph: TypeAlias = "networkx.MultiDiGraph[str]"

EVENTS = ("segment", "call", "timeout", "crash")
"""The events an endpoint reacts to. What it sends of its own accord and how a capture begins change no state."""

PARTS = ("bounded", "bounds", "diagram", "domains", "encodings", "graph", "labels", "paths", "terms")
"""The modules of this package on which a cached graph depends."""

Edge = dict[str, Any]
_MEMORY: dict[str, Any] = {}


def graph_of(model: Model) -> Graph:
    """The graph of the model, a copy that the caller may change.

    Symbolic execution takes seconds, so the result is cached by the digest of the specification and this package.
    Raises ImportError when networkx or, with nothing cached, z3 is not installed.
    """
    key = _key(model)
    if key not in _MEMORY:
        path = cache_directory() / f"tcpmodel_graph_{key}.json"
        if not path.exists():
            path = write_cached(path, json.dumps(list(edges_of(model))))
        _MEMORY[key] = [_tuples(edge) for edge in json.loads(path.read_text())]
    return assemble(model, _MEMORY[key])


def assemble(model: Model, edges: Iterable[Edge]) -> Graph:
    """States and edges as a networkx graph."""
    import networkx

    graph = networkx.MultiDiGraph(name=model.name, title=model.title, profile=model.profile, variants=model.variants)
    for number, state in enumerate(model.states):
        groups = tuple(name for name, states in model.groups.items() if state in states)
        graph.add_node(state, groups=groups, initial=number == 0)
    for edge in edges:
        attributes = {name: value for name, value in edge.items() if name not in ("source", "target")}
        graph.add_edge(edge["source"], edge["target"], key=label(edge), **attributes)
    return graph


def label(edge: Edge) -> str:
    """Event and action in one line: "rcv SYN / snd SYN,ACK"."""
    return " / ".join(filter(None, (edge["event"], ", ".join(edge["action"]))))


def edges_of(model: Model) -> Iterator[Edge]:
    """The edges in the order of the states and of the text, with `source` and `target`."""
    from tcpmodel.compile.labels import Labels
    from tcpmodel.compile.paths import Explorer

    explorer, labels = Explorer(model), Labels(model)
    for state in model.states:
        found: dict[tuple[str, ...], Edge] = {}
        for procedure in model.procedures:
            if procedure.event in EVENTS and state in procedure.states:
                for path in explorer.paths(procedure, state):
                    edge = labels.edge(path)
                    _merge(found.setdefault((edge["target"], edge["kind"], label(edge)), edge), edge)
        yield from found.values()


def _merge(edge: Edge, other: Edge) -> None:
    """Add to an edge what another path with the same ends, event and action says."""
    for name in ("also", "signals", "rules", "paths", "through", "cite", "guard", "later"):
        edge[name] = tuple(dict.fromkeys((*edge[name], *other[name])))


def _key(model: Model) -> str:
    from tcpmodel.compile.diagram import diagram_file

    digest = sha256(f"{model.digest} {model.profile} {model.variants}".encode())
    diagram = diagram_file(model)
    parts = [File(__file__).with_name(f"{name}.py") for name in PARTS]
    for file in (*parts, *([diagram] if diagram else [])):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:24]


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(map(_tuples, value))
    return {name: _tuples(item) for name, item in value.items()} if isinstance(value, dict) else value
