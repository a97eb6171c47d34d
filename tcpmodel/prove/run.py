"""Proves properties: pieces of work on as many processes as there are cores, their answers put together."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
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
    settings = settings or Settings()
    properties = context_of(settings.subject).properties
    wanted = [properties.properties[name] for name in names] or list(properties.properties.values())
    keys = dict.fromkeys(key for item in wanted for key in _keys(item, properties))
    todo = [unit for key in keys for unit in units(settings.subject, *key, settings.timeout, settings.cores)]
    left = Counter((unit.kind, unit.name) for unit in todo)
    found: Found = {key: [] for key in keys}
    pieces = _all(todo, settings.jobs or os.cpu_count() or 1)
    with closing(pieces):
        for item in wanted:
            while any(left[key] for key in _keys(item, properties)):
                _take(next(pieces), found, left, len(todo), progress)
            result = _result(item, properties, found)
            yield _pursued(result, item, settings) if settings.search else result
        # the pool is left as it ends by itself, and not by the end of this generator
        deque(pieces, maxlen=0)


def _take(done: Done, found: Found, left: Counter[Key], total: int, progress: Progress | None) -> None:
    """Notes what has been decided."""
    found[done.unit.kind, done.unit.name].append(done)
    left[done.unit.kind, done.unit.name] -= 1
    if progress:
        progress(total - left.total(), total, done.unit.name)


def _keys(item: Property, properties: Properties) -> list[Key]:
    """What a property rests on: its own obligations and those of its lemmas."""
    return [("property", item.name), *(("lemma", name) for name in properties.closure(item.given))]


def _all(todo: list[Unit], jobs: int) -> Generator[Done, None, None]:
    """The pieces decided, as they get done; what is still at work when nobody waits any more is ended."""
    if jobs == 1 or len(todo) < 2:
        yield from map(work, todo)
        return
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), _begin) as pool:
        futures = [pool.submit(work, unit) for unit in todo]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            # the pool then fails whatever still waits; cancelling that as well is more than its thread can take
            for child in set(multiprocessing.active_children()).difference(others):
                child.terminate()
            raise


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


def _result(item: Property, properties: Properties, done: Found) -> Result:
    mine = [part for key in _keys(item, properties) for part in done[key]]
    failures = tuple(failure for part in mine for failure in (*part.failures, *part.unknown))
    bounds = [bound for part in mine for bound in part.bounds]
    counterexample = next((failure.counterexample for failure in failures if failure.counterexample), None)
    return Result(
        item.name,
        item.row,
        REFUTED if counterexample else UNKNOWN if failures else BOUNDED if bounds else PROVED,
        _assumptions(item, properties),
        sum(part.obligations for part in mine),
        sum(part.seconds for part in mine),
        "; ".join(bounds) or None,
        reason=f"{failures[0].obligation}: {failures[0].reason}" if failures else "",
        counterexample=counterexample,
        failures=failures,
        needed=_needed(item, done),
    )
