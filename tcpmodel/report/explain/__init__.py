"""The long form of a code, a rule, a state or a requirement: what it means, on what it rests, where it stands.

Texts and examples are data beside this module; everything else is read off the specification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tcpmodel.errors import UsageError
from tcpmodel.report.explain.data import codes, requirements
from tcpmodel.spec.model import Model

__all__ = ["Page", "Section", "explain", "known"]

FORMS = "give a code such as TM421, a state, the name of a rule, or a requirement such as MUST-13"


@dataclass(frozen=True)
class Section:
    """A heading and the lines under it; `verbatim` lines are not to be broken."""

    heading: str
    lines: tuple[str, ...]
    verbatim: bool = False


@dataclass(frozen=True)
class Page:
    """`kind` is finding, error, rule, state or requirement; `title` says the thing in a line."""

    kind: str
    name: str
    title: str
    sections: list[Section] = field(default_factory=list)


def known(model: Model) -> dict[str, list[str]]:
    """Everything that can be explained: kind -> names, in order."""
    found = codes()
    return {
        "error": [code for code in found if code < "TM2"],
        "finding": [code for code in found if code >= "TM2"],
        "state": list(model.states),
        "requirement": list(requirements()),
        "rule": list(model.rules),
    }


def explain(name: str, model: Model) -> Page:
    """The page on a code, rule, state or requirement, capitals or not.

    Raises UsageError, with the nearest names, when there is no such thing in the model.
    """
    from tcpmodel.report.explain import pages
    from tcpmodel.spec.report import nearest

    writers: dict[str, Callable[[str, Model], Page]] = {
        "error": pages.error, "finding": pages.finding, "state": pages.state,
        "requirement": pages.requirement, "rule": pages.rule,
    }  # fmt: skip
    groups = known(model)
    for exact in (True, False):
        for kind, names in groups.items():
            for candidate in names:
                if candidate == name or (not exact and candidate.casefold() == name.casefold()):
                    return writers[kind](candidate, model)
    named = [n for kind, names in groups.items() if kind != "rule" for n in names]
    hint = nearest(name.upper(), named) or nearest(name, groups["rule"]) or FORMS
    raise UsageError(f"nothing to explain is called '{name}': {hint}")
