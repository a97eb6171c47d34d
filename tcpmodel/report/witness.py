"""The run of the model behind a verdict, as plain values: what JSON can hold and a line can show."""

from __future__ import annotations

from typing import Any

from tcpmodel.trace import Segment
from tcpmodel.trace.notation import to_packetdrill
from tcpmodel.verify.verdict import Finding


def steps(witness: dict[str, list[tuple[object, ...]]]) -> dict[str, list[Any]]:
    """Letter -> [kind, frame, detail] of every step of an endpoint, in order."""
    return {letter: [plain(row) for row in rows] for letter, rows in witness.items()}


def plain(value: object) -> Any:
    """A value of a step without objects: a segment in packetdrill notation, a finding as its rule."""
    if isinstance(value, Segment):
        return to_packetdrill(value)
    if isinstance(value, Finding):
        return value.rule
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    return value if isinstance(value, int | str | float | bool) else None if value is None else str(value)
