"""What is true of any input and any TCB whatever the rules say: the width of header fields, the shape of values.

Nothing of the protocol is here; only how a segment is held once decoded (RFC 9293 3.1), and what makes spans spans.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tcpmodel.compile.bounded import OWED
from tcpmodel.compile.encodings import CIRCLE, Encoding, Integers, Term, both, z3
from tcpmodel.compile.relation import STATE, Relation
from tcpmodel.compile.values import Slots, Value, Values
from tcpmodel.spec import expr as x
from tcpmodel.spec.builtins import CONTROL_BITS
from tcpmodel.spec.model import Variable

WIDTHS = {
    "SEG.TEXT": (0, 65535),
    "SEG.WND": (0, 65535),
    "SEG.UP": (0, 65535),
    "SEG.MSS": (-1, 65535),
    "SEG.SHIFT": (-1, 255),
    "SEG.TSVAL": (-1, CIRCLE - 1),
    "SEG.TSECR": (-1, CIRCLE - 1),
    "SEG.SACKS": (0, 4),
    "SEG.COOKIE": (-1, 38),
}
"""The least and the greatest value of each field of a decoded segment; -1 stands for an absent option.

A number as wide as the circle is counted on over integers, as sequence numbers are: timestamps (RFC 7323 4).
"""

LARGEST = 1 << 40
"""No number of octets and no duration in octets' stead gets beyond this; it keeps sums exact in 64 bits."""


def bounds(relation: Relation, before: Values, inputs: Values) -> Iterator[Term]:
    """Conditions on free terms of a step's TCB and inputs."""
    encoding = relation.encoding
    for row in relation.model.variables.values():
        values = before if row.group == "tcb" else inputs
        if row.name != STATE:
            yield from width(row, values[row.name], relation)
    yield from segment(inputs, encoding)
    for slot in before.get(OWED, ()):
        yield z3().Implies(slot[0], _between(slot[1], 0, len(relation.answers.rules) - 1, encoding, x.STATE))


def width(row: Variable, value: Value, relation: Relation) -> Iterator[Term]:
    """Conditions on the value of one variable by itself."""
    encoding = relation.encoding
    if row.type == x.INT:
        low, high = WIDTHS.get(row.name, (-LARGEST, LARGEST))
        if high == CIRCLE - 1 and isinstance(encoding, Integers):  # a place on the circle, as a sequence number is
            high = LARGEST
        yield _between(value, low, high, encoding, x.INT)
    elif row.type == x.TIME:
        yield _between(value, -1, 1 << 61, encoding, x.TIME)
    elif row.type == x.STATE:
        yield _between(value, 0, len(relation.model.states) - 1, encoding, row.type)
    elif row.type in relation.model.enums:
        yield _between(value, 0, len(relation.model.enums[row.type]) - 1, encoding, row.type)
    elif row.type == x.SPANS:
        yield from spans(value, encoding)


def _between(value: Term, low: int, high: int, encoding: Encoding, type: str) -> Term:
    return both(value >= encoding.literal(low, type), value <= encoding.literal(high, type))


def segment(inputs: Values, encoding: Encoding) -> Iterator[Term]:
    """SEG.LEN counts text, SYN and FIN (RFC 9293 3.4); the Timestamps option has both its numbers or none."""
    if "SEG.LEN" in inputs and "SEG.TEXT" in inputs:
        bits = [inputs["SEG.CTL"][CONTROL_BITS[name].bit_length() - 1] for name in ("SYN", "FIN")]
        one, none = encoding.literal(1, x.INT), encoding.literal(0, x.INT)
        yield inputs["SEG.LEN"] == inputs["SEG.TEXT"] + sum(z3().If(bit, one, none) for bit in bits)
    if "SEG.TSVAL" in inputs and "SEG.TSECR" in inputs:
        yield (inputs["SEG.TSVAL"] < 0) == (inputs["SEG.TSECR"] < 0)


def spans(slots: Slots, encoding: Encoding) -> Iterator[Term]:
    """Each is not empty, no two touch, and used slots come first and ascend."""
    for present, low, high in slots:
        yield z3().Implies(present, _ascending(low, high, encoding))
    for (first, _, end), (second, start, _) in pairwise(slots):
        yield z3().Implies(second, both(first, _ascending(end, start, encoding)))


def _ascending(low: Term, high: Term, encoding: Encoding) -> Term:
    """`high` is behind `low` by less than an eighth of the circle, so that several spans fit into one half."""
    distance = encoding.distance(high, low)
    return both(distance > 0, distance < CIRCLE // 8)
