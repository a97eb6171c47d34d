"""Runs put together for a mutation: the model itself has to permit them, and the checker their witness.

A run is named by what would have happened: frames that the segments around the mutation suggest were lost before the
capture (`filled`), segments of one sender arrived in another order than they were sent in (`restored`), or the mutated
trace is as good as the one before for a reason that can be named (`permitted`). What is put together is verified as a
trace that lacks nothing; it has to conform without any assumption. A missing SYN is never put in but in front: with
another life of the connection everything could be explained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import ModuleType

from tcpmodel.trace import Event, Segment
from tcpmodel.trace.segment import ACK, FIN, RST, SYN, URG
from tcpmodel.verify import Options, verify
from tcpmodel.verify.checker import check

from .explainable import MODULO, Setting, behind, end
from .mutants import Memory

READ = FIN | SYN | RST | ACK | URG  # the control bits that a MUST is about


def completed(setting: Setting, steps: ModuleType) -> str:
    """The run that explains a mutation and conforms, in words; "" where none is known."""
    return filled(setting, steps) or restored(setting, steps) or permitted(setting, steps)


def accepted(items: Sequence[Event], vantage: str, steps: ModuleType) -> bool:
    """Whether a trace that lacks nothing conforms, without assumptions, by a run that the checker accepts too."""
    told = verify(Memory(list(items), vantage, True), steps, Options(witness=True))
    clean = (c.verdict == "conforming" and {a.kind for a in c.assumptions} <= {"offload"} for c in told.connections)
    return all(clean) and check(told, items, steps, vantage) == []


def restored(setting: Setting, steps: ModuleType) -> str:
    """Two segments in a row of one sender in the order in which they left it, where the trace was not taken there."""
    new, items = setting.mutant.after, list(setting.mutant.items)
    if new is None or setting.certain() or setting.mutant.kind.startswith("swap"):
        return ""
    at = next(n for n, item in enumerate(items) if item is new)
    other = items[at + 1] if at + 1 < len(items) else None
    if not isinstance(other, Segment) or other.src != new.src or (new.flags | other.flags) & (SYN | RST):
        return ""
    first, second = replace(other, frame=new.frame, time=new.time), replace(new, frame=other.frame, time=other.time)
    items[at : at + 2] = [first, second]
    return "the network changed the order before the trace was taken" if accepted(items, "", steps) else ""


def permitted(setting: Setting, steps: ModuleType) -> str:
    """What makes the mutated trace as good as the one before, where the model permits it as it is."""
    words = _as_good(setting)
    return words if words and accepted(setting.mutant.items, setting.vantage, steps) else ""


def _as_good(setting: Setting) -> str:
    kind, new = setting.mutant.kind, setting.mutant.after
    if kind.startswith("SEQ") and setting.old.flags & SYN:
        return _another_number(setting)
    if kind.startswith("swap") and new is not None:
        return _another_order(setting.old, new)
    if kind == "clear ACK" and any(
        s.seq == setting.old.seq and s.flags & SYN for s in setting.earlier(setting.old.src)
    ):
        return "the SYN heads the retransmission queue of an endpoint that opened too"
    return _needless(setting) if kind == "drop" and not setting.old.len else ""


def _another_number(setting: Setting) -> str:
    """Of a SYN: nothing refers to it, or the peer has taken a part of its text."""
    own, before = setting.later(setting.old.src), setting.earlier(setting.old.src)
    if _another_life(setting) and all(s.flags & RST for s in own):
        return "another connection, and nothing refers to its initial sequence number"
    if before and not own and not setting.old.flags & ACK and all(s.flags & SYN and not s.flags & ACK for s in before):
        return "the user gave up and opened again, and nothing refers to this initial sequence number"
    return "the peer has taken a part of the text that came with the SYN" if setting.old.text else ""


def _another_order(first: Segment, second: Segment) -> str:
    if first.src == second.src:
        return "the two say the same" if _said(first) == _said(second) else ""
    if first.flags & second.flags & RST:
        return "neither RST answers the other"
    return "the two crossed on the way" if second.len and not first.len else ""


def _needless(setting: Setting) -> str:
    """Why an ACK may be left out."""
    own = setting.later(setting.old.src)
    if own and own[0].flags & RST:
        return "the user aborted before an ACK was due"
    said = any(s.ack == setting.old.ack and s.flags & ACK for s in setting.earlier(setting.old.src))
    return "it says nothing new, and an ACK needs no reason" if said else ""


def _said(segment: Segment) -> Segment:
    """What a segment says, whenever it was sent: options included, explicit congestion notification not."""
    return replace(segment, frame=0, time=0, ident=0, flags=segment.flags & READ)


def _another_life(setting: Setting) -> bool:
    """Whether the sender's earlier connection is over before the mutated SYN."""
    return any(s.flags & FIN for s in setting.earlier(setting.old.src)) and any(
        s.flags & FIN for s in setting.earlier(setting.old.dst)
    )


def filled(setting: Setting, steps: ModuleType) -> str:
    """The missing frames that make a complete, conforming trace of the mutant; "" where none are known."""
    for words, at, frames in _fillings(setting):
        items = [*setting.mutant.items]
        place = next((n for n, item in enumerate(items) if isinstance(item, Segment) and item.frame == at), None)
        if place is None:
            continue
        items[place:place] = [replace(s, time=items[place].time, ident=0) for s in frames]
        numbered = [replace(s, frame=n) if isinstance(s, Segment) else s for n, s in enumerate(items, 1)]
        if accepted(numbered, "", steps):
            return f"{words} missing from the capture"
    return ""


Filling = tuple[str, int, list[Segment]]  # what it is, the frame it goes before, the segments put in


def _fillings(setting: Setting) -> Iterator[Filling]:
    """What may be missing: a copy of what was swapped, text at a number that is ahead or behind, text that is ACKed."""
    kind, new = setting.mutant.kind, setting.mutant.after
    if new is None:
        return
    if kind.startswith("swap"):
        yield from _earlier_copy(setting, new)
    elif not setting.complete and kind.startswith("SEQ"):
        yield from _text_behind(setting, new)
        own = setting.earlier(new.src)
        if own and not new.flags & SYN:
            ack = new.ack if new.flags & ACK else own[-1].ack
            yield from _texts("text before it is", new, replace(own[-1], ack=ack), new.seq)
    elif not setting.complete and kind.startswith("ACK") and not new.flags & SYN:
        yield from _text_acknowledged(setting, new)
    if not setting.complete and kind.startswith("ACK"):
        yield from _text_again(setting, new)


def _earlier_copy(setting: Setting, new: Segment) -> Iterator[Filling]:
    """Of the first segment, it may have come before a capture that lacks nothing from then on."""
    old = setting.old
    late = old is setting.segments[0] and not setting.certain()
    if old.len and not old.flags & RST and (late or not setting.complete):
        yield "an earlier copy of it is", new.frame, [old]


def _text_behind(setting: Setting, new: Segment) -> Iterator[Filling]:
    """Text from a number that goes back up to where the segment ended; behind a SYN,ACK, the answer to it first."""
    old = setting.old
    following = next((s.frame for s in setting.segments if s.frame > old.frame), None)
    if not following or not old.len or not behind(new.seq, old.seq):
        return
    begin = end(new) if old.flags & SYN or behind(old.seq, end(new)) else old.seq
    last = replace(new, frame=following, seq=begin, text=0, len=0, flags=ACK)
    fillings = list(_texts("text behind it is", last, last, end(old)))
    yield from fillings
    for heard in setting.later(old.dst)[:1] if old.flags & SYN and old.flags & ACK else ():
        answer = replace(heard, seq=old.ack, ack=end(new), text=0, len=0, flags=ACK)
        yield from ((words, at, [answer, *texts]) for words, at, texts in fillings)


def _text_acknowledged(setting: Setting, new: Segment) -> Iterator[Filling]:
    """Text of the peer behind its last one, or the beginning of its last one, which was then sent again."""
    other = setting.earlier(setting.old.dst)
    if other:
        yield from _texts("text that it acknowledges is", new, replace(other[-1], ack=new.seq), new.ack)
    if len(other) > 1:
        again = replace(other[-2], ack=other[-1].ack, wnd=other[-1].wnd)
        yield from _texts("the beginning of the text, sent before, is", other[-1], again, new.ack)


def _text_again(setting: Setting, new: Segment) -> Iterator[Filling]:
    """Text behind an ACK that goes back, sent again before the next ACK of it."""
    old, other = setting.old, setting.earlier(setting.old.dst)
    following = next((s for s in setting.later(old.src) if s.flags & ACK), None)
    if following and other and behind(new.ack, old.ack):
        last = next((s for s in setting.later(old.dst) if s.frame < following.frame), other[-1])
        again = replace(last, frame=following.frame, seq=new.ack, ack=end(new), text=0, len=0)
        yield from _texts("text, sent again, is", again, again, old.ack)


def _texts(words: str, new: Segment, last: Segment, until: int) -> Iterator[Filling]:
    """One or two segments of text that go on behind the last one up to a sequence number, cut as the mutant is."""
    size = (until - end(last)) % MODULO
    if not 0 < size < 1 << 16:
        return
    one = replace(last, seq=end(last), text=size, len=size, flags=ACK, mss=-1, wscale=-1, sackok=False, sack=())
    yield words, new.frame, [one]
    for part in {size // 2, new.text} - {0}:
        if part < size:
            rest = replace(one, seq=(one.seq + part) % MODULO, text=size - part, len=size - part)
            yield words, new.frame, [replace(one, text=part, len=part), rest]
