"""JSON text with places: taken apart value by value, so that what stands before a fault survives.

Stricter than the standard library: no duplicate keys, no NaN or Infinity; numbers with a fraction stay exact.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import NoReturn

_BLANK = re.compile(r"[ \t\r\n]*")


class Fault(Exception):
    """The text is not JSON from `offset` (in characters) on."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class _Refused(Exception):
    """A value that is JSON for the standard library and not for us."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    out = dict(pairs)
    if len(out) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"the key {twice!r} stands twice in one object")
    return out


def _no_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=Decimal, parse_constant=_no_constant)


class Cursor:
    """A place in a text and the values that follow it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def blank(self) -> None:
        """Go to the next character that is not blank."""
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def next_is(self, char: str) -> bool:
        """Pass over `char` if it comes next."""
        self.blank()
        found = self.text.startswith(char, self.at)
        self.at += len(char) * found
        return found

    def expect(self, char: str) -> None:
        """Pass over `char`; raises Fault when something else stands there."""
        if not self.next_is(char):
            raise self.fault(f"expected {char!r}")

    def fault(self, message: str) -> Fault:
        """The fault at this place."""
        return Fault(message if self.at < len(self.text) else "the text ends here", self.at)

    def value(self) -> object:
        """Any JSON value; raises Fault."""
        self.blank()
        start = self.at
        if start >= len(self.text):
            raise self.fault("")
        try:
            value, self.at = _DECODER.raw_decode(self.text, start)
        except json.JSONDecodeError as error:
            raise Fault(error.msg[:1].lower() + error.msg[1:], error.pos) from None
        except _Refused as error:
            raise Fault(str(error), start) from None
        except RecursionError:
            raise Fault("nested too deeply", start) from None
        except (ValueError, ArithmeticError):
            raise Fault("a number of too many digits", start) from None
        return value


class Document:
    """A trace document: header, events with the offset of each, and the fault that ended it or None."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.header: dict[str, object] = {}
        self.events: list[tuple[int, object]] = []
        self.fault: Fault | None = None
        try:
            self._read(Cursor(text))
        except Fault as fault:
            self.fault = fault

    def _read(self, cursor: Cursor) -> None:
        cursor.expect("{")
        if not cursor.next_is("}"):
            self._member(cursor)
            while not cursor.next_is("}"):
                cursor.expect(",")
                self._member(cursor)
        cursor.blank()
        if cursor.at < len(self.text):
            raise Fault("something follows the end of the trace", cursor.at)

    def _member(self, cursor: Cursor) -> None:
        cursor.blank()
        start = cursor.at
        if not self.text.startswith('"', start):
            raise cursor.fault("expected a key in double quotes")
        key = str(cursor.value())
        if key in self.header:
            raise Fault(f"the key {key!r} stands twice in one object", start)
        cursor.expect(":")
        if key != "events":
            self.header[key] = cursor.value()
            return
        self.header[key] = []
        self._events(cursor)

    def _events(self, cursor: Cursor) -> None:
        cursor.expect("[")
        if cursor.next_is("]"):
            return
        self._event(cursor)
        while not cursor.next_is("]"):
            cursor.expect(",")
            self._event(cursor)

    def _event(self, cursor: Cursor) -> None:
        cursor.blank()
        start = cursor.at
        self.events.append((start, cursor.value()))


def parse_value(text: str) -> object:
    """The one JSON value that the text is; raises Fault."""
    cursor = Cursor(text)
    value = cursor.value()
    cursor.blank()
    if cursor.at < len(text):
        raise Fault("something follows the end of the object", cursor.at)
    return value


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
