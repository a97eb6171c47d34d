"""Claims about every path of the state diagram, and about the diagram as a whole: data in specs/properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("networkx")
pytest.importorskip("z3")

from tcpmodel.compile import load_steps
from tcpmodel.prove.load import load_properties
from tcpmodel.prove.methods import diagram, graph
from tcpmodel.prove.obligation import decide
from tcpmodel.prove.property import BOUNDED, PROVED, REFUTED
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.units import Subject, context_of
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.spec.reader import documents
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Source
from tcpmodel.trace import open_trace
from tcpmodel.verify import verify

RFC = Subject()
OURS = [name for name, item in context_of(RFC).properties.properties.items() if item.method in ("graph", "diagram")]
BROKEN = [
    (name, mutant.variant)
    for name in OURS
    for mutant in context_of(RFC).properties.properties[name].mutants
    if mutant.variant
]


def claim(text: str, model: Model | None = None) -> tuple[graph.Claim, Report]:
    report = Report()
    (node,) = documents(Source("test.yaml", text), report)
    found = graph.read(Fields(node, Shape("a property", (), graph.KEYS), report), Words(model or load()), report)
    return found, report


def around(text: str, **broken: Any) -> str | None:
    model = load(**broken)
    path = graph.path_around(model, claim(text, model)[0])
    return None if path is None else " ".join(path)


@pytest.mark.parametrize("name", OURS)
def test_what_the_diagram_shows_is_proved(name: str) -> None:
    (result,) = prove([name], Settings(RFC, jobs=1))
    assert (result.result, result.reason, result.obligations) == (PROVED, "", 2)


@pytest.mark.parametrize(("name", "variant"), BROKEN)
def test_a_known_bug_breaks_it(name: str, variant: str) -> None:
    (result,) = prove([name], Settings(Subject(variants=(variant,)), jobs=1))
    assert result.result != PROVED and result.failures


def test_a_mutant_written_in_place_has_a_diagram_of_its_own() -> None:
    (result,) = prove(["active-close-waits"], Settings(Subject(mutant="active-close-waits/CLOSING does not wait")))
    assert result.reason.endswith("CLOSING (rcv ACK of FIN) CLOSED")


def test_the_shortest_path_is_shown() -> None:
    avoiding = "[reset.open, text.not-read, close.unread, call ABORT, crash, timeout USER]"
    text = f"{{from: FIN-WAIT-2, through: TIME-WAIT, to: CLOSED, avoiding: {avoiding}}}"
    assert around(text) is None
    assert around(text, variants=("no-time-wait",)) == "FIN-WAIT-2 (rcv FIN) CLOSED"
    assert around("{from: LISTEN, through: crash, to: CLOSED}") == "LISTEN (CLOSE) CLOSED"


def test_without_what_is_avoided_there_are_other_paths() -> None:
    text = "{from: FIN-WAIT-2, through: TIME-WAIT, to: CLOSED, avoiding: [%s]}"
    assert around(text % "call ABORT, crash, timeout USER, text.not-read") == "FIN-WAIT-2 (rcv RST) CLOSED"


def test_a_path_begins_behind_the_rule_it_begins_at() -> None:
    assert around("{from: [close.close-wait], through: [ack.last-ack], to: [CLOSED], avoiding: crash}") is not None
    assert around("{from: [listen.syn], through: [ESTABLISHED], to: [SYN-RECEIVED]}") == "SYN-RECEIVED"


def test_what_leaves_of_its_own_accord_changes_states_too() -> None:
    steps = graph.steps_of(load())
    assert any(edge["event"] == "output" for edge in steps["FIN-WAIT-2"]["TIME-WAIT"].values())


def test_where_no_path_leads_nothing_is_proved() -> None:
    context = context_of(RFC)
    item = context.properties.properties["active-close-waits"]
    empty, _ = claim("{from: CLOSED, through: TIME-WAIT, to: LISTEN, avoiding: [call OPEN]}")
    (obligation,) = graph.obligations(type(item)(**{**vars(item), "claim": empty}), graph.REACHED, context)
    assert decide(obligation, 1.0).holds is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{from: TIME-WAITS, through: CLOSED, to: CLOSED}", "neither a state, a rule nor an event: 'TIME-WAITS'"),
        ("{from: CLOSED, through: CLOSED, to: CLOSED, avoiding: call ABROT}", "'call ABROT'"),
        ("{from: CLOSED, through: CLOSED}", "a property of paths needs 'to'"),
    ],
)
def test_names_are_checked(text: str, said: str) -> None:
    assert said in "\n".join(item.message for item in claim(text)[1].found)


def test_the_list_of_what_the_figure_leaves_out_is_exact() -> None:
    item = context_of(RFC).properties.properties["diagram-of-the-rfc"]
    listed: frozenset[diagram.Arrow] = item.claim.arrows
    gone = min(listed)
    for part, change in ((diagram.MISSING, listed - {gone}), (diagram.NEEDLESS, listed | {("CLOSED", "CLOSED", "x")})):
        wrong = type(item)(**{**vars(item), "claim": diagram.Claim(change, "")})
        (obligation,) = diagram.obligations(wrong, part, context_of(RFC))
        answer = decide(obligation, 1.0)
        assert answer.holds is False
        assert ("x" if part == diagram.NEEDLESS else gone[2]) in diagram.explain(wrong, answer, context_of(RFC)).reason


def test_every_property_of_the_diagram_can_be_read_under_a_profile() -> None:
    assert set(OURS) <= set(load_properties(load(profile="rfc793")).properties)


def test_who_ignores_resets_in_time_wait_leaves_it_by_its_timer_only() -> None:
    """RFC 1337, fix F1; RFC 9293 itself takes a RST that is exact."""
    text = "{from: TIME-WAIT, through: [time-wait-timeout.expires], to: CLOSED, avoiding: [%s]}"
    others = "call ABORT, timeout USER, crash, time-wait.syn.reopens"
    assert around(text % others) == "TIME-WAIT (rcv RST) CLOSED"
    assert around(text % others, profile="rfc1337") is None


def test_a_run_tells_two_readings_of_the_rfc_apart(tmp_path: Path) -> None:
    name = "request-in-window"
    (ours,), (theirs,) = (list(prove([name], Settings(Subject(profile=p), jobs=1))) for p in (None, "rfc793"))
    assert (ours.result, theirs.result) == (BOUNDED, REFUTED)
    (tmp_path / "run.json").write_text(json.dumps(theirs.counterexample))
    codes = {}
    for profile in (None, "rfc793"):
        with open_trace(str(tmp_path / "run.json")) as reader:
            found = verify(reader, load_steps(profile=profile)).connections
            codes[profile] = {item.code for one in found for item in one.findings if item.level == "must"}
    assert codes[None] and not codes["rfc793"]
