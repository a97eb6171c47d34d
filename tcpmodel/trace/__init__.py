"""Traces: what was seen of TCP connections, read from captures and hand-written files and written back.

`open_trace` reads every format, found out from the first bytes; iterating yields events in file order. What
writes traces is loaded when it is asked for: `tcpmodel.trace.writers` and `tcpmodel.trace.notation`.
"""

from __future__ import annotations

from tcpmodel.trace.open import TraceReader, open_trace
from tcpmodel.trace.segment import (
    FLAG_BITS,
    FLAG_NAMES,
    Arrival,
    Call,
    Event,
    Observation,
    Restart,
    Segment,
    Timeout,
    Told,
    digest_of,
    flag_names,
    sequence_length,
)

__all__ = [
    "FLAG_BITS",
    "FLAG_NAMES",
    "Arrival",
    "Call",
    "Event",
    "Observation",
    "Restart",
    "Segment",
    "Timeout",
    "Told",
    "TraceReader",
    "digest_of",
    "flag_names",
    "open_trace",
    "sequence_length",
]
