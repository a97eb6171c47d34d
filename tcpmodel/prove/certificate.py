"""Proofs as files that another solver can check: every obligation in SMT-LIB 2, and an index of them.

A file asks one question, expects `unsat` or `sat`, and says in its head what it is about. Of the hypotheses it has
those that the unsat core names: what follows from some follows from all, and small questions are checked sooner.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from tcpmodel.compile.encodings import z3
from tcpmodel.prove.context import Context
from tcpmodel.prove.obligation import Answer, Obligation, decide, solver_of
from tcpmodel.prove.property import REFUTED, Lemma, Property
from tcpmodel.prove.recheck import INDEX, SAT, SCHEMA, UNSAT
from tcpmodel.prove.run import Settings
from tcpmodel.prove.units import Subject, Unit, context_of, item_of, obligations_of, units

DECLARED = re.compile(r"^\(declare-fun .* \(\) (\(_ BitVec \d+\)|\w+)\)$")
"""A constant of a certificate, and its sort."""
OWN = re.compile(r"(property|lemma)-[^/]+/[0-9a-f]{12}\.smt2")
"""How certificates are named, each after its content."""
VECTOR = "(_ bv"
"""How the literal of a vector begins."""
ELSEWHERE = (";", "(set-info", "(set-logic", "(check-sat")
"""What begins the lines that a certificate has in words of its own."""


@dataclass(frozen=True)
class Entry:
    """One file of a folder; `of` is the property or lemma, `asks` the obligation. Without a `file` none was needed."""

    kind: str
    of: str
    asks: str
    file: str = ""
    expected: str = ""
    sha256: str = ""


def write_certificates(names: Iterable[str], settings: Settings, directory: Path) -> list[Entry]:
    """Writes the obligations of the named properties (of all without a name) and their lemmas, and `index.json`.

    An obligation that the solver does not prove is written too, whole, and will not be confirmed.
    Raises KeyError for an unknown name.
    """
    context = context_of(settings.subject)
    known = context.properties.properties
    wanted = [known[name] for name in names] or list(known.values())
    keys = dict.fromkeys(key for item in wanted for key in _keys(item, context))
    todo = [unit for key in keys for unit in units(settings.subject, *key, settings.timeout, cores=True)]
    directory.mkdir(parents=True, exist_ok=True)
    _clear(directory)
    found = list(_all(todo, directory, settings.jobs or os.cpu_count() or 1))
    index = _index(wanted, found, settings.subject, context)
    (directory / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return found


def _clear(directory: Path) -> None:
    """Removes the certificates that were written into a folder before, and nothing else."""
    if (directory / INDEX).is_file():
        for path in directory.glob("*-*/*.smt2"):
            if OWN.fullmatch(path.relative_to(directory).as_posix()):
                path.unlink()
        (directory / INDEX).unlink()


def _keys(item: Property, context: Context) -> list[tuple[str, str]]:
    return [("property", item.name), *(("lemma", name) for name in context.properties.closure(item.given))]


def _all(todo: list[Unit], directory: Path, jobs: int) -> Iterator[Entry]:
    write = partial(write_unit, directory=directory)
    if jobs == 1 or len(todo) < 2:
        for unit in todo:
            yield from write(unit)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        for entries in pool.map(write, todo):
            yield from entries


def write_unit(unit: Unit, directory: Path) -> list[Entry]:
    """Writes the obligations of a piece of work."""
    context = context_of(unit.subject)
    item = item_of(context.properties, unit.kind, unit.name)
    found = []
    for part in unit.parts:
        for obligation in obligations_of(context, unit.kind, unit.name, part):
            blank = Entry(unit.kind, unit.name, obligation.name)
            plain = z3().is_true(obligation.goal) and not obligation.reachable
            found.append(blank if plain else _write(obligation, blank, unit, item, context, directory))
    return found


def _write(
    obligation: Obligation, blank: Entry, unit: Unit, item: Property | Lemma, context: Context, directory: Path
) -> Entry:
    answer = decide(obligation, unit.timeout, cores=True)
    expected = _expected(answer, item)
    text = certificate(needed(answer), _head(item, obligation, expected, context))
    digest = hashlib.sha256(text.encode()).hexdigest()
    name = f"{unit.kind}-{unit.name}/{digest[:12]}.smt2"
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return replace(blank, file=name, expected=expected, sha256=digest)


def _expected(answer: Answer, item: Property | Lemma) -> str:
    """What the claim wants the answer to be; of a property that is to be refuted the counterexample counts."""
    refuted = isinstance(item, Property) and item.expect == REFUTED and answer.holds is False
    return SAT if answer.obligation.reachable or refuted else UNSAT


def needed(answer: Answer) -> Obligation:
    """The obligation with the hypotheses that its proof used, or as it is where none is known."""
    obligation = answer.obligation
    if answer.holds is not True or obligation.reachable:
        return obligation
    return replace(obligation, hypotheses=tuple(h for h in obligation.hypotheses if h[0] in answer.core))


def _head(item: Property | Lemma, obligation: Obligation, expected: str, context: Context) -> Iterator[str]:
    known = context.properties.assumptions
    if isinstance(item, Lemma):
        yield f"lemma {item.name}: {item.text}"
    else:
        yield f"property {item.name}: {item.statement}"
    yield f"obligation: {obligation.name}"
    yield from (f"assumption: {known[name].meaning}" for name in item.assumptions)
    yield f"specification {context.model.name}: {context.model.digest}"
    yield f"expected: {expected}"


def certificate(obligation: Obligation, head: Iterable[str] = ()) -> str:
    """The obligation in SMT-LIB 2.6: the question that is answered `unsat` when the goal follows."""
    solver = solver_of(obligation, 1.0)
    lines = [f"; {' '.join(line.split())}" for line in head]
    lines += [f"; hypothesis: {name}" for name, term in obligation.hypotheses if not z3().is_true(term)]
    # no :status, which some solvers answer with an error where they do not agree
    lines.append("(set-info :smt-lib-version 2.6)")
    body = [line for line in solver.to_smt2().splitlines() if line and not line.startswith(ELSEWHERE)]
    sorts = {found[1] for line in body if (found := DECLARED.match(line))}
    sorts |= {VECTOR for line in body if VECTOR in line}
    return "\n".join([*lines, f"(set-logic {logic(sorts, solver)})", *body, "(check-sat)", ""])


def logic(sorts: set[str], solver: Any) -> str:
    """The smallest logic that has these sorts and all that a solver was told."""
    if any(VECTOR in sort or "BitVec" in sort for sort in sorts):
        return "ALL" if "Int" in sorts else "QF_BV"
    goal = z3().Goal()
    goal.add(*solver.assertions())
    return "QF_LIA" if z3().Probe("arith-max-deg")(goal) <= 1 else "QF_NIA"


def _index(wanted: list[Property], found: list[Entry], subject: Subject, context: Context) -> dict[str, Any]:
    """What stands in the folder: the subject, the properties with their lemmas, and the files."""
    rows = {item.name: _row(item, found, context) for item in wanted}
    files = {
        e.file: {"of": f"{e.kind} {e.of}", "asks": e.asks, "expected": e.expected, "sha256": e.sha256} for e in found
    }
    files.pop("", None)
    about = {**asdict(subject), "digest": context.model.digest}
    return {
        "schema": SCHEMA,
        "specification": about,
        "solver": z3().get_full_version(),
        "properties": rows,
        "files": files,
    }


def _row(item: Property, found: list[Entry], context: Context) -> dict[str, Any]:
    """`by_computation` counts what needed no solver: the goal is plainly true."""
    keys = set(_keys(item, context))
    mine = [entry for entry in found if (entry.kind, entry.of) in keys]
    return {
        "statement": item.statement,
        "expect": item.expect,
        "lemmas": [name for kind, name in _keys(item, context) if kind == "lemma"],
        "files": [entry.file for entry in mine if entry.file],
        "by_computation": sum(not entry.file for entry in mine),
    }
