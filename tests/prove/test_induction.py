"""Induction over two endpoints and all segments ever sent: what is proved, what fails where, and nothing vacuous."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import pytest

pytest.importorskip("z3")

from conditions import typed

from tcpmodel.compile.encodings import both
from tcpmodel.prove.context import Context
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore import random_run
from tcpmodel.prove.explore.values import pair_values
from tcpmodel.prove.methods import induction
from tcpmodel.prove.methods.reading import TRUE
from tcpmodel.prove.obligation import Obligation, decide
from tcpmodel.prove.property import PROVED, Failure, Result
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.system.cases import WIDTH
from tcpmodel.prove.system.ghosts import read_ghosts
from tcpmodel.prove.system.theory import theory_of, together
from tcpmodel.prove.system.world import bound, world_of
from tcpmodel.prove.units import Subject, context_of, obligations_of
from tcpmodel.spec import load
from tcpmodel.spec.scope import SEGMENT_FIELD, TCB

TIMEOUT = 60.0
RFC = Subject()
FILES = ("connection.yaml", "release.yaml", "delivery.yaml", "queue.yaml")
CLAIMS = context_of(RFC).properties.properties
OURS = [n for n, p in CLAIMS.items() if p.place.file.endswith(FILES) and p.method == "induction"]
NUMBERS = "order"
"""The first of the lemmas about sequence numbers, which are proved together."""
ARRIVES, LEAVES, LISTENS = "segment-arrives.other in", "output in", "segment-arrives.listen in LISTEN"


@cache
def results(subject: Subject, *names: str) -> dict[str, Result]:
    settings = Settings(subject, TIMEOUT, jobs=1)
    return {result.name: result for result in prove(names or OURS, settings)}


def fresh() -> Context:
    """A context of its own, to be changed."""
    model = load()
    known = context_of(RFC).properties
    return Context(model, replace(known, lemmas=dict(known.lemmas), assumptions=dict(known.assumptions)))


def failures(context: Context, lemma: str, parts: Iterable[str] = ()) -> list[Failure]:
    """What fails of the lemmas that are proved together with this one."""
    first = context.properties.lemmas[together(context, context.properties.lemmas[lemma])[0]]
    found = []
    for part in parts or induction.lemma_parts(first, context):
        answers = (decide(o, TIMEOUT) for o in induction.lemma_obligations(first, part, context))
        found += [induction.explain(first, answer, context) for answer in answers if not answer.holds]
    return found


def condition(text: str, context: Context) -> object:
    """A condition about two endpoints and two segments, as a term."""
    world = world_of(context)
    a, b, m, n = world.endpoint("A."), world.endpoint("B."), world.segment("M."), world.segment("N.")
    return world.read(typed(text, "exchange", context), bound(a, b, m, n))


@pytest.mark.parametrize("name", OURS)
def test_it_is_proved(name: str) -> None:
    result = results(RFC)[name]
    assert (result.result, result.reason, result.failures) == (PROVED, "", ())
    assert result.obligations > 100
    assert any("2^31" in text for text in result.assumptions)
    assert any("new ISS" in text for text in result.assumptions)


def test_two_segments_are_no_handshake_and_only_the_changed_rule_is_to_blame() -> None:
    """The failure names the lemma, whom it fails for, the rules and the values."""
    result = results(Subject(variants=("two-way-handshake",)), "agreement")["agreement"]
    (failure,) = result.failures
    assert result.result != PROVED and failure.rules[-1] == "listen.syn"
    assert failure.obligation.partition(":")[0] == "segment-arrives.listen in LISTEN"
    assert failure.reason == "segment-arrives.listen in LISTEN: synchronized fails for the endpoints"
    assert "SYN" in failure.event["SEG.CTL"] and {"SEG.INC", "SEG.PEER.INC"} <= set(failure.event)
    assert {"INC", "B.STATE", "B.INC"} <= set(failure.before)


@pytest.mark.parametrize(
    ("mutant", "lemma", "part", "rule"),
    [
        ("agreement/SYN-RECEIVED takes any ACK", "synchronized", f"{ARRIVES} SYN-RECEIVED", "ack.establishes"),
        ("one-iss/a SYN is sent again one below", NUMBERS, f"{LEAVES} SYN-SENT", "output.syn"),
        ("two-listeners/a listener answers with a SYN of its own", "opener", LISTENS, "listen.syn"),
        (
            "both-closed/a FIN that nobody asked for answers the peer's",
            "ending",
            f"{ARRIVES} ESTABLISHED",
            "fin.established",
        ),
        (
            "both-closed/a FIN may leave though the user has not called CLOSE",
            "asked",
            f"{LEAVES} ESTABLISHED",
            "output.fin",
        ),
        (
            "one-number-for-the-fin/the FIN may move when it is sent again",
            "fin-place",
            f"{LEAVES} LAST-ACK",
            "output.again",
        ),
        ("delivered-as-sent/no segment is tested for acceptability", "arrived", f"{ARRIVES} ESTABLISHED", "text"),
        (
            "delivered-as-sent/what has not arrived is acknowledged once the window opens",
            "arrived",
            f"{LEAVES} FIN-WAIT-2",
            "output.acknowledges.beyond-window",
        ),
        (
            "acknowledged-is-received/what is held behind a gap is acknowledged",
            "acknowledges-received",
            f"{ARRIVES} ESTABLISHED",
            "text.reassembled",
        ),
        ("queue-is-bounded/text goes out whatever the window", "under-way", f"{LEAVES} ESTABLISHED", "output.text"),
    ],
)
def test_a_mutant_fails_at_the_rule_that_was_changed(mutant: str, lemma: str, part: str, rule: str) -> None:
    found = failures(context_of(Subject(mutant=mutant)), lemma, [part])
    # the solver may find the same fault at a rule beside it, whose name begins alike
    assert found and all(any(name.startswith(rule) for name in failure.rules) for failure in found)


@pytest.mark.parametrize(
    ("mutant", "part", "rule"),
    [
        ("text behind a gap is taken as if there were none", f"{ARRIVES} ESTABLISHED", "text.reassembled"),
        ("what is sent again counts as not sent before", f"{LEAVES} ESTABLISHED", "output.again"),
    ],
)
def test_a_mutant_is_no_queue(mutant: str, part: str, rule: str) -> None:
    context = context_of(Subject(mutant=f"is-a-queue/{mutant}"))
    answers = [decide(o, TIMEOUT) for o in obligations_of(context, "property", "is-a-queue", part)]
    found = [induction.explain(context.properties.properties["is-a-queue"], a, context) for a in answers if not a.holds]
    assert found and all(rule in failure.rules for failure in found)


def test_without_fresh_initial_numbers_nothing_holds() -> None:
    """The failures are those of the rules that choose an ISS."""
    context = fresh()
    assumption = context.properties.assumptions["fresh-iss"]
    context.properties.assumptions["fresh-iss"] = replace(assumption, holds=None)
    parts = [LISTENS, "call.open in CLOSED", "segment-arrives.other in TIME-WAIT"]
    rules = {rule for failure in failures(context, NUMBERS, parts) for rule in failure.rules}
    assert {"listen.syn", "open.active", "time-wait.syn.reopens"} <= rules


@pytest.mark.parametrize(
    ("lemma", "owner", "parts"),
    [
        ("acknowledged", "answered", [f"{ARRIVES} SYN-RECEIVED"]),
        ("apart", NUMBERS, ["segment-arrives.syn-sent in SYN-SENT"]),
        ("meant", "succession", [f"{ARRIVES} SYN-RECEIVED"]),
        ("taken", NUMBERS, [f"{LEAVES} ESTABLISHED"]),
        ("sent", NUMBERS, [f"{ARRIVES} ESTABLISHED"]),
        ("answered", "agreed", [f"{ARRIVES} SYN-RECEIVED"]),
        ("promised", "received", [f"{ARRIVES} ESTABLISHED"]),
        ("fin-place", "fin-taken", [f"{ARRIVES} ESTABLISHED"]),
        ("crossing", "succession", [f"{ARRIVES} SYN-RECEIVED"]),
        ("succession", "agreed", [f"{ARRIVES} SYN-RECEIVED"]),
        ("received", "fin-taken", [f"{ARRIVES} ESTABLISHED"]),
        ("meant", "arrived", [f"{ARRIVES} ESTABLISHED"]),
        ("one-partner", "partner", [f"{ARRIVES} SYN-RECEIVED"]),
        ("partner", "met", [f"{ARRIVES} ESTABLISHED"]),
        ("acknowledges-received", "in-hand", [f"{ARRIVES} ESTABLISHED"]),
        ("in-hand", "in-hand-before", [f"{LEAVES} ESTABLISHED"]),
    ],
)
def test_no_lemma_can_be_left_out(lemma: str, owner: str, parts: list[str]) -> None:
    """What rests on a lemma no longer follows when it says nothing."""
    context = fresh()
    context.properties.lemmas[lemma] = replace(context.properties.lemmas[lemma], holds=TRUE)
    assert failures(context, owner, parts)


def test_a_stronger_lemma_is_not_believed() -> None:
    context = fresh()
    stronger = replace(
        context.properties.lemmas["agreed"], holds=context.properties.properties["agreement"].claim.holds
    )
    context.properties.lemmas["answered"] = replace(stronger, name="answered", given=("whole",))
    assert failures(context, "answered", ["segment-arrives.syn-sent in SYN-SENT"])


@pytest.mark.parametrize(
    ("part", "rules"),
    [
        (LISTENS, ["listen.syn", "listen.ack", "listen.reset"]),
        (
            "segment-arrives.syn-sent in SYN-SENT",
            ["syn-sent.syn.acked", "syn-sent.syn.simultaneous", "syn-sent.ack.unacceptable"],
        ),
        (
            f"{ARRIVES} SYN-RECEIVED",
            ["ack.establishes", "sequence.syn-again", "reset.syn-received.passive", "fin.established"],
        ),
        (
            f"{ARRIVES} ESTABLISHED",
            ["ack.new", "text.in-order", "text.reassembled", "fin.ahead", "syn.challenged", "reset.open"],
        ),
        (f"{ARRIVES} FIN-WAIT-1", ["ack.fin-wait-1", "fin.fin-wait-1", "fin.fin-wait-2"]),
        (f"{ARRIVES} LAST-ACK", ["ack.last-ack"]),
        (f"{ARRIVES} TIME-WAIT", ["time-wait.syn.reopens", "sequence.unacceptable.time-wait", "reset.closing"]),
        (f"{LEAVES} SYN-SENT", ["output.syn"]),
        (f"{LEAVES} SYN-RECEIVED", ["output.syn-ack", "output.syn.again", "output.ack.answer"]),
        (f"{LEAVES} ESTABLISHED", ["output.text", "output.again", "output.keep-alive", "output.probe"]),
        (f"{LEAVES} LAST-ACK", ["output.fin", "output.reset"]),
        ("restart in ESTABLISHED", ["restart.forgets"]),
        ("call.open in CLOSED", ["open.active"]),
    ],
)
def test_no_step_is_proved_because_it_cannot_happen(part: str, rules: list[str]) -> None:
    """Under all hypotheses, those about the segment that arrives and about old ones included, the rules fire."""
    context = context_of(RFC)
    first = context.properties.lemmas[NUMBERS]
    asked = list(induction.lemma_obligations(first, part, context))
    assert asked
    for obligation in asked:
        assert decide(replace(obligation, goal=both(), reachable=True), TIMEOUT).holds, obligation.name
    for rule in rules:
        fires = [f.when for f in asked[0].step.move.step.firings if f.rule.name == rule]
        found = [decide(replace(asked[0], goal=when, reachable=True), TIMEOUT).holds for when in fires]
        assert True in found, rule


@pytest.mark.parametrize(
    "text",
    [
        "A.STATE == ESTABLISHED and B.STATE == ESTABLISHED and A.INC == 3 and B.INC == 2",
        "A.STATE == ESTABLISHED and B.STATE == SYN-SENT and A.PEER.INC + 1 == B.INC and A.SYN.ACKED",
        "A.STATE == SYN-RECEIVED and B.STATE == SYN-RECEIVED and A.PEER.INC == B.INC and B.PEER.INC == A.INC",
        "A.STATE == ESTABLISHED and M.INC < A.INC and ACK in M.CTL and not RST in M.CTL and M.LEN > 0",
        "A.STATE == TIME-WAIT and B.STATE == LAST-ACK and A.PEER.INC == B.INC and FIN in M.CTL and FIN in N.CTL",
        "A.STATE == FIN-WAIT-2 and B.STATE == CLOSE-WAIT and A.PEER.INC == B.INC",
        "A.STATE == CLOSING and not A.SYN.ACKED",
        "B.STATE == SYN-RECEIVED and B.PEER.INC < A.INC and A.STATE == SYN-SENT",
        "A.SYN.ACKED and B.SYN.ACKED and A.INC == 2 and A.MET == 1 and A.ARRIVED and A.RCV.NXT <= NUMBER < B.SND.NXT",
        "A.STATE == ESTABLISHED and A.MET == A.INC and A.IRS + 1 < NUMBER < A.RCV.NXT and B.SND.UNA < NUMBER",
        "B.SYN.ACKED and B.PEER.INC == A.INC == M.INC and M.ISS < M.SEQ and M.SEQ + M.LEN <= M.UNA and M.LEN == 1",
    ],
)
def test_the_lemmas_leave_room_for(text: str) -> None:
    """States that do occur, half-open connections and old segments among them."""
    context = context_of(RFC)
    theory = theory_of(context, ("agreed", "called", "one-fin", "fin-taken", "arrived", "met", "in-hand-before"))
    world = theory.world
    a, b, m, n = world.endpoint("A."), world.endpoint("B."), world.segment("M."), world.segment("N.")
    said = [*theory.of_endpoints(a, b), *theory.of_segment(m, a, b), *theory.of_segment(n, b, a)]
    said += theory.of_exchange(m, n, a, b)
    widths = [world.width(a, TCB), world.width(b, TCB), world.width(m, SEGMENT_FIELD), world.width(n, SEGMENT_FIELD)]
    known = (("lemmas", both(*(term for _, term in said))), (WIDTH, both(*widths)))
    assert decide(Obligation(text, known, condition(text, context), reachable=True, linear=True), TIMEOUT).holds


def test_lemmas_that_rest_on_one_another_are_proved_at_once() -> None:
    context = context_of(RFC)
    lemmas = context.properties.lemmas
    group = together(context, lemmas["taken"])
    assert set(group) == {"order", "sent", "apart", "taken", "meant", "acknowledged"}
    assert [bool(list(induction.lemma_parts(lemmas[name], context))) for name in group] == [True] + [False] * 5


def test_ghosts_are_data() -> None:
    context = context_of(RFC)
    ghosts = read_ghosts(context.model, context.properties.documents)
    found = {ghost.name: ghost for ghost in ghosts.endpoint}
    assert found["PEER.INC"].follows == "IRS" and not found["INC"].derived and found["TAKEN"].derived
    assert {"INC", "PEER.INC", "ISS"} <= {ghost.name for ghost in ghosts.segment}


def test_a_claim_is_about_states_or_about_a_step() -> None:
    context = context_of(RFC)
    claims = {name: context.properties.properties[name].claim for name in OURS}
    assert claims["agreement"].about == "endpoints" and claims["one-iss"].about == "segments"
    assert claims["stale-syn"].about == "" and len(claims["stale-syn"].procedures) > 10


@pytest.mark.parametrize("scenario", ["random", "random-established"])
def test_what_is_proved_holds_in_random_runs(scenario: str) -> None:
    """Two endpoints that run the generated step functions, with losses, copies, crashes and new incarnations."""
    properties = context_of(RFC).properties
    ghosts = read_ghosts(properties.model, properties.documents).endpoint
    named = {ghost.name: ghost.value for ghost in ghosts if ghost.derived and ghost.value is not None}
    lemmas = ("synchronized", "answered", "agreed", "received", "fin-taken", "in-hand")
    claims = {name: evaluator(properties.lemmas[name].holds) for name in lemmas}
    open_, pairs = 0, set()
    for seed in range(12):
        run = random_run(seed, 60, scenario=scenario)
        for now in (run.initial, *(step.after for step in run.steps)):
            for a, b in ((now.a, now.b), (now.b, now.a)):
                values = pair_values(a, b, named)
                assert [name for name, claim in claims.items() if not claim(values)] == [], (seed, a.state, b.state)
                open_ += values["A.SYN.ACKED"] and values["B.SYN.ACKED"]
                pairs.add((a.state, b.state))
    assert open_ > 50 and len(pairs) > 15
