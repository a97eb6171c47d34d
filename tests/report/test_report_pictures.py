"""The pictures can be read: no label on another label, on a state or beyond the edge. And ladders, text and svg."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytest.importorskip("networkx")
pytest.importorskip("z3")

from tcpmodel.compile import load_steps
from tcpmodel.compile.diagram import Diagram, diagram_of
from tcpmodel.compile.difference import difference
from tcpmodel.compile.graph import graph_of
from tcpmodel.errors import SpecError
from tcpmodel.report.diagram_svg import HALF_HEIGHT, HALF_WIDTH, Slide, drawn_at, slide
from tcpmodel.report.everything_svg import everything
from tcpmodel.report.ladder import ladder_text
from tcpmodel.report.ladder_svg import ladder_svg
from tcpmodel.report.recorder import MOST_OF_ONE, Recorder
from tcpmodel.report.routes import around
from tcpmodel.report.svg import overlap
from tcpmodel.report.walk import walk
from tcpmodel.spec import load
from tcpmodel.trace import open_trace
from tcpmodel.verify import Options, verify

ROOT = Path(__file__).parents[2]
TEXTBOOK = ROOT / "traces" / "textbook"
SVG = "{http://www.w3.org/2000/svg}"


def pictures() -> dict[str, tuple[Any, Slide]]:
    base = load()
    found: dict[str, tuple[Any, Slide]] = {}
    for name in ("", "rfc793", "linux", "no-time-wait", "two-way-handshake", "close-resets"):
        graph = graph_of(base)
        if name:
            profile, variants = (name, ()) if name in ("rfc793", "linux") else (None, (name,))
            graph = difference(graph, graph_of(load(profile=profile, variants=variants)))
        found[name or "rfc9293"] = graph, slide(graph, diagram_of(base))
    return found


@pytest.fixture(scope="module")
def drawn() -> dict[str, tuple[Any, Slide]]:
    return pictures()


@pytest.mark.parametrize("name", ["rfc9293", "rfc793", "linux", "no-time-wait", "two-way-handshake", "close-resets"])
def test_labels_do_not_overlap(drawn: dict[str, tuple[Any, Slide]], name: str) -> None:
    graph, picture = drawn[name]
    boxes = [(label.lines, label.box) for label in picture.labels]
    assert not [(a[0], b[0]) for a, b in combinations(boxes, 2) if overlap(a[1], b[1])]
    size, places = drawn_at(graph, diagram_of(load()))
    states = [around(at, HALF_WIDTH, HALF_HEIGHT) for ats in places.values() for at in ats]
    assert not [lines for lines, box in boxes if any(overlap(box, state) for state in states)]
    assert not [lines for lines, box in boxes if box[0] < 0 or box[1] < 0 or box[2] > size[0] or box[3] > size[1]]


def test_hand_placed_lines_begin_and_end_at_their_states() -> None:
    diagram = diagram_of(load())
    for arrow in diagram.arrows:
        for state, end in ((arrow.source, arrow.line[0]), (arrow.target, arrow.line[-1])):
            centres = [diagram.places[state], *([diagram.again[state]] if state in diagram.again else [])]
            gaps = [max(abs(end[0] - x) - HALF_WIDTH, abs(end[1] - y) - HALF_HEIGHT) for x, y in centres]
            assert min(map(abs, gaps)) <= 1, (arrow, state)


def test_the_slide_shows_the_arrows_of_the_figure_and_nothing_else(drawn: dict[str, tuple[Any, Slide]]) -> None:
    _, picture = drawn["rfc9293"]
    assert len(picture.labels) == len(picture.lines) == 21
    assert not picture.rows and {label.change for label in picture.labels} == {""}


def test_a_difference_is_coloured_and_told(drawn: dict[str, tuple[Any, Slide]]) -> None:
    _, picture = drawn["two-way-handshake"]
    assert sorted(label.change for label in picture.labels if label.change) == ["added", "removed"]
    assert "added: in LISTEN to ESTABLISHED: rcv SYN / snd SYN,ACK" in picture.svg()


def texts(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_everything_has_a_number_for_each_pair_of_states_and_a_row_for_each_edge() -> None:
    graph = graph_of(load())
    rows = texts(everything(graph, diagram_of(load()), "rfc9293"))
    pairs = {(u, v) for u, v in graph.edges() if u != v}
    assert {str(n) for n in range(1, len(pairs) + 1)} <= set(rows)
    assert all(any(row.endswith(f"  {u} → {v}") for row in rows) for u, v in pairs)
    events = [edge["event"] for u, v, edge in graph.edges(data=True) if u != v]
    assert sum(any(row.startswith(event) for event in set(events)) for row in rows) >= len(events)


def test_a_model_without_a_diagram_file_is_drawn_on_a_circle() -> None:
    graph = graph_of(load())
    assert set(graph.nodes) <= set(texts(slide(graph, Diagram()).svg()))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("LISTEN: {at: [640, 156]}", "LISTN: {at: [640, 156]}", "TM105"), ("at: [190, 490]", "at: [190]", "TM108"),
     ("words:", "word:", "TM101"), ("size: [1280, 760]", "", "TM106")],
)  # fmt: skip
def test_what_is_wrong_in_a_diagram_file_is_located(
    old: str, new: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "specs" / "diagrams" / "rfc9293.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "rfc9293.yaml"
    broken.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr("tcpmodel.compile.diagram.diagram_file", lambda model: broken)
    with pytest.raises(SpecError) as caught:
        diagram_of(load())
    found = caught.value.diagnostics[0]
    assert found.code == code and found.place.file == str(broken) and found.place.line > 1


def verified(name: str) -> tuple[Any, Recorder]:
    recorder = Recorder(open_trace(str(TEXTBOOK / f"{name}.json")))
    (connection,) = verify(recorder, load_steps(), Options(witness=True)).connections
    return connection, recorder


def test_a_ladder_in_text() -> None:
    connection, recorder = verified("close-wrong-last-ack")
    lines = ladder_text(connection, recorder.segments(connection)).splitlines()
    assert lines[2].split("|")[0].split() == ["1", "0.000000", "[OPEN]", "SYN-SENT"]
    assert lines[3].split("|")[1].startswith("<--") and lines[3].split("|")[2].strip() == "SYN-RECEIVED"
    assert lines[-1].strip() == "! must TM421: a: ACK 300 is behind RCV.NXT (RFC 9293 3.10.7.4)"
    assert len({line.index("|") for line in lines if "|" in line}) == 1


def test_a_ladder_as_a_picture_marks_the_finding() -> None:
    connection, recorder = verified("close-wrong-last-ack")
    svg = ladder_svg(connection, recorder.segments(connection))
    assert "must TM421: a: ACK 300 is behind RCV.NXT (RFC 9293 3.10.7.4)" in "\n".join(texts(svg))
    assert svg.count("url(#head-removed)") == 1 and svg.count("url(#head-)") == 6


@pytest.mark.parametrize(
    ("trace", "letter", "expected"),
    [
        ("close", "a", ["active OPEN", "rcv SYN,ACK", "CLOSE", "rcv ACK of FIN", "rcv FIN"]),
        ("close-in-three", "a", ["active OPEN", "rcv SYN,ACK", "CLOSE", "rcv FIN, ACK of FIN"]),
        ("close", "b", ["rcv SYN", "rcv ACK of SYN", "rcv FIN", "CLOSE", "rcv ACK of FIN"]),
        ("abort", "a", ["active OPEN", "rcv SYN,ACK", "ABORT"]),
        ("abort", "b", ["rcv SYN", "rcv ACK of SYN", "rcv RST"]),
    ],
)
def test_the_walk_through_the_diagram(trace: str, letter: str, expected: list[str]) -> None:
    connection, recorder = verified(trace)
    graph = graph_of(load())
    frames = {segment.frame: segment for segment in recorder.segments(connection)}
    steps = walk(connection, letter, graph, frames)
    assert [graph.edges[step]["event"] for step in steps] == expected
    picture = slide(graph, diagram_of(load()), walked=steps)
    assert {label.lines[0] for label in picture.labels if label.change == "walked"} == set(expected)


def test_a_recorder_keeps_the_first_segments_and_leaves_the_rest_to_the_reader(tmp_path: Path) -> None:
    connection, recorder = verified("close")
    assert [segment.frame for segment in recorder.segments(connection)] == list(range(1, connection.segments + 1))
    assert recorder.tcp_segments == connection.segments and MOST_OF_ONE > 100
