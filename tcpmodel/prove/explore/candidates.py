"""Segments worth asking the output rules about: with the numbers that the rules themselves speak of.

An endpoint may send whatever its output rules permit. Which numbers those look at is read off their guards and off the
segments that rules call for; all combinations of them are tried, and the rules decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import combinations, product
from typing import Any, NamedTuple

from tcpmodel.compile import runtime
from tcpmodel.compile.expressions import Emitter
from tcpmodel.prove.explore.scenario import Scenario
from tcpmodel.spec import expr as x
from tcpmodel.spec.builtins import CONTROL_BITS
from tcpmodel.spec.model import Model, Rule
from tcpmodel.trace import Segment, sequence_length

SEQ, ACK = "SEG.SEQ", "SEG.ACK"
LENGTHS = {"SEG.LEN", "SEG.TEXT"}
ENDS = {"a": "10.0.0.1:40000", "b": "10.0.0.2:80"}
Number = Callable[[Any], int]


class Wire(NamedTuple):
    """What a segment looks like on the wire, options aside: control bits as one int, numbers, octets of text."""

    flags: int
    seq: int
    ack: int
    text: int
    wnd: int

    def segment(self, end: str = "a", frame: int = 0, time: int = -1) -> Segment:
        """The segment as a trace has it, sent by `end`."""
        other = next(name for name in ENDS if name != end)
        length = sequence_length(self.text, self.flags)
        return Segment(
            frame, time, ENDS[end], ENDS[other], "", self.seq, self.ack, self.wnd, 0, self.flags, length, self.text
        )


@lru_cache(1 << 16)
def segment_of(wire: Wire) -> Segment:
    """The segment on its way from nowhere in particular; not to be changed."""
    return wire.segment()


class Candidates:
    """The segments that one endpoint of a model may think of sending."""

    def __init__(self, model: Model, scenario: Scenario, side: int) -> None:
        self.scenario, self.windows, self.text = scenario, scenario.windows[side], scenario.texts[side]
        rules = [rule for p in model.procedures if p.event == "output" for stage in p.stages for rule in stage.rules]
        allowing = [rule for rule in rules if not rule.forbid and not rule.assume]
        told = [rule for rule in model.rules.values() if rule.sends]
        self.begins = _compiled({*_compared(allowing, SEQ, False), *_templates(told, SEQ)})
        self.ends = _compiled(set(_compared(allowing, SEQ, True)))
        self.acks = _compiled({*_compared(allowing, ACK, False), *_templates(told, ACK)})
        self.controls = list(_controls(scenario.controls, scenario.acknowledging))

    def of(self, t: Any) -> Iterator[Wire]:
        """Segments for an endpoint with this TCB, each once; what it owes comes first."""
        seen: dict[Wire, None] = {}
        for _, forms in t.owed:
            rows = product(forms, self.windows)
            seen |= {Wire(flags, seq, max(ack, 0), 0, window): None for (flags, seq, ack), window in rows}
        begins, ends, acks = ({number(t) for number in rows} for rows in (self.begins, self.ends, self.acks))
        for flags, acknowledges in self.controls:
            for text in range(2 if self.text else 1):
                length = sequence_length(text, flags)
                if not length and not (self.scenario.unasked or self.scenario.news):
                    continue
                for seq in sorted(begins | {end - length & runtime.WORD for end in ends}):
                    for ack, window in product(sorted(acks) if acknowledges else (0,), self.windows):
                        seen[Wire(flags, seq, ack, text, window)] = None
        yield from seen


def forged(scenario: Scenario, side: int) -> Iterator[Wire]:
    """The segments that somebody else may put into the network in the name of endpoint 0 (a) or 1 (b)."""
    seqs, acks = scenario.forged_numbers[side], scenario.forged_numbers[1 - side]
    texts = sorted({0, scenario.forged_text})
    for flags, acknowledges in _controls(scenario.forged_controls, scenario.acknowledging):
        for seq, ack, text in product(seqs, acks if acknowledges else (0,), texts):
            yield Wire(flags, seq, ack, text, scenario.window)


def _controls(controls: Iterable[str], acknowledging: str) -> Iterator[tuple[int, bool]]:
    """Combinations of control bits, and whether a segment with them acknowledges."""
    rows = list(controls)
    for size in range(1, len(rows) + 1):
        for names in combinations(rows, size):
            yield sum(CONTROL_BITS[name] for name in names), acknowledging in names


def _compared(rules: Iterable[Rule], field: str, from_end: bool) -> Iterator[x.Expr]:
    """What the guards compare a number of the segment with, `from_end`: its number behind its last octet."""
    for rule in rules:
        for node in x.walk(rule.guard) if rule.guard else ():
            if isinstance(node, x.Compare) and node.left.type == x.SEQ:
                for side, other in ((node.left, node.right), (node.right, node.left)):
                    names = _names(side)
                    if field in names and bool(names & LENGTHS) == from_end and _own(other):
                        yield other


def _templates(rules: Iterable[Rule], field: str) -> Iterator[x.Expr]:
    """The numbers in segments that rules call for, as far as they are the endpoint's own."""
    for rule in rules:
        for template in rule.sends:
            value = dict(template.fields).get(field.removeprefix("SEG."))
            if value is not None and _own(value):
                yield value


def _own(node: x.Expr) -> bool:
    """Whether an expression speaks of the TCB and of nothing else."""
    kinds = {part.kind for part in x.walk(node) if isinstance(part, x.Name)}
    return kinds == {"tcb"}


def _names(node: x.Expr) -> set[str]:
    return {part.name for part in x.walk(node) if isinstance(part, x.Name)}


def _compiled(nodes: set[x.Expr]) -> list[Number]:
    texts = sorted({Emitter().emit(node) for node in nodes})
    return [eval(f"lambda t: {text}", dict(vars(runtime))) for text in texts]
