"""Importing the reader is cheap: what a pcap does not need is not loaded."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "jsonschema",
    "gzip",
    "click",
    "json",
    "decimal",
    "socket",
    "ipaddress",
    "yaml",
    "rich",
    "z3",
    "networkx",
)


def test_nothing_heavy_is_imported() -> None:
    code = f"import sys, tcpmodel.trace; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
