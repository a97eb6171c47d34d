"""What holds in one step, or of one endpoint in every state, is proved, and fails under each of its mutants."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("z3")

from drawn import mutants

from tcpmodel.errors import SpecError
from tcpmodel.prove import Settings, Subject, prove
from tcpmodel.prove.context import Context
from tcpmodel.prove.load import FOLDER, load_properties, property_files
from tcpmodel.prove.methods import METHODS, effects, invariant
from tcpmodel.prove.methods.premises import REACHED
from tcpmodel.prove.mutants import mutated
from tcpmodel.prove.obligation import decide
from tcpmodel.prove.property import PROVED, Failure, Lemma, Mutant, Property
from tcpmodel.prove.units import broken, context_of
from tcpmodel.spec import load
from tcpmodel.spec.find import located

RFC = Subject()
OF_ONE_ENDPOINT = ("step", "invariant", "scenario", "independence")
TIMEOUT = 60.0


ITEMS = {n: item for n, item in context_of(RFC).properties.properties.items() if item.method in OF_ONE_ENDPOINT}
MUTANTS = [
    pytest.param(item, mutant, id=f"{item.name}-{mutant.name}") for item in ITEMS.values() for mutant in mutants(item)
]


def test_all_are_proved() -> None:
    found = {result.name: result for result in prove(ITEMS, Settings(timeout=TIMEOUT))}
    assert {name: result.reason for name, result in found.items() if result.result != PROVED} == {}
    assert found.keys() == ITEMS.keys() and len(found) > 60
    assert all(result.obligations > 0 for result in found.values())


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_each_says_what_it_is_about(item: Property) -> None:
    assert item.statement[0].isupper() and not item.statement.endswith(".")
    assert item.cite.startswith("RFC ") and item.mutants
    assert item.row and item.source or item.row in range(81)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Subject, Property], Context]:
    """A subject with the properties of one theme alone, and what they rest on, which is read faster than all."""

    def context(subject: Subject, item: Property) -> Context:
        root = tmp_path_factory.mktemp("theme")
        folder = root / FOLDER / subject.name
        folder.mkdir(parents=True)
        for path in property_files(located(context_of(RFC).model.files[0])):
            if path.stem in ("assumptions", "endpoint", Path(item.place.file).stem):
                shutil.copy(path, folder)
        model = mutated(subject.name, subject.profile, subject.variants, subject.mutant)
        try:
            return Context(model, load_properties(model, root))
        except SpecError:  # the theme rests on others
            return context_of(subject)

    return context


def relevant(part: str, changed: set[str], context: Context) -> bool:
    """Whether a rule that the mutant has changed can fire in the part."""
    procedure = part.partition(" in ")[0]
    stages = (s for p in context.model.procedures if p.name == procedure for s in p.stages)
    return any(rule.name in changed for stage in stages for rule in stage.rules)


def asked(item: Property | Lemma) -> tuple[Any, Any, Any]:
    """The parts of a proof, its obligations, and what is said where one fails."""
    if isinstance(item, Lemma):
        return invariant.lemma_parts, invariant.lemma_obligations, invariant.explain
    method = METHODS[item.method]
    return method.parts, method.obligations, method.explain


def failures(context: Context, item: Property | Lemma) -> Iterator[Failure]:
    """What fails, beginning where the mutant differs from the RFC."""
    rules, others = context_of(RFC).model.rules, context.model.rules
    changed = {rule for rule in others if rule not in rules or others[rule] != rules[rule]}
    parts, questions, explain = asked(item)
    for part in sorted(
        set(parts(item, context)) - {REACHED}, key=lambda part: (not relevant(part, changed, context), part)
    ):
        for question in questions(item, part, context):
            answer = decide(question, TIMEOUT)
            if answer.holds is False:
                yield explain(item, answer, context)


@pytest.mark.parametrize(("item", "mutant"), MUTANTS)
def test_a_mutant_makes_it_fail(item: Property, mutant: Mutant, alone: Callable[..., Context]) -> None:
    context = alone(broken(RFC, item, mutant), item)
    known = context.properties
    rests: list[Property | Lemma] = [
        known.properties[item.name],
        *(known.lemmas[name] for name in known.closure(item.given)),
    ]
    failed = next((failure for one in rests for failure in failures(context, one)), None)
    assert failed is not None and failed.reason


def test_what_it_starts_from_is_in_the_failure(alone: Callable[..., Context]) -> None:
    context = alone(Subject(profile="rfc793"), ITEMS["blind-syn"])
    (failed, *_) = failures(context, context.properties.properties["blind-syn"])
    assert failed.rules[-1] == "syn.challenged"
    assert "SYN" in failed.event["SEG.CTL"] and "RST" not in failed.event["SEG.CTL"]
    assert "RCV.NXT" in failed.before


def decided(text: str, folder: Path) -> dict[str, bool | None]:
    """What becomes of the parts of a property that is tried out."""
    (folder / FOLDER / "rfc9293").mkdir(parents=True)
    (folder / FOLDER / "rfc9293" / "tried.yaml").write_text(text, encoding="utf-8")
    context = Context(load(), load_properties(load(), folder))
    (item,) = context.properties.properties.values()
    parts, questions, _ = asked(item)
    return {part: decide(o, TIMEOUT).holds for part in parts(item, context) for o in questions(item, part, context)}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("when: RST in SEG.CTL\nchanges: nothing\nsends: nothing", (True, True)),
        ("when: SEG.TEXT < 0\nthen: False", (False, True)),
        ("when: not RST in SEG.CTL\nsends: <CTL=RST>", (True, False)),
        ('when: not RST in SEG.CTL\nsends: [<CTL=RST>, "<CTL=RST,ACK>"]', (True, True)),
        ("when: RST in SEG.CTL\nsends: <CTL=RST>", (True, False)),
        ("when: RST in SEG.CTL\nsends-only: <CTL=RST>", (True, True)),
        ("when: ACK in SEG.CTL\nsends-only: <SEQ=SEG.ACK + 1><CTL=RST>", (True, False)),
        ("changes: [SND.UNA]", (True, True)),
        ("total: true", (True, True)),
        ("permitted: true", (True, True)),
    ],
)
def test_what_a_property_can_claim(text: str, holds: tuple[bool, bool], tmp_path: Path) -> None:
    found = decided(HEAD + text, tmp_path)
    assert tuple(found.values()) == holds and next(iter(found)) == REACHED


@pytest.mark.parametrize(
    ("event", "text", "holds"),
    [
        ("call SEND", 'signals: ["error: connection does not exist"]', (True, True)),
        ("call SEND", 'signals: ["error: connection closing", ok]', (True, False)),
        ("call SEND", "signals: nothing", (True, False)),
        ("segment", "signals: nothing", (True, True)),
        ("output", "when: not RST in SEG.CTL\nbreaks: TM402", (True, True)),
        ("output", "when: not RST in SEG.CTL\nbreaks: [TM401, TM403]", (True, False)),
        ("output", "breaks: [TM401, TM402]", (True, False)),
    ],
)
def test_what_a_step_says_and_breaks(event: str, text: str, holds: tuple[bool, bool], tmp_path: Path) -> None:
    assert tuple(decided(HEAD.replace("segment", event) + text, tmp_path).values()) == holds


def test_a_step_that_a_rule_forbids_is_not_permitted(tmp_path: Path) -> None:
    text = HEAD.replace("segment", "output") + "when: not RST in SEG.CTL\npermitted: true"
    assert list(decided(text, tmp_path).values()) == [True, False]


REMEMBERED = "REMOTE, EXTRA.START, TIME-WAIT.END, LAST.SENT, OFFLOADED, UNSEEN.END, GAP.START, GAP.END, GAP.LEN"
INDEPENDENT = f"""
property: tried
statement: x
cite: RFC 9293 3
method: independence
on: segment
in: [LISTEN]
when: [NEXT.STATE == SYN-RECEIVED, SYN in SEG.CTL]
remembers: [{REMEMBERED}]
assumptions: [assumed]
---
assumption: assumed
is: tried
cite: RFC 9293 3
holds: """


@pytest.mark.parametrize(
    ("assumed", "holds"),
    [("SND.UNA == 0", (True, False)), ("RCV.FIN == 0", (True, True)), ("NEXT.STATE == LISTEN", (False, True))],
)
def test_two_steps_depend_on_what_is_assumed_of_both(assumed: str, holds: tuple[bool, bool], tmp_path: Path) -> None:
    """RCV.FIN stays what it was."""
    assert tuple(decided(INDEPENDENT + assumed, tmp_path).values()) == holds


OBSERVED = """
property: tried
statement: x
cite: RFC 9293 3
method: independence
on: segment
in: [{state}]
when: [SYN in SEG.CTL, not ACK in SEG.CTL, not RST in SEG.CTL, ACCEPT]
remembers: {remembered}
observes: {observed}
"""


@pytest.mark.parametrize(
    ("state", "remembered", "observed", "holds"),
    [
        ("LISTEN", "nothing", "[STATE, RCV.NXT]", True),
        ("LISTEN", "nothing", "[RCV.NXT, REMOTE]", False),
        ("LISTEN", "[REMOTE]", "[RCV.NXT, REMOTE]", True),
        # the state stays what it is, and the challenge ACK has the numbers of the connection
        ("CLOSE-WAIT", "nothing", "[STATE]", False),
        ("CLOSE-WAIT", "[SND.NXT, RCV.NXT]", "[STATE]", True),
    ],
)
def test_who_observes_some_variables_sees_them_and_what_is_sent(
    state: str, remembered: str, observed: str, holds: bool, tmp_path: Path
) -> None:
    text = OBSERVED.format(state=state, remembered=remembered, observed=observed)
    assert [*decided(text, tmp_path).values()] == [True, holds]


HEAD = "property: tried\nstatement: x\ncite: RFC 9293 3\nmethod: step\non: segment\nin: [CLOSED]\nassumptions: []\n"


def read(text: str, folder: Path) -> list[str]:
    """The diagnostics of a file of properties, each as `LINE:COLUMN CODE message`."""
    (folder / FOLDER / "rfc9293").mkdir(parents=True)
    (folder / FOLDER / "rfc9293" / "tried.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as error:
        load_properties(load(), folder)
    return [f"{d.place.line}:{d.place.column} {d.code} {d.message}" for d in error.value.diagnostics]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "1:1 TM106 a property of a step needs 'then' or one of " + ", ".join(f"'{key}'" for key in effects.KEYS),
        ),
        ("then: SEG.SEK == 0", "8:7 TM102 unknown name 'SEG.SEK'"),
        ("then: NEXT.SND.NTX == SND.NXT", "8:7 TM102 unknown name 'NEXT.SND.NTX'"),
        ("changes: [STATE, SND.NTX]", "8:18 TM102 unknown TCB variable 'SND.NTX'"),
        ("sends: <SEQ=SEG.ACK><CTL=RTS>", "8:26 TM110 unknown control bit 'RTS'"),
        ("sends-only: [<CTL=RST>, <SQE=0><CTL=RST>]", "8:26 TM110 unknown field 'SQE'"),
        ("signals: connection closes", "8:10 TM102 no rule signals 'connection closes'"),
        ("breaks: [TM402, TM999]", "8:17 TM102 no rule breaks 'TM999'"),
        ("permitted: maybe", "8:12 TM108 'permitted' cannot be 'maybe'"),
        ("total: true\nnumbers: integers", "1:1 TM131 a proof over integers rests on an assumption"),
        ("total: true\ngiven: [flght]", "1:1 TM131 unknown lemma 'flght'"),
        ("total: true\nmutants: [close-reset]", "9:11 TM132 unknown variant or profile 'close-reset'"),
        ("sendz: nothing\ntotal: true", "8:1 TM101 unknown key 'sendz' in a property"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    assert message in read(HEAD + text, tmp_path)


def test_an_unknown_event_has_its_place(tmp_path: Path) -> None:
    assert "5:5 TM130 no procedure runs on 'segmint'" in read(
        HEAD.replace("segment", "segmint") + "total: true", tmp_path
    )
