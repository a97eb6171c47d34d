"""Classic pcap: micro- and nanoseconds, both byte orders, and the modified format of old Linux tools.

Source: draft-ietf-opsawg-pcap. Here belong records only; what a packet holds is decoded elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import TypeAlias

from tcpmodel.errors import TraceError
from tcpmodel.trace.source import Source

# time in ns since the epoch (-1 unknown), link type, captured octets, length on the wire
Packet: TypeAlias = tuple[int, int, bytes, int]

# magic number -> (byte order, nanoseconds per unit of the second field, octets of a record header)
MAGICS = {
    b"\xa1\xb2\xc3\xd4": (">", 1000, 16),
    b"\xd4\xc3\xb2\xa1": ("<", 1000, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1, 16),
    b"\xa1\xb2\xcd\x34": (">", 1000, 24),
    b"\x34\xcd\xb2\xa1": ("<", 1000, 24),
}
FILE_HEADER = 24
LARGEST_PACKET = 1 << 18  # what libpcap accepts whatever the snap length says
LARGEST_SNAP = 1 << 27


def read_pcap(source: Source) -> Iterator[Packet]:
    """The packets of a classic pcap; raises TraceError with the offset where the file is cut or damaged."""
    head = source.chunk()
    while len(head) < FILE_HEADER and (more := source.chunk()):
        head += more
    if len(head) < FILE_HEADER:
        raise TraceError("the file ends inside the pcap file header", offset=len(head))
    order, unit, header = MAGICS[head[:4]]
    snap, link = Struct(order + "16xII").unpack_from(head)
    limit = max(LARGEST_PACKET, min(snap, LARGEST_SNAP))
    # the upper bits of the link type tell of frame check sequences, which IP's total length leaves out
    return _records(source, head, order, unit, header, limit, link & 0xFFFF)


def _records(
    source: Source, data: bytes, order: str, unit: int, header: int, limit: int, link: int
) -> Iterator[Packet]:
    unpack_from = Struct(order + "IIII").unpack_from
    at, passed, size = FILE_HEADER, 0, len(data)
    while True:
        while at + header <= size:
            seconds, fraction, captured, wire = unpack_from(data, at)
            if captured > limit:
                raise TraceError(f"a packet cannot have {captured} captured octets", offset=passed + at)
            start = at + header
            end = start + captured
            if end > size:
                break
            at = end
            yield seconds * 1_000_000_000 + fraction * unit, link, data[start:end], wire
        more = source.chunk()
        if not more:
            break
        passed += at
        data = data[at:] + more
        at, size = 0, len(data)
    if at < size:
        message = f"the file ends inside a packet, {size - at} octets into its record"
        raise TraceError(message, offset=passed + at)
