"""The plainest input that meets a condition: every value that may be nothing is nothing, so what remains matters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tcpmodel.check.findings import Example
from tcpmodel.check.solver import Query
from tcpmodel.compile.bounded import OWED
from tcpmodel.compile.bounds import WIDTHS
from tcpmodel.compile.concrete import ANSWERS, bound, plain
from tcpmodel.compile.encodings import Term, both
from tcpmodel.compile.expressions import SEGMENT_ATTRIBUTES
from tcpmodel.compile.relation import ASSUME, STATE
from tcpmodel.compile.values import Value
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Variable
from tcpmodel.trace.notation import to_packetdrill
from tcpmodel.trace.segment import Segment

SMALL = (1, 2, 3, 10, 100)
SEGMENT_EVENTS = ("segment", "output", "pickup")


def example(query: Query, condition: Term, read: set[str]) -> Example:
    """The plainest TCB and input that meet a possible condition; `read` are the names that it reads."""
    values = _Plainest(query, condition).values()
    model, procedure = query.steps.model, query.step.procedure
    rows = {row.name: row for row in _rows(model, procedure.arguments)}
    shown = {
        name: value for name, value in values.items() if name in rows and (name in read or value != _none(rows[name]))
    }
    words = {name: _word(rows[name], value, model) for name, value in shown.items() if name != STATE}
    by_group = {group: {n: w for n, w in words.items() if rows[n].group in of} for group, of in _GROUPS.items()}
    has_segment = procedure.event in SEGMENT_EVENTS
    return Example(
        state=query.name(query.step.state),
        event=" ".join(filter(None, (procedure.event, procedure.event_name))),
        segment=to_packetdrill(_segment(values)) if has_segment else "",
        fields=by_group["fields"] if has_segment else {},
        tcb=by_group["tcb"],
        environment=by_group["environment"],
    )


_GROUPS = {"fields": ("segment",), "tcb": ("tcb",), "environment": ("environment", "argument")}


def _rows(model: Model, arguments: tuple[Variable, ...]) -> Iterator[Variable]:
    yield from model.variables.values()
    yield from arguments


def _none(row: Variable) -> Any:
    """The value a variable has when there is nothing to say: its initial one, an absent option, zero."""
    if isinstance(row.initial, x.Literal):
        return () if row.type == x.SPANS else bool(row.initial.value) if row.type == x.BOOL else row.initial.value
    if WIDTHS.get(row.name, (0,))[0] < 0 or row.type == x.TIME:
        return -1
    return False if row.type == x.BOOL else 0


def _word(row: Variable, value: Any, model: Model) -> Any:
    if row.type in model.enums:
        return model.enums[row.type][value]
    if row.type == x.SPANS:
        return [list(span) for span in value]
    return value


class _Plainest:
    """Settles one variable after another to the plainest value that is still possible."""

    def __init__(self, query: Query, condition: Term) -> None:
        self.query, self.solver, self.encoding = query, query.solver, query.steps.relation.encoding
        self.condition = condition
        self.types = {row.name: row for row in _rows(query.steps.model, query.step.procedure.arguments)}

    def values(self) -> dict[str, Any]:
        self.solver.push()
        self.solver.add(self.condition)
        free = {**self.query.step.inputs, **self.query.step.before}
        for name, value in free.items():
            if name != STATE:
                self._settle(name, value)
        assert self.query.possible()
        model = self.solver.model()
        found = {name: plain(_evaluated(model, value), self._type(name)) for name, value in free.items()}
        self.solver.pop()
        return found

    def _type(self, name: str) -> str:
        return {OWED: ANSWERS, ASSUME: x.BOOL}.get(name) or self.types[name].type

    def _settle(self, name: str, value: Value) -> None:
        for candidate in self._candidates(name):
            pairs = bound(value, self._type(name), candidate, self.encoding)
            wanted = both(*(term == literal for term, literal in pairs))
            if self.query.possible(wanted):
                self.solver.add(wanted)
                return

    def _candidates(self, name: str) -> Iterator[Any]:
        """Plainest first; control bits one by one would hide which belong together, so all kinds of segments."""
        type = self._type(name)
        if type == x.FLAGS:
            yield from (0, 16, 2, 18, 4, 17, 20, 1, 32, 48)
            return
        none = _none(self.types[name]) if name in self.types else () if name == OWED else False
        yield none
        if type in (x.INT, x.SEQ, x.TIME):
            yield from (n for n in (0, *SMALL) if n != none)


def _evaluated(model: Any, value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(_evaluated(model, part) for part in value)
    return model.eval(value, model_completion=True)


def _segment(values: dict[str, Any]) -> Segment:
    segment = Segment(1, -1, "", "")
    for name, attribute in SEGMENT_ATTRIBUTES.items():
        if name in values:
            setattr(segment, attribute, values[name])
    segment.sack = ((0, 0),) * values.get("SEG.SACKS", 0)
    segment.optbad = "malformed" if values.get("SEG.MALFORMED") else ""
    return segment
