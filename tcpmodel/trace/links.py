"""From the link layer to the IP header: link types, and the tags and shims that stand between.

`locate` finds the IP header of a frame. A layer function takes (data, at) and returns (kind, at, name): what
it carries, where that starts and the name of the layer, "" when it is not worth naming.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct, error
from typing import TypeAlias

from tcpmodel.trace.layers import ETHERNET, IP, PPP, Skip, join

Layer: TypeAlias = tuple[int, int, str]
LayerReader: TypeAlias = Callable[[bytes, int], Layer]

_SHORT = Struct(">H").unpack_from
_WORD = Struct(">I").unpack_from

IPV4, IPV6 = 0x0800, 0x86DD
NOT_IP = 0
IP_KINDS = frozenset({IP, IPV4, IPV6})
ADDRESS_FAMILIES = {2: IP, 10: IP, 24: IP, 28: IP, 30: IP}  # AF_INET, and AF_INET6 as the systems number it
PPP_PROTOCOLS = {0x21: IPV4, 0x57: IPV6, 0x281: 0x8847, 0x283: 0x8848}
LONGEST_8023 = 1500


def ethernet(data: bytes, at: int) -> Layer:
    """Ethernet II or IEEE 802.3 with LLC and SNAP."""
    kind: int = _SHORT(data, at + 12)[0]
    return (kind, at + 14, "") if kind > LONGEST_8023 else _llc(data, at + 14)


def _llc(data: bytes, at: int) -> Layer:
    if data[at : at + 3] == b"\xaa\xaa\x03":
        return _SHORT(data, at + 6)[0], at + 8, ""
    return (IP if data[at : at + 2] == b"\6\6" else NOT_IP), at + 3, ""


def linux_sll(data: bytes, at: int) -> Layer:
    """Linux cooked capture, version 1."""
    return _SHORT(data, at + 14)[0], at + 16, ""


def linux_sll2(data: bytes, at: int) -> Layer:
    """Linux cooked capture, version 2."""
    return _SHORT(data, at)[0], at + 20, ""


def bsd_loopback(data: bytes, at: int) -> Layer:
    """BSD NULL and LOOP: an address family in the byte order of whoever wrote it."""
    family = _WORD(data, at)[0]
    swapped = int.from_bytes(data[at : at + 4], "little")
    return ADDRESS_FAMILIES.get(min(family, swapped), NOT_IP), at + 4, ""


def raw_ip(data: bytes, at: int) -> Layer:
    """No link layer at all."""
    return IP, at, ""


def ppp(data: bytes, at: int) -> Layer:
    """PPP with or without address and control, protocol field of one or two octets (RFC 1661, RFC 1662)."""
    if data[at : at + 2] == b"\xff\x03":
        at += 2
    protocol, size = (data[at], 1) if data[at] & 1 else (_SHORT(data, at)[0], 2)
    return PPP_PROTOCOLS.get(protocol, NOT_IP), at + size, "ppp"


def hdlc(data: bytes, at: int) -> Layer:
    """PPP in HDLC framing, or Cisco HDLC."""
    if data[at] in (0x0F, 0x8F):
        return _SHORT(data, at + 2)[0], at + 4, ""
    return ppp(data, at)


def vlan(data: bytes, at: int) -> Layer:
    """An IEEE 802.1Q or 802.1ad tag."""
    tag, kind = _SHORT(data, at)[0], _SHORT(data, at + 2)[0]
    if kind <= LONGEST_8023:
        kind, after, _ = _llc(data, at + 4)
        return kind, after, f"vlan {tag & 0xFFF}"
    return kind, at + 4, f"vlan {tag & 0xFFF}"


def mpls(data: bytes, at: int) -> Layer:
    """A stack of MPLS labels (RFC 3032); the payload is told by its first nibble (RFC 4385 3)."""
    labels = []
    while True:
        entry: int = _WORD(data, at)[0]
        at += 4
        labels.append(str(entry >> 12))
        if entry & 0x100:
            break
    name = "mpls " + ",".join(labels)
    nibble = data[at] >> 4
    if nibble in (4, 6):
        return IP, at, name
    return ETHERNET, at + (0 if nibble else 4), name


def pppoe(data: bytes, at: int) -> Layer:
    """A PPPoE session (RFC 2516)."""
    session = _SHORT(data, at + 2)[0]
    kind, after, _ = ppp(data, at + 6)
    return kind, after, f"pppoe {session}"


def fabric_path(data: bytes, at: int) -> Layer:
    """Cisco FabricPath: a tag, then a whole Ethernet frame."""
    return ETHERNET, at + 2, f"fabricpath {_SHORT(data, at)[0] >> 6}"


LINK_TYPES: dict[int, LayerReader] = {
    0: bsd_loopback, 108: bsd_loopback,
    1: ethernet,
    9: ppp, 50: hdlc, 51: pppoe, 104: hdlc,
    12: raw_ip, 14: raw_ip, 101: raw_ip, 228: raw_ip, 229: raw_ip,
    113: linux_sll, 276: linux_sll2,
}  # fmt: skip
SHIMS: dict[int, LayerReader] = {
    0x8100: vlan, 0x88A8: vlan, 0x9100: vlan, 0x9200: vlan,
    0x8847: mpls, 0x8848: mpls,
    0x8864: pppoe,
    0x8903: fabric_path,
    ETHERNET: ethernet,
    PPP: ppp,
}  # fmt: skip


def locate(link: int, data: bytes) -> tuple[int, str]:
    """Where the IP header of the frame is, and its carrier; raises Skip when there is none."""
    reader = LINK_TYPES.get(link)
    if reader is None:
        raise Skip(f"unknown link type {link}")
    try:
        kind, at, name = reader(data, 0)
    except (error, IndexError):
        raise Skip("truncated link header") from None
    return descend(kind, data, at, name)


def descend(kind: int, data: bytes, at: int, carrier: str) -> tuple[int, str]:
    """Through tags and shims down to the IP header; raises Skip when there is none."""
    while kind not in IP_KINDS:
        shim = SHIMS.get(kind)
        if shim is None:
            raise Skip("not tcp")
        try:
            kind, at, name = shim(data, at)
        except (error, IndexError):
            raise Skip("truncated link header") from None
        carrier = join(carrier, name)
    return at, carrier
