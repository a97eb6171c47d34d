"""Proves properties: pieces of work on as many processes as there are cores, their answers put together."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

from tcpmodel.prove.load import Properties
from tcpmodel.prove.property import PROVED, UNKNOWN, Property, Result
from tcpmodel.prove.units import Done, Subject, Unit, context_of, units, work

TIMEOUT = 20.0
"""Seconds that a solver may spend on one obligation."""

Progress = Callable[[int, int, str], None]
"""Called with the number of pieces done, their total, and the name of the last one."""


@dataclass(frozen=True)
class Settings:
    """How to prove: seconds for one obligation, processes (0: one for each core), unsat cores or none."""

    subject: Subject = field(default_factory=Subject)
    timeout: float = TIMEOUT
    jobs: int = 0
    cores: bool = False


def prove(
    names: Iterable[str] = (), settings: Settings | None = None, progress: Progress | None = None
) -> Iterator[Result]:
    """The results of the named properties, of all without a name, in the order of the text.

    Raises SpecError when the text has errors, KeyError for an unknown name.
    """
    settings = settings or Settings()
    properties = context_of(settings.subject).properties
    wanted = [properties.properties[name] for name in names] or list(properties.properties.values())
    done = _decide(wanted, properties, settings, progress)
    for item in wanted:
        yield _result(item, properties, done)


def _keys(item: Property, properties: Properties) -> list[tuple[str, str]]:
    """What a property rests on: its own obligations and those of its lemmas."""
    return [("property", item.name), *(("lemma", name) for name in properties.closure(item.given))]


def _decide(
    wanted: list[Property], properties: Properties, settings: Settings, progress: Progress | None
) -> dict[tuple[str, str], list[Done]]:
    keys = dict.fromkeys(key for item in wanted for key in _keys(item, properties))
    todo = [unit for key in keys for unit in units(settings.subject, *key, settings.timeout, settings.cores)]
    found: dict[tuple[str, str], list[Done]] = {key: [] for key in keys}
    for count, done in enumerate(_all(todo, settings.jobs or os.cpu_count() or 1), 1):
        found[done.unit.kind, done.unit.name].append(done)
        if progress:
            progress(count, len(todo), done.unit.name)
    return found


def _all(todo: list[Unit], jobs: int) -> Iterator[Done]:
    """The pieces decided, as they get done."""
    if jobs == 1 or len(todo) < 2:
        yield from map(work, todo)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        for future in as_completed([pool.submit(work, unit) for unit in todo]):
            yield future.result()


def _result(item: Property, properties: Properties, done: dict[tuple[str, str], list[Done]]) -> Result:
    mine = [part for key in _keys(item, properties) for part in done[key]]
    failures = tuple(failure for part in mine for failure in (*part.failures, *part.unknown))
    return Result(
        item.name,
        item.row,
        UNKNOWN if failures else PROVED,
        tuple(properties.assumptions[name].meaning for name in item.assumptions),
        sum(part.obligations for part in mine),
        sum(part.seconds for part in mine),
        reason=f"{failures[0].obligation}: {failures[0].reason}" if failures else "",
        failures=failures,
        needed=tuple(sorted({label for part in mine for label in part.needed if label.startswith("lemma ")})),
    )
