"""Typed expressions to Python source over plain integers.

Sequence numbers are kept in 0 .. 2^32-1. `a < b` in the modular order is bit 31 of the difference, which Python's
two's complement `&` gives for negative differences too (RFC 9293 3.4; not antisymmetric at distance 2^31).
"""

from __future__ import annotations

from tcpmodel.spec import expr as x

WORD, HALF = "0xFFFFFFFF", "0x80000000"

# How the header's fields are held in a captured segment; nothing here says what they mean.
SEGMENT_FIELDS = {
    "SEG.SEQ": "s.seq",
    "SEG.ACK": "s.ack",
    "SEG.LEN": "s.len",
    "SEG.TEXT": "s.text",
    "SEG.WND": "s.wnd",
    "SEG.UP": "s.up",
    "SEG.CTL": "s.flags",
    "SEG.MSS": "s.mss",
    "SEG.SHIFT": "s.wscale",
    "SEG.TSVAL": "s.tsval",
    "SEG.TSECR": "s.tsecr",
    "SEG.SACKOK": "s.sackok",
    "SEG.SACKS": "len(s.sack)",
    "SEG.COOKIE": "s.tfo",
    "SEG.MALFORMED": '(s.optbad != "")',
}
SEGMENT_ATTRIBUTES = {name: text[2:] for name, text in SEGMENT_FIELDS.items() if text.startswith("s.")}

_SEQ_ORDER = {
    "<": "({l} - {r}) & " + HALF,
    ">": "({r} - {l}) & " + HALF,
    "<=": "not ({r} - {l}) & " + HALF,
    ">=": "not ({l} - {r}) & " + HALF,
    "==": "{l} == {r}",
    "!=": "{l} != {r}",
}


def identifier(name: str) -> str:
    """A name of the specification as a Python identifier: SND.UNA -> SND_UNA."""
    return name.replace(".", "_").replace("-", "_")


class Emitter:
    """Emits source text; `state` is the ordinal STATE is known to have, or None."""

    def __init__(self, state: int | None = None) -> None:
        self.state = state

    def emit(self, node: x.Expr) -> str:
        """The source of `node`, safe as an operand of any operator."""
        method = getattr(self, "_" + type(node).__name__.lower())
        return str(method(node))

    def condition(self, node: x.Expr) -> str:
        """The source of a boolean without needless outer parentheses."""
        text = self.emit(node)
        return text[1:-1] if text.startswith("(") and _closes_at_end(text) else text

    def _literal(self, node: x.Literal) -> str:
        if node.type == x.BOOL:
            return "True" if node.value else "False"
        if node.type == x.SPANS:
            return "()"
        return str(node.value & 0xFFFFFFFF if node.type == x.SEQ else node.value)

    def _name(self, node: x.Name) -> str:
        if node.kind == "segment":
            return SEGMENT_FIELDS[node.name]
        if node.kind == "tcb":
            if node.type == x.STATE and self.state is not None:
                return str(self.state)
            return "t." + identifier(node.name)
        return "e." + identifier(node.name)

    def _not(self, node: x.Not) -> str:
        inner = self.emit(node.item)
        if inner in ("True", "False"):
            return "False" if inner == "True" else "True"
        return f"(not {inner})"

    def _junction(self, node: x.Junction) -> str:
        absorbing, neutral = ("False", "True") if node.op == "and" else ("True", "False")
        parts = [part for part in map(self.emit, node.items) if part != neutral]
        if absorbing in parts:
            return absorbing
        if not parts:
            return neutral
        return parts[0] if len(parts) == 1 else "(" + f" {node.op} ".join(parts) + ")"

    def _compare(self, node: x.Compare) -> str:
        left, right = self.emit(node.left), self.emit(node.right)
        if node.left.type == x.SEQ:
            return "(" + _SEQ_ORDER[node.op].format(l=left, r=right) + ")"
        if node.left.type == x.STATE and left.isdigit() and right.isdigit():
            return str((left == right) == (node.op == "=="))
        if node.left.type == x.BOOL:  # an order of sequence numbers is any number but 0
            left, right = f"bool({left})", f"bool({right})"
        return f"({left} {node.op} {right})"

    def _arith(self, node: x.Arith) -> str:
        left, right = self.emit(node.left), self.emit(node.right)
        if node.op in ("min", "max"):
            return f"seq_{node.op}({left}, {right})" if node.type == x.SEQ else f"{node.op}({left}, {right})"
        if node.type == x.SEQ:
            return f"(({left} {node.op} {right}) & {WORD})"
        if node.left.type == x.SEQ:
            return f"((({left} - {right} + {HALF}) & {WORD}) - {HALF})"
        return f"({left} {node.op} {right})"

    def _choice(self, node: x.Choice) -> str:
        test = self.emit(node.test)
        if test in ("True", "False"):
            return self.emit(node.then if test == "True" else node.other)
        return f"({self.emit(node.then)} if {test} else {self.emit(node.other)})"

    def _member(self, node: x.Member) -> str:
        item = self.emit(node.item)
        if node.item.type == x.STATE and item.isdigit():
            return str(int(item) in node.options)
        options = ", ".join(map(str, node.options))
        return f"({item} in ({options},))"

    def _hasflag(self, node: x.HasFlag) -> str:
        flags = self.emit(node.flags)
        if node.mask & (node.mask - 1) == 0:
            return f"({flags} & {node.mask} != 0)"
        return f"({flags} & {node.mask} == {node.mask})"

    def _builtin(self, node: x.Builtin) -> str:
        if node.function == "owed":
            return "owed(t.owed, s)"
        if node.function == "seq":
            return f"({self.emit(node.args[0])} & {WORD})"
        return f"{node.function}({', '.join(map(self.emit, node.args))})"

    def _apply(self, node: x.Apply) -> str:
        return self.emit(node.body)


def _closes_at_end(text: str) -> bool:
    depth = 0
    for position, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            return position == len(text) - 1
    return False
