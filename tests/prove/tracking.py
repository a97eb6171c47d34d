"""Two endpoints along a run with all that proofs add to them: ghost variables, and every segment ever sent or owed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import Any

from tcpmodel.compile.expressions import identifier
from tcpmodel.prove.context import Context
from tcpmodel.prove.evaluate import evaluator
from tcpmodel.prove.explore import Situation
from tcpmodel.prove.explore.candidates import Wire, segment_of
from tcpmodel.prove.explore.path import End
from tcpmodel.prove.explore.scenario import ENDS
from tcpmodel.prove.explore.system import ARRIVES, COPY, HAPPENS, SENDS, TICK, Move
from tcpmodel.prove.explore.values import FIELDS, Named, Source, Unknown, step_values, tcb_values
from tcpmodel.prove.methods.induction import Claim
from tcpmodel.prove.property import Assumption
from tcpmodel.prove.refute import event_of
from tcpmodel.prove.system.ghosts import ANY, Ghost, read_ghosts
from tcpmodel.spec.expr import TIME, Junction
from tcpmodel.trace import Segment

Marks = dict[str, Any]


def _happening(now: Situation) -> Move:
    """A step of the beginning, which is in words, as a move."""
    end, _, text = str(now.move).partition(" ")
    side = ENDS.index(end)
    return Move(HAPPENS, side, [o.text for o in now.system.ends[side].occasions].index(text))


@dataclass
class Sent:
    """A segment, or an answer that is owed, with its ghost variables; `packet` is its number once it has left."""

    segment: Segment
    marks: Marks
    packet: int = -1
    kept: dict[str, tuple[tuple[str, Any], ...]] = field(default_factory=dict)

    def of(self, name: str) -> tuple[tuple[str, Any], ...]:
        """The values of its names behind another one: `M.SEQ`."""
        if name not in self.kept:
            fields = {key.removeprefix("SEG."): told(self.segment) for key, told in FIELDS.items()}
            self.kept[name] = tuple((f"{name}.{key}", value) for key, value in (fields | self.marks).items())
        return self.kept[name]


class Tracking:
    """What is known at each step of one run; `limits` are the numbers that never change."""

    def __init__(self, context: Context, limits: Marks) -> None:
        self.context, self.rules = context, context.model.rules
        self.ghosts = read_ghosts(context.model, context.properties.documents)
        explored = {g.name: evaluator(g.explored)({}) for g in self.ghosts.limits if g.explored is not None}
        self.limits = explored | limits
        self.names = {g.name: g.value for g in self.ghosts.endpoint if g.derived and g.value is not None}
        self.kept = [g for g in self.ghosts.endpoint if not g.derived]
        start: Marks = {g.name: evaluator(g.initial)(self) for g in self.kept if g.initial is not None}
        self.ends: list[Marks] = [dict(start), dict(start)]
        self.sent: list[list[Sent]] = [[], []]
        self.new: list[Sent] = []
        rows = (row for row in context.model.variables.values() if row.group == "tcb")
        self.variables = [(row.name, identifier(row.name)) for row in rows]
        self.now: Situation | None = None
        self.moved = -1
        self.acted: tuple[tuple[str, str], str, Named] | None = None
        self.pairs: list[Marks] = []
        self.broken: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        return self.limits[name]

    def step(self, now: Situation) -> None:
        """Takes a step of the run."""
        self.now, self.new, self.moved, self.acted = now, [], -1, None
        move = _happening(now) if isinstance(now.move, str) else now.move
        if isinstance(move, Move) and move.kind in (HAPPENS, SENDS, ARRIVES, COPY):
            self.moved = move.end
            self._act(Situation(now.system, now.state, now.previous, move), move)
        elif isinstance(move, Move) and move.kind == TICK:
            self._later(now.system.ends[0].clock.tick)
        ends = [self.end(side) for side in (0, 1)]
        self.pairs = [
            {**{f"A.{name}": value for name, value in ends[side].items()},
             **{f"B.{name}": value for name, value in ends[1 - side].items()}, **self.limits}
            for side in (0, 1)
        ]  # fmt: skip

    def _act(self, now: Situation, move: Move) -> None:
        before, side = now.before, move.end
        assert before is not None
        rules = [self.rules[name] for name in now.rules]
        around, owner = self._around(now, move, self.ends[side]), self.ends[side]
        then = dict(owner)
        for ghost in self.kept:
            if ghost.begins is not None and any(rule.begins for rule in rules):
                then[ghost.name] = evaluator(ghost.begins)(around)
            if ghost.value is not None and self._led(ghost, now, move):
                then[ghost.name] = evaluator(ghost.value)(around)
        self._assume(now, around, then, move)
        self.ends[side] = then
        self._sends(now, move, *((s.b if side else s.a) for s in (before, now)))

    def _led(self, ghost: Ghost, now: Situation, move: Move) -> bool:
        rules = [self.rules[name] for name in now.rules]
        if ghost.on:
            return ghost.on == ANY or (bool(rules) and " ".join(event_of(now, move)).strip() == ghost.on)
        return any(ghost.follows in dict(rule.sets) for rule in rules)

    def _around(self, now: Situation, move: Move, marks: Marks) -> Named:
        """The names of a step before it."""
        found = step_values(now, self.names)
        carried = self._arrived(now, move).marks if move.kind in (ARRIVES, COPY) else {}
        plain, fields, peer = found.sources[""], found.sources["SEG."], self.ends[1 - move.end]
        return Named({
            **found.sources,
            "": lambda name: self._of(name, marks, plain),
            "B.": lambda name: self._of(name, peer, found.sources["B."]),
            "SEG.": lambda name: carried[name] if name in carried else fields(name),
        })  # fmt: skip

    def _of(self, name: str, marks: Marks, plain: Source) -> Any:
        return marks[name] if name in marks else self.limits[name] if name in self.limits else plain(name)

    def _arrived(self, now: Situation, move: Move) -> Sent:
        """The segment that arrives: the one sent so many ticks ago, where several look alike."""
        clock = now.system.ends[0].clock
        alike = [sent for sent in self.sent[1 - move.end] if sent.packet == move.what]
        at = clock.now - move.age * clock.tick
        return next((sent for sent in reversed(alike) if sent.marks.get("SENT", at) == at), alike[-1])

    def _later(self, tick: int) -> None:
        """Times are as long ago as the clock says."""
        endpoint, segment = ([g.name for g in rows if g.type == TIME] for rows in (self.kept, self.ghosts.segment))
        for marks, names in chain(
            ((end, endpoint) for end in self.ends), ((s.marks, segment) for side in self.sent for s in side)
        ):
            for name in names:
                marks[name] -= tick if marks[name] else 0  # one that was never set stays
        for sent in chain(*self.sent):
            sent.kept.clear()

    def _sends(self, now: Situation, move: Move, before: End, after: End) -> None:
        side = move.end
        values = self.end(side)
        marks = {g.name: evaluator(g.value)(values) for g in self.ghosts.segment if g.value is not None}
        if move.kind == SENDS:
            assert now.segment is not None
            steps, waiting = now.system.ends[side].steps, [s for s in self.sent[side] if s.packet < 0]
            owed = [s for s in waiting if steps.owed(before.tcb.owed, s.segment)]
            form = [s for s in owed if self._answers(s.segment, now.segment)]
            kept = form[-1].marks if form else marks
            left = {g.name: evaluator(g.leaves)(values) for g in self.ghosts.segment if g.leaves is not None}
            self.new.append(Sent(now.segment, {**kept, **left}, move.what))
        else:
            forms = {form for _, rows in set(after.tcb.owed) - set(before.tcb.owed) for form in rows}
            self.new += [Sent(segment_of(Wire(f, seq, max(ack, 0), 0, 0)), marks) for f, seq, ack in sorted(forms)]
        self.sent[side] += self.new

    def _answers(self, form: Segment, segment: Segment) -> bool:
        same = (form.flags ^ segment.flags) & self.context.model.answering.identified == 0
        return same and (form.seq, form.ack) == (segment.seq, segment.ack)

    def _assume(self, now: Situation, around: Named, then: Marks, move: Move) -> None:
        """Which assumptions the run has broken by now."""
        after = tcb_values(now.b if move.end else now.a, self.names).sources[""]
        values = Named({**around.sources, "NEXT.": lambda name: self._of(name, then, after)})
        assert now.before is not None
        self.acted = event_of(now, move), (now.before.b if move.end else now.before.a).state, values
        for item in self.context.properties.assumptions.values():
            if item.name not in self.broken and not self._met(item, now, values):
                self.broken.add(item.name)

    def _met(self, item: Assumption, now: Situation, values: Named) -> bool:
        if not item.without.isdisjoint(now.rules):
            return False
        if item.procedures and self._rules_of(item.procedures).isdisjoint(now.rules):
            return True
        begins = any(self.rules[name].begins for name in now.rules)
        node = item.holds
        parts = node.items if isinstance(node, Junction) and node.op == "and" else (node,) if node is not None else ()
        for part in parts:
            try:
                if not evaluator(part)(values) and (begins or "FRESH." not in repr(part)):
                    return False
            except Unknown:  # it speaks of a segment, and there is none
                continue
        return True

    def _rules_of(self, procedures: frozenset[str]) -> set[str]:
        rows = (p for p in self.context.model.procedures if p.name in procedures)
        return {rule.name for p in rows for stage in p.stages for rule in stage.rules}

    def said(self, told: Callable[[Marks], bool], about: str, random: Random) -> Iterator[bool]:
        """Whether a lemma holds now, of everything that it is about or of some of it."""
        if about == "endpoint":
            yield from (told(self.end(side)) for side in (0, 1))
            return
        for side in (0, 1):
            for group in self._groups(about, side, random):
                rows = (sent.of(name) for name, sent in zip("MN", group, strict=False))
                yield told(self.pairs[side] | dict(chain(*rows)) if group else self.pairs[side])

    def keeps(self, claim: Claim) -> bool | None:
        """Whether the step is as a claim about steps says; None where that does not speak of it."""
        event, state, values = self.acted or (("", ""), "", None)
        if values is None or state not in claim.states:
            return None
        if event not in {(p.event, p.event_name) for p in claim.procedures}:
            return None
        spoken = claim.when is None or evaluator(claim.when)(values)
        return bool(evaluator(claim.holds)(values)) if spoken else None

    def end(self, side: int) -> Marks:
        """The names of an endpoint as it is now."""
        assert self.now is not None
        tcb = (self.now.b if side else self.now.a).tcb
        found = {name: getattr(tcb, attribute) for name, attribute in self.variables} | self.ends[side]
        return found | {name: evaluator(node)(found) for name, node in self.names.items()}

    def _groups(self, about: str, side: int, random: Random) -> Iterable[tuple[Sent, ...]]:
        """The segments M and N: those of this step with others, and some older ones."""
        if about == "endpoints":
            return ((),)
        mine, others = self.sent[side], self.sent[1 - side if about == "exchange" else side]
        moved = self.moved == side
        first = [*(self.new if moved else ()), *_some(mine, random)]
        if about == "segment":
            return ((sent,) for sent in first)
        return ((m, n) for m in first for n in _some(others, random))


def _some(rows: list[Sent], random: Random) -> list[Sent]:
    return random.sample(rows, min(1, len(rows)))
