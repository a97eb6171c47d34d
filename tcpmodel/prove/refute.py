"""Runs that show a property to be false, or its condition to be met: the shortest that the scenarios of the text allow.

A proof that fails refutes nothing, since the state from which it fails may be one that nothing leads to. Two endpoints
that run the model under proof are explored from its start for a step that breaks the claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tcpmodel.compile.expressions import identifier
from tcpmodel.prove.context import Context
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore import Condition, Path, Situation, scenario, search
from tcpmodel.prove.explore.system import ARRIVES, COPY, HAPPENS, SENDS, Impossible, Move
from tcpmodel.prove.explore.values import Named, Unknown, pair_values, step_holds, step_values, tcb_values
from tcpmodel.prove.methods.exploration import allowed, names_of
from tcpmodel.prove.property import Property
from tcpmodel.spec.model import Model, Rule, Template
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import scalars

EVENTS = {SENDS: "output", ARRIVES: "segment", COPY: "segment"}
"""What a move is to the endpoint that makes it; the others are none of an endpoint."""

SEARCHED = "searched every"
"""The document that says where runs are looked for."""
STATES = 5_000
"""How many states of a scenario are looked at, a fraction of a second."""
FIRST = STATES // 8
"""How many of each scenario are looked at first: most of what can be found is near some beginning."""


def counterexample(item: Property, context: Context) -> Path | None:
    """The shortest run of a scenario that breaks the property, None where none is found within the bounds."""
    breaks = BREAKS.get(item.method)
    try:
        return _search(item, context, breaks(item, context)) if breaks else None
    except Unknown:
        return None


def _search(item: Property, context: Context, condition: Condition) -> Path | None:
    names = item.search or shared(context)
    searches = ((name, states) for states in dict.fromkeys((FIRST, STATES)) for name in names)
    return next(filter(None, (_found(item, context, condition, *search) for search in searches)), None)


def _found(item: Property, context: Context, condition: Condition, name: str, states: int) -> Path | None:
    """A run of one scenario, which a broken text may have left without a beginning."""
    model, steps = context.model, not getattr(item.claim, "about", item.method == "invariant")
    kept = allowed(item, context)
    try:
        return search(scenario(name, model.name), condition, models=model, steps=steps, states=states, allowed=kept)
    except Impossible:
        return None


def shared(context: Context, kind: str = "scenarios") -> tuple[str, ...]:
    """The scenarios that are searched for every property, or run at `random`: those of `searched: every`."""
    node = context.properties.documents.get(SEARCHED)
    entry = node.entries[kind] if node else None
    return tuple(text.value for text in scalars(entry.value, Report())) if entry else ()


def meeting(item: Property, context: Context) -> Condition:
    """Whether a step is one that a property of steps speaks of."""
    claim = item.claim
    names = {(p.event, p.event_name) for p in claim.procedures}
    when = step_holds(claim.when, names_of(context), False)

    def met(now: Situation) -> bool:
        before, move = now.before, now.move
        if before is None or not isinstance(move, Move) or event_of(now, move) not in names:
            return False
        end = before.b if move.end else before.a
        return end.state in claim.states and when(now)

    return met


def event_of(now: Situation, move: Move) -> tuple[str, str]:
    """The event that a move is to the endpoint which makes it, as procedures name events."""
    if move.kind == HAPPENS:
        occasion = now.system.ends[move.end].occasions[move.what]
        return occasion.kind, occasion.name
    return EVENTS.get(move.kind, ""), ""


def _breaking_step(item: Property, context: Context) -> Condition:
    """Whether a step meets the condition and not the claim."""
    claim, met = item.claim, meeting(item, context)
    kept = (step_holds(claim.then, names_of(context), True), *_effects(claim.effects, context.model))
    return lambda now: met(now) and not all(holds(now) for holds in kept)


def _effects(claim: Any, model: Model) -> Iterator[Condition]:
    """The claims on what a step sends and leaves alone, as conditions on steps."""
    rules = model.rules
    if claim.sends is not None:
        yield lambda now: bool(told := _told(now, rules)) == bool(claim.sends) and _fitting(claim.sends, told, now)
    if claim.only is not None:
        yield lambda now: _fitting(claim.only, _told(now, rules), now)
    if claim.signals is not None:
        yield lambda now: _signalled(claim.signals, {rules[name].signal for name in now.rules if rules[name].signal})
    if claim.changes is not None:
        rows = [row.name for row in model.variables.values() if row.group == "tcb" and row.name not in claim.changes]
        yield lambda now: all(_same(now, identifier(name)) for name in rows)


def _signalled(wanted: tuple[str, ...], told: set[str]) -> bool:
    """Whether the user is told one of the texts; of none, whether he is told nothing."""
    return bool(told.intersection(wanted)) if wanted else not told


def _same(now: Situation, name: str) -> bool:
    before, move = now.before, now.move
    assert before is not None and isinstance(move, Move)
    old, new = ((s.b if move.end else s.a).tcb for s in (before, now))
    return bool(getattr(old, name) == getattr(new, name))


Form = tuple[int, dict[str, int]]
"""Control bits, and the numbers that a template has, by the names of fields."""


def _told(now: Situation, rules: Mapping[str, Rule]) -> list[Form]:
    """The segments that the rules of a step call for."""
    return _numbers((t for name in now.rules for t in rules[name].sends), now)


def _fitting(wanted: Iterable[Template], told: Iterable[Form], now: Situation) -> bool:
    """Whether every segment is one of those wanted; the numbers that a template leaves out may be any."""
    rows = _numbers(wanted, now)
    return all(any(flags == bits and fields.items() <= found.items() for bits, fields in rows) for flags, found in told)


def _numbers(templates: Iterable[Template], now: Situation) -> list[Form]:
    """What the templates come to behind the step."""
    values = _behind(now)
    return [(t.flags, {name: evaluator(node)(values) for name, node in t.fields}) for t in templates]


def _behind(now: Situation) -> Named:
    """The names of the endpoint that has acted as they are behind the step, and of what has arrived."""
    sources = step_values(now, {}).sources

    def found(name: str) -> Any:
        try:
            return sources["NEXT."](name)
        except Unknown:  # what surrounds the endpoint, such as FRESH.ISS
            return sources[""](name)

    return Named({**sources, "": found})


def _breaking_state(item: Property, context: Context) -> Condition:
    """Whether the property does not hold of what a step has led to."""
    ghosts, told = names_of(context), evaluator(item.claim.holds)
    if item.method == "invariant":
        return lambda now: not all(told(tcb_values(end, ghosts)) for end in (now.a, now.b))
    if not item.claim.about:
        met, kept = meeting(item, context), step_holds(item.claim.holds, ghosts, True)
        return lambda now: met(now) and not kept(now)
    if item.claim.about != "endpoints":
        raise Unknown(item.claim.about)
    return lambda now: not all(told(pair_values(*ends, ghosts)) for ends in ((now.a, now.b), (now.b, now.a)))


BREAKS: dict[str, Callable[[Property, Context], Condition]] = {
    "step": _breaking_step,
    "invariant": _breaking_state,
    "induction": _breaking_state,
}
