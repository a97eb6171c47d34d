"""`tcpmodel verify`: replay captures, report, and exit by the worst that was found."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import click

from tcpmodel.cli.app import EXIT_CODES, fail, internal
from tcpmodel.cli.exits import CONFORMING, INCONCLUSIVE, INTERNAL, UNUSABLE, VIOLATION, worst
from tcpmodel.cli.output import colored, output
from tcpmodel.errors import TraceError, UsageError

if TYPE_CHECKING:
    from tcpmodel.report import Reporter, Settings
    from tcpmodel.report.recorder import Recorder
    from tcpmodel.verify import FileVerdict

SEQUENCE_VARIABLES = "RFC 9293 3.3.1"  # the section that lists the variables of the TCB
FORMATS = ("text", "json", "junit", "sarif")


@dataclass(frozen=True)
class Request:
    """What to replay, by which specification, and what to say about it."""

    files: tuple[str, ...]
    spec: str
    profile: str | None
    variants: tuple[str, ...]
    vantage: str
    complete: bool
    tcb: bool
    witness: bool
    ladder: bool
    strict: bool
    format: str
    output: str
    color: str
    verbosity: int


@click.command(epilog=EXIT_CODES)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--format", type=click.Choice(FORMATS), default="text", show_default=True, help="Form of the report.")
@click.option("--output", metavar="FILE", default="-", help="Write the report to FILE instead of standard output.")
@click.option("--profile", metavar="NAME", help="What to hold the endpoints to: rfc9293 (default), rfc793, linux, ...")
@click.option("--spec", metavar="PATH", default="rfc9293", help="A specification (spec.yaml) or an overlay file.")
@click.option("--variant", "variants", metavar="NAME", multiple=True, help="Apply a variant; may be repeated.")
@click.option("--vantage", metavar="ADDRESS", default="", help="Where the capture was taken: host, or host:port.")
@click.option("--complete", is_flag=True, help="Nothing is missing from the captures.")
@click.option("--tcb", is_flag=True, help="Report the sequence variables and windows after each frame.")
@click.option("--witness", is_flag=True, help="Report the run of the model that explains each connection.")
@click.option("--ladder", is_flag=True, help="Draw each connection as two time lines with states and segments (text).")
@click.option("--warnings-as-errors", "strict", is_flag=True, help="A breach of a SHOULD counts as a violation.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("-q", "--quiet", count=True, help="Only what is not conforming, and the summary; -qq: nothing.")
@click.option("-v", "--verbose", count=True, help="States, guards and every finding; tracebacks of internal errors.")
def command(quiet: int, verbose: int, **options: object) -> int:
    """Replay captures against the model and say whether the endpoints of each connection kept to the rules.

    FILE is a pcap, pcapng or snoop capture or a JSON or JSON-lines trace, gzip or not; - reads standard input.
    """
    return run(Request(verbosity=verbose - quiet, **options))  # type: ignore[arg-type]


# a replay makes many objects and few cycles: looking for them seldom saves a tenth of the time
COLLECT = (100_000, 20, 20)


def run(request: Request) -> int:
    """Replay every file of the request and report; returns the exit code."""
    gc.set_threshold(*COLLECT)
    from tcpmodel.compile import load_steps, replayable
    from tcpmodel.report import Settings, reporter

    steps = replayable(load_steps(request.spec, profile=request.profile, variants=request.variants))
    with output(request.output) as stream:
        settings = Settings(
            steps.PROFILE, request.variants, request.strict, request.tcb, request.witness,
            colored(request.color, stream), request.verbosity,
        )  # fmt: skip
        report = reporter(request.format, stream, settings)
        if request.ladder and request.format != "text":
            raise UsageError(f"--ladder is text; with --format {request.format} there is no place for it")
        code = worst([_file(request, settings, file, steps, report) for file in request.files])
        report.finish(code)
        stream.flush()
    return code


def _file(request: Request, settings: Settings, name: str, steps: ModuleType, report: Reporter) -> int:
    """Replay and report one file. Whatever is wrong with it, the files behind it get their turn."""
    from tcpmodel.verify import FileVerdict

    broken = CONFORMING
    try:
        verdict = _replay(request, settings, name, steps)
    except TraceError as error:
        verdict = FileVerdict(name, error=str(error))
    except Exception as error:
        if isinstance(error, BrokenPipeError):
            raise
        broken = internal(error, verbose=request.verbosity > 0, during=name)
        verdict = FileVerdict(name, error=f"{name}: internal error: {type(error).__name__}: {error}")
    report.file(verdict)
    if verdict.error and not broken:
        fail(verdict.error)
    return worst([broken, exit_code(verdict, request.strict)]) if not broken else INTERNAL


def _replay(request: Request, settings: Settings, name: str, steps: ModuleType) -> FileVerdict:
    from tcpmodel.cli.progress import Progress
    from tcpmodel.report.recorder import Recorder
    from tcpmodel.trace import open_trace
    from tcpmodel.verify import Options, verify

    with open_trace(name) as reader, Progress(reader) as progress:
        options = Options(
            vantage=request.vantage, complete=request.complete, witness=request.witness or request.ladder,
            tcb=_shown(request) if request.tcb else (), progress=progress.callback,
        )  # fmt: skip
        recorder = Recorder(reader)
        verdict = verify(recorder if request.ladder else reader, steps, options)
        if request.ladder:
            _draw(verdict, recorder, settings)
    if not verdict.connections and not verdict.error:
        verdict.error = f"{verdict.file}: no TCP connection in it: {_contents(verdict)}"
    return verdict


def _draw(verdict: FileVerdict, recorder: Recorder, settings: Settings) -> None:
    """Give each connection its ladder, for the report to print."""
    from tcpmodel.report.ladder import ladder_text
    from tcpmodel.report.style import Style

    for connection in verdict.connections:
        connection.ladder = ladder_text(connection, recorder.segments(connection), Style(settings.color))
        if not settings.witness:
            connection.witness = {}


def _shown(request: Request) -> tuple[str, ...]:
    """The variables that --tcb shows: those that the RFC itself lists."""
    from tcpmodel.spec import load

    model = load(request.spec, profile=request.profile, variants=request.variants)
    return tuple(v.name for v in model.variables.values() if (v.group, v.cite) == ("tcb", SEQUENCE_VARIABLES))


def _contents(verdict: FileVerdict) -> str:
    from tcpmodel.report.counts import counted, listed

    skipped = listed(verdict.skipped)
    return counted(verdict.packets, "packet") + (f", {skipped}" if skipped else "")


def exit_code(verdict: FileVerdict, strict: bool) -> int:
    """What one file contributes: 2 when it could not be read to its end, else what its connections say."""
    from tcpmodel.report.counts import blamed

    codes = [UNUSABLE] if verdict.error else []
    for connection in verdict.connections:
        codes += [VIOLATION] if blamed(connection, strict) else []
        codes += [INCONCLUSIVE] if connection.verdict == "inconclusive" else []
    return worst(codes)
