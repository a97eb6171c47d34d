"""Incarnations of one 4-tuple, several connections in one trace, and what is forgotten once it is over."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest
from verify_play import HANDSHAKE, A, B, Played, parse, replay

import tcpmodel.verify
from tcpmodel.compile import load_steps
from tcpmodel.verify import Options, Replay, verify
from tcpmodel.verify.connection import Connection
from tcpmodel.verify.hypothesis import Hypothesis

FIRST = (
    *HANDSHAKE,
    "a F. 101:101(0) ack 301",
    "b F. 301:301(0) ack 102",
    "a . 102:102(0) ack 302",
)
SECOND = (
    "b S 7300:7300(0) <mss 1460>",
    "a S. 9100:9100(0) ack 7301 <mss 1460>",
    "b . 7301:7301(0) ack 9101",
    "b P. 7301:7401(100) ack 9101",
    "a . 9101:9101(0) ack 7401",
)
MINUTE = 60 * 10**9


def later(items: list[Any], number: int, by: int) -> list[Any]:
    for item in items[number:]:
        item.time += by
    return items


def test_each_incarnation_has_a_verdict_of_its_own() -> None:
    first, second = replay(later(parse(*FIRST, *SECOND), 6, 9 * MINUTE)).connections
    assert (first.a, first.b, first.frames, first.segments, first.incarnation) == (A, B, (1, 6), 6, 0)
    assert (second.a, second.b, second.frames, second.segments, second.incarnation) == (B, A, (7, 11), 5, 1)
    assert (first.verdict, second.verdict) == ("conforming", "conforming")
    assert second.states["a"][-1] == (8, "ESTABLISHED") and first.states["b"][-1] == (6, "CLOSED")


def test_what_is_wrong_with_one_is_not_held_against_the_other() -> None:
    texts = [*FIRST, *SECOND[:-1], "a . 9101:9101(0) ack 7351"]
    first, second = replay(later(parse(*texts), 6, 9 * MINUTE), complete=True).connections
    assert (first.verdict, first.findings) == ("conforming", [])
    assert [(f.endpoint, f.frame) for f in second.findings if f.level == "must"] == [(A, 11)]


def test_the_witness_of_each_has_the_steps_of_each() -> None:
    for verdict in replay(later(parse(*FIRST, *SECOND), 6, 9 * MINUTE)).connections:
        low, high = verdict.frames
        sent = sorted(row[1] for run in verdict.witness.values() for row in run if row[0] == "send")
        assert sent == list(range(low, high + 1))


def renamed(items: list[Any], host: str) -> list[Any]:
    """The same connection from another host."""
    copies = [copy(item) for item in items]
    for item in copies:
        item.src, item.dst = (x.replace("10.0.0.1", host) for x in (item.src, item.dst))
    return copies


def test_connections_of_a_trace_are_told_apart_however_they_interleave() -> None:
    one, two = parse(*HANDSHAKE), renamed(parse(*HANDSHAKE[:2], "a . 101:101(0) ack 999"), "10.0.0.9")
    mixed = [item for pair in zip(one, two, strict=True) for item in pair]
    for frame, item in enumerate(mixed, 1):
        item.frame = frame
    first, second = replay(mixed, complete=True).connections
    assert (first.a, first.frames, first.verdict) == (A, (1, 5), "conforming")
    assert (second.a, second.frames, second.verdict) == ("10.0.0.9:40000", (2, 6), "violation")


def test_the_same_addresses_in_another_carrier_are_another_connection() -> None:
    one, two = parse(*HANDSHAKE), parse(*HANDSHAKE)
    for item in two:
        item.carrier, item.frame = "vlan 5", item.frame + 3
    first, second = replay([*one, *two]).connections
    assert (first.carrier, second.carrier, second.verdict) == ("", "vlan 5", "conforming")


def many(total: int) -> Iterator[Any]:
    """Short connections one after the other, from hosts of their own, a second apart."""
    texts = parse(*HANDSHAKE, "a R. 101:101(0) ack 301 win 0")
    for number in range(total):
        for item in renamed(texts, f"10.1.{number >> 8}.{number & 255}"):
            item.frame += 4 * number
            item.time += number * 10**9
            yield item


def test_finished_connections_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long quiet 4-tuples are reported and dropped: what is live does not grow with the trace."""
    monkeypatch.setattr(tcpmodel.verify, "SWEEP", 100)
    live: list[int] = []
    run = Replay(load_steps())
    for item in many(3000):
        run.feed(item)
        if item.frame % 400 == 0:
            live.append(len(run.live))
    quiet = tcpmodel.verify.QUIET // 10**9
    assert max(live) <= quiet + 30 and len(run.directions) <= 2 * max(live)
    assert len(run.latest) <= max(live) + 1
    assert len(run.done) >= 3000 - quiet - 30
    gc.collect()
    assert sum(isinstance(thing, Connection) for thing in gc.get_objects()) <= max(live) + 5
    verdicts = run.finish()
    assert len(verdicts) == 3000 and {v.verdict for v in verdicts} == {"conforming"}


def test_a_connection_that_is_over_keeps_nothing_to_go_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcpmodel.verify, "SWEEP", 10)
    run = Replay(load_steps())
    for item in many(40):
        run.feed(item)
    resting = list(run.live.values())[:-10]
    assert len(resting) >= 25
    assert {len(end.log) for c in resting for end in c.ends.values()} == {0}
    assert {len(c.recent) for c in resting} == {0}


def bulk(total: int) -> Iterator[Any]:
    """One connection with this many segments of text, each acknowledged."""
    items = parse(*HANDSHAKE, "a P. 101:201(100) ack 301", "b . 301:301(0) ack 201")
    yield from items[:3]
    for number in range(total):
        for original in items[3:]:
            item = copy(original)
            item.frame += 2 * number
            item.time += number * 10**6
            item.seq += 100 * number * (item.src == A)
            item.ack += 100 * number * (item.src == B)
            yield item


def test_a_long_clean_connection_is_replayed_in_constant_memory() -> None:
    run = Replay(load_steps())
    held = []
    for item in bulk(4000):
        run.feed(item)
        if item.frame in (1003, 8003):
            gc.collect()
            held.append(sum(isinstance(thing, Hypothesis) for thing in gc.get_objects()))
    assert held[1] <= held[0] + 4
    (verdict,) = run.finish()
    assert (verdict.verdict, verdict.segments) == ("conforming", 8003)


def test_no_witness_unless_asked_for() -> None:
    items = parse(*HANDSHAKE)
    assert verify(Played(items), load_steps()).connections[0].witness == {}
    assert set(verify(Played(items), load_steps(), Options(witness=True)).connections[0].witness) == {"a", "b"}
