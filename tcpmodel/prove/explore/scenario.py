"""Where an exploration begins and what may happen in it: `specs/finite/SPECIFICATION.yaml` and a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tcpmodel.errors import UsageError
from tcpmodel.spec.find import default_root
from tcpmodel.spec.report import nearest

ANY = 1 << 30
"""As often as one likes."""
ENDS = ("a", "b")
FOLDER = "finite"

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Scenario:
    """What an exploration may do; the keys of the YAML text say what each is for.

    `isns`, `events`, `windows`, `texts` and `forged_numbers` are those of a and of b; counts are `ANY` where the text
    says any. `tick` and `lifetime` name a constant of the specification, the tick as a fraction of it; `starts` are the
    ways to begin that have a name.
    """

    name: str
    title: str = ""
    start: tuple[str, ...] = ()
    isns: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    events: tuple[Mapping[str, int], Mapping[str, int]] = field(default_factory=lambda: ({}, {}))
    windows: tuple[tuple[int, ...], tuple[int, ...]] = ((100,), (100,))
    texts: tuple[int, int] = (0, 0)
    controls: tuple[str, ...] = ()
    acknowledging: str = ""
    unasked: bool = True
    news: bool = False
    unused: tuple[str, ...] = ()
    owed: int = 1
    taken: str = ""
    flying: int = 2
    losses: int = 0
    duplicates: int = 0
    ticks: int = 0
    tick: str = ""
    lifetime: str = ""
    forged: int = 0
    forged_controls: tuple[str, ...] = ()
    forged_text: int = 0
    forged_numbers: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())

    @property
    def window(self) -> int:
        """The largest window that an endpoint offers."""
        return max(window for windows in self.windows for window in windows)


def scenario(name: str, specification: str = "rfc9293", root: Path | None = None) -> Scenario:
    """The scenario of that name. Raises UsageError when there is none."""
    known = scenarios(specification, root)
    if name not in known:
        raise UsageError(f"no scenario '{name}': {nearest(name, known) or 'scenarios: ' + ', '.join(known)}")
    return known[name]


def scenarios(specification: str = "rfc9293", root: Path | None = None) -> dict[str, Scenario]:
    """All scenarios of a specification by name, in the order of the text; those of its folder come last."""
    folder = (root or default_root()) / FOLDER
    return _read((folder / f"{specification}.yaml", *sorted((folder / specification).glob("*.yaml"))))


@cache
def _read(paths: tuple[Path, ...]) -> dict[str, Scenario]:
    head, *rows = (row for path in paths for row in yaml.load_all(path.read_text(encoding="utf-8"), yaml.BaseLoader))
    texts: dict[str, dict[str, Any]] = {}
    for row in rows:
        known = texts.get(row.get("like", ""), {})
        stray = next((key for key in row if known and key not in (*known, "like")), None)
        if stray:
            raise UsageError(f"scenario '{row['scenario']}': unknown key '{stray}'; {nearest(stray, known)}")
        texts[row["scenario"]] = {**known, **row}
    return {name: _scenario(text, head["starts"]) for name, text in texts.items()}


def _scenario(text: Mapping[str, Any], starts: Mapping[str, list[str]]) -> Scenario:
    start = text["start"]
    events, texts = text["events"], _each(text["text"])
    both = events.get("both", {})
    counts = [{event: count(n) for event, n in {**events.get(end, {}), **both}.items()} for end in ENDS]
    return Scenario(
        name=text["scenario"], title=text["title"],
        start=tuple(_steps([start] if isinstance(start, str) else start, starts)),
        isns=_each(text["isns"]), events=(counts[0], counts[1]), windows=_each(text["window"]),
        texts=(texts[0][0], texts[1][0]), controls=tuple(text["controls"]), acknowledging=text["acknowledging"],
        unasked=text["unasked"] == "yes", news=text["unasked"] == "news", unused=tuple(text["unused"]),
        owed=int(text["owed"]), taken=text["incarnation of the peer"], flying=count(text["in flight"]),
        losses=count(text["losses"]), duplicates=count(text["duplicates"]), ticks=count(text["ticks"]),
        tick=text["tick"], lifetime=text["lifetime"],
        forged=count(text["forged"]), forged_text=int(text["forged text"]),
        forged_controls=tuple(text["forged controls"]),
        forged_numbers=_each(text["forged numbers"]),
    )  # fmt: skip


def _each(value: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The numbers of a and of b: one or a list, for both or for each."""
    a, b = (value[end] if isinstance(value, dict) else value for end in ENDS)
    return _numbers(a), _numbers(b)


def _numbers(value: str | list[str]) -> tuple[int, ...]:
    return tuple(map(int, [value] if isinstance(value, str) else value))


def count(text: str) -> int:
    """How often: a number, or `any`."""
    return ANY if text == "any" else int(text)


def _steps(rows: list[str], starts: Mapping[str, list[str]]) -> Iterator[str]:
    """The steps of a beginning; the name of another stands for those of it."""
    for row in rows:
        if row in starts:
            yield from _steps(starts[row], starts)
        else:
            yield row
