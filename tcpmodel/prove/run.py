"""Proves properties: pieces of work on as many processes as there are cores, their answers put together."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field, replace

from tcpmodel.prove.load import Properties
from tcpmodel.prove.plain import GAVE_UP
from tcpmodel.prove.property import BOUNDED, PROVED, REFUTED, UNKNOWN, Property, Result
from tcpmodel.prove.units import Done, Subject, Unit, context_of, units, work

TIMEOUT = 20.0
"""Seconds that a solver may spend on one obligation."""

Progress = Callable[[int, int, str], None]
"""Called with the number of pieces done, their total, and the name of the last one."""

Key = tuple[str, str]
"""Property or lemma, and its name."""
Found = dict[Key, list[Done]]
Left = Counter[tuple[Subject, str, str]]
"""How many pieces of a property or lemma are not decided yet."""

FEW = 16
"""Of several specifications, one of no more pieces of work than this is left to one process, which builds its steps."""

LEMMA = "lemma "
"""What the label of a hypothesis begins with when it is a lemma."""


@dataclass(frozen=True)
class Settings:
    """How to prove: seconds for one obligation, processes (0: one for each core), unsat cores or none."""

    subject: Subject = field(default_factory=Subject)
    timeout: float = TIMEOUT
    jobs: int = 0
    cores: bool = False
    search: bool = False
    """Whether a run is looked for that breaks what could not be proved."""


def prove(
    names: Iterable[str] = (), settings: Settings | None = None, progress: Progress | None = None
) -> Iterator[Result]:
    """The results of the named properties, of all without a name, in the order of the text.

    Raises SpecError when the text has errors, KeyError for an unknown name.
    """
    return prove_all([(settings or Settings(), tuple(names))], progress)


def prove_all(asked: Sequence[tuple[Settings, Sequence[str]]], progress: Progress | None = None) -> Iterator[Result]:
    """The results on several subjects, in this order; the processes, as many as the first asks for, are shared."""
    wanted = [(settings, item) for settings, names in asked for item in _named(settings.subject, names)]
    keys = dict.fromkeys((settings, key) for settings, item in wanted for key in _keys(item, settings.subject))
    todo = [unit for s, (kind, name) in keys for unit in units(s.subject, kind, name, s.timeout, s.cores)]
    left = Counter((unit.subject, unit.kind, unit.name) for unit in todo)
    found: dict[Subject, Found] = {settings.subject: {} for settings, _ in wanted}
    for settings, key in keys:
        found[settings.subject][key] = []
    pieces = _all(todo, asked[0][0].jobs or os.cpu_count() or 1)
    with closing(pieces):
        for settings, item in wanted:
            while any(left[settings.subject, *key] for key in _keys(item, settings.subject)):
                _take(next(pieces), found, left, len(todo), progress)
            result = _result(item, settings.subject, found[settings.subject])
            yield _pursued(result, item, settings) if settings.search else result
        # the pool is left as it ends by itself, and not by the end of this generator
        deque(pieces, maxlen=0)


def _take(done: Done, found: dict[Subject, Found], left: Left, total: int, progress: Progress | None) -> None:
    """Notes what has been decided."""
    unit = done.unit
    found[unit.subject][unit.kind, unit.name].append(done)
    left[unit.subject, unit.kind, unit.name] -= 1
    if progress:
        progress(total - left.total(), total, unit.name)


def _named(subject: Subject, names: Sequence[str]) -> list[Property]:
    """The properties of these names, all without one."""
    properties = context_of(subject).properties.properties
    return [properties[name] for name in names] or list(properties.values())


def _keys(item: Property, subject: Subject) -> list[Key]:
    """What a property rests on: its own obligations and those of its lemmas."""
    closure = context_of(subject).properties.closure(item.given)
    return [("property", item.name), *(("lemma", name) for name in closure)]


def _all(todo: list[Unit], jobs: int) -> Generator[Done, None, None]:
    """The pieces decided, as they get done; what is still at work when nobody waits any more is ended."""
    groups = _groups(todo)
    if jobs == 1 or len(groups) < 2:
        yield from map(work, todo)
        return
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), _begin) as pool:
        futures = [pool.submit(_work, group) for group in groups]
        try:
            for future in as_completed(futures):
                yield from future.result()
        except BaseException:
            # the pool then fails whatever still waits; cancelling that as well is more than its thread can take
            for child in set(multiprocessing.active_children()).difference(others):
                child.terminate()
            raise


def _groups(todo: list[Unit]) -> list[list[Unit]]:
    """The pieces that one process had better decide together; long ones first, so that nobody waits for them."""
    counts, found = Counter(unit.subject for unit in todo), dict[object, list[Unit]]()
    for number, unit in enumerate(todo):
        few = len(counts) > 1 and counts[unit.subject] <= FEW
        key = unit.subject if few else (unit.subject, unit.shared) if unit.shared else number
        found.setdefault(key, []).append(unit)
    return sorted(found.values(), key=len, reverse=True)


def _work(group: list[Unit]) -> list[Done]:
    return [work(unit) for unit in group]


def _begin() -> None:
    """Interrupts are the parent's; and terms and situations are no cycles, so that looking for those is lost time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()


def _assumptions(item: Property, properties: Properties) -> tuple[str, ...]:
    """What the property and its lemmas take for granted, each once."""
    return tuple(properties.assumptions[name].meaning for name in properties.assumed(item))


def _needed(item: Property, done: Found) -> tuple[str, ...]:
    """The lemmas that the unsat cores lead to, from those of the property itself on."""
    found: dict[str, None] = {}
    todo: list[Key] = [("property", item.name)]
    while todo:
        labels = {label for part in done[todo.pop()] for label in part.needed}
        names = [label.removeprefix(LEMMA) for label in labels if label.startswith(LEMMA)]
        todo += [("lemma", name) for name in names if name not in found]
        found |= dict.fromkeys(names)
    return tuple(sorted(found))


def _pursued(result: Result, item: Property, settings: Settings) -> Result:
    """The result, refuted where a run of the scenarios breaks the property."""
    if result.result != UNKNOWN or all(failure.reason.startswith(GAVE_UP) for failure in result.failures):
        return result
    from tcpmodel.prove.methods.exploration import as_trace
    from tcpmodel.prove.refute import counterexample

    begun = time.perf_counter()
    path = counterexample(item, context_of(settings.subject))
    if path is None:
        return result
    seconds = result.seconds + time.perf_counter() - begun
    return replace(result, result=REFUTED, seconds=seconds, counterexample=as_trace(path, item))


def _result(item: Property, subject: Subject, done: Found) -> Result:
    mine = [part for key in _keys(item, subject) for part in done[key]]
    failures = tuple(failure for part in mine for failure in (*part.failures, *part.unknown))
    bounds = [bound for part in mine for bound in part.bounds]
    counterexample = next((failure.counterexample for failure in failures if failure.counterexample), None)
    return Result(
        item.name,
        item.row,
        REFUTED if counterexample else UNKNOWN if failures else BOUNDED if bounds else PROVED,
        _assumptions(item, context_of(subject).properties),
        sum(part.obligations for part in mine),
        sum(part.seconds for part in mine),
        "; ".join(bounds) or None,
        reason=f"{failures[0].obligation}: {failures[0].reason}" if failures else "",
        counterexample=counterexample,
        failures=failures,
        needed=_needed(item, done),
    )
