"""The type of every form of expression, and what is said of every form that has none."""

from __future__ import annotations

import pytest

from tcpmodel.spec.expr import (
    Apply,
    Arith,
    Builtin,
    Choice,
    Compare,
    Expr,
    HasFlag,
    Junction,
    Literal,
    Member,
    Name,
    Not,
    walk,
)

UNA, NXT, WND = Name("seq", "tcb", "SND.UNA"), Name("seq", "tcb", "SND.NXT"), Name("int", "tcb", "SND.WND")
DONE, STATE = Name("bool", "tcb", "DONE"), Name("state", "tcb", "STATE")
CTL = Name("flags", "segment", "SEG.CTL")

TYPES = [
    # seq and int
    ("SND.NXT + 1", "seq"),
    ("1 + SND.NXT", "seq"),
    ("SND.NXT - 1", "seq"),
    ("SND.NXT-1", "seq"),
    ("SND.NXT - SND.UNA", "int"),
    ("SEG.LEN + SND.WND - 1", "int"),
    ("SEG.LEN * 2 // 3 << 1 >> 1", "int"),
    ("-SEG.LEN", "int"),
    ("-1", "int"),
    ("min(SND.WND, SEG.LEN, 3)", "int"),
    ("max(SND.NXT, SEG.SEQ + SEG.LEN)", "seq"),
    ("max(0, SND.NXT)", "seq"),
    ("LIMIT + MSS", "int"),
    # time
    ("NOW + MSL", "time"),
    ("NOW - WAIT.END", "time"),
    ("NOW - 0", "time"),
    ("2 * MSL", "time"),
    ("MSL * LIMIT", "time"),
    ("MSL // 2", "time"),
    ("-MSL", "time"),
    ("max(NOW, TIME-WAIT.END)", "time"),
    # bool
    ("True", "bool"),
    ("not DONE", "bool"),
    ("DONE and not DONE or CALL.passive", "bool"),
    ("SND.UNA < SEG.ACK <= SND.NXT", "bool"),
    ("SND.UNA < SEG.ACK =< SND.NXT", "bool"),
    ("SND.NXT == 0 and 0 == SND.NXT", "bool"),
    ("NOW > 0", "bool"),
    ("NOW >= TIME-WAIT.END-DELAY", "bool"),
    ("DONE == STRICT", "bool"),
    ("SEG.LEN != -1", "bool"),
    # states, enumerations, control bits
    ("STATE", "state"),
    ("SYN-SENT", "state"),
    ("STATE == SYN-SENT", "bool"),
    ("SYN-SENT != STATE", "bool"),
    ("STATE in {OPEN, SYN-SENT}", "bool"),
    ("STATE in LIVE", "bool"),
    ("STATE not in {CLOSED, LIVE}", "bool"),
    ("OPENED == active and ANSWER == active", "bool"),
    ("active == OPENED", "bool"),
    ("OPENED in {active, none}", "bool"),
    ("passive", "origin"),
    ("SYN in SEG.CTL", "bool"),
    ("SYN not in SEG.CTL", "bool"),
    ("{SYN, ACK} in SEG.CTL", "bool"),
    ("SEG.CTL == {SYN, ACK}", "bool"),
    ("SYN == SEG.CTL", "bool"),
    # choices
    ("1 if DONE else SEG.LEN", "int"),
    ("SND.NXT if DONE else 0", "seq"),
    ("0 if DONE else SND.NXT", "seq"),
    ("OPENED if DONE else passive", "origin"),
    ("KEPT if DONE else nothing", "spans"),
    # functions and predicates
    ("nothing", "spans"),
    ("KEPT == nothing", "bool"),
    ("insert(KEPT, SEG.SEQ, end(SEG))", "spans"),
    ("reach(KEPT, 0)", "seq"),
    ("below(KEPT, SND.NXT)", "spans"),
    ("covers(KEPT, SND.NXT)", "bool"),
    ("owed(SEG)", "bool"),
    ("seq(SEG.LEN) < seq(SEG.WND)", "bool"),
    ("end(SEG)", "seq"),
    ("acceptable(SEG)", "bool"),
    ("in_window(SEG.SEQ + 1)", "bool"),
    ("in_window(0)", "bool"),
    ("idle", "bool"),
    ("idle()", "bool"),
    ("scale()", "int"),
    ("SEG", "segment"),
    ("( (\nSND.NXT\n) )", "seq"),
]


@pytest.mark.parametrize(("code", "type_"), TYPES, ids=[code for code, _ in TYPES])
def test_type(typed, code: str, type_: str) -> None:
    expr, found = typed(code)
    assert [str(item) for item in found] == []
    assert expr.type == type_


ERRORS = [
    ("SND.NXT + SND.UNA", "TM103", "'+' does not apply to a sequence number and a sequence number"),
    ("SEG.LEN - SND.NXT", "TM103", "'-' does not apply to a number and a sequence number"),
    ("SND.NXT * 2", "TM103", "'*' does not apply"),
    ("SND.NXT << 2", "TM103", "'<<' does not apply"),
    ("NOW + 500", "TM103", "'+' does not apply to a time and a number"),
    ("NOW + SND.NXT", "TM103", "'+' does not apply to a time and a sequence number"),
    ("NOW * MSL", "TM103", "'*' does not apply"),
    ("NOW > 1", "TM103", "'>' compares a time with a number"),
    ("NOW == -1", "TM103", "'==' compares a time with a number"),
    ("DONE + 1", "TM103", "'+' does not apply to a truth value"),
    ("DONE == 1", "TM103", "'==' compares a truth value with a number"),
    ("DONE < STRICT", "TM103", "'<' does not apply to a truth value"),
    ("not SEG.LEN", "TM103", "a truth value is needed"),
    ("SEG.LEN and DONE", "TM103", "a truth value is needed"),
    ("-SND.NXT", "TM103", "'-' does not apply to a sequence number"),
    ("-DONE", "TM103", "'-' does not apply to a truth value"),
    ("SND.NXT == SND.WND", "TM103", "'==' compares a sequence number with a number"),
    ("SND.NXT == LIMIT", "TM103", "'==' compares"),
    ("SND.NXT == -1", "TM103", "'==' compares"),
    ("SND.NXT == 4294967296", "TM103", "'==' compares"),
    ("STATE < OPEN", "TM103", "'<' does not apply to a state"),
    ("STATE == active", "TM103", "is a member of origin and answer"),
    ("STATE == passive", "TM103", "'==' compares a state with a member of origin"),
    ("OPENED == no", "TM103", "'==' compares a member of origin with a member of answer"),
    ("OPENED < none", "TM103", "'<' does not apply to a member of origin"),
    ("SEG == SEG", "TM103", "'==' does not apply to a segment"),
    ("KEPT < nothing", "TM103", "'<' does not apply to a set of spans"),
    ("SEG.CTL < {SYN}", "TM103", "'<' does not apply to a set of control bits"),
    ("SYN", "TM103", "'SYN' is a control bit"),
    ("STATE == LIVE", "TM103", "'LIVE' is a group of states"),
    ("SEG.LEN in {OPEN}", "TM103", "a number is not compared with a set of names"),
    ("SYN in STATE", "TM103", "'in' does not apply to a state"),
    ("1 if SEG.LEN else 2", "TM103", "a truth value is needed"),
    ("1 if DONE else DONE", "TM103", "one branch is a number, the other a truth value"),
    ("max(SND.NXT, SND.WND)", "TM103", "the arguments of 'max' must be numbers of one type"),
    ("min(DONE, DONE)", "TM103", "the arguments of 'min' must be numbers of one type"),
    ("min(1)", "TM111", "two or more"),
    ("acceptable()", "TM111", "'acceptable' takes 1 argument (segment), not 0"),
    ("acceptable(1)", "TM111", "'acceptable' takes a segment here"),
    ("in_window(SEG.LEN)", "TM111", "'in_window' takes a sequence number here"),
    ("insert(KEPT, 0)", "TM111", "'insert' takes 3 arguments (spans, seq, seq), not 2"),
    ("scale(1)", "TM111", "'scale' takes no argument, not 1"),
    ("acceptable", "TM111", "'acceptable' takes 1 argument"),
    ("SND.NTX", "TM102", "unknown name 'SND.NTX'"),
    ("SND.NXT.x", "TM102", "unknown name 'SND.NXT.x'"),
    ("(SND).NXT", "TM102", "unknown name '(SND).NXT'"),
    ("SYN-SNET", "TM102", "unknown name 'SYN-SNET'"),
    ("CALL.active", "TM102", "there is no 'CALL.active'"),
    ("nobody(SEG)", "TM102", "unknown predicate 'nobody'"),
    ("SIN in SEG.CTL", "TM102", "unknown control bit 'SIN'"),
    ("STATE in {OPEM}", "TM105", "unknown state 'OPEM'"),
    ("OPENED in {passiv}", "TM105", "unknown origin 'passiv'"),
    ("", "TM107", "an expression is missing"),
    ("  ", "TM107", "an expression is missing"),
    ("SND.NXT +", "TM107", "the expression stops short"),
    ("SND.NXT SND.UNA", "TM107", "invalid syntax"),
    ("SEG.LEN = 1", "TM107", "'=' does not compare"),
    ("SEG.LEN / 2", "TM107", "'/' is not part of the language"),
    ("SEG.LEN ** 2", "TM107", "'**' is not part of the language"),
    ("SEG.LEN & 2", "TM107", "'&' is not part of the language"),
    ("SEG.LEN[0]", "TM107", "an index is not part of the language"),
    ("[SEG.LEN]", "TM107", "a list here is not part of the language"),
    ("{1: 2}", "TM107", "a mapping is not part of the language"),
    ("{SYN, ACK}", "TM107", "a set stands after 'in'"),
    ("lambda: 1", "TM107", "a function is not part of the language"),
    ("(yes := 1)", "TM107", "an assignment is not part of the language"),
    ("DONE is True", "TM107", "'is' does not compare"),
    ("[x for x in KEPT]", "TM107", "this form is not part of the language"),
    ("1.5", "TM107", "only whole numbers"),
    ("None", "TM107", "only whole numbers"),
    ("...", "TM107", "only whole numbers"),
    ("'text'", "TM107", '"\'" is not part of an expression'),
    ("SEG.LEN ≤ 2", "TM107", "'≤' is not part of an expression"),
    ("DONE # why", "TM107", "'#' is not part of an expression"),
    ("in_window(n=1)", "TM107", "'=' does not compare"),
    ("in_window(*SEG)", "TM107", "arguments are given by position"),
    ("not " * 5000 + "DONE", "TM107", "nested too deeply"),
    ("+".join(["SEG.LEN"] * 3000), "TM107", "nested too deeply"),
    ("(" * 5000, "TM107", "nested"),
    ("9" * 30, "TM108", "does not fit 64 bits"),
    ("9" * 9999, "TM107", ""),
]


@pytest.mark.parametrize(("code", "diagnostic", "words"), ERRORS, ids=[code[:30] for code, _, _ in ERRORS])
def test_error(typed, code: str, diagnostic: str, words: str) -> None:
    expr, found = typed(code)
    assert [item.code for item in found] == [diagnostic]
    assert words in found[0].message
    assert all(node.type != "segment" or node == Name("segment", "segment", "SEG") for node in walk(expr))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("0", Literal("seq", 0)),
        ("4294967295", Literal("seq", 4294967295)),
        ("SND.NXT", NXT),
        ("0 if DONE else 1", Choice("seq", DONE, Literal("seq", 0), Literal("seq", 1))),
        ("min(1, SND.NXT)", Arith("seq", "min", Literal("seq", 1), NXT)),
    ],
)
def test_numbers_fit_where_a_sequence_number_is_wanted(typed, code: str, expected: Expr) -> None:
    assert typed(code, "seq") == (expected, [])


@pytest.mark.parametrize(
    ("code", "wanted"), [("-1", "seq"), ("1", "time"), ("LIMIT", "seq"), ("1", "bool"), ("DONE", "int")]
)
def test_and_not_elsewhere(typed, code: str, wanted: str) -> None:
    expr, found = typed(code, wanted)
    assert expr.type == "" and [item.code for item in found] == ["TM103"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "SND.UNA < SEG.ACK <= SND.NXT",
            Junction(
                "bool",
                "and",
                (
                    Compare("bool", "<", UNA, Name("seq", "segment", "SEG.ACK")),
                    Compare("bool", "<=", Name("seq", "segment", "SEG.ACK"), NXT),
                ),
            ),
        ),
        ("SND.NXT - SND.UNA - 1", Arith("int", "-", Arith("int", "-", NXT, UNA), Literal("int", 1))),
        (
            "STATE not in {OPEN, LIVE}",
            Not("bool", Member("bool", STATE, (2, 1, 2), ("OPEN", "SYN-SENT", "OPEN"))),
        ),
        ("{SYN, ACK} in SEG.CTL", HasFlag("bool", CTL, 18, "SYN,ACK")),
        ("SEG.CTL == {FIN, AE}", Compare("bool", "==", CTL, Literal("flags", 257, "{FIN,AE}"))),
        ("NOW == 0", Compare("bool", "==", Name("time", "environment", "NOW"), Literal("time", 0))),
        ("-5", Literal("int", -5)),
        ("-SND.WND", Arith("int", "-", Literal("int", 0), WND)),
        (
            "max(1, 2, SND.WND)",
            Arith("int", "max", Arith("int", "max", Literal("int", 1), Literal("int", 2)), WND),
        ),
        ("owed(SEG)", Builtin("bool", "owed", (Name("segment", "segment", "SEG"),))),
        ("idle", Apply("bool", "idle", (), Compare("bool", "==", UNA, NXT))),
        ("MSL", Literal("time", 120_000_000_000, "MSL")),
        ("SYN-SENT", Literal("state", 1, "SYN-SENT")),
        ("ANSWER == on", Compare("bool", "==", Name("answer", "tcb", "ANSWER"), Literal("answer", 1, "on"))),
    ],
)
def test_shape(typed, code: str, expected: Expr) -> None:
    assert typed(code) == (expected, [])


def test_the_argument_takes_the_place_of_the_parameter(typed) -> None:
    expr, _ = typed("in_window(SND.NXT + 1)")
    kinds = {node.kind for node in walk(expr) if isinstance(node, Name)}
    assert isinstance(expr, Apply) and kinds == {"tcb"}
    assert list(walk(expr)).count(Arith("seq", "+", NXT, Literal("int", 1))) == 2


def test_one_mistake_is_reported_once(typed) -> None:
    _, found = typed(
        "(SND.NTX + 1 < SEG.SEQ or SND.WND == SND.NTX) and min(SND.NTX, 1) == 0 and in_window(SND.NTX)"
    )
    assert {item.message for item in found} == {"unknown name 'SND.NTX'"} and len(found) == 4


def test_places_of_nodes(typed) -> None:
    code = "SND.UNA < SYN-SENT.x or (NOW >=\n  TIME-WAIT.END)"
    expr, _ = typed(code)
    assert isinstance(expr, Junction)
    place = expr.items[1].place
    assert (place.line, place.column) == (1, 26)
    last = next(node for node in walk(expr) if isinstance(node, Name) and node.name == "TIME-WAIT.END")
    assert (last.place.line, last.place.column, last.place.end_column) == (2, 3, 16)
