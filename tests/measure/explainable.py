"""Which mutations some run explains after all, as far as that can be told from the trace before the mutation.

A mutation counts as explainable where a run can be named: the kinds and the runs are the functions of this module.
Everything else has to be found, unless `runs` puts a run together. What is known of a trace narrows the runs: in one
that lacks nothing no frame is missing, and at the endpoint where it was taken what was captured has arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tcpmodel.trace import Segment
from tcpmodel.trace.segment import ACK, FIN, RST, SYN
from tcpmodel.verify import ConnectionVerdict

from .material import host
from .mutants import Mutant

MODULO = 1 << 32
IDLE = 1_000_000_000  # ns without a segment before a keep-alive
CLOSE_TOGETHER = 1_000_000  # ns: frames this close may have been captured in the wrong order


@dataclass
class Setting:
    """A mutant in its original surroundings: the original segment, its neighbours, and the TCB before it."""

    mutant: Mutant
    segments: list[Segment]
    verdicts: list[ConnectionVerdict]
    vantage: str
    complete: bool

    @property
    def old(self) -> Segment:
        """The segment before the mutation."""
        return self.mutant.before

    def later(self, source: str) -> list[Segment]:
        """What an endpoint sends behind the mutated frame."""
        return [s for s in self.segments if s.frame > self.old.frame and s.src == source]

    def earlier(self, source: str) -> list[Segment]:
        """What an endpoint sent before the mutated frame."""
        return [s for s in self.segments if s.frame < self.old.frame and s.src == source]

    def tcb(self, name: str) -> int | None:
        """A variable of the sender's TCB before the mutated frame; None where it is not known."""
        found = None
        for verdict in self.verdicts:
            letter = "a" if verdict.a == self.old.src else "b"
            for frame, end, values in verdict.tcb:
                if end == letter and frame < self.old.frame:
                    found = int(values[name])
        return found

    def at(self, address: str) -> bool:
        """Whether the trace was taken at this endpoint, and lacks nothing."""
        return self.complete and self.vantage in (address, host(address))

    def certain(self) -> bool:
        """Whether the trace was taken where the segment was sent."""
        return self.at(self.old.src)

    def opened(self) -> bool:
        """Whether the sender has sent a SYN before."""
        return any(s.flags & SYN for s in self.earlier(self.old.src))

    def closed(self) -> bool:
        """Whether the sender has sent a FIN before."""
        return any(s.flags & FIN for s in self.earlier(self.old.src))

    def answered(self, number: int) -> bool:
        """Whether a later segment of the peer acknowledges up to `number` and no further."""
        return any(s.flags & ACK and s.ack == number for s in self.later(self.old.dst))

    def life(self) -> range:
        """The frames of the incarnation that the mutated one belongs to."""
        frames = [c.frames for c in self.verdicts if c.frames[0] <= self.old.frame <= c.frames[1]]
        low, high = frames[-1] if frames else (0, self.segments[-1].frame)
        return range(low, high + 1)

    def idle(self) -> bool:
        """Whether everything is acknowledged and nothing was sent or received for a while."""
        before = [s for s in self.segments if s.frame < self.old.frame]
        quiet = before and self.old.time - before[-1].time > IDLE
        return bool(quiet and self.tcb("SND.UNA") == self.tcb("SND.NXT"))

    def acknowledged(self, number: int) -> bool:
        """Whether a later segment of the peer acknowledges sequence numbers up to `number`."""
        return any(s.flags & ACK and not behind(s.ack, number) for s in self.later(self.old.dst))


def behind(left: int, right: int) -> bool:
    """`left` < `right` among sequence numbers."""
    return (left - right) % MODULO >= MODULO // 2


def end(segment: Segment) -> int:
    """The sequence number behind a segment."""
    return (segment.seq + segment.len) % MODULO


def explanation(setting: Setting) -> str:
    """The run that explains a mutation, in words; "" where none is known."""
    kind = setting.mutant.kind
    for prefix, explain in EXPLAIN.items():
        if kind.startswith(prefix):
            return explain(setting)
    return ""


def _window(setting: Setting) -> str:
    return "no MUST bounds the window that is offered"


def _swap(setting: Setting) -> str:
    first, second = setting.old, setting.mutant.after
    assert second is not None
    gap = next((s.time for s in setting.segments if s.frame > first.frame), first.time) - first.time
    if not setting.complete and 0 <= gap <= CLOSE_TOGETHER:
        return "captured in the wrong order"
    if first.src == second.src:
        return "" if setting.certain() else "the network changed the order before the trace was taken"
    unheard = behind(second.ack, end(first)) or not second.flags & ACK
    if (second.len or second.flags & RST) and first.len and not setting.certain() and unheard:
        return "the two crossed on the way"
    if second.text and not first.len and not first.flags & RST and not setting.certain() and _room(setting, second):
        return "the two crossed on the way"
    return ""


def _room(setting: Setting, text: Segment) -> bool:
    """Whether the peer had offered room for the text before the ACK that came ahead of it; scaling only adds to it."""
    before = [s for s in setting.earlier(setting.old.src) if not s.flags & (SYN | RST)]
    return bool(before) and not behind(before[-1].ack + before[-1].wnd, end(text))


def _drop(setting: Setting) -> str:
    old = setting.old
    own = setting.later(old.src)
    if not setting.complete:
        return "the capture lacks the frame"
    if old is setting.segments[-1]:
        return "the trace ends before it"
    others = own + setting.earlier(old.src)
    if old.len and any(not behind(old.seq, s.seq) and not behind(end(s), end(old)) for s in others):
        return "it was sent more than once"
    if not old.len and not old.flags & RST and any(s.flags & ACK and not behind(s.ack, old.ack) for s in own):
        return "a later ACK says as much"
    if old.len and not own and not setting.acknowledged(end(old)):
        return "nothing refers to it"
    return ""


def _sequence(setting: Setting) -> str:
    old, new = setting.old, setting.mutant.after
    assert new is not None
    if old.flags & SYN:
        return _initial(setting)
    if old.len == 0 and not old.flags & RST and new.seq == (old.seq - 1) % MODULO and setting.idle():
        return "a keep-alive"
    if not setting.complete and not setting.later(old.src) and not setting.acknowledged(end(old)) and old.len:
        return "text before it is missing from the capture" if behind(old.seq, new.seq) else ""
    return ""


def _initial(setting: Setting) -> str:
    """Another initial sequence number is as good where nothing else in the trace refers to it."""
    old, life = setting.old, setting.life()
    own = [s for s in setting.later(old.src) + setting.earlier(old.src) if not s.flags & RST and s.frame in life]
    heard = [s for s in setting.later(old.dst) if s.flags & ACK and s.frame in life]
    if not own and all(behind(s.ack, (old.seq + 1) % MODULO) for s in heard):
        return "nothing refers to the initial sequence number"
    copies = [s for s in setting.later(old.src) if s.flags & SYN and not s.flags & ACK and s.seq == old.seq]
    if copies and not old.flags & ACK and all(s.frame > copies[0].frame for s in heard):
        return "an OPEN that was given up before the next"
    return ""


def _acknowledgment(setting: Setting) -> str:
    """An ACK may have been sent before the latest text arrived, but none goes back and none is invented."""
    old, new = setting.old, setting.mutant.after
    assert new is not None
    if setting.certain() or old.flags & (SYN | RST):
        return ""
    before = [s for s in setting.earlier(old.src) if s.flags & ACK]
    edges = {end(s) for s in setting.earlier(old.dst)}
    if before and new.ack in edges and not behind(new.ack, before[-1].ack) and not behind(old.ack, new.ack):
        return "sent before the latest text arrived"
    return ""


def _set_fin(setting: Setting) -> str:
    old = setting.old
    again = [s for s in setting.later(old.src) if not (s.flags & FIN and end(s) == (end(old) + 1) % MODULO)]
    last = not again and not old.flags & (SYN | RST) and setting.opened() and not setting.closed()
    unread = not old.text or not setting.answered(end(old))
    return "the user closed here" if last and unread and setting.tcb("SND.NXT") in (old.seq, end(old)) else ""


def _set_rst(setting: Setting) -> str:
    """ABORT at SND.NXT. Who has received it sends nothing more, and does not acknowledge its text."""
    old = setting.old
    last = all(s.flags & RST for s in setting.later(old.src)) and not old.flags & (SYN | FIN)
    last = last and setting.opened() and not setting.closed()
    heard = (old.text and setting.answered(end(old))) or (setting.at(old.dst) and setting.later(old.dst))
    return "the user aborted here" if last and not heard and setting.tcb("SND.NXT") == old.seq else ""


def _clear_fin(setting: Setting) -> str:
    old = setting.old
    if not setting.later(old.src) and not setting.acknowledged(end(old)):
        return "the FIN is still to come"
    return "" if setting.complete else "the FIN was in a frame that the capture lacks"


def _clear_rst(setting: Setting) -> str:
    old = setting.old
    numbers = (setting.tcb("SND.NXT"), setting.tcb("RCV.NXT")) == (old.seq, old.ack)
    live = setting.opened() and old.flags & ACK and not setting.later(old.src)
    return "an ACK" if live and numbers else ""


def _clear_ack(setting: Setting) -> str:
    old = setting.old
    if old.flags & RST and setting.opened() and setting.tcb("SND.NXT") == old.seq:
        return "a RST on a connection needs no ACK"
    others = [s for s in setting.later(old.src) + setting.later(old.dst) if not s.flags & RST]
    return "both opened" if old.flags & SYN and not others else ""


def rival(setting: Setting) -> Segment | None:
    """The only other segment that knows an initial sequence number: moving its ACK makes the same trace."""
    old = setting.old
    if not old.flags & SYN or not setting.mutant.kind.startswith("SEQ") or setting.mutant.after is None:
        return None
    own = [s for s in setting.segments if s.src == old.src and s is not old]
    knowing = [s for s in setting.later(old.dst) if s.flags & ACK]
    return knowing[0] if len(knowing) == 1 and not own else None


def _set_ack(setting: Setting) -> str:
    others = [s for s in setting.segments if s.src != setting.old.src]
    own = [s for s in setting.segments if s.src == setting.old.src]
    alone = setting.old.flags & SYN and not others and len(own) == 1 and not setting.complete
    return "the SYN that it answers is missing from the capture" if alone else ""


EXPLAIN: dict[str, Callable[[Setting], str]] = {
    "window": _window, "swap": _swap, "drop": _drop, "SEQ": _sequence, "ACK": _acknowledgment, "set FIN": _set_fin,
    "set RST": _set_rst, "clear FIN": _clear_fin, "clear RST": _clear_rst, "clear ACK": _clear_ack,
    "set ACK": _set_ack,
}  # fmt: skip
