"""Reuse of TIME-WAIT by a newer timestamp: proved over two endpoints, and every assumption and mutant told."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("z3")

from conditions import typed

from tcpmodel.compile.bounds import width
from tcpmodel.compile.encodings import CIRCLE, both, z3
from tcpmodel.prove.context import Context
from tcpmodel.prove.explore import random_run
from tcpmodel.prove.methods import induction
from tcpmodel.prove.methods.exploration import allowed
from tcpmodel.prove.methods.induction import lemma_obligations
from tcpmodel.prove.obligation import Obligation, decide
from tcpmodel.prove.property import PROVED, Assumption, Mutant
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.system.cases import WIDTH
from tcpmodel.prove.system.theory import theory_of, together
from tcpmodel.prove.system.world import bound
from tcpmodel.prove.units import Subject, broken, context_of
from tcpmodel.spec.expr import BOOL, Literal
from tcpmodel.spec.scope import SEGMENT_FIELD, TCB

TIMEOUT = 20.0
RFC = Subject()
CONTEXT = context_of(RFC)
ARRIVES, LEAVES, LISTENS = "segment-arrives.other in", "output in", "segment-arrives.listen in LISTEN"
SYN_SENT = "segment-arrives.syn-sent in SYN-SENT"
REOPENS = f"{ARRIVES} TIME-WAIT"
CLOCK, TEXT = "held-against", "held-against-text"
"""The last lemmas of the two files."""


def lemmas_fail(part: str, lemma: str, context: Context = CONTEXT) -> set[str]:
    """Whom a step breaks the lemmas for that are proved together with this one."""
    lemmas = context.properties.lemmas
    first = lemmas[together(context, lemmas[lemma])[0]]
    found = ((o.name.rpartition(": ")[2], decide(o, TIMEOUT).holds) for o in lemma_obligations(first, part, context))
    return {whom for whom, holds in found if not holds}


def without(assumption: str) -> Context:
    known = CONTEXT.properties.assumptions
    weaker = {**known, assumption: replace(known[assumption], holds=None, without=frozenset())}
    return replace(CONTEXT, properties=replace(CONTEXT.properties, assumptions=weaker))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("paws", ("goes on from one incarnation", "both ends offer", "2^31 ticks")),
        ("reopened-by-timestamp", ("goes on from one incarnation", "both ends offer", "2^31 ticks")),
        ("own-syn-again", ("goes on from one incarnation", "no SYN carries text", "2^31 ticks")),
        ("reopened-by-number", ("a new ISS lies beyond", "2^31 apart")),
        ("old-text-refused", ()),
    ],
)
def test_it_is_proved_under_assumptions_that_are_printed(name: str, said: tuple[str, ...]) -> None:
    (result,) = prove([name], Settings(RFC, jobs=1))
    assert (result.result, result.failures) == (PROVED, ())
    assert [text for text in said if not any(text in line for line in result.assumptions)] == []
    assert ("reopened-by-number" == name) == any("new ISS" in line for line in result.assumptions)


@pytest.mark.parametrize(
    ("assumption", "lemma", "part"),
    [
        ("departed", CLOCK, LISTENS),
        ("timestamp-clock", CLOCK, f"{LEAVES} SYN-SENT"),
        ("both-offer", CLOCK, f"{LEAVES} SYN-RECEIVED"),
        ("offer-first", CLOCK, f"{ARRIVES} SYN-RECEIVED"),
        ("nothing-owed-before", CLOCK, f"{LEAVES} ESTABLISHED"),
        ("bare-syns", "beginning", LISTENS),
        ("syn-acknowledged-first", TEXT, f"{ARRIVES} ESTABLISHED"),
        ("within-window", "beginning", f"{LEAVES} FIN-WAIT-2"),
    ],
)
def test_every_assumption_is_needed(assumption: str, lemma: str, part: str) -> None:
    assert not lemmas_fail(part, lemma)
    assert lemmas_fail(part, lemma, without(assumption))


@pytest.mark.parametrize("about", ["SEG.TSVAL < 0 or SEG.TSVAL >= TS.LAST", "SEG.TSVAL < 0 or SEG.TSVAL > TS.BEFORE"])
def test_a_clock_that_only_goes_on_or_only_ticks_is_not_enough(about: str) -> None:
    """It must not go back, and it must have ticked from one incarnation to the next."""
    known = CONTEXT.properties.assumptions
    half = typed(about, "system step", CONTEXT)
    weaker = {**known, "timestamp-clock": replace(known["timestamp-clock"], holds=half)}
    context = replace(CONTEXT, properties=replace(CONTEXT.properties, assumptions=weaker))
    assert lemmas_fail(f"{LEAVES} SYN-SENT", CLOCK, context)


PAWS = [
    (name, mutant)
    for name in ("paws", "reopened-by-timestamp", "reopened-by-number")
    for mutant in CONTEXT.properties.properties[name].mutants
]


@pytest.mark.parametrize(("name", "mutant"), PAWS, ids=lambda item: getattr(item, "name", item))
def test_without_the_guard_an_old_segment_is_accepted(name: str, mutant: Mutant) -> None:
    context = context_of(broken(RFC, CONTEXT.properties.properties[name], mutant))
    told = {}
    for where in (CONTEXT, context):
        (obligation,) = induction.obligations(where.properties.properties[name], REOPENS, where)
        told[where is context] = decide(obligation, TIMEOUT).holds
    assert told == {False: True, True: False}


def test_a_timestamp_must_be_newer_and_that_of_the_text_be_remembered() -> None:
    item = CONTEXT.properties.properties["own-syn-again"]
    equal, forgotten = (context_of(broken(RFC, item, mutant)) for mutant in item.mutants)
    (obligation,) = induction.obligations(equal.properties.properties[item.name], REOPENS, equal)
    assert decide(obligation, TIMEOUT).holds is False
    assert "a segment its peer has sent" in lemmas_fail(f"{ARRIVES} ESTABLISHED", TEXT, forgotten)
    assert not lemmas_fail(f"{ARRIVES} ESTABLISHED", TEXT)


@pytest.mark.parametrize(
    "text",
    [
        # an old segment just where the next octet is expected, of a connection that was opened again
        ("B.STATE == ESTABLISHED and B.PEER.INC == A.INC and M.INC < A.INC and M.LEFT "
        "and M.SEQ == B.RCV.NXT and M.TEXT > 0"),
        # a newer SYN with a number that has been used, before it is taken up and after
        ("B.STATE == TIME-WAIT and A.STATE == SYN-SENT and M.LEFT and SYN in M.CTL "
        "and M.SEQ == B.IRS and M.TSVAL > B.TS.RECENT"),
        ("B.STATE == SYN-RECEIVED and A.STATE == SYN-SENT and B.PEER.INC == A.INC and A.INC == 3 "
        "and N.LEFT and N.INC < B.INC"),
        # the SYN of the connection that waits, sent again
        ("B.STATE == TIME-WAIT and M.LEFT and SYN in M.CTL and not ACK in M.CTL and M.INC == B.PEER.INC "
        "and M.TSVAL == B.TS.RECENT"),
        f"M.LEFT and M.TSVAL > {3 * CIRCLE} and N.LEFT and N.TSVAL == {CIRCLE}",
    ],
)
def test_the_lemmas_leave_room_for(text: str) -> None:
    theory = theory_of(CONTEXT, (TEXT,))
    world = theory.world
    a, b, m, n = world.endpoint("A."), world.endpoint("B."), world.segment("M."), world.segment("N.")
    said = [*theory.of_endpoints(a, b), *theory.of_segment(m, a, b), *theory.of_segment(n, b, a)]
    widths = [world.width(a, TCB), world.width(b, TCB), world.width(m, SEGMENT_FIELD), world.width(n, SEGMENT_FIELD)]
    known = (("lemmas", both(*(term for _, term in said))), (WIDTH, both(*widths)))
    goal = world.read(typed(text, "exchange", CONTEXT), bound(a, b, m, n))
    assert decide(Obligation(text, known, goal, reachable=True, linear=True), TIMEOUT).holds


@pytest.mark.parametrize(("encoding", "possible"), [("vectors", False), ("integers", True)])
def test_a_timestamp_counts_on_where_numbers_do_not_wrap(encoding: str, possible: bool) -> None:
    machine = CONTEXT.machine(encoding)
    row = CONTEXT.model.variables["SEG.TSVAL"]
    value = machine.encoding.variable("T", row.type)
    solver = z3().Solver()
    solver.add(*width(row, value, machine.relation), value >= machine.encoding.literal(CIRCLE, row.type))
    assert (solver.check() == z3().sat) is possible


def test_an_assumption_about_an_event_is_about_its_steps_alone() -> None:
    """Of the steps of a run those on the event are held against it, and no others."""
    known = CONTEXT.properties
    assert known.assumptions["timestamp-clock"].procedures == {"output"}
    assert known.assumptions["timestamp-clock"].condition("call.open") is None
    nothing = Literal(BOOL, 0, "False")
    mute = Assumption("mute", "nobody says anything", "", nothing, procedures=frozenset({"output"}))
    properties = replace(known, assumptions={**known.assumptions, "mute": mute})
    item = replace(known.properties["last-ack-lost"], assumptions=("mute",))
    kept = allowed(item, replace(CONTEXT, properties=properties))
    assert kept is not None
    steps = random_run(1, 60).steps
    assert {step.kind for step in steps} >= {"sends", "arrives"}
    assert {step.kind for step in steps if not kept(step.after)} == {"sends"}
