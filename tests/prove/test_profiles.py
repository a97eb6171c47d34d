"""What holds of one profile or variant only: proved of that one, and each mutant of it makes the property fail."""

from __future__ import annotations

import pytest

pytest.importorskip("z3")

from drawn import mutants

from tcpmodel.cli.app import main
from tcpmodel.cli.subjects import chosen
from tcpmodel.prove import Settings, Subject, prove
from tcpmodel.prove.load import FOLDER
from tcpmodel.prove.property import BOUNDED, PROVED, REFUTED, Mutant
from tcpmodel.prove.units import broken
from tcpmodel.spec import load
from tcpmodel.spec.find import Library, default_root

OVERLAYS = {*Library().names("profiles"), *Library().names("variants")}
PROFILES = sorted({path.name for path in (default_root() / FOLDER).iterdir()} & OVERLAYS)
OWN = [
    pytest.param(name, item.name, mutant, id=f"{item.name}-{mutant.name}")
    for name in PROFILES
    for one in chosen((), None, None, ())
    if one.subject.name == name
    for item in one.items
    for mutant in mutants(item)
]


def test_a_profile_has_properties_of_its_own_and_those_of_its_base() -> None:
    (one,) = (one for one in chosen((), None, None, ()) if one.subject.name == "rfc793")
    names = {item.name for item in one.items}
    assert "syn-in-window-resets" in names and "blind-syn" not in names
    assert {*names, "blind-syn"} <= one.context.properties.properties.keys()
    assert one.context.model.profile == "rfc793" and one.context.model.name == load().name


def test_so_does_a_variant() -> None:
    (one,) = (one for one in chosen((), None, None, ()) if one.subject.name == "two-way-handshake")
    assert {item.row for item in one.items} == {2} and {item.expect for item in one.items} == {PROVED, REFUTED}
    assert one.context.model.variants == ("two-way-handshake",) and one.context.model.profile == load().name


def test_the_base_has_none_of_them() -> None:
    (base,) = (one for one in chosen((), None, None, ()) if one.subject.name == load().name)
    assert "syn-in-window-resets" not in base.context.properties.properties


@pytest.mark.parametrize("name", PROFILES)
def test_its_own_are_proved(name: str) -> None:
    (one,) = (one for one in chosen((), None, None, ()) if one.subject.name == name)
    results = list(prove([item.name for item in one.items], Settings(one.subject)))
    assert results and [result.result for result in results] == [item.expect for item in one.items]


@pytest.mark.parametrize(("profile", "name", "mutant"), OWN)
def test_a_mutant_makes_it_fail(profile: str, name: str, mutant: Mutant) -> None:
    subject = Subject(profile)
    (one,) = (one for one in chosen((name,), None, None, ()) if one.subject == subject)
    (result,) = prove((name,), Settings(broken(subject, one.items[0], mutant), jobs=1))
    assert result.result not in (PROVED, BOUNDED) and result.failures


def test_named_properties_are_found_where_they_stand() -> None:
    """The texts of the other specifications are not typed for it."""
    for one in chosen((), None, None, ()):
        names = (one.items[0].name, one.items[-1].name)
        (found,) = chosen(names, None, None, ())
        assert found.subject == one.subject and {item.name for item in found.items} == set(names)


def test_each_is_proved_once_where_its_profile_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    picked = chosen(("blind-syn", "syn-in-window-resets"), None, "rfc793", ())
    assert [[item.name for item in one.items] for one in picked] == [["blind-syn"], ["syn-in-window-resets"]]
    assert main(["prove", "--list", "--spec", "rfc793", "syn-in-window-resets"]) == 0
    assert "syn-in-window-resets" in capsys.readouterr().out
