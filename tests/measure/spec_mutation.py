"""How many mutants of the specification are noticed: by `check`, or by a property that is no longer proved.

python -m tests.measure.spec_mutation [--count N] [--seed N] [--jobs N] [--all]   (minutes; progress on standard error)

Of each mutant only what the changed rule can bear on is asked again: the steps in which it can fire.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tcpmodel.check import check
from tcpmodel.prove.context import Context
from tcpmodel.prove.explore.system import Impossible
from tcpmodel.prove.load import Properties, load_properties
from tcpmodel.prove.obligation import decide
from tcpmodel.prove.property import REFUTED, Property
from tcpmodel.prove.units import obligations_of, parts_of
from tcpmodel.spec import load

from .spec_mutants import Change, changes

KINDS = (
    "drop guard",
    "drop conjunct",
    "drop assignment",
    "swap state",
    "stay",
    "send nothing",
    "delete rule",
    "permit",
)
"""The kinds of change that are drawn; the others of `spec_mutants` are there to look at."""
TIMEOUT = 10.0
WHOLE = ("graph", "diagram", "finite", "exploration")
"""Methods that look at the machine as a whole, which takes seconds: asked last."""


@dataclass(frozen=True)
class Noticed:
    """What noticed a mutant: `check`, the names of a property or lemma and of the part, or ''."""

    mutant: str
    kind: str
    by: str
    seconds: float


@cache
def originals() -> tuple[Change, ...]:
    """All mutants of the kinds that are drawn."""
    return tuple(change for change in changes(load()) if change.kind in KINDS)


@cache
def claims() -> Properties:
    """The properties as the original text means them."""
    return load_properties(load())


def survivors() -> dict[str, str]:
    """The mutants that nothing can notice, each with the reason."""
    rows = yaml.safe_load((Path(__file__).parent / "survivors.yaml").read_text(encoding="utf-8"))
    return {row["mutant"]: row["reason"] for row in rows}


def drawn(count: int, seed: int) -> list[int]:
    """The indices of a sample; the same for the same seed."""
    everything = range(len(originals()))
    return sorted(random.Random(seed).sample(everything, min(count, len(everything))))


def judge(index: int) -> Noticed:
    """What notices one mutant."""
    change, start = originals()[index], time.perf_counter()
    by = next(_noticing(change), "")
    return Noticed(change.name, change.kind, by, time.perf_counter() - start)


def _noticing(change: Change) -> Iterator[str]:
    """What notices a mutant, the cheap questions first."""
    steps = touched()[change.rule]
    context = Context(change.model, claims())
    standing = [item for item in context.properties.properties.values() if item.expect != REFUTED]
    lemmas = {name for item in standing for name in context.properties.closure(item.given)}
    standing.sort(key=lambda item: not _about(item, change.rule))
    quick = [("property", p.name) for p in standing if p.method not in WHOLE]
    for kind, name in [*quick, *(("lemma", name) for name in lemmas)]:
        yield from _failing(context, kind, name, steps)
    stages = {s.name for p in load().procedures for s in p.stages for r in s.rules if r.name == change.rule}
    if check(change.model, stages=stages).findings:
        yield "check"
    for item in standing:
        if item.method in WHOLE:
            yield from _failing(context, "property", item.name, None)


def _about(item: Property, rule: str) -> bool:
    """Whether a mutant of the property's own changes the rule: it is asked first."""
    return any(repr(rule) in repr(mutant.change) for mutant in item.mutants)


@cache
def touched() -> dict[str, set[str]]:
    """The names of the steps in which each rule can fire."""
    machine = Context(load(), claims()).machine()
    found: dict[str, set[str]] = {name: set() for name in load().rules}
    for procedure in machine.procedures:
        for state in procedure.states:
            for firing in machine.step(procedure, state).firings:
                found[firing.rule.name].add(f"{procedure.name} in {state}")
    return found


def _failing(context: Context, kind: str, name: str, steps: set[str] | None) -> Iterator[str]:
    for part in parts_of(context, kind, name):
        if steps is None or part in steps:
            try:
                fails = any(decide(o, TIMEOUT).holds is False for o in obligations_of(context, kind, name, part))
            except Impossible:  # the run that it begins with is not possible any more
                fails = True
            if fails:
                yield f"{kind} {name}, {part}"
                return


def main() -> None:
    """Prints the share that is noticed, by kind, and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--seed", type=int, default=9293)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="every mutant, no sample")
    options = parser.parse_args()
    chosen = list(range(len(originals()))) if options.all else drawn(options.count, options.seed)
    found: list[Noticed] = []
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("fork")) as pool:
        for result in pool.map(judge, chosen):
            found.append(result)
            print(f"{len(found)}/{len(chosen)} {result.by or 'SURVIVES'}: {result.mutant}", file=sys.stderr)
    report(found)


def report(found: list[Noticed]) -> None:
    """The figures, and who has survived."""
    total, noticed = Counter(r.kind for r in found), Counter(r.kind for r in found if r.by)
    for kind, count in total.items():
        print(f"{kind:16} {noticed[kind]:4} of {count:4}")
    by_check = sum(r.by == "check" for r in found)
    print(f"noticed {sum(noticed.values())} of {len(found)}, {by_check} of them by check alone")
    reasons = survivors()
    for result in found:
        if not result.by:
            print(f"survives: {result.mutant} ({reasons.get(result.mutant, 'no reason is known')})")


if __name__ == "__main__":
    main()
