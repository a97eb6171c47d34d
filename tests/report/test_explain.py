"""Every code has a long form; its wrong example has the finding or the error, and the right one has not."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import pytest

from tcpmodel.cli import main
from tcpmodel.compile import load_steps
from tcpmodel.errors import SpecError, UsageError
from tcpmodel.report.explain import examples, explain, known
from tcpmodel.report.explain.data import codes, requirements
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.trace import open_trace
from tcpmodel.verify import verify

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "tcpmodel").rglob("*.py"))
BY_FORM = {form: [code for code in codes() if examples.form(code) == form] for form in ("trace", "overlay", "")}
CHECKED = [code for code in BY_FORM["overlay"] if "stage" in codes()[code]]
LOADED = [code for code in BY_FORM["overlay"] if code not in CHECKED]


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def found_in_trace(code: str, which: str) -> set[str]:
    reader = open_trace("-", stdin=io.BytesIO(examples.file(code, which).encode()))
    verdict = verify(reader, load_steps())
    assert not verdict.error
    return {finding.code for connection in verdict.connections for finding in connection.findings}


@pytest.mark.parametrize("code", BY_FORM["trace"])
def test_the_wrong_trace_has_the_finding(code: str) -> None:
    assert code in found_in_trace(code, "wrong")
    assert not found_in_trace(code, "right")


def found_in_overlay(code: str, which: str, path: Path) -> set[str]:
    path.write_text(examples.file(code, which))
    try:
        loaded = load(str(path))
    except SpecError as error:
        return {item.code for item in error.diagnostics}
    if code not in CHECKED:
        return set()
    pytest.importorskip("z3")
    from tcpmodel.check import check

    return {item.diagnostic.code for item in check(loaded, stages=[codes()[code]["stage"]]).findings}


@pytest.mark.parametrize("code", [*LOADED, *CHECKED])
def test_the_wrong_overlay_has_the_error(code: str, tmp_path: Path) -> None:
    assert found_in_overlay(code, "wrong", tmp_path / "wrong.yaml") == {code}
    assert not found_in_overlay(code, "right", tmp_path / "right.yaml")


def test_every_code_is_explained(model: Model) -> None:
    told = {code for path in SOURCES for code in re.findall(r"\bTM[1-5]\d\d\b", path.read_text(encoding="utf-8"))}
    used = {rule.code for rule in model.rules.values() if rule.code}
    assert told | used <= set(codes())
    assert used <= set(known(model)["finding"])


@pytest.mark.parametrize("code", BY_FORM[""])
def test_a_code_without_examples_says_why(code: str, model: Model) -> None:
    assert [section.heading for section in explain(code, model).sections][-1] == "no example"


def test_every_requirement_of_a_rule_is_one_of_appendix_b(model: Model) -> None:
    carried = {name for rule in model.rules.values() for name in rule.requirements}
    assert carried and carried <= set(requirements())


def test_the_requirements_are_those_of_the_rfc() -> None:
    kinds = Counter(name.partition("-")[0] for name in requirements())
    assert kinds == {"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}


def test_everything_that_is_known_has_a_page(model: Model) -> None:
    for kind, names in known(model).items():
        for name in names:
            page = explain(name, model)
            assert (page.kind, page.name) == (kind, name) and page.sections
            assert all(section.lines for section in page.sections)


def test_a_rule_is_shown_as_it_is_written(model: Model) -> None:
    for name, rule in model.rules.items():
        first = explain(name, model).sections[0].lines[0]
        assert first.startswith("- rule:") and name in first, rule.place


def test_what_is_unknown_has_its_neighbours_named(model: Model) -> None:
    with pytest.raises(UsageError, match=r"'ack\.unsent'"):
        explain("ack.unsend", model)


def test_the_list_names_everything(model: Model, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for names in known(model).values() for name in names)
