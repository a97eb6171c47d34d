"""Laws of arithmetic: for all values of some variables, bit for bit, in the words of the specification.

`for` declares variables by their types, or gives a name to an amount (`tick: 4 us`); names of the TCB, of a segment
and predicates mean what they do in the rules. Whatever meets `when` has to meet `then`. Nothing is vacuous: values
that meet both exist, and each condition is needed, for without it `then` fails for some values. What is false is
refuted by the values that the solver found.

`origin` names a sequence number that stands as 0. That loses nothing where no other number is written out: comparisons,
distances and sums are the same wherever the circle is cut, which is a law of its own. It spares the solver the search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tcpmodel.compile.bounds import segment, width
from tcpmodel.compile.concrete import plain
from tcpmodel.compile.encodings import Term, both, negation, z3
from tcpmodel.compile.values import Values, variable
from tcpmodel.prove.context import Context
from tcpmodel.prove.machine import Machine
from tcpmodel.prove.methods.reading import conditions
from tcpmodel.prove.obligation import Answer, Obligation
from tcpmodel.prove.plain import GAVE_UP, evaluated, word
from tcpmodel.prove.property import Failure, Property
from tcpmodel.prove.scopes import NEXT, Words
from tcpmodel.spec.builtins import TYPES
from tcpmodel.spec.expr import BOOL, SEQ, Builtin, Expr, Literal, Name, walk
from tcpmodel.spec.model import Model, Variable
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import ARGUMENT, SEGMENT_FIELD, Scope
from tcpmodel.spec.shape import Fields, scalar
from tcpmodel.spec.vocabulary import amount, check_name, parse_type

KEYS = ("for", "when", "then", "origin")
HOLDS, MEANT, MET = "holds", "has a value", "some values meet the conditions"
WITHOUT = "is false without "
WIDTHS = "the width of numbers"


@dataclass(frozen=True)
class Free:
    """Variables, the terms that stand for them, and which of them a property names; `model` has their types."""

    rows: tuple[Variable, ...]
    values: Values
    named: frozenset[str]
    model: Model


@dataclass(frozen=True)
class Declared:
    """What stands under `for`: variables, and amounts that have a name."""

    variables: dict[str, Variable] = field(default_factory=dict)
    amounts: dict[str, Literal] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """`when` has each condition with its text."""

    declared: Declared
    when: tuple[tuple[str, Expr], ...]
    then: Expr
    origin: str = ""


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    if "then" not in fields:
        report.add(fields.place, "TM106", "a law of arithmetic needs 'then'")
    found = declared(fields, words, report)
    scope = scope_of(found, words)
    when = [(" ".join(t.value.split()), expression(t, scope, report, BOOL)) for t in fields.texts("when")]
    claim = Claim(found, tuple(when), conditions(fields, "then", scope, report), fields.words("origin"))
    _check_origin(claim, fields, scope, report)
    return claim


def _check_origin(claim: Claim, fields: Fields, scope: Scope, report: Report) -> None:
    """Nothing but distances may count where the circle is cut at a place of one's own."""
    text = fields.text("origin")
    if text is None:
        return
    row = scope.variable(text.value)
    if row is None or row.type != SEQ:
        report.add(text.place, "TM103", f"'{text.value}' is no sequence number")
    nodes = [node for root in (claim.then, *(node for _, node in claim.when)) for node in walk(root)]
    if any(_fixed(node) for node in nodes):
        help = "leave out 'origin', or speak of distances"
        report.add(text.place, "TM103", "a sequence number is written out or made of an int", help)


def _fixed(node: Expr) -> bool:
    """Whether it is a place on the circle that does not move along with the others."""
    return node.type == SEQ and isinstance(node, Literal | Builtin)


def declared(fields: Fields, words: Words, report: Report) -> Declared:
    """The variables under `for`."""
    found = Declared()
    for name, entry in fields.mapping("for").items():
        text = scalar(entry.value, report)
        if text is None or not check_name(entry.key, report):
            continue
        if text.value in (*TYPES, *words.model.enums) or not text.value[:1].isdecimal():
            type_ = parse_type(text, words.vocabulary, report)
        else:
            type_, value = amount(text, report) or ("", 0)
            found.amounts[name] = Literal(type_, value, name)
        found.variables[name] = Variable(name, type_, ARGUMENT, "")
    return found


def scope_of(found: Declared, words: Words) -> Scope:
    """The names that a law may use."""
    arguments = tuple(found.variables.values())
    return words.scope("endpoint step", "in a law of arithmetic", arguments).without(NEXT)


def parts(item: Property, context: Context) -> Iterable[str]:
    """That it holds, that it says something, that each condition is needed."""
    return (HOLDS, MET, *(WITHOUT + text for text, _ in item.claim.when))


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """What one part has to show."""
    claim, machine = item.claim, context.machine()
    free = variables(claim.declared, (claim.then, *(node for _, node in claim.when)), machine)
    if claim.origin:
        free = replace(free, values={**free.values, claim.origin: machine.encoding.literal(0, SEQ)})
    when = tuple((text, context.truth(node, machine, free.values)) for text, node in claim.when)
    then, assumed = machine.value(claim.then, free.values)
    known = (WIDTHS, both(*widths(free, machine)))
    if part == HOLDS:
        yield Obligation(f"{item.name} {HOLDS}", (known, *when), then, free)
        if assumed:
            yield Obligation(f"{item.name} {MEANT}", (known, *when), both(*assumed))
    elif part == MET:
        yield Obligation(f"{item.name}: {MET}", (known, *when), then, reachable=True)
    else:
        others = [pair for pair in when if part != WITHOUT + pair[0]]
        yield Obligation(f"{item.name} {part}", (known, *others), negation(then), reachable=True)


def variables(declared: Declared, nodes: Iterable[Expr], machine: Machine) -> Free:
    """Free terms for everything that the expressions name, and for all of a segment where they name part of it."""
    used = {n.name: n.kind for node in nodes for n in walk(node) if isinstance(n, Name)}
    whole = SEGMENT_FIELD in used.values()
    rows = [row for row in declared.variables.values() if row.name not in declared.amounts]
    known = machine.model.variables.values()
    rows += (row for row in known if row.name in used or (whole and row.group == SEGMENT_FIELD))
    encoding = machine.encoding
    values = {row.name: variable(encoding, row.name, row.type, machine.relation.spans) for row in rows}
    fixed = {name: encoding.literal(item.value, item.type) for name, item in declared.amounts.items()}
    return Free(tuple(rows), {**values, **fixed}, frozenset(used), machine.model)


def widths(free: Free, machine: Machine) -> Iterator[Term]:
    """Conditions on the free terms: how wide header fields and counts are."""
    for row in free.rows:
        yield from width(row, free.values[row.name], machine.relation)
    yield from segment(free.values, machine.encoding)


def explain(item: Property, answer: Answer, context: Context) -> Failure:
    """The values for which a law is false, or why nothing is known."""
    name, free = answer.obligation.name, answer.obligation.step
    if answer.holds is None:
        return Failure(name, f"{GAVE_UP}: {answer.reason}")
    if answer.model is None:
        return Failure(name, "there are no such values")
    if not isinstance(free, Free):
        return Failure(name, "not for all values")
    shown = dict(_shown(free, answer.model))
    reason = "false for " + ", ".join(f"{key} = {value}" for key, value in shown.items())
    return Failure(name, reason, counterexample={"values": shown})


def _shown(free: Free, model: Any) -> Iterator[tuple[str, str]]:
    for row in free.rows:
        if row.name in free.named:
            value = evaluated(model, free.values[row.name])
            unwrapped = row.type == SEQ and z3().is_int(value)
            yield row.name, str(value) if unwrapped else word(row, plain(value, row.type), free.model)
