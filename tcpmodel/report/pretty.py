"""JSON laid out for people: what fits on a line stands on a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

WIDTH = 120


class Row(list[Any]):
    """A list that stays on one line whatever its length: one of very many."""


def pretty(value: Any, indent: str = "") -> str:
    """The value as JSON text; lists and objects that do not fit on a line have one item a line."""
    line = json.dumps(value)
    if len(indent) + len(line) <= WIDTH or not isinstance(value, dict | list) or isinstance(value, Row):
        return line
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    items = f",\n{indent}  ".join(_items(value, indent + "  "))
    return f"{opening}\n{indent}  {items}\n{indent}{closing}"


def _items(value: dict[str, Any] | list[Any], indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        return (f"{json.dumps(name)}: {pretty(item, indent)}" for name, item in value.items())
    return (pretty(item, indent) for item in value)
