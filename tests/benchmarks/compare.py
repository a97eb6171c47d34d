"""`tcpmodel verify` and `tshark -z conv,tcp` on one capture, in one run: seconds, ratio and peak memory of both.

`python -m tests.benchmarks.compare` writes a capture of a million packets first; `FILE` takes one that is there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .generate import write


@dataclass
class Run:
    """One program on the capture: wall-clock seconds, peak resident memory in MiB, exit code."""

    name: str
    seconds: float
    memory: float
    code: int


def run(name: str, command: list[str]) -> Run:
    """Run a command to its end, its output thrown away."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(name, time.perf_counter() - start, usage.ru_maxrss / 1024, process.returncode)


def compare(capture: Path, repeat: int = 1) -> list[Run]:
    """The fastest of `repeat` runs of each program, taken in turns; tshark is left out where it is not installed."""
    commands = {"tcpmodel": [sys.executable, "-m", "tcpmodel", "verify", "-q", str(capture)]}
    if shutil.which("tshark"):
        commands["tshark"] = ["tshark", "-q", "-z", "conv,tcp", "-r", str(capture)]
    runs = [run(name, command) for _ in range(repeat) for name, command in commands.items()]
    return [min((r for r in runs if r.name == name), key=lambda r: r.seconds) for name in commands]


def show(runs: list[Run], packets: int) -> None:
    """Print the runs and the ratio."""
    for r in runs:
        rate = packets / r.seconds
        print(f"{r.name:10} {r.seconds:8.2f} s {rate:10.0f} packets/s {r.memory:8.0f} MiB exit {r.code}")
    if len(runs) == 2:
        print(f"ratio      {runs[0].seconds / runs[1].seconds:8.2f}")


def main() -> None:
    """Parse the arguments, generate where needed, compare."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", nargs="?", type=Path, help="a capture; without it one is generated")
    arguments.add_argument("--packets", type=int, default=1_000_000, help="packets in the capture")
    arguments.add_argument("--repeat", type=int, default=1)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        capture = chosen.file or Path(folder) / "traffic.pcap"
        if chosen.file is None:
            print(f"{write(capture, chosen.packets)} connections, {capture.stat().st_size >> 20} MiB")
        show(compare(capture, chosen.repeat), chosen.packets)


if __name__ == "__main__":
    main()
