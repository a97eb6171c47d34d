"""Whatever is played keeps to the model, so its trace conforms; undoing goes back to what was."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tcpmodel.compile import load_steps
from tcpmodel.errors import UsageError
from tcpmodel.spec import load
from tcpmodel.spec.model import Model
from tcpmodel.step.session import ADDRESSES, Forbidden, Session
from tcpmodel.trace import Segment, open_trace
from tcpmodel.trace.writers import write_json
from tcpmodel.verify import verify

SECOND = 1_000_000_000
HANDSHAKE = ("b call OPEN passive=True", "a call OPEN", "a send", "deliver 1", "b send", "deliver 2", "a send",
             "deliver 3")  # fmt: skip
MOVES = ("send", "send", "send .", "send P. 10", "send P. 10", "send F.", "call CLOSE", "deliver", "deliver", "deliver",
         "duplicate", "drop", "wait")  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Model:
    return load()


def move(session: Session, words: str) -> None:
    verb, _, rest = words.partition(" ")
    if verb == "deliver":
        session.deliver(int(rest))
    elif rest.startswith("send"):
        session.send(verb, rest[5:])
    else:
        session.happen(verb, rest)


def connected(model: Model) -> Session:
    session = Session(model)
    for words in HANDSHAKE:
        move(session, words)
    return session


def states(session: Session) -> list[object]:
    return [session.machine.values(t)["STATE"] for t in session.moment.tcbs.values()]


def findings(session: Session, path: Path) -> list[str]:
    write_json(session.trace(), path, endpoints=dict(ADDRESSES), complete=True)
    verdict = verify(open_trace(path), load_steps())
    assert not verdict.error and verdict.connections
    return [f"{f.code} frame {f.frame}: {f.message}" for one in verdict.connections for f in one.findings]


def test_a_handshake_is_played(model: Model, tmp_path: Path) -> None:
    session = connected(model)
    assert states(session) == ["ESTABLISHED", "ESTABLISHED"] and not session.moment.flying
    assert [type(event).__name__ for event in session.trace()] == ["Call", "Call", "Segment", "Segment", "Segment"]
    assert findings(session, tmp_path / "trace.json") == []


def random_move(session: Session, draw: random.Random) -> None:
    what, end, flying = draw.choice(MOVES), draw.choice("ab"), session.moment.flying
    number = draw.choice(flying).number if flying else 0
    if what in ("deliver", "duplicate"):
        session.deliver(number, keep=what == "duplicate")
    elif what == "drop":
        session.drop(number)
    elif what == "wait":
        session.wait(draw.choice((SECOND // 10, SECOND, 300 * SECOND)))
    elif what.startswith("send"):
        session.send(end, what[5:])
    else:
        session.happen(end, what)


@pytest.mark.parametrize("seed", range(24))
def test_what_was_played_conforms(model: Model, seed: int, tmp_path: Path) -> None:
    draw, session = random.Random(seed), connected(model)
    for _ in range(40):
        before = session.moment
        try:
            random_move(session, draw)
        except UsageError:
            assert session.moment is before
    assert sum(isinstance(event, Segment) for event in session.moment.events) > 3
    assert findings(session, tmp_path / "trace.json") == []


def test_undo_goes_back_to_what_was(model: Model) -> None:
    session, draw = connected(model), random.Random(1)
    keys = []
    for _ in range(20):
        keys.append({end: t.key() for end, t in session.moment.tcbs.items()})
        past = len(session.past)
        try:
            random_move(session, draw)
        except UsageError:
            keys.pop()
            assert len(session.past) == past
    for key in reversed(keys):
        session.undo()
        assert {end: t.key() for end, t in session.moment.tcbs.items()} == key


def test_what_the_model_forbids_does_not_happen(model: Model) -> None:
    session = connected(model)
    with pytest.raises(Forbidden, match="TM413") as caught:
        session.send("a", "F.")
    assert states(session) == ["ESTABLISHED", "ESTABLISHED"] and caught.value.step.breaches


def test_one_endpoint_alone_meets_whatever_is_sent_to_it(model: Model) -> None:
    session = Session(model, alone=True)
    session.happen("a", "call OPEN")
    session.send("a")
    session.send("b", "S. 300:300(0) ack 101 win 1000")
    session.deliver(2)
    assert states(session) == ["ESTABLISHED"]
    with pytest.raises(UsageError, match="not played"):
        session.happen("b", "call CLOSE")
