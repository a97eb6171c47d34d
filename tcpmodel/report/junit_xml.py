"""JUnit XML: suites of cases, each with what came out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0

Cases = Sequence[tuple[str, str]]
"""Names, and what `outcome` or `output` made."""


def document(title: str, suites: Sequence[tuple[str, Cases]]) -> Iterator[str]:
    """The lines of a document, newlines included."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield _open("testsuites", name=title, **_totals([case for _, cases in suites for case in cases])) + "\n"
    for suite, cases in suites:
        yield _open("testsuite", name=suite, **_totals(cases)) + "\n"
        for name, inside in cases:
            yield _open("testcase", name=name, classname=suite) + inside + "</testcase>\n"
        yield "</testsuite>\n"
    yield "</testsuites>\n"


def outcome(tag: str, type: str, message: str, text: str) -> str:
    """A case that did not pass: `tag` is failure, error or skipped."""
    return _open(tag, type=type, message=message) + _text(text) + f"</{tag}>"


def output(text: str) -> str:
    """A case that passed."""
    return f"<system-out>{_text(text)}</system-out>"


def _totals(cases: Cases) -> dict[str, str]:
    kinds = [inside[1:].split(" ", 1)[0] for _, inside in cases]
    wanted = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(cases)), **{name: str(kinds.count(kind)) for name, kind in wanted.items()}}


def _open(tag: str, **attributes: str) -> str:
    return f"<{tag} {' '.join(f'{name}={quoteattr(_clean(value))}' for name, value in attributes.items())}>"


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    return FORBIDDEN.sub("?", text)
