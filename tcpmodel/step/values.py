"""Values as people read and write them: states and enumerators by name, times with a unit, control bits as a list."""

from __future__ import annotations

import re
from typing import Any

from tcpmodel.errors import UsageError
from tcpmodel.spec import expr as x
from tcpmodel.spec.builtins import NANOSECONDS
from tcpmodel.spec.model import Model, Variable
from tcpmodel.trace import flag_names

MODULUS = 1 << 32
TIME = re.compile(r"(-?[\d.]+)\s*(ns|us|ms|s|min|h)?")
BOOLS = {"true": True, "false": False}


def shown(value: Any, type: str, model: Model) -> Any:
    """A plain value of that type as it is shown: text or a number."""
    if type == x.STATE:
        return model.states[value]
    if type in model.enums:
        return model.enums[type][value]
    if type == x.FLAGS:
        return flag_names(value) or "none"
    if type == x.BOOL:
        return bool(value)
    if type == x.TIME:
        return time_text(value)
    if type == x.SPANS:
        return " ".join(f"[{low},{high})" for low, high in value) or "nothing"
    return value


def time_text(value: int) -> str:
    """Nanoseconds in seconds: "240 s"; a negative number stands for itself."""
    return str(value) if value < 0 else f"{value / NANOSECONDS['s']:.9f}".rstrip("0").rstrip(".") + " s"


def parsed(text: str, variable: Variable, model: Model) -> Any:
    """The plain value of a variable that was written as text. Raises UsageError."""
    try:
        value = _parsed(text.strip(), variable.type, model)
    except (ValueError, IndexError):
        value = None
    if value is None:
        raise UsageError(f"'{text}' is no value of {variable.name}: {_wanted(variable.type, model)}")
    return value


def _parsed(text: str, type: str, model: Model) -> Any:
    if type == x.BOOL:
        return BOOLS.get(text.lower())
    names = model.states if type == x.STATE else model.enums.get(type)
    if names is not None:
        return names.index(text) if text in names else None
    if type == x.TIME:
        match = TIME.fullmatch(text)
        return None if match is None else round(float(match[1]) * (NANOSECONDS[match[2]] if match[2] else 1))
    if type == x.SPANS:
        pairs = [tuple(int(end) for end in pair.split(":")) for pair in text.replace("nothing", "").split()]
        return tuple(pairs) if all(len(pair) == 2 for pair in pairs) else None
    number = int(text, 0)
    return number if type != x.SEQ or 0 <= number < MODULUS else None


def _wanted(type: str, model: Model) -> str:
    if type == x.STATE:
        return ", ".join(model.states)
    if type in model.enums:
        return ", ".join(model.enums[type])
    return {
        x.BOOL: "True or False", x.TIME: "a time such as 1.5 s", x.SEQ: "a number from 0 to 4294967295",
        x.SPANS: "spans such as 301:311 321:331",
    }.get(type, "a number")  # fmt: skip
