"""What no rule permits: booking a deviation, saying it in the specification's words, and going on after it.

After a deviation three things may be true, and all are kept until the rest of the trace decides: the segment is as
seen; it is really the one that was due; it does not belong to the connection.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from tcpmodel.trace import Call, Observation, Segment, Timeout
from tcpmodel.verify.hypothesis import LEVELS, Hypothesis
from tcpmodel.verify.machine import TCB, Machine
from tcpmodel.verify.search import Act, Search
from tcpmodel.verify.verdict import Finding

BUDGET = 120
NEARLY, KEPT = 8, 3  # deviations this much dearer than the cheapest are kept, and how many in all
SHOWN_GUARDS = 4
RULE, STAGE, FILE, LINE, CODE, FORBID, ASSUME, LEVEL, CITE, QUOTES, REQUIREMENTS, WHEN, EVENT = range(13)


Blamed = tuple[Hypothesis, Hypothesis, list[int]]


def _distinct(rows: list[Blamed]) -> list[Blamed]:
    """The cheapest row of each kind: from the same state to the same state against the same rules."""
    kinds: dict[tuple[int, int, tuple[int, ...]], Blamed] = {}
    for row in sorted(rows, key=lambda r: r[1].cost):
        kinds.setdefault((row[0].t.STATE, row[1].t.STATE, tuple(row[2])), row)
    return list(kinds.values())


class Deviations:
    """Books the deviations of one endpoint; `variants` receives what it may really have sent, by frame."""

    def __init__(self, machine: Machine, address: str, variants: dict[int, list[Segment]]) -> None:
        self.machine, self.address, self.variants = machine, address, variants

    def book(self, frontier: list[Hypothesis], segment: Segment, search: Search, anyway: bool) -> list[Hypothesis]:
        """The cheapest hypotheses in which the endpoint sent `segment` against the rules.

        With `anyway` there always is one, if need be with what should have come first left out.
        """
        blamed: list[Blamed] = []
        search.blaming = True  # a hidden event against the rules may be what was wrong
        search.explain(frontier, self._act(segment, search, blamed), segment, segment.frame, budget=BUDGET)
        search.blaming = False
        if not blamed and anyway:
            self._try_anyway(frontier[0], segment, blamed)
        if not blamed:
            return []
        cheapest = min(after.cost for _, after, _ in blamed)
        goals: list[Hypothesis] = []
        states = tuple(dict.fromkeys(self.machine.states[h.t.STATE] for h in frontier))
        for before, after, bad in _distinct([row for row in blamed if row[1].cost <= cheapest + NEARLY])[:KEPT]:
            findings = [self.finding(before.t, segment, number, states) for number in bad]
            goals += self._ways_on(before, after, segment, bad, findings, search)
        return goals

    def _act(self, segment: Segment, search: Search, blamed: list[Blamed]) -> Act:
        def act(node: Hypothesis) -> Hypothesis | None:
            if search.may_act(node, segment):
                self._try_anyway(node, segment, blamed)
            return None

        return act

    def _try_anyway(self, node: Hypothesis, segment: Segment, blamed: list[Blamed]) -> None:
        t = node.t.copy()
        bad = self.machine.emit_anyway(t, segment)
        child = node.fork(t)
        child.cost += sum(self.machine.levels[number] for number in bad)
        blamed.append((node, child, bad))

    def _ways_on(
        self,
        before: Hypothesis,
        seen: Hypothesis,
        segment: Segment,
        bad: list[int],
        findings: list[Finding],
        search: Search,
    ) -> list[Hypothesis]:
        ways: list[tuple[Hypothesis, Segment | str | bool]] = [(seen, "against" if bad else False)]
        due = self._due(before.t, segment, bad)
        t = before.t.copy()
        if due is not None and self.machine.emit(t, due) < 0:
            self.variants.setdefault(segment.frame, []).append(due)
            ways.append((before.fork(t), due))
        if bad:
            ways.append((before.fork(), "astray"))
        for rank, (way, how) in enumerate(ways):
            way.cost = seen.cost + rank
            way.out, way.due = segment.frame, frozenset()
            for finding in findings:
                way.note("finding", segment.frame, finding)
            if search.keep:
                way.note("send", segment.frame, how)
            way.enter(segment.frame)
        return [way for way, _ in ways]

    def _due(self, t: TCB, segment: Segment, bad: list[int]) -> Segment | None:
        """The segment with the values that the broken rules expected; None when they name none."""
        due = None
        for number in bad:
            for _, attribute, value, _ in self._expected(number, t, segment):
                if attribute is not None:
                    due = due or copy(segment)
                    setattr(due, attribute, value)
        return due

    def _expected(self, number: int, t: TCB, segment: Segment) -> list[tuple[str, str | None, int, int]]:
        rows: list[tuple[str, str | None, int, int]] = []
        if number in self.machine.steps.EXPECTED:
            rows = self.machine.steps.EXPECTED[number](t, segment, self.machine.env)
        return rows

    def finding(self, t: TCB, segment: Segment, number: int, states: tuple[str, ...]) -> Finding:
        """The deviation in the words of the rule that forbids it."""
        steps, row = self.machine.steps, self.machine.steps.RULES[number]
        expected = self._expected(number, t, segment)
        field, _, due, seen = expected[0] if expected else ("", None, "", "")
        return Finding(
            level=row[FORBID], code=row[CODE], rule=row[RULE], endpoint=self.address, frame=segment.frame,
            message=steps.MESSAGES[number](t, segment, self.machine.env) if number in steps.MESSAGES else row[WHEN],
            expected=f"{field} = {due}" if field else "", actual=f"{field} = {seen}" if field else "", field=field,
            cite=row[CITE], quote=" ".join(row[QUOTES]), requirements=tuple(row[REQUIREMENTS]),
            place=f"{row[FILE]}:{row[LINE]}", states=states, guards=tuple(self._guards(row, t, segment)),
        )  # fmt: skip

    def event(self, t: TCB, number: int, frame: int) -> Finding:
        """A deviation that is no segment of the endpoint: a timer that ran short, or an assumption proved wrong."""
        return self.finding(t, Segment(frame, -1, self.address, ""), number, (self.machine.states[t.STATE],))

    def _guards(self, broken: tuple[Any, ...], t: TCB, segment: Segment) -> list[str]:
        """The conditions of the stage's permitting rules that failed, those of the nearest rule first."""
        rows = []
        env = self.machine.env
        for number, conditions in self.machine.steps.GUARDS.items():
            row = self.machine.steps.RULES[number]
            if row[STAGE] != broken[STAGE]:
                continue
            failed = [
                (text, values(t, segment, env)) for text, holds, values in conditions if not holds(t, segment, env)
            ]
            if failed:
                rows.append((len(failed), row[RULE], failed))
        rows.sort(key=lambda r: r[0])
        return [
            f"{rule}: {text} fails with {', '.join(f'{n} = {v}' for n, v in values.items())}"
            for _, rule, failed in rows[:SHOWN_GUARDS]
            for text, values in failed[:1]
        ]

    def contradicted(
        self, frontier: list[Hypothesis], item: Call | Timeout | Observation, last: tuple[TCB, Segment] | None
    ) -> list[Hypothesis]:
        """The frontier behind an observation that none of its hypotheses agrees with."""
        states = tuple(dict.fromkeys(self.machine.states[h.t.STATE] for h in frontier))
        what = item.state if isinstance(item, Observation) else f"{type(item).__name__} {item.name}"
        row = self._last_rule(last)
        finding = Finding(
            level="must", code="TM501", rule=row[RULE] if row else "", endpoint=self.address, frame=item.frame,
            message=f"{what} was observed, where the model allows {' or '.join(states)}",
            expected=f"STATE = {' or '.join(states)}", actual=f"STATE = {what}", field="STATE",
            cite=row[CITE] if row else "", quote=" ".join(row[QUOTES]) if row else "",
            requirements=tuple(row[REQUIREMENTS]) if row else (),
            place=f"{row[FILE]}:{row[LINE]}" if row else "", states=states,
        )  # fmt: skip
        ways = []
        for hypothesis in frontier:
            way = hypothesis.fork()
            way.cost += LEVELS["must"]
            way.note("finding", item.frame, finding)
            ways.append(way)
        return ways

    def _last_rule(self, last: tuple[TCB, Segment] | None) -> tuple[Any, ...] | None:
        """The last rule that the last arrival fires: the one an unexpected state breaks."""
        if last is None:
            return None
        fired = self.machine.fired(*last)
        row: tuple[Any, ...] | None = self.machine.steps.RULES[fired[-1]] if fired else None
        return row
