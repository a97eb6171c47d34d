"""A failed obligation about the system in plain words: the lemma, whom it fails for, the rules, the states before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tcpmodel.compile.concrete import plain
from tcpmodel.compile.encodings import z3
from tcpmodel.compile.values import Value, Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.obligation import Answer
from tcpmodel.prove.plain import evaluated, failure, word
from tcpmodel.prove.property import Failure
from tcpmodel.prove.scopes import GHOST_SEGMENT, GHOST_TCB, SEGMENT
from tcpmodel.prove.system.cases import Case
from tcpmodel.prove.system.world import behind, world_of
from tcpmodel.spec.model import Variable
from tcpmodel.spec.scope import SEGMENT_FIELD, TCB


def explained(answer: Answer, context: Context) -> Failure:
    """Which lemma fails, for whom, after which rules."""
    case, model = answer.obligation.step, answer.model
    if model is None or not isinstance(case, Case):
        return failure(answer, context)
    names = dict.fromkeys(name for name, term in case.goals if not z3().is_true(evaluated(model, term)))
    reason = f"{', '.join(names)} fails for {case.whom}"
    if case.move is None:
        return Failure(answer.obligation.name, reason)
    found = failure(replace(answer, obligation=replace(answer.obligation, step=case.move.step)), context)
    words = _Words(model, context)
    before = {**found.before, **dict(words.of(case.move.before, (GHOST_TCB,)))}
    before |= behind("B", dict(words.of(case.move.peer, (TCB, GHOST_TCB))))
    event = {**found.event, **dict(words.of(case.move.marks, (GHOST_SEGMENT,)))}
    for prefix, segment in case.segments.items():
        event |= behind(prefix, dict(words.of(segment, (SEGMENT_FIELD, GHOST_SEGMENT))), f"{SEGMENT}.")
    return replace(found, reason=f"{found.reason}: {reason}", before=before, event=event)


class _Words:
    """What a solver's model says of variables, in the words of the specification."""

    def __init__(self, model: Any, context: Context) -> None:
        self.model, self.names = model, context.model
        ghosts = world_of(context).ghosts
        self.rows = list(context.model.variables.values())
        self.rows += [Variable(ghost.name, ghost.type, GHOST_TCB, "") for ghost in ghosts.endpoint if not ghost.derived]
        self.rows += [Variable(f"{SEGMENT}.{ghost.name}", ghost.type, GHOST_SEGMENT, "") for ghost in ghosts.segment]

    def of(self, values: Values, groups: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """The variables of some groups whose value matters."""
        for row in self.rows:
            if row.group in groups and row.name in values and not self._open(values[row.name]):
                yield row.name, word(row, plain(evaluated(self.model, values[row.name]), row.type), self.names)

    def _open(self, value: Value) -> bool:
        return not isinstance(value, tuple) and bool(self.model.eval(value).eq(value))
