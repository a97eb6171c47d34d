"""The compiled model as a replay uses it: events applied to a TCB, with what only the replay knows passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import product
from types import ModuleType
from typing import Any, Protocol

from tcpmodel.compile.runtime import Owed, Undecided
from tcpmodel.trace import Segment


class TCB(Protocol):
    """What the generated class of the TCB offers to a replay; the variables themselves are the specification's."""

    STATE: int
    owed: Owed

    def copy(self) -> TCB: ...
    def key(self) -> tuple[object, ...]: ...


class Environment:
    """The environment of a step. A choice or a fresh number not yet revealed raises Undecided when it is read."""

    def __init__(self) -> None:
        self.NOW = -1
        self.VANTAGE = False
        self.PEER_OPENED = False
        self.STRICT = True
        self.ASSUME = False
        self.fresh: int | None = None
        self.accept: bool | None = None
        self.peer: Callable[[], TCB | None] = lambda: None
        self.sent_by: Callable[[TCB], int] = lambda _: 0
        self.may_send: Callable[[TCB], bool] = lambda _: True
        self.bad: list[int] = []
        self.assumed: list[int] = []
        self.began = -1
        self.fired: list[int] = []
        self.passed: list[int] = []

    @property
    def FRESH_ISS(self) -> int:  # noqa: N802
        """The initial sequence number selected now, as the endpoint's next segment reveals it."""
        if self.fresh is None:
            raise Undecided
        return self.fresh

    @property
    def ACCEPT(self) -> bool:  # noqa: N802
        """Whether the endpoint takes up the request that is being delivered."""
        if self.accept is None:
            raise Undecided
        return self.accept

    @property
    def PEER_SENT(self) -> int:  # noqa: N802
        """How far the peer has sent according to its own replay."""
        peer = self.peer()
        return self.sent_by(peer) if peer is not None else 0

    @property
    def PEER_MAY_SEND(self) -> bool:  # noqa: N802
        """Whether the peer may have sent text that was not captured; true where nothing is known of it."""
        peer = self.peer()
        return peer is None or self.may_send(peer)


# What breaking a rule of each level costs an explanation (see `hypothesis`).
LEVELS = {"must": 100_000, "should": 1_000, "may": 200}

Hidden = tuple[str, str, int, str, dict[str, bool]]


class Machine:
    """One specification's step functions; `env` is shared by all steps and set anew for each."""

    def __init__(self, steps: ModuleType) -> None:
        self.steps = steps
        self.env = Environment()
        self.env.sent_by, self.env.may_send = steps.SENT, steps.MAY_SEND
        self.levels = [LEVELS.get(row[5], 0) for row in steps.RULES]
        self.states: tuple[str, ...] = steps.STATES
        self.arrive: tuple[Any, ...] = steps.EVENTS["segment", ""]
        self.output: tuple[Any, ...] = steps.EVENTS["output", ""]
        self.pick: tuple[Any, ...] = steps.EVENTS["pickup", ""]
        self.hidden: list[list[Hidden]] = [
            [
                (event, name, cost, assume, dict(zip((a for a, _ in arguments), values, strict=True)))
                for event, name, cost, assume, arguments, states in steps.HIDDEN
                for values in product(*(values for _, values in arguments))
                if state in states
            ]
            for state in range(len(steps.STATES))
        ]

    def new_tcb(self) -> TCB:
        """A TCB in the initial state."""
        t: TCB = self.steps.TCB()
        return t

    def deliver(self, t: TCB, segment: Segment, fresh: int | None = None, accept: bool | None = None) -> list[int]:
        """The segment arrives; `t` changes in place. Returns the rules it forbids. May raise Undecided."""
        e = self.env
        e.fresh, e.accept, e.STRICT, e.bad, e.passed = fresh, accept, False, [], []
        try:
            self.arrive[t.STATE](t, segment, e)
        finally:
            e.STRICT = True
        return e.bad

    def emit(self, t: TCB, segment: Segment, assume: bool = False) -> int:
        """The endpoint sends the segment: -1 when it may, else the number of the first rule that forbids it."""
        e = self.env
        e.ASSUME, e.assumed = assume, []
        number: int = self.output[t.STATE](t, segment, e)
        return number

    def emit_anyway(self, t: TCB, segment: Segment) -> list[int]:
        """The endpoint sends the segment, permitted or not; returns all rules that forbid it."""
        e = self.env
        e.ASSUME, e.STRICT, e.bad, e.assumed = False, False, [], []
        self.output[t.STATE](t, segment, e)
        e.STRICT = True
        return e.bad

    def apply(self, t: TCB, event: str, name: str, arguments: dict[str, bool], fresh: int | None) -> bool:
        """A call, a timeout or a restart; False where the specification has no such event, or forbids it now."""
        function = self.steps.EVENTS[event, name][t.STATE]
        if function is None:
            return False
        e = self.env
        e.fresh, e.accept = fresh, True
        for argument, value in arguments.items():
            setattr(e, argument, value)
        e.bad = []
        number: int = function(t, None, e)
        return number < 0

    def moves(self, t: TCB, fresh: int | None, assume: bool, strict: bool = True) -> Iterator[tuple[Hidden, TCB, bool]]:
        """The hidden events that may change `t`: event, the TCB after it, and whether it began a connection.

        Unless `strict`, an event that a rule forbids is among them, with that rule in `env.bad`.
        """
        env = self.env
        for event in self.hidden[t.STATE]:
            if event[3] and not assume:
                continue
            after = t.copy()
            env.began, env.STRICT = -1, strict
            try:
                allowed = self.apply(after, event[0], event[1], event[4], fresh)
            except Undecided:
                allowed = False
            env.STRICT = True
            if allowed and (after.STATE != t.STATE or after.key() != t.key()):
                yield event, after, env.began >= 0

    def fired(self, t: TCB, segment: Segment) -> list[int]:
        """The numbers of the rules that the arrival of `segment` would fire, in order; `t` is left alone."""
        e = self.env
        e.fresh, e.accept, e.bad, e.fired = 0, True, [], []
        t = t.copy()
        self._traced.EVENTS["segment", ""][t.STATE](t, segment, e)
        return e.fired

    @cached_property
    def _traced(self) -> ModuleType:
        """The same step functions, noting the rules that they fire."""
        from tcpmodel.compile import load_steps

        name, profile, variants = self.steps.SELECTION
        return load_steps(name, profile=profile, variants=variants, traced=True)

    def pickups(self, segment: Segment, peer_opened: bool) -> Iterator[tuple[TCB, tuple[bool, ...]]]:
        """The TCBs an endpoint may have had before its first captured segment, each with its arguments."""
        self.env.PEER_OPENED = peer_opened
        arguments = self.steps.PICKUP
        for values in product((False, True), repeat=len(arguments)):
            t = self.new_tcb()
            for argument, value in zip(arguments, values, strict=True):
                setattr(self.env, argument, value)
            before = t.key()
            self.pick[t.STATE](t, segment, self.env)
            if t.key() != before:
                yield t, values
