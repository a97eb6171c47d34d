"""What the long forms rest on besides the specification: texts, examples, and RFC 9293 Appendix B."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent


@cache
def texts(name: str) -> Mapping[str, Any]:
    """The content of one of the YAML files beside this module; every scalar is text."""
    found: Mapping[str, Any] = yaml.load((HERE / f"{name}.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
    return found


def codes() -> dict[str, Mapping[str, Any]]:
    """Code -> its long form, in order: `about`, and examples or `none`."""
    both: dict[str, Mapping[str, Any]] = {**texts("errors")["errors"], **texts("findings")["findings"]}
    return dict(sorted(both.items()))


def requirements() -> Mapping[str, list[Mapping[str, str]]]:
    """Requirement id -> its rows of Appendix B: level, heading, text."""
    return texts("requirements")
