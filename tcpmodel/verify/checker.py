"""The independent checker: goes once through the run that a verdict rests on, and says what is wrong with it.

It shares nothing with the replay that found the run: only the generated step functions and the trace. It searches for
nothing; where the witness leaves a choice open, that is an objection. A step is permitted, or the verdict lists what
forbids it (a finding) or what excuses it (an assumption).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from types import ModuleType, SimpleNamespace
from typing import Any

from tcpmodel.compile.runtime import owed
from tcpmodel.trace import Call, Observation, Segment, Timeout
from tcpmodel.verify.verdict import CONFORMING, VIOLATION, ConnectionVerdict, FileVerdict

RULE, KIND = 0, 6  # columns of RULES
REMARKS = {"assumption", "finding", "begins"}  # steps that say why, and change nothing
LATEST = 1 << 62


class _Objection(Exception):
    pass


def check(verdict: FileVerdict, items: Iterable[Segment | Call | Timeout | Observation], steps: ModuleType, vantage: str = "") -> list[str]:
    """The objections to the verdicts of a trace, at most one a connection; empty: every witness is accepted.

    `items` are those of the trace, read again; `verdict` must come with witnesses; `vantage` as it was for the replay.
    """
    lives: list[list[ConnectionVerdict]] = []
    latest: dict[tuple[frozenset[str], str], list[ConnectionVerdict]] = {}
    for connection in verdict.connections:
        key = (frozenset((connection.a, connection.b)), connection.carrier)
        if not connection.incarnation:
            latest[key] = []
            lives.append(latest[key])
        latest[key].append(connection)
    captured: dict[tuple[frozenset[str], str], list[Segment]] = {}
    told: dict[str, list[Call | Timeout | Observation]] = {}
    for item in items:
        if isinstance(item, Segment):
            captured.setdefault((frozenset((item.src, item.dst)), item.carrier), []).append(item)
        else:
            told.setdefault(item.endpoint, []).append(item)
    objections = []
    for life in lives:
        first, last = life[0].frames[0], life[-1].frames[1]
        segments = captured[frozenset((life[0].a, life[0].b)), life[0].carrier]
        try:
            _check(life, [s for s in segments if first <= s.frame <= last], told, steps, vantage)
        except _Objection as objection:
            objections.append(f"{life[0].a} {life[0].b}: {objection}")
    return objections


def _check(life: list[ConnectionVerdict], segments: list[Segment], told: dict[str, Any], steps: ModuleType, vantage: str) -> None:
    for verdict in life:
        broken = any(finding.level == "must" for finding in verdict.findings)
        _demand(verdict.verdict != (CONFORMING if broken else VIOLATION), f"{verdict.verdict} is not what the findings say")
    a, b = (_Run(x, life, segments, told.get(x, []), steps, vantage) for x in (life[0].a, life[0].b))
    a.peer, b.peer = b, a
    for segment in segments:
        sender, receiver = (a, b) if segment.src == a.address else (b, a)
        sender.send(segment)
        receiver.receive(segment.frame)
    a.finish()
    b.finish()


def _demand(condition: object, text: str) -> None:
    if not condition:
        raise _Objection(text)


class _Run:
    """The run of one endpoint through all incarnations that were replayed together."""

    peer: _Run

    def __init__(
        self, address: str, life: list[ConnectionVerdict], segments: list[Segment], told: list[Any], steps: ModuleType, vantage: str
    ) -> None:
        self.address, self.steps, self.told, self.t = address, steps, list(told), steps.TCB()
        self.certain = vantage in (address, address.rpartition(":")[0].strip("[]"))
        self.rows = [row for v in life for row in v.witness["a" if v.a == address else "b"] if row[0] not in REMARKS]
        self.rows.reverse()  # the next step is the last one
        self.picked_up = any(row[0] == "pickup" for row in self.rows)
        self.assumed = {(x.kind, x.frame) for v in life for x in v.assumptions if x.endpoint == address}
        self.blamed = {(x.rule, x.frame) for v in life for x in v.findings if x.endpoint == address}
        self.reported = [row for v in life for row in v.states["a" if v.a == address else "b"]]
        self.segments = {s.frame: s for s in segments}
        self.open = [s.frame for s in segments if s.src != address and not s.flags < 0]
        self.own = [s.frame for s in segments if s.src == address]
        self.out, self.now, self.due = 0, -1, set[Any]()
        self.states: list[list[int]] = [[0, 0, self.t.STATE]]  # not before this frame, not after this one, state

    def demand(self, condition: object, frame: int, text: str) -> None:
        _demand(condition, f"{self.address}: frame {frame}: {text}")

    def send(self, segment: Segment) -> None:
        """The run goes on to the step that sends the segment."""
        frame = self.own.pop(0)
        if ("captured-twice", frame) in self.assumed:
            copies = [s for s in self.segments.values() if (s.ident, s.src) == (segment.ident, segment.src) and s.frame < frame]
            self.demand(segment.ident and copies, frame, "is not a copy of an earlier frame")
            self.peer.open = [n for n in self.peer.open if n != frame]
            return
        while self.rows and self.rows[-1][0] != "send":
            self.take(frame)
        self.demand(self.rows and self.rows[-1][1] == frame, frame, "is not sent in the run at this point")
        self.demand(not self.due or owed(tuple(self.due), segment), frame, "a hidden event calls for another segment first")
        self.demand(not self.certain or not self.open or self.open[0] > frame, frame, "sent before what had arrived")
        self.emit(segment, self.rows.pop()[2])
        self.due, self.out, self.now = set(), frame, max(self.now, segment.time)
        for row in self.states:
            row[1] = min(row[1], max(frame, row[0]))

    def emit(self, segment: Segment, how: object) -> None:
        """`how`: False as it is, True with assumptions, "against" the rules, "astray"; or the segment really sent."""
        frame = segment.frame
        self.demand(isinstance(how, bool) or any(n == frame for _, n in self.blamed), frame, f"sent {how} without a finding")
        if how == "astray":
            return
        sent = how if isinstance(how, Segment) else segment
        self.demand(_alike(sent, segment), frame, "is altered beyond its numbers and control bits")
        before = self.t.copy()
        e = self.step(("output", ""), frame, sent, self.time(frame), STRICT=how != "against", ASSUME=how is True)
        if e.number >= 0 and sent is not segment:
            self.t = before
            e = self.step(("output", ""), frame, sent, self.time(frame), STRICT=True, ASSUME=True)
        self.demand(e.number < 0, frame, f"is forbidden by {self.steps.RULES[e.number][RULE]}")

    def receive(self, frame: int) -> None:
        """What arrives at once has to, unless the findings speak for later: then it is behind more of the peer's segments."""
        while self.rows and self.rows[-1][0] == "deliver" and self.rows[-1][1] <= frame:
            rows, open_, t, states = list(self.rows), list(self.open), self.t.copy(), [list(row) for row in self.states]
            try:
                self.take(LATEST)
            except _Objection:
                self.rows, self.open, self.t, self.states = rows, open_, t, states
                return

    def take(self, limit: int) -> None:
        """The next step, which comes before the own segment at `limit`."""
        kind, frame, detail = self.rows.pop()
        if kind == "deliver":
            if frame > limit:
                self.demand(("order-disturbed", limit) in self.assumed, frame, f"arrives before frame {limit}")
                self.demand(not self.own or frame < self.own[0], frame, "arrives ahead of several own segments")
            self.arrive(frame, min(frame, limit), *detail)
        elif kind == "lost":
            self.demand(not self.certain and frame in self.open, frame, "is lost, which cannot be here")
            self.open.remove(frame)
        elif kind == "pickup":
            self.demand(not self.out and ("capture-starts-late", frame) in self.assumed, frame, "no place to be picked up at")
            self.demand(detail[0] == (bool(self.peer.out) and not self.peer.picked_up), frame, "the peer's first segment is seen otherwise")
            given = dict(zip(self.steps.PICKUP, detail[1], strict=True))
            self.step(("pickup", ""), frame, self.segments[frame], self.time(frame), PEER_OPENED=detail[0], **given)
            self.states = [[0, 0, self.t.STATE]]
            self.open = [n for n in self.open if n > frame]
        elif kind == "observed":
            self.claim(frame, kind, detail)
            names = {name: attribute for name, attribute, _ in self.steps.VARIABLES}
            self.demand(detail[0] in ("", self.steps.STATES[self.t.STATE]), frame, f"the state is not {detail[0]}")
            wrong = [name for name, value in detail[1].items() if getattr(self.t, names[name]) != value]
            self.demand(not wrong, frame, f"{wrong} are not as observed")
        else:
            self.happen(kind, frame, *detail)

    def arrive(self, frame: int, low: int, variant: Segment | None, fresh: int | None, accept: bool | None) -> None:
        self.demand(frame in self.open, frame, "arrives twice, or was not sent by the peer")
        self.demand(not self.certain or frame == self.open[0], frame, "arrives out of order where it was captured")
        self.demand(variant is None or any(n == frame for _, n in self.peer.blamed), frame, "is altered without a finding")
        self.open.remove(frame)
        choices = {name: value for name, value in (("FRESH_ISS", fresh), ("ACCEPT", accept)) if value is not None}
        self.step(("segment", ""), frame, variant or self.segments[frame], self.time(frame), low, **choices)

    def happen(self, kind: str, frame: int, name: str, arguments: dict[str, bool], fresh: int | None, now: int, told: bool) -> None:
        """A call, a timeout or a restart: told by the trace, or hidden and then one that may be inferred."""
        self.demand(not told or self.claim(frame, kind, (name, arguments)), frame, f"{kind} {name} is not told here")
        rows = [row for row in self.steps.HIDDEN if row[:2] == (kind, name) and self.t.STATE in row[5]]
        self.demand(told or rows and not self.due, frame, f"{kind} {name} can be no hidden event here")
        self.demand(told or not rows[0][3] or (rows[0][3], frame) in self.assumed, frame, f"{kind} {name} is an assumption")
        own = frame in self.segments and now == self.time(frame)
        self.demand(told or own or now >= self.now, frame, f"{kind} {name} comes before the last segment")
        before = set(self.t.owed)
        choices = {"FRESH_ISS": fresh} if fresh is not None else {}
        self.step((kind, name), frame, None, now, ACCEPT=True, **choices, **arguments)
        self.due |= set() if told else set(self.t.owed) - before

    def claim(self, frame: int, kind: str, detail: Sequence[Any]) -> bool:
        """Whether the trace told of this event; what it told before must have been refuted."""
        for at, item in enumerate(self.told):
            if _same(item, frame, kind, detail):
                self.demand(all(self.refuted(earlier) for earlier in self.told[:at]), frame, "what the trace told before is left out")
                del self.told[: at + 1]
                return True
        return False

    def refuted(self, item: Call | Timeout | Observation) -> bool:
        return any(frame == item.frame for _, frame in self.blamed)

    def step(self, event: tuple[str, str], frame: int, segment: Segment | None, now: int, low: int = 0, **given: Any) -> SimpleNamespace:
        """One step of the model. Rules that it breaks must be findings, rules that assume must be listed assumptions."""
        e = SimpleNamespace(NOW=now, VANTAGE=self.certain, STRICT=False, ASSUME=False)
        e.PEER_SENT = self.steps.SENT(self.peer.t) if self.peer.out else 0
        e.PEER_MAY_SEND = not self.peer.out or self.steps.MAY_SEND(self.peer.t)
        e.bad, e.assumed, e.passed, e.fired, e.began = [], [], [], [], -1
        e.__dict__.update(given)
        function = self.steps.EVENTS[event][self.t.STATE]
        self.demand(function, frame, f"{event} has no place in {self.steps.STATES[self.t.STATE]}")
        try:
            e.number = function(self.t, segment, e)
        except AttributeError as error:
            self.demand(False, frame, f"the run leaves a choice open: {error}")
        for number in e.bad:
            self.demand((self.steps.RULES[number][RULE], frame) in self.blamed, frame, f"{self.steps.RULES[number][RULE]} is no finding")
        for number in e.assumed:
            self.demand((self.steps.RULES[number][KIND], frame) in self.assumed, frame, f"{self.steps.RULES[number][KIND]} is not listed")
        low = max(low, self.out, self.states[-1][0])
        self.states += [[low, LATEST if frame else 0, state] for state in (*e.passed, self.t.STATE)]
        return e

    def time(self, frame: int) -> int:
        """When the frame was captured; the latest time known where it has none."""
        time = self.segments[frame].time
        return time if time >= 0 else max(self.now, -1)

    def finish(self) -> None:
        """The steps behind the last own segment, and the states passed against those reported."""
        while self.rows:
            self.demand(self.rows[-1][0] != "send", self.rows[-1][1], "is sent in the run, but was not captured")
            self.take(LATEST)
        rest = [item for item in self.told if not self.refuted(item)]
        self.demand(not rest, rest[0].frame if rest else 0, "what the trace told at the end is left out")
        while len(self.states) > 1 and self.states[1][1] == 0:
            del self.states[0]
        passed = [list(rows) for _, rows in groupby(self.states, key=lambda row: self.steps.STATES[row[2]])]
        shown = [list(rows)[0] for _, rows in groupby(self.reported, key=lambda row: row[1])]
        names = [self.steps.STATES[rows[0][2]] for rows in passed]
        self.demand([name for _, name in shown] == names, self.out, f"the states passed are {', '.join(names)}")
        for (frame, name), rows in list(zip(shown, passed, strict=True))[1:]:
            self.demand(rows[0][0] <= frame <= rows[0][1], frame, f"{name} is entered elsewhere")


def _alike(one: Segment, other: Segment) -> bool:
    return (one.frame, one.src, one.text, one.wnd) == (other.frame, other.src, other.text, other.wnd)


def _same(item: Call | Timeout | Observation, frame: int, kind: str, detail: Sequence[Any]) -> bool:
    if isinstance(item, Observation):
        return (kind, item.frame, item.state, item.tcb) == ("observed", frame, *detail)
    return (type(item).__name__.lower(), item.frame, item.name) == (kind, frame, detail[0])
