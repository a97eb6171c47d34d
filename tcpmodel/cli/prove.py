"""`tcpmodel prove`: prove or refute properties, report, and exit by the worst that was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from tcpmodel.cli.certificate import SOLVERS, Z3, certified, check_solver, folder
from tcpmodel.cli.exits import CONFORMING, INCONCLUSIVE, VIOLATION, worst
from tcpmodel.cli.output import colored, output
from tcpmodel.errors import UsageError

if TYPE_CHECKING:
    from tcpmodel.cli.subjects import Chosen
    from tcpmodel.prove.property import Property, Result
    from tcpmodel.report.proof import Answer, Certified, Settings

FORMATS = ("text", "json", "junit")
NOTE = """Exit codes: 0 every property is proved, or comes out as its text expects (of a tempting claim that is false,
refuted); 1 a property is refuted, or a claim proved that should be false; 2 bad usage; 3 inconclusive: an induction
fails, the solver gives up, or cvc5 does not confirm, and no counterexample is known; 70 internal error."""


@dataclass(frozen=True)
class Request:
    """What to prove, of which specification, how, and what to say about it."""

    names: tuple[str, ...]
    spec: str | None
    profile: str | None
    variants: tuple[str, ...]
    rows: bool
    why: bool
    solver: str
    certificate: str
    save: str
    timeout: float
    jobs: int
    cache: bool
    format: str
    output: str
    color: str
    verbosity: int


@click.command(epilog=NOTE)
@click.argument("names", metavar="[PROPERTY]...", nargs=-1)
@click.option("--list", "rows", is_flag=True, help="All rows of the published work list and where each stands.")
@click.option("--why", is_flag=True, help="The lemmas with what they are for, and which of them are needed.")
@click.option("--profile", metavar="NAME", help="Prove it of a profile: rfc793, linux, ...")
@click.option("--spec", metavar="PATH",
              help="A specification (spec.yaml) or an overlay file; default: all that are known.")  # fmt: skip
@click.option("--variant", "variants", metavar="NAME", multiple=True, help="Apply a variant; may be repeated.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", default=20.0, show_default=True,
              help="What the solver may spend on one obligation.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(0), metavar="N", default=0, help="Processes; default: one for each core.")
@click.option("--no-cache", "cache", flag_value=False, default=True, help="Prove again what is known to be proved.")
@click.option("--certificate", metavar="DIR", default="", help="Write every obligation as SMT-LIB into DIR.")
@click.option("--solver", type=click.Choice(SOLVERS), default=Z3, help="cvc5: let it check every proof again.")
@click.option("--save", metavar="DIR", default="", help="Write each counterexample to DIR, for 'tcpmodel verify'.")
@click.option("--format", type=click.Choice(FORMATS), default="text", show_default=True, help="Form of the report.")
@click.option("--output", metavar="FILE", default="-", help="Write the report to FILE instead of standard output.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("-q", "--quiet", count=True, help="Only what is not as expected, and the counts; -qq: nothing.")
@click.option("-v", "--verbose", count=True, help="Places, obligations, seconds, everything that failed.")
def command(quiet: int, verbose: int, **options: object) -> int:
    """Prove properties of TCP for every execution, or refute them with a run.

    PROPERTY is a name from specs/properties; without one, all of them. A result is kept until the specification, the
    property, its lemmas or the program change. `proved` is said only of all executions, under the assumptions printed.
    """
    return run(Request(verbosity=verbose - quiet, **options))  # type: ignore[arg-type]


def run(request: Request) -> int:
    """Prove and report; returns the exit code."""
    from tcpmodel.cli.subjects import chosen

    check_solver(request.solver)
    found = chosen(request.names, request.spec, request.profile, request.variants)
    if request.rows:
        _list(request, found)
        return CONFORMING
    with output(request.output) as stream:
        from tcpmodel.report.proof import Settings, reporter

        shown = tuple(one.title for one in found)
        settings = Settings(request.why, colored(request.color, stream), request.verbosity, shown)
        report = reporter(request.format, stream, settings)
        answers = []
        for answer in _answers(request, found, settings):
            report.answer(answer)
            answers.append(answer)
        certificates = list(_certified(request, found, answers))
        report.finish(certificates)
        stream.flush()
    refused = INCONCLUSIVE if any(one.refused for one in certificates) else CONFORMING
    return worst([refused, *map(exit_code, answers)])


def _list(request: Request, found: list[Chosen]) -> None:
    """The work list, with what earlier runs have found; names leave their rows only."""
    from tcpmodel.prove.cache import Cache
    from tcpmodel.prove.rows import load_rows
    from tcpmodel.report.pretty import pretty
    from tcpmodel.report.proof import rows
    from tcpmodel.report.style import Style

    if request.format not in ("text", "json"):
        raise UsageError(f"--list is text or json, not {request.format}")
    known = []
    for one in found:
        cache = Cache(one.subject, one.context)
        known += [rows.Known(item, one.title, cache.known(item)) for item in one.items]
    named = {item.row for one in found for item in one.context.properties.properties.values()}
    lines = rows.lines(load_rows(found[0].root, named), known)
    if request.names:
        lines = [line for line in lines if line.known]
    with output(request.output) as stream:
        if request.format == "json":
            print(pretty(rows.as_data(lines)), file=stream)
        else:
            style = Style(colored(request.color, stream))
            stream.writelines(f"{line.rstrip()}\n" for line in rows.as_text(lines, style, request.verbosity))


def exit_code(answer: Answer) -> int:
    """What one property contributes."""
    from tcpmodel.report.proof import AS_EXPECTED, WRONG

    return {AS_EXPECTED: CONFORMING, WRONG: VIOLATION}.get(answer.counts, INCONCLUSIVE)


def _answers(request: Request, found: Iterable[Chosen], settings: Settings) -> Iterator[Answer]:
    """The answers on all specifications, counterexamples drawn and saved."""
    from tcpmodel.cli.counterexample import drawn, save
    from tcpmodel.report.proof import answered
    from tcpmodel.report.style import Style

    for one, item, result, known in _results(request, list(found)):
        ladder = ""
        if result.counterexample is not None:
            if request.format != "json":
                ladder = drawn(result.counterexample, one.subject, Style(settings.color))
            if request.save:
                save(result.counterexample, item.name, request.save)
        yield answered(item, result, one.context.properties, known, one.title, ladder)


def _certified(request: Request, found: list[Chosen], answers: list[Answer]) -> Iterator[Certified]:
    """The certificates of what came out as expected, those of several specifications in a folder for each."""
    from tcpmodel.prove.run import Settings
    from tcpmodel.report.proof import AS_EXPECTED

    if not request.certificate and request.solver == Z3:
        return
    with folder(request.certificate) as directory:
        for one in found:
            good = [a.item.name for a in answers if a.subject == one.title and a.counts == AS_EXPECTED]
            settings = Settings(one.subject, request.timeout, request.jobs)
            if good:
                place = directory / one.subject.name if len(found) > 1 else directory
                yield certified(one, good, settings, request.solver, place, bool(request.certificate))


def _results(request: Request, found: list[Chosen]) -> Iterator[tuple[Chosen, Property, Result, bool]]:
    """The results in the order of the text, and whether they are known from earlier runs."""
    from tcpmodel.prove.cache import Cache

    caches = [Cache(one.subject, one.context, request.why) for one in found]
    known = [
        {item.name: cache.get(item, request.timeout) if request.cache else None for item in one.items}
        for one, cache in zip(found, caches, strict=True)
    ]
    missing = [[name for name, result in of_one.items() if result is None] for of_one in known]
    new = _proved(request, [(one, names) for one, names in zip(found, missing, strict=True) if names])
    for one, cache, of_one in zip(found, caches, known, strict=True):
        for item in one.items:
            result = of_one[item.name] or next(new)
            if of_one[item.name] is None and request.cache:
                cache.put(item, result, request.timeout)
            yield one, item, result, of_one[item.name] is not None


def _proved(request: Request, asked: list[tuple[Chosen, list[str]]]) -> Iterator[Result]:
    """The results of properties that nothing is known of."""
    if not asked:
        return
    if find_spec("z3") is None:
        raise UsageError("this command needs the solver Z3: pip install 'tcpmodel[prove]'")
    from tcpmodel.cli.progress import Counter
    from tcpmodel.prove.run import Settings, prove_all

    settings = Settings(timeout=request.timeout, jobs=request.jobs, cores=request.why, search=True)
    with Counter() as progress:
        for result in prove_all(
            [(replace(settings, subject=one.subject), names) for one, names in asked], progress.callback
        ):
            progress.wipe()
            yield result
