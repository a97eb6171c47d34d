"""Properties of the state diagram as a whole: it stays `within` a drawn one, or differs from that of another profile.

`within` names a diagram (specs/diagrams); `beyond` lists the changes of state that it leaves out, by the event on
which they happen and the states that they lead from and to. `against` names a profile; `differs` lists the changes
of state that only one of the two has. Both lists have to be exact: a row that is no longer needed fails too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcpmodel.compile.diagram import diagram_of
from tcpmodel.compile.encodings import z3
from tcpmodel.compile.graph import graph_of
from tcpmodel.prove.context import Context
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import Words
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Mapping
from tcpmodel.spec.vocabulary import resolve_states

KEYS = ("within", "beyond", "against", "differs")
ROW = Shape("a change of state", ("from", "to", "on"), ("cite", "note"))
MISSING, NEEDLESS = "not listed", "listed, but not there"

Arrow = tuple[str, str, str]
"""From, to, event."""


@dataclass(frozen=True)
class Claim:
    """`against` is the name of a profile; without one the arrows of the diagram are meant."""

    arrows: frozenset[Arrow]
    against: str


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, its states resolved."""
    if ("within" in fields) == ("against" in fields):
        report.add(fields.place, "TM106", "a property of the diagram needs either 'within' or 'against'")
    within = fields.text("within")
    if within and within.value != words.model.name:
        report.add(within.place, "TM130", f"no diagram '{within.value}'", words.model.name)
    listed = (arrow for key in ("beyond", "differs") for arrow in _rows(fields, key, words, report))
    return Claim(frozenset(listed), fields.words("against"))


def _rows(fields: Fields, key: str, words: Words, report: Report) -> Iterator[Arrow]:
    for node in fields.nodes(key):
        row = Fields(node if isinstance(node, Mapping) else fields.node, ROW, report)
        ends = [resolve_states(row.texts(end), words.vocabulary, report) for end in ("from", "to")]
        for source in ends[0]:
            yield from ((source, target, row.words("on")) for target in ends[1])


def arrows(model: Model) -> set[Arrow]:
    """The changes of state of a model."""
    edges = graph_of(model).edges(data="event")
    return {(source, target, event) for source, target, event in edges if source != target}


def parts(item: Property, context: Context) -> Iterable[str]:
    """What is there and not listed, and the other way round."""
    return (MISSING, NEEDLESS)


def _strays(item: Property, part: str, context: Context) -> list[Arrow]:
    claim: Claim = item.claim
    found = arrows(context.model)
    if claim.against:
        found ^= arrows(load(context.model.name, profile=claim.against))
    else:
        found -= {(arrow.source, arrow.target, arrow.event) for arrow in diagram_of(context.model).arrows}
    return sorted(found - claim.arrows if part == MISSING else claim.arrows - found)


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """Decided on the diagram, which a solver has made; what is left to decide is true or false."""
    strays = _strays(item, part, context)
    yield Obligation(f"{part}: {item.name}", (), z3().BoolVal(not strays), strays)


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """The changes of state that make the lists wrong."""
    strays = (f"{source} -> {target}: {event}" for source, target, event in answer.obligation.step)
    return Failure(answer.obligation.name, "; ".join(strays))
