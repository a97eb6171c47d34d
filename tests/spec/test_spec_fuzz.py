"""Whatever the text, reading it gives a result or located diagnostics, never another exception."""

from __future__ import annotations

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcpmodel.spec.expr import Expr
from tcpmodel.spec.reader import documents
from tcpmodel.spec.report import Report
from tcpmodel.spec.source import Mapping, Node, Sequence, Source, Text

WORDS = (
    *(
        "SND.NXT",
        "SND.UNA",
        "SEG.SEQ",
        "SEG.LEN",
        "SEG.CTL",
        "SEG",
        "STATE",
        "OPEN",
        "SYN-SENT",
        "LIVE",
        "SYN",
        "NOW",
    ),
    *(
        "MSL",
        "DONE",
        "KEPT",
        "nothing",
        "OPENED",
        "active",
        "True",
        "0",
        "1",
        "4294967296",
        "0x1f",
        "1e9",
        "1if",
        "_",
    ),
    *(
        "acceptable(SEG)",
        "in_window(",
        "max(",
        "insert(",
        "owed",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ",",
        ".",
        ":",
        ";",
    ),
    *(
        "+",
        "-",
        "*",
        "//",
        "/",
        "<<",
        ">>",
        "<",
        "=<",
        "<=",
        "==",
        "=",
        "!=",
        ":=",
        "and",
        "or",
        "not",
        "in",
        "not in",
    ),
    *(
        "if",
        "else",
        "is",
        "lambda",
        "for",
        "await",
        "yield",
        "#",
        "'",
        '"',
        "\\",
        "\n",
        "\t",
        "\x00",
        "é",
        "ＳＮＤ",
        "\ud800",
    ),
)
TEXT = st.text(st.characters(codec=None), max_size=60)
SENTENCE = st.lists(st.sampled_from(WORDS), max_size=14)
CODE = st.one_of(TEXT, SENTENCE.map(" ".join), SENTENCE.map("".join))


@settings(derandomize=True, max_examples=1500, deadline=None)
@given(CODE, st.sampled_from(["", "bool", "int", "seq", "time", "state", "flags", "spans", "origin"]))
@example("SND.NXT-SYN-SENT.1-x", "")
@example("{SYN} in {SYN} in SEG.CTL", "bool")
def test_expressions(typed, code: str, wanted: str) -> None:
    expr, found = typed(code, wanted)
    assert isinstance(expr, Expr)
    assert found or not wanted or expr.type == wanted
    for item in found:
        assert item.code in ("TM102", "TM103", "TM105", "TM107", "TM108", "TM111")
        assert 1 <= item.place.column < item.place.end_column
        assert item.render(code) and item.message


@settings(derandomize=True, max_examples=600, deadline=None)
@given(st.one_of(TEXT, st.lists(st.sampled_from("ab:-[]{}#&*!|>'\"%@\n \t?,x"), max_size=25).map("".join)))
def test_yaml(text: str) -> None:
    report = Report()
    found = documents(Source("file", text), report)
    assert all(isinstance(item, Mapping) for item in found)
    assert all(item.code in ("TM100", "TM104", "TM108") for item in report.found)


PRINTABLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp", "Cf", "Co"]), max_size=30
)
VALUES = st.recursive(
    st.one_of(PRINTABLE, st.lists(PRINTABLE, max_size=3).map("\n".join)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(PRINTABLE, inner, max_size=3)),
    max_leaves=8,
)


def texts(node: Node) -> list[Text]:
    if isinstance(node, Text):
        return [node]
    if isinstance(node, Sequence):
        return [text for item in node.items for text in texts(item)]
    return [text for entry in node.entries.values() for text in (entry.key, *texts(entry.value))]


@settings(derandomize=True, max_examples=600, deadline=None)
@given(VALUES, st.sampled_from([None, "'", '"', "|", ">"]), st.integers(20, 90), st.booleans())
def test_every_visible_character_has_its_place(
    value: object, style: str | None, width: int, flow: bool
) -> None:
    written = yaml.safe_dump(
        {"key": value}, default_style=style, width=width, default_flow_style=flow, allow_unicode=True
    )
    source = Source("file", written)
    report = Report()
    (document,) = documents(source, report)
    assert not report.found
    for text in texts(document):
        for offset, char in enumerate(text.value):
            place = text.at(offset, offset + 1)
            spelt = source.lines[place.line - 1][place.column - 1 :]
            assert char.isspace() or spelt.startswith((char, "\\"))
