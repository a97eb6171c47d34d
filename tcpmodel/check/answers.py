"""Whether what a rule sends can be sent: some output rule must discharge it and none forbid it."""

from __future__ import annotations

from collections.abc import Iterator

from tcpmodel.check.findings import Finding, finding, listed
from tcpmodel.check.solver import Query, Steps
from tcpmodel.compile.bounded import OWED
from tcpmodel.compile.encodings import BITS, Term, both, either, negation, z3
from tcpmodel.compile.relation import ASSUME
from tcpmodel.compile.terms import Terms
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Procedure, Rule, Template

OUTPUT = "output"


def undischarged(steps: Steps, dead: set[str]) -> Iterator[Finding]:
    """Rules whose answer no output rule lets out, in any state the rule may leave the endpoint in."""
    outputs = [p for p in steps.model.procedures if p.event == OUTPUT]
    known: dict[object, bool] = {}
    for rule in steps.rules:
        if not rule.sends or not outputs or rule.name in dead:
            continue
        # most rules send the same acknowledgment
        kind = rule.enter or rule.states, tuple(template.text for template in rule.sends)
        if kind not in known:
            known[kind] = _dischargeable(rule, steps, outputs)
        if not known[kind]:
            forms = listed(template.text for template in rule.sends)
            states = listed([rule.enter] if rule.enter else rule.states)
            message = f"no output rule can send {forms} in {states}"
            yield finding(
                rule.sends[0].place, "TM126", message, "an output rule with 'discharge: true' has to allow it"
            )


def _dischargeable(rule: Rule, steps: Steps, outputs: list[Procedure]) -> bool:
    states = [rule.enter] if rule.enter else rule.states
    return any(
        _sendable(rule, template, steps.query(procedure, state))
        for template in rule.sends
        for procedure in outputs
        for state in states
        if state in procedure.states
    )


def _sendable(rule: Rule, template: Template, query: Query) -> bool:
    """Whether the segment of that form, while it is owed, may go and settles what is owed."""
    firings = query.step.firings
    settled = either(*(f.when for f in firings if f.rule.discharge))
    forbidden = either(*(f.when for f in firings if f.rule.forbid))
    honest = negation(query.step.inputs[ASSUME])
    return query.possible(settled, negation(forbidden), honest, _owes(rule, template, query), *_is(template, query))


def _owes(rule: Rule, template: Template, query: Query) -> Term:
    """The first slot holds the answer, with the numbers of the segment in the place of this form."""
    relation, inputs = query.steps.relation, query.step.inputs
    slot = query.step.before[OWED][0]
    at = 2 + 2 * rule.sends.index(template)
    ordinal = relation.encoding.literal(relation.answers.ordinals[rule.name], x.STATE)
    return both(slot[0], slot[1] == ordinal, slot[at] == inputs["SEG.SEQ"], slot[at + 1] == inputs["SEG.ACK"])


def _is(template: Template, query: Query) -> Iterator[Term]:
    """The segment is of this form; a number that only the TCB decides is the one that the form gives."""
    inputs, relation = query.step.inputs, query.steps.relation
    for bit in range(BITS):
        if relation.model.answering.identified >> bit & 1:
            yield inputs["SEG.CTL"][bit] == z3().BoolVal(bool(template.flags >> bit & 1))
    terms = Terms(relation.encoding, room=relation.spans)
    for name, value in template.fields:
        if all(node.kind == "tcb" for node in x.walk(value) if isinstance(node, x.Name)):
            yield inputs[f"SEG.{name}"] == terms.of(value, {**inputs, **query.step.before}, query.step.state)
