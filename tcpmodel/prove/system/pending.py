"""Answers that endpoints owe, in proofs: each is pending from the moment a rule owes it, and may leave or never leave.

What is pending counts as sent at once, so no state has to remember it; `owed(SEG)` is then a truth value of its own,
under which SEG is one of the pending segments. That allows more than an endpoint can do, which is sound for proofs.
"""

from __future__ import annotations

from tcpmodel.compile.bounded import Answers
from tcpmodel.compile.encodings import Term, z3
from tcpmodel.compile.terms import Order
from tcpmodel.compile.values import Slots, Values
from tcpmodel.spec.model import Model, Rule

NAME = "(pending)"


class Pending(Answers):
    """Keeps nothing."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, room=0)

    def owe(self, slots: Slots, rule: Rule, numbers: tuple[Term, ...], order: Order, ordinal: Term) -> Slots:
        """Nothing is remembered."""
        return slots

    def owed(self, values: Values, order: Order) -> Term:
        """Whether the segment that leaves is a pending one."""
        return z3().Bool(NAME)

    def discharge(self, slots: Slots, values: Values, order: Order) -> Slots:
        """Nothing is remembered."""
        return slots
