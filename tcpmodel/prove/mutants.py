"""Mutants: a specification broken on purpose, by a variant or by an overlay that stands beside the property."""

from __future__ import annotations

from dataclasses import replace

from tcpmodel.prove.load import property_files
from tcpmodel.prove.shapes import EDITS
from tcpmodel.spec import load
from tcpmodel.spec.find import Selection, select, shown
from tcpmodel.spec.loader import load_selection
from tcpmodel.spec.model import Model
from tcpmodel.spec.reader import read
from tcpmodel.spec.report import Report
from tcpmodel.spec.source import Entry, Mapping, Sequence, Text


def mutated(name: str, profile: str | None, variants: tuple[str, ...], mutant: str = "") -> Model:
    """The model of a specification, changed by the mutant `PROPERTY/MUTANT` unless it is empty: one variant more."""
    if not mutant:
        return load(name, profile=profile, variants=variants)
    selection = select(name, profile, variants, None)
    model = load_selection(selection, (overlay(selection, *mutant.split("/", 1)),))
    return replace(model, variants=(*model.variants, mutant))


def overlay(selection: Selection, owner: str, mutant: str) -> Mapping:
    """The overlay that a property's mutant stands for, of the specification selected. KeyError without one."""
    for path in property_files(selection.index.path, (selection.profile, *selection.variants)):
        for document in read(path, shown(path), Report()):
            if _says(document, "property", owner):
                for node in _mutants(document):
                    if _says(node, "mutant", mutant):
                        return _overlay(node)
    raise KeyError(f"{owner}/{mutant}")


def _says(node: Mapping, key: str, value: str) -> bool:
    entry = node.entries.get(key)
    return entry is not None and isinstance(entry.value, Text) and entry.value.value == value


def _mutants(document: Mapping) -> list[Mapping]:
    entry = document.entries.get("mutants")
    items = entry.value.items if entry and isinstance(entry.value, Sequence) else ()
    return [item for item in items if isinstance(item, Mapping)]


def _overlay(node: Mapping) -> Mapping:
    """The node with the keys that every overlay needs; what it says of itself stands in for them."""
    name = node.entries["mutant"]
    entries = {key: entry for key, entry in node.entries.items() if key in EDITS}
    entries = {key: Entry(entry.key, _noted(entry.value, name)) for key, entry in entries.items()}
    for key in ("variant", "extends", "title", "reason"):
        entries[key] = name
    return Mapping(entries, node.place)


def _noted(value: Text | Mapping | Sequence, name: Entry) -> Text | Mapping | Sequence:
    """Each changed rule with a note, which is the name of the mutant."""
    if not isinstance(value, Sequence):
        return value
    items = (
        Mapping({"note": name, **item.entries}, item.place) if isinstance(item, Mapping) else item
        for item in value.items
    )
    return Sequence(tuple(items), value.place)
