"""Pages of `explain` as text and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tcpmodel.report.explain import Page, Section
from tcpmodel.report.explain.data import codes, requirements
from tcpmodel.report.style import Style
from tcpmodel.spec.model import Model

SCHEMA = "tcpmodel/explanation/1"
WIDTH = 110
PLURALS = {"property": "properties"}


def as_text(page: Page, style: Style) -> Iterator[str]:
    """The page as lines for a terminal."""
    yield style("place", f"{page.kind} {page.name}" + (f": {page.title}" if page.title else ""))
    for section in page.sections:
        yield ""
        yield from _section(section, style)


def _section(section: Section, style: Style) -> Iterator[str]:
    yield style("note", section.heading)
    for line in section.lines:
        if section.verbatim:
            yield f"  {line}".rstrip()
        else:
            yield from _wrapped(line, "    ")


def _wrapped(words: str, indent: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent="  ", subsequent_indent=indent, break_on_hyphens=False)


def as_json(page: Page, model: Model) -> dict[str, Any]:
    """The page as an object; `sections` are [heading, lines]."""
    return {
        "schema": SCHEMA, "specification": model.name, "profile": model.profile, "kind": page.kind, "name": page.name,
        "title": page.title, "sections": [[section.heading, list(section.lines)] for section in page.sections],
    }  # fmt: skip


def contents(groups: Mapping[str, Sequence[str]], model: Model, style: Style) -> Iterator[str]:
    """Everything that can be explained, one thing a line; rules by their names alone."""
    from tcpmodel.report.explain import explain

    for kind, names in groups.items():
        yield style("note", PLURALS.get(kind, f"{kind}s"))
        if kind in ("rule", "lemma"):
            yield from _wrapped(", ".join(names), "  ")
            yield ""
            continue
        wide = max(map(len, names), default=0)
        for name in names:
            title = requirements()[name][0]["text"] if name in requirements() else explain(name, model).title
            yield f"  {name:<{wide}}  {title}".rstrip() if name in codes() or title else f"  {name}"
        yield ""
