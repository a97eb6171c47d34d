"""Typed expressions: what a guard or an assignment of the specification means, independent of any target.

Every node knows its type and its place; places never count in equality. The parser (`parse.py`) is the only
producer, the generators under `tcpmodel.compile` are the consumers. A chained comparison arrives here as a
conjunction of pairs, a predicate call as `Apply` with its body already substituted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tcpmodel.errors import Place

BOOL, INT, SEQ, TIME, STATE, FLAGS, SPANS = "bool", "int", "seq", "time", "state", "flags", "spans"
NOWHERE = Place("", 0, 0, 0)


@dataclass(frozen=True)
class Expr:
    """A typed expression; `type` is one of the constants above or the name of an enumeration."""

    type: str
    place: Place = field(default=NOWHERE, compare=False, kw_only=True)


@dataclass(frozen=True)
class Literal(Expr):
    """A number, a boolean, a time (nanoseconds), or the ordinal of a state or an enumerator (`text` names it)."""

    value: int
    text: str = ""


@dataclass(frozen=True)
class Name(Expr):
    """A variable: `kind` is tcb, segment, argument, environment or parameter; a constant becomes a Literal."""

    kind: str
    name: str


@dataclass(frozen=True)
class Not(Expr):
    item: Expr


@dataclass(frozen=True)
class Junction(Expr):
    """`and` / `or` over two or more items."""

    op: str
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Compare(Expr):
    """`op` is one of == != < <= > >=; on seq the order is the modular one (RFC 9293 3.4)."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Arith(Expr):
    """`op` is one of + - * // << >> min max. seq + int and seq - int are seq; seq - seq is the signed distance."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Choice(Expr):
    """`then if test else other`."""

    test: Expr
    then: Expr
    other: Expr


@dataclass(frozen=True)
class Member(Expr):
    """`item in {A, B}` for states and enumerators: `options` are ordinals, `texts` their names."""

    item: Expr
    options: tuple[int, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class HasFlag(Expr):
    """`SYN in SEG.CTL`: is the control bit `mask` set in `flags`; several bits mean all of them."""

    flags: Expr
    mask: int
    text: str


@dataclass(frozen=True)
class Builtin(Expr):
    """A function of the language itself: owed(SEG), and those over spans (see `tcpmodel.spec.builtins`)."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True)
class Apply(Expr):
    """A named predicate applied: `body` is its expression with the arguments put in."""

    name: str
    args: tuple[Expr, ...]
    body: Expr


def children(node: Expr) -> tuple[Expr, ...]:
    """The direct parts of a node, in the order of the text."""
    if isinstance(node, Not | Member):
        return (node.item,)
    if isinstance(node, Junction):
        return node.items
    if isinstance(node, Compare | Arith):
        return (node.left, node.right)
    if isinstance(node, Choice):
        return (node.test, node.then, node.other)
    if isinstance(node, HasFlag):
        return (node.flags,)
    if isinstance(node, Builtin):
        return node.args
    return (node.body,) if isinstance(node, Apply) else ()


def walk(node: Expr) -> Iterator[Expr]:
    """The node and everything below it, the node first."""
    yield node
    for child in children(node):
        yield from walk(child)


def conjuncts(node: Expr) -> Iterator[Expr]:
    """The parts of a top-level `and`, or the node itself."""
    if isinstance(node, Junction) and node.op == "and":
        for item in node.items:
            yield from conjuncts(item)
    else:
        yield node
