"""Comparisons and membership: `a < b`, `STATE in {LISTEN, CLOSED}`, `SYN in SEG.CTL`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tcpmodel.errors import Place
from tcpmodel.spec.builtins import CONTROL_BITS, SEGMENT
from tcpmodel.spec.expr import BOOL, FLAGS, STATE, Compare, Expr, HasFlag, Literal, Member, Not
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.types import ORDERED, UNKNOWN, article, coerce, common, unify, unknown

if TYPE_CHECKING:
    from tcpmodel.spec.typer import Typer

COMPARISONS: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def fitting(expr: Expr, wanted: str, report: Report, help: str = "") -> Expr:
    """The expression as one of type `wanted`; otherwise a type error and a node of UNKNOWN type."""
    coerced = coerce(expr, wanted)
    if coerced is None:
        message = f"this is {article(expr.type)}, but {article(wanted)} is needed here"
        report.add(expr.place, "TM103", message, help)
        return Literal(UNKNOWN, 0, place=expr.place)
    return coerced


class Comparison:
    """Types comparisons; operands are typed by the Typer of the expression."""

    def __init__(self, typer: Typer) -> None:
        self.typer = typer

    def pair(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Expr:
        place = self.typer.fragment.at(left.col_offset, right.end_col_offset or 0)
        if isinstance(op, ast.In | ast.NotIn):
            found = self._membership(left, right, place)
            return found if isinstance(op, ast.In) or unknown(found) else Not(BOOL, found, place=place)
        sign = COMPARISONS.get(type(op))
        if sign is None:
            self.typer.report.add(place, "TM107", "'is' does not compare", "write '=='")
            return Literal(UNKNOWN, 0, place=place)
        return self._compare(sign, *self._sides(left, right), place)

    def _sides(self, left: ast.expr, right: ast.expr) -> tuple[Expr, Expr]:
        if self._ambiguous(left):
            second = self.typer.typed(right)
            return self.typer.typed(left, second.type), second
        first = self.typer.typed(left)
        return first, self.typer.typed(right, first.type)

    def _ambiguous(self, node: ast.expr) -> bool:
        """Whether its meaning depends on the other side: control bits, members of several enumerations."""
        if isinstance(node, ast.Set):
            return True
        name = self.typer.fragment.spelling(node)
        return isinstance(node, ast.Name) and (
            name in CONTROL_BITS or len(self.typer.words.enumerators(name)) > 1
        )

    def _compare(self, sign: str, left: Expr, right: Expr, place: Place) -> Expr:
        same = unify((left, right))
        if same is None:
            message = f"'{sign}' compares {article(left.type)} with {article(right.type)}"
            self.typer.report.add(place, "TM103", message)
            return Literal(UNKNOWN, 0, place=place)
        type_ = common(same)
        if not unknown(type_) and (type_ == SEGMENT or (sign not in ("==", "!=") and type_ not in ORDERED)):
            self.typer.report.add(place, "TM103", f"'{sign}' does not apply to {article(type_)}")
            return Literal(UNKNOWN, 0, place=place)
        return Compare(BOOL, sign, *same, place=place)

    def _membership(self, left: ast.expr, right: ast.expr, place: Place) -> Expr:
        if isinstance(right, ast.Set | ast.Tuple | ast.List):
            return self._member(left, right.elts, place)
        if isinstance(right, ast.Name) and self.typer.fragment.spelling(right) in self.typer.words.groups:
            return self._member(left, [right], place)
        whole = self.typer.typed(right)
        if unknown(whole):
            return whole
        if whole.type != FLAGS:
            help = "write 'SYN in SEG.CTL', 'STATE in {LISTEN, CLOSED}' or 'STATE in' and a group"
            return self.typer.error(right, "TM103", f"'in' does not apply to {article(whole.type)}", help)
        mask = self.bits(left)
        if mask is None:
            return Literal(UNKNOWN, 0, place=place)
        return HasFlag(BOOL, whole, mask, self.typer.fragment.spelling(left).strip("{}"), place=place)

    def bits(self, node: ast.expr) -> int | None:
        """The mask of a control bit or a set of them."""
        items = node.elts if isinstance(node, ast.Set) else [node]
        mask = 0
        for item in items:
            name = self.typer.fragment.spelling(item)
            if name not in CONTROL_BITS:
                self.typer.error(item, "TM102", f"unknown control bit '{name}'", nearest(name, CONTROL_BITS))
                return None
            mask |= CONTROL_BITS[name]
        return mask

    def _member(self, left: ast.expr, options: list[ast.expr], place: Place) -> Expr:
        item = self.typer.typed(left)
        if unknown(item):
            return item
        if item.type != STATE and item.type not in self.typer.words.enums:
            return self.typer.error(
                left, "TM103", f"{article(item.type)} is not compared with a set of names"
            )
        names = [name for option in options for name in self._option(option, item.type)]
        members = self.typer.words.states if item.type == STATE else self.typer.words.enums[item.type]
        return Member(BOOL, item, tuple(members.index(name) for name in names), tuple(names), place=place)

    def _option(self, node: ast.expr, type_: str) -> tuple[str, ...]:
        name = self.typer.fragment.spelling(node)
        if type_ == STATE and name in self.typer.words.groups:
            return self.typer.words.groups[name]
        members = self.typer.words.states if type_ == STATE else self.typer.words.enums[type_]
        if name in members:
            return (name,)
        known = (*members, *self.typer.words.groups) if type_ == STATE else members
        kind = "state" if type_ == STATE else type_
        self.typer.error(node, "TM105", f"unknown {kind} '{name}'", nearest(name, known))
        return ()
