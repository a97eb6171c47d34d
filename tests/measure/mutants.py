"""Traces that differ from a conforming one in one place, built in memory: a field of one segment, the order, a loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from random import Random

from tcpmodel.trace import Event, Segment
from tcpmodel.trace.segment import ACK, FIN, RST, SYN, flag_names

MODULO = 1 << 32
DELTAS = {"+1": 1, "-1": -1, "+1000": 1000, "-1000": -1000, "+2^28": 1 << 28, "-2^28": -(1 << 28)}


@dataclass
class Memory:
    """A reader of events that are there already; `vantage` and `complete` as a trace says them of itself."""

    items: list[Event]
    vantage: str = ""
    complete: bool = False
    file: str = "memory"
    skipped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.packets = self.tcp_segments = sum(isinstance(item, Segment) for item in self.items)

    def __iter__(self) -> Iterator[Event]:
        return iter(self.items)


@dataclass
class Mutant:
    """A mutated trace. `frames` are those in which the mutation shows, `senders` who sent the segments touched."""

    kind: str
    shape: str
    items: list[Event]
    frames: frozenset[int]
    senders: frozenset[str]
    before: Segment
    after: Segment | None

    def __str__(self) -> str:
        where = "/".join(str(frame) for frame in sorted(self.frames))
        return f"{self.kind} of {self.shape} at frame {where} ({'/'.join(sorted(self.senders))})"


Change = Callable[[Segment], bool]  # alters a segment in place; False where that changes nothing


def shape(segment: Segment) -> str:
    """What a segment is, in a word or two: by its control bits, else by whether it has text."""
    names = flag_names(segment.flags & (SYN | FIN | RST))
    if segment.flags & SYN and segment.flags & ACK:
        names += ",ACK"
    return names + ("+text" if names and segment.text else "") or ("text" if segment.text else "ACK")


def moved(name: str, delta: int) -> Change:
    """Add to a sequence number; an ACK field without the ACK bit says nothing and is left alone."""

    def change(segment: Segment) -> bool:
        if name == "ack" and not segment.flags & ACK:
            return False
        setattr(segment, name, (getattr(segment, name) + delta) % MODULO)
        return True

    return change


def flipped(bit: int, on: bool) -> Change:
    """Set or clear a control bit; SYN and FIN take a sequence number each."""

    def change(segment: Segment) -> bool:
        if bool(segment.flags & bit) == on:
            return False
        segment.flags ^= bit
        if bit in (SYN, FIN):
            segment.len += 1 if on else -1
        return True

    return change


def resized(size: Callable[[int], int]) -> Change:
    """Advertise another window, in the units of the header."""

    def change(segment: Segment) -> bool:
        before = segment.wnd
        segment.wnd = min(max(size(before), 0), 0xFFFF)
        return segment.wnd != before

    return change


CHANGES: dict[str, Change] = {
    **{f"SEQ {name}": moved("seq", delta) for name, delta in DELTAS.items()},
    **{f"ACK {name}": moved("ack", delta) for name, delta in DELTAS.items()},
    **{f"set {flag_names(bit)}": flipped(bit, True) for bit in (SYN, FIN, RST, ACK)},
    **{f"clear {flag_names(bit)}": flipped(bit, False) for bit in (SYN, FIN, RST, ACK)},
    "window 0": resized(lambda _: 0),
    "window -1": resized(lambda wnd: wnd - 1),
    "window halved": resized(lambda wnd: wnd // 2),
    "window +1": resized(lambda wnd: wnd + 1),
    "window doubled": resized(lambda wnd: 2 * wnd),
}
PLACES = ("swap", "drop")
KINDS = (*CHANGES, *PLACES)


def mutate(items: list[Event], kind: str, at: int) -> Mutant | None:
    """The mutant of the segment at index `at`; None where the kind does not apply there."""
    if kind == "swap":
        return _swapped(items, at)
    if kind == "drop":
        return _dropped(items, at)
    old = items[at]
    assert isinstance(old, Segment)
    new = copy(old)
    if not CHANGES[kind](new):
        return None
    new.ident = hash((new.ident, kind))
    mutated = [*items[:at], new, *items[at + 1 :]]
    return Mutant(kind, shape(old), mutated, frozenset([old.frame]), frozenset([old.src]), old, new)


def _swapped(items: list[Event], at: int) -> Mutant | None:
    """The segment and the one behind it change places; the times and the numbers of the frames stay."""
    first, second = items[at], items[at + 1] if at + 1 < len(items) else None
    assert isinstance(first, Segment)
    if not isinstance(second, Segment) or (second.ident == first.ident and first.ident):
        return None
    early, late = copy(second), copy(first)
    early.frame, early.time, late.frame, late.time = first.frame, first.time, second.frame, second.time
    mutated = [*items[:at], early, late, *items[at + 2 :]]
    way = "same sender" if first.src == second.src else "answer first"
    kind = f"swap, {way}"
    frames, senders = frozenset([first.frame, second.frame]), frozenset([first.src, second.src])
    return Mutant(kind, f"{shape(first)} and {shape(second)}", mutated, frames, senders, first, early)


def _dropped(items: list[Event], at: int) -> Mutant:
    """The segment is gone; the frames behind it keep their numbers."""
    gone = items[at]
    assert isinstance(gone, Segment)
    near = [item for item in (*items[:at][-1:], *items[at + 1 :][:1]) if isinstance(item, Segment)]
    frames, senders = frozenset(s.frame for s in (gone, *near)), frozenset(s.src for s in (gone, *near))
    return Mutant("drop", shape(gone), [*items[:at], *items[at + 1 :]], frames, senders, gone, None)


def mutants(items: list[Event], count: int, seed: int, only: str = "") -> Iterator[Mutant]:
    """`count` mutants of a trace, each kind at segments drawn by the seed; fewer where kinds do not apply."""
    random = Random(seed)
    places = [at for at, item in enumerate(items) if isinstance(item, Segment)]
    pairs = [(kind, at) for kind in KINDS if only in kind for at in places]
    random.shuffle(pairs)
    made = 0
    for kind, at in pairs:
        mutant = mutate(items, kind, at)
        if mutant is not None and made < count:
            made += 1
            yield mutant
