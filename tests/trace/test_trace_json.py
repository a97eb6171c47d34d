"""JSON traces by hand: what may be left out, what each error says and where, and the published schema."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import tcpmodel.trace
from tcpmodel.errors import TraceError
from tcpmodel.trace import Arrival, Call, Event, Observation, Restart, Segment, Timeout, open_trace
from tcpmodel.trace.notation import NotationError, parse_segment, to_packetdrill

BASE = {"schema": "tcpmodel/trace/1", "endpoints": {"a": "10.0.0.1:40000", "b": "10.0.0.2:80"}}
SCHEMA = json.loads(Path(tcpmodel.trace.__file__).with_name("trace.schema.json").read_text())


def load(text: str) -> list[Event]:
    return list(open_trace("-", stdin=io.BytesIO(text.encode())))


def refusal(text: str) -> str:
    with pytest.raises(TraceError) as caught:
        load(text)
    return str(caught.value).removeprefix("<stdin>:").strip()


def test_the_kinds_of_event() -> None:
    events = load(
        json.dumps(
            BASE
            | {
                "events": [
                    {"call": "OPEN", "at": "a", "args": {"passive": False}},
                    {"from": "a", "segment": "S 100:100(0) win 65535 <mss 1460>", "time": 0.0},
                    {
                        "from": "b",
                        "flags": "SYN,ACK",
                        "seq": 300,
                        "ack": 101,
                        "win": 9,
                        "options": {"mss": 1460},
                    },
                    {"timeout": "USER", "at": "a", "time": 1.5},
                    {"at": "b", "state": "SOME", "tcb": {"SND.UNA": 101}},
                    {"restart": True, "at": "a"},
                    {"at": "b", "owes": ["R. 0:0(0) ack 101 win 9"]},
                ]
            }
        )
    )
    a, b = "10.0.0.1:40000", "10.0.0.2:80"
    assert events == [
        Call(a, "OPEN", {"passive": False}, 0, -1),
        Segment(1, 0, a, b, seq=100, flags=2, len=1, wnd=65535, mss=1460),
        Segment(2, -1, b, a, seq=300, ack=101, flags=18, len=1, wnd=9, mss=1460),
        Timeout(a, "USER", 2, 1_500_000_000),
        Observation(b, "SOME", {"SND.UNA": 101}, 2, -1),
        Restart(a, 2, -1),
        Observation(b, "", {}, 2, -1, (Segment(0, -1, "", "", ack=101, wnd=9, flags=20),)),
    ]


def test_where_nothing_is_hidden_arrivals_are_told_of() -> None:
    text = document(GOOD, {"from": "b", "flags": "RST"}, {"arrives": 2}, {"arrives": 1, "time": 2}, hidden=False)
    a, b = "10.0.0.1:40000", "10.0.0.2:80"
    assert load(text)[2:] == [Arrival(a, 2, 2, -1), Arrival(b, 1, 2, 2_000_000_000)]


def test_where_nothing_is_hidden_a_segment_may_be_forged() -> None:
    forged, own = load(document(GOOD | {"forged": True}, GOOD | {"forged": False}, hidden=False))
    assert isinstance(forged, Segment) and isinstance(own, Segment)
    assert (forged.forged, own.forged, forged.src) == (True, False, own.src)


def test_endpoints_may_be_left_out_or_be_addresses() -> None:
    (first, second) = load(
        '{"schema":"tcpmodel/trace/1","events":[{"from":"a","segment":"S 1:1(0)"},'
        '{"from":"[FD00:0::1]:7","to":"b","flags":["RST"],"len":3}]}'
    )
    assert isinstance(first, Segment)
    assert isinstance(second, Segment)
    assert (first.src, first.dst) == ("192.0.2.1:40000", "192.0.2.2:80")
    assert (second.src, second.dst, second.flags, second.len) == ("[fd00::1]:7", "192.0.2.2:80", 4, 3)


def test_times_keep_every_nanosecond() -> None:
    (event,) = load(
        '{"schema":"tcpmodel/trace/1","events":[{"at":"a","state":"","time":1700000000.123456789}]}'
    )
    assert event.time == 1_700_000_000_123_456_789


def test_lines_are_read_like_a_document() -> None:
    lines = [json.dumps(BASE), "", '{"from":"a","segment":"S 1:1(0)"}', '  {"at":"a","timeout":"USER"}  ', ""]
    assert [type(event) for event in load("\n".join(lines))] == [Segment, Timeout]


def document(*events: object, **header: object) -> str:
    return json.dumps(BASE | header | {"events": events})


GOOD = {"from": "a", "segment": "S 1:1(0)"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (document(schema="other/1"), "$.schema: must be 'tcpmodel/trace/1', not 'other/1'"),
        (document(titel="x"), "$: unknown key 'titel'; did you mean 'title'?"),
        (document(title=5), "$.title: must be a line of text, not 5"),
        (document(endpoints={"a": "host:80"}), "$.endpoints.a: 'host:80' is not an address"),
        (document(endpoints={"a": "10.0.0.1"}), "$.endpoints.a: '10.0.0.1' has no port"),
        (document(endpoints=[]), "$.endpoints: must be an object, not a list"),
        (document(vantage="c"), "$.vantage: unknown endpoint 'c'; known: a, b, or an address"),
        (document(complete=1), "$.complete: must be true or false, not 1"),
        (document(hidden=0), "$.hidden: must be true or false, not 0"),
        (document(hidden=False, complete=False), "$.complete: must be true: a trace that hides nothing"),
        (document(GOOD, {"arrives": 1}), 'event 2 ($.events[1].arrives, line 1): needs "hidden": false in the header'),
        (
            document(GOOD, {"arrives": 2}, GOOD, hidden=False),
            "event 2 ($.events[1].arrives, line 1): frame 2 has not been sent yet, there are 1 so far",
        ),
        (document(GOOD | {"forged": True}), 'event 1 ($.events[0].forged, line 1): needs "hidden": false in the'),
        (document(GOOD | {"forged": 1}, hidden=False), "event 1 ($.events[0].forged, line 1): must be true or false"),
        (document(GOOD, {"arrives": 0}, hidden=False), "event 2 ($.events[1].arrives, line 1): must be the number"),
        (document(GOOD, {"arrives": 1, "at": "b"}, hidden=False), "event 2 ($.events[1], line 1): unknown key 'at'"),
        (document({"restart": False, "at": "a"}), "event 1 ($.events[0].restart, line 1): must be true, not false"),
        (document({"at": "a", "owes": 1}), "event 1 ($.events[0].owes, line 1): must be a list of segments, not 1"),
        (document({"at": "a", "owes": ["S"]}), "event 1 ($.events[0].owes[0], line 1): column 2:"),
        (json.dumps(BASE | {"events": 5}), "1:100: expected '['"),
        (document(5), "event 1 ($.events[0], line 1): must be an object, not 5"),
        (document(GOOD, {}), "event 2 ($.events[1], line 1): must have one of"),
        (document(GOOD | {"call": "OPEN"}), "event 1 ($.events[0], line 1): must have one of"),
        (
            document(GOOD | {"tim": 1}),
            "event 1 ($.events[0], line 1): unknown key 'tim'; did you mean 'time'?",
        ),
        (document(GOOD | {"time": "now"}), "event 1 ($.events[0].time, line 1): must be seconds"),
        (document(GOOD | {"time": True}), "event 1 ($.events[0].time, line 1): must be seconds"),
        (document(GOOD | {"cut": 1}), "event 1 ($.events[0].cut, line 1): must be true or false, not 1"),
        (document({"segment": "S 1:1(0)"}), "event 1 ($.events[0], line 1): has no 'from'"),
        (document(GOOD | {"from": "c"}), "event 1 ($.events[0].from, line 1): unknown endpoint 'c'"),
        (document(GOOD | {"from": "1.1.1.1:1"}), "event 1 ($.events[0], line 1): needs 'to'"),
        (document({"call": "OPEN"}), "event 1 ($.events[0], line 1): has no 'at'"),
        (
            document({"call": "OPEN", "at": "a", "args": {"x": None}}),
            "event 1 ($.events[0].args.x, line 1): must be",
        ),
        (
            document({"from": "a", "segment": "S 1:2(0)"}),
            "event 1 ($.events[0].segment, line 1): column 3: 0 octets",
        ),
        (document({"from": "a", "flags": "SIN"}), "event 1 ($.events[0].flags, line 1): unknown flag 'SIN'"),
        (document({"from": "a", "flags": 2}), "event 1 ($.events[0].flags, line 1): must be flags such as"),
        (
            document({"from": "a", "seq": -1}),
            "event 1 ($.events[0].seq, line 1): must be an integer from 0 to 4294967295",
        ),
        (
            document({"from": "a", "options": {"mss": 1.5}}),
            "event 1 ($.events[0].options.mss, line 1): must be",
        ),
        (
            document({"from": "a", "options": {"tfo": 5}}),
            "event 1 ($.events[0].options.tfo, line 1): must be the",
        ),
        (
            document({"from": "a", "options": {"tsecr": 5}}),
            "event 1 ($.events[0].options.tsecr, line 1): needs tsval",
        ),
        (
            document({"from": "a", "options": {"sack": [[1]]}}),
            "event 1 ($.events[0].options.sack[0], line 1): must be",
        ),
        (
            document({"from": "a", "options": {"sack": [[1, "x"]]}}),
            "event 1 ($.events[0].options.sack[0][1], line 1)",
        ),
        (
            document({"from": "a", "options": {"sack": 5}}),
            "event 1 ($.events[0].options.sack, line 1): must be a list",
        ),
    ],
)
def test_errors_name_event_path_and_line(text: str, expected: str) -> None:
    assert refusal(text).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"schema": "tcpmodel/trace/1",\n "events": [\n  {"a": 1,}\n]}', "3:11: "),
        ('{"schema": "tcpmodel/trace/1"\n "events": []}', "2:2: expected ','"),
        ('{"schema": "tcpmodel/trace/1", "schema": 5}', "1:32: the key 'schema' stands twice"),
        ('{"events": [{"at": 1, "at": 2}]}', "1:13: the key 'at' stands twice"),
        ('{"events": [NaN]}', "1:13: NaN is not a JSON number"),
        ('{"events": []} x', "1:16: something follows the end"),
        ('{"schema": "tcpmodel/trace/1"}\n{"at": "a",\n', "2:12: "),
        ('{"schema": "tcpmodel/trace/1"}\n{} {}\n', "2:4: something follows the end of the object"),
        ("[1]", "1:1: expected '{'"),
        ("{5: 1}", "1:2: expected a key in double quotes"),
    ],
)
def test_syntax_errors_name_line_and_column(text: str, expected: str) -> None:
    assert refusal(text).startswith(expected)


def test_errors_in_lines_name_the_line() -> None:
    text = json.dumps(BASE) + '\n{"from":"a","segment":"S 1:1(0)"}\n\n{"at":"a","state":5}\n'
    assert refusal(text) == "event 2 ($.state, line 4): must be a line of text, not 5"


def test_events_before_a_wrong_one_come_out() -> None:
    reader = open_trace("-", stdin=io.BytesIO(document(GOOD, GOOD, {}).encode()))
    with pytest.raises(TraceError, match="event 3"):
        list(reader)
    assert reader.tcp_segments == 2


@pytest.mark.parametrize(
    ("notation", "column"),
    [
        ("", 1), ("X 1:1(0)", 1), ("S", 2), ("S 1", 3), ("S 4294967296:0(0)", 3), ("S 1:2(3)", 3),
        ("S 1:1(0) x", 10), ("S 1:1(0) win", 10), ("S 1:1(0) win 65536", 14), ("S 1:1(0) ack 4294967296", 14),
        ("S 1:1(0) <mss 1", 10), ("S 1:1(0) <mss>", 11), ("S 1:1(0) <mss 70000>", 15),
        ("S 1:1(0) <nop,wscale 256>", 22), ("S 1:1(0) <FO 123>", 11),
        ("S 1:1(0) <sack 1:2 1:2 1:2 1:2 1:2>", 15), ("S 1:1(0) <TS val 9999999999 ecr 1>", 18),
    ],
)  # fmt: skip
def test_errors_in_notation_name_the_column(notation: str, column: int) -> None:
    with pytest.raises(NotationError) as caught:
        parse_segment(notation)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("  S 1:1(0)", "S 1:1(0) win 65535"),
        ("AWEUP.RSF 4294967295:4(5) urg 1 ack 2 win 0", "SFRPUEWA. 4294967295:4(5) ack 2 win 0 urg 1"),
        ("- 0:0(0) <>", "- 0:0(0) win 65535"),
        (". 1:1(0) ack 1 win 5 <nop, nop, TS val 1 ecr 2>", ". 1:1(0) ack 1 win 5 <nop,nop,TS val 1 ecr 2>"),
        ("S 1:1(0) <FOEXP 00112233>", "S 1:1(0) win 65535 <FO 00000000>"),
        ("S 1:1(0) <mss 9,malformed>", "S 1:1(0) win 65535 <mss 9,malformed>"),
    ],
)
def test_notation_is_read_with_some_freedom(written: str, normal: str) -> None:
    assert to_packetdrill(parse_segment(written)) == normal


def accepted(value: object) -> bool:
    try:
        load(json.dumps(value))
    except TraceError:
        return False
    return True


VALUES: list[Any] = [
    None, True, 0, -1, 5, 5.0, 255, 256, 65535, 65536, 2**24 + 1, 2**32 - 1, 2**32, 2**64, 0.5, 1e10,
    "", "SYN", "SYN,ACK", "x,y", "a", "\n", "y" * 2001, [], {}, [[1, 2]], [[1]], [[1, 2]] * 5, ["SYN"], ["x"],
    {"x": 1}, {"x": None}, {"x": 2**64}, {"x": -5.0}, {"mss": 5}, {"tsecr": 1}, {"tsval": 1, "tsecr": 2},
]  # fmt: skip
TEMPLATES: list[dict[str, Any]] = [
    {"from": "a", "flags": "SYN"}, {"from": "a"}, {"from": "a", "segment": "S 1:1(0)"},
    {"call": "C", "at": "a"}, {"timeout": "T", "at": "a"}, {"state": "S", "at": "a"}, {"tcb": {}, "at": "a"},
    {"restart": True, "at": "a"}, {"owes": [], "at": "a"}, {"at": "a"}, {"arrives": 1}, {},
]  # fmt: skip
# what only the reader can know: names, notation, and what an address is
BEYOND_SCHEMA = {"from", "to", "at", "segment", "owes"}


def test_the_published_schema_and_the_reader_agree() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    properties = {key for case in SCHEMA["$defs"]["event"]["oneOf"] for key in case["properties"]}
    keys = (properties | set(SCHEMA["$defs"]["about"]["properties"]) | {"unknown"}) - BEYOND_SCHEMA
    seen = set()
    for template in TEMPLATES:
        for key in sorted(keys):
            for value in VALUES:
                trace = BASE | {"events": [template | {key: value}]}
                verdict = accepted(trace)
                assert validator.is_valid(trace) == verdict, trace["events"]
                seen.add(verdict)
    assert seen == {True, False}


@pytest.mark.parametrize("hidden", [True, False])
def test_the_schema_of_arrivals_agrees(hidden: bool) -> None:
    """Which frames there are is beyond the schema."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator(SCHEMA)
    values = [value for value in VALUES if not isinstance(value, int | float) or value < 5]
    for value in [*values, 1, 1.0, 4]:
        trace = BASE | {"hidden": hidden, "events": [GOOD] * 4 + [{"arrives": value}]}
        assert validator.is_valid(trace) == accepted(trace) <= (not hidden), value
    assert accepted(trace) != hidden


@pytest.mark.parametrize("hidden", [True, False])
def test_the_schema_of_forged_segments_agrees(hidden: bool) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator(SCHEMA)
    for value in VALUES:
        for row in ({"from": "a", "flags": "SYN"}, GOOD, {"call": "C", "at": "a"}):
            trace = BASE | {"hidden": hidden, "events": [row | {"forged": value}]}
            wanted = isinstance(value, bool) and not hidden and "call" not in row
            assert validator.is_valid(trace) == accepted(trace) == wanted, trace


@pytest.mark.parametrize("key", sorted(SCHEMA["$defs"]["options"]["properties"]))
def test_the_schema_of_options_agrees(key: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    verdicts = set()
    for value in VALUES:
        trace = BASE | {"events": [{"from": "a", "options": {"tsval": 1, key: value}}]}
        verdicts.add(accepted(trace))
        assert validator.is_valid(trace) == accepted(trace), value
    assert verdicts == {True, False}


@pytest.mark.parametrize("key", ["schema", "title", "cite", "note", "endpoints", "complete", "hidden", "unknown"])
def test_the_schema_of_the_header_agrees(key: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for value in [*VALUES, {"c": "10.0.0.1:1"}, {"c": "[fd00::1]:1"}, {"c": "host"}]:
        for hidden in ({}, {"hidden": False}):
            trace = BASE | {"events": []} | hidden | {key: value}
            assert validator.is_valid(trace) == accepted(trace), (value, hidden)
