"""Variables set by name: those of the TCB, and those of the environment."""

from __future__ import annotations

from typing import Any

from tcpmodel.compile.expressions import identifier
from tcpmodel.errors import UsageError
from tcpmodel.spec.model import Model
from tcpmodel.spec.report import nearest
from tcpmodel.step.values import parsed
from tcpmodel.verify.machine import TCB

GROUPS = ("tcb", "environment")


def put(name: str, text: str, model: Model, t: TCB, environment: dict[str, Any]) -> None:
    """Set a variable, of the TCB or of the environment, from text. Raises UsageError."""
    variable = model.variables.get(name)
    if variable is None or variable.group not in GROUPS:
        known = [v.name for v in model.variables.values() if v.group in GROUPS]
        hint = nearest(name.upper(), known) or f"variables: {', '.join(known)}"
        raise UsageError(f"no variable '{name}' to set: {hint}")
    value = parsed(text, variable, model)
    if variable.group == "tcb":
        setattr(t, identifier(name), value)
    else:
        environment[name] = value
