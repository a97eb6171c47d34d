"""Which names a condition of a property may use: those of one endpoint, of a step, of two endpoints and segments.

Endpoints are A and B; what is said of them holds with their roles exchanged, too. M is any segment that A has ever
sent to B, N another one; in an exchange N is one that B has sent to A. `NEXT.` stands before what a variable is after a
step. In a step of the system the endpoint that acts is named plainly, its peer is B.
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
SEGMENT = "SEG"
GHOST_TCB, GHOST_SEGMENT, GHOST_NEXT, LIMIT = "ghost", "ghost of a segment", "ghost after a step", "limit"
GROUPS = {
    "endpoint": (TCB,),
    "endpoints": ("A", "B", LIMIT),
    "segment": ("A", "B", "M", LIMIT),
    "segments": ("A", "B", "M", "N", LIMIT),
    "exchange": ("A", "B", "M", "N", LIMIT),
    "endpoint step": (TCB, SEGMENT_FIELD, ENVIRONMENT, ARGUMENT, NEXT, LIMIT),
    "ghost": (TCB, SEGMENT_FIELD, ENVIRONMENT, GHOST_TCB, GHOST_SEGMENT, LIMIT),
    "system step": (
        *(TCB, SEGMENT_FIELD, ENVIRONMENT, ARGUMENT, NEXT, LIMIT),
        *(GHOST_TCB, GHOST_SEGMENT, GHOST_NEXT, "B"),
    ),
}
ABOUT = ("endpoint", "endpoints", "segment", "segments", "exchange")
"""What lemmas speak about."""


@dataclass
class Words:
    """The names of a model, its copies and the ghost variables that proofs add."""

    model: Model
    ghosts: dict[str, dict[str, Variable]] = field(
        default_factory=lambda: {"endpoint": {}, "segment": {}, "limits": {}}
    )
    built: Vocabulary | None = None

    def declare(self, node: Mapping, report: Report) -> None:
        """Adds ghost variables: numbers that no rule reads and that only proofs speak of."""
        fields = Fields(node, GHOSTS, report)
        for kind, known in self.ghosts.items():
            for name, entry in fields.mapping(kind).items():
                inner = entry.value if isinstance(entry.value, Mapping) else node
                type_ = parse_type(Fields(inner, GHOST, report).text("type"), vocabulary(self.model), report)
                known[name] = Variable(name, type_ or INT, LIMIT if kind == "limits" else GHOST_TCB, "")

    @property
    def vocabulary(self) -> Vocabulary:
        """All names, those of other scopes included."""
        if self.built is None:
            rows = list(self.model.variables.values())
            of = {group: [row for row in rows if row.group == group] for group in (TCB, SEGMENT_FIELD)}
            ghosts, carried = self.ghosts["endpoint"].values(), self.ghosts["segment"].values()
            endpoint = [*of[TCB], *ghosts]
            extra = [*copies(of[TCB], NEXT), *ghosts, *self.ghosts["limits"].values()]
            extra += copies(ghosts, NEXT, group=GHOST_NEXT)
            extra += copies(carried, SEGMENT, group=GHOST_SEGMENT)
            for name in ("A", "B"):
                extra += copies(endpoint, name)
            for name in ("M", "N"):
                extra += copies(of[SEGMENT_FIELD], name, "SEG.")
                extra += copies(carried, name)
            self.built = vocabulary(self.model, extra)
        return self.built

    def scope(self, about: str, where: str = "", arguments: tuple[Variable, ...] = ()) -> Scope:
        """The names that a condition about something may use."""
        groups = frozenset(GROUPS[about])
        rows = {item.name: item for item in arguments}
        return Scope(self.vocabulary, groups, where or f"in a condition about {about}", {}, rows)
