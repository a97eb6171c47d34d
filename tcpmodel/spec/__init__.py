"""The specification: text -> typed, located, checked Model.

`load` reads it, `spec_digest` identifies it without parsing, `render` shows what is wrong with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tcpmodel.spec.digest import spec_digest
from tcpmodel.spec.find import BASE
from tcpmodel.spec.render import render, source_line

if TYPE_CHECKING:
    from tcpmodel.spec.model import Model

__all__ = ["load", "render", "source_line", "spec_digest"]


def load(
    name: str = BASE,
    *,
    profile: str | None = None,
    variants: tuple[str, ...] = (),
    root: Path | str | None = None,
) -> Model:
    """The specification `name` (bundled, or the path of a spec.yaml or an overlay) with its overlays.

    `root` is a folder searched for names before the bundled one. Raises SpecError with every diagnostic,
    UsageError when a name is unknown.
    """
    # a run with cached code never parses YAML, so the parser is not imported before it is needed
    from tcpmodel.spec.loader import load as parse

    return parse(name, profile=profile, variants=variants, root=root)
