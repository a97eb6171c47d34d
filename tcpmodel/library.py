"""For other programs and notebooks: a specification, and what can be done with it, as plain objects.

    import tcpmodel

    tcp = tcpmodel.load()                      # or load(profile="linux"), load("lab.yaml"), load(variants=("...",))
    tcp.graph                                  # a networkx.MultiDiGraph
    tcp.step("LISTEN", "arrives S 300:300(0)")  # one step, told in full
    tcp.verify("capture.pcap")                 # the verdict of each connection

In a notebook a specification, its graph and a connection show as pictures, verdicts as a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from tcpmodel.trace import Segment, TraceReader, open_trace
from tcpmodel.verify.verdict import ConnectionVerdict, FileVerdict, Finding

if TYPE_CHECKING:
    from tcpmodel.compile.graph import Graph
    from tcpmodel.report.explain import Page
    from tcpmodel.spec.model import Model, Rule
    from tcpmodel.step import Step

__all__ = ["Connection", "Picture", "Specification", "Verdicts", "load"]


def load(
    name: str = "rfc9293", *, profile: str | None = None, variants: Sequence[str] = (), root: str | None = None
) -> Specification:
    """The specification of that name (bundled, or the path of a spec.yaml or an overlay) with its overlays.

    `root` is a folder searched for names first. Raises tcpmodel.SpecError with every diagnostic when it has errors,
    tcpmodel.UsageError when a name is unknown.

    >>> tcp = load()
    >>> tcp.states[:3]
    ('CLOSED', 'LISTEN', 'SYN-SENT')
    >>> tcp.rules["ack.unsent"].cite
    'RFC 9293 3.10.7.4'
    >>> load(profile="lniux")
    Traceback (most recent call last):
    tcpmodel.errors.UsageError: no profile 'lniux': did you mean 'linux'?
    """
    from tcpmodel.spec import load as read

    model = read(name, profile=profile, variants=tuple(variants), root=root)
    return Specification(model, (name, profile, tuple(variants)))


@dataclass(frozen=True)
class Picture:
    """An SVG picture: a notebook shows it, `save` writes it to a file."""

    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a file. Raises OSError."""
        Path(path).write_text(self.svg, encoding="utf-8")


@dataclass(frozen=True)
class Specification:
    """What TCP is, and what follows from it. `model` is the typed text, rule by rule."""

    model: Model
    selection: tuple[str, str | None, tuple[str, ...]]

    @property
    def states(self) -> tuple[str, ...]:
        """The states in the order of the text; the first is the initial one (RFC 9293 3.3.2)."""
        return self.model.states

    @property
    def rules(self) -> dict[str, Rule]:
        """All rules by name, in the order of the text."""
        return self.model.rules

    @cached_property
    def graph(self) -> Graph:
        """The state diagram as a networkx.MultiDiGraph: nodes are states, edges have event, action, rules and cite.

        Needs networkx, and z3 where nothing is cached yet (pip install 'tcpmodel[prove]'). The caller may change it.

        >>> spec = load()
        >>> closed, listen, *_ = spec.states
        >>> [edge["event"] for edge in spec.graph[closed][listen].values()]
        ['passive OPEN']
        """
        from tcpmodel.compile.graph import graph_of

        graph = graph_of(self.model)
        # on the object itself: a subclass would not be what networkx's own functions return
        graph._repr_svg_ = partial(_diagram, graph, self.model)
        return graph

    @property
    def diagram(self) -> Picture:
        """The picture of the state diagram, with the arrows of RFC 9293 Figure 5."""
        from tcpmodel.compile.graph import graph_of

        return Picture(_diagram(graph_of(self.model), self.model))

    def _repr_svg_(self) -> str:
        return self.diagram.svg

    def step(
        self, state: str, event: str, values: Mapping[str, object] | None = None, *, assume: bool = False
    ) -> Step:
        """What an endpoint in `state` does when `event` happens; see `tcpmodel.step.step`.

        >>> taken = load().step("LISTEN", "arrives S 300:300(0) win 65535")
        >>> taken.changed["STATE"]
        ('LISTEN', 'SYN-RECEIVED')
        >>> taken.forms[0].template
        '<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>'
        """
        from tcpmodel.step import step

        return step(self.model, state, event, values, assume=assume)

    def verify(
        self, trace: str | PathLike[str] | TraceReader, *, vantage: str = "", complete: bool = False,
        tcb: Sequence[str] = (),
    ) -> Verdicts:  # fmt: skip
        """Replay a capture or a JSON trace and say of each connection whether both endpoints kept to the rules.

        `vantage` is the address where it was taken, `complete` says that nothing is missing from it, `tcb` names
        variables to report after each frame. Raises TraceError when there is nothing to read; a damaged trace gives
        the verdicts of what was readable, and `error`.

        >>> for connection in load().verify("traces/textbook/close-wrong-last-ack.json"):
        ...     print(connection.verdict, [finding.code for finding in connection.findings])
        violation ['TM421']
        """
        from tcpmodel.compile import load_steps, replayable
        from tcpmodel.report.recorder import Recorder
        from tcpmodel.verify import Options, verify

        name, profile, variants = self.selection
        steps = replayable(load_steps(name, profile=profile, variants=variants))
        recorder = Recorder(trace if isinstance(trace, TraceReader) else open_trace(trace))
        options = Options(vantage=vantage, complete=complete, witness=True, tcb=tuple(tcb))
        found = verify(recorder, steps, options)
        return Verdicts(found, tuple(Connection(one, tuple(recorder.segments(one))) for one in found.connections))

    def explain(self, name: str) -> Page:
        """The long form of a code, a rule, a state or a requirement. Raises UsageError for an unknown name.

        >>> load().explain("MUST-13").title
        'In TIME-WAIT state for 2MSL seconds'
        """
        from tcpmodel.report.explain import explain

        return explain(name, self.model)


def _diagram(graph: Graph, model: Model) -> str:
    from tcpmodel.compile.diagram import diagram_of
    from tcpmodel.report.diagram_svg import slide

    return slide(graph, diagram_of(model)).svg()


@dataclass(frozen=True)
class Connection:
    """One connection's verdict, and its segments in file order (the first 400 where there are more)."""

    about: ConnectionVerdict
    segments: tuple[Segment, ...]

    @property
    def verdict(self) -> str:
        """conforming, violation or inconclusive."""
        return self.about.verdict

    @property
    def findings(self) -> list[Finding]:
        """What no rule permits: who, at which frame, against which rule."""
        return self.about.findings

    @property
    def states(self) -> dict[str, list[tuple[int, str]]]:
        """For a and for b: [frame, state] rows; in that state once the frame was seen.

        >>> load().verify("traces/textbook/close.json")[0].states["a"][-1]
        (6, 'TIME-WAIT')
        """
        return self.about.states

    @property
    def ladder(self) -> Picture:
        """The time lines of both endpoints with states and segments, findings marked."""
        from tcpmodel.report.ladder_svg import ladder_svg

        return Picture(ladder_svg(self.about, self.segments))

    def _repr_svg_(self) -> str:
        return self.ladder.svg


@dataclass(frozen=True)
class Verdicts:
    """The verdicts of a trace: a sequence of connections; `file` has the counts, and the error that ended it."""

    file: FileVerdict
    connections: tuple[Connection, ...]

    def __len__(self) -> int:
        return len(self.connections)

    def __getitem__(self, number: int) -> Connection:
        return self.connections[number]

    @property
    def conforming(self) -> bool:
        """Whether there is a connection, and every one conforms."""
        return bool(self.connections) and all(one.verdict == "conforming" for one in self.connections)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("verdict", "a", "b", "frames", "states", "findings"))
        rows = "".join(map(_row, self.connections))
        error = f"<p><b>{escape(self.file.error)}</b></p>" if self.file.error else ""
        return f"<p>{escape(self.file.file)}</p>{error}<table><tr>{head}</tr>{rows}</table>"


def _row(connection: Connection) -> str:
    about = connection.about
    ends = " / ".join(rows[-1][1] for rows in about.states.values() if rows)
    said = [f"{f.level} {f.code} frame {f.frame}: {f.message} ({f.cite})" for f in about.findings]
    said += [f"assumed {a.kind} at frame {a.frame}: {a.message}" for a in about.assumptions]
    frames = f"{about.frames[0]}-{about.frames[1]}"
    cells = [escape(text) for text in (about.verdict, about.a, about.b, frames, ends)]
    cells.append("<br>".join(map(escape, [*([about.reason] if about.reason else []), *said])))
    return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"
