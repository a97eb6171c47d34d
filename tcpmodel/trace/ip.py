"""IP headers: IPv4 (RFC 791), IPv6 with extension headers (RFC 8200), Authentication Header (RFC 4302).

A reader takes the frame, where the header starts and the frame's length on the wire, and returns what the
transport needs: (protocol, where its header starts, where it ends on the wire, source + destination address).
"""

from __future__ import annotations

from struct import Struct
from typing import TypeAlias

from tcpmodel.trace.layers import Skip

Payload: TypeAlias = tuple[int, int, int, bytes]

_V4 = Struct(">BxHxxHxB").unpack_from
_V6_LENGTH = Struct(">H").unpack_from

FRAGMENT_BITS = 0x3FFF  # more fragments, and the offset
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION = 0, 43, 44, 51, 60
MOBILITY, HIP, SHIM6 = 135, 139, 140
OPTION_LIKE = frozenset({HOP_BY_HOP, ROUTING, DESTINATION, MOBILITY, HIP, SHIM6})
EXTENSIONS = OPTION_LIKE | {FRAGMENT, AUTHENTICATION}


def ip_payload(data: bytes, at: int, wire: int) -> Payload:
    """What the IP packet at `at` carries; raises Skip for fragments and for headers cut or wrong."""
    if at >= len(data):
        raise Skip("truncated ip header")
    version = data[at] >> 4
    if version == 4:
        return ipv4(data, at, wire)
    if version == 6:
        return ipv6(data, at, wire)
    raise Skip("bad ip header")


def ipv4(data: bytes, at: int, wire: int) -> Payload:
    """The payload of an IPv4 packet; a total length of 0 (offload) means the rest of the frame."""
    if len(data) < at + 20:
        raise Skip("truncated ip header")
    first, total, fragment, protocol = _V4(data, at)
    header = (first & 15) * 4
    if header < 20 or 0 < total < header:
        raise Skip("bad ip header")
    if fragment & FRAGMENT_BITS:
        raise Skip("ip fragment")
    start, end = at + header, at + total if total else wire
    if protocol == AUTHENTICATION:
        protocol, start = _authentication(data, start)
    return protocol, start, end, data[at + 12 : at + 20]


def ipv6(data: bytes, at: int, wire: int) -> Payload:
    """The payload of an IPv6 packet; a length of 0 (jumbogram, offload) means the rest of the frame."""
    start = at + 40
    if len(data) < start:
        raise Skip("truncated ip header")
    length, protocol = _V6_LENGTH(data, at + 4)[0], data[at + 6]
    end = start + length if length else wire
    addresses = data[at + 8 : start]
    while protocol in EXTENSIONS:
        if len(data) < start + 8:
            raise Skip("truncated ip header")
        if protocol == ROUTING:
            addresses = addresses[:16] + _final_destination(data, start, addresses[16:])
        protocol, start = _extension(protocol, data, start)
    return protocol, start, end, addresses


def _extension(protocol: int, data: bytes, at: int) -> tuple[int, int]:
    if protocol == AUTHENTICATION:
        return _authentication(data, at)
    if protocol == FRAGMENT:
        if data[at + 2] or data[at + 3] & 0xF9:
            raise Skip("ip fragment")
        return data[at], at + 8
    return data[at], at + 8 + data[at + 1] * 8


def _authentication(data: bytes, at: int) -> tuple[int, int]:
    if len(data) < at + 8:
        raise Skip("truncated ip header")
    return data[at], at + 8 + data[at + 1] * 4


def _final_destination(data: bytes, at: int, nearest: bytes) -> bytes:
    """The address that ends the route, which is the one checksums are made with (RFC 8200 8.1)."""
    size, kind, left = 8 + data[at + 1] * 8, data[at + 2], data[at + 3]
    if not left or size < 24 or len(data) < at + size:
        return nearest
    if kind == 4:  # segment routing lists the last address first (RFC 8754 2)
        return data[at + 8 : at + 24]
    return data[at + size - 16 : at + size] if kind in (0, 2) else nearest
