"""The small specification under data/specs, and a way to type one expression in its vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tcpmodel.errors import Diagnostic
from tcpmodel.spec import vocabulary
from tcpmodel.spec.draft import Draft
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Variable
from tcpmodel.spec.parse import expression
from tcpmodel.spec.predicates import Predicates
from tcpmodel.spec.reader import read
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import ARGUMENT, ENVIRONMENT, SEGMENT_FIELD, TCB, Scope
from tcpmodel.spec.source import Source, Text

DATA = Path(__file__).parent / "data"
MINI = DATA / "specs" / "mini" / "spec.yaml"

Typed = Callable[..., tuple[Expr, list[Diagnostic]]]


@pytest.fixture(scope="session")
def scope() -> Scope:
    """Every name of the small specification, and the argument CALL.passive."""
    report, draft = Report(), Draft()
    for document in read(MINI.with_name("vocabulary.yaml"), "vocabulary.yaml", report):
        draft.read(document, report)
    words = vocabulary.build(draft, report)
    words.predicates = Predicates(draft, words, report)
    report.check()
    arguments = {"CALL.passive": Variable("CALL.passive", "bool", ARGUMENT, "")}
    return Scope(words, frozenset([TCB, ENVIRONMENT, SEGMENT_FIELD, ARGUMENT]), arguments=arguments)


@pytest.fixture(scope="session")
def typed(scope: Scope) -> Typed:
    """Types one expression: the node and what was reported."""

    def run(code: str, wanted: str = "") -> tuple[Expr, list[Diagnostic]]:
        report = Report()
        text = Text(code, Source("expression", code), 0, len(code))
        expr = expression(text, scope, report, wanted)
        return expr, list(report.found)

    return run
