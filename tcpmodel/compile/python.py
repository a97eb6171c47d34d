"""A model to the Python source of its step functions: one function per procedure and state, stages in order.

A rule that enters another state and continues goes on in that state's function from the next stage. Input functions
return nothing; output functions return -1 (permitted) or, when `e.STRICT`, the number of the first rule that forbids.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from tcpmodel.compile.expressions import Emitter, identifier
from tcpmodel.compile.tables import tables
from tcpmodel.spec import expr as x
from tcpmodel.spec.model import Model, Procedure, Rule, Template

HEADER = '''"""Generated from the specification {name} (profile {profile}). Do not edit: change the specification."""

from tcpmodel.compile.runtime import *  # noqa: F403
from tcpmodel.compile.runtime import IncompleteStage, Undecided  # noqa: F401

# by the control bits that tell answers apart, and those of an answer that other segments contain
owed, discharge, owes = answering({answering.identified}, {answering.contained})  # noqa: F405
'''

Key = tuple[Procedure, int, int]


def generate(model: Model, traced: bool = False) -> str:
    """The source of a module with TCB, the step functions, their dispatch tables and the rules' texts."""
    header = HEADER.format(name=model.name, profile=model.profile, answering=model.answering)
    return "\n".join([header, *_Generator(model, traced).lines()])


class _Generator:
    def __init__(self, model: Model, traced: bool) -> None:
        self.model, self.traced = model, traced
        self.numbers = {name: number for number, name in enumerate(model.rules)}
        self.wanted: list[Key] = []
        self.known: set[tuple[str, int, int]] = set()

    def lines(self) -> Iterator[str]:
        yield from tcb_class(self.model)
        for procedure in self.model.procedures:
            for state in procedure.states:
                self._want(procedure, self.model.states.index(state), 0)
        while self.wanted:
            yield from self._function(*self.wanted.pop(0))
        yield from tables(self.model, self.function_name)

    def _want(self, procedure: Procedure, state: int, stage: int) -> str:
        key = (procedure.name, state, stage)
        if key not in self.known:
            self.known.add(key)
            self.wanted.append((procedure, state, stage))
        return self.function_name(procedure, state, stage)

    def function_name(self, procedure: Procedure, state: int, stage: int) -> str:
        name = f"{identifier(procedure.name)}__{identifier(self.model.states[state])}"
        return f"{name}__{identifier(procedure.stages[stage].name)}" if stage else name

    def _function(self, procedure: Procedure, state: int, first: int) -> Iterator[str]:
        yield f"\n\ndef {self.function_name(procedure, state, first)}(t, s, e):"
        for index in range(first, len(procedure.stages)):
            stage = procedure.stages[index]
            yield f"    # {stage.name}: {stage.title}"
            rules = [rule for rule in stage.rules if self.model.states[state] in rule.states]
            falls_through = yield from self._stage(procedure, state, index, rules)
            if not falls_through:
                return
        yield "    return -1"

    def _stage(self, procedure: Procedure, state: int, index: int, rules: list[Rule]) -> Generator[str, None, bool]:
        """The if-chain of a stage; the generator's value tells whether control can fall out of it."""
        word, falls, total = "if", False, False
        for rule in rules:
            test = _test(rule, Emitter(state))
            if test == "False":
                continue
            total = test == "True"
            indent = "    " if total and word == "if" else "        "
            if indent == "        ":
                yield "    else:" if total else f"    {word} {test}:"
            body = list(self._body(procedure, state, index, rule))
            falls = falls or not body[-1].startswith("return")
            yield from (indent + line for line in body)
            if total:
                break
            word = "elif"
        if not total:
            where = f"{procedure.stages[index].name} in {self.model.states[state]}"
            yield f"    {'if True' if word == 'if' else 'else'}:\n        raise IncompleteStage({where!r})"
        return falls

    def _body(self, procedure: Procedure, state: int, index: int, rule: Rule) -> Iterator[str]:
        number = self.numbers[rule.name]
        yield f"# {rule.name}"
        if self.traced:
            yield f"e.fired.append({number})"
        if rule.forbid:
            yield f"if e.STRICT: return {number}"
            yield f"e.bad.append({number})"
        if rule.assume:
            yield f"e.assumed.append({number})"
        if rule.begins:
            yield f"e.began = {number}"
        yield from _assignments(rule, Emitter(state))
        after = self.model.states.index(rule.enter) if rule.enter else state
        if after != state:
            yield f"t.STATE = {after}"
        yield from _owing(rule, number)
        if rule.outcome == "drop" or index + 1 == len(procedure.stages):
            yield "return -1"
        elif after != state:
            yield f"e.passed.append({after})"
            yield f"return {self._want(procedure, after, index + 1)}(t, s, e)"
        else:
            yield "pass"


def _owing(rule: Rule, number: int) -> Iterator[str]:
    """What becomes of the answers owed: those before are forgotten first, the segment is held against all last."""
    if rule.forgets:
        yield "t.owed = ()"
    if rule.sends:
        yield f"t.owed = owe(t.owed, {number}, ({', '.join(_form(send, Emitter()) for send in rule.sends)},))"
    if rule.discharge:
        yield "if t.owed: t.owed = discharge(t.owed, s)"


def _test(rule: Rule, emitter: Emitter) -> str:
    """The guard, what is decided by the endpoint last, so that a choice is asked for only where there is one."""
    parts = list(x.conjuncts(rule.guard)) if rule.guard else []
    parts.sort(key=_is_choice)
    texts = [text for text in (emitter.emit(part) for part in parts) if text != "True"]
    if "False" in texts:
        return "False"
    if rule.assume:
        texts.insert(0, "e.ASSUME")
    return " and ".join(texts) or "True"


def _is_choice(part: x.Expr) -> bool:
    return isinstance(part, x.Name) and part.kind == "environment"


def _assignments(rule: Rule, emitter: Emitter) -> Iterator[str]:
    """Simultaneous assignment: through temporaries when a right side reads what another row has set."""
    rows = [(identifier(name), value, emitter.emit(value)) for name, value in rule.sets]
    targets = {"t." + name for name, _, _ in rows}
    crossed = any(
        f"t.{identifier(n.name)}" in targets - {"t." + name} for name, value, _ in rows for n in _tcb_names(value)
    )
    if not crossed:
        yield from (f"t.{name} = {text}" for name, _, text in rows)
        return
    yield from (f"n_{name} = {text}" for name, _, text in rows)
    yield from (f"t.{name} = n_{name}" for name, _, _ in rows)


def _tcb_names(value: x.Expr) -> Iterator[x.Name]:
    return (node for node in x.walk(value) if isinstance(node, x.Name) and node.kind == "tcb")


def _form(template: Template, emitter: Emitter) -> str:
    fields = dict(template.fields)
    seq = emitter.emit(fields["SEQ"])
    ack = emitter.emit(fields["ACK"]) if "ACK" in fields else "-1"
    return f"({template.flags}, {seq}, {ack})"


def tcb_class(model: Model) -> Iterator[str]:
    """The class of the TCB: slots, a cheap copy, and a key under which equal TCBs meet."""
    rows = [v for v in model.variables.values() if v.group == "tcb"]
    names = [identifier(v.name) for v in rows] + ["owed"]
    yield "\n\nclass TCB:"
    yield f"    __slots__ = ({', '.join(map(repr, names))})\n"
    yield "    def __init__(self):"
    for variable in rows:
        initial = Emitter().emit(variable.initial) if variable.initial else 0
        yield f"        self.{identifier(variable.name)} = {initial}"
    yield "        self.owed = ()\n"
    yield "    def copy(self):\n        t = TCB.__new__(TCB)"
    yield from (f"        t.{name} = self.{name}" for name in names)
    yield "        return t\n"
    yield f"    def key(self):\n        return ({', '.join('self.' + name for name in names)})"
