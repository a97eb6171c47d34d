"""How a scripted peer brings the kernel into each state, and how it shows what is left afterwards.

The kernel is on the right, where the capture is taken; the script is 10.9.0.7.
"""

from __future__ import annotations

import socket
import time

from tests.captures.lab import CLIENT, SERVER, Lab, Point
from tests.captures.puppet import Puppet
from tests.captures.wire import ACK, FIN, PSH, RST, SYN

HERE = Point("right")
# Linux ends an orphan in TIME-WAIT or FIN-WAIT-2 by its own timers; a script needs no more than this.
PAUSE = 0.1


def served(lab: Lab) -> tuple[Puppet, socket.socket]:
    """The script has connected to the kernel; its socket in ESTABLISHED."""
    listener = lab.net.right.listen(SERVER)
    puppet = Puppet(lab.net.left, lab.net.right, CLIENT, SERVER)
    puppet.connect()
    sock, _ = listener.accept()
    lab.net.right.opened.append(sock)
    return puppet, sock


def calling(lab: Lab) -> tuple[Puppet, socket.socket]:
    """The kernel has sent a SYN to the script."""
    puppet = Puppet(lab.net.left, lab.net.right, SERVER, CLIENT)
    sock = lab.net.right.open(CLIENT)
    sock.setblocking(False)
    sock.connect_ex((Puppet.address, SERVER))
    puppet.flags(SYN)
    return puppet, sock


def fin_wait_1(lab: Lab) -> tuple[Puppet, socket.socket]:
    puppet, sock = served(lab)
    sock.shutdown(socket.SHUT_WR)
    puppet.flags(FIN | ACK)
    return puppet, sock


def fin_wait_2(lab: Lab) -> tuple[Puppet, socket.socket]:
    puppet, sock = fin_wait_1(lab)
    puppet.send(ACK)
    return puppet, sock


def close_wait(lab: Lab) -> tuple[Puppet, socket.socket]:
    puppet, sock = served(lab)
    puppet.send(FIN | ACK)
    puppet.flags(ACK)
    return puppet, sock


def last_ack(lab: Lab) -> tuple[Puppet, socket.socket]:
    puppet, sock = close_wait(lab)
    sock.shutdown(socket.SHUT_WR)
    puppet.flags(FIN | ACK)
    return puppet, sock


def closing(lab: Lab) -> tuple[Puppet, socket.socket]:
    puppet, sock = fin_wait_1(lab)
    puppet.send(FIN | ACK, ack=puppet.rcv_nxt - 1)
    puppet.flags(ACK)
    return puppet, sock


def time_wait(lab: Lab) -> tuple[Puppet, socket.socket]:
    puppet, sock = fin_wait_2(lab)
    puppet.send(FIN | ACK)
    puppet.flags(ACK)
    return puppet, sock


def ask(puppet: Puppet) -> None:
    """Data that shows what is left of the connection: an ACK, a reset, or nothing."""
    time.sleep(PAUSE)
    puppet.send(ACK | PSH, text=b"hello?")
    time.sleep(PAUSE)


def reopen(puppet: Puppet) -> None:
    """A new SYN with a higher number shows that the old connection is gone; the new one is aborted at once."""
    time.sleep(PAUSE)
    puppet.snd_nxt += 100000
    puppet.connect()
    puppet.send(RST)
    time.sleep(PAUSE)
