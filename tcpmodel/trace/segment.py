"""What a trace is made of: segments that were seen and, in traces written by hand, the events behind them.

Here belong values only. What a segment means, and whether it was allowed, is the specification's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias
from zlib import crc32

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE = (1 << bit for bit in range(9))
FLAG_NAMES = ("FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE")
HAS_TEXT = 1 << 32  # keeps the digest of a text apart from 0, "no digest"
FLAG_BITS = {name: 1 << bit for bit, name in enumerate(FLAG_NAMES)}


def sequence_length(text: int, flags: int) -> int:
    """SEG.LEN in octets: the text, and one each for SYN and FIN (RFC 9293 3.4)."""
    return text + bool(flags & SYN) + bool(flags & FIN)


def digest_of(text: bytes) -> int:
    """What `Segment.digest` is for a payload of at least one octet."""
    return crc32(text) | HAS_TEXT


@dataclass(slots=True)
class Segment:
    """One TCP segment as it was seen (RFC 9293 3.1); -1 says that an option or the time is absent or unknown.

    `frame` counts from 1 in the file and `time` is in nanoseconds since the epoch. Endpoints are written
    "10.0.0.1:40000" and "[fd00::1]:80"; `carrier` is "" or the path of tags and tunnels around the IP packet.
    `seq`, `ack`, `wnd` (unscaled) and `up` are the header's fields; `flags` has FIN in bit 0, AE in bit 8.
    `len` is SEG.LEN in octets, SYN and FIN counted (RFC 9293 3.4); `text` is the payload alone.
    `sack` holds (left, right) edges; `tfo` is the length of the Fast Open cookie (RFC 7413); `optbad` is ""
    or why the options are malformed. `cut`: the capture holds less than the whole text. `digest` is a hash of
    the payload (0: none or cut), `badsum` whether the checksum is wrong (None: not verifiable) and `ident` a
    hash of the IP packet without hop limit and header checksum: equal when one packet was captured twice.
    `forged`: somebody else than `src` has put it into the network, which only a trace that hides nothing can tell.
    """

    frame: int
    time: int
    src: str
    dst: str
    carrier: str = ""
    seq: int = 0
    ack: int = 0
    wnd: int = 0
    up: int = 0
    flags: int = 0
    len: int = 0
    text: int = 0
    mss: int = -1
    wscale: int = -1
    sackok: bool = False
    sack: tuple[tuple[int, int], ...] = ()
    tsval: int = -1
    tsecr: int = -1
    tfo: int = -1
    optbad: str = ""
    cut: bool = False
    digest: int = 0
    badsum: bool | None = None
    ident: int = 0
    forged: bool = False


@dataclass(slots=True)
class Call:
    """A user call (RFC 9293 3.9.1) at `endpoint`; `frame` is the number of segments before it."""

    endpoint: str
    name: str
    args: dict[str, int | bool | str] = field(default_factory=dict)
    frame: int = 0
    time: int = -1


@dataclass(slots=True)
class Timeout:
    """Timer `name` expires at `endpoint` (RFC 9293 3.10.8); `frame` is the number of segments before it."""

    endpoint: str
    name: str
    frame: int = 0
    time: int = -1


@dataclass(slots=True)
class Restart:
    """`endpoint` crashes and forgets everything (RFC 9293 3.5.1); `frame` is the number of segments before it."""

    endpoint: str
    frame: int = 0
    time: int = -1


@dataclass(slots=True)
class Arrival:
    """The segment of frame `segment` reaches `endpoint`, its destination; `frame` is the number of segments before it.

    Only a trace that hides nothing has arrivals: a segment with two arrives twice, one without is lost.
    """

    endpoint: str
    segment: int
    frame: int = 0
    time: int = -1


@dataclass(slots=True)
class Observation:
    """What is known of `endpoint` at this point: its state ("" unknown) and some variables of its TCB.

    `owes` are the answers that it owes and has not sent: control bits and numbers count. None: unknown.
    """

    endpoint: str
    state: str = ""
    tcb: dict[str, int | bool | str] = field(default_factory=dict)
    frame: int = 0
    time: int = -1
    owes: tuple[Segment, ...] | None = None


Told: TypeAlias = Call | Timeout | Restart | Arrival | Observation
Event: TypeAlias = Segment | Told


def flag_names(flags: int) -> str:
    """The control bits as text, "SYN,ACK"; "" when none is set."""
    return ",".join(name for bit, name in enumerate(FLAG_NAMES) if flags >> bit & 1)
