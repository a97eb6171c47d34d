"""What one segment may explain: the places of a short connection where one was altered, is missing or was overtaken.

An edit is a supposition about one place. It names no rule: the numbers it tries are those that the segments around the
place would go on with, and whether they explain anything is for the replay to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from itertools import combinations
from types import ModuleType

from tcpmodel.trace import FLAG_NAMES, Segment, digest_of, sequence_length
from tcpmodel.verify.hypothesis import Item
from tcpmodel.verify.verdict import Finding

BEFORE = 6  # segments before the first finding that may be the altered one
CONTROLS_BEFORE = 4  # the same for a control bit
MISSING_BEFORE = 3  # segments before the first finding that a missing one may have stood before
FINDINGS = 6  # findings whose numbers are tried
MODULUS = 1 << 32
LONGEST = 1 << 16  # octets of text that are supposed missing at most, as one segment
WIDEST = 0xFFFF
ZEROS = {digest_of(bytes(size)): size for size in range(1, 7)}  # by the digest of a text: how many zeros it is
ALTERED, MISSING, OVERTAKEN, PADDED = "altered", "frame-missing", "order-disturbed", "padding"


@dataclass(frozen=True)
class Doubt:
    """What the specification lets a replay doubt of a segment.

    `numbers`: its fields that are sequence numbers, by the segment's attribute; `controls`: single control bits and
    what they are called; `forms`: the control bits of segments that may be missing, those of a sender's first one in
    `first` too.
    """

    numbers: dict[str, str]
    controls: dict[int, str]
    forms: tuple[int, ...]
    first: frozenset[int]

    @classmethod
    def of(cls, steps: ModuleType) -> Doubt:
        """Read off the tables of a specification; the forms with the fewest bits come first."""
        bits = {1 << bit: name for bit, name in enumerate(FLAG_NAMES)}
        ((field, _),) = steps.CONTROLS
        controls = {bit: f"{field} ({name})" for bit, name in bits.items() if steps.DOUBTFUL(_with(bit))}
        every = [sum(some) for size in range(len(controls) + 1) for some in combinations(controls, size)]
        forms = tuple(flags for flags in every if steps.SUPPOSED(_with(flags)))
        numbers = {attribute: field for field, attribute in steps.NUMBERS}
        return cls(numbers, controls, forms, frozenset(flags for flags in forms if steps.FIRST(_with(flags))))


def _with(flags: int) -> Segment:
    return Segment(0, -1, "", "", flags=flags)


@dataclass(frozen=True)
class Edit:
    """At index `at` of the story, `segment` is what was really sent: instead of the one there, before it, or, where it
    overtook the one before on the way, after it. `field` is what differs in an altered one, `attribute` where it is.
    """

    kind: str
    at: int
    segment: Segment
    field: str = ""
    attribute: str = ""


@dataclass(frozen=True)
class Place:
    """The segments around one index: the last and next ones of the sender, and of its peer."""

    own: Segment | None
    other: Segment | None
    next_own: Segment | None
    next_other: Segment | None


def around(story: list[Item], at: int, source: str, behind: int) -> Place:
    """The neighbours of index `at`; the segments from `behind` on come after it."""
    before = [item for item in story[:at] if isinstance(item, Segment)]
    after = [item for item in story[behind:] if isinstance(item, Segment)]
    return Place(
        next((s for s in reversed(before) if s.src == source), None),
        next((s for s in reversed(before) if s.src != source), None),
        next((s for s in after if s.src == source), None),
        next((s for s in after if s.src != source), None),
    )


def places(story: list[Item], frame: int) -> list[int]:
    """The indices of the segments up to the one at `frame`, the nearest first."""
    return [n for n, item in enumerate(story) if isinstance(item, Segment) and item.frame <= frame][::-1]


def rereadings(story: list[Segment]) -> Iterator[tuple[str, int, str, list[Segment]]]:
    """(kind, first frame, in words, segments): the story in the order of its times, or without padding in its texts.

    A frame of the least length has room for up to 6 octets behind headers without options, which are filled with zeros;
    boxes on the way have been seen that count them as text.
    """
    timed = sorted(story, key=lambda segment: segment.time)
    moved = next((s.frame for s, other in zip(story, timed, strict=True) if s is not other), 0)
    if moved and timed[0].time >= 0:
        yield OVERTAKEN, moved, f"from frame {moved} on the frames are not in the order of their times", timed
    padded = [s.frame for s in story if 0 < s.text == ZEROS.get(s.digest)]
    if padded:
        text = f"from frame {padded[0]} on zeros that pad a frame to its least length are counted as text"
        bare = [replace(s, text=0, len=s.len - s.text, digest=0) if s.frame in padded else s for s in story]
        yield PADDED, padded[0], text, bare


def overtaken(story: list[Item], first: int, vantage: str) -> Iterator[Edit]:
    """Two segments in a row of one sender that left it in the other order, where the trace was not taken there."""
    near = [n for n, item in enumerate(story) if isinstance(item, Segment) and item.frame >= first][:2]
    for at in near[::-1] + places(story, first)[1:MISSING_BEFORE]:
        late, early = story[at], story[at - 1] if at else None
        if isinstance(late, Segment) and isinstance(early, Segment) and late.src == early.src != vantage:
            yield Edit(OVERTAKEN, at, late)


def missing(story: list[Item], first: int, doubt: Doubt) -> Iterator[Edit]:
    """One segment that was sent, but not captured, shortly before the first finding."""
    for at in places(story, first)[:MISSING_BEFORE]:
        here = story[at]
        assert isinstance(here, Segment)
        for source, target in ((here.dst, here.src), (here.src, here.dst)):
            place = around(story, at, source, at)
            for flags in doubt.forms:
                if (place.own is None) == (flags in doubt.first):
                    yield from (Edit(MISSING, at, s) for s in _supposed(place, here, source, target, flags))


def _supposed(place: Place, here: Segment, source: str, target: str, flags: int) -> Iterator[Segment]:
    """Segments with these control bits whose numbers go with the neighbours, which have to refer to the first one."""
    heard = [s.seq + s.len for s in (place.other,) if s] + [s.ack for s in (place.next_own,) if s]
    for seq, text in _begun(place, flags):
        for ack in dict.fromkeys(number % MODULUS for number in heard):
            known = [s.ack for s in (place.own, here) if s is not None and s.src == source]
            if place.own is not None and ack in known and not sequence_length(text, flags):
                continue  # it would say nothing new
            yield _made(place, here, source, target, flags, seq, ack, text)


def _begun(place: Place, flags: int) -> Iterator[tuple[int, int]]:
    """(sequence number, octets of text) of a segment that continues the last one, or that its peer acknowledges."""
    size = sequence_length(0, flags)
    if place.own is None:
        if place.next_other is not None:
            yield (place.next_other.ack - size) % MODULUS, 0
        return
    begin = (place.own.seq + place.own.len) % MODULUS
    ends = [s.seq for s in (place.next_own,) if s] + [s.ack for s in (place.next_other,) if s]
    lengths = dict.fromkeys((end - begin) % MODULUS for end in ends)
    yield begin, 0
    yield from ((begin, length) for length in lengths if not size and 0 < length < LONGEST)


def _made(place: Place, here: Segment, source: str, target: str, flags: int, seq: int, ack: int, text: int) -> Segment:
    """A segment at this place, with the options of the first exchange where it is the sender's first."""
    first, model = place.own is None, place.other
    window = WIDEST if first or not place.next_own else place.next_own.wnd
    near = place.next_own or place.own
    size = sequence_length(text, flags)
    made = Segment(here.frame, here.time, source, target, here.carrier, seq, ack, window, 0, flags, size, text)
    if near is not None:
        made.tsval = near.tsval
    if model is not None and made.tsval >= 0:
        made.tsecr = model.tsval
    if first and model is not None:
        made.mss, made.wscale, made.sackok = model.mss, model.wscale, model.sackok
    return made


def altered(story: list[Item], findings: list[Finding], doubt: Doubt) -> Iterator[Edit]:
    """One segment near the first finding with another number or control bit, the likeliest first."""
    shifts = {
        (int(finding.actual.split()[-1]) - int(finding.expected.split()[-1])) % MODULUS
        for finding in findings[:FINDINGS]
        if finding.field in doubt.numbers.values() and finding.expected
    }
    near = places(story, findings[0].frame)
    for rank, at in enumerate(near[: BEFORE + 1]):
        segment = story[at]
        assert isinstance(segment, Segment)
        for attribute, value in _continuing(story, at, segment):
            shift = value - getattr(segment, attribute)
            yield Edit(ALTERED, at, _shifted(segment, attribute, shift), doubt.numbers[attribute], attribute)
        for shift in sorted(shifts | {MODULUS - s for s in shifts}):
            for attribute, field in doubt.numbers.items():
                yield Edit(ALTERED, at, _shifted(segment, attribute, shift), field, attribute)
        for bit, name in doubt.controls.items() if rank < CONTROLS_BEFORE else ():
            yield Edit(ALTERED, at, _toggled(segment, bit), name, "flags")


def _continuing(story: list[Item], at: int, segment: Segment) -> Iterator[tuple[str, int]]:
    """(attribute, value) that would make a segment continue, or be continued by, those around it."""
    place = around(story, at, segment.src, at + 1)
    own = [s for s in (place.own,) if s]
    following, others = [s for s in (place.next_own,) if s], [s for s in (place.other,) if s]
    answers = [s for s in (place.next_other,) if s]
    sequence = [s.seq + s.len for s in own] + [s.seq - segment.len for s in following]
    sequence += [s.ack - segment.len for s in answers] + [s.seq for s in following]
    acknowledged = [s.ack for s in own + following] + [s.seq + s.len for s in others]
    for value in dict.fromkeys(v % MODULUS for v in sequence if v % MODULUS != segment.seq):
        yield "seq", value
    for value in dict.fromkeys(v % MODULUS for v in acknowledged if v % MODULUS != segment.ack):
        yield "ack", value


def _shifted(segment: Segment, attribute: str, shift: int) -> Segment:
    changed = copy(segment)
    setattr(changed, attribute, (getattr(segment, attribute) + shift) % MODULUS)
    return changed


def _toggled(segment: Segment, bit: int) -> Segment:
    changed = copy(segment)
    changed.flags ^= bit
    changed.len = sequence_length(changed.text, changed.flags)
    return changed
