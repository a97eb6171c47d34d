"""Certificates: the obligations of what was proved as SMT-LIB files, and cvc5's opinion of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tcpmodel.errors import UsageError

if TYPE_CHECKING:
    from tcpmodel.cli.subjects import Chosen
    from tcpmodel.prove.run import Settings
    from tcpmodel.report.proof import Certified

Z3, CVC5 = "z3", "cvc5"
SOLVERS = (Z3, CVC5)


def check_solver(solver: str) -> None:
    """Raises UsageError where a solver that is to be asked is not installed."""
    if solver == CVC5 and find_spec(CVC5) is None:
        raise UsageError("--solver cvc5 needs the package cvc5: pip install 'tcpmodel[cvc5]'")


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """The folder for certificates; one for the time being where nobody wants to keep them."""
    if name:
        yield Path(name)
        return
    with TemporaryDirectory(prefix="tcpmodel-") as temporary:
        yield Path(temporary)


def certified(one: Chosen, names: list[str], settings: Settings, solver: str, directory: Path, kept: bool) -> Certified:
    """Writes what was asked to prove the named properties, and has it checked where another solver is asked for.

    `kept` says that the folder outlives the run. Raises UsageError where it cannot be written.
    """
    from tcpmodel.prove.certificate import write_certificates
    from tcpmodel.prove.recheck import check_certificates
    from tcpmodel.report.proof import Certified

    try:
        entries = write_certificates(names, settings, directory)
    except OSError as error:
        raise UsageError(f"{directory}: cannot be written: {error.strerror}") from None
    checked = tuple(check_certificates(directory, jobs=settings.jobs)) if solver == CVC5 else None
    files = sum(bool(entry.file) for entry in entries)
    return Certified(one.title, str(directory) if kept else "", files, len(entries) - files, checked)
