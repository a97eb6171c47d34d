"""The type rules of expressions, as tables: what an operator makes of two types, and where a literal fits.

Sequence numbers live on a circle of 2^32 (RFC 9293 3.4): a distance may be added to one, two have a distance,
and no sum. Times are points and durations alike, so they add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tcpmodel.spec.builtins import SEGMENT
from tcpmodel.spec.expr import BOOL, FLAGS, INT, SEQ, SPANS, STATE, TIME, Choice, Expr, Literal

UNKNOWN = ""
"""The type of what was already reported; it fits everywhere so that one error stays one."""

ARITHMETIC = {
    ("+", INT, INT): INT,
    ("+", SEQ, INT): SEQ,
    ("+", INT, SEQ): SEQ,
    ("+", TIME, TIME): TIME,
    ("-", INT, INT): INT,
    ("-", SEQ, INT): SEQ,
    ("-", SEQ, SEQ): INT,
    ("-", TIME, TIME): TIME,
    ("*", INT, INT): INT,
    ("*", TIME, INT): TIME,
    ("*", INT, TIME): TIME,
    ("//", INT, INT): INT,
    ("//", TIME, INT): TIME,
    ("<<", INT, INT): INT,
    (">>", INT, INT): INT,
}
ORDERED = (INT, SEQ, TIME)

ADVICE = {
    ("+", SEQ, SEQ): "add a number of octets; the distance of two sequence numbers is their difference",
    ("-", INT, SEQ): "subtract from a sequence number",
    ("+", TIME, INT): "give the duration a unit: declare a constant such as '500 ms'",
    ("-", TIME, INT): "give the duration a unit: declare a constant such as '500 ms'",
    ("+", INT, TIME): "give the duration a unit: declare a constant such as '500 ms'",
}


PHRASES = {
    BOOL: "a truth value",
    INT: "a number",
    SEQ: "a sequence number",
    TIME: "a time",
    STATE: "a state",
    FLAGS: "a set of control bits",
    SPANS: "a set of spans",
    SEGMENT: "a segment",
}


def unknown(expr: Expr | str) -> bool:
    """Whether a type is not known because of an error reported before."""
    return (expr if isinstance(expr, str) else expr.type) == UNKNOWN


def plain_number(expr: Expr) -> bool:
    """Whether it is a number written out, which may stand for a sequence number too."""
    if isinstance(expr, Choice):
        return plain_number(expr.then) and plain_number(expr.other)
    return isinstance(expr, Literal) and expr.type == INT and not expr.text


def coerce(expr: Expr, wanted: str) -> Expr | None:
    """The expression as one of type `wanted`, or None: numbers fit seq (0 to 2^32 - 1), 0 fits time."""
    if expr.type == wanted or unknown(expr) or unknown(wanted):
        return expr
    if not plain_number(expr):
        return None
    if isinstance(expr, Choice):
        then, other = coerce(expr.then, wanted), coerce(expr.other, wanted)
        return replace(expr, type=wanted, then=then, other=other) if then and other else None
    fits = isinstance(expr, Literal) and (
        (wanted == SEQ and 0 <= expr.value < 1 << 32) or (wanted == TIME and expr.value == 0)
    )
    return replace(expr, type=wanted) if fits else None


def unify(items: Sequence[Expr]) -> tuple[Expr, ...] | None:
    """The expressions with one type in common, or None."""
    firm = [item.type for item in items if not unknown(item) and not plain_number(item)]
    wanted = firm[0] if firm else items[0].type
    coerced = [coerce(item, wanted) for item in items]
    return tuple(item for item in coerced if item is not None) if all(coerced) else None


def common(items: Sequence[Expr]) -> str:
    """The type of unified expressions: that of the first which has one."""
    return next((item.type for item in items if not unknown(item)), UNKNOWN)


def arithmetic(op: str, left: str, right: str) -> str | None:
    """The type of `left op right`, UNKNOWN when a part is, None when there is no such operation."""
    if unknown(left) or unknown(right):
        return UNKNOWN
    return ARITHMETIC.get((op, left, right))


def article(type: str) -> str:
    """The type as messages name it."""
    return PHRASES.get(type, f"a member of {type}")
