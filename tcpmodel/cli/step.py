"""`tcpmodel step`: where can I go from here, and an interactive session that plays a connection."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TextIO

import click

from tcpmodel.cli.exits import CONFORMING, VIOLATION
from tcpmodel.errors import UsageError

NOTE = "Exit codes: 0 done, 1 a MUST forbids it, 2 bad usage, 70 internal error."


@dataclass(frozen=True)
class Request:
    """The step to take, or the session to play, by which specification, and how to tell it."""

    state: str | None
    event: tuple[str, ...]
    send: bool
    values: tuple[str, ...]
    assume: bool
    interactive: bool
    alone: bool
    spec: str
    profile: str | None
    variants: tuple[str, ...]
    format: str
    output: str
    color: str
    verbosity: int


@click.command(epilog=NOTE)
@click.argument("state", metavar="[STATE", required=False)
@click.argument("event", metavar="EVENT]", nargs=-1)
@click.option("--send", is_flag=True, help="The segment departs: may it be sent? Without this it arrives.")
@click.option("--set", "values", metavar="NAME=VALUE", multiple=True, help="A variable of the TCB or the environment.")
@click.option("--assume", is_flag=True, help="Admit assumptions about the capture, such as frames missing from it.")
@click.option("-i", "--interactive", is_flag=True, help="Play two endpoints and the network between them.")
@click.option("--alone", is_flag=True, help="With -i: play one endpoint; what the other sends is up to you.")
@click.option("--profile", metavar="NAME", help="The profile: rfc9293 (default), rfc793, linux, ...")
@click.option("--spec", metavar="PATH", default="rfc9293", help="A specification (spec.yaml) or an overlay file.")
@click.option("--variant", "variants", metavar="NAME", multiple=True, help="Apply a variant; may be repeated.")
@click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", metavar="FILE", default="-", help="Write to FILE instead of standard output.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("-q", "--quiet", count=True, help="The outcome alone, without the rules that were tried.")
@click.option("-v", "--verbose", count=True, help="With the quotes of the rules that fired.")
def command(quiet: int, verbose: int, **options: object) -> int:
    """Take one step: in STATE, EVENT happens; show the rules tried in order, their conditions with values, the one that
    fired, the TCB and what is sent.

    EVENT is a segment in packetdrill notation ('F. 301:301(0) ack 101 win 65535', or 'F.' or 'P. 10' for the numbers
    that are due), 'call CLOSE', 'call OPEN passive=True' or 'timeout USER'. Variables that are not --set are those of a
    small connection: own ISS 100, the peer's 300.
    """
    return run(Request(verbosity=verbose - quiet, **options))  # type: ignore[arg-type]


def run(request: Request) -> int:
    """Take the step, or play the session; returns the exit code."""
    if request.interactive:
        if request.state or request.values or request.send or request.format != "text":
            raise UsageError("-i takes no STATE, EVENT, --set, --send or --format")
        from tcpmodel.cli.play import play

        return play(request)
    if not request.state or not request.event:
        raise UsageError("give a state and an event, such as: tcpmodel step ESTABLISHED 'call CLOSE'")
    return _step(request, request.state)


def _step(request: Request, state: str) -> int:
    from tcpmodel.cli.output import output
    from tcpmodel.report import step_forms
    from tcpmodel.report.style import Style
    from tcpmodel.spec import load
    from tcpmodel.step import step

    model = load(request.spec, profile=request.profile, variants=request.variants)
    taken = step(model, state, _event(request), _values(request.values), assume=request.assume)
    with output(request.output) as stream:
        if request.format == "json":
            from tcpmodel.report.pretty import pretty

            print(pretty(step_forms.as_json(taken, model)), file=stream)
        else:
            for line in step_forms.as_text(taken, Style(colored(request.color, stream)), request.verbosity):
                print(line, file=stream)
    return CONFORMING if taken.permitted else VIOLATION


def _event(request: Request) -> str:
    """The event in words; a segment arrives, or departs with --send."""
    text = " ".join(request.event).strip()
    if text[:1].islower():
        if request.send:
            raise UsageError(f"--send is for segments, not for '{text}'")
        return text
    return f"{'departs' if request.send else 'arrives'} {text}"


def _values(words: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--set {word}: write NAME=VALUE, such as SND.NXT=101")
        values[name.strip()] = value
    return values


def colored(choice: str, stream: TextIO) -> bool:
    """Whether to colour what goes to a stream."""
    return choice == "always" or (choice == "auto" and stream.isatty() and not os.environ.get("NO_COLOR"))
