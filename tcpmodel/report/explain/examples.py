"""The wrong and the right example of a code, as a file that the commands read: a trace or an overlay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from tcpmodel.report.explain.data import codes, texts
from tcpmodel.trace.json_events import SCHEMA

ENDPOINTS = {"a": "10.0.0.1:40000", "b": "10.0.0.2:80"}
LINE = re.compile(r"(?:@(?P<time>[\d.]+) )?(?P<at>[ab])(?: > (?P<to>[ab]))?: (?P<rest>.*)")
TOLD = ("timeout", "state")


def form(code: str) -> str:
    """What the examples of a code are: trace, step, overlay, or "" where there are none."""
    entry = codes()[code]
    if "wrong" not in entry:
        return ""
    if isinstance(entry["wrong"], str):
        return "overlay"
    return "step" if "state" in entry else "trace"


def lines(code: str, which: str) -> list[str]:
    """An example as lines of text, to be read; `which` is wrong or right."""
    rows = codes()[code][which]
    return rows.rstrip("\n").split("\n") if isinstance(rows, str) else list(_flat(rows))


def file(code: str, which: str) -> str:
    """An example as the text of a file: a JSON trace, or an overlay."""
    if form(code) == "overlay":
        return f"{texts('errors')['heading']}{codes()[code][which]}"
    head: dict[str, Any] = {"schema": SCHEMA, "title": f"{code}, {which}", "endpoints": ENDPOINTS}
    if vantage := codes()[code].get("vantage"):
        head["vantage"] = vantage
    members = "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    events = ",\n".join("    " + json.dumps(event(line)) for line in lines(code, which))
    return "{\n" + members + '  "events": [\n' + events + "\n  ]\n}\n"


def event(line: str) -> dict[str, Any]:
    """One line of an example as an event of a JSON trace."""
    match = LINE.fullmatch(line)
    assert match is not None, line
    time = {"time": float(match["time"])} if match["time"] else {}
    if match["to"]:
        return {"from": match["at"], "segment": match["rest"], **time}
    word, *rest = match["rest"].split()
    if word in TOLD:
        return {"at": match["at"], word: rest[0], **time}
    arguments = {name: json.loads(value) for name, value in (item.split("=") for item in rest)}
    return {"call": word, "at": match["at"], **({"args": arguments} if arguments else {}), **time}


def _flat(rows: Iterable[str]) -> Iterator[str]:
    beginnings = texts("findings")["beginnings"]
    for row in rows:
        if row in beginnings:
            yield from _flat(beginnings[row])
        else:
            yield row
