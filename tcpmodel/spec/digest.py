"""What identifies a specification: the key under which compiled code is cached."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import tcpmodel
from tcpmodel.spec.find import BASE, Selection, beside, select, shown
from tcpmodel.spec.source import Mapping, Node, Text

FILE_NAME = re.compile(r"[^\s,\[\]{}'\"#]+\.ya?ml")


def spec_digest(
    name: str = BASE,
    *,
    profile: str | None = None,
    variants: tuple[str, ...] = (),
    root: Path | str | None = None,
) -> str:
    """SHA-256 (hexadecimal) over the version and the files that `load` would read, without parsing them."""
    return selection_digest(select(name, profile, tuple(variants), root))


def selection_digest(selection: Selection) -> str:
    """The digest of files already found; see `spec_digest`."""
    digest = hashlib.sha256(f"tcpmodel {tcpmodel.__version__}\n".encode())
    for path in selection_files(selection):
        content = path.read_bytes()
        digest.update(f"{shown(path)} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def changed_digest(digest: str, changes: tuple[Mapping, ...]) -> str:
    """The digest of a specification that is changed by overlays which are no files."""
    if not changes:
        return digest
    return hashlib.sha256(f"{digest} {[contents(change) for change in changes]}".encode()).hexdigest()


def contents(node: Node) -> object:
    """A node as mappings, lists and texts, without its places."""
    if isinstance(node, Text):
        return node.value
    if isinstance(node, Mapping):
        return {key: contents(entry.value) for key, entry in node.entries.items()}
    return [contents(item) for item in node.items]


def selection_files(selection: Selection) -> list[Path]:
    """The index, every file whose name occurs in it (comments included, which does no harm), the overlays."""
    index = selection.index.path
    named = [beside(index, name) for name in dict.fromkeys(FILE_NAME.findall(selection.index.source.text))]
    parts = [path for path in named if path.is_file()]
    return [index, *parts, *(overlay.path for overlay in selection.overlays)]
