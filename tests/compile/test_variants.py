"""Each variant is a known bug: the graph or the rules show it, and a small trace tells it from the RFC."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("networkx")
pytest.importorskip("z3")

from tcpmodel.compile import load_steps
from tcpmodel.compile.difference import difference, rule_changes
from tcpmodel.compile.graph import graph_of
from tcpmodel.spec import load
from tcpmodel.trace import open_trace
from tcpmodel.verify import Finding, verify

TRACES = Path(__file__).parent / "variants"
ROOT = Path(__file__).parents[2]
A, B = "10.0.0.1:40000", "10.0.0.2:80"

# variant -> (the endpoint in question, whether it keeps to the variant and breaks the RFC, or the other way round)
VARIANTS = {
    "accelerated-open": (B, True),
    "close-resets": (A, False),
    "closed-silent": (B, False),
    "fin-with-unread-text": (A, True),
    "no-reset-after-close": (A, True),
    "no-time-wait": (A, True),
    "reset-needs-ack": (B, True),
    "simultaneous-open-acked": (A, True),
    "syn-ack-processed": (A, True),
    "syn-fin-shortcut": (A, True),
    "time-wait-assassination": (A, True),
    "time-wait-closed": (A, True),
    "two-way-handshake": (B, True),
}


def findings(name: str, variants: tuple[str, ...], endpoint: str) -> list[Finding]:
    with open_trace(str(TRACES / f"{name}.json")) as reader:
        verdict = verify(reader, load_steps(variants=variants))
    (connection,) = verdict.connections
    return [found for found in connection.findings if found.endpoint == endpoint and found.level == "must"]


def test_each_has_its_trace() -> None:
    assert sorted(path.stem for path in (ROOT / "specs" / "variants").glob("*.yaml")) == sorted(VARIANTS)
    assert sorted(path.stem for path in TRACES.glob("*.json")) == sorted(VARIANTS)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_trace_tells_it_from_the_rfc(name: str) -> None:
    endpoint, kept = VARIANTS[name]
    assert bool(findings(name, (), endpoint)) == kept
    assert bool(findings(name, (name,), endpoint)) != kept


@pytest.mark.parametrize("name", VARIANTS)
def test_the_graph_shows_it(name: str) -> None:
    rfc, variant = load(), load(variants=(name,))
    assert variant.variants == (name,) and variant.title != rfc.title
    changed = [edge for _, _, edge in difference(graph_of(rfc), graph_of(variant)).edges(data=True) if "change" in edge]
    assert changed
    rules = rule_changes(rfc, variant)
    blamed = {name for edge in changed for name in (*edge["rules"], *(n for path in edge["paths"] for n in path))}
    assert set(rules) & blamed


@pytest.mark.parametrize("name", VARIANTS)
def test_it_is_a_few_lines_with_a_source(name: str) -> None:
    text = (ROOT / "specs" / "variants" / f"{name}.yaml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 24
    assert text.startswith("# ") and "\nsource: " in text and "\nreason: " in text
