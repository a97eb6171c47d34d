"""Ghost variables: what no endpoint knows and no rule reads, but proofs speak of, such as the incarnation of a segment.

A ghost of an endpoint has an `initial` value; `begins` is its value after a rule that begins a connection, `value` the
one after a rule that sets the variable it `follows`, or after the event it is `on`, which may be any. With a `value`
alone it is a name for an expression. A ghost of a segment has the `value` that its sender gave when the segment was
sent or owed; with `leaves` it has another one from the moment when the segment leaves. A number that never changes is
any in a proof by induction; `explored` is its value in explorations, which know it by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tcpmodel.compile.encodings import Term, either, z3
from tcpmodel.compile.relation import Step
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.shapes import GHOST, GHOSTS
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Model
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import Scope
from tcpmodel.spec.shape import Fields
from tcpmodel.spec.source import Mapping

ANY = "any"
"""Every event."""


@dataclass(frozen=True)
class Ghost:
    """One ghost variable; see the module."""

    name: str
    type: str
    initial: Expr | None
    begins: Expr | None
    follows: str
    on: str
    value: Expr | None
    leaves: Expr | None = None
    explored: Expr | None = None

    @property
    def derived(self) -> bool:
        """Whether it is a name for an expression."""
        return self.initial is None

    def begun(self, step: Step) -> Term:
        """Whether a connection has begun in the step."""
        return either(*(f.when for f in step.firings if f.rule.begins))

    def led(self, step: Step) -> Term:
        """Whether the step has done what the ghost follows."""
        event = f"{step.procedure.event} {step.procedure.event_name}".strip()
        if self.on == ANY:
            return z3().BoolVal(True)
        if self.on:
            return either(*(f.when for f in step.firings if event == self.on))
        return either(*(f.when for f in step.firings if self.follows in dict(f.rule.sets)))


@dataclass
class Ghosts:
    """All ghost variables, by what they belong to; limits are numbers that never change."""

    endpoint: list[Ghost] = field(default_factory=list)
    segment: list[Ghost] = field(default_factory=list)
    limits: list[Ghost] = field(default_factory=list)

    @property
    def explored(self) -> dict[str, Expr]:
        """Those that are names for an expression or, in an exploration, for a number."""
        rows = [(row.name, row.value) for row in self.endpoint if row.derived]
        rows += [(row.name, row.explored) for row in self.limits]
        return {name: node for name, node in rows if node is not None}


def read_ghosts(model: Model, documents: dict[str, Mapping]) -> Ghosts:
    """The ghosts that documents declare. Raises SpecError where one cannot be read."""
    report, words, found = Report(), Words(model), Ghosts()
    nodes = [node for key, node in documents.items() if key.startswith("ghosts ")]
    for node in nodes:
        words.declare(node, report)
    scope = words.scope("ghost", "in a ghost variable")
    for node in nodes:
        fields = Fields(node, GHOSTS, report)
        found.endpoint += _ghosts(fields, "endpoint", words, scope, report)
        found.segment += _ghosts(fields, "segment", words, scope, report)
        found.limits += _ghosts(fields, "limits", words, scope, report)
    report.check()
    return found


def _ghosts(fields: Fields, kind: str, words: Words, scope: Scope, report: Report) -> Iterator[Ghost]:
    for name, entry in fields.mapping(kind).items():
        if isinstance(entry.value, Mapping):
            yield _ghost(name, words.ghosts[kind][name].type, Fields(entry.value, GHOST, report), scope, report)


def _ghost(name: str, type: str, fields: Fields, scope: Scope, report: Report) -> Ghost:
    found = {}
    for key in ("initial", "begins", "value", "leaves", "explored"):
        text = fields.text(key)
        found[key] = expression(text, scope, report, type) if text else None
    return Ghost(name, type, follows=fields.words("follows"), on=fields.words("on"), **found)
