"""What the expression language knows by itself: control bits, units of time, functions with their types."""

from __future__ import annotations

from dataclasses import dataclass

from tcpmodel.spec.expr import BOOL, FLAGS, INT, SEQ, SPANS, STATE, TIME

SEGMENT = "segment"
"""The type of `SEG`, the segment as a whole: an argument of predicates and of `owed`, nothing else."""

TYPES = (BOOL, INT, SEQ, TIME, STATE, FLAGS, SPANS)

# bit positions of the TCP header (RFC 9293 3.1; AE: RFC 9768)
CONTROL_BITS = {
    "FIN": 1,
    "SYN": 2,
    "RST": 4,
    "PSH": 8,
    "ACK": 16,
    "URG": 32,
    "ECE": 64,
    "CWR": 128,
    "AE": 256,
}

NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
COUNTS = ("octets", "segments")


@dataclass(frozen=True)
class Function:
    """The signature of a built-in function and what it computes."""

    parameters: tuple[str, ...]
    result: str
    meaning: str


FUNCTIONS = {
    "owed": Function((SEGMENT,), BOOL, "some obligation of the endpoint is met by this segment"),
    "seq": Function((INT,), SEQ, "a 32-bit number read on the sequence circle, such as a timestamp"),
    "insert": Function((SPANS, SEQ, SEQ), SPANS, "the spans with [from, to) added"),
    "reach": Function((SPANS, SEQ), SEQ, "the end of the unbroken text from this number on, or the number"),
    "below": Function((SPANS, SEQ), SPANS, "the spans without everything below this number"),
    "covers": Function((SPANS, SEQ), BOOL, "whether this number lies within the spans"),
}
EXTREMA = ("min", "max")
NOTHING = "nothing"
