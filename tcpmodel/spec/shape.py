"""What each mapping of a specification may contain (as `spec.schema.json` says) and how parts are read."""

from __future__ import annotations

from dataclasses import dataclass

from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.source import Entry, Mapping, Node, Sequence, Text


@dataclass(frozen=True)
class Shape:
    """The keys of one kind of mapping; `what` names it in messages."""

    what: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)


INDEX = Shape("a specification", ("specification", "title", "files"))
DOCUMENT = Shape(
    "a document",
    (),
    (
        *("cite", "title", "states", "groups", "enums", "tcb", "segment", "environment", "constants"),
        *("predicates", "procedures", "answers", "stage", "rules"),
    ),
)
TCB_VARIABLE = Shape("a TCB variable", ("type", "initial", "is"), ("cite",))
VARIABLE = Shape("a variable", ("type", "is"), ("cite",))
CALL_ARGUMENT = Shape("an argument", ("type", "is"), ("cite", "told"))
CONSTANT = Shape("a constant", ("value", "is"), ("cite",))
ANSWERS = Shape("what is said of answers", (), ("identified-by", "contained"))
PREDICATE = Shape("a predicate", ("is",), ("holds", "value", "cite", "quote", "note"))
PROCEDURE = Shape(
    "a procedure", ("on", "in", "stages"), ("cite", "hidden", "cost", "assume", "arguments", "title", "note")
)
RULE = Shape(
    "a rule",
    ("rule", "then"),
    (
        *("in", "when", "set", "enter", "send", "signal", "forbid", "code", "message", "expected", "assume"),
        *("begins", "discharge", "forgets", "cite", "quote", "requirements", "level", "note"),
    ),
)
OVERLAY = Shape(
    "an overlay",
    ("extends", "title"),
    (
        *("profile", "variant", "reason", "source", "cite", "constants", "predicates"),
        *("delete", "replace", "change", "add"),
    ),
)
CHANGED_RULE = Shape("a change", ("rule",), tuple(key for key in RULE.keys if key != "rule"))
ADDED_RULE = Shape("an added rule", RULE.required, (*RULE.optional, "before", "after", "stage"))
CHANGED_CONSTANT = Shape("a changed constant", ("value",), ("note", "cite"))


class Fields:
    """The entries of one mapping, checked against its shape; every access reports what does not fit."""

    def __init__(self, node: Mapping, shape: Shape, report: Report, owner: Text | None = None) -> None:
        self.node = node
        self.report = report
        self.place = owner.place if owner else node.place
        for name, entry in node.entries.items():
            if name not in shape.keys:
                hint = nearest(name, shape.keys) or f"known keys: {', '.join(shape.keys)}"
                report.add(entry.key.place, "TM101", f"unknown key '{name}' in {shape.what}", hint)
        for name in shape.required:
            if name not in node.entries:
                report.add(self.place, "TM106", f"{shape.what} needs '{name}'")

    def __contains__(self, key: str) -> bool:
        return key in self.node.entries

    def entry(self, key: str) -> Entry | None:
        return self.node.entries.get(key)

    def node_of(self, key: str) -> Node | None:
        entry = self.entry(key)
        return entry.value if entry else None

    def text(self, key: str) -> Text | None:
        """The scalar under that key."""
        node = self.node_of(key)
        return None if node is None else scalar(node, self.report)

    def words(self, key: str) -> str:
        """The scalar under that key with its white space evened out, or ''."""
        text = self.text(key)
        return " ".join(text.value.split()) if text else ""

    def texts(self, key: str) -> list[Text]:
        """The scalar or list of scalars under that key."""
        node = self.node_of(key)
        return [] if node is None else scalars(node, self.report)

    def mapping(self, key: str) -> dict[str, Entry]:
        """The entries of the mapping under that key."""
        node = self.node_of(key)
        return {} if node is None else mapping(node, self.report)

    def nodes(self, key: str) -> tuple[Node, ...]:
        """The items of the list under that key."""
        node = self.node_of(key)
        if node is None:
            return ()
        if isinstance(node, Sequence):
            return node.items
        if not (isinstance(node, Text) and not node.value):
            self.report.add(node.place, "TM108", f"'{key}' must be a list", "write '- ' before each item")
        return ()

    def choice(self, key: str, options: tuple[str, ...]) -> str:
        """The scalar under that key, which must be one of the options; '' when absent or wrong."""
        text = self.text(key)
        if text is None or text.value in options:
            return text.value if text else ""
        hint = nearest(text.value, options) or f"write {', '.join(options[:-1])} or {options[-1]}".replace(
            "write  or", "write"
        )
        self.report.add(text.place, "TM108", f"'{key}' cannot be '{text.value}'", hint)
        return ""

    def flag(self, key: str) -> bool:
        return self.choice(key, ("true", "false")) == "true"

    def number(self, key: str) -> int:
        text = self.text(key)
        if text is None:
            return 0
        if not text.value.isdecimal():
            self.report.add(text.place, "TM108", f"'{key}' must be a whole number, not '{text.value}'")
            return 0
        return int(text.value)


def scalar(node: Node, report: Report) -> Text | None:
    """The text that a node is; what is none is reported."""
    if isinstance(node, Text):
        return node
    kind = "a mapping" if isinstance(node, Mapping) else "a list"
    report.add(node.place, "TM108", f"text is needed here, not {kind}", "quote text that begins with { or [")
    return None


def scalars(node: Node, report: Report) -> list[Text]:
    """The texts of a list, or of the one text that stands for it."""
    items = node.items if isinstance(node, Sequence) else (node,)
    found = [scalar(item, report) for item in items]
    return [item for item in found if item is not None]


def mapping(node: Node, report: Report) -> dict[str, Entry]:
    """The entries that a node has; what is no mapping, and not empty, is reported."""
    if isinstance(node, Mapping):
        return node.entries
    if not (isinstance(node, Text) and not node.value):
        report.add(node.place, "TM108", "a mapping is needed here", "write 'key: value'")
    return {}
