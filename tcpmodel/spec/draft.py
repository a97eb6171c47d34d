"""A specification as written: all declarations and rules, still as nodes, for overlays to edit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tcpmodel.spec.report import Report
from tcpmodel.spec.shape import DOCUMENT, RULE, Fields, Shape, mapping
from tcpmodel.spec.source import Entry, Mapping, Node, Text

KINDS = (
    "states",
    "groups",
    "enums",
    "tcb",
    "segment",
    "environment",
    "constants",
    "predicates",
    "procedures",
    "answers",
)


@dataclass(frozen=True)
class Declared:
    """A name, what is said of it, and the citation of the document it stands in."""

    key: Text
    value: Node
    cite: str


@dataclass(frozen=True)
class RawRule:
    """A rule as written; `cite` is the default one, `shape` the keys it may have."""

    name: Text
    node: Mapping
    cite: str
    shape: Shape = RULE

    def changed(self, entries: dict[str, Entry]) -> RawRule:
        """The rule with some keys overridden."""
        return replace(self, node=replace(self.node, entries={**self.node.entries, **entries}))


@dataclass
class RawStage:
    name: Text
    title: str
    cite: str
    rules: list[RawRule]


@dataclass
class Draft:
    """All documents of a specification taken together, by kind and name."""

    declared: dict[str, dict[str, Declared]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    stages: dict[str, RawStage] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    """Rules that an overlay deleted, with the overlay's name."""

    def rules(self) -> dict[str, tuple[RawStage, int]]:
        """Where each rule stands: its stage and its index there."""
        return {
            rule.name.value: (stage, i)
            for stage in self.stages.values()
            for i, rule in enumerate(stage.rules)
        }

    def read(self, document: Mapping, report: Report) -> None:
        """Adds one document."""
        fields = Fields(document, DOCUMENT, report)
        cite = fields.words("cite")
        for kind in KINDS:
            for name, entry in fields.mapping(kind).items():
                self._declare(kind, name, Declared(entry.key, entry.value, cite), report)
        stage = fields.text("stage")
        if stage is None:
            orphans = fields.entry("rules")
            if orphans:
                report.add(orphans.key.place, "TM106", "rules need a 'stage' in the same document")
        elif stage.value in self.stages:
            report.add(
                stage.place,
                "TM104",
                f"duplicate stage '{stage.value}'",
                _first(self.stages[stage.value].name),
            )
        else:
            raw = RawStage(stage, fields.words("title") or stage.value, cite, [])
            self.stages[stage.value] = raw
            raw.rules.extend(self._rules(fields, cite, report))

    def _declare(self, kind: str, name: str, declared: Declared, report: Report) -> None:
        earlier = self.declared[kind].get(name)
        if earlier:
            report.add(declared.key.place, "TM104", f"duplicate name '{name}'", _first(earlier.key))
        else:
            self.declared[kind][name] = declared

    def _rules(self, fields: Fields, cite: str, report: Report) -> list[RawRule]:
        known = {name: stage.rules[i].name for name, (stage, i) in self.rules().items()}
        found = []
        for node in fields.nodes("rules"):
            rule = raw_rule(node, cite, report)
            if rule is None:
                continue
            if rule.name.value in known:
                first = _first(known[rule.name.value])
                report.add(rule.name.place, "TM104", f"duplicate rule '{rule.name.value}'", first)
                continue
            known[rule.name.value] = rule.name
            found.append(rule)
        return found


def raw_rule(node: Node, cite: str, report: Report, shape: Shape = RULE) -> RawRule | None:
    """The rule in that node, if it has a name."""
    entries = mapping(node, report)
    if not isinstance(node, Mapping):
        return None
    entry = entries.get("rule")
    if entry is None:
        report.add(node.place, "TM106", f"{shape.what} needs 'rule', its name")
        return None
    if not isinstance(entry.value, Text):
        report.add(entry.value.place, "TM108", "the name of a rule must be text")
        return None
    return RawRule(entry.value, node, cite, shape)


def _first(key: Text) -> str:
    return f"it is already at {key.place}"
