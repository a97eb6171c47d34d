"""What an induction over the steps of the system has to show, step by step, with what it may take for granted.

Before a step the lemmas hold of both endpoints and of all segments that were ever sent. After it they must hold again
of the endpoints, of any old segment of either (which may have been sent in an older incarnation), of any segment that
the step has sent or left owed, and of any two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from tcpmodel.compile.encodings import Term, address, both, either, negation, z3
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.obligation import Obligation
from tcpmodel.prove.system.move import Move
from tcpmodel.prove.system.theory import Said, Theory
from tcpmodel.spec.scope import SEGMENT_FIELD, TCB

Facts: TypeAlias = dict[str, list[Term]]
"""Hypotheses by their labels."""

WIDTH = "the width of numbers"
MINE = ("M", "O")
"""Old segments of the endpoint that acts; those of its peer are N and P."""


@dataclass(frozen=True)
class Case:
    """What an obligation is about: a step (None: the start), whom it speaks of, and the lemmas that must hold there."""

    move: Move | None
    whom: str
    goals: tuple[Said, ...]
    segments: dict[str, Values] = field(default_factory=dict)


def start(theory: Theory) -> Iterator[Obligation]:
    """The lemmas hold before anything has happened; no segment has been sent."""
    initial = theory.world.initial()
    goals = tuple(theory.of_endpoints(initial, initial))
    yield Obligation("initially", (), both(*(term for _, term in goals)), Case(None, "the start", goals), linear=True)


class Induction:
    """The obligations of one step. `given` are lemmas that hold before it, `goals` those that must hold after it."""

    def __init__(self, move: Move, given: Theory, goals: Theory, assumptions: Iterable[str], context: Context) -> None:
        self.move, self.given, self.goals = move, given, goals
        self.a, self.b, self.then = move.before, move.peer, move.after
        self.assumed = [context.properties.assumptions[name] for name in assumptions]
        self.name = f"{move.step.procedure.name} in {context.model.states[move.step.state]}"

    @cached_property
    def facts(self) -> Facts:
        """What is true before every step, and of the segment that arrives or leaves."""
        move, world = self.move, self.move.world
        facts: Facts = {name: [term] for name, term in world.machine.hypotheses(move.step)}
        values = move.values
        add(facts, WIDTH, world.width(self.b, TCB))
        for item in self.assumed:
            holds = item.condition(move.step.procedure.name)
            if holds is not None:
                add(facts, f"assumption {item.name}", world.read(holds, values))
            excluded = [f.when for f in move.step.firings if f.rule.name in item.without]
            if excluded:
                add(facts, f"assumption {item.name}", negation(either(*excluded)))
        know(facts, self.given.of_endpoints(self.a, self.b))
        if move.arrived is not None:
            know(facts, self.given.of_segment(move.arrived, self.b, self.a))
        if move.pending is not None:
            self._old(facts, move.pending, move.owed)
            add(facts, "an answer that was owed", move.released)
        return facts

    @cached_property
    def known(self) -> dict[str, Term]:
        """The facts, one term for each label."""
        return {label: both(*terms) for label, terms in self.facts.items()}

    def _old(self, facts: Facts, segment: Values, when: Term | None = None) -> None:
        """A segment that A has sent before this step, unless `when` is false."""
        move = self.move
        add(facts, WIDTH, move.world.width(segment, SEGMENT_FIELD))
        know(facts, self.given.of_segment(segment, self.a, self.b), when)
        if move.arrived is not None:
            know(facts, self.given.of_exchange(segment, move.arrived, self.a, self.b), when)
        if move.pending is not None and move.pending is not segment:
            know(facts, self.given.of_segments(segment, move.pending, self.a, self.b), move.owed)

    def _older(self, facts: Facts, segment: Values) -> None:
        """A segment that B has sent."""
        move = self.move
        add(facts, WIDTH, move.world.width(segment, SEGMENT_FIELD))
        know(facts, self.given.of_segment(segment, self.b, self.a))
        if move.arrived is not None:
            know(facts, self.given.of_segments(segment, move.arrived, self.b, self.a))
        if move.pending is not None:
            know(facts, self.given.of_exchange(move.pending, segment, self.a, self.b), move.owed)

    def all(self) -> Iterator[Obligation]:
        """Every obligation of the step that is not plainly met."""
        world, sent = self.move.world, self.move.sent("S.")
        m, n = world.segment("M."), world.segment("N.")
        yield from self._again("the endpoints", lambda a: self.goals.of_endpoints(a, self.b))
        yield from self._again("a segment it has sent before", lambda a: self.goals.of_segment(m, a, self.b), M=m)
        yield from self._again("a segment its peer has sent", lambda a: self.goals.of_segment(n, self.b, a), N=n)
        yield from self._old_pairs()
        if sent is not None:
            goals = self.goals.of_segment(sent[0], self.then, self.b)
            yield from self.case("the segment it sends", self._new(*sent), goals, S=sent[0])
            yield from self._new_pairs(*sent)

    def possible(self) -> Obligation:
        """That there is such a step: nothing that is taken for granted of it contradicts the rest."""
        case = Case(self.move, "the step", ())
        facts = tuple(self.known.items())
        return Obligation(f"{self.name}: possible", facts, both(), case, reachable=True, linear=True)

    def _again(self, whom: str, said: Callable[[Values], Iterable[Said]], **segments: Values) -> Iterator[Obligation]:
        """What is said of the acting endpoint and of old segments is true after the step as it was before."""
        before = tuple(said(self.a))
        known = {address(term) for _, term in before}
        goals = [(name, term) for name, term in said(self.then) if address(term) not in known]
        facts: Facts = {}
        if goals:
            for prefix, segment in segments.items():
                self._old(facts, segment) if prefix in MINE else self._older(facts, segment)
            know(facts, before)
            yield from self.case(whom, facts, goals, **segments)

    def _old_pairs(self) -> Iterator[Obligation]:
        """Of two segments that were sent before."""
        m, n, o, p = map(self.move.world.segment, ("M.", "N.", "O.", "P."))
        mine = self._again("two of its old segments", lambda a: self.goals.of_segments(m, o, a, self.b), M=m, O=o)
        other = self._again("two segments of its peer", lambda a: self.goals.of_segments(n, p, self.b, a), N=n, P=p)
        both_ = self._again("old segments of both", lambda a: self.goals.of_exchange(m, n, a, self.b), M=m, N=n)
        yield from (*mine, *other, *both_)

    def _new(self, segment: Values, when: Term) -> Facts:
        """A segment that this step sends, or leaves owed."""
        return {"the segment that is sent": [when], WIDTH: [self.move.world.width(segment, SEGMENT_FIELD)]}

    def _new_pairs(self, new: Values, when: Term) -> Iterator[Obligation]:
        """Of a segment that this step sends and an old one, one of the peer, or another one that it sends."""
        m, n = map(self.move.world.segment, ("M.", "N."))
        goals = tuple(self.goals.of_segments(new, m, self.then, self.b))
        if goals:
            facts = self._new(new, when)
            self._old(facts, m)
            yield from self.case("the segment it sends and an old one", facts, goals, S=new, M=m)
        twin = self.move.sent("T.") if goals and self.move.pending is None else None
        if twin is not None:
            facts = self._new(new, when)
            merge(facts, self._new(*twin))
            goals = tuple(self.goals.of_segments(new, twin[0], self.then, self.b))
            yield from self.case("two segments it sends", facts, goals, S=new, T=twin[0])
        goals = tuple(self.goals.of_exchange(new, n, self.then, self.b))
        if goals:
            facts = self._new(new, when)
            self._older(facts, n)
            yield from self.case("the segment it sends and one of its peer", facts, goals, S=new, N=n)

    def case(self, whom: str, more: Facts, said: Iterable[Said], **segments: Values) -> Iterator[Obligation]:
        """The obligation that what is said holds."""
        goals = tuple(said)
        if goals:
            facts = dict(self.known)
            facts |= {label: both(*self.facts.get(label, ()), *terms) for label, terms in more.items()}
            hypotheses = tuple(facts.items())
            case = Case(self.move, whom, goals, segments)
            yield Obligation(f"{self.name}: {whom}", hypotheses, both(*(term for _, term in goals)), case, linear=True)


def know(facts: Facts, said: Iterable[Said], when: Term | None = None) -> None:
    """Lemmas as hypotheses, where the condition holds."""
    for name, term in said:
        add(facts, f"lemma {name}", term if when is None else z3().Implies(when, term))


def add(facts: Facts, label: str, term: Term) -> None:
    """One more hypothesis of that label."""
    facts.setdefault(label, []).append(term)


def merge(facts: Facts, more: Facts) -> None:
    """More hypotheses."""
    for label, terms in more.items():
        facts.setdefault(label, []).extend(terms)
