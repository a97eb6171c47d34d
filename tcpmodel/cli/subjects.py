"""Which properties of which specification a command line means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
    from tcpmodel.prove.units import context_of
    from tcpmodel.spec.report import nearest

    found = [(subject, context_of(subject)) for subject in subjects(spec, profile, variants)]
    known = [name for _, context in found for name in context.properties.properties]
    if not known:
        raise UsageError(f"no properties are written down for {found[0][1].model.name}")
    for name in names:
        if name not in known:
            raise UsageError(f"no property '{name}': {nearest(name, known) or 'see tcpmodel prove --list'}")
    picked = [
        Chosen(
            subject, context, tuple(p for p in context.properties.properties.values() if not names or p.name in names)
        )
        for subject, context in found
    ]
    return [one for one in picked if one.items]


def subjects(spec: str | None = None, profile: str | None = None, variants: tuple[str, ...] = ()) -> Iterator[Subject]:
    """The specification that is named, else all that have properties and that the overlays rest on."""
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
