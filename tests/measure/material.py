"""Where the captures to measure with are: beside the checkout, or where TCPMODEL_CAPTURES says."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tcpmodel.compile import load_steps
from tcpmodel.trace import Segment, open_trace

CHECKOUT = Path(__file__).resolve().parents[2]
CAPTURES = Path(os.environ.get("TCPMODEL_CAPTURES") or CHECKOUT.parent / "shared" / "captures")
TRACES = CHECKOUT / "traces"


def available(part: str) -> bool:
    """Whether the part ("linux", "peers") of the captures is there."""
    return (CAPTURES / part).is_dir()


@cache
def linux_truth() -> list[dict[str, Any]]:
    """One object a capture: what the Linux kernel said of its own state (see the README beside it)."""
    rows: list[dict[str, Any]] = json.loads((CAPTURES / "linux" / "truth.json").read_text())
    return rows


@cache
def peers_index() -> list[dict[str, Any]]:
    """One object a capture: where it is from, what it holds, and for some an expert's verdict."""
    rows: list[dict[str, Any]] = json.loads((CAPTURES / "peers" / "index.json").read_text())
    return rows


def linux_pcap(row: dict[str, Any]) -> Path:
    """The capture that a row of `linux_truth` speaks of."""
    path: Path = CAPTURES / "linux" / row["pcap"]
    return path


def linux_steps() -> ModuleType:
    """The step functions of the profile for the Linux stack."""
    return load_steps(profile="linux")


def segments(path: Path) -> list[Segment]:
    """The TCP segments of a trace."""
    return [item for item in open_trace(path) if isinstance(item, Segment)]


def port(address: str) -> int:
    """The port of "10.0.0.1:40000" or "[fd00::1]:80"."""
    return int(address.rpartition(":")[2])


def host(address: str) -> str:
    """The host of "10.0.0.1:40000" or "[fd00::1]:80"."""
    return address.rpartition(":")[0].strip("[]")
