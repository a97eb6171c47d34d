"""Claims of a finite system: what holds is bounded, what does not is refuted by a run, and mutants are found out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("networkx")
pytest.importorskip("z3")

from drawn import mutants

from tcpmodel.compile import load_steps
from tcpmodel.prove.explore import finite as explore
from tcpmodel.prove.explore.finite import Graph
from tcpmodel.prove.explore.lift import run
from tcpmodel.prove.explore.questions import before, behind, bottoms, nearest
from tcpmodel.prove.methods import finite
from tcpmodel.prove.obligation import Answer, decide
from tcpmodel.prove.property import BOUNDED, PROVED, REFUTED, Mutant, Property, Result
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.units import Subject, broken, context_of
from tcpmodel.spec import load
from tcpmodel.spec.reader import documents
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields, Shape
from tcpmodel.spec.source import Source
from tcpmodel.trace import open_trace
from tcpmodel.verify import verify

RFC = Subject()
OURS = {name: item for name, item in context_of(RFC).properties.properties.items() if item.method == "finite"}
BROKEN = [(name, mutant) for name, item in OURS.items() for mutant in mutants(item)]
FALSE = [name for name, item in OURS.items() if item.expect == REFUTED]


@cache
def result(name: str) -> Result:
    (found,) = prove([name], Settings(RFC, jobs=1))
    return found


def claim(text: str) -> tuple[finite.Claim, Report]:
    report = Report()
    (node,) = documents(Source("test.yaml", text), report)
    fields = Fields(node, Shape("a property", (), finite.KEYS), report)
    return finite.read(fields, Words(load()), report), report


def answers(text: str) -> dict[str, Answer]:
    """What becomes of a claim of the RFC's machine, part by part."""
    found, report = claim(text)
    report.check()
    context = context_of(RFC)
    item: Property = replace(OURS["half-open-noticed"], claim=found)
    rows = [(part, finite.obligations(item, part, context)) for part in finite.parts(item, context)]
    return {part: decide(obligation, 1.0) for part, obligations in rows for obligation in obligations}


def holds(text: str) -> list[bool | None]:
    return [answer.holds for answer in answers(text).values()]


@pytest.mark.parametrize("name", OURS)
def test_every_property_is_decided_as_its_text_says(name: str) -> None:
    found, item = result(name), OURS[name]
    assert found.result == item.expect, found.reason
    assert bool(found.bound) == (found.result == BOUNDED)
    assert bool(found.counterexample) == bool(found.reason) == (found.result == REFUTED)
    assert item.expect == REFUTED or item.mutants


@pytest.mark.parametrize(("name", "mutant"), BROKEN, ids=lambda row: row.name if isinstance(row, Mutant) else row)
def test_a_mutant_breaks_it(name: str, mutant: Mutant) -> None:
    (found,) = prove([name], Settings(broken(RFC, OURS[name], mutant), jobs=1))
    assert found.result not in (PROVED, BOUNDED) and found.failures


def test_the_bound_says_what_was_explored() -> None:
    assert re.sub(r"all \d+", "all N", result("connected-in-the-end").bound or "") == (
        "scenario opened (one endpoint has opened, the other listens; nobody closes, none sends what nothing calls for)"
        ": all N situations, 2 kinds of segments in each direction at a time, duplicates, losses,"
        " initial sequence numbers 1000 of a and 3000 of b, no text"
    )


@pytest.mark.parametrize("name", FALSE)
def test_a_run_that_refutes_conforms_to_the_text(name: str, tmp_path: Path) -> None:
    """It is a fault of the claim, and not of the endpoints."""
    file = tmp_path / "run.json"
    file.write_text(json.dumps(result(name).counterexample), encoding="utf-8")
    (verdict,) = verify(open_trace(file), load_steps()).connections
    assert (verdict.verdict, verdict.assumptions) == ("conforming", [])


@pytest.mark.parametrize("name", FALSE)
def test_a_run_to_what_should_never_be_is_as_short_as_any(name: str) -> None:
    item, model = OURS[name], context_of(RFC).model
    if finite.NEVER in item.claim.goals:
        view = finite.View(finite.explored(item.claim, model), item.claim)
        nearer = nearest(view.graph, {view.graph.graph["initial"]}, view.goal(finite.NEVER))
        found = finite.QUESTIONS[finite.NEVER](view)
        assert found and found.path and len(found.path) == len(nearer) - 1


def test_a_trap_is_shown_with_the_way_into_it() -> None:
    assert result("waiting-for-nobody").reason.endswith("FIN-WAIT-2 / CLOSED; nothing happens any more")
    item = OURS["simultaneous-close"]
    (found,) = prove([item.name], Settings(broken(RFC, item, item.mutants[1]), jobs=1))
    assert found.reason.endswith("again and again")


def test_what_can_be_avoided_is_not_inevitable() -> None:
    """The endpoint that has opened may crash before it is established, and then never is."""
    text = "{scenario: opened-and-crashes, from: A.STATE == SYN-SENT, %s: A.STATE == ESTABLISHED}"
    assert holds(text % "always-can") == [True, True]
    assert holds(text % "inevitable") == [True, False]


def test_what_is_inevitable_need_not_last() -> None:
    """It need not stay so, nor come again."""
    text = "{scenario: opened, from: B.STATE == %s, inevitable: B.STATE == SYN-RECEIVED}"
    assert holds(text % "LISTEN") == [True, True]
    assert holds(text % "ESTABLISHED") == [True, False]


def test_claims_are_made_of_what_follows_from_where_they_start() -> None:
    assert holds("{scenario: half-open-quiet, never: A.STATE == ESTABLISHED}") == [False]
    refused = "from: [A.STATE == CLOSED, A.ISS == 2000]"
    assert holds(f"{{scenario: half-open-quiet, {refused}, never: A.STATE == SYN-SENT}}") == [True, True]
    assert holds(f"{{scenario: half-open-quiet, {refused}, reaches: B.STATE == FIN-WAIT-1}}") == [True, False]


def test_what_never_comes_up_proves_nothing() -> None:
    assert holds("{scenario: opened, from: A.STATE == LISTEN, inevitable: B.STATE == LISTEN}") == [False, True]


def test_variables_are_kept_apart_that_make_no_difference() -> None:
    """In CLOSED nobody remembers ISS; who asks for it is told the truth."""
    assert holds("{scenario: peer-gone, never: [A.STATE == CLOSED, A.ISS != 1000]}") == [True]
    assert holds("{scenario: peer-gone, reaches: [A.STATE == CLOSED, A.ISS == 1000]}") == [True]


def test_an_answer_that_is_owed_is_under_way() -> None:
    text = "{scenario: open-without-loss, %s reaches: [A.STATE == ESTABLISHED, B.STATE == SYN-RECEIVED]}"
    assert holds(text % "") == [True]
    assert holds(text % "under-way: nothing,") == [False]


def test_nothing_goes_on_for_ever_that_comes_to_an_end() -> None:
    assert holds("{scenario: release, for-ever: A.STATE == CLOSED}") == [False]
    assert holds("{scenario: release-before-time-wait-ends, for-ever: A.STATE == TIME-WAIT}") == [False]


def test_pairs_are_all_there_are_and_no_more() -> None:
    scenario = "scenario: peer-gone, from: A.STATE == CLOSED and B.STATE == CLOSED"
    assert holds(f"{{{scenario}, pairs: {{CLOSED: CLOSED}}}}") == [True, True]
    text = "{scenario: peer-gone, pairs: {CLOSED: [%s], ESTABLISHED: ESTABLISHED}}"
    (less,), (more,) = (answers(text % row).values() for row in ("CLOSED", "CLOSED, ESTABLISHED, LAST-ACK"))
    assert (less.holds, more.holds) == (False, False)
    assert less.obligation.step.path is not None
    assert more.obligation.step.reason == "never reached: CLOSED / LAST-ACK"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{scenario: opned, never: A.STATE == CLOSED}", "an exploration needs a scenario"),
        ("{never: A.STATE == CLOSED}", "an exploration needs a scenario"),
        ("{scenario: closing, never: A.STATE == CLOSED}", "'closing' cannot be explored to the end"),
        ("{scenario: opened}", "an exploration to the end needs one of never, reaches"),
        ("{scenario: opened, never: A.INC == B.INC}", "'A.INC'"),
        ("{scenario: opened, never: M.LEN > 0}", "M.LEN"),
        ("{scenario: opened, never: A.STATE == CLOSED, under-way: something}", "'under-way' cannot be 'something'"),
        ("{scenario: opened, pairs: {CLOSD: CLOSED}}", "CLOSD"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    assert said in "\n".join(item.message for item in claim(text)[1].found)


def test_one_graph_serves_all_claims_of_a_scenario() -> None:
    model = context_of(RFC).model
    first, second = (claim(f"{{scenario: opened, never: {end}.STATE == CLOSED}}")[0] for end in "AB")
    watching, other = (claim(f"{{scenario: opened, never: {end}.IRS == 1000}}")[0] for end in "AB")
    graph = finite.explored(watching, model)
    assert finite.explored(watching, model) is graph
    assert finite.explored(first, model) is not graph and watching.shared != other.shared
    assert finite.explored(first, model) is finite.explored(second, model) and first.shared == second.shared


def test_what_was_refused_leaves_the_tcb_as_it_was() -> None:
    """The TCB that a refused step has been tried on is the next one's, so nothing of the attempt may stay in it."""
    model = context_of(RFC).model
    refused = 0
    for end in explore(model, model, "both-opened").graph["product"].system.ends:
        for core, tcb in enumerate(list(end.tcbs)):
            for wire in end.candidates.of(tcb):
                if end.send(core, wire) is None and end.spare[0] == core:
                    assert end.spare[1].key() == tcb.key()
                    refused += 1
    assert refused > 100


WAYS = ["both-opened", "opened-and-crashes", "open-with-loss", "attacker-in-sight"]


@pytest.mark.parametrize("name", WAYS)
def test_every_way_is_a_run(name: str) -> None:
    """From one node to the next there is a step of the endpoints themselves, whichever states have been joined."""
    model = context_of(RFC).model
    graph = explore(model, model, name)
    product, start = graph.graph["product"], graph.graph["initial"]
    for node in sorted(graph)[:: max(1, len(graph) // 40)]:
        path = run(product, nearest(graph, {start}, {node}))
        assert product.node(path.last.state) == node and (path.last.a.state, path.last.b.state) == product.pair(node)


def test_questions_of_a_graph() -> None:
    import networkx as nx

    a, b, c, d, e = ((number, 0, 0, 0, 0) for number in range(5))
    graph: Graph = nx.DiGraph([(a, b), (b, c), (c, b), (a, d), (d, a), (e, a)])
    assert behind(graph, {b}) == {b, c} and behind(graph, set()) == set()
    assert before(graph, {d}) == {a, d, e}
    assert bottoms(graph, set(graph)) == [{b, c}] and bottoms(graph, behind(graph, {c})) == [{b, c}]
    assert nearest(graph, {e, d}, {c}) in ([e, a, b, c], [d, a, b, c]) and nearest(graph, {b}, {b, c}) == [b]
