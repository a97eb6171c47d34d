"""What is so, may become so or must become so in a finite system: two endpoints and a network, explored to the end.

`scenario` is one of specs/finite without a clock. Conditions speak of a situation, A being its endpoint a and B its b;
with `under-way: nothing` only of situations in which no segment is on its way and no answer is owed. `from` says of
which situations a claim is made (without it, of all):

  never       nothing that follows meets the condition
  reaches     something that follows does
  always-can  from each of them something that meets it can be reached
  inevitable  whoever comes from one of them gets to it, if what can happen again and again happens some time
  for-ever    one can be followed by something that goes on without end, and meets the condition all the time
  pairs       the pairs of states that follow are these (of B, for each state of A)

A run that shows a claim to be false refutes it: of `always-can` and `inevitable` it is one into a trap, and what the
trap goes on with. Claims of all runs are bounded, as the system has the numbers and the room of its scenario; a run to
what `reaches` or `for-ever` asks for proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from tcpmodel.compile.encodings import z3
from tcpmodel.compile.expressions import identifier
from tcpmodel.prove.context import Context
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore import Path, Situation, finite, scenario
from tcpmodel.prove.explore.finite import Graph, Node, ends
from tcpmodel.prove.explore.lift import run
from tcpmodel.prove.explore.questions import before, behind, bottoms, nearest
from tcpmodel.prove.explore.scenario import Scenario
from tcpmodel.prove.explore.system import State
from tcpmodel.prove.methods.exploration import as_trace, scenario_of
from tcpmodel.prove.methods.reading import TRUE, conditions
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import Words
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, scalars
from tcpmodel.spec.vocabulary import resolve_states

NEVER, REACHES, CAN, INEVITABLE, FOR_EVER = "never", "reaches", "always-can", "inevitable", "for-ever"
CONDITIONS = (NEVER, REACHES, CAN, INEVITABLE, FOR_EVER)
FROM, PAIRS, UNDER_WAY, NOTHING = "from", "pairs", "under-way", "nothing"
KEYS = ("scenario", FROM, *CONDITIONS, PAIRS, UNDER_WAY)
MET = "what is spoken of comes up"
SHOWN = (MET, REACHES, FOR_EVER)
"""What a run is enough for, so that no bound limits it."""
OWED = "owed"
TOGETHER = 3
"""How many graphs a process keeps; one may take 100 MB."""

Pairs: TypeAlias = frozenset[tuple[str, str]]
Way: TypeAlias = list[Node]


@dataclass(frozen=True)
class Claim:
    """`goals` are conditions by their keys, `start` that of `from`; `watched` the variables of A and B they name."""

    scenario: str
    start: x.Expr
    goals: dict[str, x.Expr]
    pairs: Pairs
    quiet: bool
    watched: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def shared(self) -> str:
        """The same for claims that are about one graph."""
        return f"{self.scenario} {self.watched}"


@dataclass(frozen=True)
class Found:
    """What speaks against a claim: a run, the words for what it ends in; `bound` of a claim that holds."""

    reason: str = ""
    path: Path | None = None
    bound: str = ""


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    name = _scenario(fields, words, report)
    if not any(key in fields for key in (*CONDITIONS, PAIRS)):
        report.add(fields.place, "TM106", f"an exploration to the end needs one of {', '.join((*CONDITIONS, PAIRS))}")
    scope = words.scope("endpoints", "in a situation")
    start = conditions(fields, FROM, scope, report)
    goals = {key: conditions(fields, key, scope, report) for key in CONDITIONS if key in fields}
    quiet = fields.choice(UNDER_WAY, (NOTHING,)) == NOTHING
    a, b = (_watched(end, (start, *goals.values()), quiet, words.model, report) for end in ("A.", "B."))
    return Claim(name, start, goals, _pairs(fields, words, report), quiet, (a, b))


def _scenario(fields: Fields, words: Words, report: Report) -> str:
    """The name of the scenario, which has to be one that can be explored to the end."""
    name, text = scenario_of(fields, words, report), fields.text("scenario")
    if name and text and not ends(scenario(name, words.model.name)):
        hint = "no clock, and none or any losses and duplicates"
        report.add(text.place, "TM131", f"scenario '{name}' cannot be explored to the end", hint)
    return name


def _watched(end: str, nodes: Iterable[x.Expr], quiet: bool, model: Model, report: Report) -> tuple[str, ...]:
    """The variables of one endpoint that conditions name, by identifier; its state is always looked at."""
    found = {OWED: 1} if quiet else {}
    names = (part for node in nodes for part in x.walk(node) if isinstance(part, x.Name))
    for part in (part for part in names if part.name.startswith(end)):
        name = part.name.removeprefix(end)
        if name not in model.variables:
            report.add(part.place, "TM130", f"an exploration to the end does not keep '{part.name}'")
        found[identifier(name)] = 1
    return tuple(sorted(found.keys() - {"STATE"}))


def _pairs(fields: Fields, words: Words, report: Report) -> Pairs:
    found: set[tuple[str, str]] = set()
    for entry in fields.mapping(PAIRS).values():
        for a in resolve_states([entry.key], words.vocabulary, report):
            found |= {(a, b) for b in resolve_states(scalars(entry.value, report), words.vocabulary, report)}
    return frozenset(found)


def parts(item: Property, context: Context) -> Iterable[str]:
    """One part for each claim, and that it speaks of something."""
    claim: Claim = item.claim
    return (*([] if claim.start is TRUE else [MET]), *claim.goals, *([PAIRS] if claim.pairs else []))


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """Decided on the graph; what is left to decide is true or false."""
    view = View(explored(item.claim, context.model), item.claim)
    against = QUESTIONS[part](view)
    limited = [name for name in parts(item, context) if name not in SHOWN]
    bound = _bound(view.graph, scenario(view.claim.scenario, context.model.name)) if limited[:1] == [part] else ""
    yield Obligation(f"{part}: {item.name}", (), z3().BoolVal(against is None), against or Found(bound=bound))


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """The run that speaks against the claim; or that nothing speaks for it."""
    name, found = answer.obligation.name, answer.obligation.step
    if found.path is None:
        return Failure(name, found.reason)
    story = "; ".join(map(str, found.path.steps[found.path.begins :]))
    reason = f"{len(found.path)} steps: {story}; {found.reason}"
    return Failure(name, reason, counterexample=as_trace(found.path, item))


_GRAPHS: dict[tuple[int, str], tuple[Model, Graph]] = {}


def explored(claim: Claim, model: Model) -> Graph:
    """The graph of a claim's scenario, one of the last few explored in this process or a new one."""
    key = (id(model), claim.shared)
    if key not in _GRAPHS:
        while len(_GRAPHS) >= TOGETHER:
            del _GRAPHS[next(iter(_GRAPHS))]
        _GRAPHS[key] = model, finite(model, model, scenario(claim.scenario, model.name), claim.watched)
    return _GRAPHS[key][1]


def _bound(graph: Graph, options: Scenario) -> str:
    numbers = " and ".join(f"{', '.join(map(str, row))} of {end}" for row, end in zip(options.isns, "ab", strict=True))
    octets = " and ".join(f"{count} of {end}" for count, end in zip(options.texts, "ab", strict=True) if count)
    text = f"octets of text {octets}" if octets else "no text"
    rows = f"{graph.graph['product'].bound}, initial sequence numbers {numbers}, {text}"
    return f"scenario {options.name} ({options.title}): all {len(graph)} situations, {rows}"


@dataclass(frozen=True)
class View:
    """A graph as a claim sees it."""

    graph: Graph
    claim: Claim

    def meeting(self, node: x.Expr, quiet: bool) -> set[Node]:
        """The nodes that meet a condition; `quiet`: and have nothing under way."""
        told, product = evaluator(node), self.graph.graph["product"]
        locals = [{number: local for local, number in end.class_of.items()} for end in (product.a, product.b)]
        known: dict[tuple[int, int], bool] = {}
        for a, b, *_ in self.graph:
            if (a, b) not in known:
                now = Situation(product.system, State(locals[0][a], locals[1][b], ()))
                known[a, b] = bool(told(now)) and not (quiet and (now.a.tcb.owed or now.b.tcb.owed))
        return {node for node in self.graph if known[node[:2]] and not (quiet and any(node[2:4]))}

    def goal(self, key: str) -> set[Node]:
        """The nodes that meet the condition of that key."""
        return self.meeting(self.claim.goals[key], self.claim.quiet)

    @cached_property
    def start(self) -> set[Node]:
        """The nodes that the claim is made of."""
        return set(self.graph) if self.claim.start is TRUE else self.meeting(self.claim.start, False)

    def against(self, bad: set[Node], trap: bool = False, by: Graph | None = None) -> Found | None:
        """A run to a bad node, from one spoken of on in the graph `by`, and into a trap where one is meant."""
        if not bad:
            return None
        graph, way = self.graph, self._way(bad, by or self.graph)
        end = bottoms(graph, behind(graph, {way[-1]}))[0] if trap else set()
        on = nearest(graph, {way[-1]}, end)[1:] if trap else []
        round_ = _round(graph, [*way, *on][-1]) if trap else []
        product = graph.graph["product"]
        return Found(_ending(product.words(round_), trap), run(product, [*way, *on, *round_[1:]]))

    def _way(self, bad: set[Node], by: Graph) -> Way:
        """The shortest way to a bad node where all are spoken of; else one of the shortest from what is."""
        graph, first = self.graph, self.graph.graph["initial"]
        if self.claim.start is TRUE:
            return nearest(graph, {first}, bad)
        way = nearest(by, self.start.intersection(by), bad)
        return [*nearest(graph, {first}, {way[0]}), *way[1:]]


def _round(graph: Graph, node: Node) -> Way:
    """A shortest way from a node back to it; the node alone where nothing happens any more."""
    return min(([node, *nearest(graph, {after}, {node})] for after in sorted(graph[node])), key=len, default=[node])


def _ending(steps: list[str], trap: bool) -> str:
    if not trap:
        return "that is what should not be"
    return f"the last {len(steps)} again and again" if steps else "nothing happens any more"


def _met(view: View) -> Found | None:
    return None if view.start else Found("it never does")


def _never(view: View) -> Found | None:
    return view.against(behind(view.graph, view.start) & view.goal(NEVER))


def _reaches(view: View) -> Found | None:
    return None if behind(view.graph, view.start) & view.goal(REACHES) else Found("nothing leads there")


def _can(view: View) -> Found | None:
    return view.against(view.start - before(view.graph, view.goal(CAN)), trap=True)


def _inevitable(view: View) -> Found | None:
    goal = view.goal(INEVITABLE)
    unmet = view.graph.subgraph(set(view.graph) - goal)
    return view.against(behind(unmet, view.start - goal) - before(view.graph, goal), trap=True, by=unmet)


def _for_ever(view: View) -> Found | None:
    goal, found = view.goal(FOR_EVER), bottoms(view.graph, behind(view.graph, view.start))
    return None if any(len(part) > 1 and part <= goal for part in found) else Found("it comes to an end")


def _all_pairs(view: View) -> Found | None:
    nodes, claim = behind(view.graph, view.start), view.claim
    pairs = view.graph.nodes(data="pair")
    more = {node for node in nodes if pairs[node] not in claim.pairs}
    gone = sorted(claim.pairs - {pairs[node] for node in nodes})
    return view.against(more) or (Found("never reached: " + ", ".join(map(" / ".join, gone))) if gone else None)


QUESTIONS: dict[str, Callable[[View], Found | None]] = {
    MET: _met,
    NEVER: _never,
    REACHES: _reaches,
    CAN: _can,
    INEVITABLE: _inevitable,
    FOR_EVER: _for_ever,
    PAIRS: _all_pairs,
}
"""By the part of a property: what speaks against it, None where it holds."""
