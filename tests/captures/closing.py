"""Scenarios of closing: in either order, by halves, at once, by reset, with the FIN or its ACK lost."""

from __future__ import annotations

import contextlib
import socket
import time

from tests.captures.lab import BOTH, CLIENT, SERVER, Lab, Point, scenario
from tests.captures.net import abort
from tests.captures.relay import after, in_order, is_fin, is_pure_ack, lose


def drain(sock: socket.socket) -> None:
    """Read until the peer has closed."""
    while sock.recv(4096):
        pass


@scenario(Point("right"))
def server_closes(lab: Lab) -> None:
    """The server closes first, with its last data."""
    client, server = lab.pair()
    client.sendall(b"question")
    server.recv(100)
    server.sendall(b"answer")
    server.close()
    drain(client)
    client.close()


@scenario()
def half_close(lab: Lab) -> None:
    """The client shuts its direction down and goes on reading."""
    halves(lab, socket.AF_INET)


@scenario(Point("right"))
def ipv6_half_close(lab: Lab) -> None:
    """Over IPv6: the client shuts its direction down and goes on reading."""
    halves(lab, socket.AF_INET6)


def halves(lab: Lab, family: int) -> None:
    client, server = lab.pair(family)
    client.sendall(b"all I have to say")
    client.shutdown(socket.SHUT_WR)
    drain(server)
    for part in (b"one", b"two", b"three"):
        server.sendall(part)
        time.sleep(0.06)
    server.close()
    drain(client)


@scenario(*BOTH, plan=after(0.08))
def simultaneous_close(lab: Lab) -> None:
    """Both sides close while the FIN of the other is on its way."""
    client, server = lab.pair()
    time.sleep(0.2)
    client.shutdown(socket.SHUT_WR)
    server.shutdown(socket.SHUT_WR)
    drain(client)
    drain(server)


@scenario(*BOTH, plan=lose(0, is_fin))
def fin_lost(lab: Lab) -> None:
    """The first FIN is lost and sent again."""
    client, server = lab.pair()
    client.close()
    drain(server)
    server.close()


@scenario(*BOTH, plan=lose(0, in_order(is_fin, is_pure_ack)))
def last_ack_lost(lab: Lab) -> None:
    """The ACK of the second FIN is lost: the FIN comes again and TIME-WAIT answers it."""
    client, server = lab.pair()
    client.close()
    drain(server)
    server.close()
    time.sleep(0.6)


@scenario()
def aborted(lab: Lab) -> None:
    """The client aborts (SO_LINGER 0)."""
    client, server = lab.pair()
    client.sendall(b"question")
    server.recv(100)
    abort(client)


@scenario()
def ipv6_aborted(lab: Lab) -> None:
    """Over IPv6: the client aborts (SO_LINGER 0)."""
    client, server = lab.pair(socket.AF_INET6)
    client.sendall(b"question")
    server.recv(100)
    abort(client)


@scenario(*BOTH, plan=after(0.05))
def aborted_while_data_flies(lab: Lab) -> None:
    """The client aborts while data for it is on its way: a second reset answers the data."""
    client, server = lab.pair()
    server.sendall(b"too late")
    time.sleep(0.02)
    abort(client)
    time.sleep(0.3)


@scenario(Point("right"))
def closed_with_unread_data(lab: Lab) -> None:
    """The server closes without having read what it was sent: a reset instead of a FIN."""
    client, server = lab.pair()
    client.sendall(b"nobody reads this")
    time.sleep(0.1)
    server.close()


@scenario()
def data_after_close(lab: Lab) -> None:
    """The client closes for good, not by half; data that still comes is answered by a reset."""
    client, server = lab.pair()
    client.close()
    drain(server)
    server.sendall(b"is anybody there?")
    time.sleep(0.2)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        server.sendall(b"no")


@scenario()
def close_wait_lingers(lab: Lab) -> None:
    """The server takes its time: data in CLOSE-WAIT after the FIN of the client, then its own FIN."""
    client, server = lab.pair()
    client.sendall(b"bye")
    client.shutdown(socket.SHUT_WR)
    drain(server)
    time.sleep(0.3)
    server.sendall(b"wait")
    time.sleep(0.3)
    server.sendall(b"now")
    server.close()
    drain(client)


@scenario()
def connect_given_up(lab: Lab) -> None:
    """Nobody answers the SYN; the client repeats it and closes in SYN-SENT."""
    client = lab.net.left.open(CLIENT)
    client.setblocking(False)
    client.connect_ex(("10.9.0.7", SERVER))
    time.sleep(1.3)
    client.close()
