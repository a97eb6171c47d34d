"""Which segment is the answer that an endpoint owes: what `answers` declares, and whether the rules' answers fit it."""

from __future__ import annotations

from collections.abc import Iterable

from tcpmodel.spec.builtins import CONTROL_BITS
from tcpmodel.spec.draft import Declared, Draft
from tcpmodel.spec.model import Answering, Rule
from tcpmodel.spec.report import Report, nearest
from tcpmodel.spec.shape import ANSWERS, scalars
from tcpmodel.spec.source import Text

KIND = "answers"
IDENTIFIED, CONTAINED = ANSWERS.keys


def build(draft: Draft, report: Report) -> Answering:
    """What is declared; without that every control bit counts, and no answer is contained in another segment."""
    declared = draft.declared[KIND]
    for name, item in declared.items():
        if name not in ANSWERS.keys:
            hint = nearest(name, ANSWERS.keys) or f"known keys: {', '.join(ANSWERS.keys)}"
            report.add(item.key.place, "TM101", f"unknown key '{name}' in {ANSWERS.what}", hint)
    every = sum(CONTROL_BITS.values())
    identified = _mask(_bits(declared[IDENTIFIED], report)) if IDENTIFIED in declared else every
    bits = _bits(declared[CONTAINED], report) if CONTAINED in declared else []
    for bit in bits:
        if bit.value not in _names(identified):
            help = f"name it under '{IDENTIFIED}' as well"
            report.add(bit.place, "TM108", f"'{bit.value}' does not tell answers apart", help)
    return Answering(identified, _mask(bits))


def check(rules: Iterable[Rule], answering: Answering, report: Report) -> None:
    """Reports answers that no segment could be known as."""
    known = _names(answering.identified)
    for template in (template for rule in rules for template in rule.sends):
        other = [bit for bit in _names(template.flags) if bit not in known]
        if other:
            help = f"name it under '{IDENTIFIED}', or leave it out"
            report.add(template.place, "TM110", f"no segment can be known as an answer by '{other[0]}'", help)


def _bits(declared: Declared, report: Report) -> list[Text]:
    """The control bits that are listed, those that exist."""
    texts = scalars(declared.value, report)
    for text in texts:
        if text.value not in CONTROL_BITS:
            report.add(text.place, "TM102", f"unknown control bit '{text.value}'", nearest(text.value, CONTROL_BITS))
    return [text for text in texts if text.value in CONTROL_BITS]


def _names(mask: int) -> list[str]:
    return [bit for bit, one in CONTROL_BITS.items() if mask & one]


def _mask(bits: Iterable[Text]) -> int:
    return sum({CONTROL_BITS[bit.value] for bit in bits})
