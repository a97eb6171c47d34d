"""Where the bytes come from: a file or standard input, gzip or plain, chunk by chunk, with the position kept.

Whatever was readable before damage is handed out first; only the next request raises.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, BinaryIO

from tcpmodel.errors import TraceError

if TYPE_CHECKING:
    from zlib import _Decompress

CHUNK = 1 << 18
GZIP_MAGIC = b"\x1f\x8b"


class Source:
    """Bytes of a trace, decompressed; `file` is its name for messages. Raises TraceError, never OSError."""

    def __init__(self, path: str | os.PathLike[str], stdin: BinaryIO | None = None) -> None:
        name = os.fspath(path)
        self.file = "<stdin>" if name == "-" else name
        self._read = 0
        self._total = 0
        self._damage = ""
        self._pending = b""
        self._packed = b""
        self._started = False
        self._gzip: _Decompress | None = None
        self._owned = name != "-"
        try:
            self._stream = self._open(name, stdin)
        except (OSError, ValueError) as error:
            raise TraceError(_reason(error), file=self.file) from None

    def _open(self, name: str, stdin: BinaryIO | None) -> BinaryIO:
        if not self._owned:
            return sys.stdin.buffer if stdin is None else stdin
        stream: BinaryIO = open(name, "rb", buffering=0)  # noqa: SIM115 (closed by close())
        self._total = os.fstat(stream.fileno()).st_size
        return stream

    def peek(self, size: int) -> bytes:
        """The first bytes that `chunk` will hand out, `size` of them unless the trace is shorter."""
        if not self._started:
            self._start()
        while len(self._pending) < size and (more := self._next()):
            self._pending += more
        return self._pending[:size]

    def _start(self) -> None:
        self._started = True
        head = b""
        while len(head) < len(GZIP_MAGIC) and (more := self._raw()):
            head += more
        if head[:2] == GZIP_MAGIC:
            self._gzip, self._packed = _member(), head
            head = self._next()
        self._pending = head

    def chunk(self) -> bytes:
        """The next bytes; b"" at the end. Raises TraceError where the trace cannot be read further."""
        self.peek(1)
        chunk, self._pending = self._pending, b""
        if not chunk and self._damage:
            raise TraceError(self._damage, file=self.file, offset=self._read)
        return chunk

    def _next(self) -> bytes:
        if self._gzip is None:
            return self._raw()
        while self._packed or (raw := self._raw()):
            self._packed = self._packed or raw
            if data := self._inflate(self._gzip):
                return data
        if self._gzip.eof or self._damage:
            return b""
        self._damage = "the gzip stream is cut short"
        return self._gzip.flush()

    def _raw(self) -> bytes:
        if self._damage:
            return b""
        try:
            data = self._stream.read(CHUNK) or b""
        except (OSError, ValueError) as error:
            self._damage = _reason(error)
            return b""
        self._read += len(data)
        return data

    def _inflate(self, member: _Decompress) -> bytes:
        """One step of decompression; after damage what could still be decompressed before it."""
        import zlib

        if member.eof:
            self._packed = self._packed.lstrip(b"\0")  # padding after the last member, as tape tools leave it
            if not self._packed:
                return b""
            member = self._gzip = _member()
        before = member.copy()
        try:
            data = member.decompress(self._packed, 16 * CHUNK)
        except zlib.error as error:
            self._damage = f"the gzip stream is damaged: {error}"
            data, self._packed = _salvage(before, self._packed), b""
        else:
            self._packed = member.unconsumed_tail or member.unused_data
        return data

    def position(self) -> tuple[int, int]:
        """Octets of the file read so far and its size; size 0: not known."""
        return self._read, self._total

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._owned:
            self._stream.close()


def _member() -> _Decompress:
    import zlib

    return zlib.decompressobj(wbits=31)


def _salvage(member: _Decompress, packed: bytes) -> bytes:
    """What comes out of damaged octets one by one before the first that is wrong."""
    import zlib

    out = bytearray()
    try:
        for octet in packed:
            out += member.decompress(bytes((octet,)))
    except zlib.error:
        return bytes(out)
    return bytes(out)


def _reason(error: OSError | ValueError) -> str:
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
