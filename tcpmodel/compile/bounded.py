"""Values without a bound on their size, as terms with one: held text and owed answers.

Spans are a tuple of slots (present, low, high) with low < high, disjoint and not adjacent, in no particular order;
`nothing` is the empty tuple. The functions are those of `runtime.py`, exact as long as a result fits into the room
given, which `insert` and `Answers.owe` note as an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpmodel.compile.encodings import BITS, Term, both, either, is_false, negation, z3
from tcpmodel.compile.values import choose

if TYPE_CHECKING:
    from tcpmodel.compile.terms import Order
    from tcpmodel.compile.values import Slot, Slots, Values
    from tcpmodel.spec.model import Model, Rule, Template

SPANS_ROOM, OWED_ROOM = 2, 4
OWED = "(owed)"
"""Where the answers that are owed stand among the variables of a TCB."""


def insert(spans: Slots, start: Term, end: Term, order: Order, room: int = SPANS_ROOM) -> Slots:
    """`spans` with [start, end) joined in."""
    filled = order.before(start, end)
    kept: list[Slot] = []
    low, high = start, end
    with order.assumptions.under(filled):
        for present, left, right in spans:
            with order.assumptions.under(present):
                apart = either(order.before(right, low), order.before(high, left))
                joined = both(present, negation(apart))
                lowest, highest = order.earlier(left, low), order.later(right, high)
            kept.append((both(present, apart), left, right))
            low, high = choose(joined, lowest, low), choose(joined, highest, high)
        grown = fit([*kept, (z3().BoolVal(True), low, high)], room, order)
    return tuple(choose(filled, new, old) for new, old in zip(grown, padded(spans, len(grown), grown), strict=True))


def fit(slots: list[Slot], room: int, order: Order) -> Slots:
    """The slots, the last of which is present, in at most `room` of them, should one be free."""
    *kept, new = slots
    if len(kept) < room:
        return tuple(slots)
    taken: Term = z3().BoolVal(True)
    found: list[Slot] = []
    for slot in kept:
        here = both(taken, negation(slot[0]))
        found.append(choose(here, new, slot))
        taken = both(taken, slot[0])
    order.assumptions.add(negation(taken))
    return tuple(found)


def padded(slots: Slots, size: int, like: Slots) -> Slots:
    """The slots, and as many absent ones as there are fewer than `size`."""
    return (*slots, *((z3().BoolVal(False), *slot[1:]) for slot in like[len(slots) : size]))


def reach(spans: Slots, start: Term, order: Order) -> Term:
    """The end of the span that covers `start`, or `start`; no two spans touch, so one step is all there is."""
    found = start
    for present, low, high in spans:
        with order.assumptions.under(present):
            found = choose(both(present, _within(start, low, high, order)), high, found)
    return found


def covers(spans: Slots, number: Term, order: Order) -> Term:
    """Whether `number` lies in one of the spans."""
    found = []
    for present, low, high in spans:
        with order.assumptions.under(present):
            found.append(both(present, _within(number, low, high, order)))
    return either(*found)


def below(spans: Slots, start: Term, order: Order) -> Slots:
    """`spans` without everything before `start`."""
    found: list[Slot] = []
    for present, low, high in spans:
        with order.assumptions.under(present):
            found.append((both(present, order.before(start, high)), order.later(low, start), high))
    return tuple(found)


def _within(number: Term, low: Term, high: Term, order: Order) -> Term:
    return both(negation(order.before(number, low)), order.before(number, high))


def same_spans(a: Slots, b: Slots, order: Order) -> Term:
    """Whether two sets of spans are equal."""
    return both(_among(a, b, order), _among(b, a, order))


def _among(a: Slots, b: Slots, order: Order) -> Term:
    return both(
        *(
            either(
                negation(here),
                *(both(there, order.same(low, left), order.same(high, right)) for there, left, right in b),
            )
            for here, low, high in a
        )
    )


class Answers:
    """The answers an endpoint owes: slots (present, ordinal of the rule, SEQ and ACK of each of its forms)."""

    def __init__(self, model: Model, room: int = OWED_ROOM) -> None:
        self.rules = [rule for rule in model.rules.values() if rule.sends]
        self.answering = model.answering
        self.ordinals = {rule.name: number for number, rule in enumerate(self.rules)}
        self.forms = max((len(rule.sends) for rule in self.rules), default=0)
        self.room = room

    def owe(self, slots: Slots, rule: Rule, numbers: tuple[Term, ...], order: Order, ordinal: Term) -> Slots:
        """`slots` with one more answer; `numbers` are SEQ and ACK of each form of the rule."""
        padding = (numbers[0],) * (2 * self.forms - len(numbers))
        entry = (z3().BoolVal(True), ordinal, *numbers, *padding)
        known = either(*(self._equal(slot, entry, len(numbers), order) for slot in slots))
        with order.assumptions.under(negation(known)):
            grown = fit([*slots, entry], self.room, order)
        return tuple(choose(known, a, b) for a, b in zip(padded(slots, len(grown), grown), grown, strict=True))

    def _equal(self, slot: Slot, entry: Slot, count: int, order: Order) -> Term:
        matching = both(slot[0], slot[1] == entry[1])
        with order.assumptions.under(matching):
            return both(matching, *(order.same(a, b) for a, b in zip(slot[2:][:count], entry[2:], strict=False)))

    def owed(self, values: Values, order: Order) -> Term:
        """Whether the segment SEG is one of the answers owed, number for number."""
        return either(*(self._given(slot, values, order) for slot in values[OWED]))

    def forget(self, slots: Slots) -> Slots:
        """Nothing is owed."""
        return tuple((z3().BoolVal(False), *slot[1:]) for slot in slots)

    def discharge(self, slots: Slots, values: Values, order: Order) -> Slots:
        """What is still owed after SEG: neither is it the answer itself, nor does it contain it."""
        bits = self.answering.contained
        inside = both(*(bit for place, bit in enumerate(values["SEG.CTL"]) if bits >> place & 1))
        mere = [n for n, rule in enumerate(self.rules) if bits and any(form.flags == bits for form in rule.sends)]
        found: list[Slot] = []
        for slot in slots:
            settled = either(both(inside, either(*(slot[1] == n for n in mere))), self._given(slot, values, order))
            found.append((both(slot[0], negation(settled)), *slot[1:]))
        return tuple(found)

    def _given(self, slot: Slot, values: Values, order: Order) -> Term:
        """Whether SEG is one of the forms of the answer in a slot."""
        found = []
        for index in range(self.forms):
            for template, ordinals in self._kinds(index):
                here = both(slot[0], either(*(slot[1] == n for n in ordinals)))
                here = both(here, _identified(template, values["SEG.CTL"], self.answering.identified))
                found.append(self._numbers(here, template, slot[2 + 2 * index :], values, order))
        return either(*found)

    def _kinds(self, index: int) -> list[tuple[Template, list[int]]]:
        """The forms in one place that differ in control bits or in having an ACK, and the rules that have them."""
        kinds: dict[tuple[int, bool], tuple[Template, list[int]]] = {}
        for number, rule in enumerate(self.rules):
            if index < len(rule.sends):
                template = rule.sends[index]
                key = template.flags, "ACK" in dict(template.fields)
                kinds.setdefault(key, (template, []))[1].append(number)
        return list(kinds.values())

    def _numbers(self, here: Term, template: Template, slot: Slot, values: Values, order: Order) -> Term:
        if is_false(here):
            return here
        with order.assumptions.under(here):
            same = [order.same(slot[0], values["SEG.SEQ"])]
            if "ACK" in dict(template.fields):
                same.append(order.same(slot[1], values["SEG.ACK"]))
        return both(here, *same)


def _identified(template: Template, flags: tuple[Term, ...], mask: int) -> Term:
    """The control bits by which kinds of segments differ are those of the template."""
    bits = [bit for bit in range(BITS) if mask >> bit & 1]
    return both(*(flags[bit] if template.flags >> bit & 1 else negation(flags[bit]) for bit in bits))
