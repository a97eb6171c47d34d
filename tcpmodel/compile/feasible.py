"""Whether a conjunction of typed expressions can hold, decided by Z3 over unwrapped integers.

Sequence numbers and times are integers here: what lies less than 2^31 apart compares as it does modulo 2^32
(RFC 9293 3.4). Held text is an unknown sort of which only the bounds of `reach` are known, shifts are unknown
functions; both can only make more conditions feasible, never fewer.
"""

from __future__ import annotations

from typing import Any

import z3

from tcpmodel.spec import expr as x

# how the header is laid out: the widest value of each field (RFC 9293 3.1); options have -1 for "absent"
_RANGES = {
    "SEG.TEXT": (0, 65535),
    "SEG.WND": (0, 65535),
    "SEG.UP": (0, 65535),
    "SEG.MSS": (-1, 65535),
    "SEG.SHIFT": (-1, 255),
    "SEG.SACKS": (0, 4),
    "SEG.COOKIE": (-1, 40),
}
_SPANS = z3.DeclareSort("Spans")
_NOTHING = z3.Const("nothing", _SPANS)
_INT, _BOOL = z3.IntSort(), z3.BoolSort()
_FUNCTIONS = {
    "insert": z3.Function("insert", _SPANS, _INT, _INT, _SPANS),
    "reach": z3.Function("reach", _SPANS, _INT, _INT),
    "below": z3.Function("below", _SPANS, _INT, _SPANS),
    "covers": z3.Function("covers", _SPANS, _INT, _BOOL),
    "<<": z3.Function("shift_left", _INT, _INT, _INT),
    ">>": z3.Function("shift_right", _INT, _INT, _INT),
}


class Terms:
    """Translates expressions; `values` are the terms of the variables that have been assigned.

    What is known about the terms made so far collects in `facts`.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.facts: list[Any] = []

    def term(self, node: x.Expr) -> Any:
        """The Z3 term of an expression."""
        return getattr(self, "_" + type(node).__name__.lower())(node)

    def _literal(self, node: x.Literal) -> Any:
        if node.type == x.BOOL:
            return z3.BoolVal(bool(node.value))
        return _NOTHING if node.type == x.SPANS else z3.IntVal(node.value)

    def _name(self, node: x.Name) -> Any:
        if node.kind == "tcb" and node.name in self.values:
            return self.values[node.name]
        if node.type == x.SPANS:
            return z3.Const(node.name, _SPANS)
        return z3.Bool(node.name) if node.type == x.BOOL else z3.Int(node.name)

    def _not(self, node: x.Not) -> Any:
        return z3.Not(self.term(node.item))

    def _junction(self, node: x.Junction) -> Any:
        parts = [self.term(item) for item in node.items]
        return z3.And(*parts) if node.op == "and" else z3.Or(*parts)

    def _compare(self, node: x.Compare) -> Any:
        left, right = self.term(node.left), self.term(node.right)
        return {
            "==": lambda: left == right,
            "!=": lambda: left != right,
            "<": lambda: left < right,
            "<=": lambda: left <= right,
            ">": lambda: left > right,
            ">=": lambda: left >= right,
        }[node.op]()

    def _arith(self, node: x.Arith) -> Any:
        left, right = self.term(node.left), self.term(node.right)
        if node.op in ("min", "max"):
            return z3.If((left <= right) if node.op == "min" else (left >= right), left, right)
        if node.op in _FUNCTIONS:
            return _FUNCTIONS[node.op](left, right)
        return {
            "+": lambda: left + right,
            "-": lambda: left - right,
            "*": lambda: left * right,
            "//": lambda: left / right,
        }[node.op]()

    def _choice(self, node: x.Choice) -> Any:
        return z3.If(self.term(node.test), self.term(node.then), self.term(node.other))

    def _member(self, node: x.Member) -> Any:
        item = self.term(node.item)
        return z3.Or(*(item == option for option in node.options))

    def _hasflag(self, node: x.HasFlag) -> Any:
        return z3.And(*(bit(1 << n) for n in range(node.mask.bit_length()) if node.mask >> n & 1))

    def _builtin(self, node: x.Builtin) -> Any:
        if node.function == "owed":
            return z3.Bool("owed")
        args = [self.term(arg) for arg in node.args]
        if node.function == "seq":
            return args[0]
        made = _FUNCTIONS[node.function](*args)
        if node.function == "reach":
            self.facts += [made >= args[1], z3.Implies(args[0] == _NOTHING, made == args[1])]
        return made

    def _apply(self, node: x.Apply) -> Any:
        return self.term(node.body)


class Feasible:
    """A stack of conditions; `add` says whether they can still hold together."""

    def __init__(self) -> None:
        self.solver = z3.SimpleSolver()
        self.solver.set("timeout", 5000)
        self.checks = 0
        for name, (low, high) in _RANGES.items():
            self.solver.add(z3.Int(name) >= low, z3.Int(name) <= high)
        # SEG.LEN counts SYN and FIN (RFC 9293 3.3.1); they are the two lowest control bits
        counted = [z3.If(bit(mask), 1, 0) for mask in (1, 2)]
        self.solver.add(z3.Int("SEG.LEN") == z3.Int("SEG.TEXT") + z3.Sum(counted))

    def push(self) -> None:
        self.solver.push()

    def pop(self) -> None:
        self.solver.pop()

    def add(self, *conditions: Any) -> bool:
        """Add terms on top of the stack; False when they contradict what is there."""
        self.solver.add(*conditions)
        self.checks += 1
        return bool(self.solver.check() != z3.unsat)

    def possible(self, *conditions: Any) -> bool:
        """Whether the terms could be added."""
        self.checks += 1
        return bool(self.solver.check(*conditions) != z3.unsat)


def bit(mask: int) -> Any:
    return z3.Bool(f"SEG.CTL:{mask}")
