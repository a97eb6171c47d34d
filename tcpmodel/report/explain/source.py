"""What stands in the files of a specification and not in its model: a rule as it is written, what a state means."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from tcpmodel.errors import Place
from tcpmodel.spec.find import located

ITEM = "- "


def as_written(place: Place) -> list[str]:
    """The lines of the list item at a place, without their common indentation; [] when the file cannot be read."""
    try:
        rows = located(place.file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    first = next((n for n in range(place.line - 1, -1, -1) if rows[n].lstrip().startswith(ITEM)), -1)
    if first < 0:
        return []
    margin = len(rows[first]) - len(rows[first].lstrip())
    kept = [rows[first]]
    for row in rows[first + 1 :]:
        if row.strip() and len(row) - len(row.lstrip()) <= margin:
            break
        kept.append(row)
    while kept and not kept[-1].strip():
        kept.pop()
    return [row[margin:] for row in kept]


def declared(name: str, files: Iterable[str], key: str) -> str:
    """The text beside `name` in the mapping under `key` of the first file that has both, else ""."""
    for file in files:
        text = located(file).read_text(encoding="utf-8")
        if f"{key}:" not in text or name not in text:
            continue
        for document in yaml.load_all(text, yaml.BaseLoader):
            words = document.get(key, {}).get(name) if document else None
            if words:
                return " ".join(str(words).split())
    return ""
