"""Conditions in the language of properties, for tests to ask with."""

from __future__ import annotations

from tcpmodel.prove.context import Context
from tcpmodel.prove.scopes import Words
from tcpmodel.spec.expr import BOOL, Expr
from tcpmodel.spec.parse import expression
from tcpmodel.spec.reader import documents
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Source


def typed(text: str, scope: str, context: Context) -> Expr:
    """A condition over the names of a scope, ghosts included. Raises SpecError."""
    report, words = Report(), Words(context.model)
    for key, node in context.properties.documents.items():
        if key.startswith("ghosts "):
            words.declare(node, report)
    (node,) = documents(Source("test.yaml", f"holds: {text!r}"), report)
    fields = Fields(node, Shape("a test", ("holds",)), report)
    found = expression(fields.texts("holds")[0], words.scope(scope), report, BOOL)
    report.check()
    assert found is not None
    return found
