"""Opening a trace of any format, told by its first bytes and never by its name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from tcpmodel.errors import TraceError
from tcpmodel.trace import pcap
from tcpmodel.trace.segment import Event
from tcpmodel.trace.source import Source

if TYPE_CHECKING:
    from tcpmodel.trace.decode import Decoder

LONGEST_MAGIC = 8
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
SNOOP_MAGIC = b"snoop\0\0\0"
BLANKS = b" \t\r\n"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def open_trace(
    path: str | os.PathLike[str], *, stdin: BinaryIO | None = None, checksums: bool = True
) -> TraceReader:
    """Open a capture or a JSON trace, gzip or not; "-" is standard input (or `stdin`, a binary stream).

    `checksums=False` saves verifying TCP checksums (Segment.badsum is None). Raises TraceError when there is
    nothing to read; damage further on is raised by the iteration, after everything readable.
    """
    return TraceReader(Source(path, stdin), checksums)


class TraceReader:
    """The events of one trace in file order, each once: a loop that was left early is taken up by the next.

    The counters are current at every step: `packets` frames were read, `tcp_segments` of them gave a Segment,
    `skipped` says why the others did not (reason -> frames), `notes` counts oddities of segments. What a JSON
    trace says of itself: `title`, `vantage` ("" or the endpoint where it was taken), `complete` (nothing sent
    is missing; False for captures), `hidden` (calls, timeouts, losses and moments of arrival may have happened
    that it does not tell of; True for captures). Usable as a context manager.
    """

    def __init__(self, source: Source, checksums: bool = True) -> None:
        self.file = source.file
        self.packets = 0
        self.tcp_segments = 0
        self.skipped: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.title = ""
        self.vantage = ""
        self.complete = False
        self.hidden = True
        self._source = source
        try:
            self._run = self._guarded(self._start(checksums))
        except TraceError as error:
            source.close()
            raise self._located(error) from None

    def _start(self, checksums: bool) -> Iterator[Event]:
        magic = self._source.peek(LONGEST_MAGIC)
        read = _packet_format(magic)
        if read is not None:
            from tcpmodel.trace.decode import Decoder

            return self._segments(read(self._source), Decoder(self.skipped, self.notes, checksums))
        if magic.removeprefix(BYTE_ORDER_MARK).lstrip(BLANKS)[:1] in (b"{", b"["):
            from tcpmodel.trace.json_trace import read_json

            return read_json(self._source, self)
        if not magic:
            self._source.chunk()  # raises when the emptiness has a reason
            raise TraceError("the file is empty")
        raise TraceError("not a trace: neither pcap, pcapng, snoop nor JSON", offset=0)

    def _segments(self, packets: Iterator[pcap.Packet], decoder: Decoder) -> Iterator[Event]:
        decode = decoder.decode
        for time, link, data, wire in packets:
            self.packets = frame = self.packets + 1
            segment = decode(frame, time, link, data, wire)
            if segment is not None:
                self.tcp_segments += 1
                yield segment

    def __iter__(self) -> Iterator[Event]:
        return self._run

    def _guarded(self, events: Iterator[Event]) -> Iterator[Event]:
        try:
            yield from events
        except TraceError as error:
            raise self._located(error, self.packets + 1) from None
        finally:
            self.close()

    def _located(self, error: TraceError, frame: int | None = None) -> TraceError:
        """The same error with the file, and the frame at which a capture broke off."""
        frame = None if error.at else frame
        return TraceError(error.message, file=self.file, frame=frame, offset=error.offset, at=error.at)

    def position(self) -> tuple[int, int]:
        """Octets read so far and the size of the file in octets; size 0: not known."""
        return self._source.position()

    def close(self) -> None:
        """Close the file; it closes by itself at the end of the iteration."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _packet_format(magic: bytes) -> Callable[[Source], Iterator[pcap.Packet]] | None:
    if magic[:4] in pcap.MAGICS:
        return pcap.read_pcap
    if magic[:4] == PCAPNG_MAGIC:
        from tcpmodel.trace.pcapng import read_pcapng

        return read_pcapng
    if magic == SNOOP_MAGIC:
        from tcpmodel.trace.snoop import read_snoop

        return read_snoop
    return None
