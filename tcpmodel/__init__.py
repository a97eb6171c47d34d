"""An executable model of TCP: one specification, and the graph, proofs, replays and tests derived from it.

    >>> import tcpmodel
    >>> tcp = tcpmodel.load()
    >>> tcp.verify("traces/textbook/close.json").conforming
    True

`load` gives a Specification, with `graph`, `step`, `verify` and `explain`; `open_trace` reads captures. Everything
is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tcpmodel.errors import Diagnostic, SpecError, TraceError, UsageError
    from tcpmodel.library import Connection, Picture, Specification, Verdicts, load
    from tcpmodel.spec.model import Model
    from tcpmodel.trace import Arrival, Call, Observation, Restart, Segment, Timeout, TraceReader, open_trace

__version__ = "0.1.0"

__all__ = [
    "Arrival", "Call", "Connection", "Diagnostic", "Model", "Observation", "Picture", "Restart", "Segment", "SpecError",
    "Specification", "Timeout", "TraceError", "TraceReader", "UsageError", "Verdicts", "load", "open_trace",
]  # fmt: skip

_HOMES = {
    "tcpmodel.errors": ("Diagnostic", "SpecError", "TraceError", "UsageError"),
    "tcpmodel.library": ("Connection", "Picture", "Specification", "Verdicts", "load"),
    "tcpmodel.spec.model": ("Model",),
    "tcpmodel.trace": ("Arrival", "Call", "Observation", "Restart", "Segment", "Timeout", "TraceReader", "open_trace"),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            found: object = getattr(import_module(module), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module 'tcpmodel' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
