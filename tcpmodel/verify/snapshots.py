"""The TCB of both endpoints after each frame, read off the explanation that was found cheapest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

from tcpmodel.verify.verdict import ConnectionVerdict

SNAPSHOT = "tcb"  # the kind of trail step that holds a copy of the TCB


def take_out(verdict: ConnectionVerdict, steps: ModuleType, names: Sequence[str], witness: bool) -> None:
    """Turn the snapshots in a kept witness into `tcb` rows of the named variables; drop a witness not asked for."""
    shown = [row for row in steps.VARIABLES if row[0] in names]
    rows = [row for letter, run in verdict.witness.items() for row in _rows(run, letter, shown, steps)]
    verdict.tcb = sorted(rows, key=lambda row: row[:2]) if names else []
    plain = {letter: [step for step in run if step[0] != SNAPSHOT] for letter, run in verdict.witness.items()}
    verdict.witness = plain if witness else {}


def _rows(
    run: Iterable[tuple[Any, ...]], letter: str, shown: Sequence[tuple[str, str, str]], steps: ModuleType
) -> list[tuple[int, str, dict[str, int | str]]]:
    """[frame, letter, {variable: value}] for each frame at which the endpoint did something or something reached it."""
    latest: dict[int, Any] = {}
    seen = 0
    for kind, frame, detail in run:
        if kind == SNAPSHOT:
            # what arrives late counts from the frame behind which it arrives
            seen = max(seen, frame)
            latest[seen] = detail
    return [
        (frame, letter, {name: _value(getattr(tcb, attribute), type, steps) for name, attribute, type in shown})
        for frame, tcb in latest.items()
    ]


def _value(value: Any, type: str, steps: ModuleType) -> int | str:
    if type == "state":
        return str(steps.STATES[value])
    return value if isinstance(value, int) else str(value)
