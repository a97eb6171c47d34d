"""The pages of `explain` on properties and lemmas: what they say, what they rest on, what rests on them."""

from __future__ import annotations

from collections.abc import Iterator

from tcpmodel.errors import Place, SpecError
from tcpmodel.prove.load import Properties, load_properties
from tcpmodel.prove.property import Lemma, Property
from tcpmodel.report.explain import Page, Section
from tcpmodel.spec.find import located
from tcpmodel.spec.model import Model

PROPERTY, LEMMA = "property", "lemma"
_LOADED: dict[str, Properties] = {}


def names(model: Model) -> dict[str, list[str]]:
    """The properties and lemmas of a model, by kind; none where their text does not fit it."""
    found = properties_of(model)
    return {PROPERTY: list(found.properties), LEMMA: list(found.lemmas)}


def properties_of(model: Model) -> Properties:
    """What is written down about a model, read once."""
    key = f"{model.digest} {model.profile} {model.variants}"
    if key not in _LOADED:
        try:
            _LOADED[key] = load_properties(model)
        except SpecError:
            _LOADED[key] = Properties(model)
    return _LOADED[key]


def property_page(name: str, model: Model) -> Page:
    """A property: its text, the lemmas and assumptions behind it, the mutants under which it must fail."""
    properties = properties_of(model)
    item = properties.properties[name]
    lemmas = [properties.lemmas[lemma] for lemma in properties.closure(item.given)]
    sections = [
        Section("as written", tuple(as_written(item.place)), verbatim=True),
        Section("place", tuple(_place(item))),
    ]
    sections += [Section(f"lemma {lemma.name}", (lemma.text, f"why: {lemma.why}")) for lemma in lemmas]
    assumed = _assumed(item, properties)
    sections.append(Section("assumptions", tuple(assumed) or ("none",)))
    sections.append(
        Section("must fail under", tuple(mutant.name for mutant in item.mutants) or ("no mutant is given",))
    )
    sections.append(Section("try it", (f"tcpmodel prove {name} --why",), verbatim=True))
    return Page(PROPERTY, name, item.statement, sections)


def _place(item: Property) -> Iterator[str]:
    yield f"{item.place.file}:{item.place.line}"
    yield item.cite
    if item.row:
        yield f"row {item.row} of the work list: tcpmodel prove --list {item.name}"
    if item.expect != "proved":
        yield f"it is expected to be {item.expect}"


def lemma_page(name: str, model: Model) -> Page:
    """A lemma: its text, what its induction rests on, and which proofs rest on it."""
    properties = properties_of(model)
    lemma = properties.lemmas[name]
    users = [item.name for item in properties.properties.values() if name in properties.closure(item.given)]
    others = [other.name for other in properties.lemmas.values() if name in other.given]
    place = f"{lemma.place.file}:{lemma.place.line}"
    sections = [
        Section("as written", tuple(as_written(lemma.place)), verbatim=True),
        Section("place", tuple(filter(None, (place, lemma.cite)))),
        Section("assumptions", tuple(_assumed(lemma, properties)) or ("none",)),
        Section("used by lemmas", (", ".join(others) or "none",)),
        Section("used by properties", (", ".join(users) or "none",)),
    ]
    return Page(LEMMA, name, lemma.why, sections)


def _assumed(item: Property | Lemma, properties: Properties) -> Iterator[str]:
    for name in properties.assumed(item):
        found = properties.assumptions[name]
        yield f"{name}: {found.meaning} ({found.cite})"


def as_written(place: Place) -> list[str]:
    """The lines of the document that begins at a place; [] when the file cannot be read."""
    try:
        rows = located(place.file).read_text(encoding="utf-8").splitlines()[place.line - 1 :]
    except OSError:
        return []
    end = next((number for number, row in enumerate(rows) if row.startswith("---")), len(rows))
    return "\n".join(rows[:end]).rstrip().split("\n")
