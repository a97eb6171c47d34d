"""What a verification says: findings and assumptions, connection by connection, file by file. Plain values only."""

from __future__ import annotations

from dataclasses import dataclass, field

CONFORMING, VIOLATION, INCONCLUSIVE = "conforming", "violation", "inconclusive"


@dataclass(frozen=True)
class Assumption:
    """Something about the capture, not about the endpoints, that the explanation rests on.

    `frame` is where it became necessary; `endpoint` is the address of the one whose behaviour it explains.
    """

    kind: str
    frame: int
    endpoint: str
    message: str


@dataclass(frozen=True)
class Finding:
    """`endpoint` did at `frame` what no rule permits.

    `level` is must, should or may; `field`, `expected` and `actual` name the one field in question where there is
    one. `states` are the states the endpoint could have been in, `guards` the conditions of the nearest permitting
    rules that failed, with the values they were held against, and `place` the rule's file:line.
    """

    level: str
    code: str
    rule: str
    endpoint: str
    frame: int
    message: str
    expected: str = ""
    actual: str = ""
    field: str = ""
    cite: str = ""
    quote: str = ""
    requirements: tuple[str, ...] = ()
    place: str = ""
    states: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()


@dataclass
class ConnectionVerdict:
    """One incarnation of a 4-tuple. `states` maps a and b to [frame, state] rows; `reason` says why it is inconclusive.

    `tcb` has rows [frame, endpoint letter, {variable: value}] when asked for; `witness` the run of each endpoint;
    `excerpt` the segments around each finding, rendered; `frames` are the first and the last one; `incarnation` counts
    the lives of the 4-tuple that were replayed as one run, from 0; `ladder` is its drawing, where one was asked for;
    `arrived` says of each frame behind which frames it arrived, where the trace hides nothing.
    """

    a: str
    b: str
    frames: tuple[int, int]
    segments: int
    verdict: str
    states: dict[str, list[tuple[int, str]]]
    assumptions: list[Assumption] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    reason: str = ""
    tcb: list[tuple[int, str, dict[str, int | str]]] = field(default_factory=list)
    witness: dict[str, list[tuple[object, ...]]] = field(default_factory=dict)
    excerpts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    carrier: str = ""
    incarnation: int = 0
    ladder: str = ""
    arrived: dict[int, list[int]] | None = None


@dataclass
class FileVerdict:
    """All connections of a file. `error` is what ended the reading early, located, or ""."""

    file: str
    packets: int = 0
    tcp_segments: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    connections: list[ConnectionVerdict] = field(default_factory=list)
    error: str = ""
