"""Pieces of work: some parts of one property or lemma, decided in a process of their own.

Every process loads the model once; what it says of a piece of work are counts and words, no terms.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from tcpmodel.errors import UsageError
from tcpmodel.prove.context import Context
from tcpmodel.prove.load import Properties, load_properties
from tcpmodel.prove.methods import LEMMAS, METHODS
from tcpmodel.prove.mutants import mutated
from tcpmodel.prove.obligation import Obligation, decide
from tcpmodel.prove.property import Failure, Lemma, Mutant, Property

TOGETHER = 24
"""How many parts make a piece of work; a part is one step, a few milliseconds to a second."""


@dataclass(frozen=True)
class Subject:
    """What is under proof: a specification with its overlays, and a mutant written in place (`PROPERTY/MUTANT`)."""

    name: str = "rfc9293"
    profile: str | None = None
    variants: tuple[str, ...] = ()
    mutant: str = ""


def broken(subject: Subject, item: Property, mutant: Mutant) -> Subject:
    """The subject as one of a property's mutants has it."""
    if mutant.change is not None:
        return replace(subject, mutant=f"{item.name}/{mutant.name}")
    if mutant.profile:
        return replace(subject, profile=mutant.profile)
    return replace(subject, variants=(*subject.variants, mutant.variant))


@dataclass(frozen=True)
class Unit:
    """`kind` is property or lemma; units that name the same in `shared` are explored once in one process."""

    subject: Subject
    kind: str
    name: str
    parts: tuple[str, ...]
    timeout: float
    cores: bool = False
    shared: str = ""


@dataclass
class Done:
    """What became of a unit; `unknown` are obligations the solver gave up on; `bounds` say how far answers reach."""

    unit: Unit
    obligations: int = 0
    seconds: float = 0.0
    failures: list[Failure] = field(default_factory=list)
    unknown: list[Failure] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)
    bounds: list[str] = field(default_factory=list)


@cache
def context_of(subject: Subject) -> Context:
    """The model of a subject with its properties; loaded once in each process."""
    model = mutated(subject.name, subject.profile, subject.variants, subject.mutant)
    return Context(model, load_properties(model))


def item_of(properties: Properties, kind: str, name: str) -> Property | Lemma:
    """The property or lemma of that name."""
    return properties.lemmas[name] if kind == "lemma" else properties.properties[name]


def parts_of(context: Context, kind: str, name: str) -> Iterable[str]:
    """The parts of a property or lemma."""
    item = item_of(context.properties, kind, name)
    if isinstance(item, Lemma):
        return LEMMAS[item.about].lemma_parts(item, context)  # type: ignore[no-any-return]
    return METHODS[item.method].parts(item, context)  # type: ignore[no-any-return]


def obligations_of(context: Context, kind: str, name: str, part: str) -> Iterable[Obligation]:
    """The obligations of one part of a property or lemma."""
    item = item_of(context.properties, kind, name)
    if isinstance(item, Lemma):
        return LEMMAS[item.about].lemma_obligations(item, part, context)  # type: ignore[no-any-return]
    return METHODS[item.method].obligations(item, part, context)  # type: ignore[no-any-return]


def units(subject: Subject, kind: str, name: str, timeout: float, cores: bool = False) -> Iterator[Unit]:
    """The work on a property or lemma in pieces."""
    parts, item = tuple(parts_of(context_of(subject), kind, name)), item_of(context_of(subject).properties, kind, name)
    shared = getattr(item.claim, "shared", "") if isinstance(item, Property) else ""
    for start in range(0, len(parts), TOGETHER):
        yield Unit(subject, kind, name, parts[start : start + TOGETHER], timeout, cores, shared)


def work(unit: Unit) -> Done:
    """Decides every obligation of a unit; what a broken text leaves no way to ask is not known."""
    done, context, start = Done(unit), context_of(unit.subject), time.perf_counter()
    for part in unit.parts:
        try:
            _decide(unit, part, context, done)
        except UsageError as error:
            done.unknown.append(Failure(part, str(error)))
    done.seconds = time.perf_counter() - start
    return done


def _decide(unit: Unit, part: str, context: Context, done: Done) -> None:
    """Adds the answers of one part."""
    item = item_of(context.properties, unit.kind, unit.name)
    explain = LEMMAS[item.about].explain if isinstance(item, Lemma) else METHODS[item.method].explain
    for obligation in obligations_of(context, unit.kind, unit.name, part):
        answer = decide(obligation, unit.timeout, unit.cores)
        done.obligations += 1
        done.needed.update(answer.core)
        if answer.holds:
            done.bounds += filter(None, [getattr(obligation.step, "bound", "")])
        else:
            (done.failures if answer.holds is False else done.unknown).append(explain(item, answer, context))
