"""Certificates checked by a second solver, cvc5, which shares no code with the one that found the proofs.

A file is confirmed when it is the one that the index names, bit for bit, and cvc5 gives the answer it expects.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

INDEX = "index.json"
SCHEMA = "tcpmodel/certificate/1"
SAT, UNSAT, UNKNOWN = "sat", "unsat", "unknown"
VECTORS = "(set-logic QF_BV)"
TIMEOUT = 60.0
"""Seconds that cvc5 may spend on one file at a time."""


@dataclass(frozen=True)
class Checked:
    """One file: `of` is the property or lemma it belongs to, `answer` is cvc5's; `reason` says why it is refused."""

    file: str
    of: str
    expected: str
    answer: str
    ok: bool
    reason: str
    seconds: float


def check_certificates(directory: Path, timeout: float = TIMEOUT, jobs: int = 0) -> list[Checked]:
    """Every file that the index names, and every other one in the folder, confirmed or refused.

    Raises ImportError without the package cvc5, OSError or ValueError without a readable index.
    """
    import cvc5  # noqa: F401

    index = json.loads((directory / INDEX).read_text(encoding="utf-8"))
    if not isinstance(index, dict) or index.get("schema") != SCHEMA:
        raise ValueError(f"{directory / INDEX} is no index of certificates")
    rows = sorted(index["files"].items())
    check = partial(check_file, directory, timeout=timeout)
    strays = {path.relative_to(directory).as_posix() for path in directory.rglob("*.smt2")} - dict(rows).keys()
    found = [Checked(name, "", "", "", False, "the index does not name it", 0.0) for name in sorted(strays)]
    if jobs == 1:
        return [*map(check, rows), *found]
    with ProcessPoolExecutor(jobs or os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        return [*pool.map(check, rows, chunksize=16), *found]


def check_file(directory: Path, row: tuple[str, dict[str, Any]], timeout: float = TIMEOUT) -> Checked:
    """One file of a folder, given its name and what the index says of it."""
    name, entry = row
    start = time.perf_counter()
    try:
        content = (directory / name).read_bytes()
    except OSError as error:
        return Checked(name, entry["of"], entry["expected"], "", False, error.strerror or str(error), 0.0)
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        return Checked(name, entry["of"], entry["expected"], "", False, "it is not the file that was written", 0.0)
    answer, reason = ask(content.decode(), timeout)
    if not reason and answer != entry["expected"]:
        reason = f"cvc5 says {answer}, not {entry['expected']}"
    return Checked(name, entry["of"], entry["expected"], answer, not reason, reason, time.perf_counter() - start)


def ask(text: str, timeout: float) -> tuple[str, str]:
    """cvc5's answer to the one question of a text, or the reason why there is none; vectors get a second attempt."""
    found = _attempt(text, timeout, {})
    if found[0] == UNKNOWN and VECTORS in text:
        return _attempt(text, timeout, {"bitblast": "eager"})
    return found


def _attempt(text: str, timeout: float, options: dict[str, str]) -> tuple[str, str]:
    import cvc5

    solver = cvc5.Solver()
    for name, value in {"tlimit-per": str(max(1, int(timeout * 1000))), **options}.items():
        solver.setOption(name, value)
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "certificate")
    try:
        found = _run(parser, solver)
    except RuntimeError as error:
        return "", " ".join(str(error).split())
    return (found[0], "") if len(found) == 1 else ("", f"it asks {len(found)} questions, not one")


def _run(parser: Any, solver: Any) -> list[str]:
    """What the commands print."""
    symbols, found = parser.getSymbolManager(), []
    while not (command := parser.nextCommand()).isNull():
        if said := str(command.invoke(solver, symbols)).strip():
            found.append(said)
    return found
