"""Plain values in the place of free terms, and back: what a Z3 model says, or what a step does to given numbers.

Plain values are those of the step functions: ints, bools, control bits as one int, spans as pairs, owed answers as
(ordinal of the rule, SEQ and ACK of each form).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tcpmodel.compile.encodings import BITS, CIRCLE, Encoding, Term, z3
from tcpmodel.compile.values import Slots, Value, leaves
from tcpmodel.spec import expr as x

ANSWERS = "owed"
"""The type of what an endpoint owes, beside those of the language."""


def bound(variable: Value, type: str, plain: Any, encoding: Encoding) -> Iterator[tuple[Term, Term]]:
    """The free terms of a variable, each with the literal it gets for a plain value."""
    if type == x.FLAGS:
        plain = tuple(plain >> bit & 1 for bit in range(BITS))
        yield from ((term, encoding.literal(value, x.BOOL)) for term, value in zip(variable, plain, strict=True))
    elif type in (x.SPANS, ANSWERS):
        yield from _slots(variable, type, plain, encoding)
    else:
        yield variable, encoding.literal(plain, type)


def _slots(slots: Slots, type: str, plain: Any, encoding: Encoding) -> Iterator[tuple[Term, Term]]:
    if len(plain) > len(slots):
        raise ValueError(f"{len(plain)} entries do not fit into {len(slots)} slots")
    for number, (present, *numbers) in enumerate(slots):
        used = number < len(plain)
        yield present, encoding.literal(used, x.BOOL)
        row = [*plain[number]] if used else []
        row += [0] * (len(numbers) - len(row))
        for place, (term, value) in enumerate(zip(numbers, row, strict=True)):
            ordinal = type == ANSWERS and place == 0
            yield term, encoding.literal(value, x.STATE if ordinal else x.SEQ)


def plain(value: Value, type: str) -> Any:
    """The plain value of literals: as `bound` takes it, slots that are not in use left out."""
    if type == x.FLAGS:
        return sum(plain(part, x.BOOL) << bit for bit, part in enumerate(value))
    if type in (x.SPANS, ANSWERS):
        first = x.STATE if type == ANSWERS else x.SEQ
        used = (row for present, *row in value if plain(present, x.BOOL))
        return tuple(tuple(plain(part, x.SEQ if n else first) for n, part in enumerate(row)) for row in used)
    if type == x.BOOL:
        return bool(z3().is_true(value))
    if type == x.SEQ:
        return int(value.as_long()) % CIRCLE
    return int(value.as_long() if z3().is_int(value) else value.as_signed_long())


class Evaluator:
    """Several values over the same free terms, worked out together for given literals."""

    def __init__(self, values: Iterable[Value]) -> None:
        self.values = list(values)
        terms = [leaf for value in self.values for leaf in leaves(value)]
        pack = z3().Function("pack", *(term.sort() for term in terms), z3().BoolSort())
        self.packed = pack(*terms)

    def at(self, bindings: Iterable[tuple[Term, Term]]) -> list[Value]:
        """The values with literals in the place of all free terms."""
        found = z3().simplify(z3().substitute(self.packed, *bindings))
        rest = iter(found.children())
        return [_rebuilt(value, rest) for value in self.values]


def _rebuilt(value: Value, rest: Iterator[Term]) -> Value:
    return tuple(_rebuilt(part, rest) for part in value) if isinstance(value, tuple) else next(rest)
