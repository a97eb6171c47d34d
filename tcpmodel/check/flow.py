"""Events that a state has no procedure for, and states that no rule enters."""

from __future__ import annotations

from collections.abc import Iterator

from tcpmodel.check.findings import Finding, finding, listed
from tcpmodel.check.places import Places
from tcpmodel.spec.model import Model, Procedure, Rule


def unhandled(model: Model) -> Iterator[Finding]:
    """An event from outside does not ask in which state it finds the endpoint."""
    events: dict[tuple[str, str], list[Procedure]] = {}
    for procedure in model.procedures:
        events.setdefault((procedure.event, procedure.event_name), []).append(procedure)
    for event, procedures in events.items():
        missing = [state for state in model.states if not any(state in p.states for p in procedures)]
        if missing:
            words = f"no procedure handles {' '.join(filter(None, event))} in {listed(missing)}"
            help = f"add the states to '{procedures[-1].name}', or a procedure for them"
            yield finding(procedures[-1].place, "TM129", words, help)


def unreachable(model: Model, dead: set[str], places: Places) -> Iterator[Finding]:
    """States that no rule leads to; `dead` rules lead nowhere, and a capture's beginning creates no connection."""
    reached = {model.states[0]}
    moves = [(rule, p) for p in model.procedures if p.event != "pickup" for s in p.stages for rule in s.rules]
    while True:
        new = {rule.enter for rule, p in moves if _leads(rule, p, dead) and reached & set(rule.states)} - reached
        if not new:
            break
        reached |= new
    for state in model.states:
        if state not in reached:
            yield finding(places.state(state), "TM124", f"state {state} is never entered", _help(model, state, dead))


def _leads(rule: Rule, procedure: Procedure, dead: set[str]) -> bool:
    """A rule that excuses or forbids something describes no way the machine goes."""
    return bool(rule.enter) and rule.name not in dead and not rule.forbid and not rule.assume


def _help(model: Model, state: str, dead: set[str]) -> str:
    entering = [rule.name for rule in model.rules.values() if rule.enter == state]
    never = [name for name in entering if name in dead]
    if never:
        return f"{listed(never)} would enter it, but never fires"
    if entering:
        return f"{listed(entering)} does so only for a capture, an assumption or a fault, or from a state like this one"
    return "let some rule 'enter' it"
