"""A peer without a stack: it sends what a script says, and can therefore bring the kernel into any state."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from tests.captures.net import Host, inside
from tests.captures.wire import ACK, FIN, MSS_1460, PSH, RST, SYN, Draft, Seen, packet, parse

ETH_P_IP = 0x0800


class Puppet:
    """A scripted peer at 10.9.0.7, on the link of `host`, talking to `kernel`; ISN 1000."""

    address = "10.9.0.7"

    def __init__(self, host: Host, kernel: Host, port: int, kernel_port: int) -> None:
        self.kernel, self.port, self.kernel_port = kernel, port, kernel_port
        self.snd_nxt, self.rcv_nxt = 1000, 0
        with inside(host.namespace):
            self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        self.wire.bind(("eth0", ETH_P_IP))
        self.wire.settimeout(0.05)
        macs = (bytes.fromhex(side.mac.replace(":", "")) for side in (kernel, host))
        self.ethernet = b"".join(macs) + b"\x08\x00"
        host.opened.append(self.wire)

    def send(self, flags: int, seq: int | None = None, ack: int | None = None, text: bytes = b"", **more: int) -> None:
        """Send a segment; `seq` and `ack` default to what this side would send, `ack=-1` leaves the field zero."""
        start = self.snd_nxt if seq is None else seq
        number = 0 if ack == -1 or not flags & ACK else self.rcv_nxt if ack is None else ack
        options = MSS_1460 if flags & SYN else b""
        draft = Draft(self.port, self.kernel_port, flags, start, number, more.get("window", 65535), options, text)
        self.wire.send(self.ethernet + packet(draft, self.address, self.kernel.ipv4))
        if seq is None and not flags & RST:
            self.snd_nxt += len(text) + bool(flags & SYN) + bool(flags & FIN)

    def expect(self, test: Callable[[Seen], bool], seconds: float = 3.0) -> Seen:
        """Wait for a segment from the kernel that passes the test, and take its end as RCV.NXT."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                seen = parse(self.wire.recv(65600)[14:])
            except TimeoutError:
                continue
            if seen and (seen.sport, seen.dport) == (self.kernel_port, self.port) and test(seen):
                if not seen.flags & RST:
                    self.rcv_nxt = seen.end
                return seen
        raise TimeoutError("the kernel did not send what the script expected")

    def flags(self, flags: int) -> Seen:
        """Wait for a segment with exactly these control bits, PSH aside."""
        return self.expect(lambda seen: seen.flags & ~PSH == flags)

    def connect(self) -> None:
        """Open actively: three segments, the kernel being a listener."""
        self.send(SYN)
        self.flags(SYN | ACK)
        self.send(ACK)

    def accept(self) -> None:
        """Open passively: wait for the kernel's SYN, answer it, wait for the third segment."""
        self.flags(SYN)
        self.send(SYN | ACK)
        self.flags(ACK)
