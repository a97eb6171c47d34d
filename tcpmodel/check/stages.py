"""Whether every input has a rule in every stage, and every rule an input for which it is the first to fire.

Within a stage the order of the text decides, so no two rules can fire at once: exclusiveness needs no proof, but a
rule that is never first is dead, and that is what its author did not mean. Answers are exact for any TCB whose
numbers have the width of their fields and whose held text is in at most two spans.
"""

from __future__ import annotations

from collections.abc import Iterator

from tcpmodel.check.examples import example
from tcpmodel.check.findings import Finding, finding, listed
from tcpmodel.check.solver import Query, Steps
from tcpmodel.compile.encodings import either, z3
from tcpmodel.compile.relation import Entry, Hole
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Procedure, Rule, Stage


def gaps(steps: Steps) -> Iterator[Finding]:
    """Stages without a rule for some input, each with the states and one input that falls through."""
    found: dict[str, list[tuple[Query, Hole]]] = {}
    for procedure, stages in steps.about():
        if _total(procedure, stages):
            continue
        for query in steps.of(procedure):
            for hole in query.step.holes:
                if hole.stage in stages and query.possible(hole.when):
                    found.setdefault(hole.stage.name, []).append((query, hole))
    for holes in found.values():
        yield _gap(holes)


def _total(procedure: Procedure, stages: list[Stage]) -> bool:
    """Whether each of the stages ends, in whatever state it may run, in a rule without a condition."""
    going_on = (rule for stage in procedure.stages[:-1] for rule in stage.rules if rule.outcome == "continue")
    states = {*procedure.states, *(rule.enter for rule in going_on if rule.enter)}
    return all(any(_unconditional(r) and s in r.states for r in stage.rules) for stage in stages for s in states)


def _unconditional(rule: Rule) -> bool:
    return rule.guard is None and not rule.assume


def _gap(holes: list[tuple[Query, Hole]]) -> Finding:
    query, hole = min(holes, key=lambda item: (item[1].state, item[0].step.state))
    state = query.name(hole.state)
    rules = [rule for rule in hole.stage.rules if state in rule.states]
    states = listed(query.name(number) for number in sorted({hole.state for _, hole in holes}))
    message = f"stage '{hole.stage.name}' has no rule for some input in {states}"
    help = "end the stage with a rule that has no condition" if rules else f"no rule of the stage is in {state}"
    return finding(hole.stage.place, "TM120", message, help, example(query, hole.when, _names(rules)))


def _names(rules: list[Rule]) -> set[str]:
    """The variables that the conditions of these rules read."""
    return {node.name for rule in rules if rule.guard for node in x.walk(rule.guard) if isinstance(node, x.Name)}


class Liveness:
    """Finds for each rule an input for which it fires; `dead` are those that have none."""

    def __init__(self, steps: Steps) -> None:
        self.steps = steps
        self.live: set[str] = set()
        self.asked = {rule.name for rule in steps.rules}
        for procedure, stages in steps.about():
            self._enliven(procedure, stages)
        self.dead = self.asked - self.live

    def _enliven(self, procedure: Procedure, stages: list[Stage]) -> None:
        """Asks from one state after another, that in which most rules are left first."""
        left = set(procedure.states)
        while left:
            rules = [r for stage in stages for r in stage.rules if r.name not in self.live]
            if not rules:
                return
            best = max(sorted(left), key=lambda state: sum(state in rule.states for rule in rules))
            left.remove(best)
            self._ask(self.steps.query(procedure, best))

    def _ask(self, query: Query) -> None:
        """Each answer is an input for which a rule fires that had none, and with it all the others that fire."""
        while todo := [f.when for f in query.step.firings if f.rule.name in self.asked - self.live]:
            if not query.possible(either(*todo)):
                return
            model = query.solver.model()
            fires = (f for f in query.step.firings if z3().is_true(model.eval(f.when, model_completion=True)))
            self.live.update(f.rule.name for f in fires)

    def findings(self) -> Iterator[Finding]:
        """Why each dead rule is dead; of stages that nothing reaches, only the first one."""
        unreached = self._unreached()
        for procedure, stages in self.steps.about():
            for before, stage in zip((None, *procedure.stages), procedure.stages, strict=False):
                if stage not in stages:
                    continue
                if stage.name not in unreached:
                    yield from self._in_stage(stage)
                elif before is None or before.name not in unreached:
                    yield _skipped(stage, before, procedure)

    def _in_stage(self, stage: Stage) -> Iterator[Finding]:
        """One finding for all rules that the same others leave nothing to."""
        shadowed: dict[tuple[str, ...], list[Rule]] = {}
        for rule in stage.rules:
            if rule.name in self.dead:
                takers = self._takers(rule, stage)
                if takers:
                    shadowed.setdefault(tuple(taker.name for taker in takers), []).append(rule)
                else:
                    yield self._dead(rule, stage)
        for names, rules in shadowed.items():
            yield _shadowed(rules, [rule for rule in stage.rules if rule.name in names])

    def _unreached(self) -> set[str]:
        stages = {stage.name: stage for _, wanted in self.steps.about() for stage in wanted}
        silent = (s for s in stages.values() if all(rule.name in self.dead for rule in s.rules))
        return {stage.name for stage in silent if not any(self._entries(stage))}

    def _entries(self, stage: Stage) -> Iterator[tuple[Query, Entry]]:
        """The ways that lead to a stage."""
        for procedure in self.steps.model.procedures:
            if any(other.name == stage.name for other in procedure.stages):
                for query in self.steps.of(procedure):
                    entries = [entry for entry in query.step.entries if entry.stage.name == stage.name]
                    yield from ((query, entry) for entry in entries if query.possible(entry.when))

    def _met(self, rule: Rule, stage: Stage) -> Iterator[tuple[Query, Entry]]:
        return ((query, entry) for query, entry in self._entries(stage) if query.name(entry.state) in rule.states)

    def _takers(self, rule: Rule, stage: Stage) -> list[Rule]:
        """The rules before a dead one that take what meets its condition; none where nothing does."""
        for query, entry in self._met(rule, stage):
            if query.possible(entry.when, query.guard(rule, entry.tcb, entry.state)):
                return query.takers(rule, entry)
        return []

    def _dead(self, rule: Rule, stage: Stage) -> Finding:
        """A rule whose condition nothing meets that gets to it, or nothing at all."""
        name, place = f"rule '{rule.name}'", rule.guard.place if rule.guard else rule.place
        met = list(self._met(rule, stage))
        if not met:
            message = f"{name} is never reached: nothing gets to '{stage.name}' in {listed(rule.states)}"
            return finding(rule.place, "TM123", message)
        if any(query.possible(query.guard(rule, query.step.before, entry.state)) for query, entry in met):
            message = f"{name} never fires: its condition holds for nothing that gets to '{stage.name}'"
            return finding(place, "TM123", message, "an earlier stage takes these inputs")
        return finding(place, "TM122", f"{name} never fires: its condition cannot hold")


def _shadowed(rules: list[Rule], takers: list[Rule]) -> Finding:
    """At the one rule that takes from several, else at the first that is left with nothing."""
    names, verb = listed(rule.name for rule in takers), "takes" if len(takers) == 1 else "take"
    if len(takers) == 1 < len(rules):
        place = takers[0].guard.place if takers[0].guard else takers[0].place
        return finding(
            place, "TM121", f"rule '{names}' leaves nothing to {listed(rule.name for rule in rules)} behind it"
        )
    one = len(rules) == 1
    which = f"rule '{rules[0].name}' never fires" if one else f"{listed(rule.name for rule in rules)} never fire"
    message = f"{which}: {names} before {'it' if one else 'them'} {verb} all {'its' if one else 'their'} inputs"
    help = f"{takers[0].name} is at {takers[0].place}"
    return finding(rules[0].place, "TM121", message, help)


def _skipped(stage: Stage, before: Stage | None, procedure: Procedure) -> Finding:
    """The first stage that nothing reaches."""
    message = f"nothing reaches stage '{stage.name}'"
    where = f"in '{procedure.name}' ({procedure.place})"
    help = (
        f"no rule of stage '{before.name}', which comes before it {where}, both fires and continues" if before else ""
    )
    return finding(stage.place, "TM123", message, help)
