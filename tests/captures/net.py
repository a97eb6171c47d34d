"""The laboratory: two hosts in network namespaces on one link, and tcpdump on either of them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

CLONE_NEWNET = 0x40000000
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
NO_LINGER = struct.pack("ii", 1, 0)
libc = ctypes.CDLL(None, use_errno=True)


def run(*words: str) -> None:
    """Run a command; its words are in the exception if it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Run the body in a network namespace; sockets made there stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns", namespace)
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(there)
        os.close(home)


@dataclass
class Host:
    """One end of the link: a namespace with one interface, an IPv4 and an IPv6 address."""

    namespace: str
    number: int
    opened: list[socket.socket] = field(default_factory=list)

    @property
    def ipv4(self) -> str:
        return f"10.9.0.{self.number}"

    @property
    def ipv6(self) -> str:
        return f"fd09::{self.number}"

    @property
    def mac(self) -> str:
        return f"02:00:00:00:00:{self.number:02x}"

    def address(self, port: int, family: int = socket.AF_INET) -> tuple[str, int]:
        return (self.ipv6 if family == socket.AF_INET6 else self.ipv4, port)

    def open(
        self, port: int = 0, family: int = socket.AF_INET, options: Mapping[int, int] | None = None
    ) -> socket.socket:
        """A TCP socket of this host, bound to `port`; `options` are of level IPPROTO_TCP."""
        with inside(self.namespace):
            sock = socket.socket(family, socket.SOCK_STREAM)
        self.opened.append(sock)
        sock.settimeout(10)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for name, value in (options or {}).items():
            sock.setsockopt(socket.IPPROTO_TCP, name, value)
        sock.bind(self.address(port, family))
        return sock

    def listen(self, port: int = 80, family: int = socket.AF_INET, backlog: int = 8, **options: int) -> socket.socket:
        """A listening socket; `rcvbuf=` sets its receive buffer before anyone connects."""
        sock = self.open(port, family)
        if "rcvbuf" in options:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["rcvbuf"])
        sock.listen(backlog)
        return sock

    def sysctl(self, **values: object) -> None:
        """Set net.ipv4.NAME for this host alone."""
        with inside(self.namespace):
            for name, value in values.items():
                Path(f"/proc/sys/net/ipv4/{name}").write_text(str(value))

    def run(self, *words: str) -> None:
        run("ip", "netns", "exec", self.namespace, *words)

    def offload(self, state: str) -> None:
        """Switch the offloads of the interface "on" or "off"; off means that frames are as they were on a wire."""
        for feature in ("tso", "gso", "gro", "tx"):
            self.run("ethtool", "-K", "eth0", feature, state)


class Dump:
    """A running capture; `stop` returns when its file is complete."""

    def __init__(self, namespace: str, path: Path, interface: str, words: tuple[str, ...]) -> None:
        tool = ["tcpdump", "-Z", "root", "-U", "--immediate-mode", "-n", "-i", interface, "-w", str(path), *words]
        command = ["ip", "netns", "exec", namespace, *tool, "tcp"]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        said = self.process.stderr
        assert said is not None
        if not any("listening" in line for line in iter(said.readline, "")):
            raise RuntimeError(f"tcpdump did not start on {interface}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=5)


class Net:
    """Two hosts, `left` and `right`, joined by a veth pair or, if `middle`, by two pairs with a namespace between."""

    def __init__(self, middle: bool) -> None:
        names = [f"tcpm{os.getpid()}{side}" for side in "lrm"]
        self.left, self.right, self.middle = Host(names[0], 1), Host(names[1], 2), names[2] if middle else ""

    def __enter__(self) -> Net:
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for host in (self.left, self.right):
            for sock in host.opened:
                sock.close()
        for name in (self.left.namespace, self.right.namespace, self.middle):
            if name:
                subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def build(self) -> None:
        spaces = [name for name in (self.left.namespace, self.right.namespace, self.middle) if name]
        for name in spaces:
            run("ip", "netns", "add", name)
        if self.middle:
            for port, host in (("m0", self.left), ("m1", self.right)):
                self.cable(host.namespace, "eth0", self.middle, port)
                run("ip", "-n", self.middle, "link", "set", port, "up")
        else:
            self.cable(self.left.namespace, "eth0", self.right.namespace, "eth0")
        for host, peer in ((self.left, self.right), (self.right, self.left)):
            self.configure(host, peer)

    @staticmethod
    def cable(first: str, port: str, second: str, other: str) -> None:
        words = ["link", "add", port, "netns", first, "type", "veth", "peer", "name", other, "netns", second]
        run("ip", *words)

    @staticmethod
    def configure(host: Host, peer: Host) -> None:
        """Addresses without discovery: neighbours are permanent, so only TCP is on the link."""
        ip = ("ip", "-n", host.namespace)
        run(*ip, "link", "set", "eth0", "address", host.mac)
        run(*ip, "addr", "add", f"{host.ipv4}/24", "dev", "eth0")
        run(*ip, "addr", "add", f"{host.ipv6}/64", "dev", "eth0", "nodad")
        run(*ip, "link", "set", "eth0", "up")
        for address in (peer.ipv4, peer.ipv6, "10.9.0.7"):
            run(*ip, "neigh", "add", address, "lladdr", peer.mac, "dev", "eth0", "nud", "permanent")
        host.offload("off")


def numbers(sock: socket.socket) -> tuple[int, int]:
    """(SND.NXT, RCV.NXT) of a connected socket, read in repair mode, which sends nothing."""
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    found = []
    for queue in (2, 1):
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, queue)
        found.append(sock.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ) & 0xFFFFFFFF)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, -1)
    return found[0], found[1]


def state(sock: socket.socket) -> str:
    """The state that the kernel reports, in the RFC's spelling."""
    names = ["ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED"]
    names += ["CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING"]
    return names[sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] - 1]


def abort(sock: socket.socket) -> None:
    """Close with a reset (ABORT)."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    sock.close()
