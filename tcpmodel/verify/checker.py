"""The independent checker: goes once through the run that a verdict rests on, and says what is wrong with it.

It shares nothing with the replay that found the run: only the generated step functions and the trace. It searches for
nothing; where the witness leaves a choice open, that is an objection. Every step is permitted, or the verdict lists
what forbids it (a finding) or what excuses it (an assumption).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from types import ModuleType, SimpleNamespace
from typing import Any

from tcpmodel.compile.runtime import told as told_value
from tcpmodel.trace import Arrival, Event, Observation, Segment, Told
from tcpmodel.verify.verdict import CONFORMING, VIOLATION, ConnectionVerdict, FileVerdict

Key = tuple[frozenset[str], str]  # both addresses, and the carrier
RULE, KIND = 0, 6  # columns of RULES
REMARKS = {"assumption", "finding", "begins", "accepts"}  # steps that say why, and change nothing
LATEST = 1 << 62
NOTHING: tuple[str, int, Any] = ("", 0, ())  # no step of a run
HAPPENING = {"Call": "call", "Timeout": "timeout", "Restart": "crash"}  # what a witness calls what a trace tells of


class _Objection(Exception):
    pass


def check(
    verdict: FileVerdict, items: Iterable[Event], steps: ModuleType, vantage: str = "", hidden: bool = True
) -> list[str]:
    """The objections to the verdicts of a trace, at most one a connection; empty: every witness is accepted.

    `items` are those of the trace, read again; `verdict` must come with witnesses; `vantage` as it was for the replay,
    `hidden` as the trace says.
    """
    if not hidden:
        items = list(items)
        return [text for connection in verdict.connections for text in _check_exactly(connection, items, steps)]
    captured, told = defaultdict[Key, list[Segment]](list), defaultdict[str, list[Told]](list)
    for item in items:
        if isinstance(item, Segment):
            captured[frozenset((item.src, item.dst)), item.carrier].append(item)
        else:
            told[item.endpoint].append(item)
    replays: list[tuple[Key, list[ConnectionVerdict]]] = []
    latest: dict[Key, list[ConnectionVerdict]] = {}
    for connection in verdict.connections:
        key = frozenset((connection.a, connection.b)), connection.carrier
        if not connection.incarnation:
            latest[key] = []
            replays.append((key, latest[key]))
        latest[key].append(connection)
    return [text for key, life in replays for text in _check(life, captured[key], told, steps, vantage)]


def _check(
    life: list[ConnectionVerdict], segments: list[Segment], told: dict[str, list[Told]], steps: ModuleType, vantage: str
) -> list[str]:
    segments = [s for s in segments if life[0].frames[0] <= s.frame <= life[-1].frames[1]]
    a, b = (_Run(x, life, segments, told[x], steps, vantage) for x in (life[0].a, life[0].b))
    a.peer, b.peer = b, a
    try:
        for segment in segments:
            sender, receiver = (a, b) if segment.src == a.address else (b, a)
            sender.send(segment)
            receiver.receive(segment.frame)
        for run in (a, b):
            run.finish()
        for verdict in life:
            a.judge(verdict)
    except _Objection as objection:
        return [f"{a.address} {b.address}: {objection}"]
    return []


def _check_exactly(verdict: ConnectionVerdict, items: list[Event], steps: ModuleType) -> list[str]:
    """A connection of which nothing is hidden: every step of the witness is one that the trace tells, in its order."""
    ends = {verdict.a, verdict.b}
    sent = [x for x in items if isinstance(x, Segment) and {x.src, x.dst} == ends and x.carrier == verdict.carrier]
    runs = {address: _Run(address, [verdict], sent, [], steps, "") for address in (verdict.a, verdict.b)}
    a, b = runs.values()
    a.peer, b.peer = b, a
    try:
        a.demand(not verdict.assumptions, 0, "something is assumed of a trace that hides nothing")
        for item in (x for x in items if not (isinstance(x, Segment) and x.forged)):
            address = item.src if isinstance(item, Segment) else item.endpoint
            frame = {Segment: "frame", Arrival: "segment"}.get(type(item))
            if address in runs and (frame is None or getattr(item, frame) in a.segments):
                runs[address].follow(item)
        for run in runs.values():
            run.demand(not run.rows, run.out, f"{run.rows[-1:]} is not told")
            run.compare()
        a.judge(verdict)
    except _Objection as objection:
        return [f"{a.address} {b.address}: {objection}"]
    return []


class _Run:
    """The run of one endpoint through all incarnations that were replayed together."""

    peer: _Run

    def __init__(
        self, address: str, life: list[ConnectionVerdict], segments: list[Segment], told: list[Told], steps: ModuleType,
        vantage: str,
    ) -> None:  # fmt: skip
        self.address, self.steps, self.told, self.t = address, steps, list(told), steps.TCB()
        self.certain = vantage in (address, address.rpartition(":")[0].strip("[]"))
        letters = ["a" if verdict.a == address else "b" for verdict in life]
        rows: list[Any] = [row for v, x in zip(life, letters, strict=True) for row in v.witness[x]]
        self.rows = [row for row in reversed(rows) if row[0] not in REMARKS]  # the next step is the last one
        self.reported = [row for v, x in zip(life, letters, strict=True) for row in v.states[x]]
        self.picked_up = any(row[0] == "pickup" for row in rows)
        self.assumed = {(x.kind, x.frame) for v in life for x in v.assumptions if x.endpoint == address}
        self.blamed = {(x.rule, x.frame) for v in life for x in v.findings if x.endpoint == address}
        self.frames = {x.frame for v in life for x in v.findings if x.endpoint == address}
        self.segments = {s.frame: s for s in segments}
        self.open = [s.frame for s in segments if s.src != address]
        self.own = [s.frame for s in segments if s.src == address]
        self.out, self.now, self.due = 0, -1, set[Any]()
        self.states: list[list[int]] = [[0, 0, self.t.STATE]]  # not before this frame, not after this one, state

    def demand(self, condition: object, frame: int, text: str) -> None:
        """Object unless the condition holds."""
        if not condition:
            raise _Objection(f"{self.address}: frame {frame}: {text}")

    def send(self, segment: Segment) -> None:
        """The run goes on to the step that sends the segment."""
        frame = self.own.pop(0)
        if ("captured-twice", frame) in self.assumed:
            known = any(_copies(segment, s) for s in self.segments.values() if s.frame < frame)
            self.demand(known, frame, "is not a copy of an earlier frame")
            return
        while self.rows and self.rows[-1][0] != "send":
            self.take(frame)
        self.demand(self.rows and self.rows[-1][1] == frame, frame, "is not sent in the run at this point")
        due = not self.due or self.steps.owed(tuple(self.due), segment)
        self.demand(due, frame, "a hidden event calls for another first")
        self.demand(not self.certain or not self.open or self.open[0] > frame, frame, "sent before what had arrived")
        self.emit(segment, self.rows.pop()[2])
        self.due, self.out, self.now = set(), frame, max(self.now, segment.time)
        for row in self.states:
            row[1] = min(row[1], max(frame, row[0]))

    def emit(self, segment: Segment, how: Segment | str | bool) -> None:
        """`how`: False as it is, True with assumptions, "against" the rules, "astray"; or the segment really sent."""
        frame = segment.frame
        self.demand(isinstance(how, bool) or frame in self.frames, frame, f"sent {how} without a finding")
        sent = how if isinstance(how, Segment) else segment
        self.demand(_alike(sent, segment), frame, "is altered beyond its numbers and control bits")
        if how == "astray":
            return
        before = self.t.copy()
        e = self.step(("output", ""), frame, sent, STRICT=how != "against", ASSUME=how is True)
        if e.number >= 0 and sent is not segment:
            self.t = before
            e = self.step(("output", ""), frame, sent, STRICT=True, ASSUME=True)
        self.demand(e.number < 0, frame, f"is forbidden by {self.steps.RULES[e.number][RULE]}")

    def receive(self, frame: int) -> None:
        """What arrives at once has to, unless the findings speak for later: behind more of the peer's segments."""
        while self.rows and self.rows[-1][0] == "deliver" and self.rows[-1][1] <= frame:
            before = list(self.rows), list(self.open), self.t.copy(), [list(row) for row in self.states]
            try:
                self.take(LATEST)
            except _Objection:
                self.rows, self.open, self.t, self.states = before
                return

    def take(self, limit: int) -> None:
        """The next step, which comes before the own segment at `limit`."""
        kind, frame, detail = self.rows.pop()
        if kind == "deliver":
            early = frame <= limit or ("order-disturbed", limit) in self.assumed and frame < min([*self.own, LATEST])
            self.demand(early, frame, f"arrives before frame {limit}")
            self.arrive(frame, min(frame, limit), *detail)
        elif kind == "lost":
            self.demand(not self.certain and frame in self.open, frame, "is lost, which cannot be here")
            self.open.remove(frame)
        elif kind == "pickup":
            self.pick_up(frame, *detail)
        elif kind == "observed":
            self.claim(frame, kind, detail)
            self.observe(frame, *detail)
        else:
            self.happen(kind, frame, *detail)

    def observe(self, frame: int, state: str, values: dict[str, Any], answers: Sequence[Segment] | None) -> None:
        """The endpoint is as it was seen."""
        names = {name: attribute for name, attribute, _ in self.steps.VARIABLES}
        wrong = [name for name, value in values.items() if told_value(getattr(self.t, names[name])) != value]
        right = state in ("", self.steps.STATES[self.t.STATE]) and not wrong
        right = right and (answers is None or self.steps.owes(self.t.owed, answers))
        self.demand(right, frame, f"{state}, {values} is not so")

    def follow(self, item: Event) -> None:
        """The next thing that is told of the endpoint, nothing being hidden, is the next step of the run."""
        self.now = max(self.now, item.time)
        now, before = item.time if item.time >= 0 else self.now, len(self.states)
        kind, frame, detail = self.rows[-1] if self.rows else NOTHING
        if isinstance(item, Segment | Arrival):
            place = ("deliver", item.segment) if isinstance(item, Arrival) else ("send", item.frame)
            self.demand((kind, frame) == place, item.frame, f"{place} is not in the run at this point")
        elif not _same(item, frame, kind, detail):
            self.demand(item.frame in self.frames, item.frame, f"{item} is not in the run at this point")
            return
        self.rows.pop()
        if isinstance(item, Segment):
            self.demand(detail is not True, frame, "is sent with assumptions")
            self.emit(item, detail)
        elif isinstance(item, Arrival):
            self.demand(detail[0] is None, frame, "is altered")
            self.step(("segment", ""), frame, self.segments[frame], now=now, FRESH_ISS=detail[1], ACCEPT=detail[2])
        elif isinstance(item, Observation):
            self.observe(frame, *detail)
        else:
            name, arguments, fresh, *when = detail
            self.demand(when == [now, True], frame, f"{kind} is not told, or at another time")
            self.happen_as_told(item, (kind, name), arguments, fresh, now)
        self.out = item.frame
        self.states[before:] = [[item.frame, item.frame, state] for _, _, state in self.states[before:]]

    def happen_as_told(
        self, item: Told, event: tuple[str, str], arguments: dict[str, bool], fresh: int | None, now: int
    ) -> None:
        """A call, a timeout or a crash, with the arguments that the trace tells."""
        given = {f"CALL_{argument}": bool(value) for argument, value in getattr(item, "args", {}).items()}
        right = given.items() <= arguments.items() and not any(v for a, v in arguments.items() if a not in given)
        self.demand(right, item.frame, f"{event} has other arguments")
        e = self.step(event, item.frame, None, now=now, ACCEPT=True, FRESH_ISS=fresh, **arguments)
        self.demand(e.number < 0, item.frame, f"{event} is not possible")

    def arrive(self, frame: int, low: int, variant: Segment | None, fresh: int | None, accept: bool | None) -> None:
        """A segment of the peer is delivered, as it was captured or as the peer may really have sent it."""
        self.demand(frame in self.open, frame, "arrives twice, or was not sent by the peer")
        segment = variant or self.segments[frame]
        self.demand(not self.certain or frame == self.open[0], frame, "arrives out of order where it was captured")
        self.demand(variant is None or frame in self.peer.frames, frame, "is altered without a finding")
        self.demand(_alike(segment, self.segments[frame]), frame, "is altered beyond its numbers and control bits")
        self.open.remove(frame)
        self.step(("segment", ""), frame, segment, low=low, FRESH_ISS=fresh, ACCEPT=accept)

    def pick_up(self, frame: int, opened: bool, values: Sequence[bool]) -> None:
        """The capture begins in mid-connection, in front of the first own segment."""
        self.demand(not self.out and ("capture-starts-late", frame) in self.assumed, frame, "is picked up too late")
        self.demand(opened == (bool(self.peer.out) and not self.peer.picked_up), frame, "the peer began otherwise")
        given = dict(zip(self.steps.PICKUP, values, strict=True))
        self.step(("pickup", ""), frame, self.segments[frame], PEER_OPENED=opened, **given)
        self.states = [[0, 0, self.t.STATE]]
        self.open = [n for n in self.open if n > frame]

    def happen(
        self, kind: str, frame: int, name: str, arguments: dict[str, bool], fresh: int | None, now: int, told: bool
    ) -> None:
        """A call, a timeout or a restart: told by the trace, or hidden and then one that may be inferred."""
        if told:
            self.claim(frame, kind, (name,))
        else:
            rows = [row for row in self.steps.HIDDEN if row[:2] == (kind, name) and self.t.STATE in row[5]]
            self.demand(rows and not self.due, frame, f"{kind} {name} can be no hidden event here")
            inferred = all(arguments.get(argument) in values for argument, values in rows[0][4])
            self.demand(inferred, frame, f"{kind} {name} is not inferred with these arguments")
            self.demand(not rows[0][3] or (rows[0][3], frame) in self.assumed, frame, f"{kind} is an assumption")
            own = frame in self.segments and now == self.segments[frame].time
            self.demand(own or now >= self.now, frame, f"{kind} {name} comes before the last segment")
        before = set(self.t.owed)
        self.step((kind, name), frame, None, now=now, ACCEPT=True, FRESH_ISS=fresh, **arguments)
        self.due |= set() if told else set(self.t.owed) - before

    def claim(self, frame: int, kind: str, detail: Sequence[Any]) -> None:
        """The trace told of this event; what it told before has been claimed or refuted."""
        at = next((at for at, item in enumerate(self.told) if _same(item, frame, kind, detail)), None)
        self.demand(at is not None, frame, f"{kind} {detail} is not told here")
        left_out = [item for item in self.told[:at] if item.frame not in self.frames]
        self.demand(not left_out, frame, f"{left_out} comes before it")
        del self.told[: (at or 0) + 1]

    def step(
        self, event: tuple[str, str], frame: int, segment: Segment | None, now: int | None = None, low: int = 0,
        **given: Any,
    ) -> SimpleNamespace:  # fmt: skip
        """One step of the model. Rules that it breaks must be findings, rules that assume listed assumptions."""
        e = SimpleNamespace(bad=[], assumed=[], passed=[], fired=[], began=-1, STRICT=False, ASSUME=False)
        e.VANTAGE = self.certain
        time = self.segments[frame].time if now is None else now
        e.NOW = time if now is not None or time >= 0 else self.now
        e.PEER_SENT = self.steps.SENT(self.peer.t) if self.peer.out else 0
        e.PEER_MAY_SEND = not self.peer.out or self.steps.MAY_SEND(self.peer.t)
        e.__dict__.update({name: value for name, value in given.items() if value is not None})
        function = self.steps.EVENTS[event][self.t.STATE]
        self.demand(function, frame, f"{event} has no place in {self.steps.STATES[self.t.STATE]}")
        try:
            e.number = function(self.t, segment, e)
        except AttributeError as error:  # of the namespace
            raise _Objection(f"{self.address}: frame {frame}: a choice is left open: {error}") from None
        wrong = {(self.steps.RULES[n][RULE], frame) for n in e.bad} - self.blamed
        wrong |= {(self.steps.RULES[n][KIND], frame) for n in e.assumed} - self.assumed
        self.demand(not wrong, frame, f"the verdict does not list {wrong}")
        low = max(low, self.out, self.states[-1][0])
        self.states += [[low, LATEST if frame else 0, state] for state in (*e.passed, self.t.STATE)]
        return e

    def finish(self) -> None:
        """The steps behind the last own segment."""
        while self.rows:
            self.demand(self.rows[-1][0] != "send", self.rows[-1][1], "is sent in the run, but was not captured")
            self.take(LATEST)
        left_out = [item for item in self.told if item.frame not in self.frames]
        self.demand(not left_out, self.out, f"{left_out} is left out")
        self.compare()

    def judge(self, verdict: ConnectionVerdict) -> None:
        """The verdict is that of its findings."""
        broken = any(finding.level == "must" for finding in verdict.findings)
        wrong = CONFORMING if broken else VIOLATION
        self.demand(verdict.verdict != wrong, 0, f"{wrong}, unlike the findings")

    def compare(self) -> None:
        """The states passed against those reported."""
        while len(self.states) > 1 and self.states[1][1] == 0:
            del self.states[0]
        passed = [list(rows) for _, rows in groupby(self.states, key=lambda row: self.steps.STATES[row[2]])]
        shown = [next(rows) for _, rows in groupby(self.reported, key=lambda row: row[1])]
        names = [self.steps.STATES[rows[0][2]] for rows in passed]
        self.demand([name for _, name in shown] == names, self.out, f"the states passed are {', '.join(names)}")
        for (frame, name), rows in list(zip(shown, passed, strict=True))[1:]:
            self.demand(rows[0][0] <= frame <= rows[0][1], frame, f"{name} is entered elsewhere")


def _copies(one: Segment, other: Segment) -> bool:
    """Whether two frames are one packet; without packets, whether they are alike in everything."""
    same = one.ident == other.ident and one.src == other.src
    return same if one.ident else replace(one, frame=other.frame, time=other.time) == other


def _alike(one: Segment, other: Segment) -> bool:
    return (one.frame, one.src, one.text, one.wnd) == (other.frame, other.src, other.text, other.wnd)


def _same(item: Told, frame: int, kind: str, detail: Sequence[Any]) -> bool:
    if isinstance(item, Observation):
        return kind == "observed" and (item.frame, item.state, item.tcb, item.owes) == (frame, *detail)
    happening = HAPPENING.get(type(item).__name__)
    return (happening, item.frame) == (kind, frame) and detail[0] == getattr(item, "name", "")
