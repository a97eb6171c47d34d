"""packetdrill's notation for a segment: "S. 300:300(0) ack 101 win 65535 <mss 1460,nop,wscale 7>".

Flags are letters (S F R P U E W, A for AE, "." for ACK, "-" for none), then seq:end(text), "ack N", "win N",
"urg N" and the options. Numbers are the header's fields: the window is not scaled and defaults to 65535.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from tcpmodel.trace.options import COOKIE_LENGTHS
from tcpmodel.trace.segment import ACK, FIN, SYN, URG, Segment

SEQUENCE_NUMBERS = 1 << 32
DEFAULT_WINDOW = 0xFFFF
LONGEST_TEXT = 1 << 24
MOST_BLOCKS = 4
LETTERS = "FSRP.UEWA"
# the same bits in the order in which packetdrill and tcpdump write them
PRINTED = "SFRPUEWA."

_BLANK = re.compile(r"\s*")
_FLAGS = re.compile(r"[FSRP.UEWA]+|-")
_RANGE = re.compile(r"(\d{1,10}):(\d{1,10})\((\d{1,8})\)")
_FIELD = re.compile(r"(ack|win|urg)\s+(\d{1,10})(?!\d)")
_OPTIONS = re.compile(r"<([^<>]*)>")
_OPTION = re.compile(
    r"\s*(?:(?P<word>nop|eol|sackOK|malformed)|(?P<name>mss|wscale)\s+(?P<value>\d{1,5})"
    r"|TS\s+val\s+(?P<tsval>\d{1,10})\s+ecr\s+(?P<tsecr>\d{1,10})"
    r"|sack(?P<sack>(?:\s+\d{1,10}:\d{1,10})+)|FO(?:EXP)?(?:\s+(?P<cookie>[0-9a-fA-F]+))?)\s*"
)
_LIMITS = {"ack": SEQUENCE_NUMBERS, "win": 1 << 16, "urg": 1 << 16, "mss": 1 << 16, "wscale": 1 << 8}
_COLUMN_HELP = "write it as 'S. 300:300(0) ack 101 win 65535 <mss 1460>'"

Fields: TypeAlias = dict[str, int | bool | str | tuple[tuple[int, int], ...]]


class NotationError(ValueError):
    """What is wrong with a segment's notation; `column` counts from 1 within it."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


def parse_segment(text: str, *, frame: int = 0, time: int = -1, src: str = "", dst: str = "") -> Segment:
    """The segment that the notation describes; raises NotationError."""
    segment = Segment(frame, time, src, dst)
    for name, value in parse_fields(text).items():
        setattr(segment, name, value)
    return segment


def parse_fields(text: str) -> Fields:
    """The fields of Segment that the notation gives, by name; raises NotationError."""
    _, match = _expect(_FLAGS, text, 0, "flags such as S. or P.")
    flags = sum(1 << LETTERS.index(letter) for letter in set(match.group()) if letter != "-")
    at, match = _expect(_RANGE, text, match.end(), "a range such as 300:321(21)")
    seq, end, length = map(int, match.groups())
    if max(seq, end) >= SEQUENCE_NUMBERS or length > LONGEST_TEXT:
        raise NotationError("a sequence number has 32 bits and a text at most 2^24 octets", at + 1)
    if (seq + length) % SEQUENCE_NUMBERS != end:
        due = (seq + length) % SEQUENCE_NUMBERS
        raise NotationError(f"{length} octets from {seq} end at {due}, not at {end}", at + 1)
    fields: Fields = {"seq": seq, "flags": flags, "text": length, "wnd": DEFAULT_WINDOW}
    fields["len"] = length + bool(flags & SYN) + bool(flags & FIN)
    fields.update(_rest(text, match.end()))
    return fields


def _expect(pattern: re.Pattern[str], text: str, at: int, what: str) -> tuple[int, re.Match[str]]:
    blank = _BLANK.match(text, at)
    at = blank.end() if blank else at
    match = pattern.match(text, at)
    if match is None:
        raise NotationError(f"expected {what}; {_COLUMN_HELP}", at + 1)
    return at, match


def _rest(text: str, at: int) -> Fields:
    """The keyword fields and the options that follow the sequence range."""
    fields: Fields = {}
    end = len(text.rstrip())
    while at < end:
        found = _BLANK.match(text, at)
        at = found.end() if found else at
        if text[at] == "<":
            at, match = _expect(_OPTIONS, text, at, "'>' after the options")
            fields.update(_options(match.group(1), at + 1))
        else:
            at, match = _expect(_FIELD, text, at, "ack N, win N, urg N or <options>")
            name, value = match.group(1), _number(match, 1, 2)
            fields[{"ack": "ack", "win": "wnd", "urg": "up"}[name]] = value
        at = match.end()
    return fields


def _number(match: re.Match[str], name: str | int, value: str | int) -> int:
    number, limit = int(match[value]), _LIMITS[match[name]]
    if number >= limit:
        raise NotationError(f"{match[name]} is at most {limit - 1}", match.start(value) + 1)
    return number


def _options(text: str, start: int) -> Fields:
    fields: Fields = {}
    at = 0
    while text.strip():
        match = _OPTION.match(text, at)
        if match is None or text[match.end() : match.end() + 1] not in ("", ","):
            raise NotationError("expected an option such as mss 1460, sackOK, TS val 1 ecr 2", start + at + 1)
        try:
            fields.update(_option(match))
        except NotationError as error:
            raise NotationError(str(error), start + error.column) from None
        at = match.end() + 1
        if match.end() >= len(text):
            break
    return fields


def _option(match: re.Match[str]) -> Fields:
    if word := match["word"]:
        if word == "malformed":
            return {"optbad": "malformed"}
        return {"sackok": True} if word == "sackOK" else {}
    if name := match["name"]:
        return {name: _number(match, "name", "value")}
    if match["tsval"]:
        return {"tsval": _sequence(match, "tsval"), "tsecr": _sequence(match, "tsecr")}
    if match["sack"]:
        return {"sack": _blocks(match)}
    cookie = match["cookie"] or ""
    if len(cookie) % 2 or len(cookie) // 2 not in COOKIE_LENGTHS:
        raise NotationError("a cookie has 4 to 16 octets, an even number", match.start() + 1)
    return {"tfo": len(cookie) // 2}


def _sequence(match: re.Match[str], group: str) -> int:
    if int(match[group]) >= SEQUENCE_NUMBERS:
        raise NotationError(f"{group} has 32 bits", match.start(group) + 1)
    return int(match[group])


def _blocks(match: re.Match[str]) -> tuple[tuple[int, int], ...]:
    pairs = [pair.split(":") for pair in match["sack"].split()]
    blocks = tuple((int(left), int(right)) for left, right in pairs)
    if len(blocks) > MOST_BLOCKS or max(map(max, blocks)) >= SEQUENCE_NUMBERS:
        raise NotationError("sack has at most four blocks of 32-bit edges", match.start("sack") + 1)
    return blocks


def to_packetdrill(segment: Segment, relative: tuple[int, int] | None = None) -> str:
    """The segment in packetdrill's notation.

    `relative` is (initial sequence number of the sender, of the receiver): numbers are counted from those.
    Of a Fast Open cookie only the length is known, so zeros stand for it; malformed options are written
    `malformed`, which packetdrill does not know.
    """
    own, other = relative or (0, 0)
    seq = (segment.seq - own) % SEQUENCE_NUMBERS
    flags = "".join(letter for letter in PRINTED if segment.flags >> LETTERS.index(letter) & 1) or "-"
    words = [flags, f"{seq}:{(seq + segment.text) % SEQUENCE_NUMBERS}({segment.text})"]
    if segment.flags & ACK or segment.ack:
        # without the ACK bit the field says nothing, so it is not counted from anywhere
        ack = (segment.ack - other) % SEQUENCE_NUMBERS if segment.flags & ACK else segment.ack
        words.append(f"ack {ack}")
    words.append(f"win {segment.wnd}")
    if segment.flags & URG or segment.up:
        words.append(f"urg {segment.up}")
    if options := _printed_options(segment, lambda edge: (edge - other) % SEQUENCE_NUMBERS):
        words.append(f"<{','.join(options)}>")
    return " ".join(words)


def _printed_options(segment: Segment, relative: Callable[[int], int]) -> list[str]:
    """The options in the order and with the padding of `options.option_bytes`."""
    out = [] if segment.mss < 0 else [f"mss {segment.mss}"]
    stamps = [f"TS val {segment.tsval} ecr {max(segment.tsecr, 0)}"] if segment.tsval >= 0 else []
    out += ["sackOK"] if segment.sackok else ["nop", "nop"] if stamps else []
    out += stamps + (["nop", "nop"] if segment.sackok and not stamps else [])
    if segment.wscale >= 0:
        out += ["nop", f"wscale {segment.wscale}"]
    if segment.tfo >= 0:
        out.append(f"FO {'00' * segment.tfo}".strip())
    if segment.sack:
        edges = " ".join(f"{relative(left)}:{relative(right)}" for left, right in segment.sack)
        out += ["nop", "nop", f"sack {edges}"]
    return out + (["malformed"] if segment.optbad else [])
