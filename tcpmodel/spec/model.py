"""The typed, located, checked model that a specification becomes: what every generator and every report reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tcpmodel.errors import Place
from tcpmodel.spec.expr import NOWHERE, Expr

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class Variable:
    """A TCB variable, segment field, environment value or call argument.

    `group` is tcb, segment, environment or argument; `initial` (tcb only) is its value when a TCB is created. An
    argument that is `told` is false unless a trace says otherwise: a replay does not infer it.
    """

    name: str
    type: str
    group: str
    meaning: str
    initial: Expr | None = None
    cite: str = ""
    place: Place = field(default=NOWHERE, compare=False)
    told: bool = False


@dataclass(frozen=True)
class Constant:
    """A constant with its unit spelt out in the text; `value` is in octets, segments or nanoseconds."""

    name: str
    type: str
    value: int
    text: str
    meaning: str
    cite: str = ""
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Predicate:
    name: str
    parameters: tuple[str, ...]
    body: Expr
    text: str
    meaning: str
    cite: str = ""
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Answering:
    """Which segment is an answer that is owed; both are masks of control bits.

    It has the numbers of the answer and the same bits of those `identified`, which tell kinds of segments apart. An
    answer of exactly the bits `contained` is also in every segment that has them, whatever its numbers; 0: none is.
    """

    identified: int
    contained: int


@dataclass(frozen=True)
class Template:
    """A segment to be sent, `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`: field name -> expression, and its control bits."""

    text: str
    flags: int
    fields: tuple[tuple[str, Expr], ...]
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Rule:
    """One row of a stage. The first rule of the stage that is `in` the state and whose `guard` holds fires.

    `sets` is simultaneous (right sides read the old values); `enter` changes the state; `sends` see the new values.
    `outcome` is continue (next stage) or drop (the procedure ends). `forbid` is "" or must/should/may: what the
    rule describes breaks the RFC at that level, and `expected` gives the values that were due. `assume` is "" or
    the kind of an assumption about the capture; such a rule is only tried when assumptions are admitted. Several
    `sends` are alternative forms of one answer; what was owed before, the rule `forgets`. `holes` are the expressions
    of `message`, in order.
    """

    name: str
    states: tuple[str, ...]
    guard: Expr | None
    sets: tuple[tuple[str, Expr], ...]
    enter: str
    sends: tuple[Template, ...]
    outcome: str
    signal: str = ""
    forbid: str = ""
    code: str = ""
    assume: str = ""
    expected: tuple[tuple[str, Expr], ...] = ()
    message: str = ""
    holes: tuple[Expr, ...] = ()
    begins: str = ""
    discharge: bool = False
    forgets: bool = False
    guard_text: str = ""
    level: str = ""
    cite: str = ""
    quotes: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    note: str = ""
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Stage:
    name: str
    title: str
    cite: str
    rules: tuple[Rule, ...]
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Procedure:
    """The ordered stages that one kind of event runs through in some states.

    `event` is segment, call, timeout, output, pickup or crash; `event_name` is the call's or timeout's name, else "".
    `hidden` says that a replay may infer the event, at `cost` (smaller is tried first).
    """

    name: str
    event: str
    event_name: str
    states: tuple[str, ...]
    stages: tuple[Stage, ...]
    cite: str = ""
    hidden: bool = False
    cost: int = 0
    assume: str = ""
    arguments: tuple[Variable, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Model:
    """A whole specification under one profile and at most a few variants.

    `states` in the order of the text (ordinals), the first is the initial one; `groups` names sets of states.
    `enums` maps the name of an enumeration to its members in order.
    """

    name: str
    title: str
    profile: str
    states: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    enums: dict[str, tuple[str, ...]]
    variables: dict[str, Variable]
    constants: dict[str, Constant]
    predicates: dict[str, Predicate]
    procedures: tuple[Procedure, ...]
    answering: Answering
    files: tuple[str, ...]
    digest: str
    variants: tuple[str, ...] = ()

    def rule(self, name: str) -> Rule:
        """The rule of that name; KeyError when there is none."""
        return self.rules[name]

    @property
    def graph(self) -> networkx.MultiDiGraph[str]:
        """The state diagram as a networkx graph of one's own (see `tcpmodel.compile.graph`).

        Found by symbolic execution, which takes seconds the first time. Raises ImportError without networkx and z3.
        """
        # the one place where a lower layer calls a higher one, so that `load(...).graph` can be written
        from tcpmodel.compile.graph import graph_of

        return graph_of(self)

    @property
    def rules(self) -> dict[str, Rule]:
        """All rules by name, in the order of the text."""
        return {r.name: r for p in self.procedures for s in p.stages for r in s.rules}
