"""`tcpmodel explain`: the long form of a code, a rule, a state, a requirement, a property or a lemma."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from tcpmodel.errors import UsageError

if TYPE_CHECKING:
    from tcpmodel.report.explain import Page
    from tcpmodel.spec.model import Model

NOTE = "Exit codes: 0 done, 2 bad usage or an unknown name, 70 internal error."


@dataclass(frozen=True)
class Request:
    """What to explain, by which specification, and how."""

    name: str | None
    example: str | None
    spec: str
    profile: str | None
    variants: tuple[str, ...]
    format: str
    output: str
    color: str


@click.command(epilog=NOTE)
@click.argument("name", metavar="[CODE|RULE|STATE|REQUIREMENT|PROPERTY]", required=False)
@click.option("--example", type=click.Choice(["wrong", "right"]), help="Only the example of a code, as a file.")
@click.option("--profile", metavar="NAME", help="The profile whose rules are shown.")
@click.option("--spec", metavar="PATH", default="rfc9293", help="A specification (spec.yaml) or an overlay file.")
@click.option("--variant", "variants", metavar="NAME", multiple=True, help="Apply a variant; may be repeated.")
@click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--output", metavar="FILE", default="-", help="Write to FILE instead of standard output.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
def command(**options: object) -> int:
    """Explain a code such as TM421, a rule, a state, a requirement of RFC 9293 Appendix B such as MUST-13, a property
    or a lemma.

    A code comes with a wrong and a right example: --example wrong prints the trace, or the overlay, for other commands
    to read. Without a name: all that can be explained.
    """
    return run(Request(**options))  # type: ignore[arg-type]


def run(request: Request) -> int:
    """Print the page; returns the exit code."""
    from tcpmodel.cli.output import colored, output
    from tcpmodel.spec import load

    model = load(request.spec, profile=request.profile, variants=request.variants)
    with output(request.output) as stream:
        for line in _lines(request, model, colored(request.color, stream)):
            print(line, file=stream)
    return 0


def _lines(request: Request, model: Model, colored: bool) -> Iterator[str]:
    from tcpmodel.report.explain import forms, known
    from tcpmodel.report.style import Style

    style = Style(colored)
    if request.name is None:
        if request.example:
            raise UsageError("--example needs a code")
        if request.format == "json":
            yield json.dumps(known(model))
        else:
            yield from forms.contents(known(model), model, style)
        return
    page = _page(request.name, model)
    if request.example:
        yield _example(page, request.example)
    elif request.format == "json":
        from tcpmodel.report.pretty import pretty

        yield pretty(forms.as_json(page, model))
    else:
        yield from forms.as_text(page, style)


def _page(name: str, model: Model) -> Page:
    """The page of that name; a property or a lemma may be that of another specification."""
    from tcpmodel.cli.subjects import subjects
    from tcpmodel.prove.units import context_of
    from tcpmodel.report.explain import explain

    try:
        return explain(name, model)
    except UsageError:
        for context in map(context_of, subjects()):
            if name in context.properties.properties or name in context.properties.lemmas:
                return explain(name, context.model)
        raise


def _example(page: Page, which: str) -> str:
    """The example as a file, without the newline at its end."""
    from tcpmodel.report.explain import examples

    if page.kind not in ("error", "finding"):
        raise UsageError(f"--example is for codes; {page.name} is a {page.kind}")
    form = examples.form(page.name)
    if form in ("", "step"):
        why = "is a segment for 'tcpmodel step'" if form else "has no example"
        raise UsageError(f"{page.name} {why}: see 'tcpmodel explain {page.name}'")
    return examples.file(page.name, which).removesuffix("\n")
