"""Files -> documents: PyYAML's composer, its marks turned into places, its errors into diagnostics."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from tcpmodel.errors import Place
from tcpmodel.spec.report import Report
from tcpmodel.spec.source import Entry, Mapping, Node, Sequence, Source, Text

# the C parser keeps the same marks and is five times as fast
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
KEPT = 1024
"""How many texts are remembered."""


def read(path: Path, shown: str, report: Report) -> list[Mapping]:
    """The YAML documents of a file that are mappings; what is wrong with the others is reported."""
    try:
        source = Source(shown, path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        report.incomplete = True
        source = Source(shown, error.object.decode("utf-8", "replace"))
        index = len(error.object[: error.start].decode("utf-8"))
        report.add(source.place(index, index + 1), "TM100", "this is not UTF-8", "save the file as UTF-8")
        return []
    return documents(source, report)


def documents(source: Source, report: Report) -> list[Mapping]:
    """As `read`, of a text."""
    found = _faultless(source)
    return _documents(source, report) if found is None else list(found)


@lru_cache(KEPT)
def _faultless(source: Source) -> tuple[Mapping, ...] | None:
    """The documents of a text without faults: a specification and its overlays share most of them."""
    report = Report()
    found = _documents(source, report)
    return None if report.found or report.incomplete else tuple(found)


def _documents(source: Source, report: Report) -> list[Mapping]:
    try:
        composed = list(yaml.compose_all(source.text, LOADER))
    except yaml.MarkedYAMLError as error:
        _syntax(error, source, report)
        return []
    except (yaml.YAMLError, RecursionError) as error:
        report.incomplete = True
        report.add(Place(source.file, 1, 1, 2), "TM100", " ".join(str(error).split()))
        return []
    nodes = _Nodes(source, report)
    found = [nodes.build(node) for node in composed if not _empty(node)]
    for node in found:
        if not isinstance(node, Mapping):
            report.add(node.place, "TM108", "a document must be a mapping", "write 'key: value' lines")
    return [node for node in found if isinstance(node, Mapping)]


def _empty(node: yaml.Node | None) -> bool:
    return node is None or (isinstance(node, yaml.ScalarNode) and not node.value and node.style in (None, ""))


def _syntax(error: yaml.MarkedYAMLError, source: Source, report: Report) -> None:
    report.incomplete = True
    mark = error.problem_mark or error.context_mark
    index = mark.index if mark else 0
    message = error.problem or error.context or "not YAML"
    help = ""
    if source.text[index : index + 1] == "\t":
        help = "indent with spaces"
    elif "mapping values are not allowed" in message:
        help = "quote text that contains ': '"
    elif "cannot start any token" in message or "did not find expected" in message:
        help = "quote text that begins with or contains a character with a meaning in YAML"
    report.add(source.place(index, index + 1), "TM100", message, help)


class _Nodes:
    """Builds the nodes of one file."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source = source
        self.report = report
        self.seen: set[int] = set()

    def build(self, node: yaml.Node) -> Node:
        start, end = node.start_mark.index, node.end_mark.index
        if id(node) in self.seen:
            self.report.incomplete = True
            place = self.source.place(start, end)
            self.report.add(
                place, "TM100", "an alias refers to this node", "write the text out where it is used"
            )
            return Text("", self.source, start, end)
        self.seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return Text(node.value, self.source, start, end, node.style or "")
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.build(item) for item in node.value)
            return Sequence(items, self.source.place(start, end))
        assert isinstance(node, yaml.MappingNode)
        return self._mapping(node)

    def _mapping(self, node: yaml.MappingNode) -> Mapping:
        entries: dict[str, Entry] = {}
        for key_node, value_node in node.value:
            key, value = self.build(key_node), self.build(value_node)
            if not isinstance(key, Text):
                self.report.add(
                    key.place, "TM108", "a key must be a name", "quote text that begins with { or ["
                )
            elif key.value in entries:
                line = entries[key.value].key.place.line
                self.report.add(
                    key.place, "TM104", f"duplicate key '{key.value}'", f"it is already on line {line}"
                )
            else:
                entries[key.value] = Entry(key, value)
        first = next(iter(entries.values()), None)
        whole = self.source.place(node.start_mark.index, node.end_mark.index)
        return Mapping(entries, first.key.place if first else whole)
