"""Runs of two endpoints as traces that hide nothing: `verify` accepts each, and none that differs in what matters.

RUNS=1000 pytest tests/prove/test_run_traces.py takes as many random runs; without it a tenth is taken.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path as File
from random import Random
from typing import Any

import pytest

from tcpmodel.compile import load_steps
from tcpmodel.prove.explore import random_run
from tcpmodel.prove.explore.trace import Trace
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.trace import Arrival, Call, Event, Observation, Segment, Timeout, open_trace
from tcpmodel.verify import Options, verify
from tcpmodel.verify.checker import check

RUNS, LENGTH = int(os.environ.get("RUNS", "100")), 40
SCENARIOS = ("random", "random-established")


@cache
def model() -> Model:
    return load()


def traces(count: int = RUNS) -> Iterator[Trace]:
    for seed in range(count):
        yield random_run(seed, LENGTH, scenario=SCENARIOS[seed % 2], models=model()).trace("a run")


class Told:
    """A trace in memory that hides nothing."""

    file, vantage, complete, hidden, packets, tcp_segments = "told", "", True, False, 0, 0

    def __init__(self, events: list[Event]) -> None:
        self.events = events

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)


def judged(reader: Any, events: list[Event]) -> str:
    """The one verdict, whose witness the checker has accepted."""
    steps = load_steps()
    verdict = verify(reader, steps, Options(witness=True))
    assert check(verdict, events, steps, hidden=False) == []
    (connection,) = verdict.connections
    assert connection.assumptions == []
    return connection.verdict


def test_every_random_run_is_replayed_as_it_happened(tmp_path: File) -> None:
    file, kinds = tmp_path / "run.json", Counter[type]()
    for trace in traces():
        trace.save(file)
        reader = open_trace(file)
        events = list(open_trace(file))
        assert events == list(trace)
        assert judged(reader, events) == "conforming", trace
        kinds.update(map(type, events))
    assert len(kinds) == 6, "of every kind of event there is one"


def test_what_both_endpoints_have_come_to_is_told_at_the_end() -> None:
    variables = {name for name, _, type in load_steps().VARIABLES if type != "state"}
    for trace in traces(20):
        a, b = trace.events[-2:]
        for end in (a, b):
            assert isinstance(end, Observation) and end.state in model().states and end.owes is not None
            assert end.tcb.keys() <= variables and len(variables - end.tcb.keys()) <= 3, "times that are long past"
        assert isinstance(a, Observation) and isinstance(b, Observation) and a.endpoint != b.endpoint


Change = Callable[[Any, Random], Event | None]


def another_value(event: Observation, random: Random) -> Event:
    name = random.choice(sorted(event.tcb))
    value = event.tcb[name]
    other = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}1:2"
    return replace(event, tcb={**event.tcb, name: other})


def another_state(event: Observation, random: Random) -> Event:
    return replace(event, state=random.choice([name for name in model().states if name != event.state]))


def another_answer(event: Observation, random: Random) -> Event:
    assert event.owes is not None
    return replace(event, owes=event.owes[1:] if event.owes else (Segment(0, -1, "", "", seq=5, ack=5, flags=16),))


def another_number(event: Segment, random: Random) -> Event:
    return replace(event, seq=(event.seq + 100_000) % (1 << 32))


def left_out(event: Event, random: Random) -> None:
    return None


# what is changed, how, and how many of ten such runs the model does not allow at least
CHANGES: list[tuple[type[Any], Change, int]] = [
    (Observation, another_value, 10),
    (Observation, another_state, 10),
    (Observation, another_answer, 10),
    (Segment, another_number, 9),
    (Timeout, left_out, 5),
    (Call, left_out, 7),
    (Arrival, left_out, 4),
]


@pytest.mark.parametrize(("kind", "change", "least"), CHANGES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_run_that_was_changed_is_none(kind: type[Any], change: Change, least: int) -> None:
    """Not every event makes a difference in the end, and one initial sequence number is as good as another."""
    verdicts = Counter[str]()
    for seed, trace in enumerate(traces(RUNS // 2)):
        random, events = Random(seed), list(trace)
        places = [place for place, event in enumerate(events) if isinstance(event, kind)]
        if places:
            place = random.choice(places)
            changed = change(events[place], random)
            events[place : place + 1] = [changed] if changed else []
            verdicts[judged(Told(events), events)] += 1
    assert verdicts["violation"] >= least * verdicts.total() / 10 > 0


def test_events_in_any_order_are_judged_and_the_witness_is_accepted() -> None:
    verdicts = Counter[str]()
    for seed, trace in enumerate(traces(RUNS // 4)):
        events = shuffled(list(trace), Random(seed))
        verdicts[judged(Told(events), events)] += 1
    assert verdicts["violation"] > verdicts["conforming"]


def shuffled(events: list[Event], random: Random) -> list[Event]:
    """The events in another order, no segment arriving before it was sent; frames are counted anew."""
    random.shuffle(events)
    numbers: dict[int, int] = {}
    for event in events:
        if isinstance(event, Segment):
            numbers[event.frame] = len(numbers) + 1
    found: list[Event] = []
    sent = 0
    for event in events:
        if isinstance(event, Segment):
            sent += 1
            found.append(replace(event, frame=sent))
        elif isinstance(event, Arrival):
            if numbers[event.segment] <= sent:
                found.append(replace(event, segment=numbers[event.segment], frame=sent))
        else:
            found.append(replace(event, frame=sent))
    return found
