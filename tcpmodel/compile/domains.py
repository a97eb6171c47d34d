"""Which values the finite variables of a TCB can have in each state.

A fixpoint over the rules, without their guards: a connection starts with the initial values, and a rule carries
the values of its states to the one it enters, changed by what it sets. It can only find too many values, never too
few. What only an assumption about a capture changes keeps its initial value.
"""

from __future__ import annotations

from typing import Any

import z3

from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Rule, Variable

Known = dict[str, frozenset[int]]


class Domains:
    """`of[state]` maps each truth value and enumeration of the TCB to the values it can have there."""

    def __init__(self, model: Model) -> None:
        self.model = model
        tcb = [v for v in model.variables.values() if v.group == "tcb"]
        self.state_variable = next(v.name for v in tcb if v.type == x.STATE)
        self.all = {v.name: _values(model, v) for v in tcb if v.type == x.BOOL or v.type in model.enums}
        self.types = {v.name: v.type for v in tcb}
        self.of: dict[str, Known] = {model.states[0]: {v.name: _initial(v) for v in tcb if v.name in self.all}}
        rules = [rule for p in model.procedures if p.event != "pickup" for s in p.stages for rule in s.rules]
        while sum(self._carry(state, rule) for rule in rules for state in rule.states if state in self.of):
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

    def terms(self, state: str) -> list[Any]:
        """What is known of the variables in that state, as Z3 terms; nothing of a state that is never entered."""
        found = []
        for name, values in self.of.get(state, {}).items():
            if values != self.all[name]:
                boolean = self.types[name] == x.BOOL
                terms = [z3.Bool(name) == bool(v) if boolean else z3.Int(name) == v for v in sorted(values)]
                found.append(z3.Or(*terms))
        return found


def _values(model: Model, variable: Variable) -> frozenset[int]:
    return frozenset(range(2 if variable.type == x.BOOL else len(model.enums[variable.type])))


def _initial(variable: Variable) -> frozenset[int]:
    return frozenset({variable.initial.value if isinstance(variable.initial, x.Literal) else 0})
