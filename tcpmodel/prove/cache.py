"""Results of proofs, kept until something changes that they rest on.

A result is found by what it depends on: the specification with its overlays, the text of the property, of its lemmas
and assumptions and of what the methods read besides, the program and the solver. What a solver gave up on is not kept,
for it may succeed another day; so a kept result does not depend on the time it was given, unless it is bounded.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from tcpmodel.compile import cache_directory
from tcpmodel.prove.context import Context
from tcpmodel.prove.load import FOLDER, document_digest
from tcpmodel.prove.plain import GAVE_UP
from tcpmodel.prove.property import BOUNDED, UNKNOWN, Failure, Property, Result
from tcpmodel.prove.units import Subject
from tcpmodel.spec.find import default_root, located

PARTS = ("trace", "spec", "compile", "prove")
"""The parts of the program whose code decides what is proved."""
SOLVERS = ("z3-solver", "networkx")


class Cache:
    """The results for one subject; `cores` are those with unsat cores, which say which lemmas were needed."""

    def __init__(self, subject: Subject, context: Context, cores: bool = False, folder: Path | None = None) -> None:
        self.subject, self.context, self.cores = subject, context, cores
        self.folder = folder or cache_directory() / "proofs"

    def get(self, item: Property, timeout: float | None = None) -> Result | None:
        """The result of a property, if it is known; `timeout` in seconds is asked of bounded ones, None of none."""
        try:
            kept = json.loads(self.path(item).read_text(encoding="utf-8"))
            found = _restored(kept["result"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None if found.result == BOUNDED and timeout not in (None, kept["timeout"]) else found

    def known(self, item: Property) -> Result | None:
        """The result of a property, of whatever run."""
        other = Cache(self.subject, self.context, not self.cores, self.folder)
        return self.get(item) or other.get(item)

    def put(self, item: Property, result: Result, timeout: float) -> None:
        """Keeps a result, whole or not at all; a folder that cannot be written to keeps nothing."""
        if not lasting(result):
            return
        text = json.dumps({"timeout": timeout, "result": asdict(result)})
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, self.path(item))

    def path(self, item: Property) -> Path:
        """Where the result of a property stands."""
        digest = hashlib.sha256(self._common.encode())
        for text in self._texts(item):
            digest.update(f"{len(text)} {text}\n".encode())
        return self.folder / f"{digest.hexdigest()[:32]}.json"

    @cached_property
    def _common(self) -> str:
        model, index = self.context.model, located(self.context.model.files[0])
        subject = (model.name, model.profile, model.variants, self.subject.mutant, self.cores)
        return f"{model.digest} {subject} {program()} {library(index.parent.parent)} {library(default_root())}"

    def _texts(self, item: Property) -> Iterator[str]:
        """What the property is in the text, and everything that it names."""
        properties = self.context.properties
        yield f"{item.name} {item.digest}"
        if self.subject.mutant:
            yield properties.properties[self.subject.mutant.split("/", 1)[0]].digest
        for lemma in map(properties.lemmas.__getitem__, properties.closure(item.given)):
            yield f"lemma {lemma.name} {lemma.digest}"
        for name in sorted(properties.assumed(item)):
            yield f"assumption {name} {properties.assumptions[name].digest}"
        for name, document in properties.documents.items():
            yield f"{name} {document_digest(document)}"


def lasting(result: Result) -> bool:
    """Whether another attempt would say the same: an answer, or a failure that is not for want of time."""
    if result.result != UNKNOWN:
        return True
    return bool(result.failures) and not any(GAVE_UP in failure.reason for failure in result.failures)


def _restored(values: dict[str, Any]) -> Result:
    """A result as `asdict` and JSON left it."""
    failures = tuple(Failure(**{**row, "rules": tuple(row["rules"])}) for row in values["failures"])
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Result(**{**values, **lists, "failures": failures})


@cache
def program() -> str:
    """SHA-256 (hexadecimal) over the code that decides what is proved, and the versions of the solvers."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for path in sorted(path for part in PARTS for path in (package / part).rglob("*.py")):
        digest.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    for name in SOLVERS:
        with suppress(metadata.PackageNotFoundError):
            digest.update(f"{name} {metadata.version(name)}\n".encode())
    return digest.hexdigest()


@cache
def library(root: Path) -> str:
    """SHA-256 (hexadecimal) over what stands beside the specifications of a library: methods of proof may read it."""
    digest = hashlib.sha256()
    for folder in sorted(root.glob("*/")):
        if folder.name != FOLDER and not (folder / "spec.yaml").exists():
            for path in sorted(folder.rglob("*.yaml")):
                digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()
