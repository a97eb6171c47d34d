"""`tcpmodel step -i`: the line loop of an interactive session, on a terminal or from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from tcpmodel.cli.exits import CONFORMING, UNUSABLE
from tcpmodel.errors import TraceError, UsageError

if TYPE_CHECKING:
    from tcpmodel.cli.step import Request
    from tcpmodel.report.style import Style
    from tcpmodel.step import Step
    from tcpmodel.step.session import Session

HELP = """\
a call NAME               a user call at a (or b), with what comes with it
a timeout NAME            a timer expires at a
a send                    a sends the answer it owes
a send P. 10              a sends: control bits and octets of text, at the place that is due,
a send S 100:100(0) ...   or a whole segment in packetdrill notation
deliver 3 (d 3)           segment 3 arrives; any order is possible
dup 3                     segment 3 arrives and stays in flight
drop 3                    segment 3 is lost
wait 1.5 s                time passes
set a FRESH.ISS=500       what surrounds a: the initial sequence number that it selects next
show [all]                states, variables that have changed, segments in flight
rules                     the rules that the last move tried, with their conditions
undo                      back to before the last move
save FILE                 write what was played as a trace
help, quit"""
PROMPT = "> "


def play(request: Request) -> int:
    """Read commands to the end of input or `quit`. Exit code 2 when a line from a pipe could not be used."""
    from tcpmodel.cli.step import colored
    from tcpmodel.report.style import Style
    from tcpmodel.spec import load
    from tcpmodel.step.session import Session

    model = load(request.spec, profile=request.profile, variants=request.variants)
    table = Table(Session(model, request.alone), Style(colored(request.color, sys.stdout)), request.verbosity)
    terminal = sys.stdin.isatty()
    failed = False
    for line in _lines(terminal):
        words = line.split("#")[0].split()
        if words[:1] in (["quit"], ["exit"]):
            break
        try:
            for text in table.command(words):
                print(text)
        except UsageError as error:
            failed = True
            print(f"error: {error}")
        sys.stdout.flush()
    return UNUSABLE if failed and not terminal else CONFORMING


def _lines(terminal: bool) -> Iterator[str]:
    if not terminal:
        yield from sys.stdin
        return
    with suppress(ImportError):
        import readline  # noqa: F401 (line editing and history for input())
    print("help lists the commands")
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            print()
            return


class Table:
    """Commands and what they print."""

    def __init__(self, session: Session, style: Style, verbosity: int) -> None:
        self.session, self.style, self.verbosity = session, style, verbosity
        self.last: Step | None = None
        self.start = {end: session.machine.values(t) for end, t in session.moment.tcbs.items()}
        self.verbs: dict[str, Callable[[list[str]], Iterator[str]]] = {
            "deliver": self._deliver, "d": self._deliver, "dup": self._duplicate, "drop": self._drop,
            "wait": self._wait, "set": self._set, "show": self._show, "rules": self._rules, "undo": self._undo,
            "save": self._save, "help": self._help,
        }  # fmt: skip

    def command(self, words: list[str]) -> Iterator[str]:
        """Do what a line says; yields what to print. Raises UsageError."""
        if not words:
            return
        if words[0] in ("a", "b"):
            yield from self._endpoint(words[0], words[1:])
        elif words[0] in self.verbs:
            yield from self.verbs[words[0]](words[1:])
        else:
            from tcpmodel.spec.report import nearest

            raise UsageError(f"no command '{words[0]}': {nearest(words[0], self.verbs) or 'help lists them'}")

    def _endpoint(self, end: str, words: list[str]) -> Iterator[str]:
        if not words:
            raise UsageError(f"say what {end} does: call, timeout, crash or send")
        if words[0] == "send":
            yield from self._told(end, self.session.send(end, " ".join(words[1:])))
        else:
            yield from self._told(end, self.session.happen(end, " ".join(words)))

    def _told(self, end: str, step: Step | None) -> Iterator[str]:
        """What a move came to: the state, what is owed, what the user hears, what is in flight now."""
        from tcpmodel.report.step_forms import notation

        self.last = step or self.last
        if step is not None:
            before, after = step.before["STATE"], step.after["STATE"]
            yield f"{end}: {self.style('place', before if before == after else f'{before} -> {after}')}"
            yield from (f"   user: {signal}" for signal in step.signals)
            yield from (f"   {row.rule.forbid} {row.rule.code}: {row.message}" for row in step.breaches)
            yield from (f"   owes {notation(form)}  ({form.rule})" for form in self.session.owed(end))
        yield from self._network()

    def _network(self) -> Iterator[str]:
        from tcpmodel.trace.notation import to_packetdrill

        for row in self.session.moment.flying:
            to = "b" if row.sender == "a" else "a"
            yield f"   {row.number:>3}  {row.sender} > {to}  {to_packetdrill(row.segment)}"

    def _deliver(self, words: list[str]) -> Iterator[str]:
        yield from self._arrives(words, keep=False)

    def _duplicate(self, words: list[str]) -> Iterator[str]:
        yield from self._arrives(words, keep=True)

    def _arrives(self, words: list[str], keep: bool) -> Iterator[str]:
        number = self._number(words)
        sender = next((row.sender for row in self.session.moment.flying if row.number == number), "")
        step = self.session.deliver(number, keep)
        yield from self._told("b" if sender == "a" else "a", step)

    def _number(self, words: list[str]) -> int:
        """The segment a command names; without a name the first in flight."""
        if words and not words[0].isdecimal():
            raise UsageError(f"'{words[0]}' is no number of a segment in flight")
        flying = self.session.moment.flying
        return int(words[0]) if words else flying[0].number if flying else 0

    def _drop(self, words: list[str]) -> Iterator[str]:
        self.session.drop(self._number(words))
        yield from self._network()

    def _wait(self, words: list[str]) -> Iterator[str]:
        from tcpmodel.spec import expr as x
        from tcpmodel.spec.model import Variable
        from tcpmodel.step.values import parsed, time_text

        self.session.wait(parsed(" ".join(words), Variable("wait", x.TIME, "", ""), self.session.model))
        yield f"time: {time_text(self.session.moment.now)}"

    def _set(self, words: list[str]) -> Iterator[str]:
        name, equals, value = " ".join(words[1:]).partition("=")
        if words[:1] not in (["a"], ["b"]) or not equals:
            raise UsageError("write: set a NAME=VALUE")
        self.session.put(words[0], name.strip(), value)
        yield f"{words[0]}: {name.strip()} = {value.strip()}"

    def _show(self, words: list[str]) -> Iterator[str]:
        from tcpmodel.report.step_forms import named_values
        from tcpmodel.step.values import time_text

        yield f"time: {time_text(self.session.moment.now)}"
        for end, t in self.session.moment.tcbs.items():
            values = self.session.machine.values(t)
            kept = {name: v for name, v in values.items() if "all" in words or v != self.start[end][name]}
            yield f"{end}: {self.style('place', values['STATE'])}"
            yield from named_values({name: v for name, v in kept.items() if name != "STATE"})
        yield from self._network()

    def _rules(self, words: list[str]) -> Iterator[str]:
        from tcpmodel.report.step_forms import as_text

        if self.last is None:
            raise UsageError("nothing has happened yet")
        yield from as_text(self.last, self.style, self.verbosity)

    def _undo(self, words: list[str]) -> Iterator[str]:
        self.session.undo()
        yield from self._show([])

    def _save(self, words: list[str]) -> Iterator[str]:
        from tcpmodel.step.session import ADDRESSES
        from tcpmodel.trace.writers import write_json

        if len(words) != 1:
            raise UsageError("write: save FILE")
        events = self.session.trace()
        try:
            write_json(events, words[0], title="played with tcpmodel step -i", endpoints=dict(ADDRESSES), complete=True)
        except TraceError as error:
            raise UsageError(str(error)) from None
        yield f"{len(events)} {'event' if len(events) == 1 else 'events'} written to {words[0]}"
        if len(events) < len(self.session.moment.events):
            yield "calls and timeouts are left out, since segments crossed or were lost: a replay infers them"

    def _help(self, words: list[str]) -> Iterator[str]:
        yield HELP
        yield f"calls: {self._named('call')}"
        yield f"timers: {self._named('timeout')}"

    def _named(self, event: str) -> str:
        """The calls or timers of the specification, each with its arguments."""
        found: dict[str, dict[str, None]] = {}
        for procedure in self.session.model.procedures:
            if procedure.event == event:
                options = (f" [{a.name.rpartition('.')[2]}=True]" for a in procedure.arguments)
                found.setdefault(procedure.event_name, {}).update(dict.fromkeys(options))
        return ", ".join(f"{name}{''.join(options)}" for name, options in found.items())
