"""Properties of every path through the state diagram, whatever the values of its variables.

Every path that begins at `from` and comes to `to`, and on which nothing of `avoiding` happens, passes `through`. A
word is a state, a group, a rule, or an event (`call ABORT`), which stands for all rules of its procedures; a path
begins at a rule behind the step on which it fires. The diagram has every step that a solver has not ruled out, and
steps of one state after another: what it shows impossible is impossible, a path of it need not be a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from tcpmodel.compile.encodings import z3
from tcpmodel.compile.graph import EVENTS, graph_of
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import CAPTURE_ONLY
from tcpmodel.prove.methods.reading import rules_of
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.model import Model
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.shape import Fields
from tcpmodel.spec.source import Text
from tcpmodel.spec.vocabulary import resolve_states

if TYPE_CHECKING:
    import networkx

    Steps: TypeAlias = "networkx.MultiDiGraph[str]"

KEYS = ("from", "through", "to", "avoiding")
PATHS, REACHED = "every path", "some path"


@dataclass(frozen=True)
class Spot:
    """States, and rules that fire on the way from one state to another."""

    states: tuple[str, ...] = ()
    rules: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Claim:
    start: Spot
    through: Spot
    end: Spot
    avoiding: Spot


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, its names resolved."""
    for key in KEYS[:3]:
        if key not in fields:
            report.add(fields.place, "TM106", f"a property of paths needs '{key}'")
    spots = {key: _spot(fields.texts(key), words, report) for key in KEYS}
    return Claim(spots["from"], spots["through"], spots["to"], spots["avoiding"])


def _spot(texts: list[Text], words: Words, report: Report) -> Spot:
    rules = frozenset(name for text in texts for name in rules_of(text, words.model))
    states = [text for text in texts if not rules_of(text, words.model)]
    known = (*words.vocabulary.states, *words.vocabulary.groups)
    unknown = [text for text in states if text.value not in known]
    for text in unknown:
        if not words.model.variants:  # a variant may have deleted the rule
            hint = nearest(text.value, (*known, *words.model.rules))
            report.add(text.place, "TM130", f"neither a state, a rule nor an event: '{text.value}'", hint)
    named = [text for text in states if text not in unknown]
    return Spot(resolve_states(named, words.vocabulary, report), rules)


def steps_of(model: Model) -> Steps:
    """States, and an edge for each path of a step: `rules` that fire on it and its `event`."""
    import networkx

    steps: Steps = networkx.MultiDiGraph()
    steps.add_nodes_from(model.states)
    for source, target, edge in graph_of(model).edges(data=True):
        for path in edge["paths"]:
            steps.add_edge(source, target, rules=frozenset(path), event=edge["event"])
    steps.add_edges_from(_others(model))
    return steps


def _others(model: Model) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Changes of state that are no reaction to an event, as when something leaves; all that their rules name count."""
    for procedure in model.procedures:
        if procedure.event not in (*EVENTS, CAPTURE_ONLY):
            for rule in (rule for stage in procedure.stages for rule in stage.rules):
                if rule.enter and not rule.assume and not rule.forbid:
                    for state in rule.states:
                        yield state, rule.enter, {"rules": frozenset({rule.name}), "event": procedure.event}


def path_around(model: Model, claim: Claim) -> list[str] | None:
    """The shortest path that passes nothing of `through`, in words, or None."""
    steps = steps_of(model)
    _without(steps, claim.avoiding)
    starts = _starts(steps, claim.start)
    _without(steps, claim.through)
    return _shortest(steps, starts & set(steps.nodes), set(claim.end.states))


def _without(steps: Steps, spot: Spot) -> None:
    edges = [(u, v, k) for u, v, k, rules in steps.edges(keys=True, data="rules") if rules & spot.rules]
    steps.remove_edges_from(edges)
    steps.remove_nodes_from(spot.states)


def _starts(steps: Steps, spot: Spot) -> set[str]:
    """Where the paths begin: the states, and those behind the rules."""
    return {*spot.states, *(v for _, v, rules in steps.edges(data="rules") if rules & spot.rules)}


def _shortest(steps: Steps, starts: set[str], ends: set[str]) -> list[str] | None:
    import networkx

    found: list[list[str]] = []
    for start in sorted(starts):
        reached = networkx.single_source_shortest_path(steps, start)
        found += [reached[end] for end in ends if end in reached]
    return _words(steps, min(found, key=len)) if found else None


def _words(steps: Steps, states: list[str]) -> list[str]:
    """A path as its states with the events between them; of several events the first of the text."""
    said = states[:1]
    for source, target in pairwise(states):
        said += [f"({next(iter(steps[source][target].values()))['event']})", target]
    return said


def _reached(model: Model, claim: Claim) -> bool:
    """Whether some path leads from `from` to `to` at all, so that what is said of all of them says something."""
    steps = steps_of(model)
    _without(steps, claim.avoiding)
    return _shortest(steps, _starts(steps, claim.start), set(claim.end.states)) is not None


def parts(item: Property, context: Context) -> Iterable[str]:
    """That there are paths, and what is claimed of them."""
    return (PATHS, REACHED)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """Decided on the diagram, which a solver has made; what is left to decide is true or false."""
    claim: Claim = item.claim
    path = path_around(context.model, claim) if part == PATHS else None
    holds = path is None if part == PATHS else _reached(context.model, claim)
    yield Obligation(f"{part}: {item.name}", (), z3().BoolVal(holds), path)


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """The path that the claim overlooks."""
    path = answer.obligation.step
    reason = " ".join(path) if path else "no path leads there at all"
    return Failure(answer.obligation.name, reason)
