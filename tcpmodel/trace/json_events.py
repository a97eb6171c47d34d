"""From the objects of a JSON trace to events, each field checked where it stands.

The published form of these checks is trace.schema.json; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeAlias, TypeVar

from tcpmodel.trace.address import endpoint_text, parse_endpoint
from tcpmodel.trace.notation import DEFAULT_WINDOW, LONGEST_TEXT, MOST_BLOCKS, NotationError, parse_fields
from tcpmodel.trace.options import COOKIE_LENGTHS
from tcpmodel.trace.segment import (
    FIN,
    FLAG_BITS,
    SYN,
    Arrival,
    Call,
    Event,
    Observation,
    Restart,
    Segment,
    Timeout,
    Told,
)

SCHEMA = "tcpmodel/trace/1"
DEFAULT_ENDPOINTS = {"a": "192.0.2.1:40000", "b": "192.0.2.2:80"}
HEADER_KEYS = frozenset({"schema", "title", "cite", "note", "endpoints", "vantage", "complete", "hidden", "events"})
HEADER_TEXTS = ("title", "cite", "note")
OPTION_KEYS = frozenset({"mss", "wscale", "sackok", "sack", "tsval", "tsecr", "tfo"})
FIELD_KEYS = frozenset({"flags", "seq", "ack", "win", "urg", "len", "options"})
ABOUT_KEYS = frozenset(
    {"from", "to", "time", "note", "carrier", "cut", "badsum", "digest", "ident", "malformed", "forged"}
)
EVENT_KEYS = {
    "segment": ABOUT_KEYS | {"segment"},
    "flags": ABOUT_KEYS | FIELD_KEYS,
    "call": frozenset({"call", "at", "args", "time", "note"}),
    "timeout": frozenset({"timeout", "at", "time", "note"}),
    "restart": frozenset({"restart", "at", "time", "note"}),
    "arrives": frozenset({"arrives", "time", "note"}),
    "state": frozenset({"state", "at", "tcb", "owes", "time", "note"}),
}
LATEST = 10**10  # seconds since the epoch that a time can have
LONGEST_TEXT_LINE = 2000
MOST = 1 << 64

Scalar: TypeAlias = int | bool | str
Object: TypeAlias = Mapping[str, object]
T = TypeVar("T")


class Wrong(Exception):
    """A value that does not fit; `path` is its JSON path below the object that was being read."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def is_object(value: object, path: str = "") -> Object:
    """The value as an object; raises Wrong."""
    if not isinstance(value, dict):
        raise Wrong(path, f"must be an object, not {_shown(value)}")
    return value


def check_keys(value: Object, known: frozenset[str], path: str = "") -> None:
    """Raise Wrong for the first key that is not known, with the nearest that is."""
    for key in value:
        if key not in known:
            import difflib

            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
            raise Wrong(path, f"unknown key {_shown(key)}; {hint}")


def integer(value: object, path: str, limit: int) -> int:
    """An integer from 0 to `limit` - 1; raises Wrong."""
    whole = _whole(value)
    if whole is None or not 0 <= whole < limit:
        raise Wrong(path, f"must be an integer from 0 to {limit - 1}, not {_shown(value)}")
    return whole


def _whole(value: object) -> int | None:
    """The value as an integer, which 1e3 and 5.0 are too; None when it is none or has more than 64 bits."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not -MOST < value < MOST:
        return None
    return int(value) if value == int(value) else None


def text(value: object, path: str) -> str:
    """A printable string; raises Wrong."""
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_TEXT_LINE:
        raise Wrong(path, f"must be a line of text, not {_shown(value)}")
    return value


def boolean(value: object, path: str) -> bool:
    """True or false; raises Wrong."""
    if not isinstance(value, bool):
        raise Wrong(path, f"must be true or false, not {_shown(value)}")
    return value


def seconds(value: object, path: str) -> int:
    """Seconds since the epoch, or since any other moment, as nanoseconds; raises Wrong."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool) and 0 <= value < LATEST:
        return int(value * 1_000_000_000)
    raise Wrong(path, f"must be seconds, a number from 0 and below {LATEST}, not {_shown(value)}")


def scalars(value: object, path: str) -> dict[str, Scalar]:
    """Names with integers, booleans and strings; raises Wrong."""
    out: dict[str, Scalar] = {}
    for name, each in is_object(value, path).items():
        at = f"{path}.{text(name, path)}"
        whole = _whole(each)
        if whole is None and not isinstance(each, (bool, str)):
            raise Wrong(at, f"must be an integer, a string, true or false, not {_shown(each)}")
        out[name] = whole if whole is not None else each if isinstance(each, bool) else text(each, at)
    return out


def _shown(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    shown = str(value) if isinstance(value, Decimal) else ascii(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


class EventReader:
    """Turns objects into events, given the endpoints that the header names."""

    def __init__(self, header: Object) -> None:
        check_keys(header, HEADER_KEYS)
        if header.get("schema") != SCHEMA:
            raise Wrong(".schema", f"must be {SCHEMA!r}, not {_shown(header.get('schema'))}")
        for key in HEADER_TEXTS:
            text(header.get(key, ""), f".{key}")
        self.title = str(header.get("title", ""))
        self._addresses: dict[str, str] = {}
        named = is_object(header.get("endpoints", DEFAULT_ENDPOINTS), ".endpoints")
        self._names = {
            text(name, ".endpoints"): self._address(at, f".endpoints.{name}") for name, at in named.items()
        }
        self._peers = self._pairs()
        self.vantage = self.endpoint(header["vantage"], ".vantage") if "vantage" in header else ""
        self.complete = boolean(header.get("complete", True), ".complete")
        self.hidden = boolean(header.get("hidden", True), ".hidden")
        if not (self.hidden or self.complete):
            raise Wrong(".complete", "must be true: a trace that hides nothing has every segment")
        self._segments = 0
        self._destinations: list[str] = []  # of the segments so far, where arrivals are told

    def _pairs(self) -> dict[str, str]:
        """The endpoint that a segment goes to when the trace has but two."""
        both = list(self._names.values())
        return {both[0]: both[1], both[1]: both[0]} if len(both) == 2 else {}

    def _address(self, value: object, path: str) -> str:
        name = text(value, path)
        known = self._addresses.get(name)
        if known is None:
            try:
                known = endpoint_text(*parse_endpoint(name))
            except ValueError as error:
                raise Wrong(path, str(error)) from None
            if len(self._addresses) < 1 << 16:
                self._addresses[name] = known
        return known

    def endpoint(self, value: object, path: str) -> str:
        """The address of an endpoint given by name or by address; raises Wrong."""
        name = text(value, path)
        if name in self._names:
            return self._names[name]
        if ":" not in name:
            known = ", ".join(self._names)
            raise Wrong(path, f"unknown endpoint {_shown(name)}; known: {known}, or an address")
        return self._address(name, path)

    def read(self, value: object) -> Event:
        """The event that an object describes; raises Wrong."""
        event = is_object(value)
        kind = self._kind(event)
        check_keys(event, EVENT_KEYS[kind])
        text(event.get("note", ""), ".note")
        time = seconds(event["time"], ".time") if "time" in event else -1
        if kind in ("segment", "flags"):
            return self._segment(event, time)
        return self._arrival(event, time) if kind == "arrives" else self._told(event, kind, time)

    def _told(self, event: Object, kind: str, time: int) -> Told:
        """What happens at an endpoint, or is known of it."""
        if "at" not in event:
            raise Wrong("", "has no 'at': the endpoint where it happens")
        at = self.endpoint(event["at"], ".at")
        if kind == "call":
            args = scalars(event.get("args", {}), ".args")
            return Call(at, text(event["call"], ".call"), args, self._segments, time)
        if kind == "timeout":
            return Timeout(at, text(event["timeout"], ".timeout"), self._segments, time)
        if kind == "restart":
            if event["restart"] is not True:
                raise Wrong(".restart", f"must be true, not {_shown(event['restart'])}")
            return Restart(at, self._segments, time)
        state, tcb = text(event.get("state", ""), ".state"), scalars(event.get("tcb", {}), ".tcb")
        owes = _answers(event["owes"]) if "owes" in event else None
        return Observation(at, state, tcb, self._segments, time, owes)

    def _arrival(self, event: Object, time: int) -> Arrival:
        """The arrival of a segment that has been sent."""
        if self.hidden:
            raise Wrong(".arrives", 'needs "hidden": false in the header: a trace tells of all arrivals or of none')
        frame = _whole(event["arrives"])
        if frame is None or frame < 1:
            raise Wrong(".arrives", f"must be the number of a frame, from 1, not {_shown(event['arrives'])}")
        if frame > self._segments:
            raise Wrong(".arrives", f"frame {frame} has not been sent yet, there are {self._segments} so far")
        return Arrival(self._destinations[frame - 1], frame, self._segments, time)

    def _kind(self, event: Object) -> str:
        found = [kind for kind in EVENT_KEYS if kind in event]
        if not found:
            found = ["state"] if "tcb" in event or "owes" in event else ["flags"] if "from" in event else []
        if len(found) != 1:
            known = "'segment', 'flags', 'call', 'timeout', 'restart', 'arrives', 'state', 'tcb' or 'owes'"
            raise Wrong("", f"must have one of {known}")
        return found[0]

    def _segment(self, event: Object, time: int) -> Segment:
        src, dst = self._ends(event)
        if self.hidden and "forged" in event:
            raise Wrong(".forged", 'needs "hidden": false in the header: no capture shows who sent a segment')
        fields = _notation(event["segment"]) if "segment" in event else _fields(event)
        segment = made(fields | _about(event), self._segments + 1, time, src, dst)
        self._segments += 1
        if not self.hidden:
            self._destinations.append(dst)
        return segment

    def _ends(self, event: Object) -> tuple[str, str]:
        if "from" not in event:
            raise Wrong("", "has no 'from': the endpoint that sent the segment")
        src = self.endpoint(event["from"], ".from")
        if "to" in event:
            return src, self.endpoint(event["to"], ".to")
        if src not in self._peers:
            raise Wrong("", "needs 'to': the other end is clear only between two named endpoints")
        return src, self._peers[src]


def _notation(value: object, path: str = ".segment") -> dict[str, object]:
    try:
        return dict(parse_fields(text(value, path)))
    except NotationError as error:
        raise Wrong(path, f"column {error.column}: {error}") from None


def _answers(value: object) -> tuple[Segment, ...]:
    """The answers that an endpoint owes, each a segment without ends."""
    if not isinstance(value, list):
        raise Wrong(".owes", f"must be a list of segments, not {_shown(value)}")
    return tuple(made(_notation(row, f".owes[{index}]")) for index, row in enumerate(value))


def made(fields: Mapping[str, object], frame: int = 0, time: int = -1, src: str = "", dst: str = "") -> Segment:
    """The segment with these fields."""
    segment = Segment(frame, time, src, dst)
    for name, value in fields.items():
        setattr(segment, name, value)
    return segment


def _optional(event: Object, path: str, key: str, default: T, check: Callable[[object, str], T]) -> T:
    return check(event[key], f"{path}.{key}") if key in event else default


def _bits(count: int) -> Callable[[object, str], int]:
    return lambda value, path: integer(value, path, 1 << count)


def _fields(event: Object) -> dict[str, object]:
    """The fields of a segment written out one by one."""
    flags = _optional(event, "", "flags", 0, _flags)
    length = _optional(event, "", "len", 0, lambda value, path: integer(value, path, LONGEST_TEXT + 1))
    out: dict[str, object] = {
        "flags": flags,
        "seq": _optional(event, "", "seq", 0, _bits(32)),
        "ack": _optional(event, "", "ack", 0, _bits(32)),
        "wnd": _optional(event, "", "win", DEFAULT_WINDOW, _bits(16)),
        "up": _optional(event, "", "urg", 0, _bits(16)),
        "text": length,
        "len": length + bool(flags & SYN) + bool(flags & FIN),
    }
    return out | _option_fields(is_object(event.get("options", {}), ".options"))


def _flags(value: object, path: str) -> int:
    names = [name for name in value.split(",") if name] if isinstance(value, str) else value
    if not isinstance(names, list):
        raise Wrong(path, f"must be flags such as 'SYN,ACK', not {_shown(value)}")
    bits = 0
    for name in names:
        if not isinstance(name, str) or name not in FLAG_BITS:
            raise Wrong(path, f"unknown flag {_shown(name)}; flags are {', '.join(FLAG_BITS)}")
        bits |= FLAG_BITS[name]
    return bits


def _option_fields(options: Object) -> dict[str, object]:
    check_keys(options, OPTION_KEYS, ".options")
    tsval = _optional(options, ".options", "tsval", -1, _bits(32))
    if tsval < 0 and "tsecr" in options:
        raise Wrong(".options.tsecr", "needs tsval beside it")
    return {
        "mss": _optional(options, ".options", "mss", -1, _bits(16)),
        "wscale": _optional(options, ".options", "wscale", -1, _bits(8)),
        "sackok": _optional(options, ".options", "sackok", False, boolean),
        "sack": _blocks(options.get("sack", []), ".options.sack"),
        "tsval": tsval,
        "tsecr": _optional(options, ".options", "tsecr", -1 if tsval < 0 else 0, _bits(32)),
        "tfo": _optional(options, ".options", "tfo", -1, _cookie),
    }


def _cookie(value: object, path: str) -> int:
    length = integer(value, path, max(COOKIE_LENGTHS) + 1)
    if length not in COOKIE_LENGTHS:
        raise Wrong(path, f"must be the length of a cookie, one of {sorted(COOKIE_LENGTHS)}, not {length}")
    return length


def _blocks(value: object, path: str) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list) or len(value) > MOST_BLOCKS:
        raise Wrong(path, f"must be a list of at most {MOST_BLOCKS} blocks [left, right]")
    out = []
    for index, block in enumerate(value):
        if not isinstance(block, list) or len(block) != 2:
            raise Wrong(f"{path}[{index}]", f"must be a block [left, right], not {_shown(block)}")
        left, right = (integer(edge, f"{path}[{index}][{side}]", 1 << 32) for side, edge in enumerate(block))
        out.append((left, right))
    return tuple(out)


def _about(event: Object) -> dict[str, object]:
    """What is said about a segment and does not stand in its header; only the keys that are there."""
    checks: dict[str, Callable[[object, str], object]] = {
        "carrier": text, "cut": boolean, "badsum": boolean, "malformed": text,
        "digest": _bits(64), "ident": _bits(64), "forged": boolean,
    }  # fmt: skip
    found = {key: check(event[key], f".{key}") for key, check in checks.items() if key in event}
    if "malformed" in found:
        found["optbad"] = found.pop("malformed")
    return found
