"""One step of one endpoint, told in full: every rule tried, every condition with its values.

The typed expressions of the specification are compiled one by one by the emitter that the generated step functions are
made with. Stages run as there: the first rule whose guard holds fires; one that enters another state and continues
goes on in that state from the next stage; what is forbidden is noted and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from tcpmodel.compile import runtime
from tcpmodel.compile.expressions import Emitter, identifier
from tcpmodel.compile.python import tcb_class
from tcpmodel.compile.tables import _source as source_text
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Procedure, Rule, Stage
from tcpmodel.step.outcome import Breach, Condition, Form, StageRun, Step, Tried, Values
from tcpmodel.step.values import shown
from tcpmodel.trace import Segment
from tcpmodel.verify.machine import TCB

HOLE = re.compile(r"\{[^}]*\}")
Code = Callable[[Any, Any, Any], Any]


class Machine:
    """The steps of one model. Expressions are compiled when they are first needed."""

    def __init__(self, model: Model) -> None:
        self.model = model
        owed, self.discharge, _ = runtime.answering(model.answering.identified, model.answering.contained)
        self.names: dict[str, Any] = {**vars(runtime), "owed": owed}
        exec("\n".join(tcb_class(model)), self.names)
        self.numbers = {name: number for number, name in enumerate(model.rules)}
        self.variables = [v for v in model.variables.values() if v.group == "tcb"]
        self._codes: dict[str, Code] = {}

    def tcb(self) -> TCB:
        """A TCB in the initial state."""
        made: TCB = self.names["TCB"]()
        return made

    def value(self, node: x.Expr, t: TCB, s: Segment | None, e: object) -> Any:
        """The plain value of an expression."""
        text = Emitter().emit(node)
        if text not in self._codes:
            self._codes[text] = eval(f"lambda t, s, e: {text}", self.names)
        return self._codes[text](t, s, e)

    def values(self, t: TCB) -> Values:
        """The TCB by names, as values are shown."""
        return {v.name: shown(getattr(t, identifier(v.name)), v.type, self.model) for v in self.variables}

    def procedure(self, t: TCB, event: str, name: str = "") -> Procedure | None:
        """What serves an event in the state of the TCB, or None."""
        state = self.model.states[t.STATE]
        rows = self.model.procedures
        return next((p for p in rows if (p.event, p.event_name) == (event, name) and state in p.states), None)

    def step(
        self, t: TCB, procedure: Procedure, segment: Segment | None, environment: Mapping[str, Any],
        text: str = "", assume: bool = False,
    ) -> Step:  # fmt: skip
        """Run a procedure; `t` changes in place. `environment` holds plain values by name, arguments included."""
        e = SimpleNamespace(**{identifier(name): value for name, value in environment.items()})
        step = Step(text, procedure.name, self.values(t))
        for stage in procedure.stages:
            run = self._stage(stage, t, segment, e, assume)
            step.stages.append(run)
            if run.fired is None:
                break
            self._fire(run.fired, t, segment, e, step)
            if run.fired.outcome == "drop":
                break
        step.after = self.values(t)
        return step

    def _stage(self, stage: Stage, t: TCB, segment: Segment | None, e: object, assume: bool) -> StageRun:
        state, tried = self.model.states[t.STATE], []
        for rule in stage.rules:
            if state not in rule.states:
                continue
            conditions = tuple(self._conditions(rule, t, segment, e))
            excused = bool(rule.assume) and not assume
            fired = not excused and all(condition.holds for condition in conditions)
            tried.append(Tried(rule, conditions, fired, excused))
            if fired:
                break
        return StageRun(stage, state, tuple(tried))

    def _conditions(self, rule: Rule, t: TCB, segment: Segment | None, e: object) -> Iterator[Condition]:
        for part in x.conjuncts(rule.guard) if rule.guard else ():
            nodes = {n.name: n for n in x.walk(part) if isinstance(n, x.Name) and n.name != "SEG"}
            plain = {name: (self.value(node, t, segment, e), node.type) for name, node in nodes.items()}
            values = {name: shown(*pair, self.model) for name, pair in plain.items()}
            yield Condition(source_text(part), bool(self.value(part, t, segment, e)), values)

    def _fire(self, rule: Rule, t: TCB, segment: Segment | None, e: object, step: Step) -> None:
        said = self._message(rule, t, segment, e)
        if rule.forbid:
            step.breaches.append(Breach(rule, said))
        if rule.assume:
            step.assumed.append(Breach(rule, said))
        step.began = step.began or bool(rule.begins)
        # simultaneous: every right side reads the old values
        new = [(identifier(name), self.value(node, t, segment, e)) for name, node in rule.sets]
        for name, value in new:
            setattr(t, name, value)
        if rule.enter:
            t.STATE = self.model.states.index(rule.enter)
        self._answer(rule, t, segment, e, step)
        if rule.signal:
            now = self.values(t)
            step.signals.append(HOLE.sub(lambda match: str(now.get(match[0][1:-1], match[0])), rule.signal))

    def _answer(self, rule: Rule, t: TCB, segment: Segment | None, e: object, step: Step) -> None:
        """What the rule calls for becomes owed, and what the segment answers is owed no longer."""
        forms = []
        for template in rule.sends:
            fields = {name: self.value(node, t, segment, e) for name, node in template.fields}
            forms.append(Form(rule.name, template.text, template.flags, fields["SEQ"], fields.get("ACK")))
        step.forms += forms
        if rule.forgets:
            t.owed = ()
        if forms:
            owed = tuple((form.flags, form.seq, -1 if form.ack is None else form.ack) for form in forms)
            t.owed = runtime.owe(t.owed, self.numbers[rule.name], owed)
        if rule.discharge and segment is not None:
            t.owed = self.discharge(t.owed, segment)

    def _message(self, rule: Rule, t: TCB, segment: Segment | None, e: object) -> str:
        if not (rule.forbid or rule.assume):
            return ""
        holes = iter(rule.holes)
        return HOLE.sub(lambda _: str(self.value(next(holes), t, segment, e)), rule.message)
