"""Raw rules -> typed rules."""

from __future__ import annotations

import re

from tcpmodel.spec.draft import RawRule, RawStage
from tcpmodel.spec.expr import BOOL, STATE, Expr, Junction, conjuncts
from tcpmodel.spec.model import Rule
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.scope import SEGMENT_FIELD, TCB, Scope
from tcpmodel.spec.shape import Fields
from tcpmodel.spec.source import Sequence, Text
from tcpmodel.spec.syntax import COMMA
from tcpmodel.spec.template import parse_holes, parse_template
from tcpmodel.spec.vocabulary import resolve_states

LEVELS = ("must", "should", "may")
REQUIREMENT = re.compile(r"(MUST|SHLD|MAY)-\d+")
BY_REQUIREMENT = {"MUST": "must", "SHLD": "should", "MAY": "may"}
CODE = re.compile(r"TM\d{3}")


class RuleBuilder:
    """Types the rules of one stage; `states` are those in which the stage runs, in order."""

    def __init__(self, stage: RawStage, states: tuple[str, ...], scope: Scope, report: Report) -> None:
        self.stage = stage
        self.states = states
        self.scope = scope
        self.words = scope.vocabulary
        self.report = report

    def build(self, raw: RawRule) -> Rule:
        fields = Fields(raw.node, raw.shape, self.report, raw.name)
        requirements = self._requirements(fields)
        forbid = fields.choice("forbid", LEVELS)
        self._companions(fields)
        return Rule(
            name=raw.name.value,
            states=self._states(fields),
            guard=self._guard(fields.texts("when")),
            sets=self._sets(fields),
            enter=self._enter(fields),
            sends=tuple(parse_template(text, self.scope, self.report) for text in fields.texts("send")),
            outcome=fields.choice("then", ("continue", "drop")),
            signal=fields.words("signal"),
            forbid=forbid,
            code=self._matching(fields, "code", CODE, "TM and three digits"),
            assume=fields.words("assume"),
            expected=self._expected(fields),
            message=fields.words("message"),
            holes=self._holes(fields),
            begins=fields.choice("begins", ("connection",)),
            discharge=fields.flag("discharge"),
            forgets=fields.flag("forgets"),
            guard_text=_joined([" ".join(text.value.split()) for text in fields.texts("when")]),
            level=fields.choice("level", LEVELS) or _level(requirements) or forbid or "must",
            cite=self._cite(fields, raw),
            quotes=tuple(" ".join(text.value.split()) for text in fields.texts("quote")),
            requirements=requirements,
            note=fields.words("note"),
            place=raw.name.place,
        )

    def _states(self, fields: Fields) -> tuple[str, ...]:
        entry = fields.entry("in")
        if entry is None:
            return self.states
        names = fields.texts("in")
        if isinstance(entry.value, Sequence) and not entry.value.items:
            self.report.add(
                entry.key.place, "TM108", "'in' lists no state", "leave it out for every state of the stage"
            )
        asked = resolve_states(names, self.words, self.report)
        outside = [
            name for name in names if name.value in self.words.states and name.value not in self.states
        ]
        for name in outside:
            self.report.add(
                name.place, "TM105", f"stage '{self.stage.name.value}' does not run in {name.value}"
            )
        found = tuple(state for state in asked if state in self.states)
        if not found and asked and not outside:
            place = names[0].place
            self.report.add(place, "TM105", f"stage '{self.stage.name.value}' runs in none of these states")
        return found

    def _guard(self, texts: list[Text]) -> Expr | None:
        items = [expression(text, self.scope, self.report, BOOL) for text in texts]
        if len(items) < 2:
            return items[0] if items else None
        parts = tuple(part for item in items for part in conjuncts(item))
        return Junction(BOOL, "and", parts, place=items[0].place)

    def _sets(self, fields: Fields) -> tuple[tuple[str, Expr], ...]:
        found = []
        for name, entry in fields.mapping("set").items():
            variable = self.words.variables.get(name)
            if variable is None or variable.group != TCB:
                known = [other for other, item in self.words.variables.items() if item.group == TCB]
                self._unknown(entry.key, name, "TCB variable", known)
            elif variable.type == STATE:
                self.report.add(
                    entry.key.place, "TM108", f"'{name}' cannot be set", "write 'enter:' and the state"
                )
            elif isinstance(entry.value, Text):
                found.append((name, expression(entry.value, self.scope, self.report, variable.type)))
            else:
                self.report.add(entry.value.place, "TM107", "an expression is needed here", "quote it")
        return tuple(found)

    def _unknown(self, key: Text, name: str, kind: str, known: list[str]) -> None:
        help = COMMA if name.count(")") > name.count("(") else nearest(name, known)
        declared = name in self.words.variables or name in self.words.constants
        message = f"'{name}' is not a {kind}" if declared else f"unknown {kind} '{name}'"
        self.report.add(key.place, "TM102", message, help)

    def _enter(self, fields: Fields) -> str:
        text = fields.text("enter")
        if text is None or text.value in self.words.states:
            return text.value if text else ""
        help = nearest(text.value, self.words.states)
        self.report.add(text.place, "TM105", f"unknown state '{text.value}'", help)
        return ""

    def _expected(self, fields: Fields) -> tuple[tuple[str, Expr], ...]:
        found = []
        known = [name for name, item in self.words.variables.items() if item.group == SEGMENT_FIELD]
        for name, entry in fields.mapping("expected").items():
            if name not in known:
                self._unknown(entry.key, name, "segment variable", known)
            elif isinstance(entry.value, Text):
                wanted = self.words.variables[name].type
                found.append((name, expression(entry.value, self.scope, self.report, wanted)))
            else:
                self.report.add(entry.value.place, "TM107", "an expression is needed here", "quote it")
        return tuple(found)

    def _holes(self, fields: Fields) -> tuple[Expr, ...]:
        text = fields.text("message")
        return parse_holes(text, self.scope, self.report) if text else ()

    def _companions(self, fields: Fields) -> None:
        """Keys that need or exclude each other."""
        if "forbid" in fields:
            for key in ("code", "message"):
                if key not in fields:
                    self.report.add(fields.place, "TM106", f"a rule with 'forbid' needs '{key}'")
        elif "assume" in fields and "message" not in fields:
            self.report.add(fields.place, "TM106", "a rule with 'assume' needs 'message'")
        for key in ("code", "expected"):
            entry = fields.entry(key)
            if entry and "forbid" not in fields:
                self.report.add(entry.key.place, "TM106", f"a rule with '{key}' needs 'forbid'")

    def _matching(self, fields: Fields, key: str, pattern: re.Pattern[str], help: str) -> str:
        text = fields.text(key)
        if text and not pattern.fullmatch(text.value):
            self.report.add(text.place, "TM108", f"'{key}' cannot be '{text.value}'", help)
        return text.value if text else ""

    def _requirements(self, fields: Fields) -> tuple[str, ...]:
        for text in fields.texts("requirements"):
            if not REQUIREMENT.fullmatch(text.value):
                help = "RFC 9293 Appendix B has MUST-n, SHLD-n and MAY-n"
                self.report.add(text.place, "TM108", f"'{text.value}' is no requirement", help)
        return tuple(text.value for text in fields.texts("requirements"))

    def _cite(self, fields: Fields, raw: RawRule) -> str:
        cite = fields.words("cite") or raw.cite
        if not cite:
            help = "add 'cite: RFC ... section' to the rule or to its stage"
            self.report.add(fields.place, "TM109", f"rule '{raw.name.value}' has no citation", help)
        return cite


def _level(requirements: tuple[str, ...]) -> str:
    """The strictest level among the requirements, '' when there are none."""
    levels = {BY_REQUIREMENT.get(name.split("-")[0], "") for name in requirements}
    return next((level for level in LEVELS if level in levels), "")


def _joined(texts: list[str]) -> str:
    """The conditions as one."""
    if len(texts) < 2:
        return "".join(texts)
    return " and ".join(f"({text})" if re.search(r"\b(or|if)\b", text) else text for text in texts)
