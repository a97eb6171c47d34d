"""Scenarios of data: loss, order, windows, probes, keep-alives, offload, urgent data, Nagle."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Sequence

from tests.captures.closing import drain
from tests.captures.lab import BOTH, CLIENT, SERVER, Lab, Point, scenario
from tests.captures.relay import after, in_order, is_pure_ack, is_text, lose
from tests.captures.wire import Seen

TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT = 4, 5, 6


def finish(client: socket.socket, server: socket.socket) -> None:
    """Close in order, the client first."""
    client.shutdown(socket.SHUT_WR)
    drain(server)
    server.close()
    drain(client)
    client.close()


def reading(sock: socket.socket) -> threading.Thread:
    """A thread that reads until the peer closes."""
    thread = threading.Thread(target=drain, args=(sock,), daemon=True)
    thread.start()
    return thread


@scenario(*BOTH, plan=lose(0, is_text))
def data_lost(lab: Lab) -> None:
    """The only segment of data is lost and repeated after the timeout."""
    client, server = lab.pair()
    client.sendall(b"once more")
    server.recv(100)
    finish(client, server)


@scenario(*BOTH, plan=lose(1, is_pure_ack))
def ack_lost(lab: Lab) -> None:
    """The acknowledgment is lost: the receiver sees the data twice."""
    client, server = lab.pair()
    client.sendall(b"once more")
    server.recv(100)
    time.sleep(0.5)
    finish(client, server)


@scenario(*BOTH, plan=lose(0, in_order(is_text, is_text, is_text), 0.01))
def fast_retransmit(lab: Lab) -> None:
    """One of eight segments is lost: duplicate ACKs with SACK bring it back."""
    client, server = lab.pair(options={socket.TCP_NODELAY: 1, socket.TCP_MAXSEG: 1012})
    reader = reading(server)
    for _ in range(8):
        client.sendall(b"d" * 1000)
    client.shutdown(socket.SHUT_WR)
    reader.join(5)
    server.close()
    drain(client)


def second_late(way: int, seen: Seen, times: int) -> Sequence[float]:
    """Every second segment of text is overtaken by the next; nothing is lost."""
    return (0.03,) if way == 0 and seen.size == 200 else (0.005,)


@scenario(*BOTH, plan=second_late)
def out_of_order(lab: Lab) -> None:
    """Segments overtake each other on the way."""
    client, server = lab.pair(options={socket.TCP_NODELAY: 1})
    for size in (100, 200, 100, 100, 200, 100):
        client.sendall(b"o" * size)
        time.sleep(0.002)
    time.sleep(0.2)
    finish(client, server)


@scenario(*BOTH, plan=lambda way, seen, times: (0.01, 0.02) if seen.size else (0.01,))
def duplicated(lab: Lab) -> None:
    """The network delivers every segment with text twice."""
    client, server = lab.pair()
    client.sendall(b"twice")
    server.sendall(server.recv(100))
    client.recv(100)
    time.sleep(0.1)
    finish(client, server)


@scenario(*BOTH, plan=after(0.05))
def both_talk(lab: Lab) -> None:
    """Both sides send at the same time over a slow link: what crosses is acknowledged late."""
    client, server = lab.pair(options={socket.TCP_NODELAY: 1})
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for turn in range(4):
        client.sendall(b"c" * (50 + turn))
        server.sendall(b"s" * (70 + turn))
        time.sleep(0.03)
    time.sleep(0.2)
    finish(client, server)


def starve(lab: Lab, pause: float) -> None:
    """Fill the receive buffer of a server that does not read, let it read after `pause` seconds, finish."""
    listener = lab.net.right.listen(SERVER, rcvbuf=2304)
    client = lab.net.left.open(CLIENT, options={socket.TCP_NODELAY: 1})
    client.connect(lab.net.right.address(SERVER))
    server, _ = listener.accept()
    client.setblocking(False)
    client.send(b"w" * 6000)
    client.settimeout(10)
    time.sleep(pause)
    reader = reading(server)
    client.shutdown(socket.SHUT_WR)
    reader.join(10)
    server.close()
    drain(client)


@scenario(Point("left"))
def zero_window(lab: Lab) -> None:
    """The server does not read: the window closes, is probed, and opens again."""
    starve(lab, 1.5)


@scenario(*BOTH, plan=after(0.04))
def zero_window_slow_link(lab: Lab) -> None:
    """A window that closes, is probed and opens, over a slow link."""
    starve(lab, 1.0)


@scenario()
def window_updates(lab: Lab) -> None:
    """The server reads in pieces: its window moves by updates that acknowledge nothing new."""
    listener = lab.net.right.listen(SERVER, rcvbuf=4096)
    client = lab.net.left.open(CLIENT, options={socket.TCP_MAXSEG: 524})
    client.connect(lab.net.right.address(SERVER))
    server, _ = listener.accept()
    writer = threading.Thread(target=client.sendall, args=(b"u" * 9000,), daemon=True)
    writer.start()
    for _ in range(18):
        time.sleep(0.05)
        server.recv(500)
    writer.join(5)
    client.shutdown(socket.SHUT_WR)
    drain(server)
    server.close()


@scenario()
def keep_alive(lab: Lab) -> None:
    """An idle connection with keep-alives after one second."""
    client, server = lab.pair(options={TCP_KEEPIDLE: 1, TCP_KEEPINTVL: 1, TCP_KEEPCNT: 3})
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.sendall(b"alive")
    server.recv(10)
    time.sleep(2.5)
    finish(client, server)


@scenario(*BOTH, plan=lambda way, seen, times: (0.0,) if seen.flags != 16 or times == 0 or way == 1 else ())
def keep_alive_unanswered(lab: Lab) -> None:
    """Every repeated bare ACK of the client is lost, keep-alives among them: at last it resets the connection."""
    client, server = lab.pair(options={TCP_KEEPIDLE: 1, TCP_KEEPINTVL: 1, TCP_KEEPCNT: 2})
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.sendall(b"alive")
    server.recv(10)
    time.sleep(4.5)


@scenario(Point("left", "-left"), Point("right", "-right"))
def offload_on(lab: Lab) -> None:
    """Segmentation offload: the capture shows segments far above the MSS, with unfinished checksums."""
    for host in (lab.net.left, lab.net.right):
        host.offload("on")
    bulk(lab)


@scenario()
def offload_off(lab: Lab) -> None:
    """The same transfer with offload off."""
    bulk(lab)


def bulk(lab: Lab) -> None:
    client, server = lab.pair()
    reader = reading(server)
    client.sendall(bytes(12000))
    client.shutdown(socket.SHUT_WR)
    reader.join(5)
    server.close()
    drain(client)


@scenario()
def urgent(lab: Lab) -> None:
    """Urgent data (MSG_OOB), alone and between other data."""
    client, server = lab.pair()
    client.send(b"!", socket.MSG_OOB)
    time.sleep(0.05)
    client.sendall(b"before")
    client.send(b"?", socket.MSG_OOB)
    client.sendall(b"after")
    time.sleep(0.1)
    finish(client, server)


@scenario(*BOTH, plan=after(0.03))
def nagle(lab: Lab) -> None:
    """Small writes with the Nagle algorithm: one small segment in flight at a time."""
    client, server = lab.pair()
    for number in range(6):
        client.sendall(b"n" * (number + 1))
        time.sleep(0.005)
    time.sleep(0.3)
    finish(client, server)


@scenario(*BOTH, plan=after(0.03))
def nagle_off(lab: Lab) -> None:
    """The same writes with TCP_NODELAY."""
    client, server = lab.pair(options={socket.TCP_NODELAY: 1})
    for number in range(6):
        client.sendall(b"n" * (number + 1))
        time.sleep(0.005)
    time.sleep(0.3)
    finish(client, server)


@scenario()
def delayed_acks(lab: Lab) -> None:
    """Questions and answers until the receiver delays its acknowledgments, up to 40 ms and more."""
    client, server = lab.pair()
    for _ in range(6):
        client.sendall(b"question")
        server.sendall(server.recv(100))
        client.recv(100)
    for _ in range(3):
        client.sendall(b"no answer to this")
        server.recv(100)
        time.sleep(0.25)
    finish(client, server)


@scenario()
def small_segments(lab: Lab) -> None:
    """Both sides announce a small MSS and keep to it."""
    client, server = lab.pair(options={socket.TCP_MAXSEG: 200})
    reader = reading(server)
    client.sendall(bytes(1500))
    client.shutdown(socket.SHUT_WR)
    reader.join(5)
    server.close()
    drain(client)
