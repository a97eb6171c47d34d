"""The Linux kernel's own word on its state, against the replay of its captures."""

from __future__ import annotations

import pytest

from .material import available
from .truth import Result, measure, show

pytestmark = pytest.mark.skipif(not available("linux"), reason="the captures of the Linux stack are not here")

# A RST behind text beyond the window, which Linux takes whole (tcp_rcv_neg_window, over IPv4 and IPv6).
STATES_THAT_DIFFER = 2


@pytest.fixture(scope="module")
def result() -> Result:
    return measure()


def test_no_finding_against_the_kernel(result: Result) -> None:
    assert result.crashes == []
    assert [(pcap, f.rule, f.frame) for pcap, f in result.findings if f.level == "must"] == []


def test_states_agree(result: Result) -> None:
    assert result.states > 1000
    assert len(result.state_errors) <= STATES_THAT_DIFFER, "\n".join(map(str, result.state_errors))


def test_send_variables_agree(result: Result) -> None:
    assert result.probes == 640
    assert result.probe_errors == [], "\n".join(map(str, result.probe_errors))


def test_the_figures_can_be_shown(result: Result) -> None:
    assert any(line.startswith("states ") for line in show(result))
