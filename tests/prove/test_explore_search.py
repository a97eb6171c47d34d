"""The shortest path to a condition, its trace, and what the verifier makes of it; random runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path as File

import pytest

from tcpmodel.compile import load_steps
from tcpmodel.errors import UsageError
from tcpmodel.prove.explore import Condition, Path, Situation, Statistics, random_run, scenario, scenarios, search
from tcpmodel.report.ladder import ladder_text
from tcpmodel.spec import load
from tcpmodel.trace import Observation, Segment, open_trace
from tcpmodel.verify import ConnectionVerdict, verify


def unconfirmed(now: Situation) -> bool:
    """b is open, though nobody has acknowledged its SYN."""
    return now.b.state == "ESTABLISHED" and now["B.SND.UNA"] == now["B.ISS"]


def forgotten(now: Situation) -> bool:
    """a, which closed first, has no connection any more, though b still waits for its last acknowledgment."""
    return (now.a.state, now.b.state) == ("CLOSED", "LAST-ACK")


# scenario, condition, variant, steps of the shortest path
FOUND: list[tuple[str, Condition, str, int]] = [
    ("stale-syn", unconfirmed, "two-way-handshake", 3),
    ("closing", forgotten, "no-time-wait", 6),
]


def found(name: str, condition: Condition, variant: str) -> Path:
    path = search(scenario(name), condition, models=load(variants=(variant,)))
    assert path is not None
    return path


def judged(file: File, variants: tuple[str, ...] = ()) -> ConnectionVerdict:
    (verdict,) = verify(open_trace(file), load_steps(variants=variants)).connections
    return verdict


@pytest.mark.parametrize(("name", "condition", "variant", "steps"), FOUND)
def test_a_variant_is_refuted_by_its_shortest_path(
    name: str, condition: Condition, variant: str, steps: int, tmp_path: File
) -> None:
    path = found(name, condition, variant)
    assert len(path) == steps
    assert condition(path.last) and not any(condition(step.after) for step in path.steps[path.begins : -1])
    path.trace(variant).save(tmp_path / "path.json")
    own, standard = judged(tmp_path / "path.json", (variant,)), judged(tmp_path / "path.json")
    assert (own.verdict, own.assumptions) == ("conforming", [])
    assert standard.verdict == "violation"
    segments = [event for event in path.trace() if isinstance(event, Segment)]
    assert ladder_text(own, segments).count("\n") == len(segments) + 2


@pytest.mark.parametrize(("name", "condition"), [(name, condition) for name, condition, *_ in FOUND])
def test_the_standard_withstands_what_the_scenario_allows(name: str, condition: Condition) -> None:
    statistics = Statistics()
    limited = replace(scenario(name), flying=1)
    assert search(limited, condition, models=load(), statistics=statistics, steps=True) is None
    assert statistics.complete and statistics.states > 500, statistics.bound


def test_a_bound_that_is_reached_is_said() -> None:
    statistics = Statistics()
    assert search(scenario("stale-syn"), unconfirmed, models=load(), depth=4, statistics=statistics) is None
    assert not statistics.complete
    assert statistics.bound == f"up to 4 steps: {statistics.states} states, {statistics.steps} steps"


def test_the_endpoints_may_follow_different_texts() -> None:
    standard, variant = load(), load(variants=("two-way-handshake",))
    listener = search(scenario("stale-syn"), unconfirmed, models=(standard, variant))
    assert listener is not None and len(listener) == 3
    assert search(scenario("stale-syn"), unconfirmed, models=(variant, standard), depth=8) is None


def test_ghosts_tell_lives_of_a_connection_apart() -> None:
    """The listener is open towards a life of the peer that has ended, and the peer has begun another."""
    path = search(
        scenario("stale-syn"), lambda now: now.b.state == "ESTABLISHED" and now.a.incarnation > now.b.peer,
        models=load(variants=("two-way-handshake",)),
    )  # fmt: skip
    assert path is not None
    assert (path.last.a.incarnation, path.last.b.peer, path.last.b.incarnation) == (2, 1, 1)
    assert [step.text for step in path.steps if step.kind == "happens"] == [
        "call OPEN passive=True", "call OPEN", "call ABORT", "call OPEN",
    ]  # fmt: skip


def test_what_is_lost_or_late_is_noted(tmp_path: File) -> None:
    late = search(
        replace(scenario("stale-syn"), losses=1),
        lambda now: now.state.losses == 1 and now.b.peer == 2,
        models=load(),
    )  # fmt: skip
    assert late is not None
    trace = late.trace("lost")
    assert list(trace.notes.values()) == ["never arrives"]
    trace.save(tmp_path / "lost.json")
    assert '"note": "never arrives"' in (tmp_path / "lost.json").read_text()
    assert judged(tmp_path / "lost.json").verdict == "conforming"
    assert isinstance(trace.events[-1], Observation)


CLOSED_BY_A = (
    "a call CLOSE", "a sends FIN,ACK", "b gets FIN,ACK", "b call CLOSE", "b sends FIN,ACK", "a gets FIN,ACK",
)  # fmt: skip


def test_the_clock_lets_time_wait_expire_and_segments_grow_old() -> None:
    """TIME-WAIT lasts eight ticks of a quarter of the maximum segment lifetime; what is older than four is gone."""
    timed = replace(
        scenario("closing"), ticks=9, flying=1, start=scenario("closing").start + CLOSED_BY_A,
        events=({"timeout TIME-WAIT": 1}, {}),
    )  # fmt: skip
    path = search(timed, lambda now: "time-wait-timeout.expires" in now.rules, models=load(), steps=True)
    assert path is not None
    assert [step.kind for step in path.steps[path.begins :]] == ["tick"] * 8 + ["happens"]
    assert search(timed, lambda now: any(item.age == 4 for item in now.flying), models=load()) is not None
    assert search(timed, lambda now: any(item.age > 4 for item in now.flying), models=load()) is None


def test_scenarios_are_known_by_name() -> None:
    assert {"base", "stale-syn", "closing", "random"} <= set(scenarios())
    with pytest.raises(UsageError, match="did you mean 'stale-syn'"):
        scenario("stale-sin")


def test_random_runs_repeat_and_get_everywhere() -> None:
    runs = [random_run(seed, 40) for seed in range(40)]
    unlearned = replace(scenario("random"), name="random runs anew")
    assert [str(random_run(seed, 40, scenario=unlearned)) for seed in (30, 7)] == [str(runs[30]), str(runs[7])]
    runs += [random_run(seed, 40, scenario="random-established") for seed in range(40)]
    states = {end.state for run in runs for step in run.steps for end in (step.after.a, step.after.b)}
    assert states == set(load().states)
    assert {step.kind for run in runs for step in run.steps} == {
        "happens", "sends", "arrives", "copy arrives", "lost", "tick",
    }  # fmt: skip


def test_every_step_of_a_random_run_is_one_of_the_model() -> None:
    """Played again with the step functions alone, from the segments and the rules that the run reports."""
    names = list(load().rules)
    for seed in range(20):
        run = random_run(seed, 30)
        before = run.initial
        for step in run.steps:
            pairs = {"a": (before.a, step.after.a), "b": (before.b, step.after.b)}
            moved = {end for end, (old, new) in pairs.items() if old.tcb.key() != new.tcb.key()}
            assert step.kind == "tick" or moved <= {step.end}, (seed, str(step))
            assert set(step.rules) <= set(names)
            assert step.rules or step.kind in ("tick", "lost")
            before = step.after
