"""What a profile or a variant changes: in the state diagram, edge by edge, and in the rules, name by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tcpmodel.spec.model import Model

if TYPE_CHECKING:
    from tcpmodel.compile.graph import Graph

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
COMPARED = ("action", "rules", "guard", "signals")


def difference(before: Graph, after: Graph) -> Graph:
    """The edges of both graphs. Those that differ have an attribute `change`: added, removed or changed.

    A changed edge is shown as it is afterwards and says in `before` what it was. Edges are the same when source,
    target and event are; where several share them, those with the same action are held against each other.
    """
    found = after.copy()
    old: dict[tuple[str, str, str], Any] = {(u, v, k): edge for u, v, k, edge in before.edges(keys=True, data=True)}
    for key in [key for key in old if after.has_edge(*key)]:
        _mark(found.edges[key], old.pop(key))
    fresh = [key for key in after.edges(keys=True) if not before.has_edge(*key)]
    for key in fresh:
        twin = next((other for other in old if _place(other, old[other]) == _place(key, found.edges[key])), None)
        if twin:
            _mark(found.edges[key], old.pop(twin))
        else:
            found.edges[key]["change"] = ADDED
    for (source, target, name), edge in old.items():
        found.add_edge(source, target, key=name, **{**edge, "change": REMOVED})
    return found


def rule_changes(before: Model, after: Model) -> dict[str, str]:
    """Rule name -> added, removed or changed, in the order of the text; notes and places do not count."""
    old = {name: replace(rule, note="") for name, rule in before.rules.items()}
    new = {name: replace(rule, note="") for name, rule in after.rules.items()}
    found = {name: ADDED if name not in old else CHANGED for name, rule in new.items() if old.get(name) != rule}
    return found | {name: REMOVED for name in old if name not in new}


def _place(key: tuple[str, str, str], edge: dict[str, Any]) -> tuple[str, str, str]:
    return key[0], key[1], str(edge["event"])


def _mark(edge: dict[str, Any], old: dict[str, Any]) -> None:
    differing = [name for name in COMPARED if edge[name] != old[name]]
    if differing:
        edge["change"] = CHANGED
        edge["before"] = _gone(old[differing[0]], edge[differing[0]])


def _gone(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    """What is no longer there, else that what is there now was not."""
    gone = ", ".join(item for item in old if item not in new)
    return gone or "without " + ", ".join(item for item in new if item not in old)
