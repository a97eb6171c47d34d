"""python -m tests.captures OUTDIR [NAME...]: play the scenarios, all or those named. Needs root, tcpdump and ip."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from tests.captures import closing, data, opening, options, resets, scripted  # noqa: F401  (they declare the scenarios)
from tests.captures.lab import ALL, perform


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, "\n\nScenarios: " + " ".join(sorted(ALL)), file=sys.stderr)
        return 2
    if os.geteuid():
        print("network namespaces need root", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    folder, names = Path(arguments[0]), arguments[1:] or sorted(ALL)
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in names:
        started = time.monotonic()
        try:
            perform(name, folder)
            result = "done"
        except (OSError, RuntimeError, AssertionError, KeyError) as problem:
            failed, result = 1, f"FAILED: {type(problem).__name__}: {problem}"
        print(f"{name:32} {time.monotonic() - started:5.1f} s  {result}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
