"""Scenarios of options and of file formats: what was negotiated, and in what kind of file it was written down."""

from __future__ import annotations

import socket

from tests.captures.closing import drain
from tests.captures.data import finish, reading
from tests.captures.lab import Lab, Point, scenario
from tests.captures.relay import after

NONE = {"tcp_timestamps": 0, "tcp_sack": 0, "tcp_window_scaling": 0}


def talk(lab: Lab, family: int = socket.AF_INET) -> None:
    """A question, an answer of some size, and the close."""
    client, server = lab.pair(family)
    client.sendall(b"question")
    server.recv(100)
    server.sendall(b"a" * 2000)
    reader = reading(client)
    server.shutdown(socket.SHUT_WR)
    reader.join(5)
    client.close()
    drain(server)
    server.close()


@scenario(sysctl=NONE)
def no_options(lab: Lab) -> None:
    """Window scale, SACK and timestamps switched off: only the MSS is left."""
    talk(lab)


@scenario(sysctl={"tcp_timestamps": 0})
def no_timestamps(lab: Lab) -> None:
    """Timestamps switched off."""
    talk(lab)


@scenario()
def scaling_refused(lab: Lab) -> None:
    """The client offers every option and the server takes none."""
    lab.net.right.sysctl(**NONE)
    talk(lab)


@scenario()
def scaling_not_offered(lab: Lab) -> None:
    """The client offers no option, so the server may not either."""
    lab.net.left.sysctl(**NONE)
    talk(lab)


@scenario(sysctl={"tcp_ecn": 1})
def ecn(lab: Lab) -> None:
    """Both sides negotiate ECN: ECE and CWR on the SYNs."""
    talk(lab)


@scenario(sysctl={"tcp_rmem": "4096 131072 1073741824"})
def window_scale_14(lab: Lab) -> None:
    """Receive buffers so large that both sides need the largest shift."""
    talk(lab)


@scenario(Point(words=("-s", "90")))
def cut_by_snap_length(lab: Lab) -> None:
    """A capture with a snap length that cuts the text of every long segment."""
    talk(lab)


@scenario(Point(form="pcapng"))
def written_as_pcapng(lab: Lab) -> None:
    """The same conversation in a pcapng file."""
    talk(lab)


@scenario(Point(form="pcapng"))
def ipv6_written_as_pcapng(lab: Lab) -> None:
    """IPv6 in a pcapng file."""
    talk(lab, socket.AF_INET6)


@scenario(Point(form="gz"))
def written_compressed(lab: Lab) -> None:
    """A gzip file."""
    talk(lab)


@scenario(Point(words=("--time-stamp-precision=nano",)))
def written_in_nanoseconds(lab: Lab) -> None:
    """A pcap file with nanosecond timestamps."""
    talk(lab)


@scenario(Point(interface="any"))
def written_on_any(lab: Lab) -> None:
    """A capture on the pseudo-device "any": Linux cooked frames, version 2."""
    talk(lab)


@scenario(Point(interface="any", words=("-y", "LINUX_SLL")))
def written_on_any_v1(lab: Lab) -> None:
    """Linux cooked frames, version 1."""
    talk(lab)


@scenario(Point("middle", interface="any"), plan=after(0.01))
def captured_twice(lab: Lab) -> None:
    """A capture on every interface of the box in the middle: each frame is there twice, going in and coming out."""
    client, server = lab.pair()
    client.sendall(b"seen twice")
    server.sendall(server.recv(100))
    client.recv(100)
    finish(client, server)
