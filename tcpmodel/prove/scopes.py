"""Which names a condition of a property may use: those of one endpoint, of a step, of two endpoints and segments.

Endpoints are A and B; what is said of them holds with their roles exchanged, too. M is any segment that A has ever
sent to B, N another one. `NEXT.` stands before what a variable is after a step.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tcpmodel.prove.shapes import GHOST, GHOSTS
from tcpmodel.prove.words import copies, vocabulary
from tcpmodel.spec.expr import INT
from tcpmodel.spec.model import Model, Variable
from tcpmodel.spec.report import Report
from tcpmodel.spec.scope import ARGUMENT, ENVIRONMENT, SEGMENT_FIELD, TCB, Scope, Vocabulary
from tcpmodel.spec.shape import Fields
from tcpmodel.spec.source import Mapping
from tcpmodel.spec.vocabulary import parse_type

NEXT = "NEXT"
GROUPS = {
    "endpoint": (TCB,),
    "endpoints": ("A", "B"),
    "segment": ("A", "B", "M"),
    "segments": ("A", "B", "M", "N"),
    "endpoint step": (TCB, SEGMENT_FIELD, ENVIRONMENT, ARGUMENT, NEXT),
}
ABOUT = ("endpoint", "endpoints", "segment", "segments")
"""What lemmas speak about."""


@dataclass
class Words:
    """The names of a model, its copies and the ghost variables that proofs add."""

    model: Model
    ghosts: dict[str, dict[str, Variable]] = field(default_factory=lambda: {"endpoint": {}, "segment": {}})
    built: Vocabulary | None = None

    def declare(self, node: Mapping, report: Report) -> None:
        """Adds ghost variables: numbers that no rule reads and that only proofs speak of."""
        fields = Fields(node, GHOSTS, report)
        for kind, known in self.ghosts.items():
            for name, entry in fields.mapping(kind).items():
                inner = entry.value if isinstance(entry.value, Mapping) else node
                type_ = parse_type(Fields(inner, GHOST, report).text("type"), vocabulary(self.model), report)
                known[name] = Variable(name, type_ or INT, "ghost", "")

    @property
    def vocabulary(self) -> Vocabulary:
        """All names, those of other scopes included."""
        if self.built is None:
            rows = list(self.model.variables.values())
            of = {group: [row for row in rows if row.group == group] for group in (TCB, SEGMENT_FIELD)}
            endpoint = [*of[TCB], *self.ghosts["endpoint"].values()]
            extra = list(copies(of[TCB], NEXT))
            for name in ("A", "B"):
                extra += copies(endpoint, name)
            for name in ("M", "N"):
                extra += copies(of[SEGMENT_FIELD], name, "SEG.")
                extra += copies(self.ghosts["segment"].values(), name)
            self.built = vocabulary(self.model, extra)
        return self.built

    def scope(self, about: str, where: str = "", arguments: tuple[Variable, ...] = ()) -> Scope:
        """The names that a condition about something may use."""
        groups = frozenset(GROUPS[about])
        rows = {item.name: item for item in arguments}
        return Scope(self.vocabulary, groups, where or f"in a condition about {about}", {}, rows)
