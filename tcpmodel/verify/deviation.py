"""What no rule permits: booking a deviation, saying it in the specification's words, and going on after it.

After a deviation three things may be true, and all are kept until the rest of the trace decides: the segment is as
seen; it is really the one that was due; it does not belong to the connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any

from tcpmodel.compile.runtime import told
from tcpmodel.trace import Observation, Segment, Told, sequence_length
from tcpmodel.trace.notation import to_packetdrill
from tcpmodel.verify.hypothesis import LEVELS, Hypothesis
from tcpmodel.verify.machine import TCB, Machine
from tcpmodel.verify.search import Act, Search, named
from tcpmodel.verify.verdict import Finding

BUDGET = 120
NEARLY, KEPT = 8, 3  # deviations this much dearer than the cheapest are kept, and how many in all
SHOWN_GUARDS = 4
STATE, OWES = "STATE", "owes"
WINDOW = 65535
RULE, STAGE, FILE, LINE, CODE, FORBID, ASSUME, LEVEL, CITE, QUOTES, REQUIREMENTS, WHEN, EVENT = range(13)


Blamed = tuple[Hypothesis, Hypothesis, list[int]]


def _distinct(rows: list[Blamed]) -> list[Blamed]:
    """The cheapest row of each kind: from the same state to the same state against the same rules."""
    kinds: dict[tuple[int, int, tuple[int, ...]], Blamed] = {}
    for row in sorted(rows, key=lambda r: r[1].cost):
        kinds.setdefault((row[0].t.STATE, row[1].t.STATE, tuple(row[2])), row)
    return list(kinds.values())


def segment_of(form: tuple[int, int, int]) -> Segment:
    """An answer owed (control bits, SEQ, ACK or -1) as a segment without ends."""
    flags, seq, ack = form
    return Segment(0, -1, "", "", seq=seq, ack=max(ack, 0), flags=flags, len=sequence_length(0, flags), wnd=WINDOW)


def _listed(answers: Iterable[Segment]) -> str:
    """Answers in words, without their windows, which no rule speaks of."""
    return ", ".join(to_packetdrill(answer).partition(" win ")[0] for answer in answers)


def _shown(value: object) -> object:
    return "nothing" if value == "" else value


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
        self, frontier: list[Hypothesis], item: Told, last: tuple[TCB, Segment] | None
    ) -> list[Hypothesis]:
        """The frontier behind something told that none of its hypotheses agrees with."""
        states = tuple(dict.fromkeys(self.machine.states[h.t.STATE] for h in frontier))
        field, expected, actual = self._differences(frontier[0].t, item)[0]
        message = f"{field} = {actual} was observed, where the model has {expected}"
        if field == STATE:
            expected = " or ".join(states)
            message = f"{actual} was observed, where the model allows {expected}"
        row = self._owing_rule(frontier[0].t, item) if field == OWES else self._last_rule(last)
        finding = Finding(
            level="must", code="TM501", rule=row[RULE] if row else "", endpoint=self.address, frame=item.frame,
            message=message, expected=f"{field} = {expected}", actual=f"{field} = {actual}", field=field,
            cite=row[CITE] if row else "", quote=" ".join(row[QUOTES]) if row else "",
            requirements=tuple(row[REQUIREMENTS]) if row else (),
            place=f"{row[FILE]}:{row[LINE]}" if row else "", states=states,
        )  # fmt: skip
        ways = []
        for hypothesis in frontier:
            way = hypothesis.fork()
            way.cost += LEVELS["must"] + len(self._differences(hypothesis.t, item)) - 1
            way.note("finding", item.frame, finding)
            ways.append(way)
        return ways

    def _differences(self, t: TCB, item: Told) -> list[tuple[str, object, object]]:
        """(what, as the model has it, as it was observed) of everything in which a TCB is not as the trace tells.

        What a step could not do, or came too late for, differs in its state.
        """
        state = self.machine.states[t.STATE]
        if not isinstance(item, Observation):
            return [(STATE, state, " ".join(filter(None, (type(item).__name__, named(item)[1]))))]
        names = {name: attribute for name, attribute, _ in self.machine.steps.VARIABLES}
        due = _listed(segment_of(forms[0]) for _, forms in t.owed)
        rows: list[tuple[str, object, object]] = [(STATE, state, item.state)] if item.state not in ("", state) else []
        values = {name: told(getattr(t, names.get(name, ""), None)) for name in item.tcb}
        rows += [(name, values[name], value) for name, value in item.tcb.items() if values[name] != value]
        if item.owes is not None and not self.machine.steps.owes(t.owed, item.owes):
            rows.append((OWES, due, _listed(item.owes)))
        rows = rows or [(STATE, state, item.state)]
        return [(name, _shown(value), _shown(seen)) for name, value, seen in rows]

    def _owing_rule(self, t: TCB, item: Told) -> tuple[Any, ...] | None:
        """The rule that has left the latest answer owed which is not among those observed."""
        observed = item.owes if isinstance(item, Observation) else None
        owed = self.machine.steps.owed
        rules = [rule for rule, forms in t.owed if not any(owed(((rule, forms),), s) for s in observed or ())]
        row: tuple[Any, ...] | None = self.machine.steps.RULES[rules[-1]] if rules else None
        return row

    def _last_rule(self, last: tuple[TCB, Segment] | None) -> tuple[Any, ...] | None:
        """The last rule that the last arrival fires: the one an unexpected state breaks."""
        if last is None:
            return None
        fired = self.machine.fired(*last)
        row: tuple[Any, ...] | None = self.machine.steps.RULES[fired[-1]] if fired else None
        return row
