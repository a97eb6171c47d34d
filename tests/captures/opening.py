"""Scenarios of opening: handshakes, lost and crossing ones, refusals, queues, cookies, fast open."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Sequence

from tests.captures.lab import BOTH, CLIENT, SERVER, Lab, Point, scenario
from tests.captures.net import abort
from tests.captures.relay import after, is_pure_ack, is_syn, lose
from tests.captures.wire import Seen

TCP_QUICKACK, TCP_FASTOPEN = 12, 23
MSG_FASTOPEN = 0x20000000


@scenario()
def handshake_client_closes(lab: Lab) -> None:
    """Open, a question and an answer, the client closes first."""
    client, server = lab.pair()
    client.sendall(b"question")
    server.recv(100)
    server.sendall(b"answer")
    client.recv(100)
    client.close()
    server.recv(100)
    server.close()


@scenario()
def ipv6_client_closes(lab: Lab) -> None:
    """Over IPv6: open, a question and an answer, the client closes first."""
    client, server = lab.pair(socket.AF_INET6)
    client.sendall(b"question")
    server.sendall(server.recv(100))
    client.recv(100)
    client.close()
    server.recv(100)
    server.close()


@scenario(Point("right"))
def refused(lab: Lab) -> None:
    """A SYN to a port nobody listens on."""
    refuse(lab, socket.AF_INET)


@scenario(Point("right"))
def ipv6_refused(lab: Lab) -> None:
    """Over IPv6: a SYN to a port nobody listens on."""
    refuse(lab, socket.AF_INET6)


def refuse(lab: Lab, family: int) -> None:
    client = lab.net.left.open(CLIENT, family)
    assert client.connect_ex(lab.net.right.address(SERVER, family)) == errno.ECONNREFUSED


@scenario(*BOTH, plan=lose(0, is_syn))
def syn_lost(lab: Lab) -> None:
    """The first SYN is lost; the left capture has it, the right one has not."""
    client, server = lab.pair()
    client.close()
    server.close()


@scenario(*BOTH, plan=lose(1, is_syn))
def synack_lost(lab: Lab) -> None:
    """The first SYN,ACK is lost: both sides repeat."""
    client, server = lab.pair()
    client.close()
    server.close()


@scenario(*BOTH, plan=lose(0, is_pure_ack))
def third_ack_lost(lab: Lab) -> None:
    """The third segment is lost; the data behind it establishes the server."""
    listener = lab.net.right.listen(SERVER)
    client = lab.net.left.open(CLIENT)
    client.connect(lab.net.right.address(SERVER))
    time.sleep(0.1)
    client.sendall(b"hello")
    server, _ = listener.accept()
    server.recv(10)
    client.close()
    server.close()


@scenario(*BOTH, plan=lose(0, is_pure_ack))
def third_ack_lost_server_first(lab: Lab) -> None:
    """The third segment is lost and the server would speak first: its SYN,ACK is repeated."""
    listener = lab.net.right.listen(SERVER)
    client = lab.net.left.open(CLIENT)
    client.connect(lab.net.right.address(SERVER))
    server, _ = listener.accept()
    server.sendall(b"welcome")
    client.recv(10)
    server.close()
    client.close()


@scenario(*BOTH, plan=after(0.08))
def simultaneous_open(lab: Lab) -> None:
    """Both sides call connect while the SYN of the other is on its way."""
    ends = [lab.net.left.open(CLIENT), lab.net.right.open(SERVER)]
    targets = [lab.net.right.address(SERVER), lab.net.left.address(CLIENT)]
    threads = [threading.Thread(target=end.connect, args=(to,)) for end, to in zip(ends, targets, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ends[0].sendall(b"left")
    ends[1].sendall(b"right")
    ends[0].recv(10)
    ends[1].recv(10)
    ends[0].close()
    ends[1].recv(10)
    ends[1].close()
    time.sleep(0.3)


@scenario()
def data_in_third_segment(lab: Lab) -> None:
    """With quick ACKs off the client sends no bare third segment: its first data carries the acknowledgment."""
    listener = lab.net.right.listen(SERVER)
    client = lab.net.left.open(CLIENT, options={TCP_QUICKACK: 0})
    client.connect(lab.net.right.address(SERVER))
    client.sendall(b"first words")
    far, _ = listener.accept()
    far.recv(100)
    client.close()
    far.close()


def slow_third(way: int, seen: Seen, times: int) -> Sequence[float]:
    """The third segments of the client take 0.2 s."""
    return (0.2,) if is_pure_ack(seen) and not way and not times else (0.0,)


@scenario(Point("right"), plan=slow_third)
def accept_queue_overflow(lab: Lab) -> None:
    """A third segment meets a full queue and is ignored; the SYN,ACK is repeated when there is room again."""
    overflow(lab)


@scenario(Point("right"), plan=slow_third)
def accept_queue_overflow_reset(lab: Lab) -> None:
    """The same with tcp_abort_on_overflow: the connection that finds no room is reset."""
    lab.net.right.sysctl(tcp_abort_on_overflow=1)
    overflow(lab)


def overflow(lab: Lab) -> None:
    """Four connections for a queue of three: the last two are opened at a time, before either is queued."""
    listener = lab.net.right.listen(SERVER, backlog=2)
    near = [lab.net.left.open(CLIENT + number) for number in range(4)]
    for number, sock in enumerate(near):
        sock.connect(lab.net.right.address(SERVER))
        time.sleep(0.3 if number == 1 else 0.0)
    time.sleep(0.4)
    far = [listener.accept()[0] for _ in range(3)]
    time.sleep(1.0)
    with contextlib.suppress(ConnectionError):
        near[3].sendall(b"heard at last")
        far.append(listener.accept()[0])
        far[3].recv(100)
    for sock in near + far:
        sock.close()


@scenario(Point("right"), sysctl={"tcp_syncookies": 2})
def syn_cookies(lab: Lab) -> None:
    """The server keeps no state for a SYN: its ISN is a cookie."""
    client, server = lab.pair()
    client.sendall(b"question")
    server.sendall(server.recv(100))
    client.recv(100)
    server.close()
    client.close()


@scenario(sysctl={"tcp_fastopen": 3})
def fast_open(lab: Lab) -> None:
    """The first connection asks for a cookie, the second uses it: its data rides on the SYN and is answered at once."""
    listener = lab.net.right.listen(SERVER)
    listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)
    for port in (CLIENT, CLIENT + 1):
        client = lab.net.left.open(port)
        client.settimeout(None)
        client.sendto(b"request", MSG_FASTOPEN, lab.net.right.address(SERVER))
        server, _ = listener.accept()
        server.recv(100)
        server.sendall(b"response")
        server.close()
        while client.recv(100):
            pass
        client.close()
        time.sleep(0.1)


@scenario(sysctl={"tcp_fastopen": 3})
def fast_open_not_taken(lab: Lab) -> None:
    """The server forgets fast open between two connections: the data on the second SYN is not acknowledged."""
    listener = lab.net.right.listen(SERVER)
    listener.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 5)
    for port in (CLIENT, CLIENT + 1):
        client = lab.net.left.open(port)
        client.settimeout(None)
        client.sendto(b"request", MSG_FASTOPEN, lab.net.right.address(SERVER))
        server, _ = listener.accept()
        server.recv(100)
        server.close()
        client.recv(100)
        client.close()
        lab.net.right.sysctl(tcp_fastopen=1)
        time.sleep(0.1)


@scenario()
def interleaved(lab: Lab) -> None:
    """Four connections at a time, one of them refused and one aborted."""
    listener = lab.net.right.listen(SERVER)
    near = [lab.net.left.open(CLIENT + number) for number in range(4)]
    assert near[3].connect_ex(lab.net.right.address(81)) == errno.ECONNREFUSED
    far = []
    for sock in near[:3]:
        sock.connect(lab.net.right.address(SERVER))
        far.append(listener.accept()[0])
    for turn in range(2):
        for number, sock in enumerate(near[:3]):
            sock.sendall(b"x" * (100 * turn + number + 1))
    for sock in far:
        sock.recv(1000)
        sock.sendall(b"ok")
    abort(near[1])
    for sock in (far[0], near[0], near[2], far[2], far[1]):
        sock.close()


@scenario()
def time_wait_reopened_by_client(lab: Lab) -> None:
    """The server closes first; while it is in TIME-WAIT the client opens again from the same port."""
    listener = lab.net.right.listen(SERVER)
    for _ in range(2):
        client = lab.net.left.open(CLIENT)
        client.connect(lab.net.right.address(SERVER))
        server, _ = listener.accept()
        server.close()
        client.recv(1)
        client.close()
        time.sleep(1.2)


@scenario(sysctl={"tcp_tw_reuse": 1})
def time_wait_reused(lab: Lab) -> None:
    """The client closes first and takes its own TIME-WAIT back after a second, which timestamps make safe."""
    listener = lab.net.right.listen(SERVER)
    for _ in range(2):
        client = lab.net.left.open(CLIENT)
        client.connect(lab.net.right.address(SERVER))
        server, _ = listener.accept()
        client.close()
        server.recv(1)
        server.close()
        time.sleep(2.2)


@scenario()
def reopened_after_reset(lab: Lab) -> None:
    """The client aborts and opens again from the same port at once."""
    listener = lab.net.right.listen(SERVER)
    for _ in range(2):
        client = lab.net.left.open(CLIENT)
        client.connect(lab.net.right.address(SERVER))
        server, _ = listener.accept()
        client.sendall(b"something")
        server.recv(10)
        abort(client)
        time.sleep(0.1)


@scenario(late=True)
def middle_start(lab: Lab) -> None:
    """The capture starts when the connection has been open for some time."""
    client, server = lab.pair()
    client.sendall(b"before")
    server.recv(100)
    lab.begin()
    client.sendall(b"after")
    server.sendall(server.recv(100))
    client.recv(100)
    client.close()
    server.close()


@scenario(late=True)
def middle_end(lab: Lab) -> None:
    """The capture ends before the connection does."""
    lab.begin()
    client, server = lab.pair()
    client.sendall(b"before")
    server.sendall(server.recv(100))
    client.recv(100)
    lab.end()
    client.close()
    server.close()


@scenario()
def listener_gone(lab: Lab) -> None:
    """The listener is closed while a connection waits in its queue: the waiting client is reset."""
    listener = lab.net.right.listen(SERVER)
    client = lab.net.left.open(CLIENT)
    client.connect(lab.net.right.address(SERVER))
    listener.close()
