"""The step functions are total: any TCB, any segment, any event in any state has an outcome. Thousands of draws."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tcpmodel.compile import load_steps
from tcpmodel.compile.expressions import identifier
from tcpmodel.compile.runtime import IncompleteStage, insert
from tcpmodel.spec import expr as x
from tcpmodel.spec import load
from tcpmodel.trace import Segment

CIRCLE = 1 << 32
STEPS = load_steps()
NEAR = st.integers(-4, 4)
SPREAD = st.sampled_from((0, 0, 0, 1, 3, 1460, 65535, 1 << 30, (1 << 31) - 1, 1 << 31))
MODEL = load()
READ = [identifier(v.name) for v in MODEL.variables.values() if v.group == "environment"]
READ += [identifier(argument.name) for procedure in MODEL.procedures for argument in procedure.arguments]
EXAMPLES = settings(max_examples=3000)


@st.composite
def tcbs(draw: Any, steps: ModuleType = STEPS) -> Any:
    """A TCB of any content; its sequence numbers lie in two groups, as those of two directions do."""
    bases = draw(st.tuples(*[st.integers(0, CIRCLE - 1)] * 2))
    t = steps.TCB()
    for name, attribute, kind in steps.VARIABLES:
        if kind == x.SEQ:
            base = bases[0] if name.startswith(("SND", "ISS", "GAP")) else bases[1]
            value: Any = (base + draw(NEAR) + draw(SPREAD)) % CIRCLE
        elif kind == x.BOOL:
            value = draw(st.booleans())
        elif kind == x.STATE:
            value = draw(st.integers(0, len(steps.STATES) - 1))
        elif kind == x.SPANS:
            value = insert((), bases[1], (bases[1] + draw(st.integers(0, 5))) % CIRCLE)
        elif "SHIFT" in name:
            value = draw(st.integers(-1, 15))
        else:
            value = draw(st.sampled_from((-1, 0, 1, 2, 536, 65535, 1 << 30)))
        setattr(t, attribute, value)
    return t, bases


@st.composite
def segments(draw: Any, bases: tuple[int, int]) -> Segment:
    """A segment whose numbers fall near those of the TCB, in either direction."""
    mine, theirs = draw(st.permutations(bases))
    flags, text = draw(st.integers(0, 511)), draw(st.sampled_from((0, 0, 1, 2, 1460)))
    return Segment(
        1, -1, "a", "b",
        seq=(mine + draw(NEAR) + draw(SPREAD)) % CIRCLE, ack=(theirs + draw(NEAR) + draw(SPREAD)) % CIRCLE,
        wnd=draw(st.sampled_from((0, 1, 65535))), up=draw(st.integers(0, 3)), flags=flags, text=text,
        len=text + (flags & 1) + (flags >> 1 & 1), mss=draw(st.sampled_from((-1, 0, 1460))),
        wscale=draw(st.sampled_from((-1, 0, 14, 15))), tsval=draw(st.sampled_from((-1, 0, CIRCLE - 1))),
        tsecr=draw(st.sampled_from((-1, 0))), sackok=draw(st.booleans()), sack=((1, 2),) * draw(st.integers(0, 1)),
        tfo=draw(st.sampled_from((-1, 0, 8))), optbad=draw(st.sampled_from(("", "bad"))),
    )  # fmt: skip


def environment(draw: Any, bases: tuple[int, int]) -> SimpleNamespace:
    """Every name an expression may read, and what the functions report into."""
    values: dict[str, Any] = {name: draw(st.booleans()) for name in READ}
    values |= {"NOW": draw(st.sampled_from((-1, 0, 1, 10**12))), "FRESH_ISS": draw(st.integers(0, CIRCLE - 1))}
    values |= {
        "PEER_SENT": (bases[1] + draw(NEAR)) % CIRCLE,
        "STRICT": draw(st.booleans()),
        "ASSUME": draw(st.booleans()),
    }
    return SimpleNamespace(**values, bad=[], assumed=[], fired=[], passed=[], began=-1)


@EXAMPLES
@given(st.data())
def test_every_event_in_every_state_has_an_outcome(data: st.DataObject) -> None:
    """IncompleteStage would say that no rule of a stage applies."""
    t, bases = data.draw(tcbs())
    key = data.draw(st.sampled_from(sorted(STEPS.EVENTS)))
    function = STEPS.EVENTS[key][t.STATE]
    assume(function is not None)
    segment = data.draw(segments(bases))
    e = environment(data.draw, bases)
    number = function(t, segment if key[0] in ("segment", "output", "pickup") else None, e)
    assert number == -1 or e.STRICT and STEPS.RULES[number][5]
    assert all(STEPS.RULES[n][5] for n in e.bad) and all(STEPS.RULES[n][6] for n in e.assumed)
    assert e.ASSUME or not e.assumed
    check_tcb(t)


def check_tcb(t: Any) -> None:
    """Whatever happened, the TCB holds values of its types."""
    assert t.STATE in range(len(STEPS.STATES))
    for name, attribute, kind in STEPS.VARIABLES:
        value = getattr(t, attribute)
        if kind == x.SEQ:
            assert 0 <= value < CIRCLE, name
        elif kind == x.SPANS:
            assert all(0 <= edge < CIRCLE for span in value for edge in span), name
        else:
            assert isinstance(value, int), name


@settings(max_examples=1000)
@given(st.data())
def test_strict_and_lenient_runs_agree(data: st.DataObject) -> None:
    """In strict mode the first rule that forbids is returned; otherwise all are collected, that one first."""
    t, bases = data.draw(tcbs())
    segment, e = data.draw(segments(bases)), environment(data.draw, bases)
    function = STEPS.EVENTS["output", ""][t.STATE]
    e.STRICT = True
    strict = function(t.copy(), segment, e)
    e.STRICT, e.bad = False, []
    assert function(t, segment, e) == -1
    assert e.bad[:1] == ([strict] if strict >= 0 else [])


@settings(max_examples=1000)
@given(st.data())
def test_traced_functions_do_the_same_and_say_which_rules(data: st.DataObject) -> None:
    t, bases = data.draw(tcbs())
    segment, e = data.draw(segments(bases)), environment(data.draw, bases)
    traced = load_steps(traced=True)
    twin = traced.TCB()
    for name in t.__slots__:
        setattr(twin, name, getattr(t, name))
    state, e.STRICT = t.STATE, False
    STEPS.EVENTS["segment", ""][state](t, segment, e)
    assert e.fired == []
    traced.EVENTS["segment", ""][state](twin, segment, e)
    assert twin.key() == t.key() and e.fired
    assert all(STEPS.RULES[number][12] == "segment" for number in e.fired)


@given(tcbs())
def test_a_copy_is_equal_and_apart(drawn: Any) -> None:
    t, _ = drawn
    copy = t.copy()
    assert copy.key() == t.key()
    for _, attribute, kind in STEPS.VARIABLES:
        changed = t.copy()
        setattr(changed, attribute, ((1, 2), (5, 9)) if kind == x.SPANS else getattr(t, attribute) + 1)
        assert changed.key() != t.key() and copy.key() == t.key()


def test_every_call_and_timeout_is_served_in_the_states_of_its_procedures() -> None:
    hidden = {(event, name) for event, name, *_ in STEPS.HIDDEN}
    for (event, name), functions in STEPS.EVENTS.items():
        assert len(functions) == len(STEPS.STATES)
        assert all(functions), (event, name)
    assert hidden <= set(STEPS.EVENTS)


def test_a_hole_would_be_noticed() -> None:
    """Without its last rule a stage lets some input fall through, and says so."""
    source = Path(str(STEPS.__file__)).read_text()
    body = source.split("# syn-sent.neither\n")
    assert len(body) > 1
    holed = source.replace("        # syn-sent.neither\n        return -1", "        raise IncompleteStage('hole')")
    assert holed != source
    space: dict[str, Any] = {}
    exec(compile(holed, "holed", "exec"), space)
    t, state = space["TCB"](), STEPS.STATES.index("SYN-SENT")
    t.STATE = state
    raised = []
    for flags, seq in product(range(64), (0, 1)):
        e = environment(lambda _: False, (0, 0))
        e.NOW, e.FRESH_ISS, e.STRICT = -1, 0, False
        try:
            space["EVENTS"]["segment", ""][state](t.copy(), Segment(1, -1, "a", "b", seq=seq, flags=flags), e)
        except IncompleteStage:
            raised.append(flags)
    assert raised and all(flags & 2 == 0 for flags in raised)


@pytest.mark.parametrize("state", range(len(STEPS.STATES)), ids=STEPS.STATES)
def test_a_new_tcb_meets_every_combination_of_control_bits(state: int) -> None:
    """Exhaustive where that is cheap: all flags, with and without text, arriving at and leaving an endpoint."""
    for flags, text, event in product(range(512), (0, 1), ("segment", "output")):
        t = STEPS.TCB()
        t.STATE = state
        e = environment(lambda _: False, (0, 0))
        e.NOW, e.FRESH_ISS, e.PEER_SENT = -1, 0, 0
        size = text + (flags & 1) + (flags >> 1 & 1)
        STEPS.EVENTS[event, ""][state](t, Segment(1, -1, "a", "b", flags=flags, text=text, len=size), e)
