"""Properties of two endpoints and every segment ever sent, by induction over the steps of the system.

A property `holds` of the endpoints (or of the segments that `about` names) because the lemmas that it is `given` imply
it; or it is what a step, `on` an event `in` some states and `when` a condition is met, must `then` have led to. Lemmas
that rest on one another are proved together, each step and each kind of segment being one question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tcpmodel.compile.encodings import both
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.methods.premises import REACHED
from tcpmodel.prove.methods.reading import conditions, events, states
from tcpmodel.prove.obligation import Answer, Obligation, first_met
from tcpmodel.prove.property import Failure, Lemma, Property
from tcpmodel.prove.scopes import ABOUT, Words
from tcpmodel.prove.system.cases import WIDTH, Case, Facts, Induction, start
from tcpmodel.prove.system.move import Move
from tcpmodel.prove.system.plain import explained
from tcpmodel.prove.system.theory import Said, Theory, theory_of, together
from tcpmodel.prove.system.world import World, bound, world_of
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Procedure
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import SEGMENT_FIELD, TCB
from tcpmodel.spec.shape import Fields

KEYS = ("about", "holds", "on", "in", "when", "then")
INITIALLY, IMPLIED = "initially", "implied"
POSSIBLE = "a step in each state keeps to the assumptions"


@dataclass(frozen=True)
class Claim:
    """What `holds` of what it is `about`, or without `about` what a step leads to."""

    about: str
    holds: Expr
    procedures: tuple[Procedure, ...] = ()
    states: tuple[str, ...] = ()
    when: Expr | None = None


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    if "then" not in fields:
        about = fields.choice("about", ABOUT) or "endpoints"
        return Claim(about, conditions(fields, "holds", words.scope(about), report))
    text = fields.text("on")
    found = events(text, words.model.procedures, report) if text else ()
    scope = words.scope("system step", "in a property of a step of the system")
    when, then = conditions(fields, "when", scope, report), conditions(fields, "then", scope, report)
    return Claim("", then, found, states(fields, "in", words.vocabulary, report), when)


def parts(item: Property, context: Context) -> Iterable[str]:
    """That some step is meant, and each that may be; or that the lemmas imply the property."""
    claim = item.claim
    return (IMPLIED,) if claim.about else (REACHED, *context.steps(claim.procedures, claim.states))


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """The claim for one step, or for any state."""
    theory, claim = theory_of(context, item.given), item.claim
    if claim.about:
        yield _implied(item, theory)
        return
    if part == REACHED:
        steps = context.steps(claim.procedures, claim.states)
        asked = (replace(_step(item, name, theory, context), goal=both(), reachable=True) for name in steps)
        yield first_met(f"{item.name}: {REACHED}", asked)
    else:
        yield _step(item, part, theory, context)


def _step(item: Property, part: str, theory: Theory, context: Context) -> Obligation:
    """The claim for one step."""
    found = _induction(part, theory, theory.only(()), item, context)
    read, values = found.move.world.read, found.move.values
    facts: Facts = {"the condition of the property": [read(item.claim.when, values)]}
    (obligation,) = found.case("the step", facts, ((item.name, read(item.claim.holds, values)),))
    return obligation


def _implied(item: Property, theory: Theory) -> Obligation:
    """What the lemmas say of whom the claim is about, and of no segment that it does not speak of: none need be."""
    world, about = theory.world, item.claim.about
    a, b, m, n = world.endpoint("A."), world.endpoint("B."), world.segment("M."), world.segment("N.")
    said = _said(theory, about, a, b, m, n)
    known = {f"lemma {name}": both(*(t for label, t in said if label == name)) for name, _ in said}
    widths = [(a, TCB), (b, TCB), (m, SEGMENT_FIELD), (n, SEGMENT_FIELD)]
    known[WIDTH] = both(*(world.width(*pair) for pair in widths))
    goal = world.read(item.claim.holds, bound(a, b, m, n))
    case = Case(None, "any state", ((item.name, goal),))
    return Obligation(f"{item.name}: implied by its lemmas", tuple(known.items()), goal, case, linear=True)


def _said(theory: Theory, about: str, a: Values, b: Values, m: Values, n: Values) -> list[Said]:
    """The lemmas about the endpoints A and B, where M is spoken of about it, and so N and both of them."""
    said = [*theory.of_endpoints(a, b)]
    if about in ("segment", "segments", "exchange"):
        said += theory.of_segment(m, a, b)
    if about == "segments":
        said += [*theory.of_segment(n, a, b), *theory.of_segments(m, n, a, b)]
    if about == "exchange":
        said += [*theory.of_segment(n, b, a), *theory.of_exchange(m, n, a, b)]
    return said


def lemma_parts(lemma: Lemma, context: Context) -> Iterable[str]:
    """The start, that steps are possible, and every step, for the first of the lemmas proved together; or none."""
    if together(context, lemma)[0] == lemma.name:
        yield from (INITIALLY, POSSIBLE)
        yield from context.steps(world_of(context).machine.procedures, context.model.states)


def lemma_obligations(lemma: Lemma, part: str, context: Context) -> Iterator[Obligation]:
    """What one part of the induction has to show of all lemmas that are proved together."""
    theory, names = theory_of(context, (lemma.name,)), together(context, lemma)
    alone = (item.name for item in theory.lemmas if item.about == "endpoint")
    goals = theory.only((*names, *alone))
    if part == INITIALLY:
        yield from start(goals)
    elif part == POSSIBLE:
        for state in context.model.states:
            steps = context.steps(world_of(context).machine.procedures, (state,))
            asked = (_induction(step, theory, goals, lemma, context).possible() for step in steps)
            yield first_met(f"{lemma.name}: {POSSIBLE} in {state}", asked)
    else:
        yield from _induction(part, theory, goals, lemma, context).all()


def _induction(part: str, given: Theory, goals: Theory, item: Property | Lemma, context: Context) -> Induction:
    world = world_of(context)
    return Induction(_move(part, world, context), given, goals, context.properties.assumed(item), context)


def _move(part: str, world: World, context: Context) -> Move:
    """The step of that name, built once."""
    key = f"{world.machine.encoding.name} {part}"
    if key not in context.kept:
        context.kept[key] = Move(world, context.step(part, world.machine))
    return context.kept[key]  # type: ignore[no-any-return]


def explain(item: Property | Lemma, answer: Answer, context: Context) -> Failure:
    """Which rule leads out of which lemma, from which state."""
    return explained(answer, context)
