"""The published schema accepts every specification, rejects the wrong ones, and knows the same keys."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

import tcpmodel.spec
from tcpmodel.spec import shape

SCHEMA = json.loads(Path(tcpmodel.spec.__file__).with_name("spec.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
HERE = Path(__file__).parent
ROOTS = [HERE / "data" / "specs", HERE.parent.parent / "specs"]


def specification_files(root: Path) -> list[Path]:
    """The files of every specification and overlay under a root."""
    folders = [index.parent for index in root.glob("*/spec.yaml")]
    parts = [path for folder in folders for path in folder.rglob("*.yaml")]
    return sorted([*parts, *root.glob("profiles/*.yaml"), *root.glob("variants/*.yaml")])


FILES = [path for root in ROOTS for path in specification_files(root)]


def as_an_editor_reads(node: yaml.Node | None) -> object:
    """The node with the types that YAML 1.2 gives it, as language servers do."""
    if isinstance(node, yaml.MappingNode):
        return {str(as_an_editor_reads(key)): as_an_editor_reads(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [as_an_editor_reads(item) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)
    if node.style:
        return node.value
    if re.fullmatch(r"true|True|TRUE|false|False|FALSE", node.value):
        return node.value.lower() == "true"
    if re.fullmatch(r"~|null|Null|NULL|", node.value):
        return None
    return int(node.value) if re.fullmatch(r"[-+]?[0-9]+", node.value) else node.value


def errors(path: Path) -> list[str]:
    documents = yaml.compose_all(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    values = [as_an_editor_reads(node) for node in documents]
    return [
        f"{error.json_path}: {error.message}" for value in values for error in VALIDATOR.iter_errors(value)
    ]


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert len(FILES) > 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_specification_is_valid(path: Path) -> None:
    assert errors(path) == []


@pytest.mark.parametrize(
    ("path", "at_least"),
    [
        ("keys/rules.yaml", 14),
        ("values/rules.yaml", 15),
        ("overlays/reasons.yaml", 6),
        ("overlays/names.yaml", 5),
    ],
)
def test_faults_of_form_are_rejected(path: str, at_least: int) -> None:
    assert len(errors(HERE / "data" / "faults" / path)) >= at_least


@pytest.mark.parametrize(
    ("definition", "shapes"),
    [
        ("index", [shape.INDEX]),
        ("document", [shape.DOCUMENT]),
        ("overlay", [shape.OVERLAY]),
        ("tcb-variable", [shape.TCB_VARIABLE]),
        ("variable", [shape.VARIABLE]),
        ("constant", [shape.CONSTANT]),
        ("changed-constant", [shape.CHANGED_CONSTANT]),
        ("predicate", [shape.PREDICATE]),
        ("procedure", [shape.PROCEDURE]),
        ("rule-keys", [shape.RULE, shape.CHANGED_RULE, shape.ADDED_RULE]),
    ],
)
def test_the_loader_and_the_schema_know_the_same_keys(definition: str, shapes: list[shape.Shape]) -> None:
    known = SCHEMA["definitions"][definition]
    assert set(known["properties"]) == {key for item in shapes for key in item.keys}
    assert set(known.get("required", [])) >= set.intersection(*(set(item.required) for item in shapes))
