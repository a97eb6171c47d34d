"""One step as text and as JSON: the rules tried stage by stage, what became of the TCB, what is sent."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from tcpmodel.report.style import Style
from tcpmodel.spec.model import Model, Rule
from tcpmodel.step import Breach, Condition, Form, StageRun, Step, Tried
from tcpmodel.trace.notation import LETTERS, PRINTED

SCHEMA = "tcpmodel/step/1"
WIDTH = 110


def as_text(step: Step, style: Style, verbosity: int = 0) -> Iterator[str]:
    """The step as lines; with a verbosity below 0 the outcome alone, above it the quotes as well."""
    yield style("place", f"{step.before['STATE']}: {step.event}")
    if verbosity >= 0:
        for run in step.stages:
            yield from _stage(run, style, verbosity)
    yield from outcome(step, style)


def outcome(step: Step, style: Style) -> Iterator[str]:
    """What came of a step."""
    yield ""
    yield from _pairs("fired", ", ".join(rule.name for rule in step.rules))
    for row in step.breaches:
        role = "error" if row.rule.forbid == "must" else "warning"
        yield style(role, f"{'forbidden':<10}{row.rule.forbid} {row.rule.code}: {row.message} ({row.rule.cite})")
    for row in step.assumed:
        yield style("note", f"{'assumed':<10}{row.rule.assume}: {row.message}")
    for number, form in enumerate(step.forms):
        lead = "sends" if not number else "or" if form.rule == step.forms[number - 1].rule else "and"
        yield f"{lead:<10}{notation(form)}  {form.template} ({form.rule})"
    for signal in step.signals:
        yield f"{'user':<10}{signal}"
    yield from _tcb(step, style)


def _pairs(lead: str, words: str) -> list[str]:
    return textwrap.wrap(
        words or "-", WIDTH, initial_indent=f"{lead:<10}", subsequent_indent=" " * 10, break_on_hyphens=False
    )


def _stage(run: StageRun, style: Style, verbosity: int) -> Iterator[str]:
    yield ""
    title = f": {run.stage.title}" if run.stage.title else ""
    yield style("note", f"{run.stage.name}{title}") + f"  ({run.stage.cite}, in {run.state})"
    for tried in run.tried:
        yield from _tried(tried, style, verbosity)


def _tried(tried: Tried, style: Style, verbosity: int) -> Iterator[str]:
    mark = ">" if tried.fired else " "
    what = f"  {mark} {tried.rule.name}"
    yield style("conforming", what) + (f": {_effect(tried.rule)}" if tried.fired else "")
    if tried.excused:
        yield f"      no   it assumes {tried.rule.assume}, and assumptions are not admitted"
    for condition in tried.conditions:
        word = "yes" if condition.holds else style("warning", "no ")
        yield f"      {word}  {condition.text}" + _values(condition)
    if tried.fired and verbosity > 0:
        for quote in tried.rule.quotes:
            yield from textwrap.wrap(f'"{quote}"', WIDTH, initial_indent="      ", subsequent_indent="      ")


def _values(condition: Condition) -> str:
    values = ", ".join(f"{name} = {value}" for name, value in condition.values.items())
    return f"  [{values}]" if values else ""


def _effect(rule: Rule) -> str:
    """What a rule does, in a line."""
    parts = [f"{rule.forbid} {rule.code}"] if rule.forbid else []
    parts += [f"set {', '.join(name for name, _ in rule.sets)}"] if rule.sets else []
    parts += [f"enter {rule.enter}"] if rule.enter else []
    parts += ["send " + " or ".join(template.text for template in rule.sends)] if rule.sends else []
    return "; ".join([*parts, rule.outcome])


def notation(form: Form) -> str:
    """A form of an answer in packetdrill notation, without what the rule leaves open."""
    letters = "".join(letter for letter in PRINTED if form.flags >> LETTERS.index(letter) & 1) or "-"
    return f"{letters} {form.seq}:{form.seq}(0)" + (f" ack {form.ack}" if form.ack is not None else "")


def _tcb(step: Step, style: Style) -> Iterator[str]:
    yield ""
    changed = step.changed
    yield style("note", "TCB") + ("" if changed else "  as it was")
    wide = max(map(len, changed), default=0)
    for name, (old, new) in changed.items():
        yield f"  {name:<{wide}}  {old} -> {style('place', str(new))}"
    same = {name: value for name, value in step.after.items() if name not in changed}
    yield from named_values(same, "  unchanged: ", "    ")


def named_values(values: Mapping[str, Any], first: str = "   ", other: str = "   ") -> Iterator[str]:
    """ "NAME = value, ..." in lines that do not end between a name and its value."""
    rows = [f"{name} = {value}".replace(" ", "\0") for name, value in values.items()]
    wrapper = textwrap.TextWrapper(WIDTH, initial_indent=first, subsequent_indent=other, break_on_hyphens=False)
    for line in wrapper.wrap(", ".join(rows)):
        yield line.replace("\0", " ")


def as_json(step: Step, model: Model) -> dict[str, Any]:
    """The step as an object."""
    return {
        "schema": SCHEMA, "specification": model.name, "profile": model.profile, "variants": list(model.variants),
        "event": step.event, "procedure": step.procedure, "state": [step.before["STATE"], step.after["STATE"]],
        "stages": [_stage_object(run) for run in step.stages],
        "fired": [rule.name for rule in step.rules],
        "sends": [_form_object(form) for form in step.forms],
        "signals": step.signals,
        "forbidden": [_breach_object(row) for row in step.breaches],
        "assumed": [_breach_object(row) for row in step.assumed],
        "changed": {name: list(pair) for name, pair in step.changed.items()},
        "tcb": step.after,
    }  # fmt: skip


def _stage_object(run: StageRun) -> dict[str, Any]:
    return {
        "stage": run.stage.name, "title": run.stage.title, "cite": run.stage.cite, "state": run.state,
        "tried": [_tried_object(tried) for tried in run.tried],
    }  # fmt: skip


def _tried_object(tried: Tried) -> dict[str, Any]:
    guard = [{"condition": row.text, "holds": row.holds, "values": row.values} for row in tried.conditions]
    found = {"rule": tried.rule.name, "fired": tried.fired, "guard": guard}
    if tried.excused:
        found["assumes"] = tried.rule.assume
    if tried.fired:
        found |= {"outcome": tried.rule.outcome, "enter": tried.rule.enter, "cite": tried.rule.cite}
    return found


def _form_object(form: Form) -> dict[str, Any]:
    return {"rule": form.rule, "template": form.template, "segment": notation(form)}


def _breach_object(row: Breach) -> dict[str, Any]:
    rule = row.rule
    return {
        "level": rule.forbid, "code": rule.code, "kind": rule.assume, "rule": rule.name, "message": row.message,
        "cite": rule.cite, "place": f"{rule.place.file}:{rule.place.line}",
    }  # fmt: skip
