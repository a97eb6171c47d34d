"""Conditions of properties on plain values: what a solver is asked about all states, asked about one.

Values are those of the step functions: sequence numbers 0 .. 2^32-1, states and enumerators as ordinals, control bits
as one int, held text as pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from tcpmodel.compile import runtime
from tcpmodel.compile.expressions import Emitter
from tcpmodel.spec import expr as x
from tcpmodel.spec.expr import Expr


class Values(Protocol):
    """Values by the names of a specification."""

    def __getitem__(self, name: str, /) -> Any: ...


class _Names(Emitter):
    """Reads every name from a mapping, whatever its kind."""

    def _name(self, node: x.Name) -> str:
        return f"v[{node.name!r}]"

    def _builtin(self, node: x.Builtin) -> str:
        if node.function == "owed":
            return "v['(owed)']"
        return super()._builtin(node)


@cache
def evaluator(node: Expr) -> Callable[[Values], Any]:
    """The expression as a function of the values of its names; KeyError where one is missing."""
    return eval(f"lambda v: {_Names().emit(node)}", dict(vars(runtime)))  # type: ignore[no-any-return]
