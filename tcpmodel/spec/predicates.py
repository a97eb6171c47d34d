"""Predicates: conditions and values with a name, each typed when it is first used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tcpmodel.spec.builtins import SEGMENT
from tcpmodel.spec.draft import Declared, Draft
from tcpmodel.spec.expr import BOOL
from tcpmodel.spec.model import Predicate
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import ENVIRONMENT, SEGMENT_FIELD, TCB, Scope, Signature, Vocabulary
from tcpmodel.spec.shape import PREDICATE, Fields
from tcpmodel.spec.source import Mapping, Text
from tcpmodel.spec.types import UNKNOWN
from tcpmodel.spec.vocabulary import check_name, citation, claim, need_mapping, parse_type

HEAD = re.compile(r"\s*([^\s(]+)\s*(?:\((.*)\))?\s*")
PARAMETER = re.compile(r"\s*([^\s:,]+)\s*(?::\s*([^\s:,]+))?\s*")


@dataclass(frozen=True)
class _Head:
    """A predicate's declaration line: `between(x: seq, y: seq)`."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    declared: Declared


class Predicates:
    """All predicates of a specification; implements `scope.Signatures`."""

    def __init__(self, draft: Draft, words: Vocabulary, report: Report) -> None:
        self.words = words
        self.report = report
        self.heads: dict[str, _Head] = {}
        self.built: dict[str, Predicate | None] = {}
        self.open: list[str] = []
        for declared in draft.declared["predicates"].values():
            self._head(declared)

    def names(self) -> Iterable[str]:
        return self.heads

    def signature(self, name: str) -> Signature | None:
        predicate = self.predicate(name)
        return Signature(name, self.heads[name].parameters, predicate.body) if predicate else None

    def all(self) -> dict[str, Predicate]:
        """Every predicate that could be built, in the order of the text."""
        found = {name: self.predicate(name) for name in self.heads}
        return {name: predicate for name, predicate in found.items() if predicate}

    def predicate(self, name: str) -> Predicate | None:
        if name in self.open:
            self._cycle(name)
            return None
        if name not in self.built:
            self.open.append(name)
            self.built[name] = self._build(self.heads[name])
            self.open.pop()
        return self.built[name]

    def _cycle(self, name: str) -> None:
        path = " -> ".join([*self.open[self.open.index(name) :], name])
        self.report.add(
            self.heads[name].declared.key.place, "TM108", f"'{name}' is defined by itself: {path}"
        )

    def _head(self, declared: Declared) -> None:
        key = declared.key
        found = HEAD.fullmatch(key.value)
        if found is None:
            self.report.add(
                key.place, "TM107", f"'{key.value}' is not the head of a predicate", "write name(x: type)"
            )
            return
        name = key.part(*found.span(1))
        if not check_name(name, self.report) or not claim(name, self.words.declared, self.report):
            return
        inner = found.group(2) or ""
        parameters = self._parameters(key, found.start(2), inner) if inner.strip() else ()
        self.heads[name.value] = _Head(name.value, parameters, declared)

    def _parameters(self, key: Text, start: int, inner: str) -> tuple[tuple[str, str], ...]:
        parameters: dict[str, str] = {}
        taken = dict(self.words.declared)
        for part in inner.split(","):
            found = PARAMETER.fullmatch(key.value, start, start + len(part))
            if found is None:
                place = key.at(start, start + max(len(part), 1))
                self.report.add(
                    place, "TM107", f"'{part.strip()}' is not a parameter", "write name: type, or SEG"
                )
            else:
                name = key.part(*found.span(1))
                claim(name, taken, self.report)
                parameters[name.value] = self._type(key, name, found)
            start += len(part) + 1
        return tuple(parameters.items())

    def _type(self, key: Text, name: Text, found: re.Match[str]) -> str:
        if found.group(2):
            return parse_type(key.part(*found.span(2)), self.words, self.report)
        if name.value == "SEG":
            return SEGMENT
        help = f'write "{name.value}: seq", the whole key in quotes'
        self.report.add(name.place, "TM106", f"parameter '{name.value}' needs a type", help)
        return UNKNOWN

    def _build(self, head: _Head) -> Predicate | None:
        declared = head.declared
        if not isinstance(declared.value, Mapping):
            need_mapping(declared, self.report)
            return None
        fields = Fields(declared.value, PREDICATE, self.report, declared.key)
        cite = citation(fields, declared, self.report)
        text = self._body_text(fields, head)
        if text is None:
            return None
        body = expression(text, self._scope(head), self.report, BOOL if "holds" in fields else UNKNOWN)
        names = tuple(name for name, _ in head.parameters)
        spelt = " ".join(text.value.split())
        return Predicate(head.name, names, body, spelt, fields.words("is"), cite, declared.key.place)

    def _body_text(self, fields: Fields, head: _Head) -> Text | None:
        if ("holds" in fields) == ("value" in fields):
            help = "'holds' is a condition, 'value' any other expression"
            place = head.declared.key.place
            self.report.add(place, "TM106", f"'{head.name}' needs either 'holds' or 'value'", help)
            return None
        return fields.text("holds") or fields.text("value")

    def _scope(self, head: _Head) -> Scope:
        parameters = {name: type_ for name, type_ in head.parameters if type_ != SEGMENT}
        groups = {TCB, ENVIRONMENT}
        if len(parameters) < len(head.parameters):
            groups.add(SEGMENT_FIELD)
        return Scope(
            self.words, frozenset(groups), f"in '{head.name}', which has no parameter SEG", parameters
        )
