"""Packets within packets: IP in IP, GRE, and over UDP GTP-U and VXLAN.

`enter` goes one tunnel down and returns where the inner IP header is. The carrier names the tunnel by its two
ends in a fixed order, since the two directions of a connection go through it opposite ways.
"""

from __future__ import annotations

from struct import Struct, error

from tcpmodel.trace.address import ip_text
from tcpmodel.trace.ip import Payload
from tcpmodel.trace.layers import ETHERNET, IP, Skip, join
from tcpmodel.trace.links import Layer, descend

_SHORT = Struct(">H").unpack_from

IP_IN_IP, UDP, IPV6_IN_IP, GRE = 4, 17, 41, 47
GTP_U, VXLAN = 2152, 4789
GTP_G_PDU = 255


def enter(payload: Payload, data: bytes, carrier: str) -> tuple[int, str]:
    """The IP header inside the tunnel and the longer carrier; raises Skip when the payload is no tunnel."""
    protocol, at, _, addresses = payload
    try:
        kind, at, name = _inside(protocol, data, at)
    except (error, IndexError):
        raise Skip("truncated tunnel header") from None
    half = len(addresses) // 2
    ends = sorted((ip_text(addresses[:half]), ip_text(addresses[half:])))
    return descend(kind, data, at, join(carrier, f"{name} {ends[0]} {ends[1]}"))


def _inside(protocol: int, data: bytes, at: int) -> Layer:
    if protocol in (IP_IN_IP, IPV6_IN_IP):
        return IP, at, "ip"
    if protocol == GRE:
        return _gre(data, at)
    if protocol == UDP:
        return _over_udp(data, at)
    raise Skip("not tcp")


def _gre(data: bytes, at: int) -> Layer:
    """GRE with its optional fields (RFC 2784, RFC 2890), and the version of PPTP (RFC 2637)."""
    flags, kind = _SHORT(data, at)[0], _SHORT(data, at + 2)[0]
    size = 4 + 4 * bool(flags & 0xC000) + 4 * bool(flags & 0x2000) + 4 * bool(flags & 0x1000)
    if flags & 7 == 1:
        size += 4 * bool(flags & 0x80)
    return kind, at + size, "gre"


def _over_udp(data: bytes, at: int) -> Layer:
    ports = _SHORT(data, at)[0], _SHORT(data, at + 2)[0]
    if GTP_U in ports and data[at + 8] >> 4 == 3 and data[at + 9] == GTP_G_PDU:
        return _gtp(data, at + 8)
    if VXLAN in ports and data[at + 8] & 8:
        return ETHERNET, at + 16, "vxlan"
    raise Skip("not tcp")


def _gtp(data: bytes, at: int) -> Layer:
    """GTPv1-U with sequence number, N-PDU number and extension headers (3GPP TS 29.281 5.1)."""
    after = at + 8
    if data[at] & 7:
        extension, after = data[at + 11] if data[at] & 4 else 0, at + 12
        while extension:
            if not data[after]:
                raise Skip("bad tunnel header")
            after += 4 * data[after]
            extension = data[after - 1]
    return IP, after, "gtp"
