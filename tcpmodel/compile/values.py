"""Values of the specification as Z3 terms or tuples of them, and how they are told apart, chosen and read back.

bool, int, seq, time, state and enumerators are terms; control bits are nine truth values, FIN first; spans and owed
answers are tuples of slots whose first part says whether the slot is in use (`bounded.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from tcpmodel.compile.encodings import BITS, Encoding, Term, address, is_false, is_true, z3
from tcpmodel.spec import expr as x

Value: TypeAlias = Any
"""A term or a tuple of values."""

Values: TypeAlias = Mapping[str, Value]
Slot: TypeAlias = tuple[Term, ...]
Slots: TypeAlias = tuple[Slot, ...]


def alike(a: Value, b: Value) -> bool:
    """Whether two values are written alike."""
    if a is b:
        return True
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return address(a) == address(b)


def choose(test: Term, then: Value, other: Value) -> Value:
    """`then if test else other`, part by part; of two tuples of slots the shorter has absent ones at its end."""
    if is_true(test) or alike(then, other):
        return then
    if is_false(test):
        return other
    if isinstance(then, tuple):
        size = max(len(then), len(other))
        return tuple(
            choose(test, a, b) for a, b in zip(_sized(then, other, size), _sized(other, then, size), strict=True)
        )
    return z3().If(test, then, other)


def _sized(slots: Slots, like: Slots, size: int) -> Slots:
    return (*slots, *((z3().BoolVal(False), *slot[1:]) for slot in like[len(slots) : size]))


def variable(encoding: Encoding, name: str, type: str, room: int = 0) -> Value:
    """Free constants for a variable of that type; spans get `room` slots."""
    if type == x.FLAGS:
        return tuple(z3().Bool(f"{name}.{bit}") for bit in range(BITS))
    if type == x.SPANS:
        return tuple(
            (z3().Bool(f"{name}.{n}"), *(encoding.variable(f"{name}.{n}.{edge}", x.SEQ) for edge in ("low", "high")))
            for n in range(room)
        )
    return encoding.variable(name, type)


def leaves(value: Value) -> Iterator[Term]:
    """The terms of a value, from left to right."""
    if isinstance(value, tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value
