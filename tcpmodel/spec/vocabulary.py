"""Declarations -> vocabulary: states, groups, enumerations, variables, constants; a name means one thing."""

from __future__ import annotations

import keyword
import re
from decimal import Decimal, InvalidOperation

from tcpmodel.errors import Place
from tcpmodel.spec.builtins import COUNTS, NANOSECONDS, TYPES
from tcpmodel.spec.draft import Declared, Draft
from tcpmodel.spec.expr import BOOL, INT, TIME
from tcpmodel.spec.model import Constant, Variable
from tcpmodel.spec.parse import expression
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.scope import ENVIRONMENT, RESERVED, SEGMENT_FIELD, TCB, Scope, Vocabulary
from tcpmodel.spec.shape import CONSTANT, TCB_VARIABLE, VARIABLE, Fields, scalar, scalars
from tcpmodel.spec.source import Mapping, Text
from tcpmodel.spec.types import UNKNOWN

NAME = re.compile(r"[A-Za-z_]\w*(?:[.-]\w+)*", re.ASCII)
AMOUNT = re.compile(r"(-?[0-9][0-9.]*)(?:\s+(\w+))?", re.ASCII)


def build(draft: Draft, report: Report) -> Vocabulary:
    """Everything declared except predicates, which need the vocabulary themselves."""
    builder = _Builder(draft, report)
    builder.states()
    builder.groups()
    builder.enums()
    for name, declared in draft.declared["constants"].items():
        if builder.claim("constants", name):
            builder.constant(name, declared)
    for group in (ENVIRONMENT, SEGMENT_FIELD, TCB):
        builder.variables(group)
    builder.check_members()
    return builder.words


def parse_type(text: Text | None, words: Vocabulary, report: Report) -> str:
    """The type a declaration names, UNKNOWN when it names none."""
    if text is None:
        return UNKNOWN
    if text.value in TYPES or text.value in words.enums:
        return text.value
    hint = nearest(text.value, (*TYPES, *words.enums)) or f"types: {', '.join((*TYPES, *words.enums))}"
    report.add(text.place, "TM102", f"unknown type '{text.value}'", hint)
    return UNKNOWN


def claim(key: Text, taken: dict[str, Place], report: Report) -> bool:
    """Takes a name for one meaning; False when it has another already."""
    place = key.place
    earlier = taken.setdefault(key.value, place)
    if earlier is not place:
        report.add(place, "TM104", f"duplicate name '{key.value}'", f"it is already at {earlier}")
    return earlier is place


def check_name(key: Text, report: Report) -> bool:
    """Whether a declared name can stand in expressions."""
    if not NAME.fullmatch(key.value) or any(map(keyword.iskeyword, re.split("[.-]", key.value))):
        help = "letters, digits, _ and single . or - between them; no word of Python"
        report.add(key.place, "TM108", f"'{key.value}' cannot be a name", help)
        return False
    if key.value in RESERVED:
        report.add(key.place, "TM104", f"'{key.value}' already has a meaning in the language")
        return False
    return True


def amount(text: Text, report: Report) -> tuple[str, int] | None:
    """The type and value of a constant: `2 min` (time, ns), `536 octets`, `14` (int), `true`."""
    if text.value in ("true", "false"):
        return BOOL, int(text.value == "true")
    found = AMOUNT.fullmatch(text.value.strip())
    if found is None:
        help = "write a number with or without a unit, such as '2 min' or '536 octets', or true or false"
        report.add(text.place, "TM108", f"'{text.value}' is not the value of a constant", help)
        return None
    number, unit = found.groups()
    if unit and unit not in NANOSECONDS and unit not in COUNTS:
        units = (*NANOSECONDS, *COUNTS)
        help = nearest(unit, units) or f"units: {', '.join(units)}"
        start = text.value.index(unit, text.value.index(number) + len(number))
        report.add(text.at(start, start + len(unit)), "TM108", f"unknown unit '{unit}'", help)
        return None
    return _whole(text, number, NANOSECONDS.get(unit or "", 1), TIME if unit in NANOSECONDS else INT, report)


def _whole(text: Text, number: str, scale: int, type_: str, report: Report) -> tuple[str, int] | None:
    try:
        value = Decimal(number) * scale
    except InvalidOperation:
        value = Decimal("0.1")
    if value != value.to_integral_value() or abs(value) >= 1 << 63:
        report.add(
            text.place,
            "TM108",
            f"'{text.value}' is not a whole number of {'ns' if type_ == TIME else 'units'}",
        )
        return None
    return type_, int(value)


class _Builder:
    def __init__(self, draft: Draft, report: Report) -> None:
        self.draft = draft
        self.report = report
        self.words = Vocabulary()
        self.members: list[list[Text]] = []

    def claim(self, kind: str, name: str) -> bool:
        """Takes a name for one meaning."""
        key = self.draft.declared[kind][name].key
        return self.take(key)

    def take(self, key: Text) -> bool:
        return claim(key, self.words.declared, self.report) and check_name(key, self.report)

    def states(self) -> None:
        declared = self.draft.declared["states"]
        for item in declared.values():
            scalar(item.value, self.report)
        self.words.states = tuple(name for name in declared if self.claim("states", name))

    def groups(self) -> None:
        for name, declared in self.draft.declared["groups"].items():
            if self.claim("groups", name):
                self.words.groups[name] = resolve_states(
                    scalars(declared.value, self.report), self.words, self.report
                )

    def enums(self) -> None:
        for name, declared in self.draft.declared["enums"].items():
            members = scalars(declared.value, self.report)
            if self.claim("enums", name):
                self.words.enums[name] = tuple(dict.fromkeys(member.value for member in members))
                self.members.append(members)

    def check_members(self) -> None:
        """Two enumerations may share a member, which is no other name; checked last, so that it is blamed."""
        declared = dict(self.words.declared)
        for members in self.members:
            taken = dict(declared)
            for member in members:
                if claim(member, taken, self.report):
                    check_name(member, self.report)
            self.words.declared.update(taken)

    def constant(self, name: str, declared: Declared) -> None:
        if not isinstance(declared.value, Mapping):
            need_mapping(declared, self.report)
            self.words.constants[name] = Constant(name, UNKNOWN, 0, "", "")
            return
        fields = Fields(declared.value, CONSTANT, self.report, declared.key)
        text = fields.text("value")
        found = amount(text, self.report) if text else None
        type_, value = found or (UNKNOWN, 0)
        cite = citation(fields, declared, self.report)
        self.words.constants[name] = Constant(
            name, type_, value, text.value if text else "", fields.words("is"), cite, declared.key.place
        )

    def variables(self, group: str) -> None:
        for name, declared in self.draft.declared[group].items():
            if not self.claim(group, name):
                continue
            if isinstance(declared.value, Mapping):
                self.words.variables[name] = self._variable(name, group, declared, declared.value)
            else:
                need_mapping(declared, self.report)
                self.words.variables[name] = Variable(name, UNKNOWN, group, "")

    def _variable(self, name: str, group: str, declared: Declared, node: Mapping) -> Variable:
        fields = Fields(node, TCB_VARIABLE if group == TCB else VARIABLE, self.report, declared.key)
        type_ = parse_type(fields.text("type"), self.words, self.report)
        initial = fields.text("initial") if group == TCB else None
        scope = Scope(self.words, frozenset([ENVIRONMENT]), "in an initial value")
        value = expression(initial, scope, self.report, type_) if initial else None
        cite = fields.words("cite") or declared.cite
        return Variable(name, type_, group, fields.words("is"), value, cite, declared.key.place)


def need_mapping(declared: Declared, report: Report) -> None:
    """Report a declaration that is not a mapping."""
    report.add(
        declared.value.place, "TM108", f"'{declared.key.value}' needs a mapping", "write {key: value, ...}"
    )


def citation(fields: Fields, declared: Declared, report: Report) -> str:
    """The declaration's own citation or its document's."""
    cite = fields.words("cite") or declared.cite
    if not cite:
        help = "add 'cite: RFC ... section', here or at the top of the document"
        report.add(declared.key.place, "TM109", f"'{declared.key.value}' has no citation", help)
    return cite


def resolve_states(names: list[Text], words: Vocabulary, report: Report) -> tuple[str, ...]:
    """States, groups and `all` as states in the order of the specification."""
    found: set[str] = set()
    for name in names:
        if name.value == "all":
            found.update(words.states)
        elif name.value in words.groups:
            found.update(words.groups[name.value])
        elif name.value in words.states:
            found.add(name.value)
        else:
            help = nearest(name.value, (*words.states, *words.groups))
            report.add(name.place, "TM105", f"unknown state '{name.value}'", help)
    return tuple(state for state in words.states if state in found)
