"""Witnesses: that what a property speaks of does happen, in a run of two endpoints from their start.

A law about steps that no run takes would be true and worth nothing. All properties are looked for at once, in the
scenarios that are searched for every property and in random runs; calls and timeouts that change nothing count as well.
What is left after that is met by what no peer ever sends: segments from outside, the `strays` of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tcpmodel.prove.context import Context
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore import Condition, Situation, random_run, scenario, search
from tcpmodel.prove.explore.candidates import Wire
from tcpmodel.prove.explore.endpoint import Packet
from tcpmodel.prove.explore.scenario import ENDS
from tcpmodel.prove.explore.system import ARRIVES, HAPPENS, Move, System, at
from tcpmodel.prove.explore.values import Unknown, tcb_values
from tcpmodel.prove.methods.reading import templates
from tcpmodel.prove.property import Property
from tcpmodel.prove.refute import FIRST, SEARCHED, STATES, event_of, meeting, shared
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.model import Template
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape

LENGTH = 40
"""Steps of a random run."""
SHAPE = Shape("searches", ("searched",), ("scenarios", "random", "strays"))


def witnesses(items: Iterable[Property], context: Context, runs: int = 60) -> dict[str, str]:
    """Where the condition of each property is met, by its name: a scenario, or the seed of a random run."""
    look = _Look({item.name: (item, meeting(item, context)) for item in items})
    _scenarios(look, context, FIRST)
    for seed, name in ((seed, name) for seed in range(runs) for name in shared(context, "random")):
        if not look.left:
            break
        look.where = f"random run {seed} of scenario {name}"
        for step in random_run(seed, LENGTH, scenario=name, models=context.model).steps:
            look(step.after)
    look.strays = strays(context)
    _scenarios(look, context, FIRST)
    _scenarios(look, context, STATES)
    return look.found


def _scenarios(look: _Look, context: Context, states: int) -> None:
    for name in shared(context):
        look.where = f"scenario {name}"
        if look.left:
            search(scenario(name, context.model.name), look, models=context.model, steps=True, states=states)


def strays(context: Context) -> tuple[Template, ...]:
    """The segments from outside, with numbers of the endpoint that they meet."""
    node, report = context.properties.documents.get(SEARCHED), Report()
    if node is None:
        return ()
    found = templates(Fields(node, SHAPE, report), "strays", Words(context.model).scope("endpoint"), report)
    report.check()
    return found or ()


@dataclass
class _Look:
    """A condition on steps that is met when nothing is left to look for; notes which properties a step meets."""

    left: dict[str, tuple[Property, Condition]]
    strays: tuple[Template, ...] = ()
    where: str = ""
    found: dict[str, str] = field(default_factory=dict)
    known: tuple[System | None, set[tuple[int, int]]] = (None, set())

    def __call__(self, now: Situation) -> bool:
        self._note(now, self.where)
        for beside, what in self._beside(now):
            self._note(beside, f"{self.where}, {what}")
        return not self.left

    def _note(self, now: Situation, where: str) -> None:
        if not isinstance(now.move, Move) or now.before is None:
            return
        event, state = event_of(now, now.move), (now.before.b if now.move.end else now.before.a).state
        for name, (item, met) in list(self.left.items()):
            claim = item.claim
            if (
                state in claim.states
                and any((p.event, p.event_name) == event for p in claim.procedures)
                and _met(met, now)
            ):
                self.found[name] = where
                del self.left[name]

    def _beside(self, now: Situation) -> Iterator[tuple[Situation, str]]:
        """What else might happen to the endpoints, as they are now for the first time."""
        if self.known[0] is not now.system:
            self.known = now.system, set()
        for side, _ in enumerate(ENDS):
            local = now.state.local(side)
            if (side, local) not in self.known[1]:
                self.known[1].add((side, local))
                yield from _idle(now, side)
                yield from _strays(now, side, self.strays)


def _idle(now: Situation, side: int) -> Iterator[tuple[Situation, str]]:
    """Calls and timeouts that may happen, and change nothing."""
    end, local = now.system.ends[side], now.state.local(side)
    for number, occasion in enumerate(end.occasions):
        if end.happen(local, occasion) == local:
            yield Situation(now.system, now.state, now.state, Move(HAPPENS, side, number)), occasion.text


def _strays(now: Situation, side: int, rows: Iterable[Template]) -> Iterator[tuple[Situation, str]]:
    """Segments from outside."""
    end, local = now.system.ends[side], now.state.local(side)
    values = tcb_values(now.b if side else now.a, {})
    for row in rows:
        numbers = {name: evaluator(node)(values) for name, node in row.fields}
        wire = Wire(row.flags, numbers["SEQ"], numbers.get("ACK", 0), 0, now.system.scenario.window)
        packet = now.system.packets.number(Packet(wire, 0))
        after = at(now.state, side, end.receives(local, packet))
        yield Situation(now.system, after, now.state, Move(ARRIVES, side, packet)), f"a stray {row.text}"


def _met(met: Condition, now: Situation) -> bool:
    try:
        return met(now)
    except Unknown:
        return False
