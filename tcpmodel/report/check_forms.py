"""What `tcpmodel check` found, as text for people and as JSON (schema tcpmodel/check/1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from tcpmodel.check import Finding, Result
from tcpmodel.report.counts import counted
from tcpmodel.report.style import Style
from tcpmodel.spec import source_line

SCHEMA = "tcpmodel/check/1"


def text(results: Iterable[Result], style: Style, verbosity: int = 0) -> Iterator[str]:
    """The findings with their lines, and a line on each specification; quiet (-1) leaves out what is clean."""
    for result in results:
        if verbosity > -2:
            for found in result.findings:
                yield _finding(found, style) + "\n"
        if verbosity >= 0 or (result.findings and verbosity > -2):
            yield _summary(result, style, verbosity)


def _finding(found: Finding, style: Style) -> str:
    head, *rest = found.diagnostic.render(source_line(found.diagnostic.place)).split("\n")
    lines = [style(found.diagnostic.level, head), *rest]
    if found.example:
        first, *others = found.example.lines()
        lines += [f"  = {first}", *(f"    {line}" for line in others)]
    return "\n".join(lines)


def _summary(result: Result, style: Style, verbosity: int) -> str:
    names = " + ".join(dict.fromkeys(filter(None, (result.name, result.profile, *result.variants))))
    size = f"{counted(result.rules, 'rule')} in {counted(result.stages, 'stage')}" if result.rules else "not loaded"
    errors = len(result.findings)
    verdict = style("error", counted(errors, "error")) if errors else style("conforming", "clean")
    line = f"{names}: {size}: {verdict}"
    if result.quotes:
        line += f"; {counted(result.quotes, 'quote')} looked up"
        line += f" ({', '.join(result.unread)} not at hand)" if result.unread else ""
    if verbosity > 0:
        line += f"; {counted(result.questions, 'question')} to the solver, {result.seconds:.1f} s"
    return line


def as_json(results: Iterable[Result]) -> str:
    """One object for all specifications."""
    rows = [_row(result) for result in results]
    errors = sum(len(row["diagnostics"]) for row in rows)
    whole = {"schema": SCHEMA, "specifications": rows, "summary": {"specifications": len(rows), "errors": errors}}
    return json.dumps(whole, indent=1, ensure_ascii=False)


def _row(result: Result) -> dict[str, Any]:
    row = asdict(result)
    row["seconds"] = round(result.seconds, 3)
    del row["findings"]
    return {**row, "diagnostics": [_diagnostic(found) for found in result.findings]}


def _diagnostic(found: Finding) -> dict[str, Any]:
    item = found.diagnostic
    return {
        **asdict(item.place),
        "level": item.level,
        "code": item.code,
        "message": item.message,
        "help": item.help,
        "example": asdict(found.example) if found.example else None,
    }
