"""Which values the finite variables of a TCB can have in each state.

A fixpoint over the rules, without their guards: a connection starts with the initial values, and a rule carries
the values of its states to the one it enters, changed by what it sets. It can only find too many values, never too
few. What only an assumption about a capture changes keeps its initial value.
"""

from __future__ import annotations

from collections.abc import Iterator

from tcpmodel.compile.encodings import Term, either, negation
from tcpmodel.compile.values import Values
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Procedure, Rule, Variable

Known = dict[str, frozenset[int]]


class Domains:
    """`of[state]` maps each truth value and enumeration of the TCB to the values it can have there."""

    def __init__(self, model: Model) -> None:
        self.model = model
        tcb = [v for v in model.variables.values() if v.group == "tcb"]
        self.all = {v.name: _values(model, v) for v in tcb if v.type == x.BOOL or v.type in model.enums}
        self.types = {v.name: v.type for v in tcb}
        self.of: dict[str, Known] = {model.states[0]: {v.name: _initial(v) for v in tcb if v.name in self.all}}
        fired = dict.fromkeys(pair for p in model.procedures if p.event != "pickup" for pair in _firings(p))
        while sum(self._carry(state, rule) for state, rule in fired if state in self.of):
            pass

    def _carry(self, state: str, rule: Rule) -> bool:
        """Let the rule fire in the state; whether that made something new possible."""
        if rule.assume or rule.forbid:
            return False
        known, target = dict(self.of[state]), rule.enter or state
        for name, value in rule.sets:
            if name in known:
                known[name] = frozenset({value.value}) if isinstance(value, x.Literal) else self.all[name]
        before = self.of.get(target, {})
        after = {name: values | before.get(name, frozenset()) for name, values in known.items()}
        self.of[target] = after
        return after != before

    def known(self, state: str) -> frozenset[tuple[str, frozenset[int]]]:
        """The values in that state as something to look up by."""
        return frozenset(self.of.get(state, {}).items())

    def terms(self, state: str, tcb: Values) -> Iterator[Term]:
        """What is known of the variables in that state; nothing of a state that is never entered."""
        for name, values in self.of.get(state, {}).items():
            if values != self.all[name]:
                yield either(*(self._equal(tcb[name], name, value) for value in sorted(values)))

    def _equal(self, term: Term, name: str, value: int) -> Term:
        if self.types[name] == x.BOOL:
            return term if value else negation(term)
        return term == value


def _firings(procedure: Procedure) -> Iterator[tuple[str, Rule]]:
    """The rules of a procedure with the states in which control can get to them."""
    for start in procedure.states:
        reached = {start}
        for stage in procedure.stages:
            pairs = [(state, rule) for state in sorted(reached) for rule in stage.rules if state in rule.states]
            yield from pairs
            reached = {rule.enter or state for state, rule in pairs if rule.outcome != "drop"}


def _values(model: Model, variable: Variable) -> frozenset[int]:
    return frozenset(range(2 if variable.type == x.BOOL else len(model.enums[variable.type])))


def _initial(variable: Variable) -> frozenset[int]:
    return frozenset({variable.initial.value if isinstance(variable.initial, x.Literal) else 0})
