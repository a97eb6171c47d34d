"""The bridge between the two ways to write numbers: what integers say is what vectors say, within the windows.

Proofs about two endpoints count octets without wrapping; on the wire there are 32 bits. For each expression under
`same` both terms are built by the very encodings that proofs and steps use. Each sequence number is an integer of any
size on one side, its residue modulo 2^32 on the other. Under the window assumptions that the integers note, truth
values and ints have to agree, and sequence numbers modulo 2^32. Whatever is made of these expressions agrees as well.

`assuming: nothing` leaves the window assumptions out, to show that they are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcpmodel.compile.encodings import CIRCLE, Term, both
from tcpmodel.prove.context import Context
from tcpmodel.prove.methods.arithmetic import WIDTHS, Declared, Free, declared, scope_of, variables, widths
from tcpmodel.prove.methods.arithmetic import explain as explain
from tcpmodel.prove.obligation import Obligation
from tcpmodel.prove.property import Property
from tcpmodel.prove.scopes import Words
from tcpmodel.prove.unwrapped import Unwrapped
from tcpmodel.spec import expr as x
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
    value, assumed = wide.value(node, free.values)
    residue, _ = narrow.value(node, wrapped.values)
    known = [(WIDTHS, both(*widths(free, wide)))]
    if claim.assuming == WINDOWS:
        known.append(("the window assumption", both(*assumed)))
    goal = agreement(value, residue, node.type, free)
    yield Obligation(f"{item.name}: {part} {AGREES}", tuple(known), goal, free)
    yield Obligation(f"{item.name}: {part} {SOME}", tuple(known), goal, reachable=True)


def agreement(value: Term, residue: Term, type: str, free: Free) -> Term:
    """An integer is the number that a vector writes; of a sequence number it is one of those that wrap to it."""
    reading = Unwrapped({row.name: free.values[row.name] for row in free.rows})
    if type == x.BOOL:
        return value == reading.of(residue)
    return value % CIRCLE == reading.of(residue) if type == x.SEQ else value == reading.signed(residue)
