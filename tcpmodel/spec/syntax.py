"""Text -> Python syntax tree, with every place kept.

The text is rewritten without changing its length (FIN-WAIT-1 -> FIN_WAIT_1, =< -> <=, line ends -> spaces),
so that an offset in the tree is an offset in the text.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

from tcpmodel.errors import Place
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.scope import Scope
from tcpmodel.spec.source import Text

FOREIGN = re.compile(r"[^\w\s.(){}\[\],<>=!+\-*/%&|^~:@;?$]|[^\x09-\x7e]", re.ASCII)
SINGLE_EQUALS = re.compile(r"(?<![<>=!:])=(?![=<])")
HYPHENATED = re.compile(r"(?<![\w.])[A-Za-z_]\w*(?:\.\w+)*(?:-[\w.]+)+", re.ASCII)
SPELLINGS = {"≤": "<=", "≥": ">=", "≠": "!=", "−": "-", "∧": "and", "∨": "or", "¬": "not"}


@dataclass(frozen=True)
class Fragment:
    """The part of a scalar that holds one expression; `code` is that part, rewritten for Python's parser."""

    text: Text
    begin: int
    code: str

    def place(self, node: ast.expr) -> Place:
        return self.at(node.col_offset, node.end_col_offset or node.col_offset + 1)

    def at(self, begin: int, end: int) -> Place:
        return self.text.at(self.begin + begin, self.begin + end)

    def spelling(self, node: ast.expr) -> str:
        """The node as the author wrote it."""
        begin, end = self.begin + node.col_offset, self.begin + (node.end_col_offset or 0)
        return "".join(self.text.value[begin:end].split())


def rewrite(raw: str, scope: Scope) -> str:
    """The text as Python syntax of the same length."""
    code = re.sub(r"\s", " ", raw).replace("=<", "<=")
    if "-" not in code:
        return code
    names = _pattern(scope.hyphenated)
    code = names.sub(_underscored, code) if names else code
    return HYPHENATED.sub(lambda found: _misspelt(found, scope), code)


@lru_cache(maxsize=256)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    choices = "|".join(map(re.escape, names))
    return re.compile(rf"(?<![\w.])(?:{choices})(?!\w)", re.ASCII) if names else None


def _underscored(found: re.Match[str]) -> str:
    return found.group().replace("-", "_")


def _misspelt(found: re.Match[str], scope: Scope) -> str:
    """A hyphenated word that looks like a declared one is that name misspelt, not a subtraction."""
    word = found.group()
    parts = [part for part in word.split("-") if not part.isdigit()]
    if all(part in scope.known or "_" in part for part in parts) or not nearest(word, scope.hyphenated):
        return word
    return word.replace("-", "_")


COMMA = "inside { } and [ ] a comma ends the value: quote an expression that contains one"


def tree(fragment: Fragment, report: Report) -> ast.expr | None:
    """The syntax tree of a fragment, or None when something was reported."""
    code = fragment.code
    if not code:
        whole = fragment.begin == 0
        report.add(fragment.text.place if whole else fragment.at(0, 1), "TM107", "an expression is missing")
        return None
    if _foreign(fragment, report):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code, mode="eval").body
    except SyntaxError as error:
        start = min((error.offset or len(code)) - 1, len(code) - 1)
        stop = (error.end_offset or 0) - 1
        message = error.msg.split(". ")[0].split(" (")[0] if error.offset else "the expression stops short"
        report.add(fragment.at(start, max(stop, start + 1)), "TM107", message, _advice(code))
    except (ValueError, RecursionError, MemoryError):
        report.add(fragment.text.place, "TM107", "the expression is nested too deeply")
    return None


def _advice(code: str) -> str:
    if code.count("(") != code.count(")") or code.count("{") != code.count("}"):
        return COMMA
    return ""


def _foreign(fragment: Fragment, report: Report) -> bool:
    """Reports what Python's parser would explain badly."""
    found = FOREIGN.search(fragment.code)
    if found:
        spelling = SPELLINGS.get(found.group())
        help = f"write '{spelling}'" if spelling else ""
        message = f"{found.group()!r} is not part of an expression"
        report.add(fragment.at(found.start(), found.end()), "TM107", message, help)
        return True
    equals = SINGLE_EQUALS.search(fragment.code)
    if equals:
        place = fragment.at(equals.start(), equals.end())
        report.add(place, "TM107", "'=' does not compare", "write '=='")
    return bool(equals)
