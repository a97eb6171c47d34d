"""The finite system as a Promela model: Spin explores the same states, counted by another program.

A state is one assignment of a, b, there and back (classes of both endpoints; kinds of segments on their way to b and
to a, as bits) and of how many have been forged, which is a node of the graph. Every step is indivisible and there is
one process, so "states, stored" is the number of nodes; `room` is counted along in two variables that depend on the
others.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tcpmodel.errors import UsageError
from tcpmodel.prove.explore.automaton import Automaton
from tcpmodel.prove.explore.finite import Product, bits
from tcpmodel.prove.explore.scenario import ANY

STORED = re.compile(r"^\s*(\d+) states, stored", re.MULTILINE)
DEPTH = 5_000_000
"""Longest path that Spin's depth-first search may have in mind; it says when that was too short."""

HEAD = """\
/* Generated from {title}: {bound}. Do not edit. */
short a = {a}, b = {b};
int there = {there}, back = {back};
byte going = {going}, coming = {coming};
byte forged = {forged};

active proctype system() {{
  do
"""


def promela(product: Product, title: str = "a scenario") -> str:
    """The text of the Promela model of a finite system."""
    a, b, there, back, forged = product.start
    head = HEAD.format(
        title=title, bound=product.bound, a=a, b=b, there=there, back=back, going=there.bit_count(),
        coming=back.bit_count(), forged=forged,
    )  # fmt: skip
    return head + "".join(f"  :: d_step {{ {step} }}\n" for step in _steps(product)) + "  od\n}\n"


def _steps(product: Product) -> Iterator[str]:
    yield from _endpoint(product, product.a, "a", ("there", "going"), ("back", "coming"), len(product.b.kinds))
    yield from _endpoint(product, product.b, "b", ("back", "coming"), ("there", "going"), len(product.a.kinds))
    if product.forged:
        for kinds, out in zip(product.forgeable, (("there", "going"), ("back", "coming")), strict=True):
            yield from _forged(product, kinds, out)


def _forged(product: Product, kinds: int, out: tuple[str, str]) -> Iterator[str]:
    """What somebody else puts into the network, in one direction."""
    flying, count = out
    left, used = ("", "") if product.forged == ANY else (f" && forged < {product.forged}", "; forged++")
    for bit in bits(kinds):
        may = f"!({flying} & {bit}) && {count} < {product.room}{left}"
        yield f"({may}) -> {flying} = {flying} | {bit}; {count}++{used}"


def _endpoint(
    product: Product, end: Automaton, name: str, out: tuple[str, str], into: tuple[str, str], kinds: int
) -> Iterator[str]:
    for number, row in enumerate(end.own):
        for _, kind, after in row:
            yield from _own(product, f"{name} == {number}", f"{name} = {after}", 1 << kind if kind >= 0 else 0, out)
    flying, count = into
    for kind in range(kinds):
        bit, gone = 1 << kind, f"{flying} = {flying} - {1 << kind}; {count}--"
        left = "" if product.copies else f"; {gone}"
        rows = ((number, targets) for number, targets in enumerate(end.receives) if left or targets[kind] != number)
        for number, targets in rows:
            yield f"({name} == {number} && ({flying} & {bit})) -> {name} = {targets[kind]}{left}"
        if product.vanishing:
            yield f"({flying} & {bit}) -> {gone}"


def _own(product: Product, here: str, then: str, bit: int, out: tuple[str, str]) -> Iterator[str]:
    """What an endpoint does by itself; a segment of a kind that is on its way adds nothing to the network."""
    flying, count = out
    if not bit:
        yield f"({here}) -> {then}"
        return
    yield f"({here} && ({flying} & {bit})) -> {then}"
    sends = f"{then}; {flying} = {flying} | {bit}; {count}++"
    yield f"({here} && !({flying} & {bit}) && {count} < {product.room}) -> {sends}"


def available() -> bool:
    """Whether Spin and a C compiler are installed."""
    return all(map(shutil.which, ("spin", "gcc")))


def spin_states(text: str, folder: Path) -> int:
    """The number of states that Spin finds in a model; `folder` takes its files. Raises UsageError when it fails."""
    (folder / "system.pml").write_text(text)
    _run(folder, "spin", "-a", "system.pml")
    _run(folder, "gcc", "-O0", "-w", "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=2048", "-o", "pan", "pan.c")
    report = _run(folder, "./pan", "-E", f"-m{DEPTH}", "-w20")
    found = STORED.search(report)
    if found is None or "too small" in report or "out of memory" in report:
        raise UsageError(f"Spin did not finish: {report.strip().splitlines()[:3]}")
    return int(found[1])


def _run(folder: Path, *command: str) -> str:
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        raise UsageError(f"{command[0]} failed: {(run.stderr or run.stdout).strip()}")
    return run.stdout
