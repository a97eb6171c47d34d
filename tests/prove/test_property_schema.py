"""The published schema accepts every property that there is and rejects the wrong ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

import tcpmodel.prove
from tcpmodel.prove import shapes
from tcpmodel.prove.scopes import ABOUT
from tcpmodel.spec.find import default_root

SCHEMA = json.loads(Path(tcpmodel.prove.__file__).with_name("property.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
FOLDERS = [default_root() / "properties", Path(__file__).parent / "specs" / "properties"]
FILES = sorted(path for folder in FOLDERS for path in folder.glob("*/*.yaml"))


class _Editor(yaml.SafeLoader):
    """Reads scalars as YAML 1.2 does: `on` and `no` are text, and so are dates."""


_Editor.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
):
    _Editor.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def errors(text: str) -> list[str]:
    documents = yaml.load_all(text, _Editor)
    return [error.message for document in documents if document for error in VALIDATOR.iter_errors(document)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_file_is_accepted(path: Path) -> None:
    assert errors(path.read_text(encoding="utf-8")) == []


PROPERTY = "{property: x, statement: It holds, cite: RFC 9293 3.3, method: step"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{property: x, statement: It holds, cite: RFC 9293 3.3}", "'method' is a required property"),
        (PROPERTY + ", row: 0}", "0 is less than the minimum"),
        (PROPERTY + ", expect: unknown}", "'unknown' is not one of"),
        (PROPERTY + ", mutants: [{mutant: x}]}", "not valid under any"),
        ("{lemma: x, about: endpoint, holds: 'True'}", "'why' is a required property"),
        ("{lemma: x, about: segmnt, holds: 'True', why: y}", "'segmnt' is not one of"),
        ("{assumption: x, is: y}", "'cite' is a required property"),
    ],
)
def test_what_is_wrong_is_rejected(text: str, message: str) -> None:
    assert any(message in error for error in errors(text)), errors(text)


@pytest.mark.parametrize(
    ("name", "shape"), [("property", shapes.PROPERTY), ("lemma", shapes.LEMMA), ("assumption", shapes.ASSUMPTION)]
)
def test_it_knows_keys_that_the_program_knows(name: str, shape: shapes.Shape) -> None:
    found = SCHEMA["definitions"][name]
    assert tuple(found["required"]) == shape.required
    assert set(found["properties"]) <= set(shape.keys)


def test_it_knows_what_lemmas_are_about() -> None:
    assert tuple(SCHEMA["definitions"]["lemma"]["properties"]["about"]["enum"]) == ABOUT
