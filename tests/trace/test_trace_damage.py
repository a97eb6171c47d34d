"""Traces cut at every octet and corrupted at random: what is readable comes out, then only TraceError."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable

import pytest

from tcpmodel.errors import TraceError
from tcpmodel.trace import Event, open_trace
from tests.trace.trace_frames import (
    A6,
    B6,
    enhanced,
    ethernet,
    interface,
    ipv4,
    ipv6,
    option,
    pcap,
    section,
    simple,
    snoop,
    tcp,
)  # fmt: skip

OPTIONS = bytes.fromhex("020405b40402080a000000070000000001030307")
FRAMES = [
    ethernet(ipv4(tcp(options=OPTIONS))),
    ethernet(b"\0\5\x08\0" + ipv4(tcp(flags=16, text=b"hello")), 0x8100),
    ethernet(ipv6(b"\6\0\1\4\0\0\0\0" + tcp(A6, B6, options=b"\1\1\5\x0a" + bytes(8)), proto=0), 0x86DD),
    ethernet(ipv4(b"\0\0\x08\0" + ipv4(tcp()), proto=47)),
]
EVENTS = [
    {"at": "a", "call": "OPEN", "args": {"passive": False}},
    {"from": "a", "segment": "S 100:100(0) win 65535 <mss 1460,nop,wscale 7>", "time": 0.5},
    {"from": "b", "flags": "SYN,ACK", "seq": 300, "ack": 101, "options": {"mss": 1460, "sack": [[1, 2]]}},
    {"at": "a", "state": "SOME", "tcb": {"SND.UNA": 101}},
    {"at": "b", "timeout": "TIMER", "note": "grün"},
]
HEADER = {"schema": "tcpmodel/trace/1", "title": "t", "endpoints": {"a": "10.0.0.1:1", "b": "[fd00::1]:2"}}
DOCUMENT = json.dumps(HEADER | {"events": EVENTS}, indent=1, ensure_ascii=False).encode()
LINES = "\n".join(json.dumps(each) for each in [HEADER, *EVENTS]).encode()
CLOCK = option(2, b"eth0") + option(9, b"\x09") + option(0, b"")
TRACES = {
    "pcap": pcap(*FRAMES),
    "pcap, big endian": pcap(*FRAMES, order=">", magic=0xA1B23C4D),
    "pcapng": section() + interface(options=CLOCK) + b"".join(map(enhanced, FRAMES)) + simple(FRAMES[0]),
    "pcapng, big endian": section(">")
    + interface(order=">")
    + b"".join(enhanced(f, order=">") for f in FRAMES),
    "snoop": snoop(*FRAMES),
    "json": DOCUMENT,
    "json lines": LINES,
    "pcap, gzip": gzip.compress(pcap(*FRAMES), mtime=0),
    "json, gzip": gzip.compress(DOCUMENT, mtime=0),
}


def drain(data: bytes) -> tuple[list[Event], TraceError | None]:
    """The events that come out of these octets, and the error that ended them."""
    events: list[Event] = []
    try:
        for event in open_trace("-", stdin=io.BytesIO(data)):
            events.append(event)  # noqa: PERF402 (what came before an error must be kept)
    except TraceError as error:
        return events, error
    return events, None


def ends_of(name: str) -> list[int]:
    """Where each event of a trace ends, for the formats in which that is a matter of lengths."""
    header, record, pad = {"pcap": (24, 16, 1), "snoop": (16, 24, 4)}[name]
    ends = [header]
    for frame in FRAMES:
        ends.append(ends[-1] + record + len(frame) + -len(frame) % pad)
    return ends


@pytest.mark.parametrize("name", TRACES)
def test_a_trace_cut_anywhere_yields_what_was_before(name: str) -> None:
    data = TRACES[name]
    whole, error = drain(data)
    assert error is None
    assert len(whole) == (5 if name.startswith(("json", "pcapng")) and name != "pcapng, big endian" else 4)
    counts = []
    for size in range(len(data)):
        events, error = drain(data[:size])
        assert events == whole[: len(events)]
        assert error is None or str(error).startswith("<stdin>:")
        assert error is not None or ("gzip" not in name and name != "json")
        counts.append(len(events))
    assert counts == sorted(counts)
    assert set(counts) >= set(range(len(whole)))


@pytest.mark.parametrize("name", ["pcap", "snoop"])
def test_a_cut_is_silent_only_between_packets(name: str) -> None:
    data, ends = TRACES[name], ends_of(name)
    assert ends[-1] == len(data)
    for size in range(1, len(data)):
        events, error = drain(data[:size])
        assert (error is None) == (size in ends)
        assert len(events) == sum(end <= size for end in ends[1:])


def test_the_place_of_a_cut_is_named() -> None:
    data = TRACES["pcap"]
    _, error = drain(data[:-1])
    assert error is not None
    assert (error.frame, error.offset) == (4, ends_of("pcap")[3])
    assert str(error).startswith(f"<stdin>: frame 4 (offset {error.offset}): the file ends inside a packet")


def test_a_cut_document_names_line_and_column() -> None:
    text = '{"schema": "tcpmodel/trace/1", "endpoints": {},\n "events": [\n  {"from": "10.0.0.1'
    _, error = drain(text.encode())
    assert str(error) == "<stdin>:3:12: unterminated string starting at"


def test_damaged_gzip_gives_all_that_was_before_the_damage() -> None:
    plain = pcap(*(FRAMES * 300))
    packed = bytearray(gzip.compress(plain, mtime=0))
    packed[-3] ^= 0xFF
    events, error = drain(bytes(packed))
    assert len(events) == 1200
    assert "damaged" in str(error)


def flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] = chance.randrange(256)


def insert(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.randbytes(chance.randrange(1, 9))


def remove(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randrange(1, 9)]


def extreme(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at : at + 4] = chance.choice(
        (b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"[[[[", b'"\\ud', b"1e99")
    )


@pytest.mark.parametrize("name", TRACES)
def test_random_damage_raises_nothing_but_trace_errors(name: str) -> None:
    chance = random.Random(9293)
    damages: list[Callable[[bytearray, random.Random], None]] = [flip, insert, remove, extreme]
    outcomes = set()
    for _ in range(1500):
        data = bytearray(TRACES[name])
        for _ in range(chance.randrange(1, 5)):
            chance.choice(damages)(data, chance)
        outcomes.add(drain(bytes(data))[1] is None)
    assert False in outcomes


@pytest.mark.parametrize(
    "hostile",
    [
        b"{" + b'"a":{' * 100_000,
        b'{"schema":"tcpmodel/trace/1","events":' + b"[" * 100_000,
        b'{"schema":"tcpmodel/trace/1","x":' + b"9" * 10_000 + b"}",
        b'{"schema":"tcpmodel/trace/1","x":1e999999999999999999999}',
        b'{"schema":"tcpmodel/trace/1","x":NaN}',
        b'{"schema":"tcpmodel/trace/1","title":"\\ud800","events":[]}',
        b'{"schema":"tcpmodel/trace/1","endpoints":{"\\ud800":"10.0.0.1:1"},"events":[]}',
        b'{"schema":"tcpmodel/trace/1","title":"\xff","events":[]}',
        b'{"schema":"tcpmodel/trace/1"}\n' + b"[" * 100_000,
        b'{"schema":"tcpmodel/trace/1"}\n{"at":"a","state":"\xff"}',
        b'{"schema":"tcpmodel/trace/1","events":[{"at":"a","state":"","time":1e-999999999}]} x',
        b'{"schema":"tcpmodel/trace/1","events":[{"at":"a","state":"","time":1e999999}]}',
        b"\xef\xbb\xbf{",
        b"[]",
    ],
)
def test_hostile_json_is_a_trace_error(hostile: bytes) -> None:
    events, error = drain(hostile)
    assert (events, error is None) == ([], False)
    assert str(error).isprintable()
