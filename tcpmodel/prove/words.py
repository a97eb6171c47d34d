"""The words that properties are written in: those of a model, and copies of them behind a prefix.

`NEXT.SND.UNA` is SND.UNA after a step, `A.SND.UNA` that of endpoint A.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tcpmodel.spec import expr as x
from tcpmodel.spec.builtins import SEGMENT
from tcpmodel.spec.model import Model, Predicate, Variable
from tcpmodel.spec.scope import Signature, Vocabulary


@dataclass(frozen=True)
class Predicates:
    """The predicates of a model as the typer of expressions sees them."""

    predicates: Mapping[str, Predicate]

    def names(self) -> Iterable[str]:
        return self.predicates

    def signature(self, name: str) -> Signature | None:
        found = self.predicates.get(name)
        return Signature(name, tuple(_parameters(found)), found.body) if found else None


def _parameters(predicate: Predicate) -> Iterable[tuple[str, str]]:
    """Each parameter with its type, which its uses show; one that stands for the segment is never used itself."""
    used = {n.name: n.type for n in x.walk(predicate.body) if isinstance(n, x.Name) and n.kind == "parameter"}
    return ((name, used.get(name, SEGMENT)) for name in predicate.parameters)


def copies(variables: Iterable[Variable], prefix: str, cut: str = "", group: str = "") -> Iterable[Variable]:
    """The variables behind `prefix`, `cut` off first; the prefix is also their group, unless one is given."""
    for item in variables:
        yield replace(item, name=f"{prefix}.{item.name.removeprefix(cut)}", group=group or prefix, initial=None)


def vocabulary(model: Model, extra: Iterable[Variable] = ()) -> Vocabulary:
    """Everything the model declares, and more variables."""
    variables = {**model.variables, **{item.name: item for item in extra}}
    return Vocabulary(model.states, model.groups, model.enums, variables, model.constants, Predicates(model.predicates))
