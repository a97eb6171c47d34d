"""Counterexamples: runs of the model that a proof ran into, drawn and saved like any other trace."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tcpmodel.errors import UsageError

if TYPE_CHECKING:
    from tcpmodel.prove.units import Subject
    from tcpmodel.report.style import Style

EVENTS = "events"
"""A counterexample with this key is a trace; others are values."""


def drawn(found: Mapping[str, Any], subject: Subject, style: Style) -> str:
    """A trace as ladders with the states that a replay finds, or the values."""
    if EVENTS in found:
        return "\n".join(_ladders(found, subject, style))
    from tcpmodel.report.proof.wrap import wrapped

    return "\n".join(wrapped(", ".join(f"{name} = {value}" for name, value in _flat(found))))


def _flat(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield name, value


def _ladders(found: Mapping[str, Any], subject: Subject, style: Style) -> Iterator[str]:
    from tcpmodel.compile import load_steps
    from tcpmodel.report.ladder import ladder_text
    from tcpmodel.report.pretty import pretty
    from tcpmodel.report.recorder import Recorder
    from tcpmodel.trace import open_trace
    from tcpmodel.verify import Options, verify

    steps = load_steps(subject.name, profile=subject.profile, variants=subject.variants)
    with open_trace("-", stdin=io.BytesIO(pretty(found).encode())) as reader:
        recorder = Recorder(reader)
        verdict = verify(recorder, steps, Options(witness=True))
    for connection in verdict.connections:
        yield ladder_text(connection, recorder.segments(connection), style, notes(found)).rstrip("\n")
        if connection.verdict != "conforming":
            yield style("warning", f"a replay finds it {connection.verdict}")


def notes(found: Mapping[str, Any]) -> dict[int, str]:
    """What the trace says of its segments, by frame."""
    segments = (event for event in found[EVENTS] if "from" in event)
    return {frame: event["note"] for frame, event in enumerate(segments, 1) if event.get("note")}


def save(found: Mapping[str, Any], name: str, folder: str) -> None:
    """Writes NAME.json into the folder, which is made where it is missing. Raises UsageError where it cannot be."""
    from tcpmodel.report.pretty import pretty

    path = Path(folder) / f"{name}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pretty(found) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
