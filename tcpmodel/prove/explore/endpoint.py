"""One endpoint as a table of transitions that grows as it is asked: every step of it is taken once.

Cores (TCB and ghosts), locals (a core, and what its user has done) and packets (a segment and its sender's incarnation)
are numbered. Times in a TCB are relative: NOW stays where it is, and a tick moves what it remembers into the past.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from tcpmodel.compile.expressions import identifier
from tcpmodel.compile.python import generate
from tcpmodel.prove.explore.candidates import Candidates, Wire, segment_of
from tcpmodel.prove.explore.live import dead
from tcpmodel.prove.explore.scenario import ANY, Scenario
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Rule
from tcpmodel.trace import Segment

AGES = 4
"""No rule looks further back than this many times the longest constant; what is older counts as this old."""
KEPT = 16
DRAWN = "FRESH_ISS"
"""What is selected only where a connection begins; other steps have none."""
_MODULES: dict[int, tuple[Model, ModuleType]] = {}


class Core(NamedTuple):
    """An endpoint without its user: its TCB by values, its incarnation, that of the peer whose SYN it took, and how
    many octets it has sent in this incarnation."""

    tcb: tuple[Any, ...]
    incarnation: int
    peer: int
    text: int


class Local(NamedTuple):
    """Everything about an endpoint: the number of its core, and how often each limited event has happened."""

    core: int
    used: tuple[int, ...]


class Packet(NamedTuple):
    """A segment as the network carries it, with the incarnations of its sender and of the peer whose SYN that took."""

    wire: Wire
    incarnation: int
    peer: int = 0


@dataclass
class Packets:
    """All packets that came up, by number."""

    rows: list[Packet] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    index: dict[Packet, int] = field(default_factory=dict)

    def number(self, packet: Packet) -> int:
        """The number of a packet, a new one where it is new."""
        found = self.index.setdefault(packet, len(self.rows))
        if found == len(self.rows):
            self.rows.append(packet)
            self.segments.append(segment_of(packet.wire))
        return found


def compiled(model: Model) -> ModuleType:
    """The step functions of a model that note the rules they fire; of a mutant without a file, too."""
    known = _MODULES.get(id(model))
    if known is None:
        module = ModuleType("tcpmodel_explored")
        exec(compile(generate(model, traced=True), module.__name__, "exec"), vars(module))
        known = _MODULES[id(model)] = model, module
        if len(_MODULES) > KEPT:
            del _MODULES[next(iter(_MODULES))]
    return known[1]


@dataclass(frozen=True)
class Occasion:
    """A call, a timeout or a crash as the scenario writes it, its arguments by identifier, and how often it may be."""

    text: str
    kind: str
    name: str
    arguments: tuple[tuple[str, bool], ...]
    limit: int


def _occasions(model: Model, events: dict[str, int]) -> Iterator[Occasion]:
    for text, limit in events.items():
        kind, *words = text.split()
        name = words[0] if words else ""
        given = dict(word.split("=") for word in words[1:])
        rows = [p for p in model.procedures if (p.event, p.event_name) == (kind, name)]
        names = dict.fromkeys(a.name for p in rows for a in p.arguments)
        arguments = tuple((identifier(a), given.get(a.rpartition(".")[2]) == "True") for a in names)
        yield Occasion(text, kind, name, arguments, limit)


def _changes(rule: Rule) -> Iterator[str]:
    """What is not as it was in a TCB when the rule has fired, by identifier."""
    yield from (identifier(name) for name, _ in rule.sets)
    yield from ["STATE"] * bool(rule.enter) + ["owed"] * bool(rule.sends or rule.discharge or rule.forgets)


class Endpoint:
    """Endpoint 0 (a) or 1 (b) of a scenario, run by a model.

    Without `ghosts` incarnations are not told apart, and variables that make no difference any more are forgotten.
    """

    def __init__(self, model: Model, scenario: Scenario, side: int, packets: Packets, ghosts: bool = True) -> None:
        self.model, self.scenario, self.packets, self.ghosts, self.side = model, scenario, packets, ghosts, side
        self.steps = compiled(model)
        self.isns = scenario.isns[side]
        self.occasions = list(_occasions(model, dict(scenario.events[side])))
        limited = [o.text for o in self.occasions if o.limit < ANY]
        self.places = {text: place for place, text in enumerate(limited)}
        self.taking = {n for n, r in enumerate(model.rules.values()) if scenario.taken in dict(r.sets)}
        self.unused = {n for n, r in enumerate(model.rules) if r in scenario.unused}
        self.changed = [tuple(_changes(rule)) for rule in model.rules.values()]
        self.spare: tuple[int, Any] = (-1, None)
        self.clock = _Clock(model, scenario)
        initial = self.steps.TCB()
        names: list[tuple[str, ...]] = [() for _ in model.states] if ghosts else dead(model)
        self.forgotten = [[(name, getattr(initial, name)) for name in row] for row in names]
        self.cores: list[Core] = []
        self.tcbs: list[Any] = []
        self.locals: list[Local] = []
        self.core_numbers: dict[Core, int] = {}
        self.local_numbers: dict[tuple[int, tuple[int, ...]], int] = {}
        self.fired: tuple[str, ...] = ()
        self.rules = tuple(model.rules)
        self.env = _environment(model, self.clock.now)
        self._events: dict[int, tuple[tuple[int, int], ...]] = {}
        self._sends: dict[int, tuple[tuple[int, int], ...]] = {}
        self._receipts: dict[tuple[int, int], int] = {}
        self._ticks: dict[int, int] = {}
        self.start = self._local(self._core(self.steps.TCB(), 0, 0, 0), (0,) * len(limited))

    @cached_property
    def candidates(self) -> Candidates:
        """The segments that it may think of sending."""
        return Candidates(self.model, self.scenario, self.side)

    def remember(self, names: Iterable[str]) -> None:
        """Forget none of these variables (by identifier), though they make no difference to what happens."""
        self.forgotten = [[row for row in rows if row[0] not in names] for rows in self.forgotten]

    def occasion(self, text: str) -> Occasion:
        """The call, timeout or crash of that text, which the scenario need not have."""
        return next((o for o in self.occasions if o.text == text), None) or next(_occasions(self.model, {text: ANY}))

    def state(self, local: int) -> str:
        """The name of the state a local is in."""
        name: str = self.steps.STATES[self.tcb(local).STATE]
        return name

    def tcb(self, local: int) -> Any:
        """The TCB of a local; not to be changed."""
        return self.tcbs[self.locals[local].core]

    def core(self, local: int) -> Core:
        """The core of a local."""
        return self.cores[self.locals[local].core]

    def events(self, local: int) -> tuple[tuple[int, int], ...]:
        """(number of the occasion, local behind it) of everything that may happen by itself and changes something."""
        found = self._events.get(local)
        if found is None:
            rows = [(number, self.happen(local, occasion)) for number, occasion in enumerate(self.occasions)]
            found = self._events[local] = tuple((n, after) for n, after in rows if after not in (None, local))
        return found

    def sends(self, local: int) -> tuple[tuple[int, int], ...]:
        """(packet, local behind it) of everything that the output rules let the endpoint send."""
        core, used = self.locals[local]
        found = self._sends.get(core)
        if found is None:
            found = self._sends[core] = tuple(self._permitted(core, self.candidates.of(self.tcbs[core])))
        return tuple((packet, self._local(after, used)) for packet, after in found)

    def any_of(self, local: int, random: Random) -> tuple[int, int] | None:
        """One of what `sends` has, each as likely, without finding all."""
        core, used = self.locals[local]
        if core in self._sends:
            return random.choice(self.sends(local)) if self._sends[core] else None
        wires = list(self.candidates.of(self.tcbs[core]))
        random.shuffle(wires)
        found = next(self._permitted(core, wires), None)
        return found and (found[0], self._local(found[1], used))

    def sending(self, local: int, packet: int) -> int | None:
        """The local behind the sending of a packet; None where an output rule forbids it."""
        core, used = self.locals[local]
        after = self.send(core, self.packets.rows[packet].wire)
        return None if after is None else self._local(after, used)

    def receives(self, local: int, packet: int) -> int:
        """The local behind the arrival of a packet."""
        core, used = self.locals[local]
        found = self._receipts.get((core, packet))
        if found is None:
            found = self._receipts[core, packet] = self.receive(core, packet)
        return self._local(found, used)

    def tick(self, local: int) -> int:
        """The local when the clock has advanced by a tick."""
        core, used = self.locals[local]
        found = self._ticks.get(core)
        if found is None:
            t = self.tcbs[core].copy()
            self.clock.advance(t)
            found = self._ticks[core] = self._core(t, *self.cores[core][1:])
        return self._local(found, used)

    def happen(self, local: int, occasion: Occasion) -> int | None:
        """A call, a timeout or a crash; None where it may not happen. `fired` has its rules."""
        core, used = self.locals[local]
        place = self.places.get(occasion.text)
        function = self.steps.EVENTS[occasion.kind, occasion.name][self.tcbs[core].STATE]
        if function is None or (place is not None and used[place] >= occasion.limit):
            return None
        t = self._prepare(core, True)
        for name, value in occasion.arguments:
            setattr(self.env, name, value)
        if function(t, None, self.env) >= 0 or (self.env.began >= 0 and self.cores[core].incarnation >= len(self.isns)):
            return None
        if t.key() == self.tcbs[core].key():
            return local
        if place is not None:
            used = (*used[:place], used[place] + 1, *used[place + 1 :])
        return self._local(self._behind(t, self.cores[core], None), used)

    def receive(self, core: int, packet: int) -> int:
        """A packet arrives; a connection request is declined when the initial sequence numbers are spent."""
        row, segment = self.cores[core], self.packets.segments[packet]
        t = self._prepare(core, row.incarnation < len(self.isns))
        self.env.STRICT = False
        self.steps.EVENTS["segment", ""][t.STATE](t, segment, self.env)
        return self._behind(t, row, self.packets.rows[packet].incarnation)

    def send(self, core: int, wire: Wire) -> int | None:
        """The endpoint sends the segment; None where an output rule forbids it."""
        row = self.cores[core]
        t = self._prepare(core, True)
        if self.steps.EVENTS["output", ""][t.STATE](t, segment_of(wire), self.env) >= 0:
            self._undo(core, t)
            return None
        if not self.unused.isdisjoint(self.env.fired):
            return None
        if wire.text and self.steps.SENT(t) != self.steps.SENT(self.tcbs[core]):
            row = row._replace(text=row.text + wire.text)
        return None if row.text > self.scenario.texts[self.side] else self._behind(t, row, None)

    def _undo(self, core: int, t: Any) -> None:
        """The TCB of a step that was refused serves the next one: copying it all takes longer."""
        own = self.tcbs[core]
        for number in self.env.fired:
            for name in self.changed[number]:
                setattr(t, name, getattr(own, name))
        self.spare = core, t

    def _permitted(self, core: int, wires: Iterable[Wire]) -> Iterator[tuple[int, int]]:
        row = self.cores[core]
        lives = (row.incarnation, row.peer) if self.ghosts else (0, 0)
        for wire in wires:
            after = self.send(core, wire)
            idle = after == core and self.scenario.news and not segment_of(wire).len
            if after is not None and not idle:
                yield self.packets.number(Packet(wire, *lives)), after

    def _prepare(self, core: int, accept: bool) -> Any:
        """A TCB to take a step with, and its surroundings."""
        e, count = self.env, self.cores[core].incarnation
        e.FRESH_ISS, e.ACCEPT = self.isns[count] if count < len(self.isns) else 0, accept
        e.STRICT, e.began, e.bad, e.fired, e.assumed, e.passed = True, -1, [], [], [], []
        (owner, t), self.spare = self.spare, (-1, None)
        return t if owner == core else self.tcbs[core].copy()

    def _behind(self, t: Any, row: Core, incarnation: int | None) -> int:
        """The number of the core after a step; `incarnation`: that of the segment which has arrived."""
        own, peer, text = row.incarnation, row.peer, row.text
        if self.env.began >= 0:
            own, peer, text = own + 1, 0, 0
        if incarnation is not None and self.ghosts and not self.taking.isdisjoint(self.env.fired):
            peer = incarnation
        t.owed = t.owed[len(t.owed) - self.scenario.owed :] if len(t.owed) > self.scenario.owed else t.owed
        self.fired = tuple(self.rules[number] for number in self.env.fired)
        return self._core(t, own, peer, text)

    def _core(self, t: Any, incarnation: int, peer: int, text: int) -> int:
        self.clock.forget(t)
        for name, value in self.forgotten[t.STATE]:
            setattr(t, name, value)
        core = Core(t.key(), incarnation, peer, text)
        found = self.core_numbers.setdefault(core, len(self.cores))
        if found == len(self.cores):
            self.cores.append(core)
            self.tcbs.append(t)
        return found

    def _local(self, core: int, used: tuple[int, ...]) -> int:
        found = self.local_numbers.get((core, used))
        if found is None:
            found = self.local_numbers[core, used] = len(self.locals)
            self.locals.append(Local(core, used))
        return found


class _Clock:
    """Times of a TCB, relative to a moment that is long after the beginning; -1 without a clock."""

    def __init__(self, model: Model, scenario: Scenario) -> None:
        times = [row.value for row in model.constants.values() if row.type == x.TIME]
        self.reach = AGES * max(times, default=1)
        self.now = 2 * self.reach if scenario.ticks else -1
        self.tick, self.lifetime = duration(scenario.tick, model), duration(scenario.lifetime, model)
        rows = [v for v in model.variables.values() if (v.group, v.type) == ("tcb", x.TIME)]
        initial = compiled(model).TCB()
        self.rows = [(v.name, identifier(v.name), getattr(initial, identifier(v.name))) for v in rows]
        self.names = [row[1:] for row in self.rows]

    def advance(self, t: Any) -> None:
        """A tick passes; a time that was never set stays."""
        for name, unset in self.names:
            value = getattr(t, name)
            if value != unset:
                setattr(t, name, value - self.tick)

    def at(self, ticks: int) -> int:
        """The time after so many ticks, if time did not stay where it is; -1 without a clock."""
        return self.now + ticks * self.tick if self.now >= 0 else -1

    def times(self, t: Any, ticks: int) -> dict[str, int | None]:
        """Its times by the name of the variable, as they are if time did not stay; None: too long ago to be known."""
        found: dict[str, int | None] = {}
        for name, attribute, unset in self.rows:
            value = getattr(t, attribute)
            shifted = value + self.at(ticks) - self.now if value > self.now - self.reach else None
            found[name] = value if value == unset else shifted
        return found

    def forget(self, t: Any) -> None:
        """Times too long ago to matter are made equal."""
        for name, unset in self.names:
            if self.now >= 0 and unset < getattr(t, name) < self.now - self.reach:
                setattr(t, name, self.now - self.reach)


def duration(text: str, model: Model) -> int:
    """Nanoseconds: the name of a constant, or a fraction of it, `MSL / 4`."""
    name, _, part = text.partition("/")
    return model.constants[name.strip()].value // int(part or 1) if name.strip() else 0


def _environment(model: Model, now: int) -> SimpleNamespace:
    """What surrounds a step: an endpoint that is watched by nobody, so nothing is assumed of a capture."""
    rows = [v for v in model.variables.values() if v.group == "environment"]
    rows += [a for p in model.procedures for a in p.arguments]
    values = {identifier(v.name): False if v.type == x.BOOL else 0 for v in rows}
    return SimpleNamespace(**{**values, "NOW": now, "STRICT": True, "ASSUME": False, "began": -1})
