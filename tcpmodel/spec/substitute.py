"""Puts arguments in the place of a predicate's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from tcpmodel.spec.expr import Expr, Name

PARTS: dict[type[Expr], tuple[str, ...]] = {}


def substitute(node: Expr, values: Mapping[str, Expr]) -> Expr:
    """The node with its parameters replaced by the expressions of their names; itself if it has none."""
    if not values:
        return node
    if isinstance(node, Name):
        return values.get(node.name, node) if node.kind == "parameter" else node
    changed: dict[str, Any] = {}
    for name in _parts(type(node)):
        old = getattr(node, name)
        new = _value(old, values)
        if new is not old:
            changed[name] = new
    return replace(node, **changed) if changed else node


def _value(old: Any, values: Mapping[str, Expr]) -> Any:
    if isinstance(old, Expr):
        return substitute(old, values)
    new = tuple(substitute(item, values) for item in old)
    return old if all(a is b for a, b in zip(old, new, strict=True)) else new


def _parts(kind: type[Expr]) -> tuple[str, ...]:
    """The fields of a node class that hold expressions."""
    if kind not in PARTS:
        PARTS[kind] = tuple(item.name for item in fields(kind) if item.type in ("Expr", "tuple[Expr, ...]"))
    return PARTS[kind]
