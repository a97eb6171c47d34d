"""How errors read: the place first, then what is wrong, and for a specification the line and the repair."""

from __future__ import annotations

import pytest

from tcpmodel.errors import Diagnostic, Place, SpecError, TraceError


def test_a_diagnostic_shows_its_line_with_a_caret_under_the_whole_token() -> None:
    found = Diagnostic(Place("spec.yaml", 3, 8, 15), "TM102", "unknown variable 'SEG.AKC'", "SEG.ACK")
    assert found.render("\twhen: SEG.AKC > 0\n").splitlines() == [
        "spec.yaml:3:8: error[TM102]: unknown variable 'SEG.AKC'",
        "  \twhen: SEG.AKC > 0",
        "  \t      ^^^^^^^",
        "  = help: SEG.ACK",
    ]


def test_a_diagnostic_without_its_line_or_help_is_one_line() -> None:
    found = Diagnostic(Place("s", 1, 1, 1), "TM100", "bad", level="warning")
    assert found.render() == "s:1:1: warning[TM100]: bad"


def test_a_spec_error_sorts_what_it_found_by_place() -> None:
    later, earlier = (Diagnostic(Place("s", line, 1, 2), "TM100", "bad") for line in (9, 2))
    assert str(SpecError([later, earlier])) == "s:2:1: error[TM100]: bad\ns:9:1: error[TM100]: bad"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TraceError("bad", file="f", frame=12, offset=345), "f: frame 12 (offset 345): bad"),
        (TraceError("bad", file="f", frame=12), "f: frame 12: bad"),
        (TraceError("bad", file="f", offset=345), "f: offset 345: bad"),
        (TraceError("bad", file="f", at="3:4"), "f:3:4: bad"),
        (
            TraceError("bad", file="f", at="event 3 ($.events[2].seq, line 4)"),
            "f: event 3 ($.events[2].seq, line 4): bad",
        ),
        (TraceError("bad", file="f"), "f: bad"),
        (TraceError("bad"), "bad"),
    ],
)
def test_a_trace_error_names_its_place(error: TraceError, expected: str) -> None:
    assert str(error) == expected
