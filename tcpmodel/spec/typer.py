"""Python syntax tree -> typed expression: a method for each form that the language has, no others."""

from __future__ import annotations

import ast
from collections.abc import Callable
from itertools import pairwise
from typing import ClassVar

from tcpmodel.errors import Place
from tcpmodel.spec.builtins import CONTROL_BITS, EXTREMA, FUNCTIONS, NOTHING, SEGMENT
from tcpmodel.spec.comparison import Comparison, fitting
from tcpmodel.spec.expr import (
    BOOL,
    FLAGS,
    INT,
    SPANS,
    STATE,
    TIME,
    Apply,
    Arith,
    Builtin,
    Choice,
    Expr,
    Junction,
    Literal,
    Name,
    Not,
)
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.scope import Scope
from tcpmodel.spec.substitute import substitute
from tcpmodel.spec.syntax import Fragment
from tcpmodel.spec.types import ADVICE, ORDERED, UNKNOWN, arithmetic, article, coerce, common, unify

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
LARGEST = (1 << 63) - 1
# far above what anyone can read, far below where the recursion of any consumer ends
DEEPEST = 60


class Typer:
    """Types the nodes of one expression. `wanted` is a hint: it settles what an ambiguous name means."""

    def __init__(self, fragment: Fragment, scope: Scope, report: Report) -> None:
        self.fragment = fragment
        self.scope = scope
        self.words = scope.vocabulary
        self.report = report
        self.depth = 0

    def typed(self, node: ast.expr, wanted: str = UNKNOWN) -> Expr:
        form = self.FORMS.get(type(node))
        if form is None:
            return self.error(node, "TM107", f"{_called(node)} is not part of the language")
        if self.depth == DEEPEST:
            return self._too_deep()
        self.depth += 1
        expr = form(self, node, wanted)
        self.depth -= 1
        return expr

    def _too_deep(self) -> Expr:
        place = self.fragment.text.place
        help = "name a part of it as a predicate"
        self.report.add(place, "TM107", "the expression is nested too deeply", help)
        return Literal(UNKNOWN, 0, place=place)

    def error(self, node: ast.expr, code: str, message: str, help: str = "") -> Expr:
        place = self.fragment.place(node)
        self.report.add(place, code, message, help)
        return Literal(UNKNOWN, 0, place=place)

    def place(self, node: ast.expr) -> Place:
        return self.fragment.place(node)

    # names and numbers

    def _constant(self, node: ast.Constant, wanted: str) -> Expr:
        value = node.value
        if isinstance(value, bool):
            return Literal(BOOL, int(value), str(value), place=self.place(node))
        if not isinstance(value, int):
            return self.error(node, "TM107", "only whole numbers, True and False can be written out")
        if value > LARGEST:
            return self.error(node, "TM108", "the number does not fit 64 bits")
        return Literal(INT, value, place=self.place(node))

    def _name(self, node: ast.expr, wanted: str) -> Expr:
        name, place = self.fragment.spelling(node), self.place(node)
        if name in self.scope.parameters:
            return Name(self.scope.parameters[name], "parameter", name, place=place)
        if variable := self.scope.variable(name):
            return Name(variable.type, variable.group, name, place=place)
        if constant := self.words.constants.get(name):
            return Literal(constant.type, constant.value, name, place=place)
        if name in self.words.states:
            return Literal(STATE, self.words.states.index(name), name, place=place)
        if owners := self.words.enumerators(name):
            return self._enumerator(node, name, owners, wanted)
        return self._word(node, name, wanted)

    def _enumerator(self, node: ast.expr, name: str, owners: list[tuple[str, int]], wanted: str) -> Expr:
        fitting = [owner for owner in owners if owner[0] == wanted] or owners
        if len(fitting) > 1:
            enums = " and ".join(enum for enum, _ in owners)
            return self.error(node, "TM103", f"'{name}' is a member of {enums}; which is meant does not show")
        enum, ordinal = fitting[0]
        return Literal(enum, ordinal, name, place=self.place(node))

    def _word(self, node: ast.expr, name: str, wanted: str) -> Expr:
        """A name of the language, a predicate without parameters, or a mistake."""
        place = self.place(node)
        if name == NOTHING:
            return Literal(SPANS, 0, name, place=place)
        if name == "SEG" and self.scope.segment:
            return Name(SEGMENT, SEGMENT, name, place=place)
        if name in CONTROL_BITS:
            if wanted == FLAGS:
                return Literal(FLAGS, CONTROL_BITS[name], name, place=place)
            return self.error(
                node, "TM103", f"'{name}' is a control bit", f"ask for it with '{name} in SEG.CTL'"
            )
        if name in self.words.groups:
            return self.error(node, "TM103", f"'{name}' is a group of states", f"ask with 'STATE in {name}'")
        if name in self.words.predicate_names():
            return self._predicate(node, name, [])
        return self._unknown(node, name)

    def _unknown(self, node: ast.expr, name: str) -> Expr:
        if name in self.words.variables or name == "SEG":
            return self.error(node, "TM102", f"'{name}' cannot be used {self.scope.where or 'here'}")
        if name.startswith("CALL."):
            known = ", ".join(self.scope.arguments)
            help = nearest(name, self.scope.arguments) or (f"there is {known}" if known else "")
            return self.error(node, "TM102", f"there is no '{name}' {self.scope.where or 'here'}", help)
        return self.error(node, "TM102", f"unknown name '{name}'", nearest(name, self.scope.names()))

    # operators

    def _junction(self, node: ast.BoolOp, wanted: str) -> Expr:
        op = "and" if isinstance(node.op, ast.And) else "or"
        items = tuple(self.truth(item) for item in node.values)
        return Junction(BOOL, op, items, place=self.place(node))

    def truth(self, node: ast.expr) -> Expr:
        return fitting(self.typed(node, BOOL), BOOL, self.report)

    def _unary(self, node: ast.UnaryOp, wanted: str) -> Expr:
        if isinstance(node.op, ast.Not):
            return Not(BOOL, self.truth(node.operand), place=self.place(node))
        if not isinstance(node.op, ast.USub):
            return self.error(node, "TM107", f"{_called(node.op)} is not part of the language")
        item = self.typed(node.operand)
        if isinstance(item, Literal) and item.type == INT and not item.text:
            return Literal(INT, -item.value, place=self.place(node))
        if item.type not in (INT, TIME, UNKNOWN):
            return self.error(node, "TM103", f"'-' does not apply to {article(item.type)}")
        return Arith(item.type, "-", Literal(item.type, 0, place=item.place), item, place=self.place(node))

    def _binary(self, node: ast.BinOp, wanted: str) -> Expr:
        op = OPERATORS.get(type(node.op))
        if op is None:
            help = "write '//'" if isinstance(node.op, ast.Div) else ""
            return self.error(node, "TM107", f"{_called(node.op)} is not part of the language", help)
        left, right = self.typed(node.left), self.typed(node.right)
        type_ = arithmetic(op, left.type, right.type)
        if type_ is None and TIME in (left.type, right.type):
            left, right = unify((left, right)) or (left, right)
            type_ = arithmetic(op, left.type, right.type)
        if type_ is None:
            message = f"'{op}' does not apply to {article(left.type)} and {article(right.type)}"
            return self.error(node, "TM103", message, ADVICE.get((op, left.type, right.type), ""))
        return Arith(type_, op, left, right, place=self.place(node))

    def _choice(self, node: ast.IfExp, wanted: str) -> Expr:
        test, then, other = (
            self.truth(node.test),
            self.typed(node.body, wanted),
            self.typed(node.orelse, wanted),
        )
        if coerce(then, wanted) and coerce(other, wanted):
            then, other = coerce(then, wanted) or then, coerce(other, wanted) or other
        same = unify((then, other))
        if same is None:
            message = f"one branch is {article(then.type)}, the other {article(other.type)}"
            return self.error(node, "TM103", message)
        return Choice(common(same), test, *same, place=self.place(node))

    def _comparison(self, node: ast.Compare, wanted: str) -> Expr:
        sides = [node.left, *node.comparators]
        compare = Comparison(self)
        items = tuple(
            compare.pair(left, op, right) for (left, right), op in zip(pairwise(sides), node.ops, strict=True)
        )
        return items[0] if len(items) == 1 else Junction(BOOL, "and", items, place=self.place(node))

    def _flags(self, node: ast.Set, wanted: str) -> Expr:
        if wanted != FLAGS:
            return self.error(node, "TM107", "a set stands after 'in' or is compared with SEG.CTL")
        mask = Comparison(self).bits(node)
        type_ = UNKNOWN if mask is None else FLAGS
        return Literal(type_, mask or 0, self.fragment.spelling(node), place=self.place(node))

    # calls

    def _call(self, node: ast.Call, wanted: str) -> Expr:
        name = self.fragment.spelling(node.func)
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            return self.error(node, "TM107", "arguments are given by position")
        if name in EXTREMA:
            return self._extremum(node, name)
        if name in FUNCTIONS:
            function = FUNCTIONS[name]
            args = self._arguments(node, name, function.parameters, node.args)
            return Builtin(function.result, name, args, place=self.place(node)) if args else self._lost(node)
        if name in self.words.predicate_names():
            return self._predicate(node, name, node.args)
        known = [*self.words.predicate_names(), *FUNCTIONS, *EXTREMA]
        return self.error(node.func, "TM102", f"unknown predicate '{name}'", nearest(name, known))

    def _lost(self, node: ast.expr) -> Expr:
        return Literal(UNKNOWN, 0, place=self.place(node))

    def _extremum(self, node: ast.Call, name: str) -> Expr:
        if len(node.args) < 2:
            return self.error(node, "TM111", f"'{name}' takes two or more arguments")
        items = unify([self.typed(arg) for arg in node.args])
        if items is None or common(items) not in (*ORDERED, UNKNOWN):
            return self.error(node, "TM103", f"the arguments of '{name}' must be numbers of one type")
        result = items[0]
        for item in items[1:]:
            result = Arith(common((result, item)), name, result, item, place=self.place(node))
        return result

    def _arguments(
        self, node: ast.expr, name: str, types: tuple[str, ...], given: list[ast.expr]
    ) -> tuple[Expr, ...] | None:
        if len(types) != len(given):
            wanted = (
                f"{len(types)} argument{'s' * (len(types) != 1)} ({', '.join(types)})"
                if types
                else "no argument"
            )
            self.error(node, "TM111", f"'{name}' takes {wanted}, not {len(given)}")
            return None
        args = []
        for arg, type_ in zip(given, types, strict=True):
            item = self.typed(arg, type_)
            coerced = coerce(item, type_)
            if coerced is None:
                message = f"'{name}' takes {article(type_)} here, this is {article(item.type)}"
                self.error(arg, "TM111", message, "write SEG" if type_ == SEGMENT else "")
                return None
            args.append(coerced)
        return tuple(args)

    def _predicate(self, node: ast.expr, name: str, given: list[ast.expr]) -> Expr:
        found = self.words.predicates.signature(name) if self.words.predicates else None
        if found is None:
            return self._lost(node)
        args = self._arguments(node, name, tuple(type_ for _, type_ in found.parameters), given)
        if args is None:
            return self._lost(node)
        values = dict(zip((parameter for parameter, _ in found.parameters), args, strict=True))
        return Apply(found.body.type, name, args, substitute(found.body, values), place=self.place(node))

    FORMS: ClassVar[dict[type[ast.expr], Callable[..., Expr]]] = {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.Attribute: _name,
        ast.BoolOp: _junction,
        ast.UnaryOp: _unary,
        ast.BinOp: _binary,
        ast.IfExp: _choice,
        ast.Compare: _comparison,
        ast.Set: _flags,
        ast.Call: _call,
    }


CALLED: dict[type[ast.AST], str] = {
    ast.Subscript: "an index",
    ast.Lambda: "a function",
    ast.List: "a list here",
    ast.Tuple: "a tuple here",
    ast.Dict: "a mapping",
    ast.NamedExpr: "an assignment",
    ast.Div: "'/'",
    ast.Mod: "'%'",
    ast.Pow: "'**'",
    ast.BitAnd: "'&'",
    ast.BitOr: "'|'",
    ast.BitXor: "'^'",
    ast.MatMult: "'@'",
    ast.Invert: "'~'",
    ast.UAdd: "a leading '+'",
}


def _called(node: ast.AST) -> str:
    return CALLED.get(type(node), "this form")
