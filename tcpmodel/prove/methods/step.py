"""Properties of one step: from any state that the lemmas allow, whatever arrives, what comes out is as claimed.

`on` names the event, `in` the states it is begun in, `when` which of its inputs are meant; `then` speaks of what is
behind the step (`NEXT.`), the keys of `effects.py` of what it sends and leaves alone. A condition that no step meets
would prove anything, so that some step meets it is shown as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tcpmodel.compile.encodings import both
from tcpmodel.prove.context import Context
from tcpmodel.prove.methods import effects, premises
from tcpmodel.prove.methods.premises import REACHED, parts
from tcpmodel.prove.methods.reading import conditions
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.plain import failure
from tcpmodel.prove.property import Failure, Property, over_integers
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Procedure
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields

__all__ = ["KEYS", "Claim", "explain", "obligations", "parts", "read"]

KEYS = (*premises.KEYS, "then", *effects.KEYS)


@dataclass(frozen=True)
class Claim:
    """What has to follow: `then`, and the effects."""

    procedures: tuple[Procedure, ...]
    states: tuple[str, ...]
    when: Expr
    then: Expr
    effects: effects.Effects


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    if not any(key in fields for key in ("then", *effects.KEYS)):
        known = ", ".join(f"'{key}'" for key in effects.KEYS)
        report.add(fields.place, "TM106", f"a property of a step needs 'then' or one of {known}")
    procedures, states, when, scope = premises.read(fields, words, report)
    then = conditions(fields, "then", scope, report)
    return Claim(procedures, states, when, then, effects.effects(fields, words, scope, report))


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """The claim for one procedure begun in one state."""
    machine = context.machine(item.numbers)
    claim: Claim = item.claim
    lawful = claim.effects.lawful
    if part == REACHED:
        yield premises.reached(item, machine, context, lawful)
        return
    step = context.step(part, machine)
    values, known = premises.values(step, machine), premises.premises(item, step, machine, context, lawful)
    goal = (context.truth(claim.then, machine, values), *effects.goals(claim.effects, step, machine, context, values))
    yield Obligation(f"{part}: {item.name}", known, both(*goal), step, linear=over_integers(item))


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """From which state, on what input, the claim fails."""
    return failure(answer, context)
