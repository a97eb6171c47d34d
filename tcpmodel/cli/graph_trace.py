"""`tcpmodel graph --trace`: one connection as a ladder, and its path through the state diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tcpmodel.errors import UsageError

if TYPE_CHECKING:
    from tcpmodel.cli.graph import Request
    from tcpmodel.report.diagram_svg import Slide
    from tcpmodel.trace import Segment
    from tcpmodel.verify import ConnectionVerdict


def picture(request: Request) -> tuple[str, str]:
    """The svg, and what ended the reading of the trace early or "".

    Raises TraceError for a trace that cannot be read, UsageError for a connection that it does not have.
    """
    from tcpmodel.report.ladder_svg import ladder_svg

    connection, segments, error = _verified(request)
    return ladder_svg(connection, segments, _paths(request, connection, segments)), error


def _verified(request: Request) -> tuple[ConnectionVerdict, list[Segment], str]:
    from tcpmodel.compile import load_steps, replayable
    from tcpmodel.report.recorder import Recorder
    from tcpmodel.trace import open_trace
    from tcpmodel.verify import Options, verify

    steps = replayable(load_steps(request.spec, profile=request.profile, variants=request.variants))
    with open_trace(request.trace) as reader:
        recorder = Recorder(reader)
        verdict = verify(recorder, steps, Options(witness=True))
    count = len(verdict.connections)
    if verdict.error and not count:
        raise UsageError(verdict.error)
    if request.connection > count:
        there = f"there {'is' if count == 1 else 'are'} {count or 'none'}"
        raise UsageError(f"{request.trace}: no connection {request.connection}: {there}")
    connection = verdict.connections[request.connection - 1]
    return connection, recorder.segments(connection), verdict.error


def _paths(request: Request, connection: ConnectionVerdict, segments: list[Segment]) -> list[Slide]:
    from tcpmodel.compile.diagram import diagram_of
    from tcpmodel.compile.graph import graph_of
    from tcpmodel.report.diagram_svg import slide
    from tcpmodel.report.walk import walk
    from tcpmodel.spec import load

    model = load(request.spec, profile=request.profile, variants=request.variants)
    graph, diagram = graph_of(model), diagram_of(model)
    frames = {segment.frame: segment for segment in segments}
    return [
        slide(graph, diagram, title=f"{letter}  {address}", walked=walk(connection, letter, graph, frames))
        for letter, address in (("a", connection.a), ("b", connection.b))
    ]
