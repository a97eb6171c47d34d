"""What a scenario gets to play with, and how one is declared."""

from __future__ import annotations

import gzip
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.captures.net import Dump, Net
from tests.captures.relay import Plan, Relay

CLIENT, SERVER = 40000, 80
SETTLE = 0.15  # seconds for the last frames to reach the files
LIMIT = 40  # seconds that a scenario may take
Play = Callable[["Lab"], None]


@dataclass(frozen=True)
class Point:
    """Where and how to capture: `where` is left, right or middle, `form` the kind of file."""

    where: str = "left"
    suffix: str = ""
    words: tuple[str, ...] = ()
    interface: str = "eth0"
    form: str = "pcap"

    def path(self, folder: Path, name: str) -> Path:
        return folder / f"{name}{self.suffix}.{'pcapng' if self.form == 'pcapng' else 'pcap'}"


@dataclass(frozen=True)
class Scenario:
    """A function that plays, and the laboratory that it wants."""

    play: Play
    points: tuple[Point, ...]
    plan: Plan | None
    late: bool
    sysctl: Mapping[str, object]


ALL: dict[str, Scenario] = {}
BOTH = (Point("left", "-left"), Point("right", "-right"))


def scenario(
    *points: Point, plan: Plan | None = None, late: bool = False, sysctl: Mapping[str, object] | None = None
) -> Callable[[Play], Play]:
    """Declare a scenario. With a plan the link runs through a relay; if `late`, the play itself begins the capture."""

    def declare(play: Play) -> Play:
        name = play.__name__.replace("_", "-").removesuffix("-")
        ALL[name] = Scenario(play, points or (Point(),), plan, late, sysctl or {})
        return play

    return declare


@dataclass
class Lab:
    """Two hosts and the captures of a scenario in progress."""

    net: Net
    name: str
    scenario: Scenario
    folder: Path
    dumps: list[Dump] = field(default_factory=list)

    def begin(self) -> None:
        """Start capturing."""
        spaces = {"left": self.net.left.namespace, "right": self.net.right.namespace, "middle": self.net.middle}
        for point in self.scenario.points:
            path = point.path(self.folder, self.name)
            self.dumps.append(Dump(spaces[point.where], path, point.interface, point.words))

    def end(self) -> None:
        """Stop capturing; called again it does nothing."""
        if self.dumps:
            time.sleep(SETTLE)
        while self.dumps:
            self.dumps.pop().stop()

    def pair(self, family: int = socket.AF_INET, client: int = CLIENT, server: int = SERVER,
             options: Mapping[int, int] | None = None) -> tuple[socket.socket, socket.socket]:  # fmt: skip
        """A connection: the client's socket on the left and the server's on the right."""
        listener = self.net.right.listen(server, family)
        near = self.net.left.open(client, family, options)
        near.connect(self.net.right.address(server, family))
        far, _ = listener.accept()
        far.settimeout(10)
        self.net.right.opened.append(far)
        listener.close()
        return near, far


def convert(point: Point, path: Path) -> None:
    """Give a finished capture the form that its point asks for."""
    if point.form == "gz":
        with path.open("rb") as plain, gzip.GzipFile(f"{path}.gz", "wb", mtime=0) as packed:
            shutil.copyfileobj(plain, packed)
        path.unlink()
    elif point.form == "pcapng":
        raw = path.with_suffix(".tmp")
        path.rename(raw)
        subprocess.run(["editcap", "-F", "pcapng", str(raw), str(path)], check=True, capture_output=True)
        raw.unlink()


def too_long(signum: int, frame: object) -> None:
    raise TimeoutError(f"the scenario took more than {LIMIT} s")


def perform(name: str, folder: Path) -> None:
    """Play one scenario and leave its captures in `folder`."""
    plot = ALL[name]
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(LIMIT)
    relay = None
    try:
        with Net(plot.plan is not None) as net:
            lab = Lab(net, name, plot, folder)
            for host in (net.left, net.right):
                host.sysctl(**plot.sysctl)
            try:
                if plot.plan:
                    relay = Relay(net.middle, plot.plan)
                    relay.start()
                if not plot.late:
                    lab.begin()
                plot.play(lab)
            finally:
                lab.end()
                if relay:
                    relay.stop()
    finally:
        signal.alarm(0)
    for point in plot.points:
        convert(point, point.path(folder, name))
