"""The state diagram in forms that other programs read: JSON, GraphML, DOT, Mermaid, and a table for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tcpmodel.report.svg import COLORS

if TYPE_CHECKING:
    from tcpmodel.compile.graph import Graph

MARKS = {"": " ", "added": "+", "removed": "-", "changed": "~"}


def as_json(graph: Graph) -> str:
    """networkx's node-link form: `nodes` with `id`, `edges` with `source`, `target` and `key`."""
    nodes = [{"id": state, **data} for state, data in graph.nodes(data=True)]
    edges = [{"source": u, "target": v, "key": k, **data} for u, v, k, data in graph.edges(keys=True, data=True)]
    head = f'{{"directed": true, "multigraph": true, "graph": {json.dumps(graph.graph)},'
    return "\n".join([head, f'"nodes": {_rows(nodes)},', f'"edges": {_rows(edges)}}}']) + "\n"


def _rows(items: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(" " + json.dumps(item, ensure_ascii=False) for item in items) + "\n]"


def as_graphml(graph: Graph) -> str:
    """GraphML; lists become text, joined by "; "."""
    import networkx

    plain = networkx.MultiDiGraph(**{name: _scalar(value) for name, value in graph.graph.items()})
    for state, data in graph.nodes(data=True):
        plain.add_node(state, **{name: _scalar(value) for name, value in data.items()})
    for u, v, k, data in graph.edges(keys=True, data=True):
        plain.add_edge(u, v, key=k, **{name: _scalar(value) for name, value in data.items()})
    return "\n".join(networkx.generate_graphml(plain)) + "\n"


def _scalar(value: Any) -> str | bool:
    if isinstance(value, tuple):
        return "; ".join(" > ".join(item) if isinstance(item, tuple) else str(item) for item in value)
    return value if isinstance(value, bool) else str(value)


def as_dot(graph: Graph) -> str:
    """Graphviz."""
    rows = ["digraph tcp {", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    rows += ['  edge [fontname="sans-serif", fontsize=10];']
    rows += [f"  {_quoted(state)};" for state in graph.nodes]
    for u, v, data in graph.edges(data=True):
        label = "\\n".join(_plain(words) for words in _lines(data))
        change = data.get("change", "")
        color = f', color="{COLORS[change]}", fontcolor="{COLORS[change]}"' if change else ""
        style = ", style=dashed" if change == "removed" else ""
        rows.append(f'  {_quoted(u)} -> {_quoted(v)} [label="{label}"{color}{style}];')
    return "\n".join([*rows, "}"]) + "\n"


def _quoted(words: str) -> str:
    return f'"{_plain(words)}"'


def _plain(words: str) -> str:
    return words.replace("\\", "\\\\").replace('"', '\\"')


def as_mermaid(graph: Graph) -> str:
    """A Mermaid state diagram; it knows no colours, so changes have a sign in front."""
    names = {state: f"S{number}" for number, state in enumerate(graph.nodes)}
    rows = ["stateDiagram-v2"]
    rows += [f'  state "{state}" as {name}' for state, name in names.items()]
    for u, v, data in graph.edges(data=True):
        sign = MARKS[data.get("change", "")].strip()
        # a colon ends the label, a semicolon the statement
        words = " / ".join(_lines(data)).replace(":", "").replace(";", ",")
        rows.append(f"  {names[u]} --> {names[v]}: {f'{sign} ' if sign else ''}{words}")
    return "\n".join(rows) + "\n"


def as_table(graph: Graph) -> str:
    """Source, target, event, action, rules and citation in columns; with a comparison, a sign in front."""
    compared = any("change" in data for _, _, data in graph.edges(data=True))
    head = ("FROM", "TO", "EVENT", "ACTION", "RULES", "CITE")
    body = [(_sign(data) if compared else "", row) for row, data in _table(graph)]
    widths = [max(len(row[n]) for row in (head, *(row for _, row in body))) for n in range(len(head))]
    lead = "  " if compared else ""
    rows = [lead + _line(head, widths), *(sign + _line(row, widths) for sign, row in body)]
    return "\n".join(rows) + "\n"


def _table(graph: Graph) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    for u, v, data in graph.edges(data=True):
        action = ", ".join((*data["action"], *(f"“{signal}”" for signal in data["signals"]))) or "-"
        before = f" (was: {data['before']})" if "before" in data else ""
        yield (u, v, data["event"], action + before, ", ".join(data["rules"]), "; ".join(data["cite"])), data


def _sign(data: dict[str, Any]) -> str:
    return MARKS[data.get("change", "")] + " "


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip()


def _lines(data: dict[str, Any]) -> list[str]:
    before = f"(was: {data['before']})" if data.get("before") else ""
    return list(filter(None, (data["event"], ", ".join(data["action"]), before)))
