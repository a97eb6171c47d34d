"""TCP segments as bytes: what a scripted peer sends and what it reads back (RFC 9293 3.1, IPv4 only)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
IP_HEADER = struct.Struct("!BBHHHBBH4s4s")
TCP_HEADER = struct.Struct("!HHIIBBHHH")
MSS_1460 = b"\x02\x04\x05\xb4"


@dataclass(frozen=True)
class Seen:
    """A segment read from the wire; sequence numbers are absolute, `size` counts octets of text."""

    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    window: int
    size: int
    tsval: int

    @property
    def end(self) -> int:
        """The sequence number after this segment, SYN and FIN counted."""
        return self.seq + self.size + bool(self.flags & SYN) + bool(self.flags & FIN) & 0xFFFFFFFF


@dataclass(frozen=True)
class Draft:
    """A segment to be sent."""

    sport: int
    dport: int
    flags: int
    seq: int
    ack: int = 0
    window: int = 65535
    options: bytes = b""
    text: bytes = b""
    urgent: int = 0


def checksum(data: bytes) -> int:
    """The Internet checksum of `data`."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tcp_bytes(draft: Draft, src: bytes, dst: bytes) -> bytes:
    """The TCP header and text of `draft`, checksummed for these packed IPv4 addresses."""
    offset = (20 + len(draft.options)) // 4 << 4
    fields = [draft.sport, draft.dport, draft.seq & 0xFFFFFFFF, draft.ack & 0xFFFFFFFF, offset, draft.flags]
    header = TCP_HEADER.pack(*fields, draft.window, 0, draft.urgent) + draft.options
    body = header + draft.text
    pseudo = src + dst + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(body))
    return body[:16] + struct.pack("!H", checksum(pseudo + body)) + body[18:]


def packet(draft: Draft, src: str, dst: str) -> bytes:
    """An IPv4 packet that carries `draft`."""
    source, target = socket.inet_aton(src), socket.inet_aton(dst)
    body = tcp_bytes(draft, source, target)
    fields = [0x45, 0, 20 + len(body), 0, 0x4000, 64, socket.IPPROTO_TCP]
    header = IP_HEADER.pack(*fields, 0, source, target)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def timestamps(options: bytes) -> int:
    """TSval of the Timestamps option, -1 if there is none."""
    while options and options[0] != 0:
        if options[0] == 1:
            options = options[1:]
            continue
        if options[0] == 8:
            return int.from_bytes(options[2:6], "big")
        options = options[options[1] :]
    return -1


def parse(data: bytes) -> Seen | None:
    """The TCP segment of an IPv4 packet, None if it is something else."""
    if data[0] >> 4 != 4 or data[9] != socket.IPPROTO_TCP:
        return None
    start, total = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
    sport, dport, seq, ack, offset, flags, window, _, _ = TCP_HEADER.unpack_from(data, start)
    text = start + (offset >> 4) * 4
    return Seen(sport, dport, seq, ack, flags, window, total - text, timestamps(data[start + 20 : text]))
