"""TCP options: from the octets of a header to values, and back (RFC 9293 3.1, RFC 7323, RFC 2018, RFC 7413).

Options that cannot be parsed are data too: what stands before the fault is kept and the fault is described.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from tcpmodel.trace.segment import Segment

END, NOP, MSS, WINDOW_SCALE, SACK_PERMITTED, SACK, TIMESTAMPS, FAST_OPEN = 0, 1, 2, 3, 4, 5, 8, 34
EXPERIMENTS = (253, 254)
FAST_OPEN_EXPERIMENT = b"\xf9\x89"
# the cookie is empty in a request, else of 4 to 16 octets, an even number (RFC 7413 4.1.1)
COOKIE_LENGTHS = frozenset({0, 4, 6, 8, 10, 12, 14, 16})
# the layout nearly every data segment has: NOP, NOP, Timestamps
ALIGNED_TIMESTAMPS = 0x0101080A

_SHORT = Struct(">H").unpack_from
_PAIR = Struct(">II").unpack_from


class Options(NamedTuple):
    """The options of one header; -1 and () mean absent, `bad` is "" or why the rest cannot be parsed."""

    mss: int = -1
    wscale: int = -1
    sackok: bool = False
    sack: tuple[tuple[int, int], ...] = ()
    tsval: int = -1
    tsecr: int = -1
    tfo: int = -1
    bad: str = ""


# the same fields as a plain tuple, for the fast path
OptionValues: TypeAlias = tuple[int, int, bool, tuple[tuple[int, int], ...], int, int, int, str]
NO_OPTIONS: OptionValues = Options()
KNOWN_LENGTHS = {MSS: 4, WINDOW_SCALE: 3, SACK_PERMITTED: 2, TIMESTAMPS: 10}


def parse_options(data: bytes) -> Options:
    """The options in the octets after the fixed header; never fails, see `Options.bad`."""
    found: dict[int, bytes] = {}
    at, size, bad = 0, len(data), ""
    while at < size and (kind := data[at]) != END:
        if kind == NOP:
            at += 1
            continue
        length = data[at + 1] if at + 1 < size else 0
        bad = _fault(kind, length, size - at)
        if bad:
            break
        if kind in EXPERIMENTS and data[at + 2 : at + 4] == FAST_OPEN_EXPERIMENT:
            found[FAST_OPEN] = data[at + 4 : at + length]
        else:
            found[kind] = data[at + 2 : at + length]
        at += length
    return _values(found, bad)


def _fault(kind: int, length: int, room: int) -> str:
    """Why an option with this length field cannot stand in `room` octets, or ""."""
    if room < 2:
        return f"option {kind} has no length"
    if length < 2:
        return f"option {kind} has length {length}"
    if length > room:
        return f"option {kind} of length {length} ends outside the header"
    due = KNOWN_LENGTHS.get(kind, length)
    if kind == SACK and (length < 10 or length % 8 != 2):
        return f"option {kind} has length {length}, which is no number of blocks"
    if kind == FAST_OPEN and length - 2 not in COOKIE_LENGTHS:
        return f"option {kind} has length {length}, which is no cookie's"
    return "" if length == due else f"option {kind} has length {length} and not {due}"


def _values(found: dict[int, bytes], bad: str) -> Options:
    value = found.get
    edges = value(SACK, b"")
    stamps = value(TIMESTAMPS)
    tsval, tsecr = _PAIR(stamps) if stamps else (-1, -1)
    cookie = value(FAST_OPEN)
    return Options(
        mss=_SHORT(found[MSS])[0] if MSS in found else -1,
        wscale=found[WINDOW_SCALE][0] if WINDOW_SCALE in found else -1,
        sackok=SACK_PERMITTED in found,
        sack=tuple(_PAIR(edges, at) for at in range(0, len(edges), 8)) if edges else (),
        tsval=tsval,
        tsecr=tsecr,
        tfo=-1 if cookie is None else len(cookie),
        bad=bad,
    )


def option_bytes(segment: Segment) -> bytes:
    """The options of a segment in wire format, padded to words as Linux lays them out.

    Malformed options come back malformed, though not octet for octet: how they looked is not kept.
    """
    out = b"" if segment.mss < 0 else b"\2\4" + segment.mss.to_bytes(2, "big")
    stamps = b""
    if segment.tsval >= 0:
        stamps = b"\x08\x0a" + segment.tsval.to_bytes(4, "big") + max(segment.tsecr, 0).to_bytes(4, "big")
    out += (b"\4\2" if segment.sackok else b"\1\1" if stamps else b"") + stamps
    if segment.sackok and not stamps:
        out += b"\1\1"
    if segment.wscale >= 0:
        out += bytes((NOP, WINDOW_SCALE, 3, segment.wscale))
    if segment.tfo >= 0:
        out += bytes((FAST_OPEN, 2 + segment.tfo)) + bytes(segment.tfo)
    if segment.sack:
        out += bytes((NOP, NOP, SACK, 2 + 8 * len(segment.sack)))
        out += b"".join(edge.to_bytes(4, "big") for block in segment.sack for edge in block)
    if segment.optbad:
        out += b"\xfd\1"
    return out + bytes((NOP,)) * (-len(out) % 4)
