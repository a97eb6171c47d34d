"""Scenarios of resets and SYNs that reach a connection: in each state, exact or not, genuine or forged."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from tests.captures.lab import CLIENT, SERVER, Lab, scenario
from tests.captures.net import abort, numbers, state
from tests.captures.puppet import Puppet
from tests.captures.reach import (
    HERE,
    PAUSE,
    calling,
    close_wait,
    closing,
    fin_wait_1,
    fin_wait_2,
    last_ack,
    reopen,
    served,
    time_wait,
)
from tests.captures.wire import ACK, RST, SYN


def reset_in(name: str, reach: Callable[[Lab], tuple[Puppet, socket.socket]]) -> None:
    """Declare: bring the kernel into a state, reset it there exactly, then open anew."""

    def play(lab: Lab) -> None:
        puppet, sock = reach(lab)
        time.sleep(PAUSE)
        assert name == "time-wait" or state(sock).lower() == name, state(sock)
        puppet.send(RST)
        reopen(puppet)

    play.__name__ = f"rst_in_{name.replace('-', '_')}"
    scenario(HERE)(play)


for known, way in {
    "established": served,
    "fin-wait-1": fin_wait_1,
    "fin-wait-2": fin_wait_2,
    "close-wait": close_wait,
    "last-ack": last_ack,
    "closing": closing,
    "time-wait": time_wait,
}.items():
    reset_in(known, way)


@scenario(HERE)
def rst_in_syn_sent(lab: Lab) -> None:
    """A reset that acknowledges the SYN ends SYN-SENT."""
    puppet, _ = calling(lab)
    puppet.send(RST | ACK, seq=0)
    time.sleep(PAUSE)


@scenario(HERE)
def rst_in_syn_sent_bad_ack(lab: Lab) -> None:
    """A reset that acknowledges something else is ignored, the SYN is repeated, and the handshake succeeds."""
    puppet, sock = calling(lab)
    puppet.send(RST | ACK, seq=0, ack=puppet.rcv_nxt + 10)
    puppet.accept()
    time.sleep(PAUSE)
    abort(sock)


@scenario(HERE)
def rst_in_syn_received(lab: Lab) -> None:
    """A reset in SYN-RECEIVED sends the listener back to LISTEN; the next SYN is taken."""
    lab.net.right.listen(SERVER)
    puppet = Puppet(lab.net.left, lab.net.right, CLIENT, SERVER)
    puppet.send(SYN)
    puppet.flags(SYN | ACK)
    puppet.send(RST)
    time.sleep(PAUSE)
    puppet.snd_nxt = 5000
    puppet.connect()
    time.sleep(PAUSE)


@scenario(HERE)
def rst_in_listen(lab: Lab) -> None:
    """The end of a forgotten connection: a listener resets its ACK, ignores its reset, and takes a new SYN."""
    lab.net.right.listen(SERVER)
    puppet = Puppet(lab.net.left, lab.net.right, CLIENT, SERVER)
    puppet.send(ACK, ack=7777)
    puppet.send(RST)
    puppet.flags(RST)
    puppet.snd_nxt = 500000
    puppet.connect()
    time.sleep(PAUSE)


@scenario(HERE)
def rst_in_window(lab: Lab) -> None:
    """Fifty octets are lost and the peer aborts: its reset draws a challenge ACK, and that an exact reset."""
    puppet, sock = served(lab)
    old = puppet.snd_nxt
    puppet.send(RST, seq=old + 50)
    puppet.flags(ACK)
    assert state(sock) == "ESTABLISHED"
    puppet.send(RST, seq=old)
    reopen(puppet)


def forge(lab: Lab, flags: int, offsets: tuple[int, ...]) -> tuple[socket.socket, socket.socket]:
    """A connection of two kernels into which a third host sends segments in the name of the client."""
    client, server = lab.pair(options={socket.TCP_NODELAY: 1})
    client.sendall(b"genuine")
    server.recv(10)
    seq = numbers(client)[0]
    forger = Puppet(lab.net.left, lab.net.right, CLIENT, SERVER)
    forger.address = lab.net.left.ipv4
    for offset in offsets:
        forger.send(flags, seq=seq + offset)
        time.sleep(0.6)
    return client, server


def survive(client: socket.socket, server: socket.socket) -> None:
    """The connection goes on as if nothing had happened."""
    client.sendall(b"still here")
    assert server.recv(20) == b"still here"
    client.close()
    server.close()


@scenario(HERE)
def forged_rst_in_window(lab: Lab) -> None:
    """A third host forges a reset inside the window: a challenge ACK, and the connection lives."""
    survive(*forge(lab, RST, (50,)))


@scenario(HERE)
def forged_rst_outside_window(lab: Lab) -> None:
    """Forged resets below and above the window are dropped without an answer."""
    survive(*forge(lab, RST, (-500, 1000000)))


@scenario(HERE)
def forged_rst_exact(lab: Lab) -> None:
    """A forged reset at RCV.NXT kills the server's side; the client, which knows of nothing, is reset in its turn."""
    client, _ = forge(lab, RST, (0,))
    client.sendall(b"still here")
    time.sleep(PAUSE)


@scenario(HERE)
def forged_syn(lab: Lab) -> None:
    """Forged SYNs, in the window and below it, draw challenge ACKs."""
    survive(*forge(lab, SYN, (100, -1000)))


@scenario(HERE)
def syn_in_established(lab: Lab) -> None:
    """The SYN of the handshake comes again, then the peer crashes and sends a SYN inside the old window."""
    puppet, sock = served(lab)
    old = puppet.snd_nxt
    puppet.send(SYN, seq=1000)
    puppet.flags(ACK)
    time.sleep(0.6)
    puppet.send(SYN, seq=old + 100)
    puppet.flags(ACK)
    assert state(sock) == "ESTABLISHED"
    puppet.send(RST, seq=old)
    time.sleep(PAUSE)
    puppet.snd_nxt = old + 100
    puppet.connect()
    time.sleep(PAUSE)
