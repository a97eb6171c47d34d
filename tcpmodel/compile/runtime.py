"""What generated step functions stand on: sequence arithmetic, held text, owed answers. No rule of TCP is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

Spans = tuple[tuple[int, int], ...]
Owed = tuple[tuple[int, tuple[tuple[int, int, int], ...]], ...]
WORD, HALF = 0xFFFFFFFF, 0x80000000
MAX_OWED = 8


class Sent(Protocol):
    """The part of a segment that is held against an owed answer."""

    seq: int
    ack: int
    flags: int


class Undecided(Exception):
    """The step depends on a choice of the endpoint that only its next segment reveals."""


class IncompleteStage(Exception):
    """No rule of a stage applies: a hole in the specification."""


def seq_min(a: int, b: int) -> int:
    """The earlier of two sequence numbers less than 2^31 apart."""
    return a if (a - b) & HALF else b


def seq_max(a: int, b: int) -> int:
    """The later of two sequence numbers less than 2^31 apart."""
    return b if (a - b) & HALF else a


def insert(spans: Spans, start: int, end: int) -> Spans:
    """`spans` with [start, end) joined in; spans are disjoint, not adjacent, ascending mod 2^32."""
    if not (start - end) & HALF:
        return spans
    before, after = [], []
    for low, high in spans:
        if (high - start) & HALF:
            before.append((low, high))
        elif (end - low) & HALF:
            after.append((low, high))
        else:
            start, end = seq_min(low, start), seq_max(high, end)
    return (*before, (start, end), *after)


def reach(spans: Spans, start: int) -> int:
    """The first sequence number at or behind `start` that is not covered without a gap from `start`."""
    for low, high in spans:
        if not (start - low) & HALF and (start - high) & HALF:
            start = high
    return start


def below(spans: Spans, start: int) -> Spans:
    """`spans` without everything before `start`."""
    return tuple((seq_max(low, start), high) for low, high in spans if (start - high) & HALF)


def covers(spans: Spans, number: int) -> bool:
    """Whether `number` lies in one of the spans."""
    return any(not (number - low) & HALF and (number - high) & HALF != 0 for low, high in spans)


def owe(owed: Owed, rule: int, alternatives: tuple[tuple[int, int, int], ...]) -> Owed:
    """`owed` with one more answer: any of (control bits, SEQ, ACK or -1). The oldest is forgotten past MAX_OWED."""
    entry = (rule, alternatives)
    return owed if entry in owed else (*owed[-MAX_OWED + 1 :], entry)


Obligations = tuple[Callable[[Owed, Sent], bool], Callable[[Owed, Sent], Owed], Callable[[Owed, Sequence[Sent]], bool]]


def answering(identified: int, contained: int) -> Obligations:
    """`owed`, `discharge` and `owes` of a specification; `tcpmodel.spec.model.Answering` says what the masks mean."""

    def is_answer(form: tuple[int, int, int], s: Sent) -> bool:
        return s.flags & identified == form[0] and s.seq == form[1] and form[2] in (-1, s.ack)

    def owed(entries: Owed, s: Sent) -> bool:
        """Whether `s` is one of the answers owed, number for number."""
        return any(is_answer(form, s) for _, forms in entries for form in forms)

    def discharge(entries: Owed, s: Sent) -> Owed:
        """What is still owed after `s`: neither is it the answer itself, nor does it contain it."""
        inside = contained if contained and s.flags & contained == contained else -1
        return tuple(
            (rule, forms) for rule, forms in entries if not any(f[0] == inside or is_answer(f, s) for f in forms)
        )

    def owes(entries: Owed, answers: Sequence[Sent]) -> bool:
        """Whether the answers owed are these, each once, in any of the forms that it may have."""
        return (
            len(entries) == len(answers)
            and all(owed(entries, answer) for answer in answers)
            and all(any(owed((entry,), answer) for answer in answers) for entry in entries)
        )

    return owed, discharge, owes


def told(value: object) -> int | bool | str:
    """The value of a variable as a trace tells it: held text as `3501:3502 3600:3700`, everything else as it is."""
    if isinstance(value, int | bool | str):
        return value
    return " ".join(f"{low}:{high}" for low, high in value) if isinstance(value, tuple) else str(value)
