"""Text that comes with a SYN: delivered once by the RFC, twice where a listener hands it over at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("z3")

from tcpmodel.compile import load_steps
from tcpmodel.prove.explore import scenario
from tcpmodel.prove.explore.system import System
from tcpmodel.prove.property import BOUNDED, REFUTED, Result
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.units import Subject
from tcpmodel.spec import load
from tcpmodel.trace import open_trace
from tcpmodel.verify import verify

NAME, VARIANT = "syn-text-once", "accelerated-open"


def decided(*variants: str) -> Result:
    (result,) = prove([NAME], Settings(Subject(variants=variants), jobs=1))
    return result


def verdicts(file: Path, *variants: str) -> list[str]:
    with open_trace(str(file)) as reader:
        return [found.verdict for found in verify(reader, load_steps(variants=variants)).connections]


def test_the_rfc_delivers_it_once() -> None:
    assert decided().result == BOUNDED


def test_the_run_that_delivers_it_twice_keeps_to_the_variant_alone(tmp_path: Path) -> None:
    result, file = decided(VARIANT), tmp_path / "run.json"
    assert result.result == REFUTED and result.counterexample is not None
    file.write_text(json.dumps(result.counterexample), encoding="utf-8")
    assert set(verdicts(file, VARIANT)) == {"conforming"}
    assert "violation" in verdicts(file)


@pytest.mark.parametrize("variants", [(), (VARIANT,)])
def test_it_has_been_delivered_where_the_scenario_begins(variants: tuple[str, ...]) -> None:
    """Otherwise a second delivery would be the first."""
    model = load(variants=variants)
    system = System(scenario("request-with-text"), (model, model))
    (_, state) = system.start()[-1]
    b, local = system.ends[1], state.b
    assert (b.core(local).incarnation, b.core(local).peer) == (1, 1)
    assert b.tcb(local).RCV_NXT == b.tcb(local).IRS + 2
    assert [system.packets.rows[packet].wire.text for _, packet, _ in state.flying] == [1]
