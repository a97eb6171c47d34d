"""pcapng: sections of either byte order, interfaces with their clocks, packets; other blocks are passed over.

Source: draft-ietf-opsawg-pcapng, 4.1 to 4.4 and appendix A (the obsolete packet block).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, error

from tcpmodel.errors import TraceError
from tcpmodel.trace.pcap import LARGEST_SNAP, Packet
from tcpmodel.trace.source import Source

MAGIC = b"\x0a\x0d\x0d\x0a"
SECTION_HEADER = 0x0A0D0D0A
ORDER_MAGIC = {b"\x1a\x2b\x3c\x4d": ">", b"\x4d\x3c\x2b\x1a": "<"}
IF_TSRESOL, IF_TSOFFSET = 9, 14
SMALLEST_BLOCK = 12
LARGEST_BLOCK = LARGEST_SNAP + 4096
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Interface:
    """One capture interface: `ticks` per second of its clock, `offset` in seconds, `snap` 0 for no limit."""

    link: int
    snap: int
    ticks: int
    offset: int

    def time(self, high: int, low: int) -> int:
        """A time stamp of this interface in nanoseconds since the epoch."""
        return ((high << 32) | low) * NANOSECONDS // self.ticks + self.offset * NANOSECONDS


def read_pcapng(source: Source) -> Iterator[Packet]:
    """The packets of a pcapng file; raises TraceError with the offset where the file is cut or damaged."""
    section = Section()
    data, at, passed = source.chunk(), 0, 0
    while True:
        while (length := section.block_length(data, at, passed)) and at + length <= len(data):
            try:
                packet = section.block(data, at, at + length - 4)
            except (error, ValueError) as wrong:
                raise TraceError(f"a damaged block: {wrong}", offset=passed + at) from None
            at += length
            if packet is not None:
                yield packet
        if not (more := source.chunk()):
            break
        passed, data, at = passed + at, data[at:] + more, 0
    if at < len(data):
        raise TraceError(f"the file ends inside a block, {len(data) - at} octets into it", offset=passed + at)


class Section:
    """The section being read: its byte order and its interfaces."""

    def __init__(self) -> None:
        self.interfaces: list[Interface] = []
        self._set_order("<")

    def _set_order(self, order: str) -> None:
        self._order = order
        self._two = Struct(order + "II")
        self._last = Struct(order + "I")
        self._enhanced = Struct(order + "IIIII")
        self._obsolete = Struct(order + "HHIIII")

    def block_length(self, data: bytes, at: int, passed: int) -> int:
        """Length of the block at `at`, 0 until its head is there. A section header sets the byte order."""
        if at + SMALLEST_BLOCK > len(data):
            return 0
        if data[at : at + 4] == MAGIC:
            order = ORDER_MAGIC.get(data[at + 8 : at + 12])
            if order is None:
                raise TraceError("a section header without byte-order magic", offset=passed + at)
            self._set_order(order)
        length: int = self._two.unpack_from(data, at)[1]
        if not SMALLEST_BLOCK <= length <= LARGEST_BLOCK or length % 4:
            raise TraceError(f"a block cannot have {length} octets", offset=passed + at)
        end = at + length
        if end <= len(data) and self._last.unpack_from(data, end - 4)[0] != length:
            raise TraceError("a block's two length fields differ", offset=passed + at)
        return length

    def block(self, data: bytes, at: int, end: int) -> Packet | None:
        """The packet in the block at `at` whose body ends at `end`; None for every other kind of block."""
        kind = self._two.unpack_from(data, at)[0]
        if kind == 6:
            name, high, low, captured, wire = self._enhanced.unpack_from(data, at + 8)
            return self._packet(name, high, low, data[at + 28 : end], captured, wire)
        if kind == 3:
            return self._simple(data, at, end)
        if kind == 2:
            name, _drops, high, low, captured, wire = self._obsolete.unpack_from(data, at + 8)
            return self._packet(name, high, low, data[at + 28 : end], captured, wire)
        if kind == SECTION_HEADER:
            self.interfaces = []
        elif kind == 1:
            self.interfaces.append(self._interface(data[at + 8 : end]))
        return None

    def _packet(self, name: int, high: int, low: int, body: bytes, captured: int, wire: int) -> Packet:
        interface = self._known(name)
        if captured > len(body):
            raise ValueError(f"{captured} captured octets in a body of {len(body)}")
        return interface.time(high, low), interface.link, body[:captured], wire

    def _simple(self, data: bytes, at: int, end: int) -> Packet:
        interface = self._known(0)
        wire: int = self._last.unpack_from(data, at + 8)[0]
        captured = min(wire, end - at - 12, interface.snap or wire)
        return -1, interface.link, data[at + 12 : at + 12 + captured], wire

    def _known(self, name: int) -> Interface:
        if name >= len(self.interfaces):
            raise ValueError(f"a packet of interface {name}, which the section has not described")
        return self.interfaces[name]

    def _interface(self, body: bytes) -> Interface:
        link, snap = Struct(self._order + "HxxI").unpack_from(body)
        options = dict(self._options(body[8:]))
        resolution = options.get(IF_TSRESOL, b"\6")[:1] or b"\6"
        exponent = resolution[0] & 0x7F
        ticks = 1 << exponent if resolution[0] & 0x80 else 10**exponent
        offset = options.get(IF_TSOFFSET, bytes(8))
        seconds = Struct(self._order + "q").unpack_from(offset.ljust(8, b"\0"))[0]
        return Interface(link, snap, ticks, seconds)

    def _options(self, body: bytes) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + 4 <= len(body):
            code, length = Struct(self._order + "HH").unpack_from(body, at)
            if code == 0:
                return
            yield code, body[at + 4 : at + 4 + length]
            at += 4 + (length + 3 & ~3)
