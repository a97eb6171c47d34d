"""The replay against the kernel's own word: its findings, states and send variables, capture by capture.

A change of state by a user call shows only in what the kernel sends next, and is looked for there.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tcpmodel.trace import Segment, open_trace
from tcpmodel.trace.segment import FIN, RST, SYN
from tcpmodel.verify import ConnectionVerdict, Finding, Options, verify

from .material import host, linux_pcap, linux_steps, linux_truth, port, segments

NAMES = {
    "CLOSE": "CLOSED", "SYN_SENT": "SYN-SENT", "SYN_RECV": "SYN-RECEIVED", "ESTABLISHED": "ESTABLISHED",
    "FIN_WAIT1": "FIN-WAIT-1", "FIN_WAIT2": "FIN-WAIT-2", "TIME_WAIT": "TIME-WAIT", "LISTEN": "LISTEN",
    "CLOSE_WAIT": "CLOSE-WAIT", "LAST_ACK": "LAST-ACK", "CLOSING": "CLOSING",
}  # fmt: skip
CALLED = {  # what a user call does, and the kernel's next segment with this flag shows
    ("CLOSE", "SYN_SENT"): SYN, ("LISTEN", "SYN_RECV"): SYN, ("SYN_RECV", "FIN_WAIT1"): FIN,
    ("ESTABLISHED", "FIN_WAIT1"): FIN, ("CLOSE_WAIT", "LAST_ACK"): FIN,
}  # fmt: skip
INTO_TIME_WAIT = {"FIN_WAIT1", "FIN_WAIT2", "CLOSING"}  # by the tracepoint they enter CLOSE
FINISHED = {"CLOSING", "LAST_ACK"}  # left by an acknowledgment of the FIN

Row = dict[str, Any]
Key = tuple[int, int]  # kernel port, peer port


@dataclass
class Event:
    """A change of state of one kernel connection: after how many frames, and the segments of its `flow`."""

    after: int
    key: Key
    old: str
    new: str
    flow: list[Segment]
    kernel: str

    def accepts(self, state: str) -> bool:
        """Whether the replay's state agrees with the kernel's new one."""
        wanted = {NAMES[self.new]}
        if self.new == "CLOSE" and self.old in INTO_TIME_WAIT:
            wanted.add("TIME-WAIT")
        if self.new == "CLOSE" and self.old == "SYN_RECV" and not self._own(self.flow[0]):
            wanted.add("LISTEN")  # the kernel closes a child socket; the endpoint of the RFC listens again
        return state in wanted

    def cause(self) -> int:
        """The frame that caused the change: the tracepoint follows the ACK of a FIN that led to TIME-WAIT."""
        before = [s for s in self.flow if s.frame <= self.after]
        if self.new == "CLOSE" and self.old in INTO_TIME_WAIT and len(before) > 1:
            fin, answer = before[-2:]
            if self._own(answer) and not self._own(fin) and fin.flags & FIN:
                return fin.frame
        return self.after

    def shown(self) -> int:
        """The frame at which the capture shows the change; 0 when it leaves nothing on the wire."""
        cause = self.cause()
        at = next((s for s in self.flow if s.frame == cause and not self._own(s)), None)
        if (self.old, self.new) in CALLED:
            shown = self._next_own(cause, CALLED[self.old, self.new])
            return cause if not shown and self.new == "SYN_RECV" else shown
        if self.new != "CLOSE" or (at is not None and self._ended_by(at)):
            return cause
        return self._next_own(cause, RST)

    def _ended_by(self, arrival: Segment) -> bool:
        finished = self.old in FINISHED or (self.old in INTO_TIME_WAIT and arrival.flags & FIN)
        return bool(arrival.flags & RST or finished)

    def evidence(self) -> str:
        """What there is to see of the flow around a change that is not shown."""
        if not self.flow:
            return "no segment in the capture"
        return "segments follow" if self.flow[-1].frame > self.after else "after the last segment"

    def _own(self, segment: Segment) -> bool:
        return host(segment.src) == self.kernel

    def _next_own(self, after: int, flag: int) -> int:
        return next((s.frame for s in self.flow if s.frame > after and s.flags & flag and self._own(s)), 0)


@dataclass
class Disagreement:
    """What one capture says of one flow after one frame, and what the replay says instead."""

    pcap: str
    frame: int
    key: Key
    expected: str
    got: str

    def __str__(self) -> str:
        flow = f"{self.key[0]}>{self.key[1]}"
        return f"{self.pcap} frame {self.frame} {flow}: expected {self.expected}, got {self.got}"


@dataclass
class Result:
    """The figures over all captures. `hidden` counts the changes that leave nothing on the wire."""

    captures: int = 0
    states: int = 0
    state_errors: list[Disagreement] = field(default_factory=list)
    hidden: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    probes: int = 0
    probe_errors: list[Disagreement] = field(default_factory=list)
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    inconclusive: list[tuple[str, str]] = field(default_factory=list)
    assumptions: Counter[str] = field(default_factory=Counter)
    crashes: list[tuple[str, str]] = field(default_factory=list)


def key_of(segment: Segment, kernel: str) -> Key:
    """The flow of a segment, the kernel's port first."""
    ports = port(segment.src), port(segment.dst)
    return ports if host(segment.src) == kernel else (ports[1], ports[0])


def state_events(row: Row, wire: list[Segment]) -> Iterator[Event]:
    """The kernel's changes of state that count: the last one of those at one frame, listeners left out."""
    last: dict[tuple[int, Key], Event] = {}
    for after, local, remote, old, new in row["states"]:
        key = _flow(row["kernel"], wire, after, local, remote)
        if remote == 0 or old == new or key is None:
            continue
        flow = [s for s in wire if key_of(s, row["kernel"]) == key]
        event = Event(after, key, old, new, flow, row["kernel"])
        last[event.cause(), key] = event
    yield from last.values()


def _flow(kernel: str, wire: list[Segment], after: int, local: int, remote: int) -> Key | None:
    if local:
        return local, remote
    opened = (s for s in wire if s.frame > after and s.flags & SYN and host(s.src) == kernel)
    return next((key_of(s, kernel) for s in opened if port(s.dst) == remote), None)


def kernel_sides(
    connections: Iterable[ConnectionVerdict], kernel: str, key: Key
) -> Iterator[tuple[ConnectionVerdict, str]]:
    """The incarnations of a flow, each with the letter of the kernel's endpoint."""
    for connection in connections:
        for letter, mine, other in (("a", connection.a, connection.b), ("b", connection.b, connection.a)):
            if host(mine) == kernel and (port(mine), port(other)) == key:
                yield connection, letter


def state_after(connections: Iterable[ConnectionVerdict], kernel: str, key: Key, frame: int) -> str:
    """The state reported for the kernel's endpoint once `frame` has been seen; "" for an unknown flow."""
    found = ""
    for connection, letter in kernel_sides(connections, kernel, key):
        if not found or connection.frames[0] <= frame:
            found = [state for number, state in connection.states[letter] if number <= frame][-1]
    return found


def check_states(row: Row, connections: list[ConnectionVerdict], wire: list[Segment], result: Result) -> None:
    """Compare every change of state that the capture shows."""
    for event in state_events(row, wire):
        frame = event.shown()
        if not frame:
            result.hidden[event.old, event.new, event.evidence()] += 1
            continue
        result.states += 1
        got = state_after(connections, row["kernel"], event.key, frame)
        if not event.accepts(got):
            expected = f"{event.old} > {event.new} (kernel: after {event.after})"
            result.state_errors.append(Disagreement(row["pcap"], frame, event.key, expected, got))


def check_probes(row: Row, connections: list[ConnectionVerdict], result: Result) -> None:
    """Compare SND.NXT and SND.UNA as the kernel held them when the frame arrived, before it was processed."""
    for after, local, remote, nxt, una, *_ in row["probe"]:
        result.probes += 1
        got = send_variables(connections, row["kernel"], (local, remote), after - 1)
        if got != (nxt, una):
            expected = f"SND.NXT {nxt} SND.UNA {una} before it"
            shown = "nothing" if got is None else f"SND.NXT {_off(got[0], nxt)} SND.UNA {_off(got[1], una)}"
            result.probe_errors.append(Disagreement(row["pcap"], after, (local, remote), expected, shown))


def _off(got: int, expected: int) -> str:
    difference = (got - expected + (1 << 31)) % (1 << 32) - (1 << 31)
    return f"{got} ({difference:+d})" if difference else "the same"


def send_variables(
    connections: Iterable[ConnectionVerdict], kernel: str, key: Key, frame: int
) -> tuple[int, int] | None:
    """SND.NXT and SND.UNA reported for the kernel's endpoint once `frame` has been seen."""
    found = None
    for connection, letter in kernel_sides(connections, kernel, key):
        for number, end, values in connection.tcb:
            if end == letter and number <= frame:
                found = int(values["SND.NXT"]), int(values["SND.UNA"])
    return found


def check_capture(row: Row, steps: ModuleType, options: Options, result: Result) -> None:
    """One capture: findings, states, send variables."""
    path = linux_pcap(row)
    verdict = verify(open_trace(path), steps, options)
    result.captures += 1
    kernel = row["kernel"]
    for connection in verdict.connections:
        result.findings += [(row["pcap"], f) for f in connection.findings if host(f.endpoint) == kernel]
        result.assumptions.update(a.kind for a in connection.assumptions if host(a.endpoint) == kernel)
        if connection.reason:
            result.inconclusive.append((row["pcap"], connection.reason))
    check_states(row, verdict.connections, segments(path), result)
    check_probes(row, verdict.connections, result)


def measure(only: str = "", complete: bool = False) -> Result:
    """All captures whose name contains `only`; `complete`: told that nothing is missing."""
    result, steps = Result(), linux_steps()
    options = Options(complete=complete, tcb=("SND.NXT", "SND.UNA"))
    for row in linux_truth():
        if only not in row["pcap"]:
            continue
        try:
            check_capture(row, steps, options, result)
        except Exception as error:  # a measurement goes on; the crash is part of its result
            result.crashes.append((row["pcap"], repr(error)))
    return result


def show(result: Result) -> Iterator[str]:
    """The figures, then every disagreement."""
    must = [(pcap, f) for pcap, f in result.findings if f.level == "must"]
    agree, known = result.states - len(result.state_errors), result.probes - len(result.probe_errors)
    yield f"captures {result.captures}, crashes {len(result.crashes)}"
    yield f"MUST findings against the kernel {len(must)}, others {len(result.findings) - len(must)}"
    unseen = sum(result.hidden.values())
    yield f"states {agree} of {result.states} agree; {unseen} more leave nothing on the wire"
    yield f"SND.NXT and SND.UNA {known} of {result.probes} agree"
    yield f"inconclusive connections {len(result.inconclusive)}"
    yield f"assumptions about the kernel {dict(result.assumptions)}"
    for kind, n in Counter((f.level, f.code, f.rule) for _, f in result.findings).most_common():
        yield f"  finding {n:4} {' '.join(kind)}"
    for hidden, n in sorted(result.hidden.items()):
        yield f"  hidden  {n:4} {hidden[0]} > {hidden[1]}, {hidden[2]}"
    yield from (f"crash {pcap}: {error}" for pcap, error in result.crashes)
    for pcap, f in result.findings:
        yield f"finding {pcap} frame {f.frame}: {f.level} {f.code} {f.rule}: {f.message} ({f.states})"
    yield from (f"state {error}" for error in result.state_errors)
    yield from (f"probe {error}" for error in result.probe_errors)
    yield from (f"inconclusive {pcap}: {reason}" for pcap, reason in result.inconclusive)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("only", nargs="?", default="", help="captures whose name contains this")
    arguments.add_argument("--complete", action="store_true", help="tell that nothing is missing")
    chosen = arguments.parse_args()
    print("\n".join(show(measure(chosen.only, chosen.complete))))
