"""On what a proof rests, and where one fails: lemmas, assumptions, and steps that break them, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tcpmodel.prove.plain import GAVE_UP
from tcpmodel.prove.property import PROVED, REFUTED, Failure, Lemma, Result
from tcpmodel.report.counts import counted
from tcpmodel.report.proof import Answer
from tcpmodel.report.proof.wrap import below
from tcpmodel.report.style import Style

NOTHING = ("0", "-1", "False", "none", "()")
"""Values that say nothing of a state."""
NOT_KEPT = " fails for "
"""Behind the names of lemmas, before whom the induction over two endpoints could not keep them for."""


def failures(result: Result, brief: bool, style: Style) -> Iterator[str]:
    """The obligations that were not met; in brief the first, and none where a counterexample says it better."""
    if result.counterexample is not None and brief:
        return
    shown = result.failures[:1] if brief else result.failures
    for failure in shown:
        yield from _failure(failure, brief, style)
    more = len(result.failures) - len(shown)
    if more:
        yield f"and {counted(more, 'more obligation')} not met"
    if result.reason and not result.failures:
        yield from below(result.reason)


def _failure(failure: Failure, brief: bool, style: Style) -> Iterator[str]:
    first, *rest = below(headline(failure), "", "  ")
    yield style("warning", first)
    yield from rest
    if failure.reason not in failure.obligation:
        yield from below(failure.reason, "  ")
    for label, values in (("before", failure.before), ("event", failure.event)):
        if values:
            yield from below(f"{label:<7} {_values(values, brief)}", "  ", " " * 10)
    if failure.rules:
        yield from below(f"rules   {', '.join(failure.rules)}", "  ", " " * 10)


def headline(failure: Failure) -> str:
    """What failed: the solver, an induction, or something that should follow from what is known."""
    part, _, lemma = failure.obligation.rpartition(": lemma ")
    if GAVE_UP in failure.reason:
        return f"not decided: {failure.obligation}"
    if NOT_KEPT in failure.reason:
        return f"the induction fails: {failure.obligation}, from a state that may be out of reach"
    if part:
        return f"the induction fails: {part} need not keep lemma {lemma}, from a state that may be out of reach"
    return f"not shown: {failure.obligation}"


def _values(values: Mapping[str, str], brief: bool) -> str:
    """The values by name; in brief without those that are nothing."""
    shown = {name: value for name, value in values.items() if not brief or value not in NOTHING}
    words = ", ".join(f"{name} {value}" for name, value in shown.items())
    return words + ("; the others 0" if len(shown) < len(values) else "")


def grounds(answer: Answer, style: Style) -> Iterator[str]:
    """The lemmas with what they are for, and the assumptions."""
    item, result = answer.item, answer.result
    if item.source:
        yield from below(f"source: {item.source}", "", "  ")
    yield style("note", "lemmas" if answer.lemmas else "no lemmas: every state is considered, reachable or not")
    for lemma in answer.lemmas:
        yield from _lemma(lemma, item.given, result, style)
    yield style("note", "assumptions" if answer.assumptions else "no assumptions")
    for assumption in answer.assumptions:
        yield from below(f"{assumption.name}: {assumption.meaning} ({assumption.cite})", "  ", "    ")
    yield ""


def _lemma(lemma: Lemma, given: tuple[str, ...], result: Result, style: Style) -> Iterator[str]:
    names = f" from {', '.join(lemma.given)}" if lemma.given else ""
    cite = f" ({lemma.cite})" if lemma.cite else ""
    idle = result.result == PROVED and lemma.name not in result.needed
    unneeded = style("warning", " - not needed by this proof") if idle else ""
    failed = result.result != REFUTED and any(breaks(failure, lemma.name) for failure in result.failures)
    broken = style("error", " - its induction fails") if failed else ""
    yield f"  {style('place', lemma.name)}{names}{unneeded}{broken}"
    yield from below(lemma.text, "    holds ", "          ")
    yield from below(f"{lemma.why}{cite}", "    why   ", "          ")


def breaks(failure: Failure, lemma: str) -> bool:
    """Whether an obligation that was not met is one of the lemma's."""
    where, (names, found, _) = failure.obligation, failure.reason.rpartition(NOT_KEPT)
    if found:
        return lemma in names.rpartition(": ")[2].split(", ")
    return where.endswith(f": lemma {lemma}") or where.startswith(f"{lemma}: ")
