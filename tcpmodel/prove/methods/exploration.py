"""What happens, or never happens, in a scenario that is explored state by state: two endpoints, a network and a clock.

`scenario` is one of specs/finite. `never` and `reaches` speak of a situation: A is its endpoint a, B is b, M any
segment on its way from A, N any from B. `step` speaks of the step that has led there (the endpoint that acts is named
plainly, its peer is B), and `fires` names rules of which that step fires one. Assumptions limit the steps that are
taken. A path to what should never be refutes the claim, and is its shortest counterexample; without one the claim is
bounded. A path to what `reaches` asks for proves it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as File
from tempfile import TemporaryDirectory
from typing import Any

from tcpmodel.compile.encodings import z3
from tcpmodel.prove.context import Context
from tcpmodel.prove.explore import Condition, Path, Situation, Statistics, scenario, search
from tcpmodel.prove.explore.scenario import scenarios
from tcpmodel.prove.explore.values import Ghosts, holds, step_holds
from tcpmodel.prove.methods.reading import TRUE, conditions
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.property import Assumption, Failure, Property
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.system.ghosts import read_ghosts
from tcpmodel.spec import expr as x
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Model
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.shape import Fields

NEVER, REACHES = "never", "reaches"
KEYS = ("scenario", NEVER, REACHES, "step", "fires")


@dataclass(frozen=True)
class Claim:
    """`reaches` tells what should happen from what never should; `fires` is empty where any rule will do."""

    scenario: str
    reaches: bool
    situation: x.Expr
    step: x.Expr
    fires: frozenset[str]


@dataclass(frozen=True)
class Found:
    """What a search has come to; `bound` says how far it went where that limits what has been shown."""

    path: Path | None
    bound: str


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    name = scenario_of(fields, words, report)
    if (NEVER in fields) == (REACHES in fields):
        report.add(fields.place, "TM106", f"an exploration needs '{NEVER}' or '{REACHES}'")
    key = REACHES if REACHES in fields else NEVER
    situation = conditions(fields, key, words.scope("exchange", "in a situation"), report)
    step = conditions(fields, "step", words.scope("system step", "in a step"), report)
    for text in fields.texts("fires"):
        if text.value not in words.model.rules and not words.model.variants:  # a variant may have deleted the rule
            report.add(text.place, "TM130", f"unknown rule '{text.value}'", nearest(text.value, words.model.rules))
    fires = frozenset(text.value for text in fields.texts("fires"))
    return Claim(name, key == REACHES, situation, step, fires)


def scenario_of(fields: Fields, words: Words, report: Report) -> str:
    """The name of the scenario, "" where there is none of that name."""
    known, name = scenarios(words.model.name), fields.text("scenario")
    if name is not None and name.value in known:
        return name.value
    place, given = (name.place, name.value) if name else (fields.place, "")
    report.add(place, "TM131", "an exploration needs a scenario", nearest(given, known))
    return ""


def parts(item: Property, context: Context) -> Iterable[str]:
    """The search as a whole."""
    return (item.claim.scenario,)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """Decided by the search; what is left to decide is true or false."""
    claim, statistics, options = item.claim, Statistics(), scenario(part, context.model.name)
    path = search(
        options, _condition(claim, names_of(context)), models=context.model,
        steps=claim.step is not TRUE or bool(claim.fires), statistics=statistics, allowed=allowed(item, context),
    )  # fmt: skip
    bound = "" if claim.reaches else f"scenario {part} ({options.title}), {statistics.bound}"
    yield Obligation(f"scenario {part}", (), z3().BoolVal((path is not None) == claim.reaches), Found(path, bound))


def names_of(context: Context) -> Ghosts:
    """The ghost variables that an exploration can tell the values of."""
    return read_ghosts(context.model, context.properties.documents).explored


def _condition(claim: Claim, ghosts: Ghosts) -> Condition:
    """Whether a situation is one that the claim speaks of."""
    situation, step = holds(claim.situation, ghosts), step_holds(claim.step, ghosts, False)

    def met(now: Situation) -> bool:
        fired = not claim.fires or not claim.fires.isdisjoint(now.rules)
        return fired and (claim.step is TRUE or step(now)) and situation(now)

    return met


def allowed(item: Property, context: Context) -> Condition | None:
    """Whether a step keeps to the assumptions."""
    assumptions = [context.properties.assumptions[name] for name in context.properties.assumed(item)]
    ghosts = names_of(context)
    kept = [_kept(item, item.holds, ghosts, context.model) for item in assumptions if item.holds is not None]
    without = frozenset(name for item in assumptions for name in item.without)
    if not kept and not without:
        return None
    return lambda now: without.isdisjoint(now.rules) and all(held(now) for held in kept)


def _kept(item: Assumption, holds: Expr, ghosts: Ghosts, model: Model) -> Condition:
    """Whether a step meets the condition of an assumption, or is on another event than its own."""
    own = [procedure for procedure in model.procedures if procedure.name in item.procedures]
    rules = {rule.name for procedure in own for stage in procedure.stages for rule in stage.rules}
    met = step_holds(holds, ghosts, True)
    return lambda now: bool(rules) and rules.isdisjoint(now.rules) or met(now)


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """The shortest path, as a trace; or that there is none."""
    name, found = answer.obligation.name, answer.obligation.step
    if found.path is None:
        return Failure(name, "nothing leads there")
    return Failure(name, _story(found.path), counterexample=as_trace(found.path, item))


def _story(path: Path) -> str:
    return f"{len(path)} steps: " + "; ".join(map(str, path.steps[path.begins :]))


def as_trace(path: Path, item: Property) -> dict[str, Any]:
    """The path as a trace in JSON, for `verify`."""
    with TemporaryDirectory() as folder:
        file = File(folder) / "path.json"
        path.trace(item.statement).save(file)
        return json.loads(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
