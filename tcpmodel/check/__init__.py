"""Checks a specification beyond its types: is it total, is everything in it used, does it say what the RFC says.

Here belong questions about a model as a text. What must hold of TCP itself is a property, and is proved elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tcpmodel.check.findings import CODES, Example, Finding, in_order
from tcpmodel.check.places import Places
from tcpmodel.errors import UsageError
from tcpmodel.spec.model import Model, Rule

if TYPE_CHECKING:
    from tcpmodel.check.solver import Steps

__all__ = ["CODES", "Example", "Finding", "Result", "check"]


@dataclass
class Result:
    """What was found in one specification, sorted by place.

    `questions` were put to the solver in `seconds`; `unread` are the RFCs whose quotes were not held against a text.
    """

    name: str
    profile: str = ""
    variants: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    rules: int = 0
    stages: int = 0
    quotes: int = 0
    questions: int = 0
    seconds: float = 0.0
    unread: tuple[str, ...] = ()


def check(model: Model, *, rfc: Path | None = None, stages: Iterable[str] = ()) -> Result:
    """Everything that is wrong with a model that could be loaded, or only with the rules of some stages.

    `rfc` is a folder with rfc9293.txt and others. Raises UsageError when it holds no RFC, or a stage is unknown.
    """
    from tcpmodel.check.solver import Steps

    started = time.monotonic()
    wanted = _wanted(model, tuple(stages))
    steps = Steps(model, frozenset(wanted))
    result = Result(model.name, model.profile, model.variants)
    result.rules, result.stages = len(steps.rules), len(wanted)
    found = _rules(steps) if tuple(stages) else [*_rules(steps), *_names(model)]
    result.findings = in_order([*found, *_text(steps.rules, model, rfc, result)])
    result.questions, result.seconds = steps.queries, time.monotonic() - started
    return result


def _wanted(model: Model, stages: tuple[str, ...]) -> list[str]:
    """The names of the stages to check."""
    from tcpmodel.spec.report import nearest

    known = list(dict.fromkeys(stage.name for procedure in model.procedures for stage in procedure.stages))
    for name in stages:
        if name not in known:
            raise UsageError(f"no stage '{name}' in {model.name}: {nearest(name, known) or ', '.join(known)}")
    return [name for name in known if not stages or name in stages]


def _rules(steps: Steps) -> Iterator[Finding]:
    """What the solver has to say of each rule."""
    from tcpmodel.check.answers import undischarged
    from tcpmodel.check.flow import unreachable
    from tcpmodel.check.stages import Liveness, gaps

    yield from gaps(steps)
    liveness = Liveness(steps)
    yield from liveness.findings()
    yield from unreachable(steps.model, liveness.dead, Places(steps.model))
    yield from undischarged(steps, liveness.dead)


def _names(model: Model) -> Iterator[Finding]:
    from tcpmodel.check.flow import unhandled
    from tcpmodel.check.unused import unused

    yield from unhandled(model)
    yield from unused(model)


def _text(rules: Sequence[Rule], model: Model, rfc: Path | None, result: Result) -> Iterator[Finding]:
    if rfc is None:
        return
    from tcpmodel.check.quotes import Library, misquoted

    library = Library(rfc)
    yield from misquoted(rules, library, Places(model))
    result.quotes = sum(len(rule.quotes) for rule in rules)
    result.unread = tuple(sorted(library.missing))
