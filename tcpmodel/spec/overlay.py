"""Overlays: profiles and variants that add, replace, change and delete named rules and change constants."""

from __future__ import annotations

from dataclasses import replace

from tcpmodel.spec.draft import Draft, RawRule, RawStage, raw_rule
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.shape import ADDED_RULE, CHANGED_CONSTANT, CHANGED_RULE, OVERLAY, RULE, Fields, scalar
from tcpmodel.spec.source import Entry, Mapping, Text
from tcpmodel.spec.types import article
from tcpmodel.spec.vocabulary import amount


def apply(document: Mapping, draft: Draft, report: Report) -> None:
    """Edits the draft as one overlay says: constants, predicates, then replace, change, add and delete."""
    _Overlay(document, draft, report).apply()


class _Overlay:
    def __init__(self, document: Mapping, draft: Draft, report: Report) -> None:
        self.fields = Fields(document, OVERLAY, report)
        self.draft = draft
        self.report = report
        self.name = self.fields.words("profile") or self.fields.words("variant")
        self.cite = self.fields.words("cite")
        self.edited: dict[str, str] = {}
        self.tails: dict[str, str] = {}

    def apply(self) -> None:
        if not self.fields.words("reason"):
            help = "say why it differs from what it extends: 'reason: ...'"
            self.report.add(self.fields.place, "TM109", f"overlay '{self.name}' has no reason", help)
        for name, entry in self.fields.mapping("constants").items():
            self._constant(name, entry)
        for name, entry in self.fields.mapping("predicates").items():
            self._predicate(name, entry)
        for key, edit in (("replace", self._replace), ("change", self._change), ("add", self._add)):
            shape = {"replace": RULE, "change": CHANGED_RULE, "add": ADDED_RULE}[key]
            for node in self.fields.nodes(key):
                if rule := raw_rule(node, self.cite, self.report, shape):
                    self._noted(rule)
                    edit(rule)
        for text in self.fields.texts("delete"):
            self._delete(text)

    def _noted(self, rule: RawRule) -> None:
        if "note" not in rule.node.entries:
            help = "say why it differs from what it extends: 'note: ...'"
            self.report.add(rule.name.place, "TM109", f"rule '{rule.name.value}' has no note", help)

    def _constant(self, name: str, entry: Entry) -> None:
        old = self.draft.declared["constants"].get(name)
        if old is None or not isinstance(old.value, Mapping) or "value" not in old.value.entries:
            help = nearest(name, self.draft.declared["constants"])
            self.report.add(entry.key.place, "TM102", f"unknown constant '{name}'", help)
            return
        if isinstance(entry.value, Mapping):
            fields = Fields(entry.value, CHANGED_CONSTANT, self.report, entry.key)
            changed = {key: item for key, item in entry.value.entries.items() if key in ("value", "cite")}
            text = fields.text("value")
        else:
            changed = {"value": entry}
            text = scalar(entry.value, self.report)
        if text and self._same_type(old.value, text):
            value = replace(old.value, entries={**old.value.entries, **changed})
            self.draft.declared["constants"][name] = replace(old, value=value)

    def _same_type(self, old: Mapping, text: Text) -> bool:
        now, before = amount(text, self.report), old.entries["value"].value
        was = amount(before, Report()) if isinstance(before, Text) else None
        if now and was and now[0] != was[0]:
            message = f"the constant is {article(was[0])}, this is {article(now[0])}"
            self.report.add(text.place, "TM103", message)
            return False
        return bool(now)

    def _predicate(self, name: str, entry: Entry) -> None:
        known = self.draft.declared["predicates"]
        heads = {"".join(key.split()): key for key in known}
        old = heads.get("".join(name.split()))
        if old:
            cite = self.cite or known[old].cite
            known[old] = replace(known[old], key=entry.key, value=entry.value, cite=cite)
            return
        same = [key for head, key in heads.items() if head.split("(")[0] == name.split("(")[0].strip()]
        if same:
            message = f"'{name}' has other parameters than what it replaces"
            self.report.add(entry.key.place, "TM111", message, f"write '{same[0]}'")
        else:
            self.report.add(entry.key.place, "TM102", f"unknown predicate '{name}'", nearest(name, known))

    def _find(self, name: Text) -> tuple[RawStage, int] | None:
        rules = self.draft.rules()
        found = rules.get(name.value)
        if found is None:
            by = self.draft.removed.get(name.value)
            help = f"'{by}' has deleted it" if by else nearest(name.value, rules)
            self.report.add(name.place, "TM105", f"unknown rule '{name.value}'", help)
        return found

    def _replace(self, rule: RawRule) -> None:
        found = self._claim(rule.name, "replaced")
        if found:
            stage, index = found
            stage.rules[index] = replace(rule, cite=rule.cite or stage.rules[index].cite)

    def _change(self, rule: RawRule) -> None:
        changed = {key: entry for key, entry in rule.node.entries.items() if key != "rule"}
        if not changed.keys() - {"note"}:
            self.report.add(rule.name.place, "TM106", f"the change of '{rule.name.value}' changes nothing")
        Fields(rule.node, CHANGED_RULE, self.report, rule.name)
        found = self._claim(rule.name, "changed")
        if found:
            stage, index = found
            known = {key: entry for key, entry in changed.items() if key in RULE.keys}
            stage.rules[index] = stage.rules[index].changed(known)

    def _claim(self, name: Text, what: str) -> tuple[RawStage, int] | None:
        """The rule to edit, which one overlay may do once."""
        found = self._find(name)
        if found and name.value in self.edited:
            before = self.edited[name.value]
            self.report.add(name.place, "TM104", f"rule '{name.value}' is {before} and {what} in one overlay")
            return None
        self.edited[name.value] = what
        return found

    def _add(self, rule: RawRule) -> None:
        if rule.name.value in self.draft.rules():
            help = "use 'replace' or 'change'"
            self.report.add(rule.name.place, "TM104", f"rule '{rule.name.value}' exists already", help)
            return
        fields = Fields(rule.node, ADDED_RULE, Report())
        where = [key for key in ("before", "after", "stage") if key in fields]
        if len(where) != 1:
            message = f"rule '{rule.name.value}' needs one of 'before', 'after' and 'stage'"
            self.report.add(
                rule.name.place, "TM106", message, "write 'after: RULE', 'before: RULE' or 'stage: STAGE'"
            )
            return
        anchor = Fields(rule.node, ADDED_RULE, Report()).text(where[0])
        if anchor is not None:
            self._insert(rule, where[0], anchor)

    def _insert(self, rule: RawRule, where: str, anchor: Text) -> None:
        if where == "stage":
            stage = self.draft.stages.get(anchor.value)
            if stage is None:
                help = nearest(anchor.value, self.draft.stages)
                self.report.add(anchor.place, "TM105", f"unknown stage '{anchor.value}'", help)
                return
            index = len(stage.rules)
        else:
            found = self._find(anchor)
            if found is None:
                return
            # several rules after one another's anchor keep the order of the text
            tail = self.draft.rules().get(self.tails.get(anchor.value, anchor.value), found)
            stage, index = (found[0], found[1]) if where == "before" else (tail[0], tail[1] + 1)
        stage.rules.insert(index, replace(rule, cite=rule.cite or stage.cite))
        if where == "after":
            self.tails[anchor.value] = rule.name.value

    def _delete(self, name: Text) -> None:
        found = self._claim(name, "deleted")
        if found:
            stage, index = found
            del stage.rules[index]
            self.draft.removed[name.value] = self.name
