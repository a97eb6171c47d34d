"""`tcpmodel graph`: the state diagram of a specification, of a comparison, or with the path of a trace."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import click

from tcpmodel.cli.app import fail
from tcpmodel.errors import UsageError

if TYPE_CHECKING:
    from tcpmodel.compile.graph import Graph
    from tcpmodel.spec.model import Model

FORMS = ("table", "svg", "dot", "mermaid", "graphml", "json")
WHOLE = ("graphml", "json")  # forms that hold every edge whether or not --all is given
NOTE = "Exit codes: 0 done, 2 bad usage or unusable input, 70 internal error."


@dataclass(frozen=True)
class Request:
    """What to draw, of which specification, and how."""

    form: str
    everything: bool
    states: tuple[str, ...]
    diff: str
    trace: str
    connection: int
    spec: str
    profile: str | None
    variants: tuple[str, ...]
    output: str


@click.command(epilog=NOTE)
@click.option("--as", "form", type=click.Choice(FORMS), help="Form of the output.  [default: table; svg with --trace]")
@click.option("--all", "everything", is_flag=True, help="What leaves the state as it is, too; in json, every path.")
@click.option("--state", "states", metavar="STATE", multiple=True, help="Only edges that touch STATE; may be repeated.")
@click.option("--diff", metavar="NAME", default="", help="Colour what a variant or profile changes.")
@click.option("--trace", metavar="FILE", default="", help="Draw a connection of a trace: its ladder and its path.")
@click.option("--connection", metavar="N", type=click.IntRange(min=1), default=1, help="Which connection of the trace.")
@click.option("--profile", metavar="NAME", help="The profile to draw: rfc9293 (default), rfc793, linux, ...")
@click.option("--spec", metavar="PATH", default="rfc9293", help="A specification (spec.yaml) or an overlay file.")
@click.option("--variant", "variants", metavar="NAME", multiple=True, help="Apply a variant; may be repeated.")
@click.option("--output", metavar="FILE", default="-", help="Write to FILE instead of standard output.")
def command(form: str | None, trace: str, **options: object) -> int:
    """Draw the state diagram that follows from the rules: every feasible path through the stages is an edge.

    The pictures show the arrows of RFC 9293 Figure 5; --all shows everything.
    """
    chosen = form or ("svg" if trace else "table")
    return run(Request(form=chosen, trace=trace, **options))  # type: ignore[arg-type]


def run(request: Request) -> int:
    """Write what was asked for; returns the exit code."""
    if request.trace and (request.form != "svg" or request.diff or request.states or request.everything):
        raise UsageError("--trace draws an svg; it goes with neither --as, --diff, --state nor --all")
    _need_packages()
    if request.trace:
        from tcpmodel.cli.graph_trace import picture

        drawn, error = picture(request)
        _write(request.output, drawn)
        return fail(error) if error else 0
    from tcpmodel.spec import load

    model = load(request.spec, profile=request.profile, variants=request.variants)
    _check_states(request.states, model)
    graph, changes = _graph(request, model)
    _write(request.output, _drawn(request, model, _selected(request, graph, model), changes))
    return 0


def _need_packages() -> None:
    missing = [name for name in ("networkx", "z3") if find_spec(name) is None]
    if missing:
        raise UsageError(f"this needs {' and '.join(missing)}: pip install 'tcpmodel[prove]'")


def _check_states(states: tuple[str, ...], model: Model) -> None:
    from tcpmodel.spec.report import nearest

    for state in states:
        if state not in model.states:
            hint = nearest(state, model.states) or f"states: {', '.join(model.states)}"
            raise UsageError(f"--state: no state '{state}' in {model.name}: {hint}")


def _graph(request: Request, model: Model) -> tuple[Graph, dict[str, str]]:
    """The graph, or with --diff both graphs as one and the rules that differ."""
    from tcpmodel.compile.graph import graph_of

    graph = graph_of(model)
    if not request.diff:
        return graph, {}
    from tcpmodel.compile.difference import difference, rule_changes

    other = _other(request)
    found = difference(graph, graph_of(other))
    found.graph["comparison"] = f" compared with {model.profile or model.name}"
    return found, rule_changes(model, other)


def _other(request: Request) -> Model:
    """The model that --diff names: a variant, a profile or the path of an overlay, on top of what is selected."""
    from tcpmodel.spec import load
    from tcpmodel.spec.find import Library, is_path

    library = Library()
    if is_path(request.diff):
        return load(request.diff, variants=request.variants)
    if library.find(request.diff, "variants"):
        return load(request.spec, profile=request.profile, variants=(*request.variants, request.diff))
    library.need("variant or profile", request.diff, "variants", "profiles")
    return load(request.spec, profile=request.diff, variants=request.variants)


def _selected(request: Request, graph: Graph, model: Model) -> Graph:
    """The edges to show: with --state those that touch one, without --all those that change the state."""
    from tcpmodel.compile.diagram import diagram_of

    arrows = {(arrow.source, arrow.target, arrow.event) for arrow in diagram_of(model).arrows}
    figure = request.form in ("dot", "mermaid") and not request.everything
    for u, v, key, edge in list(graph.edges(keys=True, data=True)):
        away = request.states and not {u, v} & set(request.states)
        same = not edge.get("change")
        loop = u == v and request.form not in WHOLE and not request.everything and same
        extra = figure and same and (u, v, edge["event"]) not in arrows
        alike = request.diff and request.form == "table" and not request.everything and same
        if away or loop or extra or alike:
            graph.remove_edge(u, v, key)
        elif not request.everything:
            del edge["paths"]
    return graph


def _drawn(request: Request, model: Model, graph: Graph, changes: dict[str, str]) -> str:
    from tcpmodel.report import graph_forms

    if request.form == "svg":
        from tcpmodel.compile.diagram import diagram_of
        from tcpmodel.report.diagram_svg import caption, slide
        from tcpmodel.report.everything_svg import everything

        diagram = diagram_of(model)
        return everything(graph, diagram, caption(graph)) if request.everything else slide(graph, diagram).svg()
    graph.graph.update({"rules": changes} if changes else {})
    drawn: Any = getattr(graph_forms, f"as_{request.form}")(graph)
    if request.form == "table" and changes:
        rows = [f"{graph_forms.MARKS[change]} {name}" for name, change in changes.items()]
        drawn += "\n" + "\n".join(["RULES", *rows]) + "\n"
    return str(drawn)


def _write(name: str, words: str) -> None:
    from tcpmodel.cli.output import output

    with output(name) as stream:
        stream.write(words)
