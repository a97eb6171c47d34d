"""From a captured frame to a Segment: the layers one after the other, and the book of what was passed over.

This is the path that large captures take: one unpack per layer, and no object made but the Segment.
"""

from __future__ import annotations

from collections import Counter
from struct import Struct
from zlib import crc32

from tcpmodel.trace.address import endpoint_text
from tcpmodel.trace.ip import Payload, ip_payload
from tcpmodel.trace.layers import Skip
from tcpmodel.trace.links import locate
from tcpmodel.trace.options import ALIGNED_TIMESTAMPS, NO_OPTIONS, OptionValues, parse_options
from tcpmodel.trace.segment import FIN, HAS_TEXT, SYN, Segment
from tcpmodel.trace.tunnels import enter

TCP = 6
FIXED_HEADER = 20
FLAG_BITS = 0x1FF
SYN_AND_FIN = SYN | FIN
# SYN and FIN occupy a sequence number each (RFC 9293 3.4)
CONTROL_OCTETS = tuple(bool(flags & SYN) + bool(flags & FIN) for flags in range(FLAG_BITS + 1))
MOST_PAIRS = 1 << 16

_HEADER = Struct(">HHIIHHHH").unpack_from
_STAMPS = Struct(">III").unpack_from


class Decoder:
    """Decodes frames; `skipped` counts those that gave no segment, `notes` oddities of those that did."""

    __slots__ = ("_checksums", "_pairs", "notes", "skipped")

    def __init__(self, skipped: Counter[str], notes: Counter[str], checksums: bool = True) -> None:
        self.skipped = skipped
        self.notes = notes
        self._checksums = checksums
        # address octets and ports -> both endpoints as text, and their part of the checksum
        self._pairs: dict[bytes, tuple[str, str, int]] = {}

    def decode(self, frame: int, time: int, link: int, data: bytes, wire: int) -> Segment | None:
        """The segment in a frame of `wire` octets of which `data` was captured; None: counted as skipped."""
        try:
            wire = max(wire, len(data))
            at, carrier = (14, "") if link == 1 and data[12:14] == b"\x08\x00" else locate(link, data)
            payload = ip_payload(data, at, wire)
            while payload[0] != TCP:
                at, carrier = enter(payload, data, carrier)
                payload = ip_payload(data, at, wire)
            if payload[2] > wire:
                self.notes["ip packet longer than its frame"] += 1
            return self._segment(frame, time, carrier, data, at, payload)
        except Skip as skip:
            self.skipped[skip.reason] += 1
            return None

    def _segment(
        self, frame: int, time: int, carrier: str, data: bytes, at: int, payload: Payload
    ) -> Segment:
        _, tcp, end, addresses = payload
        size = len(data)
        if size < tcp + FIXED_HEADER:
            raise Skip("truncated tcp header")
        _, _, seq, ack, offset, window, stored, urgent = _HEADER(data, tcp)
        start = tcp + (offset >> 10 & 0x3C)
        if not tcp + FIXED_HEADER <= start <= end:
            raise Skip("bad tcp header")
        key = addresses + data[tcp : tcp + 4]
        src, dst, pseudo = self._pairs.get(key) or self._pair(key)
        flags, text, cut = offset & FLAG_BITS, end - start, end > size
        mss, wscale, sackok, sack, tsval, tsecr, tfo, bad = (
            NO_OPTIONS if start == tcp + FIXED_HEADER else self._options(data, tcp, start)
        )
        crc = crc32(data[start:end])
        digest = crc | HAS_TEXT if text and not cut else 0
        badsum = None if cut or not self._checksums else self._badsum(data[tcp:end], pseudo, stored)
        # all of the packet but the hop limit and the header checksum, which every router changes
        fixed, moving = (8, 12) if len(addresses) == 8 else (7, 8)
        ident = crc32(data[at : at + fixed] + data[at + moving : start]) << 32 | crc
        return Segment(
            frame, time, src, dst, carrier, seq, ack, window, urgent, flags, text + CONTROL_OCTETS[flags],
            text, mss, wscale, sackok, sack, tsval, tsecr, tfo, bad, cut, digest, badsum, ident,
        )  # fmt: skip

    def _options(self, data: bytes, tcp: int, start: int) -> OptionValues:
        if start == tcp + 32 and len(data) >= start:
            layout, tsval, tsecr = _STAMPS(data, tcp + FIXED_HEADER)
            if layout == ALIGNED_TIMESTAMPS:
                return -1, -1, False, (), tsval, tsecr, -1, ""
        if len(data) < start:
            self.notes["tcp options cut by the snap length"] += 1
            return NO_OPTIONS
        return parse_options(data[tcp + FIXED_HEADER : start])

    def _pair(self, key: bytes) -> tuple[str, str, int]:
        if len(self._pairs) >= MOST_PAIRS:
            self._pairs.clear()
        half = (len(key) - 4) // 2
        src = endpoint_text(key[:half], int.from_bytes(key[-4:-2], "big"))
        dst = endpoint_text(key[half:-4], int.from_bytes(key[-2:], "big"))
        pair = self._pairs[key] = src, dst, int.from_bytes(key[:-4], "big") % 0xFFFF + TCP
        return pair

    def _badsum(self, octets: bytes, pseudo: int, stored: int) -> bool | None:
        """Whether the checksum is wrong (RFC 9293 3.1); None when the network card was to fill it in."""
        size = len(octets)
        words = int.from_bytes(octets, "big")
        if (((words << 8) if size & 1 else words) + pseudo + size) % 0xFFFF == 0:
            return False
        # the card is handed the sum over the pseudo header, with the length or (large sends) without
        if stored == 0 or (stored - pseudo - size) % 0xFFFF == 0 or (stored - pseudo) % 0xFFFF == 0:
            self.notes["tcp checksum not filled in"] += 1
            return None
        self.notes["bad tcp checksum"] += 1
        return True
