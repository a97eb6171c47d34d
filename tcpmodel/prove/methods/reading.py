"""How the methods of proof read their part of a property."""

from __future__ import annotations

from collections.abc import Collection

from tcpmodel.prove.machine import CAPTURE_ONLY
from tcpmodel.spec.expr import BOOL, Expr, Junction, Literal
from tcpmodel.spec.model import Model, Procedure, Template
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.scope import TCB, Scope, Vocabulary
from tcpmodel.spec.shape import Fields
from tcpmodel.spec.source import Text
from tcpmodel.spec.template import parse_template
from tcpmodel.spec.vocabulary import resolve_states

TRUE = Literal(BOOL, 1, "True")
NOTHING = "nothing"


def conjunction(items: list[Expr]) -> Expr | None:
    """All of the conditions as one, None without any."""
    if len(items) < 2:
        return items[0] if items else None
    return Junction(BOOL, "and", tuple(items), place=items[0].place)


def conditions(fields: Fields, key: str, scope: Scope, report: Report) -> Expr:
    """What stands under `key`, a condition or a list of them; true when nothing does."""
    return conjunction([expression(text, scope, report, BOOL) for text in fields.texts(key)]) or TRUE


def states(fields: Fields, key: str, words: Vocabulary, report: Report) -> tuple[str, ...]:
    """The states under `key`, all of them when nothing stands there."""
    texts = fields.texts(key)
    return resolve_states(texts, words, report) if texts else words.states


def templates(fields: Fields, key: str, scope: Scope, report: Report) -> tuple[Template, ...] | None:
    """The segments under `key`; none at all for the word `nothing`, and None when the key is absent."""
    if key not in fields:
        return None
    return tuple(parse_template(text, scope, report) for text in fields.texts(key) if text.value != NOTHING)


def variables(fields: Fields, key: str, model: Model, report: Report) -> tuple[str, ...]:
    """The variables of the TCB that stand under `key`; none for the word `nothing`."""
    rows = {row.name for row in model.variables.values() if row.group == TCB}
    return known(fields, key, rows, "unknown TCB variable", report)


def known(fields: Fields, key: str, names: Collection[str], wrong: str, report: Report) -> tuple[str, ...]:
    """The words that stand under `key`, each one of `names`; none for the word `nothing`."""
    texts = [text for text in fields.texts(key) if text.value != NOTHING]
    for text in texts:
        if text.value not in names:
            report.add(text.place, "TM102", f"{wrong} '{text.value}'", nearest(text.value, names))
    return tuple(text.value for text in texts)


def events(text: Text, procedures: tuple[Procedure, ...], report: Report) -> tuple[Procedure, ...]:
    """The procedures that run on an event, `segment` or `call CLOSE`; `any`: on all that endpoints have."""
    if text.value == "any":
        return tuple(p for p in procedures if p.event != CAPTURE_ONLY)
    found = tuple(p for p in procedures if text.value in (p.event, f"{p.event} {p.event_name}".strip()))
    if not found:
        known = sorted({f"{p.event} {p.event_name}".strip() for p in procedures})
        report.add(text.place, "TM130", f"no procedure runs on '{text.value}'", nearest(text.value, known))
    return found


def rules_of(text: Text, model: Model) -> frozenset[str]:
    """The rule of this name, or all rules of the procedures that run on this event; none when it is neither."""
    procedures = (p for p in model.procedures if text.value in (p.event, f"{p.event} {p.event_name}"))
    return frozenset(
        {rule.name for p in procedures for stage in p.stages for rule in stage.rules} | {text.value} & set(model.rules)
    )
