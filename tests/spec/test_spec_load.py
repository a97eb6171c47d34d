"""The small specification as a Model, alone and under overlays, and its digest."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tcpmodel.errors import SpecError, UsageError
from tcpmodel.spec import load, source_line, spec_digest
from tcpmodel.spec.expr import Apply, Compare, Junction, Literal, Name
from tcpmodel.spec.model import Model

ROOT = Path(__file__).parent / "data" / "specs"
MINI = ROOT / "mini" / "spec.yaml"


@pytest.fixture(scope="module")
def mini() -> Model:
    return load("mini", root=ROOT)


def names(model: Model, procedure: str) -> list[str]:
    """The rules of a procedure in the order in which they are tried."""
    found = next(item for item in model.procedures if item.name == procedure)
    return [rule.name for stage in found.stages for rule in stage.rules]


def test_vocabulary(mini: Model) -> None:
    assert mini.states == ("CLOSED", "SYN-SENT", "OPEN")
    assert mini.groups == {"LIVE": ("SYN-SENT", "OPEN"), "ANY": ("CLOSED", "SYN-SENT", "OPEN")}
    assert mini.enums == {"origin": ("none", "active", "passive"), "answer": ("no", "on", "active")}
    assert (mini.name, mini.profile, mini.variants) == ("mini", "mini", ())


def test_constants_have_units(mini: Model) -> None:
    values = {name: (item.type, item.value, item.text) for name, item in mini.constants.items()}
    assert values == {
        "MSL": ("time", 120_000_000_000, "2 min"),
        "DELAY": ("time", 500_000_000, "0.5 s"),
        "MSS": ("int", 536, "536 octets"),
        "LIMIT": ("int", 14, "14"),
        "STRICT": ("bool", 1, "true"),
    }


def test_citations_come_from_the_document_unless_given(mini: Model) -> None:
    assert mini.constants["MSL"].cite == "RFC 9293 3.4.1"
    assert mini.constants["LIMIT"].cite == "RFC 7323 2.3"
    assert mini.variables["SEG.SEQ"].cite == "RFC 9293 3.3"
    assert mini.rules["second.live"].cite == "RFC 9293 3.10.7.1"
    assert mini.rules["first.rest"].cite == "RFC 9293 3.10.7.4"


def test_initial_values_are_typed(mini: Model) -> None:
    initial = {name: item.initial for name, item in mini.variables.items() if item.group == "tcb"}
    assert initial["STATE"] == Literal("state", 0, "CLOSED")
    assert initial["SND.UNA"] == Literal("seq", 0)
    assert initial["OPENED"] == Literal("origin", 0, "none")
    assert initial["KEPT"] == Literal("spans", 0, "nothing")
    assert initial["WAIT.END"] == Literal("time", 0)


def test_on_stays_text(mini: Model) -> None:
    assert mini.variables["ANSWER"].initial == Literal("answer", 1, "on")
    assert next(item for item in mini.procedures if item.name == "call.open").event == "call"


def test_predicates(mini: Model) -> None:
    found = mini.predicates["in_window"]
    assert (found.parameters, found.text) == (("n",), "RCV.NXT =< n and n < RCV.NXT + SND.WND")
    acceptable = mini.predicates["acceptable"].body
    assert isinstance(acceptable, Junction)
    call = acceptable.items[0]
    assert isinstance(call, Apply) and call.args == (Name("seq", "segment", "SEG.SEQ"),)
    inner = call.body
    assert isinstance(inner, Junction)
    argument = Name("seq", "segment", "SEG.SEQ")
    assert inner.items[0] == Compare("bool", "<=", Name("seq", "tcb", "RCV.NXT"), argument)


def test_procedures(mini: Model) -> None:
    found = {item.name: item for item in mini.procedures}
    opening = found["call.open"]
    assert (opening.event, opening.event_name, opening.hidden, opening.cost) == ("call", "OPEN", True, 2)
    assert [(item.name, item.type, item.group) for item in opening.arguments] == [
        ("CALL.passive", "bool", "argument")
    ]
    assert found["timeout.user"].assume == "a-guess"
    assert found["segment.closed"].states == ("CLOSED",)
    assert found["segment.live"].stages[1] is found["segment.closed"].stages[0]
    assert [stage.title for stage in found["segment.live"].stages] == ["First, look", "second"]


def test_a_rule(mini: Model) -> None:
    rule = mini.rules["first.acceptable"]
    assert rule.states == ("SYN-SENT", "OPEN")
    assert rule.guard_text == "acceptable(SEG) and STATE in {OPEN, SYN-SENT} and (SYN in SEG.CTL or DONE)"
    assert isinstance(rule.guard, Junction) and len(rule.guard.items) == 3
    assert [name for name, _ in rule.sets] == ["RCV.NXT", "OPENED"]
    assert (rule.enter, rule.outcome, rule.level, rule.begins) == ("OPEN", "continue", "must", "connection")
    assert rule.discharge and rule.quotes == ("Text of two lines.",)
    assert rule.requirements == ("SHLD-3", "MUST-15")


def test_templates(mini: Model) -> None:
    first, second = mini.rules["first.acceptable"].sends
    assert (first.text, first.flags) == ("<SEQ=SND.NXT><ACK=RCV.NXT><CTL=SYN,ACK>", 0b10010)
    assert first.fields == (("SEQ", Name("seq", "tcb", "SND.NXT")), ("ACK", Name("seq", "tcb", "RCV.NXT")))
    assert second.text == "<SEQ=SND.NXT><WND=MSS<<2><CTL=RST>" and second.fields[1][1].type == "int"


def test_a_forbidding_rule(mini: Model) -> None:
    rule = mini.rules["first.forbidden"]
    assert (rule.forbid, rule.level, rule.code) == ("should", "should", "TM901")
    assert [hole.type for hole in rule.holes] == ["seq", "seq"]
    assert rule.expected == (
        ("SEG.ACK", Name("seq", "tcb", "SND.NXT")),
        ("SEG.CTL", Literal("flags", 18, "{SYN,ACK}")),
    )


def test_states_default_to_those_of_the_procedures(mini: Model) -> None:
    assert mini.rules["second.live"].states == ("CLOSED", "SYN-SENT", "OPEN")
    assert mini.rules["open.passive"].states == mini.states
    assert mini.rules["expire.always"].states == ("OPEN",)


def test_places_point_into_the_files(mini: Model) -> None:
    place = mini.rules["open.active"].place
    line = source_line(place)
    assert line is not None and line[place.column - 1 : place.end_column - 1] == "open.active"
    assert place.file == (ROOT / "mini" / "rules.yaml").as_posix()


def test_a_path_loads_the_same(mini: Model) -> None:
    other = load(str(MINI))
    assert other.rules == mini.rules and other.digest == mini.digest


def test_a_profile_edits_rules_constants_and_predicates(mini: Model) -> None:
    model = load("mini", profile="strict", root=ROOT)
    assert (model.name, model.profile, model.title) == ("mini", "strict", "The strict profile")
    assert names(model, "segment.closed") == [
        "second.closed",
        "second.live",
        "second.rest",
        "second.rest.again",
    ]
    assert names(model, "call.open") == ["open.passive", "open.active"]
    assert names(model, "timeout.user") == ["expire.always", "expire.never"]
    assert model.constants["LIMIT"].value == 7 and model.constants["DELAY"].value == 250_000_000
    assert model.constants["LIMIT"].meaning == mini.constants["LIMIT"].meaning
    assert model.predicates["acceptable"].text == "in_window(SEG.SEQ)"


def test_a_constant_changes_everywhere() -> None:
    body = load("mini", profile="strict", root=ROOT).predicates["scale"].body
    assert Literal("int", 7, "LIMIT") in vars(body).values()


def test_replace_and_change(mini: Model) -> None:
    model = load("mini", profile="strict", root=ROOT)
    replaced, changed = model.rules["second.live"], model.rules["first.forbidden"]
    assert replaced.states == ("SYN-SENT", "OPEN") and replaced.guard_text == "idle"
    assert replaced.cite == "RFC 9293 3.10.7" and replaced.level == "must"
    assert (changed.forbid, changed.note) == ("must", "stricter")
    assert changed.guard == mini.rules["first.forbidden"].guard


def test_overlays_stack() -> None:
    model = load("mini", profile="stricter", variants=("deaf",), root=ROOT)
    assert (model.profile, model.variants) == ("stricter", ("deaf",))
    assert model.rules["second.rest"].guard_text == "DONE"
    assert "first.forbidden" not in model.rules and model.constants["LIMIT"].value == 7


def test_an_overlay_can_be_loaded_by_name_or_path() -> None:
    by_name = load("stricter", root=ROOT)
    by_path = load(str(ROOT / "profiles" / "stricter.yaml"))
    assert by_name.profile == by_path.profile == "stricter"
    assert by_name.rules == by_path.rules


def test_a_variant_brings_its_profile() -> None:
    assert load("mini", variants=("mute",), root=ROOT).profile == "strict"
    assert load("mini", profile="stricter", variants=("mute",), root=ROOT).profile == "stricter"


def test_the_specification_is_a_profile_of_its_own(mini: Model) -> None:
    assert load("mini", profile="mini", root=ROOT).digest == mini.digest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "minni"}, "no specification 'minni': did you mean 'mini'?"),
        ({"name": "mini", "profile": "strickt"}, "no profile 'strickt': did you mean"),
        ({"name": "mini", "variants": ("mut",)}, "no variant 'mut': did you mean 'mute'?"),
        ({"name": "no/such/file.yaml"}, "no specification 'no/such/file.yaml'"),
    ],
)
def test_unknown_names_are_usage_errors(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(root=ROOT, **arguments)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_the_digest_needs_no_parser() -> None:
    parsers = "{'yaml', 'tcpmodel.spec.typer'}"
    code = (
        f"import sys, tcpmodel.spec as s; s.spec_digest(sys.argv[1]); assert not {parsers} & {{*sys.modules}}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(MINI)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_digest_follows_every_file_that_is_read(tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "specs")
    root = tmp_path / "specs"
    arguments = {"profile": "stricter", "variants": ("mute",), "root": root}
    seen = {spec_digest("mini", **arguments)}  # type: ignore[arg-type]
    parts = [*(root / "mini").iterdir(), root / "profiles/strict.yaml", root / "profiles/stricter.yaml"]
    for path in [*parts, root / "variants/mute.yaml"]:
        path.write_text(path.read_text() + "\n# changed\n")
        seen.add(spec_digest("mini", **arguments))  # type: ignore[arg-type]
    assert len(seen) == len(parts) + 2
    (root / "variants/deaf.yaml").write_text("")
    assert spec_digest("mini", **arguments) in seen  # type: ignore[arg-type]


def test_the_digest_tells_selections_apart() -> None:
    selections = [
        {},
        {"profile": "strict"},
        {"profile": "stricter"},
        {"variants": ("deaf",)},
        {"variants": ("mute",)},
    ]
    digests = {spec_digest("mini", root=ROOT, **selection) for selection in selections}  # type: ignore[arg-type]
    assert len(digests) == len(selections)


def test_a_model_can_be_stored(mini: Model) -> None:
    assert pickle.loads(pickle.dumps(mini)) == mini


@pytest.mark.parametrize("fault", ["missing.yaml", "broken.yaml"])
def test_names_are_not_blamed_when_a_file_cannot_be_read(tmp_path: Path, fault: str) -> None:
    (tmp_path / "broken.yaml").write_text("a: b: c")
    (tmp_path / "spec.yaml").write_text(f"specification: x\ntitle: x\nfiles: [{fault}, rules.yaml]")
    rules = "stage: s\ncite: RFC 9293\nrules: [{rule: a, when: UNKNOWN, enter: OPEN, then: stop}]"
    (tmp_path / "rules.yaml").write_text(rules)
    with pytest.raises(SpecError) as caught:
        load(str(tmp_path / "spec.yaml"))
    assert {item.code for item in caught.value.diagnostics} <= {"TM100", "TM108"}
    assert "'then' cannot be 'stop'" in str(caught.value)


def test_a_large_specification_loads_in_linear_time(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "mini", tmp_path / "mini")
    rules = (tmp_path / "mini" / "rules.yaml").read_text()
    guard = "acceptable(SEG) and (SND.UNA < SEG.ACK <= SND.NXT or STATE in LIVE and SEG.LEN + 1 > SND.WND)"
    more = "".join(f"  - {{rule: more.{i}, when: {guard}, then: drop}}\n" for i in range(1000))
    (tmp_path / "mini" / "rules.yaml").write_text(
        rules.replace("---\nstage: second", more + "---\nstage: second")
    )
    begun = time.process_time()
    assert len(load("mini", root=tmp_path).rules) == 1008
    assert time.process_time() - begun < 6
