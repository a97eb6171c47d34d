"""The bridge between the two ways to write numbers: what integers say is what vectors say, within the windows.

Proofs about two endpoints count octets without wrapping; on the wire there are 32 bits. For each expression under
`same` both terms are built by the very encodings that proofs and steps use. A sequence number is an integer of any size
on one side, `a + 2^32 * turns`, and its residue `a` on the other. Under the window assumptions that the integers note,
truth values and ints have to agree, and sequence numbers modulo 2^32. Whatever is made of these expressions agrees too.

`assuming: nothing` leaves the window assumptions out, to show that they are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tcpmodel.compile.encodings import CIRCLE, INT_BITS, Term, both, z3
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.methods.arithmetic import WIDTHS, Declared, Free, declared, scope_of, variables, widths
from tcpmodel.prove.methods.arithmetic import explain as explain
from tcpmodel.prove.obligation import Obligation
from tcpmodel.prove.property import Property
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.unwrapped import Unwrapped
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Variable
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import Fields

KEYS = ("for", "same", "assuming")
WINDOWS, NOTHING = "windows", "nothing"
AGREES, SOME = "agrees", "can be read"


@dataclass(frozen=True)
class Claim:
    """`same` has each expression with its text."""

    declared: Declared
    same: tuple[tuple[str, x.Expr], ...]
    assuming: str


def read(fields: Fields, words: Words, report: Report) -> Claim:
    """The claim of a property, typed."""
    if "same" not in fields:
        report.add(fields.place, "TM106", "the bridge needs 'same', a list of expressions")
    found = declared(fields, words, report)
    scope = scope_of(found, words)
    same = [(" ".join(t.value.split()), expression(t, scope, report)) for t in fields.texts("same")]
    return Claim(found, tuple(same), fields.choice("assuming", (WINDOWS, NOTHING)) or WINDOWS)


def parts(item: Property, context: Context) -> Iterable[str]:
    """The expressions, by their text."""
    return [text for text, _ in item.claim.same]


def obligations(item: Property, part: str, context: Context) -> Iterator[Obligation]:
    """Both terms agree, and the window assumptions leave something to agree on."""
    claim: Claim = item.claim
    node = next(node for text, node in claim.same if text == part)
    wide, narrow = context.machine("integers"), context.machine("vectors")
    free, wrapped = (variables(claim.declared, (node,), machine) for machine in (wide, narrow))
    residues, free = free.values, unwrapped(free)
    value, assumed = wide.value(node, free.values)
    found, _ = narrow.value(node, wrapped.values)
    known = [(WIDTHS, both(*widths(free, wide), *(_residue(residues[row.name]) for row in _seqs(free))))]
    if claim.assuming == WINDOWS:
        known.append(("all lie within a window", both(*assumed)))
    goal = agreement(value, found, node.type, Unwrapped(dict(_readings(free, residues))))
    yield Obligation(f"{item.name}: {part} {AGREES}", tuple(known), goal, free)
    yield Obligation(f"{item.name}: {part} {SOME}", tuple(known), goal, reachable=True)


def unwrapped(free: Free) -> Free:
    """Each sequence number some turns further: all as many as the first, and each some more, for solvers to cancel."""
    rows = list(_seqs(free))
    common = z3().Int("turns")
    turned = {row.name: free.values[row.name] + CIRCLE * common for row in rows[:1]}
    for row in rows[1:]:
        turned[row.name] = free.values[row.name] + CIRCLE * (common + z3().Int(f"{row.name}.turns"))
    return replace(free, values={**free.values, **turned})


def _seqs(free: Free) -> Iterator[Variable]:
    return (row for row in free.rows if row.type == x.SEQ)


def _residue(number: Term) -> Term:
    return both(number >= 0, number < CIRCLE)


def _readings(free: Free, residues: Values) -> Iterator[tuple[str, Term]]:
    """What each vector writes as a number without a sign."""
    for row in free.rows:
        value = residues[row.name]
        yield row.name, value if row.type == x.SEQ or not z3().is_int(value) else value % (1 << INT_BITS)


def agreement(value: Term, found: Term, type: str, reading: Unwrapped) -> Term:
    """An integer is the number that a vector writes; of a sequence number it is one of those that wrap to it."""
    if type == x.BOOL:
        return value == reading.of(found)
    return value % CIRCLE == reading.of(found) if type == x.SEQ else value == reading.signed(found)
