"""The library as others use it: its docstrings and its notebook are run, and importing it costs nothing."""

from __future__ import annotations

import ast
import copy
import doctest
import importlib
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import tcpmodel

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "tour.ipynb"


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", ["tcpmodel", "tcpmodel.library", "tcpmodel.step"])
def test_the_examples_in_docstrings(name: str) -> None:
    if name == "tcpmodel.library":
        pytest.importorskip("networkx")
        pytest.importorskip("z3")
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed


@pytest.mark.parametrize("name", tcpmodel.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(tcpmodel, name)
    assert found.__doc__ and name in dir(tcpmodel)
    if isinstance(found, type):
        members = [member for key, member in vars(found).items() if not key.startswith("_")]
        assert all(m.__doc__ for m in members if callable(m) or isinstance(m, property))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        tcpmodel.lode  # noqa: B018


def test_importing_it_loads_nothing_else() -> None:
    heavy = ("tcpmodel.", "yaml", "z3", "networkx", "click")
    code = f"import sys, tcpmodel; print([m for m in sys.modules if m.startswith({heavy})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def tags(svg: str) -> set[str]:
    return {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}


def test_a_graph_is_a_networkx_graph_and_a_picture() -> None:
    networkx = pytest.importorskip("networkx")
    pytest.importorskip("z3")
    graph = tcpmodel.load().graph
    assert type(graph) is networkx.MultiDiGraph and networkx.has_path(graph, "CLOSED", "TIME-WAIT")
    assert {"svg", "path", "text"} <= tags(graph._repr_svg_())
    for other in (copy.deepcopy(graph), pickle.loads(pickle.dumps(graph)), graph.copy()):
        assert networkx.utils.graphs_equal(other, graph)


def test_a_connection_is_a_picture(tmp_path: Path) -> None:
    verdicts = tcpmodel.load().verify("traces/textbook/close.json")
    assert verdicts.conforming and len(verdicts) == 1
    verdicts[0].ladder.save(tmp_path / "ladder.svg")
    assert "ESTABLISHED" in (tmp_path / "ladder.svg").read_text() and "svg" in tags(verdicts[0]._repr_svg_())


def test_verdicts_are_a_table_and_escaped(tmp_path: Path) -> None:
    trace = tmp_path / "<b>.json"
    trace.write_bytes(Path("traces/textbook/close-wrong-last-ack.json").read_bytes())
    verdicts = tcpmodel.load().verify(tcpmodel.open_trace(trace))
    html = verdicts._repr_html_()
    assert not verdicts.conforming and "TM421" in html and "&lt;b&gt;" in html
    assert {"table", "tr", "td"} <= tags(f"<div>{html}</div>")


def cells() -> list[str]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def shown(source: str, names: dict[str, Any]) -> Any:
    """Runs a cell; its value is that of the last line when that is an expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if isinstance(last, ast.Expr) else None


def test_the_cells_of_the_notebook_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("networkx")
    pytest.importorskip("z3")
    monkeypatch.chdir(NOTEBOOK.parent)
    names: dict[str, Any] = {}
    values = [shown(source, names) for source in cells()]
    pictures = [value for value in values if hasattr(value, "_repr_svg_")]
    assert len(pictures) == 4 and all("svg" in tags(picture._repr_svg_()) for picture in pictures)
    assert any(hasattr(value, "_repr_html_") for value in values)


def test_the_notebook_executes() -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    kinds = {kind for cell in notebook.cells for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert {"image/svg+xml", "text/html"} <= kinds
