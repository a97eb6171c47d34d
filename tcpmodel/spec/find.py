"""Where specifications are on disk, and which files make one up, without parsing any YAML.

A specification is a folder with a `spec.yaml` under the root; `profiles/` and `variants/` beside it, or in it, hold
overlays. The command line asks here on every run, so the keys that matter (`specification`, `profile`,
`variant`, `extends`) stand at the start of a line and are found by pattern.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tcpmodel.errors import SpecError, UsageError
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.source import Source

PACKAGE = Path(__file__).resolve().parent.parent
HEAD = re.compile(r"^(specification|profile|variant|extends)[ \t]*:[ \t]*[\"']?([^\s\"',}#]+)", re.MULTILINE)
BASE = "rfc9293"


def default_root() -> Path:
    """The specifications that come with the program: package data, else the checkout's `specs`."""
    bundled = PACKAGE / "specs"
    return bundled if bundled.is_dir() else PACKAGE.parent / "specs"


def shown(path: Path) -> str:
    """A file's name in messages: [tcpmodel/]specs/... for what comes with the program, else as given."""
    bundled = path.is_relative_to(default_root())
    return (path.relative_to(PACKAGE.parent) if bundled else path).as_posix()


def located(name: str) -> Path:
    """The path of a file that `shown` has named."""
    bundled = PACKAGE.parent / name
    return bundled if bundled.is_relative_to(default_root()) and bundled.is_file() else Path(name)


@dataclass(frozen=True)
class File:
    """A specification's index or an overlay."""

    path: Path

    @property
    def shown(self) -> str:
        return shown(self.path)

    @cached_property
    def source(self) -> Source:
        return Source(self.shown, self.path.read_bytes().decode("utf-8-sig", "replace"))

    @cached_property
    def heads(self) -> dict[str, re.Match[str]]:
        """The identifying keys of the file, each with its match in the text."""
        return {found.group(1): found for found in reversed(list(HEAD.finditer(self.source.text)))}

    @property
    def kind(self) -> str:
        """specification, profile, variant, or '' for a file that is none of them."""
        return next((kind for kind in ("specification", "profile", "variant") if kind in self.heads), "")

    @property
    def name(self) -> str:
        return self.heads[self.kind].group(2) if self.kind else self.path.stem

    def fault(self, code: str, message: str, help: str = "") -> SpecError:
        """An error at the value of `extends`, or at the top of a file without one."""
        report = Report()
        found = self.heads.get("extends")
        start, end = found.span(2) if found else (0, 1)
        report.add(self.source.place(start, end), code, message, help)
        return report.error()


@dataclass(frozen=True)
class Selection:
    """What to load: a specification's index, and the overlays on it in the order in which they apply."""

    index: File
    overlays: tuple[File, ...] = ()

    @property
    def profile(self) -> str:
        """The last profile's name, or the specification's own."""
        names = [overlay.name for overlay in self.overlays if overlay.kind == "profile"]
        return names[-1] if names else self.index.name

    @property
    def variants(self) -> tuple[str, ...]:
        return tuple(overlay.name for overlay in self.overlays if overlay.kind == "variant")


@dataclass
class Library:
    """Looks names up, first under `roots`, then among the specifications that come with the program."""

    roots: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.roots = list(dict.fromkeys([*self.roots, default_root()]))

    def find(self, name: str, *folders: str) -> File | None:
        """The file at a path, or of that name in a folder: `profiles`, `variants`, '' for specifications."""
        if is_path(name):
            path = Path(name)
            path = path / "spec.yaml" if path.is_dir() else path
            return File(path) if path.is_file() else None
        tails = [f"{folder}/{name}.yaml" if folder else f"{name}/spec.yaml" for folder in folders]
        paths = [root / tail for root in self.roots for tail in tails]
        return next((File(path) for path in paths if path.is_file()), None)

    def names(self, folder: str) -> list[str]:
        """All names in a folder, '' for specifications."""
        paths = [
            path for root in self.roots for path in root.glob(f"{folder}/*.yaml" if folder else "*/spec.yaml")
        ]
        return sorted({path.stem if folder else path.parent.name for path in paths})

    def need(self, what: str, name: str, *folders: str) -> File:
        """As `find`; UsageError with the nearest names when there is none."""
        found = self.find(name, *folders)
        if found is None:
            known = [other for folder in folders for other in self.names(folder)]
            hint = nearest(name, known) or (f"there are {', '.join(known)}" if known else "there are none")
            raise UsageError(f"no {what} '{name}': {hint}")
        return found

    def chain(self, overlay: File) -> tuple[File, list[File]]:
        """The index that an overlay rests on, and the overlays up to and including it."""
        chain = [overlay]
        while True:
            base = self._base(chain[0])
            if base.kind == "specification":
                return base, chain
            if base.path in [item.path for item in chain]:
                raise chain[0].fault("TM105", f"'{base.name}' extends itself")
            chain.insert(0, base)

    def _base(self, overlay: File) -> File:
        found = overlay.heads.get("extends")
        if found is None:
            raise overlay.fault(
                "TM106", "an overlay needs 'extends' at the start of a line", f"extends: {BASE}"
            )
        name = found.group(2)
        near = beside(overlay.path, name)
        base = File(near) if is_path(name) and near.is_file() else self.find(name, "", "profiles")
        if base is None or base.kind not in ("specification", "profile"):
            help = nearest(name, [*self.names(""), *self.names("profiles")])
            raise overlay.fault("TM105", f"unknown specification or profile '{name}'", help)
        return base


def is_path(name: str) -> bool:
    """Whether a name given by the user is that of a file."""
    return name.endswith((".yaml", ".yml")) or "/" in name or "\\" in name


def beside(path: Path, name: str) -> Path:
    """The file that a name in the file `path` refers to."""
    return Path(os.path.normpath(path.parent / name))


def select(name: str, profile: str | None, variants: tuple[str, ...], root: Path | str | None) -> Selection:
    """The files that the arguments of `load` name.

    Raises UsageError for an unknown name, SpecError for an overlay without a base or on another one.
    """
    library = Library([Path(root)] if root else [])
    start = library.need("specification", name, "", "profiles", "variants")
    if is_path(name):
        library = Library([*library.roots[:-1], start.path.parent.parent, start.path.parent])
    if start.kind in ("profile", "variant"):
        index, chain = library.chain(start)
        selection = Selection(index, tuple(chain))
    else:
        selection = Selection(start)
    library = Library([*library.roots[:-1], selection.index.path.parent])
    if profile and profile not in (selection.index.name, selection.profile):
        selection = _stack(selection, library, library.need("profile", profile, "profiles"))
    for variant in variants:
        selection = _stack(selection, library, library.need("variant", variant, "variants"))
    return selection


def _stack(selection: Selection, library: Library, overlay: File) -> Selection:
    """The selection with an overlay, and what that rests on, on top."""
    index, chain = library.chain(overlay)
    present = [item.path.resolve() for item in selection.overlays]
    new = [item for item in chain if item.path.resolve() not in present]
    if index.path.resolve() != selection.index.path.resolve():
        raise overlay.fault("TM105", f"'{overlay.name}' extends '{index.name}', not '{selection.index.name}'")
    mine, theirs = (
        [item.path.resolve() for item in items if item.kind == "profile"]
        for items in (selection.overlays, chain)
    )
    if not set(theirs) <= set(mine) and theirs[: len(mine)] != mine:
        raise overlay.fault("TM105", f"'{overlay.name}' does not rest on profile '{selection.profile}'")
    return Selection(selection.index, (*selection.overlays, *new))
