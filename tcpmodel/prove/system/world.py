"""Endpoints, segments and what is said of them, as terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from tcpmodel.compile.bounded import padded
from tcpmodel.compile.bounds import segment, width
from tcpmodel.compile.encodings import Integers, Term, address, both, z3
from tcpmodel.compile.relation import Relation
from tcpmodel.compile.values import Value, Values, variable
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import Machine
from tcpmodel.prove.scopes import SEGMENT
from tcpmodel.prove.system.ghosts import Ghosts, read_ghosts
from tcpmodel.prove.system.pending import Pending
from tcpmodel.spec import expr as x
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.scope import SEGMENT_FIELD

KEPT = "system"
SEGMENTS = ("M", "N")
Pairs: TypeAlias = list[tuple[Term, Term]]


@dataclass(frozen=True)
class Template:
    """A condition over free terms, by the names that they stand for; the condition is kept, for the sake of its id."""

    node: Expr
    term: Term
    free: Values


@dataclass
class World:
    """A model whose sequence numbers are unwrapped integers, and its ghosts."""

    machine: Machine
    ghosts: Ghosts
    templates: dict[int, Template] = field(default_factory=dict)
    known: dict[str, Values] = field(default_factory=dict)
    widths: dict[str, Term] = field(default_factory=dict)
    values: dict[tuple[int, ...], tuple[Pairs, Value]] = field(default_factory=dict)
    """What has been read, by where expression and values lie; they are kept, so that nothing else gets there."""

    @property
    def relation(self) -> Relation:
        return self.machine.relation

    @cached_property
    def limits(self) -> Values:
        """The numbers that never change."""
        return {ghost.name: self._free(ghost.name, ghost.type) for ghost in self.ghosts.limits}

    def _free(self, name: str, type: str) -> Value:
        return variable(self.machine.encoding, name, type, self.relation.spans)

    def endpoint(self, prefix: str) -> Values:
        """An endpoint in any state; always the same one for a prefix."""
        if prefix not in self.known:
            held = (ghost for ghost in self.ghosts.endpoint if not ghost.derived)
            ghosts = {ghost.name: self._free(prefix + ghost.name, ghost.type) for ghost in held}
            self.known[prefix] = self.derived({**self.relation.tcb(prefix), **ghosts})
        return self.known[prefix]

    def initial(self) -> Values:
        """An endpoint to which nothing has happened yet."""
        rows = {row.name: row.initial for row in self.relation.groups["tcb"]}
        rows |= {ghost.name: ghost.initial for ghost in self.ghosts.endpoint}
        return self.derived({name: self.read(node, {}) for name, node in rows.items() if node is not None})

    def derived(self, values: Values) -> Values:
        """The values with those of the ghosts that are names for expressions."""
        found = dict(values)
        for ghost in self.ghosts.endpoint:
            if ghost.derived and ghost.value is not None:
                found[ghost.name] = self.read(ghost.value, found)
        return found

    def segment(self, prefix: str) -> Values:
        """Any segment, with its ghosts; always the same one for a prefix."""
        key = f"{SEGMENT} {prefix}"
        if key not in self.known:
            found = {row.name: self._free(prefix + row.name, row.type) for row in self.relation.groups["segment"]}
            self.known[key] = {**found, **self.marks(prefix)}
        return self.known[key]

    def marks(self, prefix: str) -> Values:
        """The ghosts of any segment."""
        names = ((f"{SEGMENT}.{ghost.name}", ghost.type) for ghost in self.ghosts.segment)
        return {name: self._free(prefix + name, type) for name, type in names}

    def marked(self, sender: Values) -> Values:
        """The ghosts of a segment that an endpoint sends."""
        rows = ((ghost.name, ghost.value) for ghost in self.ghosts.segment)
        return {f"{SEGMENT}.{name}": self.read(node, sender) for name, node in rows if node is not None}

    def leaving(self, sender: Values) -> Values:
        """Those ghosts of a segment that it gets when it leaves, whenever it was owed."""
        rows = ((ghost.name, ghost.leaves) for ghost in self.ghosts.segment)
        return {f"{SEGMENT}.{name}": self.read(node, sender) for name, node in rows if node is not None}

    def read(self, node: Expr, values: Values) -> Value:
        """The value of an expression, which is translated once; its names are then replaced.

        Numbers are compared as they are, which assumes no window.
        """
        if id(node) not in self.templates:
            names = {item.name: item.type for item in x.walk(node) if isinstance(item, x.Name)}
            free = {name: self._free(name, type) for name, type in names.items()}
            self.templates[id(node)] = Template(node, self.machine.value(node, free)[0], free)
        template, limits = self.templates[id(node)], self.limits
        rows = ((free, values[name]) for name, free in template.free.items() if name not in limits)
        pairs = [pair for row in rows for pair in _paired(*row)]
        key = (id(node), *(address(value) for _, value in pairs))
        if key not in self.values:
            changed = [(free, value) for free, value in pairs if address(free) != address(value)]
            self.values[key] = pairs, _replaced(template.term, changed)
        return self.values[key][1]

    def width(self, values: Values, group: str) -> Term:
        """What is true of any endpoint, or of any segment: see `tcpmodel.compile.bounds`."""
        rows = self.relation.groups[group]
        key = f"{group} {values[rows[0].name]}"
        if key not in self.widths:
            found = (term for row in rows for term in width(row, values[row.name], self.relation))
            shape = segment(values, self.machine.encoding) if group == SEGMENT_FIELD else ()
            self.widths[key] = both(*found, *shape)
        return self.widths[key]


def world_of(context: Context) -> World:
    """The world of a model under proof, built once."""
    if KEPT not in context.kept:
        machine = Machine(context.model, Integers())
        machine.relation = Relation(context.model, machine.encoding, answers=Pending(context.model))
        context.kept[KEPT] = World(machine, read_ghosts(context.model, context.properties.documents))
    return context.kept[KEPT]  # type: ignore[no-any-return]


def _replaced(value: Value, pairs: Pairs) -> Value:
    if isinstance(value, tuple):
        return tuple(_replaced(part, pairs) for part in value)
    return z3().substitute(value, *pairs) if pairs else value


def _paired(free: Value, value: Value) -> Iterator[tuple[Term, Term]]:
    """The free terms of a value, each with what takes its place; of spans there may be fewer than there is room for."""
    if isinstance(free, tuple):
        for part, found in zip(free, padded(value, len(free), free), strict=True):
            yield from _paired(part, found)
    else:
        yield free, value


def behind(prefix: str, values: Values, cut: str = "") -> Iterator[tuple[str, Value]]:
    """Values with their names behind a prefix, `cut` off first."""
    for name, value in values.items():
        yield f"{prefix}.{name.removeprefix(cut)}", value


class Named(dict[str, Value]):
    """Values by names behind a prefix, found when they are asked for; those of segments begin with SEG in `ends`."""

    def __init__(self, **ends: Values) -> None:
        self.ends = ends

    def __missing__(self, name: str) -> Value:
        prefix, _, rest = name.partition(".")
        return self.ends[prefix][f"{SEGMENT}.{rest}" if prefix in SEGMENTS else rest]


def bound(a: Values, b: Values, m: Values | None = None, n: Values | None = None) -> Values:
    """The values of the names in conditions: endpoints A and B, segments M and N."""
    return Named(A=a, B=b, M=m or {}, N=n or {})


def flags(mask: int, bits: int, values: Values) -> Iterator[Term]:
    """The control bits of a segment are `mask` where `bits` look."""
    for bit, value in enumerate(values[f"{SEGMENT}.CTL"]):
        if bits >> bit & 1:
            yield value == bool(mask >> bit & 1)


def alike(a: Values, b: Values, names: tuple[str, ...]) -> Term:
    """Two segments agree in the fields of these names."""
    return both(*(a[f"{SEGMENT}.{name}"] == b[f"{SEGMENT}.{name}"] for name in names))
