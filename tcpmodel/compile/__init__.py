"""Model -> Python source of the step functions, kept in a cache by the digest of the specification's files."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from tcpmodel.errors import UsageError
from tcpmodel.spec.digest import spec_digest

__all__ = ["cache_directory", "load_steps", "replayable", "write_cached"]


def cache_directory() -> Path:
    """Where generated modules are kept: $XDG_CACHE_HOME/tcpmodel, else ~/.cache/tcpmodel."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "tcpmodel"


def load_steps(
    name: str = "rfc9293", *, profile: str | None = None, variants: tuple[str, ...] = (), traced: bool = False
) -> ModuleType:
    """The generated module of a specification: TCB, EVENTS, HIDDEN, RULES, MESSAGES, EXPECTED, GUARDS.

    With `traced` its functions append the number of each rule that fires to `e.fired`.

    Raises SpecError when the specification has errors, and OSError when its files cannot be read.
    """
    digest = hashlib.sha256(spec_digest(name, profile=profile, variants=variants).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    key = f"tcpmodel_steps_{digest.hexdigest()[:24]}{'_traced' if traced else ''}"
    if key in sys.modules:
        return sys.modules[key]
    path = cache_directory() / f"{key}.py"
    if not path.exists():
        path = write_cached(path, _source(name, profile, variants, traced))
    spec = importlib.util.spec_from_file_location(key, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module)["SELECTION"] = (name, profile, variants)
    sys.modules[key] = module
    return module


def replayable(steps: ModuleType) -> ModuleType:
    """The module itself; UsageError when its specification leaves out what a replay of traces has to know."""
    if not hasattr(steps, "SENT"):
        raise UsageError(f"no trace can be held against '{steps.NAME}': it is not about whole connections")
    return steps


def _source(name: str, profile: str | None, variants: tuple[str, ...], traced: bool) -> str:
    from tcpmodel.compile.python import generate
    from tcpmodel.spec import load

    return generate(load(name, profile=profile, variants=variants), traced)


def write_cached(path: Path, source: str) -> Path:
    """Write whole or not at all; a cache that cannot be written to is replaced by a temporary folder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="tcpmodel-")) / path.name
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w") as file:
        file.write(source)
    os.replace(temporary, path)
    return path
