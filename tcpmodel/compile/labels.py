"""What an edge of the state diagram says about the paths it stands for, in the words of RFC 9293 Figure 5."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from tcpmodel.compile.diagram import diagram_of
from tcpmodel.compile.paths import Path, Step, mentioned, tested
from tcpmodel.spec import expr as x
from tcpmodel.spec.builtins import CONTROL_BITS
from tcpmodel.spec.model import Model, Rule

CREATED, DELETED = "create TCB", "delete TCB"


class Labels:
    """Words for the paths of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.words = diagram_of(model).words
        self.outputs = [
            rule
            for procedure in model.procedures
            if procedure.event == "output"
            for stage in procedure.stages
            for rule in stage.rules
            if rule.sets and _required(rule) and not rule.forbid and not rule.assume
        ]

    def edge(self, path: Path) -> dict[str, Any]:
        """Source, target and the attributes that `tcpmodel.compile.graph` lists."""
        deciding = [step.rule for step in path.deciding]
        later = self._later(path)
        action = self._action(path, [*map(_answer, deciding), *map(_required, later)])
        answers = [f"snd {flags(_answer(step.rule))}" for step in path.steps if step.rule.sends]
        signals = tuple(dict.fromkeys(rule.signal for rule in deciding if rule.signal))
        told = [f"“{step.rule.signal}”" for step in path.steps if step.rule.signal not in ("", *signals)]
        return {
            "source": path.source,
            "target": path.target,
            "event": self.event(path),
            "action": action,
            "also": tuple(dict.fromkeys((*(answer for answer in answers if answer not in action), *told))),
            "kind": path.procedure.event,
            "signals": signals,
            "rules": tuple(rule.name for rule in deciding),
            "paths": (tuple(step.rule.name for step in path.steps),),
            "through": path.states[1:-1],
            "cite": tuple(dict.fromkeys(rule.cite for rule in deciding)),
            "guard": tuple(text for rule in deciding if (text := " ".join(rule.guard_text.split()))),
            "later": tuple(rule.name for rule in later),
        }

    def event(self, path: Path) -> str:
        """What happens: "rcv SYN,ACK", "passive OPEN", "Timeout=2MSL", "crash"."""
        named = [word for step in path.deciding if (word := self._named(step.rule))]
        if path.procedure.event != "segment":
            return named[0] if named else self._outside(path)
        bits = _decisive(step for step in path.deciding if not self._named(step.rule)) & path.on
        return "rcv " + (", ".join(filter(None, (flags(bits), *named))) or self._other(path))

    def _named(self, rule: Rule) -> str:
        """The diagram's word for a rule, or for a predicate that its guard requires."""
        applied = [part.name for part in x.conjuncts(rule.guard) if isinstance(part, x.Apply)] if rule.guard else []
        return next((self.words[name] for name in (rule.name, *applied) if name in self.words), "")

    def _outside(self, path: Path) -> str:
        word = self.words.get(path.procedure.name)
        timeout = "timeout" if path.procedure.event == "timeout" else ""
        return word or " ".join(filter(None, (path.procedure.event_name, timeout))) or path.procedure.event

    def _other(self, path: Path) -> str:
        """A segment of which only what it lacks is known, or nothing."""
        own = reduce(or_, (mentioned(step.rule.guard) for step in path.deciding if step.rule.guard), 0)
        missing = flags((_decisive(path.entering) or own) & path.off)
        return f"segment without {missing}" if missing else "segment"

    def _action(self, path: Path, sent: list[int]) -> tuple[str, ...]:
        """What becomes of the TCB, which does not exist in the first state (RFC 9293 3.3.2), and what is sent."""
        first, found = self.model.states[0], []
        if path.source != path.target:
            found += [CREATED] * (path.source == first) + [DELETED] * (path.target == first)
        found += [f"snd {flags(bits)}" for bits in sent if bits]
        return tuple(dict.fromkeys(found))

    def _later(self, path: Path) -> list[Rule]:
        """What the change of state lets the endpoint send, where no rule on the way has sent anything itself."""
        if not path.entering or any(step.rule.sends for step in path.deciding):
            return []
        return [rule for rule in self.outputs if path.target in rule.states and path.source not in rule.states]


def flags(bits: int) -> str:
    """Control bits as RFC 9293 writes them: "SYN,ACK"."""
    return ",".join(name for name, mask in CONTROL_BITS.items() if bits & mask)


def _answer(rule: Rule) -> int:
    """The control bits that a rule sends; of alternative forms those of the first."""
    return rule.sends[0].flags if rule.sends else 0


def _required(rule: Rule) -> int:
    parts = x.conjuncts(rule.guard) if rule.guard else ()
    return reduce(or_, (part.mask for part in parts if isinstance(part, x.HasFlag)), 0)


def _decisive(steps: Iterable[Step]) -> int:
    return reduce(or_, map(tested, steps), 0)
