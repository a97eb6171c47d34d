"""Traces written in the test itself, replayed, and every witness checked."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from typing import Any

from tcpmodel.compile import load_steps
from tcpmodel.trace import Segment, open_trace
from tcpmodel.verify import ConnectionVerdict, FileVerdict, Options, verify
from tcpmodel.verify.checker import check

A, B = "10.0.0.1:40000", "10.0.0.2:80"
HANDSHAKE = ("a S 100:100(0) <mss 1460>", "b S. 300:300(0) ack 101 <mss 1460>", "a . 101:101(0) ack 301")
STEP = 10_000_000  # ns between two events


class Played:
    """A trace that is already in memory, as `verify` reads one."""

    def __init__(
        self, items: Iterable[Any], vantage: str = "", complete: bool = False, hidden: bool = True
    ) -> None:
        self.items = list(items)
        self.file, self.vantage, self.complete, self.hidden = "played", vantage, complete, hidden
        self.packets = self.tcp_segments = sum(isinstance(item, Segment) for item in self.items)

    def __iter__(self) -> Any:
        return iter(self.items)


def event(text: str) -> dict[str, Any]:
    """ "a S 1:1(0)" a segment, "a call OPEN passive", "a timeout USER", "a restarts", "a is CLOSED ISS=1", "arrives 1",
    "a owes R. 0:0(0) ack 101" (or nothing), "a forged R 101:101(0)".
    """
    who, first, *rest = text.split()
    if who == "arrives":
        return {"arrives": int(first)}
    if first == "call":
        return {"call": rest[0], "at": who, "args": dict.fromkeys(rest[1:], True)}
    if first == "timeout":
        return {"timeout": rest[0], "at": who}
    if first == "restarts":
        return {"restart": True, "at": who}
    if first == "is":
        values = dict(word.split("=") for word in rest[1:])
        return {"at": who, "state": rest[0], "tcb": {name: int(value) for name, value in values.items()}}
    if first == "owes":
        return {"at": who, "owes": [" ".join(rest)] if rest else []}
    if first == "forged":
        return event(text.replace(" forged", "", 1)) | {"forged": True}
    shown = text[2:] if " win " in text else re.sub(r"( <.*)?$", r" win 65535\1", text[2:], count=1)
    return {"from": who, "segment": shown}


def parse(*texts: str, clock: bool = True, hidden: bool = True) -> list[Any]:
    """The events as the JSON reader gives them, a step of time apart."""
    events = [event(text) for text in texts]
    document = {"schema": "tcpmodel/trace/1", "endpoints": {"a": A, "b": B}, "hidden": hidden, "events": events}
    items = list(open_trace("-", stdin=io.BytesIO(json.dumps(document).encode())))
    for number, item in enumerate(items):
        item.time = number * STEP if clock else -1
    return items


def replay(
    items: list[Any], profile: str | None = None, vantage: str = "", complete: bool = False, hidden: bool = True
) -> FileVerdict:
    """The verdicts of a trace whose witnesses the checker has accepted."""
    steps = load_steps(profile=profile)
    verdict = verify(Played(items, vantage, complete, hidden), steps, Options(witness=True))
    assert check(verdict, items, steps, vantage, hidden) == []
    return verdict


def play(*texts: str, clock: bool = True, hidden: bool = True, **options: Any) -> ConnectionVerdict:
    """The verdict of a trace with one connection and one incarnation."""
    (connection,) = replay(parse(*texts, clock=clock, hidden=hidden), hidden=hidden, **options).connections
    return connection


def blamed(connection: ConnectionVerdict) -> list[tuple[str, str, int]]:
    """(level, endpoint, frame) of each finding."""
    return [(finding.level, finding.endpoint, finding.frame) for finding in connection.findings]


def assumed(connection: ConnectionVerdict) -> list[tuple[str, str, int]]:
    """(kind, endpoint, frame) of each assumption."""
    return [(assumption.kind, assumption.endpoint, assumption.frame) for assumption in connection.assumptions]
