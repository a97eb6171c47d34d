"""Traces in JSON: one document, or JSON lines (a header object, then one event a line).

A document is read into memory, lines are streamed. Errors name the event, its JSON path and its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tcpmodel.errors import TraceError
from tcpmodel.trace.json_events import EventReader, Wrong, is_object
from tcpmodel.trace.json_text import Document, Fault, line_and_column, parse_value
from tcpmodel.trace.segment import Event, Segment
from tcpmodel.trace.source import Source

if TYPE_CHECKING:
    from tcpmodel.trace.open import TraceReader

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_LINE = 1 << 24


def read_json(source: Source, reader: TraceReader) -> Iterator[Event]:
    """The events of a JSON trace; `reader` gets what the header says at once, its counters as they come."""
    lines = Lines(source)
    header = _lone_header(lines.first())
    events = _document(lines, reader) if header is None else _json_lines(header, lines, reader)
    return _counted(events, reader)


def _counted(events: Iterator[Event], reader: TraceReader) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Segment):
            reader.packets += 1
            reader.tcp_segments += 1
        yield event


def _lone_header(line: bytes) -> dict[str, object] | None:
    """The first line as an object without events: the header of JSON lines; None for anything else."""
    try:
        value = parse_value(line.decode())
    except (Fault, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) and "events" not in value else None


class Lines:
    """The lines of a source, the first of which may be looked at before it is taken."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._data = b""
        self.fault: TraceError | None = None

    def first(self) -> bytes:
        """The first line that is not blank, without taking it from the source."""
        while b"\n" not in self._data.lstrip() and len(self._data) < LONGEST_LINE and self._more():
            pass
        self._data = self._data.removeprefix(BYTE_ORDER_MARK)
        return self._data.lstrip().split(b"\n", 1)[0]

    def _more(self) -> bool:
        try:
            more = self._source.chunk()
        except TraceError as error:
            self.fault = error
            return False
        self._data += more
        return bool(more)

    def rest(self) -> bytes:
        """All that was not taken yet."""
        parts = [self._data]
        self._data = b""
        while self._more():
            parts.append(self._data)
            self._data = b""
        return b"".join(parts)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its number; the last need not be ended by a newline."""
        number = 0
        while True:
            *lines, self._data = self._data.split(b"\n")
            for line in lines:
                number += 1
                yield number, line
            if len(self._data) > LONGEST_LINE:
                raise TraceError(f"a line of more than {LONGEST_LINE} octets", at=f"{number + 1}:1")
            if not self._more():
                break
        if self._data:
            yield number + 1, self._data


def _document(lines: Lines, reader: TraceReader) -> Iterator[Event]:
    text, fault = _decoded(lines.rest())
    document = Document(text)
    fault = fault or document.fault
    end = lines.fault or (_at(fault, text) if fault else None)
    if end and not ("endpoints" in document.header and document.events):
        raise end
    if "events" not in document.header:
        raise TraceError("has no 'events'", at="$")
    return _document_events(document, _builder(document.header, reader), end)


def _document_events(document: Document, builder: EventReader, end: TraceError | None) -> Iterator[Event]:
    """The events of a document as far as it could be read, then the error that ended it if there is one."""
    for number, (start, value) in enumerate(document.events, 1):
        try:
            event = builder.read(value)
        except Wrong as wrong:
            line, _ = line_and_column(document.text, start)
            place = f"event {number} ($.events[{number - 1}]{wrong.path}, line {line})"
            raise TraceError(wrong.message, at=place) from None
        yield event
    if end:
        raise end


def _decoded(data: bytes) -> tuple[str, Fault | None]:
    """The text up to the first octet that is not UTF-8, and the fault there."""
    try:
        return data.decode(), None
    except UnicodeDecodeError as error:
        text = data[: error.start].decode()
        return text, Fault("not UTF-8 text", len(text))


def _builder(header: dict[str, object], reader: TraceReader) -> EventReader:
    try:
        builder = EventReader(header)
    except Wrong as wrong:
        raise TraceError(wrong.message, at=f"${wrong.path}") from None
    reader.title, reader.vantage = builder.title, builder.vantage
    reader.complete, reader.hidden = builder.complete, builder.hidden
    return builder


def _at(fault: Fault, text: str, first_line: int = 1) -> TraceError:
    line, column = line_and_column(text, fault.offset)
    return TraceError(fault.message, at=f"{line + first_line - 1}:{column}")


def _json_lines(header: dict[str, object], lines: Lines, reader: TraceReader) -> Iterator[Event]:
    return _line_events(_builder(header, reader), lines)


def _line_events(builder: EventReader, lines: Lines) -> Iterator[Event]:
    count = -1  # the header is no event
    for number, line in lines:
        if line.strip():
            count += 1
            if count:
                yield _line_event(builder, line, number, count)
    if lines.fault:
        raise lines.fault


def _line_event(builder: EventReader, line: bytes, number: int, count: int) -> Event:
    text, fault = _decoded(line)
    try:
        if fault:
            raise fault
        return builder.read(is_object(parse_value(text)))
    except Fault as found:
        raise _at(found, text, number) from None
    except Wrong as wrong:
        raise TraceError(wrong.message, at=f"event {count} (${wrong.path}, line {number})") from None
