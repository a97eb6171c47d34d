"""The replay against experts: captures of other tools' test suites that came with a verdict, and the time of all.

An expert speaks of the streams of a capture as tshark numbers them, in a few words: "conforming", "violation by
ADDRESS", "capture incomplete", "doubtful: ...". Where the words leave the verdict open, only blame is judged.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tcpmodel.compile import load_steps
from tcpmodel.trace import open_trace
from tcpmodel.trace.segment import ACK, SYN
from tcpmodel.verify import ConnectionVerdict, Finding, verify

from .material import CAPTURES, host, peers_index, segments

Row = dict[str, Any]


@dataclass
class Opinion:
    """What an expert said: `kind` is conforming, violation or open; `culprit` is an address; `but` names streams."""

    kind: str
    culprit: str = ""
    but: frozenset[int] = frozenset()


@dataclass
class Comparison:
    """One capture with a verdict: what was expected of its streams, and what came out."""

    row: Row
    opinion: Opinion
    connections: list[ConnectionVerdict]
    complaints: list[str] = field(default_factory=list)


def opinion_of(text: str) -> Opinion:
    """Read an expert's words."""
    blamed = re.match(r"violation by (\S+)", text)
    if blamed:
        return Opinion("violation", blamed[1])
    if text.startswith("conforming") or "endpoints conforming" in text:
        return Opinion("conforming", but=frozenset(int(n) for n in re.findall(r"\bs(\d+)\b", text)))
    return Opinion("open")


def streams(row: Row) -> dict[int, int]:
    """The stream of each frame, numbered as tshark does: a SYN with another number begins a new one."""
    current: dict[frozenset[tuple[str, str]], tuple[int, dict[str, int]]] = {}
    found: dict[int, int] = {}
    count = 0
    for segment in segments(CAPTURES / "peers" / row["file"]):
        pair = frozenset([(segment.src, segment.carrier), (segment.dst, segment.carrier)])
        known = current.get(pair)
        again = segment.flags & (SYN | ACK) == SYN and known and known[1].get(segment.src, segment.seq) != segment.seq
        if known is None or again:
            known = current[pair] = (count, {})
            count += 1
        known[1].setdefault(segment.src, segment.seq if segment.flags & SYN else segment.seq - 1)
        found[segment.frame] = known[0]
    return found


def compare(row: Row, connections: list[ConnectionVerdict]) -> Comparison:
    """The expert's verdict against that of the connections it speaks of."""
    opinion, numbers = opinion_of(row["verdict"]), streams(row)
    meant = {n for n in row["in_streams"] if n not in opinion.but}
    chosen = [c for c in connections if numbers[c.frames[0]] in meant]
    result = Comparison(row, opinion, chosen)
    blamed = {_named(f.endpoint, opinion) for c in chosen if c.verdict == "violation" for f in musts(c)}
    if not chosen:
        result.complaints.append("none of its streams was reported")
    if opinion.kind == "conforming":
        result.complaints += [f"{c.a} {c.b} is {c.verdict} {c.reason}" for c in chosen if c.verdict != "conforming"]
    if opinion.kind == "violation":
        result.complaints += [f"{opinion.culprit} is not blamed"] if opinion.culprit not in blamed else []
        result.complaints += [f"{other} is blamed" for other in blamed - {opinion.culprit}]
    if opinion.kind == "open":
        result.complaints += [f"{c.a} {c.b} is a violation" for c in chosen if c.verdict == "violation"]
    return result


def musts(connection: ConnectionVerdict) -> list[Finding]:
    """The findings that make a violation."""
    return [f for f in connection.findings if f.level == "must"]


def _named(endpoint: str, opinion: Opinion) -> str:
    """An endpoint as the expert writes it: with its port where that tells two endpoints of one host apart."""
    return endpoint if re.search(r"\d:\d+$", opinion.culprit) else host(endpoint)


def with_verdict() -> list[Row]:
    """The captures that an expert has judged."""
    return [row for row in peers_index() if "verdict" in row]


def judge(row: Row) -> Comparison:
    """Verify one capture and compare."""
    return compare(row, verify(open_trace(CAPTURES / "peers" / row["file"]), load_steps()).connections)


def timed(only: str = "") -> Iterator[tuple[str, float, str]]:
    """Every capture: its name, the seconds it took, and what went wrong ("" for nothing)."""
    steps = load_steps()
    for row in peers_index():
        if only not in row["file"]:
            continue
        start, trouble = time.perf_counter(), ""
        try:
            verify(open_trace(CAPTURES / "peers" / row["file"]), steps)
        except Exception as error:  # a measurement goes on; the crash is part of its result
            trouble = repr(error)
        yield row["file"], time.perf_counter() - start, trouble


def show(comparison: Comparison) -> Iterator[str]:
    """One comparison: the expert's words, the verdicts, the findings and what does not agree."""
    row = comparison.row
    yield f"{'AGREES ' if not comparison.complaints else 'DIFFERS'} {row['file']}"
    yield f"    expert {row['in_streams']}: {row['verdict']}. {row['why']}"
    yield from (f"    ! {complaint}" for complaint in comparison.complaints)
    for c in comparison.connections:
        yield f"    {c.a} {c.b} frames {c.frames}: {c.verdict} {c.reason}"
        yield from (f"      {a.kind} frame {a.frame}: {a.message}" for a in c.assumptions[:6])
        for f in c.findings[:8]:
            yield f"      {f.level} {f.code} {f.rule} {f.endpoint} frame {f.frame}: {f.message} {f.states}"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--times", action="store_true", help="also verify every capture, the slowest first")
    chosen = arguments.parse_args()
    results = [judge(row) for row in with_verdict()]
    for result in results:
        print("\n".join(show(result)))
    print(f"{sum(not r.complaints for r in results)} of {len(results)} verdicts agree")
    for name, seconds, trouble in sorted(timed(), key=lambda r: -r[1]) if chosen.times else ():
        print(f"{seconds:7.2f} s {name} {trouble}")
