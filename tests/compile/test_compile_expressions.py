"""Expressions to Python source against a naive evaluator: by table, at random, and for the whole specification."""

from __future__ import annotations

import random
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcpmodel.compile.expressions import SEGMENT_FIELDS, Emitter, identifier
from tcpmodel.compile.runtime import below, covers, insert, reach, seq_max, seq_min
from tcpmodel.spec import expr as x
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.trace import Segment

CIRCLE, HALF = 1 << 32, 1 << 31
NAMES: dict[str, Any] = {
    "below": below, "covers": covers, "insert": insert, "owed": lambda entries, s: False, "reach": reach,
    "seq_max": seq_max, "seq_min": seq_min,
}  # fmt: skip


class World:
    """One TCB, one segment, one environment: what a name stands for, and the same as generated code sees it."""

    def __init__(self, tcb: dict[str, Any], environment: dict[str, Any], segment: Segment) -> None:
        self.tcb, self.environment, self.s = tcb, environment, segment
        self.t = SimpleNamespace(**{identifier(name): value for name, value in tcb.items()}, owed=())
        self.e = SimpleNamespace(**{identifier(name): value for name, value in environment.items()})

    def name(self, node: x.Name) -> Any:
        if node.kind == "tcb":
            return self.tcb[node.name]
        if node.kind != "segment":
            return self.environment[node.name]
        special = {"SEG.SACKS": len(self.s.sack), "SEG.MALFORMED": bool(self.s.optbad)}
        return special[node.name] if node.name in special else getattr(self.s, SEGMENT_FIELDS[node.name][2:])

    def emitted(self, node: x.Expr, state: int | None = None) -> Any:
        """What the generated source makes of it."""
        value = eval(Emitter(state).emit(node), dict(NAMES), {"t": self.t, "s": self.s, "e": self.e})
        return bool(value) if node.type == x.BOOL else value  # an order on the circle is a bit, tested and not kept


def ahead(a: int, b: int) -> int:
    """The signed distance from b to a on the circle."""
    distance = (a - b) % CIRCLE
    return distance - CIRCLE if distance >= HALF else distance


def compare(op: str, left: Any, right: Any, circular: bool) -> bool:
    """Before, after and equal; on the circle the other point counts as before as well as after (RFC 9293 3.4)."""
    if op in ("==", "!="):
        return bool((left == right) == (op == "=="))
    if not circular:
        return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op])
    before, after = ahead(left, right) < 0, ahead(right, left) < 0
    return {"<": before, ">": after, "<=": not after, ">=": not before}[op]


def arithmetic(op: str, left: Any, right: Any, kind: str, circular: bool) -> Any:
    if op in ("min", "max"):
        first = compare("<", left, right, circular)
        return (left if first else right) if op == "min" else (left if compare("<", right, left, circular) else right)
    if circular and kind == x.INT:
        return ahead(left, right)
    result = {
        "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "//": lambda: left // right,
        "<<": lambda: left << right, ">>": lambda: left >> right,
    }[op]()  # fmt: skip
    return result % CIRCLE if kind == x.SEQ else result


def evaluate(node: x.Expr, world: World) -> Any:
    """What an expression means, node by node."""
    if isinstance(node, x.Literal):
        if node.type == x.SPANS:
            return ()
        return bool(node.value) if node.type == x.BOOL else node.value % CIRCLE if node.type == x.SEQ else node.value
    if isinstance(node, x.Name):
        return world.name(node)
    if isinstance(node, x.Not):
        return not evaluate(node.item, world)
    if isinstance(node, x.Junction):
        return (all if node.op == "and" else any)(evaluate(item, world) for item in node.items)
    if isinstance(node, x.Choice):
        return evaluate(node.then if evaluate(node.test, world) else node.other, world)
    if isinstance(node, x.Member):
        return evaluate(node.item, world) in node.options
    if isinstance(node, x.HasFlag):
        return all(evaluate(node.flags, world) & bit for bit in (1 << n for n in range(9)) if node.mask & bit)
    if isinstance(node, x.Apply):
        return evaluate(node.body, world)
    return evaluate_pair(node, world)


def evaluate_pair(node: x.Expr, world: World) -> Any:
    if isinstance(node, x.Builtin):
        if node.function == "owed":
            return False
        args = [evaluate(arg, world) for arg in node.args]
        return args[0] % CIRCLE if node.function == "seq" else NAMES[node.function](*args)
    assert isinstance(node, x.Compare | x.Arith)
    left, right = evaluate(node.left, world), evaluate(node.right, world)
    if isinstance(node, x.Compare):
        return compare(node.op, left, right, node.left.type == x.SEQ)
    return arithmetic(node.op, left, right, node.type, x.SEQ in (node.left.type, node.type))


def seq(value: int) -> x.Literal:
    return x.Literal(x.SEQ, value)


def integer(value: int) -> x.Literal:
    return x.Literal(x.INT, value)


def flag(value: int) -> x.Literal:
    return x.Literal(x.BOOL, value)


TABLE = [
    (x.Compare(x.BOOL, "<", seq(CIRCLE - 1), seq(0)), True),
    (x.Compare(x.BOOL, "<", seq(0), seq(CIRCLE - 1)), False),
    (x.Compare(x.BOOL, "<", seq(5), seq(5)), False),
    (x.Compare(x.BOOL, "<=", seq(5), seq(5)), True),
    (x.Compare(x.BOOL, ">", seq(1), seq(CIRCLE - 1)), True),
    (x.Compare(x.BOOL, ">=", seq(CIRCLE - 1), seq(1)), False),
    (x.Compare(x.BOOL, "<", seq(0), seq(HALF)), True),
    (x.Compare(x.BOOL, "<", seq(HALF), seq(0)), True),
    (x.Compare(x.BOOL, "<", integer(-1), integer(0)), True),
    (x.Arith(x.SEQ, "+", seq(CIRCLE - 1), integer(2)), 1),
    (x.Arith(x.SEQ, "-", seq(1), integer(2)), CIRCLE - 1),
    (x.Arith(x.INT, "-", seq(1), seq(CIRCLE - 1)), 2),
    (x.Arith(x.INT, "-", seq(CIRCLE - 1), seq(1)), -2),
    (x.Arith(x.SEQ, "max", seq(CIRCLE - 1), seq(1)), 1),
    (x.Arith(x.SEQ, "min", seq(CIRCLE - 1), seq(1)), CIRCLE - 1),
    (x.Arith(x.INT, "max", integer(3), integer(-3)), 3),
    (x.Arith(x.INT, "<<", integer(3), integer(4)), 48),
    (x.Arith(x.INT, "//", integer(7), integer(2)), 3),
    (x.Junction(x.BOOL, "and", (flag(1), flag(0))), False),
    (x.Junction(x.BOOL, "or", (flag(0), flag(1))), True),
    (x.Not(x.BOOL, x.Junction(x.BOOL, "or", (flag(0), flag(0)))), True),
    (x.Choice(x.INT, flag(0), integer(1), integer(2)), 2),
    (x.Member(x.BOOL, x.Literal(x.STATE, 4), (1, 4), ("B", "E")), True),
    (x.Member(x.BOOL, x.Literal(x.STATE, 4), (), ()), False),
    (x.HasFlag(x.BOOL, x.Literal(x.FLAGS, 18), 2, "SYN"), True),
    (x.HasFlag(x.BOOL, x.Literal(x.FLAGS, 16), 18, "{SYN, ACK}"), False),
    (x.Builtin(x.SEQ, "seq", (integer(CIRCLE + 5),)), 5),
    (x.Builtin(x.SEQ, "seq", (integer(-1),)), CIRCLE - 1),
    (x.Literal(x.SPANS, 0), ()),
]
EMPTY = World({}, {}, Segment(1, -1, "a", "b"))


@pytest.mark.parametrize(("node", "value"), TABLE, ids=[Emitter().emit(node) for node, _ in TABLE])
def test_each_form(node: x.Expr, value: object) -> None:
    assert EMPTY.emitted(node) == value
    assert evaluate(node, EMPTY) == value


SEQS = st.sampled_from((0, 1, 2, HALF - 1, HALF, HALF + 1, CIRCLE - 2, CIRCLE - 1)) | st.integers(0, CIRCLE - 1)
INTS = st.integers(-3, 70_000)
LEAVES = {x.SEQ: st.builds(seq, SEQS), x.INT: st.builds(integer, INTS), x.BOOL: st.builds(flag, st.integers(0, 1))}


@st.composite
def expressions(draw: Any, kind: str, depth: int = 4) -> x.Expr:
    """Any well-typed expression over literals."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        leaf: x.Expr = draw(LEAVES[kind])
        return leaf

    def of(wanted: str) -> x.Expr:
        part: x.Expr = draw(expressions(wanted, depth - 1))
        return part

    form = draw(st.integers(0, 3))
    if form == 0:
        return x.Choice(kind, of(x.BOOL), of(kind), of(kind))
    if kind == x.BOOL:
        sides = draw(st.sampled_from((x.SEQ, x.INT)))
        if form == 1:
            return x.Compare(x.BOOL, draw(st.sampled_from(("<", "<=", ">", ">=", "==", "!="))), of(sides), of(sides))
        junction = x.Junction(x.BOOL, draw(st.sampled_from(("and", "or"))), (of(x.BOOL), of(x.BOOL), of(x.BOOL)))
        return junction if form == 2 else x.Not(x.BOOL, of(x.BOOL))
    if kind == x.SEQ and form == 1:
        return x.Arith(x.SEQ, draw(st.sampled_from(("min", "max"))), of(x.SEQ), of(x.SEQ))
    if kind == x.SEQ:
        return x.Arith(x.SEQ, draw(st.sampled_from("+-")), of(x.SEQ), of(x.INT))
    if form == 1:
        return x.Arith(x.INT, "-", of(x.SEQ), of(x.SEQ))
    return x.Arith(x.INT, draw(st.sampled_from(("+", "-", "*", "min", "max"))), of(x.INT), of(x.INT))


@settings(max_examples=500)
@given(st.sampled_from((x.BOOL, x.INT, x.SEQ)).flatmap(expressions))
def test_any_expression(node: x.Expr) -> None:
    """Except where two numbers are opposite on the circle: there `min` and `max` have no right answer."""
    opposite = any(
        isinstance(part, x.Arith) and part.op in ("min", "max") and part.type == x.SEQ
        and (evaluate(part.left, EMPTY) - evaluate(part.right, EMPTY)) % CIRCLE == HALF
        for part in x.walk(node)
    )  # fmt: skip
    assert opposite or EMPTY.emitted(node) == evaluate(node, EMPTY)


@cache
def specification() -> Model:
    return load()


def all_expressions(model: Model) -> list[x.Expr]:
    """Guards, assigned values, templates, expected values and holes of messages."""
    nodes: list[x.Expr] = []
    for rule in model.rules.values():
        nodes += [rule.guard] if rule.guard else []
        nodes += [value for _, value in (*rule.sets, *rule.expected)] + list(rule.holes)
        nodes += [value for send in rule.sends for _, value in send.fields]
    return nodes


def drawn(model: Model, rng: random.Random) -> World:
    """Numbers near each other around some base, so that comparisons go either way."""
    base = rng.choice((0, 100, HALF, CIRCLE - 5))

    def value(kind: str) -> Any:
        if kind == x.SEQ:
            return (base + rng.randint(-6, 6)) % CIRCLE
        if kind == x.BOOL:
            return rng.random() < 0.5
        if kind == x.SPANS:
            return insert((), base, (base + rng.randint(0, 4)) % CIRCLE)
        return rng.randrange(len(model.states)) if kind == x.STATE else rng.choice((-1, 0, 1, 3, 7, 14, 536, 65535))

    rows = [*model.variables.values(), *(a for p in model.procedures for a in p.arguments)]
    tcb = {v.name: value(v.type) for v in rows if v.group == "tcb"}
    environment = {v.name: value(v.type) for v in rows if v.group not in ("tcb", "segment")}
    for name in ("SND.WIND.SHIFT", "RCV.WIND.SHIFT"):
        tcb[name] = rng.randint(-1, 14)
    text = rng.randint(0, 4)
    segment = Segment(
        1, -1, "a", "b", seq=value(x.SEQ), ack=value(x.SEQ), wnd=rng.choice((0, 5, 65535)), up=rng.randint(0, 5),
        flags=rng.randrange(512), len=text + rng.randint(0, 2), text=text, mss=rng.choice((-1, 536)),
        wscale=rng.choice((-1, 0, 15)), tsval=rng.choice((-1, 3, CIRCLE - 1)), tsecr=rng.choice((-1, 3)),
        sackok=value(x.BOOL), sack=((1, 2),) * rng.randint(0, 2), tfo=rng.choice((-1, 0, 8)),
        optbad=rng.choice(("", "bad")),
    )  # fmt: skip
    return World(tcb, environment, segment)


def test_every_expression_of_the_specification() -> None:
    model = specification()
    nodes, rng = all_expressions(model), random.Random(7)
    assert len(nodes) > 300
    seen: dict[int, set[bool]] = {}
    for _ in range(60):
        world = drawn(model, rng)
        for number, node in enumerate(nodes):
            value = evaluate(node, world)
            assert world.emitted(node) == value, Emitter().emit(node)
            if node.type == x.BOOL and not isinstance(node, x.Literal):
                seen.setdefault(number, set()).add(bool(value))
    both = sum(values == {False, True} for values in seen.values())
    assert both > len(seen) // 2  # the draws are worth something


def test_what_is_kept_as_a_truth_value_is_one() -> None:
    """A bit of a difference will do in a guard, but not in a TCB that is compared with others."""
    model, rng = specification(), random.Random(9)
    kept = [value for rule in model.rules.values() for _, value in rule.sets if value.type == x.BOOL]
    assert kept
    for node in kept:
        world = drawn(model, rng)
        assert isinstance(eval(Emitter().emit(node), dict(NAMES), vars(world)), bool), Emitter().emit(node)


def test_a_known_state_is_put_in() -> None:
    """What a function knows of its state decides tests before they are emitted, and never changes their value."""
    model, rng = specification(), random.Random(8)
    guards = [rule.guard for rule in model.rules.values() if rule.guard and "STATE" in rule.guard_text]
    assert guards
    for guard in guards:
        for state in range(len(model.states)):
            world = drawn(model, rng)
            world.tcb["STATE"] = world.t.STATE = state
            assert world.emitted(guard, state) == evaluate(guard, world)
            assert "t.STATE" not in Emitter(state).emit(guard)


@pytest.mark.parametrize(
    ("name", "python"), [("SND.UNA", "SND_UNA"), ("TIME-WAIT.END", "TIME_WAIT_END"), ("FIN-WAIT-1", "FIN_WAIT_1")]
)
def test_names_become_identifiers(name: str, python: str) -> None:
    assert identifier(name) == python and python.isidentifier()


def test_no_two_names_become_the_same_identifier() -> None:
    model = specification()
    names = [*model.variables, *model.states, *model.constants]
    assert len({identifier(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (x.Not(x.BOOL, flag(0)), "True"),
        (x.Compare(x.BOOL, "<", integer(1), integer(2)), "1 < 2"),
        (x.Junction(x.BOOL, "and", (x.Compare(x.BOOL, "<", integer(1), integer(2)),) * 2), "(1 < 2) and (1 < 2)"),
    ],
)
def test_conditions_have_no_needless_parentheses(node: x.Expr, text: str) -> None:
    assert Emitter().condition(node) == text


@pytest.mark.parametrize("numbers", [(1, 2), (2, 1), (1, 1), (0xFFFFFFFF, 3), (3, 0xFFFFFFFF)])
def test_truths_are_compared_as_truths(numbers: tuple[int, int]) -> None:
    """The order of two sequence numbers comes out as some number, which is none of True and False."""
    first, second = (x.Literal(x.SEQ, number, str(number)) for number in numbers)
    before = (first.value - second.value) & 0x80000000 != 0
    for node, truth in ((x.Literal(x.BOOL, 1, "True"), True), (x.Literal(x.BOOL, 0, "False"), False)):
        text = Emitter().condition(x.Compare(x.BOOL, "==", node, x.Compare(x.BOOL, "<", first, second)))
        assert eval(text) is (before == truth)
