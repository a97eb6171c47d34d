"""Places that the model does not keep: a state's declaration, a key of a rule. The files are read again for them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from tcpmodel.errors import Place
from tcpmodel.spec.find import located
from tcpmodel.spec.model import Model, Rule
from tcpmodel.spec.reader import read
from tcpmodel.spec.report import Report
from tcpmodel.spec.source import Entry, Mapping, Node, Sequence, Text

LISTS = ("rules", "add", "replace", "change")


class Places:
    """Looks up places in the files of a model; the files are read when the first one is asked for."""

    def __init__(self, model: Model) -> None:
        self.model = model

    @cached_property
    def documents(self) -> list[Mapping]:
        return [found for name in self.model.files for found in read(located(name), name, Report())]

    @cached_property
    def rules(self) -> dict[str, list[Mapping]]:
        """Everything said of each rule, overlays last."""
        found: dict[str, list[Mapping]] = {}
        for document in self.documents:
            for key in LISTS:
                for node in _items(document.entries.get(key)):
                    name = node.entries.get("rule")
                    if name and isinstance(name.value, Text):
                        found.setdefault(name.value.value, []).append(node)
        return found

    def state(self, name: str) -> Place:
        """Where the state is declared."""
        for document in self.documents:
            entry = document.entries.get("states")
            if entry and isinstance(entry.value, Mapping) and name in entry.value.entries:
                return entry.value.entries[name].key.place
        return Place(self.model.files[0], 1, 1, 2)

    def texts(self, rule: Rule, key: str) -> list[Text]:
        """The scalars under a key of a rule, as the last file that has the key says."""
        for node in reversed(self.rules.get(rule.name, [])):
            if key in node.entries:
                return list(_texts(node.entries[key].value))
        return []

    def text(self, rule: Rule, key: str, words: str) -> Place:
        """Where these words stand under a key of a rule; the rule's own place when they do not."""
        texts = self.texts(rule, key)
        return next((t.place for t in texts if " ".join(t.value.split()) == words), rule.place)


def _items(entry: Entry | None) -> Iterator[Mapping]:
    if entry and isinstance(entry.value, Sequence):
        yield from (node for node in entry.value.items if isinstance(node, Mapping))


def _texts(node: Node) -> Iterator[Text]:
    if isinstance(node, Text):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _texts(item)
