"""What a property may claim of a step besides where it leads: what it sends and leaves alone, that it is allowed.

`sends` are the segments of which one is owed behind the step, `sends-only` those that may be owed at most; `changes`
are the only variables that may be others than before; `signals` are the texts of which the user is told one;
`permitted` says that no rule of any level forbids the step, `breaks` that a rule with one of these codes does, `total`
that every stage it comes to has a rule for it. As the first rule that fits fires, that is then exactly one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tcpmodel.compile.encodings import Term, both, either, negation, z3
from tcpmodel.compile.relation import Form, Step
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import Machine
from tcpmodel.prove.methods.reading import known, templates, variables
from tcpmodel.prove.scopes import NEXT, Words
from tcpmodel.spec.expr import BOOL, Compare, Name
from tcpmodel.spec.model import Template, Variable
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import TCB, Scope
from tcpmodel.spec.shape import Fields

KEYS = ("sends", "sends-only", "changes", "signals", "permitted", "breaks", "total")


@dataclass(frozen=True)
class Effects:
    """What is claimed; None, False or no codes where nothing is."""

    sends: tuple[Template, ...] | None
    only: tuple[Template, ...] | None
    changes: tuple[str, ...] | None
    signals: tuple[str, ...] | None
    permitted: bool
    breaks: tuple[str, ...]
    total: bool

    @property
    def lawful(self) -> bool:
        """Whether the claim is about steps that break no rule."""
        return not self.permitted and not self.breaks and not self.total


def effects(fields: Fields, words: Words, scope: Scope, report: Report) -> Effects:
    """What a property claims under the keys of this module, typed."""
    return Effects(
        templates(fields, "sends", scope, report),
        templates(fields, "sends-only", scope, report),
        variables(fields, "changes", words.model, report) if "changes" in fields else None,
        _signals(fields, words, report),
        fields.flag("permitted"),
        _named(fields, "breaks", {rule.code for rule in words.model.rules.values()}, words, report),
        fields.flag("total"),
    )


def _signals(fields: Fields, words: Words, report: Report) -> tuple[str, ...] | None:
    if "signals" not in fields:
        return None
    return _named(fields, "signals", {rule.signal for rule in words.model.rules.values()}, words, report)


def _named(fields: Fields, key: str, names: set[str], words: Words, report: Report) -> tuple[str, ...]:
    """What rules say under `key`; a variant may have deleted the rule that says it."""
    if words.model.variants:
        names = names | {text.value for text in fields.texts(key)}
    return known(fields, key, names, f"no rule {key}", report)


def goals(claim: Effects, step: Step, machine: Machine, context: Context, values: Values) -> Iterator[Term]:
    """What has to be true behind the step; `values` are those before it and, behind NEXT., after it."""
    if claim.sends is not None:
        yield _owed(claim.sends, step, machine)
    if claim.only is not None:
        yield _fitting(claim.only, step, machine)
    if claim.changes is not None:
        rows = (row for row in context.model.variables.values() if row.group == TCB and row.name not in claim.changes)
        yield both(*(context.truth(_kept(row), machine, values) for row in rows))
    if claim.signals is not None:
        told = [f for f in step.firings if f.rule.signal]
        wanted = either(*(f.when for f in told if f.rule.signal in claim.signals))
        yield wanted if claim.signals else negation(either(*(f.when for f in told)))
    if claim.permitted:
        yield negation(either(*(f.when for f in step.firings if f.rule.forbid)))
    if claim.breaks:
        yield either(*(f.when for f in step.firings if f.rule.code in claim.breaks))
    if claim.total:
        yield negation(either(*(hole.when for hole in step.holes)))


def _owed(wanted: tuple[Template, ...], step: Step, machine: Machine) -> Term:
    """One of the segments is owed, or with none of them nothing."""
    something = either(*(form.when for form in step.forms))
    return both(something, _fitting(wanted, step, machine)) if wanted else negation(something)


def _fitting(wanted: tuple[Template, ...], step: Step, machine: Machine) -> Term:
    """Everything that is owed is one of the segments."""
    values = {**step.inputs, **step.after}
    return both(*(z3().Implies(form.when, _one_of(wanted, form, machine, values)) for form in step.forms))


def _one_of(wanted: tuple[Template, ...], form: Form, machine: Machine, values: Values) -> Term:
    return either(*(_same(template, form, machine, values) for template in wanted))


def _same(template: Template, form: Form, machine: Machine, values: Values) -> Term:
    """A form has the control bits that are claimed, and the numbers; those that the claim leaves out may be any."""
    if template.flags != form.template.flags or not form.fields.keys() >= dict(template.fields).keys():
        return z3().BoolVal(False)
    return both(*(machine.value(node, values)[0] == form.fields[name] for name, node in template.fields))


def _kept(row: Variable) -> Compare:
    """That a variable is behind the step what it was before."""
    name = f"{NEXT}.{row.name}"
    return Compare(BOOL, "==", Name(row.type, NEXT, name), Name(row.type, row.group, row.name))
