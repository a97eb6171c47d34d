"""Two ways to write the numbers of a specification as Z3 terms.

`Vectors` follows the wire: a sequence number is a 32-bit vector, `<` is the modular order, everything else is a
64-bit vector (exact while no int or time leaves +-2^62, which header fields and nanoseconds since the epoch do not).
All goals stay in one theory, bit vectors.

`Integers` is for proofs: a sequence number is an unwrapped integer with the ordinary order. That is the modular
order only while what is compared lies less than 2^31 apart, and equality on the circle only while it lies less than
2^32 apart. These are the window assumptions (RFC 9293 3.4 and RFC 7323 5.2 state them in prose); `window` and
`turn` spell them out, and whoever builds a term collects them.

A control-bits value is nine truth values, FIN first; states and enumerators are small numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from tcpmodel.spec import expr as x

if TYPE_CHECKING:
    from types import ModuleType

Term: TypeAlias = Any
"""A Z3 expression; the package z3 has no types."""

HALF_CIRCLE, CIRCLE = 1 << 31, 1 << 32
SEQ_BITS, INT_BITS, ORDINAL_BITS = 32, 64, 16
BITS = 9
COUNTS = range(15)
"""The shift counts that a term can tell apart: those that RFC 7323 allows. Others are assumed away."""


@cache
def z3() -> ModuleType:
    """The solver's package, imported when a term is first built."""
    import z3 as package  # type: ignore[import-untyped,unused-ignore]

    return package  # type: ignore[no-any-return,unused-ignore]


def address(term: Term) -> int:
    """Where a term lies: two that are alive and the same lie in the same place."""
    return term.ast.value  # type: ignore[no-any-return]


@cache
def _place(value: bool) -> int:
    """Where Z3's constant lies: there is one of each, which it keeps."""
    return address(z3().BoolVal(value))


def is_true(term: Term) -> bool:
    """Whether it is plainly true; Z3's own function asks the solver's library for its kind first."""
    return address(term) == _place(True)


def is_false(term: Term) -> bool:
    """Whether it is plainly false."""
    return address(term) == _place(False)


def both(*items: Term) -> Term:
    """The conjunction, with what is plainly true or false worked out."""
    return _junction(items, is_true, is_false, z3().Z3_mk_and, True)


def either(*items: Term) -> Term:
    """The disjunction, with what is plainly true or false worked out."""
    return _junction(items, is_false, is_true, z3().Z3_mk_or, False)


def _junction(items: Sequence[Term], neutral: Any, absorbing: Any, join: Any, empty: bool) -> Term:
    """`join` is the function of Z3's library, as that of its package looks at the sort of every part first."""
    kept = [item for item in items if not neutral(item)]
    found = next((item for item in kept if absorbing(item)), None)
    if found is not None:
        return found
    if len(kept) < 2:
        return kept[0] if kept else z3().BoolVal(empty)
    parts = (z3().Ast * len(kept))(*(item.ast for item in kept))
    return z3().BoolRef(join(kept[0].ctx.ref(), len(kept), parts), kept[0].ctx)


def negation(item: Term) -> Term:
    """The opposite, without a second `not` in front of the first."""
    if is_true(item) or is_false(item):
        return z3().BoolVal(is_false(item))
    return item.arg(0) if z3().is_not(item) else z3().Not(item)


class Encoding(Protocol):
    """How numbers are written. `before` is the strict order of the circle; ints and times use `< <= + - *`.

    `limits` says what whoever builds a term collects: where the term is exact.
    """

    name: str
    limits: str

    def variable(self, name: str, type: str) -> Term: ...
    def literal(self, value: int, type: str) -> Term: ...
    def before(self, a: Term, b: Term) -> Term: ...
    def plus(self, seq: Term, distance: Term) -> Term: ...
    def minus(self, seq: Term, distance: Term) -> Term: ...
    def distance(self, a: Term, b: Term) -> Term: ...
    def wrapped(self, number: Term) -> Term: ...
    def divide(self, a: Term, b: Term) -> Term: ...
    def halve(self, a: Term, times: int) -> Term: ...
    def window(self, a: Term, b: Term) -> Term: ...
    def turn(self, a: Term, b: Term) -> Term: ...


class Vectors:
    """Sequence numbers as 32-bit vectors, everything else as wider ones."""

    name = "vectors"
    limits = "the room for spans and answers"

    def variable(self, name: str, type: str) -> Term:
        """A free constant of a scalar type."""
        return z3().Bool(name) if type == x.BOOL else z3().BitVec(name, _bits(type))

    def literal(self, value: int, type: str) -> Term:
        """A value of a scalar type."""
        return z3().BoolVal(bool(value)) if type == x.BOOL else z3().BitVecVal(value, _bits(type))

    def before(self, a: Term, b: Term) -> Term:
        """Bit 31 of the difference (RFC 9293 3.4), as the step functions have it."""
        return a - b < 0

    def plus(self, seq: Term, distance: Term) -> Term:
        return seq + self.wrapped(distance)

    def minus(self, seq: Term, distance: Term) -> Term:
        return seq - self.wrapped(distance)

    def distance(self, a: Term, b: Term) -> Term:
        """From `b` to `a`, -2^31 .. 2^31-1."""
        return z3().SignExt(INT_BITS - SEQ_BITS, a - b)

    def wrapped(self, number: Term) -> Term:
        """An int modulo 2^32."""
        return z3().Extract(SEQ_BITS - 1, 0, number)

    def divide(self, a: Term, b: Term) -> Term:
        """Rounded down, for b > 0."""
        return z3().If(a >= 0, a / b, (a - b + 1) / b)

    def halve(self, a: Term, times: int) -> Term:
        return a >> times

    def window(self, a: Term, b: Term) -> Term:
        """Nothing: the order of the circle is exact."""
        return z3().BoolVal(True)

    def turn(self, a: Term, b: Term) -> Term:
        """Nothing: equality is exact."""
        return z3().BoolVal(True)


class Integers:
    """Sequence numbers as unwrapped integers with the ordinary order, under the window assumptions."""

    name = "integers"
    limits = "the window assumption"

    def variable(self, name: str, type: str) -> Term:
        """A free constant of a scalar type."""
        return z3().Bool(name) if type == x.BOOL else z3().Int(name)

    def literal(self, value: int, type: str) -> Term:
        """A value of a scalar type."""
        return z3().BoolVal(bool(value)) if type == x.BOOL else z3().IntVal(value)

    def before(self, a: Term, b: Term) -> Term:
        return a < b

    def plus(self, seq: Term, distance: Term) -> Term:
        return seq + distance

    def minus(self, seq: Term, distance: Term) -> Term:
        return seq - distance

    def distance(self, a: Term, b: Term) -> Term:
        return a - b

    def wrapped(self, number: Term) -> Term:
        """The number itself: it stands for its place on an unwrapped circle of its own."""
        return number

    def divide(self, a: Term, b: Term) -> Term:
        """Rounded down, for b > 0."""
        return a / b

    def halve(self, a: Term, times: int) -> Term:
        return a / (1 << times)

    def window(self, a: Term, b: Term) -> Term:
        """The order of `a` and `b` is that of the circle: they lie less than 2^31 apart."""
        return z3().And(a - b < HALF_CIRCLE, b - a < HALF_CIRCLE)

    def turn(self, a: Term, b: Term) -> Term:
        """`a` and `b` are equal if and only if they are on the circle: they lie less than 2^32 apart."""
        return z3().And(a - b < CIRCLE, b - a < CIRCLE)


def _bits(type: str) -> int:
    return {x.SEQ: SEQ_BITS, x.INT: INT_BITS, x.TIME: INT_BITS}.get(type, ORDINAL_BITS)
