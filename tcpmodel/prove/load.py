"""specs/properties/SPECIFICATION/*.yaml -> properties, lemmas, assumptions, typed against a model; errors in place.

What holds of one profile or variant only stands in a folder of its name, and rests on what the specification has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tcpmodel.prove.methods import METHODS
from tcpmodel.prove.property import NUMBERS, Assumption, Lemma, Mutant, Property
from tcpmodel.prove.scopes import ABOUT, Words
from tcpmodel.prove.shapes import ASSUMPTION, LEMMA, MUTANT, PROPERTY
from tcpmodel.spec.expr import BOOL, Expr
from tcpmodel.spec.find import Library, located, shown
from tcpmodel.spec.model import Model
from tcpmodel.spec.parse import expression
from tcpmodel.spec.reader import read
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.scope import Scope
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Mapping, Text

FOLDER = "properties"
INDUCTION = "induction"
"""The method that has integers for sequence numbers, like lemmas about more than one endpoint."""


@dataclass
class Properties:
    """Everything that the files declare, by name, in the order of the text."""

    model: Model
    properties: dict[str, Property] = field(default_factory=dict)
    lemmas: dict[str, Lemma] = field(default_factory=dict)
    assumptions: dict[str, Assumption] = field(default_factory=dict)
    documents: dict[str, Mapping] = field(default_factory=dict)
    """Documents of other kinds by `kind name`, for the methods that read them."""

    def closure(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The lemmas of these names and all that they are given, each once."""
        found: dict[str, None] = {}
        todo = list(names)
        while todo:
            name = todo.pop(0)
            if name not in found:
                found[name] = None
                todo += self.lemmas[name].given
        return tuple(found)

    def assumed(self, item: Property | Lemma) -> tuple[str, ...]:
        """The assumptions of a property or lemma and of all that it is given, each once."""
        owners = (item, *(self.lemmas[name] for name in self.closure(item.given)))
        named = (name for owner in owners for name in owner.assumptions)
        always = (row.name for row in self.assumptions.values() if getattr(item, "method", "") in row.methods)
        return tuple(dict.fromkeys((*named, *always)))


def property_files(index: Path, overlays: Iterable[str] = (), root: Path | None = None) -> list[Path]:
    """The files that the properties of a specification stand in, in the order of their names, then those of `overlays`.

    `index` is its spec.yaml; the folder of properties stands beside that of the specification, unless `root` is given.
    """
    folders = dict.fromkeys((index.parent.name, *overlays))
    around = (root or index.parent.parent) / FOLDER
    return [path for name in folders for path in sorted((around / name).glob("*.yaml"))]


def load_properties(model: Model, root: Path | None = None) -> Properties:
    """All properties, typed against the model. Raises SpecError with every diagnostic."""
    report = Report()
    reader = _Reader(model, report, root)
    for path in property_files(located(model.files[0]), (model.profile, *model.variants), root):
        for document in read(path, shown(path), report):
            reader.read(document)
    reader.finish()
    report.check()
    return reader.found


class _Reader:
    """Reads documents in two passes: first what is declared, then what names it."""

    def __init__(self, model: Model, report: Report, root: Path | None) -> None:
        self.model, self.report = model, report
        self.library = Library([root or located(model.files[0]).parent.parent])
        self.found = Properties(model)
        self.later: list[Callable[[], None]] = []
        self.words = Words(model)

    def read(self, node: Mapping) -> None:
        """Adds one document, by the key that says what it is."""
        readings = {"assumption": self._assumption, "lemma": self._lemma, "property": self._property}
        for key, reading in readings.items():
            if key in node.entries:
                self.later.append(partial(reading, node))
                return
        key, entry = next(iter(node.entries.items()))
        if isinstance(entry.value, Text):
            if key == "ghosts":
                self.words.declare(node, self.report)
            self.found.documents[f"{key} {entry.value.value}"] = node
        else:
            self.report.add(node.place, "TM108", "a document begins with what it is", "property: NAME")

    def finish(self) -> None:
        """Types everything, once all is declared."""
        for reading in self.later:
            reading()
        items: list[Property | Lemma] = [*self.found.properties.values(), *self.found.lemmas.values()]
        for item in items:
            for name in item.given:
                if name not in self.found.lemmas:
                    self.report.add(item.place, "TM131", f"unknown lemma '{name}'", nearest(name, self.found.lemmas))
            for name in item.assumptions:
                if name not in self.found.assumptions:
                    hint = nearest(name, self.found.assumptions)
                    self.report.add(item.place, "TM131", f"unknown assumption '{name}'", hint)
        for item in () if self.report.found else items:
            self._unwrapped(item)

    def _unwrapped(self, item: Property | Lemma) -> None:
        """A proof over integers names the assumption that lets it speak of numbers that wrap."""
        pair = item.about != ABOUT[0] if isinstance(item, Lemma) else item.method == INDUCTION
        about = [name for name, found in self.found.assumptions.items() if found.numbers != NUMBERS[0]]
        if (pair or item.numbers != NUMBERS[0]) and not set(about).intersection(self.found.assumed(item)):
            hint = f"list one about them: {', '.join(about)}" if about else "there is none about them yet"
            self.report.add(item.place, "TM131", "a proof over integers rests on an assumption", hint)

    def _new(self, node: Mapping, shape: Shape, known: dict[str, object]) -> tuple[Fields, str]:
        fields = Fields(node, shape, self.report)
        name = fields.text(shape.required[0])
        if name and name.value in known:
            self.report.add(name.place, "TM104", f"duplicate {shape.required[0]} '{name.value}'")
        return fields, name.value if name else ""

    def _assumption(self, node: Mapping) -> None:
        from tcpmodel.prove.methods.reading import events, known

        fields, name = self._new(node, ASSUMPTION, dict(self.found.assumptions))
        holds, without = self._conditions(fields, "holds", self.words.scope("system step")), self._without(fields)
        self.found.assumptions[name] = Assumption(
            name, fields.words("is"), fields.words("cite"), holds, document_digest(node), fields.place, without,
            _numbers(fields), known(fields, "methods", METHODS, "no method of proof", self.report),
            frozenset(p.name for text in fields.texts("on") for p in events(text, self.model.procedures, self.report)),
        )  # fmt: skip

    def _without(self, fields: Fields) -> frozenset[str]:
        """The rules that an assumption excludes, by their names or by the events that they belong to."""
        from tcpmodel.prove.methods.reading import rules_of

        texts = fields.texts("without")
        for text in texts:
            if not rules_of(text, self.model) and not self.model.variants:  # a variant may have deleted the rule
                known = self.model.rules
                self.report.add(text.place, "TM130", f"no rule or event '{text.value}'", nearest(text.value, known))
        return frozenset(name for text in texts for name in rules_of(text, self.model))

    def _lemma(self, node: Mapping) -> None:
        fields, name = self._new(node, LEMMA, dict(self.found.lemmas))
        about = fields.choice("about", ABOUT) or ABOUT[0]
        holds = self._conditions(fields, "holds", self.words.scope(about))
        assert holds is not None or "holds" not in fields
        if holds is not None:
            given = tuple(text.value for text in fields.texts("given"))
            text = "; ".join(" ".join(item.value.split()) for item in fields.texts("holds"))
            why, cite, digest = fields.words("why"), fields.words("cite"), document_digest(node)
            assumptions = tuple(text.value for text in fields.texts("assumptions"))
            self.found.lemmas[name] = Lemma(
                name, about, holds, given, why, text, cite, assumptions, digest, fields.place, _numbers(fields)
            )

    def _conditions(self, fields: Fields, key: str, scope: Scope) -> Expr | None:
        from tcpmodel.prove.methods.reading import conjunction

        return conjunction([expression(text, scope, self.report, BOOL) for text in fields.texts(key)])

    def _property(self, node: Mapping) -> None:
        method = Fields(node, Shape("a property", (), tuple(node.entries)), Report()).choice("method", tuple(METHODS))
        keys = METHODS[method].KEYS if method else tuple(node.entries)
        shape = Shape(PROPERTY.what, PROPERTY.required, (*PROPERTY.optional, *keys))
        fields, name = self._new(node, shape, dict(self.found.properties))
        fields.choice("method", tuple(METHODS))
        if not method:
            return
        claim = METHODS[method].read(fields, self.words, self.report)
        self.found.properties[name] = Property(
            name,
            fields.number("row"),
            fields.words("statement"),
            fields.words("cite"),
            method,
            claim,
            tuple(text.value for text in fields.texts("assumptions")),
            tuple(text.value for text in fields.texts("given")),
            tuple(self._mutants(fields)),
            fields.words("source"),
            fields.words("note"),
            fields.choice("expect", ("proved", "refuted", "bounded")) or "proved",
            document_digest(node),
            fields.place,
            _numbers(fields),
            tuple(text.value for text in fields.texts("search")),
        )

    def _mutants(self, fields: Fields) -> Iterator[Mutant]:
        for node in fields.nodes("mutants"):
            if isinstance(node, Text):
                yield self._overlay(node)
            elif isinstance(node, Mapping):
                mutant = Fields(node, MUTANT, self.report)
                yield Mutant(mutant.words("mutant"), change=node)

    def _overlay(self, text: Text) -> Mutant:
        """The variant or profile of that name."""
        kinds = {kind: self._names(kind) for kind in ("variants", "profiles")}
        if text.value in kinds["profiles"]:
            return Mutant(text.value, profile=text.value)
        if text.value not in kinds["variants"]:
            hint = nearest(text.value, [name for names in kinds.values() for name in names])
            self.report.add(text.place, "TM132", f"unknown variant or profile '{text.value}'", hint)
        return Mutant(text.value, text.value)

    def _names(self, kind: str) -> list[str]:
        return [*self.library.names(kind), *self.library.names(f"{self.model.name}/{kind}")]


def _numbers(fields: Fields) -> str:
    return fields.choice("numbers", NUMBERS) or NUMBERS[0]


def document_digest(node: Mapping) -> str:
    """SHA-256 (hexadecimal) of the text of a document."""
    return hashlib.sha256(repr(_plain(node)).encode()).hexdigest()


def _plain(node: object) -> object:
    if isinstance(node, Mapping):
        return {key: _plain(entry.value) for key, entry in node.entries.items()}
    return node.value if isinstance(node, Text) else [_plain(item) for item in getattr(node, "items", ())]
