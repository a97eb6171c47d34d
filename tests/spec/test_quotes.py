"""Every quote of the specification is in the section it cites, word for word, and every requirement id exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import tcpmodel.spec
from tcpmodel.spec.model import Model, Rule

ROOT = Path(__file__).parents[2]
RFC = ROOT.parent / "shared" / "rfc" / "rfc9293.txt"
HEADING = re.compile(r"^(\d+(?:\.\d+)*|Appendix [AB]|[AB](?:\.\d+)+)\.  \S", re.MULTILINE)
IDENTIFIER = re.compile(r"\b(?:MUST|SHLD|MAY|REC)-\d+\b")
LEVELS = {"MUST": "must", "SHLD": "should", "MAY": "may", "REC": "should"}

pytestmark = pytest.mark.skipif(not RFC.is_file(), reason="the text of RFC 9293 is not beside the checkout")


def overlays(kind: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "specs" / kind).glob("*.yaml"))


MODELS = [("", "")] + [(name, "") for name in overlays("profiles")] + [("", name) for name in overlays("variants")]


def one_line(text: str) -> str:
    """Words parted by one space; a word that the RFC breaks at a hyphen is whole again."""
    return re.sub(r"- (?=\w)", "-", " ".join(text.split()))


@cache
def sections() -> dict[str, str]:
    """Number -> the text of the section with its subsections, on one line. The table of contents is left out."""
    text = RFC.read_text(encoding="utf-8")
    found = [(m.group(1).removeprefix("Appendix "), m.start()) for m in HEADING.finditer(text)]
    rows = {}
    for position, (number, start) in enumerate(found):
        behind = [at for other, at in found[position + 1 :] if not other.startswith(number + ".")]
        rows[number] = one_line(text[start : behind[0] if behind else len(text)])
    return rows


@cache
def model(profile: str, variant: str) -> Model:
    return tcpmodel.spec.load(profile=profile or None, variants=(variant,) if variant else ())


def own_rules(profile: str, variant: str) -> list[Rule]:
    """The rules that this overlay brings, or all of them where there is none."""
    known = {rule.name: rule for rule in model("", "").rules.values()} if profile or variant else {}
    return [rule for name, rule in model(profile, variant).rules.items() if known.get(name) != rule]


def cited(rule: Rule) -> str | None:
    """The section of RFC 9293 that a rule cites; None when it cites another document."""
    match = re.fullmatch(r"RFC 9293 ([\dAB.]+)", rule.cite)
    return match.group(1) if match else None


def test_the_sections_are_found() -> None:
    assert {"3.4.1", "3.10.7.4", "3.10.8", "B"} <= set(sections())
    assert "MUST-13" in sections()["3.6.1"]
    assert "MUST-13" not in sections()["3.6"].replace(sections()["3.6.1"], "")


@pytest.mark.parametrize(("profile", "variant"), MODELS)
def test_rules_cite_sections_that_exist(profile: str, variant: str) -> None:
    wrong = [f"{r.name}: {r.cite}" for r in own_rules(profile, variant) if (s := cited(r)) and s not in sections()]
    assert not wrong


@pytest.mark.parametrize(("profile", "variant"), MODELS)
def test_quotes_are_verbatim_in_the_section_cited(profile: str, variant: str) -> None:
    wrong = []
    for rule in own_rules(profile, variant):
        section = cited(rule)
        where = sections()[section] if section else " ".join(sections().values())
        wrong += [f"{rule.name} ({rule.cite}): {quote}" for quote in rule.quotes if one_line(quote) not in where]
    assert not wrong


@pytest.mark.parametrize(("profile", "variant"), MODELS)
def test_quotes_leave_nothing_out(profile: str, variant: str) -> None:
    marks = re.compile(r"\[\.\.\.\]|\.\.\.|…")
    assert not [rule.name for rule in own_rules(profile, variant) if any(map(marks.search, rule.quotes))]


@pytest.mark.parametrize(("profile", "variant"), MODELS)
def test_requirements_are_those_of_appendix_b(profile: str, variant: str) -> None:
    known = set(IDENTIFIER.findall(sections()["B"]))
    assert len(known) > 100
    wrong = [(r.name, i) for r in own_rules(profile, variant) for i in r.requirements if i not in known]
    assert not wrong


@pytest.mark.parametrize(("profile", "variant"), MODELS)
def test_the_section_cited_states_the_requirement(profile: str, variant: str) -> None:
    """Or the note of the rule names the section that does."""
    wrong = []
    for rule in own_rules(profile, variant):
        named = {*([cited(rule)] if cited(rule) else []), *re.findall(r"\d+(?:\.\d+)+", rule.note)}
        stated = {i for number in named for i in IDENTIFIER.findall(sections().get(str(number), ""))}
        inherited = (profile or variant) and rule.name in model("", "").rules
        if cited(rule) and not inherited:
            wrong += [f"{rule.name} ({rule.cite}): {i}" for i in rule.requirements if i not in stated]
    assert not wrong


@pytest.mark.parametrize(("profile", "variant"), MODELS)
def test_no_rule_is_stricter_than_its_requirements(profile: str, variant: str) -> None:
    """What forbids at level must may not rest on requirements that only say SHOULD or MAY."""
    rank = ["may", "should", "must"]
    wrong = []
    for rule in own_rules(profile, variant):
        levels = [LEVELS[i.partition("-")[0]] for i in rule.requirements]
        if rule.forbid and levels and rank.index(rule.forbid) > max(map(rank.index, levels)):
            wrong.append((rule.name, rule.forbid, rule.requirements))
    assert not wrong


# Why no rule carries these: an interface or a host, an option parser, or a choice that segments alone do not show.
OUTSIDE = {
    "the header is read and checked before the rules": [1, 2, 3, 4, 5, 6, 7, 14, 64, 69],
    "how numbers are made up is hidden in the endpoint": [9, 67],
    "timers, estimates and congestion": [18, 19, 20, 21, 22, 23, 38, 39],
    "when an acknowledgment is due, not what it says": [58, 59],
    "the user's interface": [17, 24, 25, 27, 28, 29, 30, 31, 33, 41, 43, 47, 48, 60, 61, 62],
    "the network layer below": [44, 45, 46, 49, 50, 51, 52, 53, 54, 55, 56, 57, 63],
}


def test_every_must_of_appendix_b_is_carried_by_a_rule_or_lies_outside(capsys: pytest.CaptureFixture[str]) -> None:
    carried = {i for rule in model("", "").rules.values() for i in rule.requirements}
    known = set(IDENTIFIER.findall(sections()["B"]))
    outside = [f"MUST-{number}" for numbers in OUTSIDE.values() for number in numbers]
    with capsys.disabled():
        print("\nno rule carries", *sorted(known - carried, key=lambda i: (i[:2], int(i.partition("-")[2]))))
    assert sorted(i for i in known - carried if i.startswith("MUST")) == sorted(outside)
