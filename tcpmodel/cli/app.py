"""The table of commands, and the one place where exceptions become exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

import tcpmodel
from tcpmodel.cli.exits import INTERNAL, INTERRUPTED, PIPE_CLOSED, UNUSABLE
from tcpmodel.errors import SpecError, TraceError, UsageError

# name -> (module with the click command `command`, one line of help)
COMMANDS = {
    "verify": ("tcpmodel.cli.verify", "Replay captures and say whether both endpoints kept to the rules."),
    "prove": ("tcpmodel.cli.prove", "Prove or refute properties of TCP, for every execution."),
    "check": ("tcpmodel.cli.check", "Check a specification: is it whole, and does it say what the RFC says."),
    "graph": ("tcpmodel.cli.graph", "Draw the state diagram that follows from the rules."),
    "step": ("tcpmodel.cli.step", "Where can I go from here: an event in a state, the rules tried, what comes of it."),
    "explain": ("tcpmodel.cli.explain", "Explain a finding, an error, a rule, a state, a requirement or a property."),
}
COMPLETION = "_TCPMODEL_COMPLETE"
EXIT_CODES = "Exit codes: 0 conforming, 1 violation, 2 bad usage or unusable input, 3 inconclusive, 70 internal error."


class Commands(click.Group):
    """A group that imports a command's module only when that command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tcpmodel.__version__, prog_name="tcpmodel", message="%(prog)s %(version)s")
def commands() -> None:
    """An executable model of TCP: what RFC 9293 says, replayed against what was captured."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (default: sys.argv) and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    _never_fail_to_print()
    try:
        code = _run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # what is still buffered must not raise again when the interpreter closes the stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort):
        print("tcpmodel: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return internal(error, verbose=any(a == "--verbose" or a[:2] == "-v" for a in arguments))


def _run(arguments: list[str]) -> int:
    if COMPLETION in os.environ:
        commands.main(arguments, prog_name="tcpmodel", complete_var=COMPLETION)
    try:
        with commands.make_context("tcpmodel", arguments) as context:
            code = commands.invoke(context)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SpecError as error:
        from tcpmodel.spec import render

        return fail(render(error), prefix="")
    except (UsageError, TraceError) as error:
        return fail(str(error))


def fail(message: str, prefix: str = "tcpmodel: error: ") -> int:
    """Say on standard error why the input or the command line cannot be used."""
    sys.stdout.flush()
    print(f"{prefix}{message}", file=sys.stderr)
    return UNUSABLE


def internal(error: Exception, *, verbose: bool, during: str = "") -> int:
    """Say on standard error that the fault is the program's own; `during` names the input."""
    sys.stdout.flush()
    where = f"{during}: " if during else ""
    print(f"tcpmodel: internal error: {where}{type(error).__name__}: {error}", file=sys.stderr)
    if verbose:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    else:
        print("  = help: this is a fault of tcpmodel; -v shows where it happened", file=sys.stderr)
    return INTERNAL


def _never_fail_to_print() -> None:
    """A file name may hold octets that the terminal's encoding cannot show."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
