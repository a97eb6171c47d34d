"""Writing traces: JSON for people, pcap for every other tool.

A capture has no user calls and a Segment has no text, so write_pcap leaves out the first and makes up the
second: the octet at sequence number n is n modulo 251, so that a retransmission repeats what it retransmits.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from struct import Struct
from typing import TypeAlias

from tcpmodel.errors import TraceError
from tcpmodel.trace.address import parse_endpoint
from tcpmodel.trace.json_events import SCHEMA
from tcpmodel.trace.notation import to_packetdrill
from tcpmodel.trace.options import option_bytes
from tcpmodel.trace.segment import Arrival, Call, Event, Restart, Segment, Timeout, Told

Json: TypeAlias = dict[str, object]

LINKTYPE_RAW = 101
SNAP_LENGTH = 1 << 18
TCP, HOP_LIMIT, DONT_FRAGMENT = 6, 64, 0x4000
MOST_OPTIONS = 40
TEXT_PERIOD = 251
TEXT_OCTETS = bytes(range(TEXT_PERIOD))
LETTERS = "abcdefghijklmnopqrstuvwxyz"

_FILE_HEADER = Struct("<4sHHiIII")
_RECORD = Struct("<IIII")
_V4 = Struct(">BBHHHBBH")
_V6 = Struct(">IHBB")
_HEADER = Struct(">HHIIHHHH")


def write_json(
    events: Iterable[Event], path: str | os.PathLike[str], *, title: str = "", vantage: str = "",
    endpoints: dict[str, str] | None = None, complete: bool = False, hidden: bool = True,
    notes: Mapping[int, str] | None = None,
) -> None:  # fmt: skip
    """Write a JSON trace, one event a line; JSON lines when the name ends in .jsonl.

    `endpoints` maps names to addresses; without it they are called a, b, ... in order of appearance.
    `complete` promises that nothing sent is missing; without `hidden` also every call, timeout and arrival is told.
    `notes` are words about segments, by frame. Frame numbers of segments are not written: a reader counts them.
    """
    events = list(events)
    names = _names(events) if endpoints is None else {at: name for name, at in endpoints.items()}
    header: Json = {"schema": SCHEMA}
    if title:
        header["title"] = title
    if names:
        header["endpoints"] = {name: at for at, name in names.items()}
    if vantage:
        header["vantage"] = names.get(vantage, vantage)
    if hidden and not complete:
        header["complete"] = False
    if not hidden:
        header["hidden"] = False
    lines = [_event_text(event, names, (notes or {}).get(event.frame, "")) for event in events]
    if os.fspath(path).endswith(".jsonl"):
        text = "".join(line + "\n" for line in (json.dumps(header), *lines))
    else:
        members = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in header.items())
        body = ",\n".join("    " + line for line in lines)
        text = "{\n" + members + '  "events": [\n' + body + "\n  ]\n}\n"
    _save(path, text.encode())


def _names(events: Iterable[Event]) -> dict[str, str]:
    """Address -> name; none when there are more endpoints than letters."""
    ends: dict[str, None] = {}
    for event in events:
        both = (event.src, event.dst) if isinstance(event, Segment) else (event.endpoint,)
        ends.update(dict.fromkeys(both))
    return dict(zip(ends, LETTERS, strict=False)) if len(ends) <= len(LETTERS) else {}


def _event_text(event: Event, names: dict[str, str], note: str) -> str:
    """One event as JSON; the time is put in as digits, since a float has not enough of them."""
    noted: Json = {"note": note} if note and isinstance(event, Segment) else {}
    text = json.dumps((_segment(event, names) | noted) if isinstance(event, Segment) else _other(event, names))
    if event.time < 0:
        return text
    seconds, fraction = divmod(event.time, 1_000_000_000)
    return f'{text[:-1]}, "time": {seconds}.{f"{fraction:09}".rstrip("0") or "0"}}}'


def _segment(segment: Segment, names: dict[str, str]) -> Json:
    out: Json = {"from": names.get(segment.src, segment.src)}
    if len(names) != 2 or {segment.src, segment.dst} != names.keys():
        out["to"] = names.get(segment.dst, segment.dst)
    out["segment"] = to_packetdrill(replace(segment, optbad=""))
    if segment.optbad:
        out["malformed"] = segment.optbad
    known = {name: getattr(segment, name) for name in ("carrier", "cut", "digest", "ident", "forged")}
    out.update({key: value for key, value in known.items() if value})
    if segment.badsum is not None:
        out["badsum"] = segment.badsum
    return out


def _other(event: Told, names: dict[str, str]) -> Json:
    if isinstance(event, Arrival):
        return {"arrives": event.segment}
    out: Json = {"at": names.get(event.endpoint, event.endpoint)}
    if isinstance(event, Call):
        return out | {"call": event.name} | ({"args": event.args} if event.args else {})
    if isinstance(event, Timeout):
        return out | {"timeout": event.name}
    if isinstance(event, Restart):
        return out | {"restart": True}
    owes: Json = {} if event.owes is None else {"owes": [to_packetdrill(answer) for answer in event.owes]}
    return out | {"state": event.state} | ({"tcb": event.tcb} if event.tcb else {}) | owes


def write_pcap(events: Iterable[Event], path: str | os.PathLike[str]) -> None:
    """Write the segments among the events as a pcap file of nanosecond resolution, LINKTYPE_RAW.

    Checksums are right unless the segment says otherwise. Raises TraceError for a segment that no packet can
    hold (options of more than 40 octets, a text beyond the IP length field, a time beyond 32 bits).
    """
    magic = b"\x4d\x3c\xb2\xa1"
    _save(path, _FILE_HEADER.pack(magic, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_RAW) + b"".join(_records(events)))


def _records(events: Iterable[Event]) -> Iterator[bytes]:
    for event in events:
        if not isinstance(event, Segment):
            continue
        packet = packet_bytes(event)
        # one octet less is all that is needed to say that the text was cut
        captured = packet[:-1] if event.cut and event.text else packet
        seconds, fraction = divmod(max(event.time, 0), 1_000_000_000)
        if seconds >> 32:
            raise TraceError("the time does not fit into a pcap file", frame=event.frame)
        yield _RECORD.pack(seconds, fraction, len(captured), len(packet)) + captured


def packet_bytes(segment: Segment) -> bytes:
    """The segment as an IP packet; raises TraceError when it cannot be one."""
    try:
        source, source_port = parse_endpoint(segment.src)
        target, target_port = parse_endpoint(segment.dst)
    except ValueError as error:
        raise TraceError(str(error), frame=segment.frame) from None
    if len(source) != len(target):
        raise TraceError("one end has an IPv4 address and the other IPv6", frame=segment.frame)
    options = option_bytes(segment)
    if len(options) > MOST_OPTIONS:
        raise TraceError(f"{len(options)} octets of options do not fit into a header", frame=segment.frame)
    offset = (5 + len(options) // 4) << 12 | segment.flags
    tcp = _HEADER.pack(
        source_port, target_port, segment.seq, segment.ack, offset, segment.wnd, 0, segment.up
    )
    tcp += options + _text(segment)
    check = _checksum(_pseudo_header(source, target, len(tcp)), tcp, bool(segment.badsum))
    return _ip_header(source, target, len(tcp), segment) + tcp[:16] + check.to_bytes(2, "big") + tcp[18:]


def _text(segment: Segment) -> bytes:
    phase = segment.seq % TEXT_PERIOD
    whole = TEXT_OCTETS * (segment.text // TEXT_PERIOD + 2)
    return whole[phase : phase + segment.text]


def _pseudo_header(source: bytes, target: bytes, size: int) -> bytes:
    return source + target + size.to_bytes(4, "big") + TCP.to_bytes(4, "big")


def _checksum(pseudo_header: bytes, tcp: bytes, wrong: bool) -> int:
    """The checksum of a TCP segment (RFC 9293 3.1), or one that is wrong and looks like no unfinished one."""
    right = _complement(pseudo_header + tcp)
    if not wrong:
        return right
    unfinished = 0xFFFF - _complement(pseudo_header)
    without_length = (unfinished - len(tcp)) % 0xFFFF
    avoided = {0, unfinished % 0xFFFF, without_length}
    candidates = (right ^ 0x5555, right ^ 0x3333, right ^ 0x0F0F, right ^ 0x00FF)
    return next(check for check in candidates if check % 0xFFFF not in avoided)


def _complement(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = octets + b"\0" * (len(octets) % 2)
    return 0xFFFF - (int.from_bytes(padded, "big") % 0xFFFF or 0xFFFF)


def _ip_header(source: bytes, target: bytes, size: int, segment: Segment) -> bytes:
    """An IPv4 or IPv6 header for `size` octets of TCP; the identification tells apart packets, not copies."""
    if len(source) == 4:
        if size + 20 > 0xFFFF:
            raise _too_long(segment)
        number = segment.frame & 0xFFFF
        head = _V4.pack(0x45, 0, size + 20, number, DONT_FRAGMENT, HOP_LIMIT, TCP, 0) + source + target
        return head[:10] + _complement(head).to_bytes(2, "big") + head[12:]
    if size > 0xFFFF:
        raise _too_long(segment)
    return _V6.pack(6 << 28, size, TCP, HOP_LIMIT) + source + target


def _too_long(segment: Segment) -> TraceError:
    return TraceError(f"a text of {segment.text} octets does not fit into a packet", frame=segment.frame)


def _save(path: str | os.PathLike[str], data: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise TraceError(f"cannot be written: {error.strerror or error}", file=os.fspath(path)) from None


