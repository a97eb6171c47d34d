"""The one way from a scalar of the specification to a typed expression."""

from __future__ import annotations

from tcpmodel.spec.comparison import fitting
from tcpmodel.spec.expr import Expr, Literal
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import Scope
from tcpmodel.spec.source import Text
from tcpmodel.spec.syntax import Fragment, rewrite, tree
from tcpmodel.spec.typer import Typer
from tcpmodel.spec.types import UNKNOWN


def expression(
    text: Text, scope: Scope, report: Report, wanted: str = UNKNOWN, begin: int = 0, end: int | None = None
) -> Expr:
    """The typed expression in text.value[begin:end]; errors are reported and leave a node of UNKNOWN type."""
    raw = text.value[begin:end]
    lead = len(raw) - len(raw.lstrip())
    fragment = Fragment(text, begin + lead, rewrite(raw.strip(), scope))
    parsed = tree(fragment, report)
    if parsed is None:
        return Literal(UNKNOWN, 0, place=text.place)
    return fitting(Typer(fragment, scope, report).typed(parsed, wanted), wanted, report)
