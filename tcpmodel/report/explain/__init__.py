"""The long form of a code, a rule, a state, a requirement, a property: what it means, on what it rests, where it is.

Texts and examples are data beside this module; everything else is read off the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tcpmodel.errors import UsageError
from tcpmodel.report.explain.data import codes, requirements
from tcpmodel.spec.model import Model

__all__ = ["Page", "Section", "explain", "known"]

FORMS = "give a code such as TM421, a state, the name of a rule or a property, or a requirement such as MUST-13"


@dataclass(frozen=True)
class Section:
    """A heading and the lines under it; `verbatim` lines are not to be broken."""

    heading: str
    lines: tuple[str, ...]
    verbatim: bool = False


@dataclass(frozen=True)
class Page:
    """`kind` is finding, error, rule, state, requirement, property or lemma; `title` says the thing in a line."""

    kind: str
    name: str
    title: str
    sections: list[Section] = field(default_factory=list)


def known(model: Model) -> dict[str, list[str]]:
    """Everything that can be explained: kind -> names, in order."""
    from tcpmodel.report.explain import proof_pages

    return {**_known(model), **proof_pages.names(model)}


def _known(model: Model) -> dict[str, list[str]]:
    """What the specification itself has, which is found without reading any property."""
    found = codes()
    return {
        "error": [code for code in found if code < "TM2"],
        "finding": [code for code in found if code >= "TM2"],
        "state": list(model.states),
        "requirement": list(requirements()),
        "rule": list(model.rules),
    }


def explain(name: str, model: Model) -> Page:
    """The page on a code, rule, state, requirement, property or lemma, capitals or not.

    Raises UsageError, with the nearest names, when there is no such thing in the model.
    """
    from tcpmodel.report.explain import pages, proof_pages
    from tcpmodel.spec.report import nearest

    writers: dict[str, Callable[[str, Model], Page]] = {
        "error": pages.error, "finding": pages.finding, "state": pages.state,
        "requirement": pages.requirement, "rule": pages.rule,
        proof_pages.PROPERTY: proof_pages.property_page, proof_pages.LEMMA: proof_pages.lemma_page,
    }  # fmt: skip
    groups = _known(model)
    found = _found(name, groups) or _found(name, proof_pages.names(model))
    if found:
        kind, candidate = found
        return writers[kind](candidate, model)
    named = [n for kind, names in groups.items() if kind != "rule" for n in names]
    proofs = [n for names in proof_pages.names(model).values() for n in names]
    hint = nearest(name.upper(), named) or nearest(name, [*groups["rule"], *proofs]) or FORMS
    raise UsageError(f"nothing to explain is called '{name}': {hint}")


def _found(name: str, groups: Mapping[str, Iterable[str]]) -> tuple[str, str] | None:
    """The kind and the name of what is called so, capitals or not."""
    for exact in (True, False):
        for kind, names in groups.items():
            for candidate in names:
                if candidate == name or (not exact and candidate.casefold() == name.casefold()):
                    return kind, candidate
    return None
