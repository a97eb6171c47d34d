"""Experts' verdicts on public captures against the replay, and that every capture can be verified in time."""

from __future__ import annotations

import pytest

from .material import available
from .peers import Row, judge, opinion_of, show, timed, with_verdict

needs_captures = pytest.mark.skipif(not available("peers"), reason="the captures of other tools are not here")

PATIENCE = 20.0  # seconds for one capture
# Where the replay differs from the expert, and why. A capture that agrees again has to leave this table.
DIFFERS = {
    "b2762f2e": "the expert lets an active closer use its 4-tuple again after 1 ms",
    "cf0a4373": "the expert leaves open whether TIME-WAIT may be cut short where timestamps grow",
    "808f4211": "the frames are out of order; in that of their times frames may be missing before the jump",
}


def test_words_of_experts_are_understood() -> None:
    assert opinion_of("violation by 127.0.0.1:56052 (edited capture)").culprit == "127.0.0.1:56052"
    assert opinion_of("conforming except s9 order, s10 ACK of unsent data").but == {9, 10}
    assert opinion_of("capture incomplete").kind == "open"


@needs_captures
@pytest.mark.parametrize("row", with_verdict() if available("peers") else [], ids=lambda row: row["file"][:8])
def test_expert_agrees(row: Row) -> None:
    comparison = judge(row)
    assert comparison.connections
    assert bool(comparison.complaints) == (row["file"][:8] in DIFFERS), "\n".join(show(comparison))


@needs_captures
def test_every_capture_can_be_verified() -> None:
    slow_or_broken = [row for row in timed() if row[1] > PATIENCE or row[2]]
    assert slow_or_broken == []
