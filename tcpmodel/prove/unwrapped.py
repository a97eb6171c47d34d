"""Terms over bit vectors read as terms over integers, every operation modulo a power of two as the standard has it.

So a term that was built of 32-bit numbers can be compared with one that was built of unwrapped numbers, without the
conversions that solvers are slow at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tcpmodel.compile.encodings import Term, z3


class Unwrapped:
    """Reads terms; `numbers` are the integers, from 0 to 2^width - 1, that stand for vector constants, by name."""

    def __init__(self, numbers: Mapping[str, Term]) -> None:
        self.numbers = numbers
        self.known: dict[int, Term] = {}
        self.operations = _operations()

    def of(self, term: Term) -> Term:
        """A truth value as it is, a vector as the integer from 0 to 2^width - 1 that its bits write."""
        key = term.get_id()
        if key not in self.known:
            self.known[key] = self._read(term)
        return self.known[key]

    def signed(self, term: Term) -> Term:
        """A vector as the integer from -2^(width-1) to 2^(width-1) - 1 that its bits write."""
        return centred(self.of(term), term.size())

    def _read(self, term: Term) -> Term:
        if z3().is_const(term):
            return self._constant(term)
        operation = self.operations.get(term.decl().kind())
        if operation is None:
            raise NotImplementedError(f"{term.decl()} has no reading over integers")
        return operation(self, term)

    def _constant(self, term: Term) -> Term:
        if z3().is_bool(term):
            return term
        if z3().is_bv_value(term):
            return z3().IntVal(term.as_long())
        return self.numbers[term.decl().name()]


def centred(number: Term, bits: int) -> Term:
    """The number from 0 to 2^bits - 1 as one of two's complement."""
    return z3().If(number >= 1 << (bits - 1), number - (1 << bits), number)


def _wrapping(operation: Callable[[Term, Term], Term]) -> Callable[[Unwrapped, Term], Term]:
    def read(self: Unwrapped, term: Term) -> Term:
        first, *rest = map(self.of, term.children())
        for item in rest:
            first = operation(first, item)
        return first % (1 << term.size())

    return read


def _comparing(operation: Callable[[Term, Term], Term]) -> Callable[[Unwrapped, Term], Term]:
    def read(self: Unwrapped, term: Term) -> Term:
        return operation(*map(self.signed, term.children()))

    return read


def _same(self: Unwrapped, term: Term) -> Term:
    first, second = map(self.of, term.children())
    return first == second


def _rebuilt(self: Unwrapped, term: Term) -> Term:
    return term.decl()(*map(self.of, term.children()))


def _choice(self: Unwrapped, term: Term) -> Term:
    return z3().If(*map(self.of, term.children()))


def _extract(self: Unwrapped, term: Term) -> Term:
    high, low = term.params()
    found = self.of(term.arg(0))
    return (found / (1 << low) if low else found) % (1 << (high - low + 1))


def _sign_extended(self: Unwrapped, term: Term) -> Term:
    return self.signed(term.arg(0)) % (1 << term.size())


def _shifted(self: Unwrapped, term: Term) -> Term:
    """An arithmetic shift to the right by a number that is written out."""
    return self.signed(term.arg(0)) / (1 << term.arg(1).as_long()) % (1 << term.size())


def _operations() -> dict[int, Any]:
    package = z3()
    wrapping = {
        package.Z3_OP_BADD: lambda a, b: a + b,
        package.Z3_OP_BSUB: lambda a, b: a - b,
        package.Z3_OP_BMUL: lambda a, b: a * b,
    }
    comparing = {
        package.Z3_OP_SLT: lambda a, b: a < b,
        package.Z3_OP_SLEQ: lambda a, b: a <= b,
        package.Z3_OP_SGT: lambda a, b: a > b,
        package.Z3_OP_SGEQ: lambda a, b: a >= b,
    }
    joining = (package.Z3_OP_AND, package.Z3_OP_OR, package.Z3_OP_NOT, package.Z3_OP_IMPLIES)
    return {
        **{kind: _wrapping(operation) for kind, operation in wrapping.items()},
        **{kind: _comparing(operation) for kind, operation in comparing.items()},
        **dict.fromkeys(joining, _rebuilt),
        package.Z3_OP_EQ: _same,
        package.Z3_OP_ITE: _choice,
        package.Z3_OP_EXTRACT: _extract,
        package.Z3_OP_SIGN_EXT: _sign_extended,
        package.Z3_OP_BASHR: _shifted,
    }
