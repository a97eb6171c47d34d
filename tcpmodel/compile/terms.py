"""Typed expressions to Z3 terms, and what the result takes for granted.

The third reader of the same expressions (`expressions.py` writes Python). A value is a Z3 term or, for control bits,
spans and owed answers, a tuple of values (`bounded.py`). What a term assumes (a window, a shift count, room for one
more span) is collected under the condition of the branch it stands in, so that a comparison that is never reached
assumes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import ge, gt, le, lt
from typing import Any

from tcpmodel.compile import bounded
from tcpmodel.compile.encodings import BITS, COUNTS, Encoding, Term, both, either, is_false, is_true, negation, z3
from tcpmodel.compile.values import Value, Values, choose
from tcpmodel.spec import expr as x

_ORDERS = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Assumptions:
    """What terms take for granted, each under the conditions that hold where it was needed."""

    def __init__(self) -> None:
        self.path: list[Term] = []
        self.found: dict[int, Term] = {}

    def add(self, condition: Term) -> None:
        """Note the condition, unless it is plainly true."""
        if not is_true(condition):
            held = z3().Implies(both(*self.path), condition) if self.path else condition
            self.found.setdefault(held.get_id(), held)

    @contextmanager
    def under(self, condition: Term) -> Iterator[None]:
        """What is noted inside is needed only where the condition holds."""
        trivial = is_true(condition)
        if not trivial:
            self.path.append(condition)
        yield
        if not trivial:
            self.path.pop()


class Order:
    """The order of sequence numbers in one encoding, which notes its window assumptions."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.assumptions = Assumptions()

    def before(self, a: Term, b: Term) -> Term:
        """a < b"""
        self.assumptions.add(self.encoding.window(a, b))
        return self.encoding.before(a, b)

    def same(self, a: Term, b: Term) -> Term:
        """a == b"""
        self.assumptions.add(self.encoding.turn(a, b))
        return a == b

    def earlier(self, a: Term, b: Term) -> Term:
        return choose(self.before(a, b), a, b)

    def later(self, a: Term, b: Term) -> Term:
        return choose(self.before(a, b), b, a)


class Terms:
    """Translates expressions; `assumptions` gathers what the terms built so far take for granted."""

    def __init__(self, encoding: Encoding, owed: Any = None, room: int = bounded.SPANS_ROOM) -> None:
        """`owed(values, order) -> Term` answers owed(SEG), which is an error without it; `room` is for spans."""
        self.encoding = encoding
        self.order = Order(encoding)
        self.assumptions = self.order.assumptions
        self.owed, self.room = owed, room
        self.values: Values = {}
        self.state: int | None = None

    def of(self, node: x.Expr, values: Values, state: int | None = None) -> Value:
        """The value of `node` where variables have `values`; `state` is the ordinal STATE is known to have."""
        self.values, self.state = values, state
        return self._value(node)

    def _value(self, node: x.Expr) -> Value:
        return getattr(self, "_" + type(node).__name__.lower())(node)

    def _literal(self, node: x.Literal) -> Value:
        if node.type == x.SPANS:
            return ()
        if node.type == x.FLAGS:
            return tuple(z3().BoolVal(bool(node.value >> bit & 1)) for bit in range(BITS))
        return self.encoding.literal(node.value, node.type)

    def _name(self, node: x.Name) -> Value:
        if self.state is not None and self._known(node):
            return self.encoding.literal(self.state, x.STATE)
        return self.values[node.name]

    def _known(self, node: x.Expr) -> bool:
        """Whether it is STATE, and which state it is is known."""
        return self.state is not None and isinstance(node, x.Name) and (node.kind, node.type) == ("tcb", x.STATE)

    def _not(self, node: x.Not) -> Value:
        return negation(self._value(node.item))

    def _junction(self, node: x.Junction) -> Value:
        """What comes later counts only where what comes earlier leaves the question open."""
        join, opened = (both, _itself) if node.op == "and" else (either, negation)
        return join(*self._chain(list(node.items), opened))

    def _chain(self, items: list[x.Expr], opened: Any) -> list[Term]:
        first = self._value(items[0])
        open_ = opened(first)
        if len(items) == 1 or is_false(open_):
            return [first]
        with self.assumptions.under(open_):
            return [first, *self._chain(items[1:], opened)]

    def _compare(self, node: x.Compare) -> Value:
        if node.op in ("==", "!="):
            same = self._same(node)
            return same if node.op == "==" else negation(same)
        left, right = self._value(node.left), self._value(node.right)
        if node.left.type != x.SEQ:
            return _ORDERS[node.op](left, right)
        if node.op in ("<", ">="):
            earlier = self.order.before(left, right)
            return earlier if node.op == "<" else negation(earlier)
        later = self.order.before(right, left)
        return later if node.op == ">" else negation(later)

    def _same(self, node: x.Compare) -> Term:
        if self._known(node.left) and isinstance(node.right, x.Literal):
            return z3().BoolVal(self.state == node.right.value)
        left, right = self._value(node.left), self._value(node.right)
        if node.left.type == x.SPANS:
            return bounded.same_spans(left, right, self.order)
        if isinstance(left, tuple):
            return both(*(a == b for a, b in zip(left, right, strict=True)))
        return self.order.same(left, right) if node.left.type == x.SEQ else left == right

    def _arith(self, node: x.Arith) -> Value:
        left, right = self._value(node.left), self._value(node.right)
        if node.op in ("min", "max"):
            return self._extremum(node, left, right)
        if node.op in ("<<", ">>"):
            return self._shift(node, left, right)
        if node.op == "//":
            self.assumptions.add(right > 0)
            return self.encoding.divide(left, right)
        if x.SEQ in (node.left.type, node.right.type):
            return self._circle(node, left, right)
        return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}[node.op]()

    def _circle(self, node: x.Arith, left: Term, right: Term) -> Term:
        if node.type != x.SEQ:
            self.assumptions.add(self.encoding.window(left, right))
            return self.encoding.distance(left, right)
        if node.left.type != x.SEQ:
            left, right = right, left
        return self.encoding.plus(left, right) if node.op == "+" else self.encoding.minus(left, right)

    def _extremum(self, node: x.Arith, left: Term, right: Term) -> Term:
        less = self.order.before(left, right) if node.type == x.SEQ else left < right
        return choose(less, left, right) if node.op == "min" else choose(less, right, left)

    def _shift(self, node: x.Arith, left: Term, right: Term) -> Term:
        """A table of the counts that can occur: integers have no shift, and a vector's would have 64 cases."""
        shifted = [left * (1 << n) if node.op == "<<" else self.encoding.halve(left, n) for n in COUNTS]
        if isinstance(node.right, x.Literal) and node.right.value in COUNTS:
            return shifted[node.right.value]
        self.assumptions.add(z3().And(right >= COUNTS[0], right <= COUNTS[-1]))
        found = shifted[-1]
        for count in COUNTS[-2::-1]:
            found = z3().If(right == count, shifted[count], found)
        return found

    def _choice(self, node: x.Choice) -> Value:
        test = self._value(node.test)
        if is_true(test) or is_false(test):
            return self._value(node.then if is_true(test) else node.other)
        with self.assumptions.under(test):
            then = self._value(node.then)
        with self.assumptions.under(negation(test)):
            other = self._value(node.other)
        return choose(test, then, other)

    def _member(self, node: x.Member) -> Value:
        if self._known(node.item):
            return z3().BoolVal(self.state in node.options)
        item = self._value(node.item)
        return either(*(item == self.encoding.literal(option, node.item.type) for option in node.options))

    def _hasflag(self, node: x.HasFlag) -> Value:
        flags = self._value(node.flags)
        return both(*(flags[bit] for bit in range(BITS) if node.mask >> bit & 1))

    def _builtin(self, node: x.Builtin) -> Value:
        if node.function == "owed":
            return self.owed(self.values, self.order)
        if node.function == "seq":
            return self.encoding.wrapped(self._value(node.args[0]))
        spans, *rest = map(self._value, node.args)
        if node.function == "insert":
            return bounded.insert(spans, rest[0], rest[1], self.order, self.room)
        return {"reach": bounded.reach, "below": bounded.below, "covers": bounded.covers}[node.function](
            spans, rest[0], self.order
        )

    def _apply(self, node: x.Apply) -> Value:
        return self._value(node.body)


def _itself(item: Term) -> Term:
    return item
