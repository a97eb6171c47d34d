"""The bundled specification is whole: total, cited, nothing declared in vain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest
import z3

from tcpmodel.spec import expr as x
from tcpmodel.spec import load
from tcpmodel.spec.model import Model, Procedure, Rule, Stage

EVENTS = {("segment", ""), ("output", ""), ("pickup", ""), ("crash", "")}
EVENTS |= {("call", name) for name in ("OPEN", "SEND", "RECEIVE", "CLOSE", "ABORT", "STATUS")}
EVENTS |= {("timeout", name) for name in ("USER", "RETRANSMISSION", "TIME-WAIT")}


@cache
def model() -> Model:
    return load()


def rules() -> list[Rule]:
    return list(model().rules.values())


def stages() -> Iterator[tuple[Procedure, Stage]]:
    return ((procedure, stage) for procedure in model().procedures for stage in procedure.stages)


def reachable(procedure: Procedure) -> set[tuple[str, str]]:
    """(stage, state) pairs the procedure can get to: states may change on the way, by a rule that continues."""
    found: set[tuple[str, str]] = set()
    states = set(procedure.states)
    for stage in procedure.stages:
        found |= {(stage.name, state) for state in states}
        behind: set[str] = set()
        for state, rule in product(states, stage.rules):
            if state in rule.states and rule.outcome == "continue":
                behind.add(rule.enter or state)
        states = behind
    return found


def expressions() -> Iterator[x.Expr]:
    for rule in rules():
        yield from ([rule.guard] if rule.guard else [])
        yield from (value for _, value in (*rule.sets, *rule.expected))
        yield from rule.holes
        yield from (value for template in rule.sends for _, value in template.fields)
    yield from (predicate.body for predicate in model().predicates.values())


def words() -> set[str]:
    """Every name that an expression reads, predicates and constants among them."""
    return {getattr(node, "name", "") or getattr(node, "text", "") for e in expressions() for node in x.walk(e)}


@pytest.mark.parametrize(("event", "name"), sorted(EVENTS))
def test_every_event_has_one_procedure_in_every_state(event: str, name: str) -> None:
    serving = [p.states for p in model().procedures if (p.event, p.event_name) == (event, name)]
    counts = {state: sum(state in states for states in serving) for state in model().states}
    assert set(counts.values()) == {1}, counts


def test_there_are_no_other_events() -> None:
    assert {(p.event, p.event_name) for p in model().procedures} == EVENTS


def _complement(stage: Stage, state: str) -> z3.BoolRef:
    """That no guard of the stage holds; each atom of the guards is a proposition."""
    guards = [_term(rule.guard) for rule in stage.rules if state in rule.states and not rule.assume]
    return z3.Not(z3.Or(guards))


def _term(node: x.Expr | None) -> z3.BoolRef:
    if node is None:
        return z3.BoolVal(True)
    if isinstance(node, x.Not):
        return z3.Not(_term(node.item))
    if isinstance(node, x.Junction):
        return (z3.And if node.op == "and" else z3.Or)([_term(item) for item in node.items])
    if isinstance(node, x.Apply):
        return _term(node.body)
    return z3.Bool(repr(node))


def test_every_stage_has_a_rule_for_everything_in_every_state() -> None:
    """Propositionally: that it is total does not depend on what the comparisons mean."""
    holes = []
    for procedure in model().procedures:
        by_name = {stage.name: stage for stage in procedure.stages}
        for stage, state in sorted(reachable(procedure)):
            solver = z3.Solver()
            solver.add(_complement(by_name[stage], state))
            if solver.check() != z3.unsat:
                holes.append((procedure.name, stage, state))
    assert not holes


def test_every_rule_can_be_reached() -> None:
    """No rule stands behind one without a guard, or in states its stage is never in."""
    dead = set(model().rules)
    for procedure in model().procedures:
        by_name = {stage.name: stage for stage in procedure.stages}
        for stage, state in reachable(procedure):
            for rule in by_name[stage].rules:
                if state in rule.states:
                    dead.discard(rule.name)
                    if rule.guard is None and not rule.assume:
                        break
    assert not dead


def test_every_variable_of_the_tcb_is_read_and_written() -> None:
    written = {name for rule in rules() for name, _ in rule.sets} | {"STATE"}
    read = words()
    variables = {v.name for v in model().variables.values() if v.group == "tcb"}
    assert not variables - written
    assert not variables - read


def test_every_input_is_read() -> None:
    inputs = {v.name for v in model().variables.values() if v.group in ("segment", "environment")}
    inputs |= {argument.name for p in model().procedures for argument in p.arguments}
    assert not inputs - words()


def test_every_predicate_is_used() -> None:
    bodies = [*expressions()]
    used = {node.name for e in bodies for node in x.walk(e) if isinstance(node, x.Apply)}
    named = {re.sub(r"\(.*", "", name) for name in model().predicates if not name.startswith("replay_")}
    assert not named - used


def test_every_constant_is_used() -> None:
    assert not set(model().constants) - words()


def test_every_rule_has_a_citation() -> None:
    assert not [rule.name for rule in rules() if not re.match(r"RFC \d+ \w", rule.cite)]


def idle(rule: Rule) -> bool:
    """A rule that only lets the segment pass on to the next stage."""
    busy = (rule.sets, rule.enter, rule.sends, rule.signal, rule.forbid, rule.assume, rule.discharge)
    return rule.outcome == "continue" and not any(busy)


def test_every_rule_that_does_something_says_why() -> None:
    assert not [rule.name for rule in rules() if not idle(rule) and not rule.quotes and not rule.note]


def test_a_rule_that_forbids_has_a_code_of_its_own_and_a_message() -> None:
    forbidding = [rule for rule in rules() if rule.forbid]
    codes = [rule.code for rule in forbidding]
    assert all(re.fullmatch(r"TM[3-4]\d\d", code) for code in codes)
    assert sorted(set(codes)) == sorted(codes)
    assert all(rule.message for rule in forbidding)


def test_leaving_the_connection_forgets_how_it_was_opened() -> None:
    """CLOSED is one state, however it was reached; a pickup starts from a new TCB, where there is nothing to forget."""
    leaving = [r for p, s in stages() if p.event != "pickup" for r in s.rules if r.enter == "CLOSED"]
    assert len(leaving) > 5
    assert not [rule.name for rule in leaving if "OPENED" not in dict(rule.sets)]
