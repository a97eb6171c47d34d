"""The snoop capture format of Solaris (RFC 1761)."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

from tcpmodel.errors import TraceError
from tcpmodel.trace.pcap import LARGEST_PACKET, Packet
from tcpmodel.trace.source import Source

FILE_HEADER = Struct(">8sII")
RECORD = Struct(">IIIIII")
# snoop's data link types (RFC 1761 2) -> LINKTYPE values
LINKS = {4: 1, 9: 9}
UNKNOWN_LINK = 0xFFFF


def read_snoop(source: Source) -> Iterator[Packet]:
    """The packets of a snoop file; raises TraceError with the offset where the file is cut or damaged."""
    data = source.chunk()
    while len(data) < FILE_HEADER.size and (more := source.chunk()):
        data += more
    if len(data) < FILE_HEADER.size:
        raise TraceError("the file ends inside the snoop file header", offset=len(data))
    link = LINKS.get(FILE_HEADER.unpack_from(data)[2], UNKNOWN_LINK)
    at, passed = FILE_HEADER.size, 0
    while True:
        while (record := _record(data, at, passed)) is not None:
            wire, captured, length, seconds, fraction = record
            start = at + RECORD.size
            at += length
            yield seconds * 1_000_000_000 + fraction * 1000, link, data[start : start + captured], wire
        if not (more := source.chunk()):
            break
        passed, data, at = passed + at, data[at:] + more, 0
    if at < len(data):
        raise TraceError("the file ends inside a packet", offset=passed + at)


def _record(data: bytes, at: int, passed: int) -> tuple[int, int, int, int, int] | None:
    """The header of the record at `at`, None unless all of the record is there."""
    if at + RECORD.size > len(data):
        return None
    wire, captured, length, _drops, seconds, fraction = RECORD.unpack_from(data, at)
    if not captured + RECORD.size <= length <= LARGEST_PACKET + RECORD.size:
        raise TraceError(f"a record cannot have {length} octets for {captured} captured", offset=passed + at)
    return (wire, captured, length, seconds, fraction) if at + length <= len(data) else None
