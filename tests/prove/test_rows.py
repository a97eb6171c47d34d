"""The published work list: 80 rows, each with properties that decide it or with what it waits for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcpmodel.errors import SpecError
from tcpmodel.prove.load import FOLDER, load_properties
from tcpmodel.prove.rows import load_rows
from tcpmodel.spec import load
from tcpmodel.spec.find import default_root


def test_there_are_80_rows() -> None:
    rows = load_rows()
    assert [row.number for row in rows] == list(range(1, 81))
    assert len({row.statement for row in rows}) == 80
    assert all(row.statement[0].isupper() and not row.statement.endswith(".") for row in rows)


def test_every_row_is_decided_by_a_property_or_says_what_is_missing() -> None:
    named = set()
    for folder in (default_root() / FOLDER).iterdir():
        if folder.is_dir():
            named |= {item.row for item in load_properties(load(folder.name)).properties.values()}
    assert named <= {0, *range(1, 81)}
    assert [row.number for row in load_rows(named=named) if (row.number in named) == bool(row.open)] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rows: [{row: 2, is: x}]", "row 2 stands where row 1 belongs"),
        ("rows: [{row: 1, is: x}, {row: 1, is: y}]", "row 1 stands where row 2 belongs"),
        ("rows: [{row: 1}]", "a row needs 'is'"),
        ("rows: [{row: 1, is: x, opne: y}]", "unknown key 'opne' in a row"),
        ("rows: [{row: one, is: x}]", "'row' must be a whole number"),
        ("rows: [x]", "a mapping is needed here"),
        ("row: 1", "the work list needs 'rows'"),
        ("rows: [", "did not find expected node content"),
    ],
)
def test_what_is_wrong_is_located(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "rows.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as error:
        load_rows(tmp_path)
    assert message in str(error.value) and "rows.yaml:1:" in str(error.value)


OPEN = "rows:\n  - {row: 1, is: x, open: wait}\n  - {row: 2, is: y, open: wait}\n"


def test_a_row_that_a_property_names_is_not_open(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "rows.yaml").write_text(OPEN, encoding="utf-8")
    assert [row.open for row in load_rows(tmp_path, {0, 3})] == ["wait", "wait"]
    with pytest.raises(SpecError) as error:
        load_rows(tmp_path, {0, 2})
    (found,) = error.value.diagnostics
    assert str(found.place).endswith("rows.yaml:3:27")
    assert (found.message, found.help) == ("row 2 is not open: a property names it", "lacks: WHAT IT LEAVES OUT")


def test_properties_of_another_library_may_name_what_is_open_here(tmp_path: Path) -> None:
    everything = range(81)
    assert load_rows(tmp_path, everything) == load_rows()
    with pytest.raises(SpecError):
        load_rows(named=everything)


def test_a_library_without_a_list_has_the_published_one(tmp_path: Path) -> None:
    assert load_rows(tmp_path) == load_rows()
