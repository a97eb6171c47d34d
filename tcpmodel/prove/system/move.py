"""One step of the system: A acts, B stays as it is; a segment may arrive, and segments are sent or become owed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tcpmodel.compile.encodings import Term, both, either, z3
from tcpmodel.compile.relation import Form, Step
from tcpmodel.compile.values import Values, choose
from tcpmodel.prove.scopes import NEXT, SEGMENT
from tcpmodel.prove.system.pending import NAME
from tcpmodel.prove.system.world import World, alike, behind, bound, flags

ARRIVES, LEAVES = "segment", "output"
"""The events in which a segment arrives and leaves."""
BARE = f"{SEGMENT}.TEXT"
"""An answer that is owed has no text, as its template has none."""


@dataclass
class Move:
    """`step` seen as a step of the system: the endpoint that acts before and after, its peer, and segments."""

    world: World
    step: Step

    @cached_property
    def peer(self) -> Values:
        """The endpoint that does not act."""
        return self.world.endpoint("B.")

    @cached_property
    def before(self) -> Values:
        """The endpoint that acts, before the step."""
        free = self.world.endpoint("")
        known = {**free, **self.step.before, **self.world.machine.before(self.step)}
        return self.world.derived({name: known[name] for name in free})

    @cached_property
    def marks(self) -> Values:
        """The ghosts of the segment that arrives."""
        return self.world.marks("")

    @cached_property
    def after(self) -> Values:
        """The endpoint that acts, after the step."""
        around = {**self.step.inputs, **self.before, **self.marks}
        found = {**self.before, **self.step.after}
        for ghost in self.world.ghosts.endpoint:
            if ghost.begins is not None:
                then = self.world.read(ghost.begins, around)
                found[ghost.name] = choose(ghost.begun(self.step), then, found[ghost.name])
            if ghost.value is not None and not ghost.derived:
                then = self.world.read(ghost.value, around)
                found[ghost.name] = choose(ghost.led(self.step), then, found[ghost.name])
        return self.world.derived(found)

    @property
    def fields(self) -> Values:
        """The fields of the segment that arrives or leaves."""
        return {row.name: self.step.inputs[row.name] for row in self.world.relation.groups["segment"]}

    @cached_property
    def arrived(self) -> Values | None:
        """The segment from B that arrives."""
        return {**self.fields, **self.marks} if self.step.procedure.event == ARRIVES else None

    @property
    def owed(self) -> Term:
        """The segment that leaves is one that has been pending."""
        return z3().Bool(NAME)

    @cached_property
    def pending(self) -> Values | None:
        """A segment of A that was owed, when one leaves."""
        return self.world.segment("L.") if self.step.procedure.event == LEAVES else None

    @cached_property
    def released(self) -> Term:
        """The segment that leaves is the pending one, if it is one at all; no answer owed has text."""
        if self.pending is None:
            return z3().BoolVal(True)
        kinds = (a == b for bit, (a, b) in enumerate(self._controls(self.pending)) if self._identified >> bit & 1)
        same = both(*kinds, alike(self.pending, self.fields, ("SEQ", "ACK")), self.pending[BARE] == 0)
        return z3().Implies(self.owed, same)

    @property
    def _identified(self) -> int:
        """The control bits that tell answers apart, as a mask."""
        return self.world.machine.model.answering.identified

    def _controls(self, segment: Values) -> list[tuple[Term, Term]]:
        return list(zip(segment[f"{SEGMENT}.CTL"], self.fields[f"{SEGMENT}.CTL"], strict=True))

    def sent(self, prefix: str) -> tuple[Values, Term] | None:
        """Any segment that is in the set of segments sent because of this step, and when it is; None without one."""
        if self.pending is not None:
            assert not self.step.forms, "what leaves owes no answer"
            return {**self.fields, **self._left(self.pending)}, z3().BoolVal(True)
        if not self.step.forms:
            return None
        found = {**self.world.segment(prefix), **self.world.marked(self.after)}
        return found, both(found[BARE] == 0, either(*(self._is(form, found) for form in self.step.forms)))

    def _left(self, pending: Values) -> Values:
        """The ghosts of the segment that leaves: those it was owed with, if it was, but for those it leaves with."""
        marks = self.world.marked(self.after)
        kept = {name: choose(self.owed, pending[name], value) for name, value in marks.items()}
        return {**kept, **self.world.leaving(self.after)}

    def _is(self, form: Form, segment: Values) -> Term:
        same = (segment[f"{SEGMENT}.{name}"] == value for name, value in form.fields.items())
        return both(form.when, *same, *flags(form.template.flags, self._identified, segment))

    @property
    def values(self) -> Values:
        """The values of the names in a condition about the step."""
        marks = self.marks if self.pending is None else self._left(self.pending)
        around = {**self.step.inputs, **self.before, **marks}
        return {**around, **dict(behind(NEXT, self.after)), **dict(behind("B", self.peer))}

    @property
    def pair(self) -> Values:
        """The endpoints before the step, the one that acts as A."""
        return bound(self.before, self.peer)
