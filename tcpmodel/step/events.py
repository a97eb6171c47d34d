"""Events in words: "arrives SEGMENT", "departs SEGMENT", "call CLOSE", "call OPEN passive=True", "timeout USER"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tcpmodel.errors import UsageError
from tcpmodel.spec.model import Model, Procedure
from tcpmodel.spec.report import nearest
from tcpmodel.step.machine import Machine
from tcpmodel.step.outcome import Step
from tcpmodel.step.scenario import Scenario, place
from tcpmodel.step.values import MODULUS, parsed
from tcpmodel.trace import Segment
from tcpmodel.trace.notation import LETTERS, NotationError, parse_segment, to_packetdrill
from tcpmodel.verify.machine import TCB

ARRIVES, DEPARTS = "arrives", "departs"
SIDES = {ARRIVES: "arriving", DEPARTS: "departing", "pickup": "departing"}
KINDS = {ARRIVES: "segment", DEPARTS: "output", "pickup": "pickup"}
SHORT = re.compile(r"(?P<flags>[FSRP.UEWA]+|-)(?:\s+(?P<text>\d{1,8}))?")


@dataclass(frozen=True)
class Event:
    """`kind` and `name` as procedures have them (segment, output, call CLOSE, ...); `arguments` are plain values."""

    kind: str
    name: str = ""
    segment: Segment | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


def understood(text: str, model: Model, scenario: Scenario, t: TCB) -> Event:
    """The event that the words describe at an endpoint with this TCB. Raises UsageError."""
    word, _, rest = text.strip().partition(" ")
    if word in KINDS:
        found = segment(rest.strip(), scenario, SIDES[word], t)
        return Event(KINDS[word], "", found, {}, f"{word} {to_packetdrill(found)}")
    kinds = dict.fromkeys(p.event for p in model.procedures if p.event not in KINDS.values())
    if word not in kinds:
        known = (*KINDS, *kinds)
        raise UsageError(f"no event '{word}': {nearest(word, known) or 'events: ' + ', '.join(known)}")
    name, *words = rest.split() or [""]
    names = list(dict.fromkeys(p.event_name for p in model.procedures if p.event == word))
    if name not in names:
        raise UsageError(f"no {word} '{name}': {nearest(name.upper(), names) or ', '.join(names)}")
    found_arguments = _arguments(words, [p for p in model.procedures if (p.event, p.event_name) == (word, name)], model)
    return Event(word, name, None, found_arguments, text.strip())


def _arguments(words: list[str], procedures: list[Procedure], model: Model) -> dict[str, Any]:
    known = {a.name.rpartition(".")[2]: a for p in procedures for a in p.arguments}
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in known:
            hint = nearest(name, known) or (f"arguments: {', '.join(known)}" if known else "it takes none")
            raise UsageError(f"no argument '{name}': {hint}")
        found[known[name].name] = parsed(value if equals else "true", known[name], model)
    return found


def segment(text: str, scenario: Scenario, side: str, t: TCB) -> Segment:
    """A segment in packetdrill notation, or its control bits and octets of text alone: "P. 10". Raises UsageError."""
    short = SHORT.fullmatch(text)
    try:
        return parse_segment(_completed(short, scenario, side, t) if short else text)
    except NotationError as error:
        caret = " " * (error.column - 1) + "^"
        raise UsageError(f"segment: column {error.column}: {error}\n  {text}\n  {caret}") from None


def _completed(short: re.Match[str], scenario: Scenario, side: str, t: TCB) -> str:
    flags = sum(1 << LETTERS.index(letter) for letter in set(short["flags"]) if letter != "-")
    seq, ack = (place(scenario, side, name, t) for name in ("seq", "ack"))
    return written(flags, seq, ack, scenario, int(short["text"] or 0))


def written(flags: int, seq: int, ack: int | None, scenario: Scenario, text: int = 0) -> str:
    """A segment with these numbers in packetdrill notation, its other fields as the scenario has them."""
    letters = "".join(letter for letter in "FSRPUEWA." if flags >> LETTERS.index(letter) & 1) or "-"
    acknowledged = f" ack {ack}" if ack is not None and "." in letters else ""
    return f"{letters} {seq}:{(seq + text) % MODULUS}({text}){acknowledged} {scenario.header(flags)}".rstrip()


def happen(
    event: Event | str, t: TCB, machine: Machine, scenario: Scenario, environment: Mapping[str, Any],
    assume: bool = False,
) -> Step:  # fmt: skip
    """The event happens; `t` changes in place. Raises UsageError where the specification has no such event."""
    if isinstance(event, str):
        event = understood(event, machine.model, scenario, t)
    procedure = machine.procedure(t, event.kind, event.name)
    if procedure is None:
        what = f"{event.kind} {event.name}".strip()
        raise UsageError(f"nothing is said of {what} in {machine.model.states[t.STATE]}")
    return machine.step(t, procedure, event.segment, {**environment, **event.arguments}, event.text, assume)
