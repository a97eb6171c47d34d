"""`tcpmodel check`: what is wrong with a specification, and an input that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tcpmodel.cli.exits import CONFORMING, VIOLATION
from tcpmodel.errors import SpecError, UsageError

if TYPE_CHECKING:
    from tcpmodel.check import Result

FORMATS = ("text", "json")
NOTE = "Exit codes: 0 clean, 1 faults found, 2 bad usage or nothing to check, 70 internal error."


@dataclass(frozen=True)
class Request:
    """What to check, and against what."""

    specs: tuple[str, ...]
    profile: str | None
    variants: tuple[str, ...]
    stages: tuple[str, ...]
    rfc: str
    format: str
    output: str
    color: str
    verbosity: int


@click.command(epilog=NOTE)
@click.argument("specs", metavar="SPEC...", nargs=-1)
@click.option("--profile", metavar="NAME", help="Check the specification under this profile.")
@click.option("--variant", "variants", metavar="NAME", multiple=True, help="Apply a variant; may be repeated.")
@click.option("--stage", "stages", metavar="NAME", multiple=True, help="Only the rules of this stage; may be repeated.")
@click.option("--rfc", metavar="DIR", default="", help="Hold the quotes against DIR/rfc9293.txt and its like.")
@click.option("--format", type=click.Choice(FORMATS), default="text", show_default=True, help="Form of the report.")
@click.option("--output", metavar="FILE", default="-", help="Write the report to FILE instead of standard output.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("-q", "--quiet", count=True, help="Nothing on what is clean; -qq: nothing at all.")
@click.option("-v", "--verbose", count=True, help="Say how much was asked of the solver.")
def command(quiet: int, verbose: int, **options: object) -> int:
    """Check that a specification is whole: that every input has a rule in every state and stage, every rule an input,
    every answer a way out, every name a use, and every quote its place in the RFC.

    SPEC is the name of a specification, a profile or a variant, or the path of one; rfc9293 by default. Within a stage
    the first rule whose condition holds fires, so no two rules can be in conflict; one that is never first is reported.
    """
    return run(Request(verbosity=verbose - quiet, **options))  # type: ignore[arg-type]


def run(request: Request) -> int:
    """Check every specification and report; returns the exit code."""
    from tcpmodel.cli.output import colored, output
    from tcpmodel.report import check_forms
    from tcpmodel.report.style import Style

    if find_spec("z3") is None:
        raise UsageError("this command needs the solver Z3: pip install 'tcpmodel[prove]'")
    results = [_checked(name, request) for name in request.specs or ("rfc9293",)]
    with output(request.output) as stream:
        if request.format == "json":
            print(check_forms.as_json(results), file=stream)
        else:
            style = Style(colored(request.color, stream))
            for part in check_forms.text(results, style, request.verbosity):
                print(part, file=stream)
    return VIOLATION if any(result.findings for result in results) else CONFORMING


def _checked(name: str, request: Request) -> Result:
    """What was found; a specification that cannot be loaded has the loader's findings."""
    from tcpmodel.check import Finding, Result, check
    from tcpmodel.spec import load

    try:
        model = load(name, profile=request.profile, variants=request.variants)
    except SpecError as error:
        return Result(name, request.profile or "", request.variants, [Finding(item) for item in error.diagnostics])
    return check(model, rfc=Path(request.rfc) if request.rfc else None, stages=request.stages)
