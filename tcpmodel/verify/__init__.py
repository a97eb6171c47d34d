"""Replaying a trace against the model: `verify` reads it front to back and returns the verdict of each connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from tcpmodel.errors import TraceError
from tcpmodel.trace import Arrival, Event, Segment, Told
from tcpmodel.verify.connection import Connection
from tcpmodel.verify.culprit import retold
from tcpmodel.verify.exact import ExactConnection
from tcpmodel.verify.machine import Machine
from tcpmodel.verify.outcome import verdicts
from tcpmodel.verify.snapshots import take_out
from tcpmodel.verify.verdict import CONFORMING, Assumption, ConnectionVerdict, FileVerdict, Finding

__all__ = ["Assumption", "ConnectionVerdict", "FileVerdict", "Finding", "Options", "verify"]

QUIET = 600 * 1_000_000_000  # ns after which a finished 4-tuple is reported and forgotten
SWEEP = 20_000  # segments between two looks for finished 4-tuples


class Reader(Protocol):
    """What `tcpmodel.trace.open_trace` returns."""

    file: str
    packets: int
    tcp_segments: int
    vantage: str

    def __iter__(self) -> Iterator[Event]: ...


@dataclass(frozen=True)
class Options:
    """`vantage`: the endpoint, or its host, the trace was taken at; `complete`: nothing is missing from it.

    `witness`: keep every step of the explanations; `tcb`: variables to report after each frame, as the specification
    names them; `progress` is called now and then.
    """

    vantage: str = ""
    complete: bool = False
    witness: bool = False
    tcb: tuple[str, ...] = ()
    progress: Callable[[], None] | None = None


def verify(reader: Reader, steps: ModuleType, options: Options = Options()) -> FileVerdict:
    """Replay all connections of one trace. A damaged trace yields the verdicts of what was readable, and `error`."""
    complete = options.complete or getattr(reader, "complete", False)
    hidden = getattr(reader, "hidden", True)
    replay = Replay(steps, options.vantage or reader.vantage, options.witness, complete, options.tcb, hidden)
    error = ""
    try:
        if options.progress is None:
            for item in reader:
                replay.feed(item)
        else:
            for number, item in enumerate(reader):
                replay.feed(item)
                if number & 0x3F == 0:
                    options.progress()
    except TraceError as trouble:
        error = str(trouble)
    return FileVerdict(
        file=reader.file, packets=reader.packets, tcp_segments=reader.tcp_segments,
        skipped=dict(getattr(reader, "skipped", {})), notes=dict(getattr(reader, "notes", {})),
        connections=replay.finish(), error=error,
    )  # fmt: skip


class Replay:
    """The live connections of a trace."""

    def __init__(
        self, steps: ModuleType, vantage: str = "", witness: bool = False, complete: bool = False,
        tcb: tuple[str, ...] = (), hidden: bool = True,
    ) -> None:  # fmt: skip
        self.machine = Machine(steps)
        self.hidden = hidden
        self.carried: dict[int, Connection] = {}  # by frame, where arrivals are told
        self.vantage, self.complete = vantage, complete
        self.witness, self.tcb, self.keep = witness, tcb, witness or bool(tcb)
        self.live: dict[tuple[str, str, str], Connection] = {}
        self.directions: dict[tuple[str, str, str], Connection] = {}
        self.waiting: dict[str, list[Told]] = {}
        self.latest: dict[str, Connection] = {}
        self.done: list[ConnectionVerdict] = []
        self.fed = 0

    def feed(self, item: Event) -> None:
        """The next item of the trace."""
        if not isinstance(item, Segment):
            self._tell(item)
            return
        connection = self.directions.get((item.src, item.dst, item.carrier))
        if connection is None:
            connection = self._open(item)
        connection.feed(item)
        self.fed += 1
        if not self.hidden:
            self.carried[item.frame] = connection
        elif self.fed % SWEEP == 0 and item.time >= 0:
            self._sweep(item.time)

    def _open(self, segment: Segment) -> Connection:
        vantage = next((address for address in (segment.src, segment.dst) if self._is_vantage(address)), "")
        kind = Connection if self.hidden else ExactConnection
        connection = kind(self.machine, segment, vantage, self.complete, self.keep)
        self.live[segment.src, segment.dst, segment.carrier] = connection
        self.directions[segment.src, segment.dst, segment.carrier] = connection
        self.directions[segment.dst, segment.src, segment.carrier] = connection
        for address in (segment.src, segment.dst):
            self.latest[address] = connection
            for item in self.waiting.pop(address, []):
                connection.tell(item)
        return connection

    def _is_vantage(self, address: str) -> bool:
        return self.vantage in (address, address.rpartition(":")[0].strip("[]"))

    def _tell(self, item: Told) -> None:
        connection = self.latest.get(item.endpoint)
        if isinstance(item, Arrival):
            connection = self.carried[item.segment]
        if connection is None:
            self.waiting.setdefault(item.endpoint, []).append(item)
        else:
            connection.tell(item)

    def _sweep(self, now: int) -> None:
        """Report and forget the 4-tuples that are over and long quiet; let the others that are over rest."""
        for key, connection in list(self.live.items()):
            if not connection.over():
                continue
            if now - connection.time > QUIET:
                self._close(key, connection)
            else:
                connection.rest()

    def _close(self, key: tuple[str, str, str], connection: Connection) -> None:
        source, destination, carrier = key
        for verdict in self._verdicts(connection):
            verdict.excerpts = connection.excerpts.around(
                {finding.frame for finding in verdict.findings}, {verdict.a: "a", verdict.b: "b"}
            )
            take_out(verdict, self.machine.steps, self.tcb, self.witness)
            self.done.append(verdict)
        del self.live[key], self.directions[source, destination, carrier]
        self.directions.pop((destination, source, carrier), None)
        for address in (source, destination):
            if self.latest.get(address) is connection:
                del self.latest[address]

    def _verdicts(self, connection: Connection) -> list[ConnectionVerdict]:
        told = list(verdicts(connection, self.keep))
        if self.keep or not self.hidden or all(verdict.verdict == CONFORMING for verdict in told):
            return told
        return retold(connection, told)

    def finish(self) -> list[ConnectionVerdict]:
        """The verdicts of all connections, in the order of their first frames."""
        for key, connection in list(self.live.items()):
            self._close(key, connection)
        self.done.sort(key=lambda v: v.frames[0])
        return self.done
