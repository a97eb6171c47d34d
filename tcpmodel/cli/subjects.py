"""Which properties of which specification a command line means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tcpmodel.errors import SpecError, UsageError

if TYPE_CHECKING:
    from tcpmodel.prove.context import Context
    from tcpmodel.prove.property import Property
    from tcpmodel.prove.units import Subject


@dataclass(frozen=True)
class Chosen:
    """A specification with its overlays, and the properties that are meant, in the order of the text."""

    subject: Subject
    context: Context
    items: tuple[Property, ...]

    @property
    def title(self) -> str:
        """The names of the specification, its profile and its variants."""
        model = self.context.model
        return " with ".join(dict.fromkeys((model.name, model.profile, *model.variants)))

    @property
    def root(self) -> Path:
        """The library that the specification stands in."""
        from tcpmodel.spec.find import located

        return located(self.context.model.files[0]).parent.parent


def chosen(names: tuple[str, ...], spec: str | None, profile: str | None, variants: tuple[str, ...]) -> list[Chosen]:
    """The named properties, all of them without a name. Raises UsageError for a name that no specification has."""
    from tcpmodel.spec.report import nearest

    asked = list(subjects(spec, profile, variants))
    if names and not spec:
        asked = _with(names, asked)
    found = [_whole(subject) if spec else _own(subject) for subject in asked]
    known = [item.name for one in found for item in one.items]
    if not known:
        raise UsageError(f"no properties are written down for {found[0].context.model.name}")
    for name in names:
        if name not in known:
            raise UsageError(f"no property '{name}': {nearest(name, known) or 'see tcpmodel prove --list'}")
    picked = [replace(one, items=tuple(item for item in one.items if not names or item.name in names)) for one in found]
    return [one for one in picked if one.items]


def _with(names: tuple[str, ...], asked: list[Subject]) -> list[Subject]:
    """The subjects whose texts have the names, which saves typing the others; all, should a name stand nowhere."""
    declared = {subject: _declared(subject) for subject in asked}
    if not set(names) <= set().union(*declared.values()):
        return asked
    return [subject for subject in asked if not declared[subject].isdisjoint(names)]


def _folder(subject: Subject) -> Path:
    """Where the properties of that name stand."""
    from tcpmodel.prove.load import FOLDER
    from tcpmodel.spec.find import default_root

    return default_root() / FOLDER / subject.name


def _declared(subject: Subject) -> set[str]:
    """The names of the properties in the folder of that name."""
    from tcpmodel.spec.find import shown
    from tcpmodel.spec.reader import read
    from tcpmodel.spec.report import Report
    from tcpmodel.spec.source import Text

    files = sorted(_folder(subject).glob("*.yaml"))
    documents = [node.entries for path in files for node in read(path, shown(path), Report())]
    found = [entries["property"].value for entries in documents if "property" in entries]
    return {text.value for text in found if isinstance(text, Text)}


def _whole(subject: Subject) -> Chosen:
    from tcpmodel.prove.units import context_of

    context = context_of(subject)
    return Chosen(subject, context, tuple(context.properties.properties.values()))


def _own(subject: Subject) -> Chosen:
    """The properties in the folder of that name: a profile or a variant leaves those of its base to the base."""
    from tcpmodel.spec.find import located

    whole, folder = _whole(subject), _folder(subject)
    return replace(whole, items=tuple(item for item in whole.items if located(item.place.file).parent == folder))


def subjects(spec: str | None = None, profile: str | None = None, variants: tuple[str, ...] = ()) -> Iterator[Subject]:
    """The specification that is named, else all, profiles and variants too, that have properties and fit overlays."""
    from tcpmodel.prove.load import FOLDER
    from tcpmodel.prove.units import Subject
    from tcpmodel.spec.find import BASE, default_root, select

    if spec:
        yield Subject(spec, profile, variants)
        return
    folders = sorted(path.name for path in (default_root() / FOLDER).iterdir() if path.is_dir())
    faults = []
    for name in sorted(folders, key=lambda folder: folder != BASE):
        try:
            select(name, profile, variants, None)
        except SpecError as error:
            faults.append(error)
        else:
            yield Subject(name, profile, variants)
    if len(faults) == len(folders):
        raise faults[0]
