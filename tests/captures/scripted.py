"""Scenarios in which a script plays the peer, so that the kernel meets what no honest stack would send."""

from __future__ import annotations

import time

from tests.captures.lab import CLIENT, SERVER, Lab, scenario
from tests.captures.net import abort, state
from tests.captures.puppet import Puppet
from tests.captures.reach import HERE, PAUSE, ask, calling, served, time_wait
from tests.captures.wire import ACK, FIN, PSH, RST, SYN


@scenario(HERE)
def synack_in_established(lab: Lab) -> None:
    """The SYN,ACK is delivered again when the connection is established."""
    puppet, sock = calling(lab)
    puppet.send(SYN | ACK)
    puppet.flags(ACK)
    puppet.send(SYN | ACK, seq=1000)
    puppet.flags(ACK)
    ask(puppet)
    abort(sock)


@scenario(HERE)
def synack_wrong_ack(lab: Lab) -> None:
    """A SYN,ACK for a SYN that was not sent is reset; the right one then opens the connection."""
    puppet, sock = calling(lab)
    right = puppet.rcv_nxt
    puppet.send(SYN | ACK, seq=300, ack=right + 5)
    puppet.flags(RST)
    puppet.rcv_nxt = right
    puppet.send(SYN | ACK)
    puppet.flags(ACK)
    abort(sock)


@scenario(HERE)
def old_duplicate_syn(lab: Lab) -> None:
    """RFC 9293 Figure 8: an old SYN, its SYN,ACK, the reset, the true SYN."""
    lab.net.right.listen(SERVER)
    puppet = Puppet(lab.net.left, lab.net.right, CLIENT, SERVER)
    puppet.send(SYN, seq=90)
    puppet.flags(SYN | ACK)
    puppet.send(RST, seq=91)
    time.sleep(PAUSE)
    puppet.connect()
    ask(puppet)


@scenario(HERE)
def half_open_syn(lab: Lab) -> None:
    """RFC 9293 Figure 9: the peer has crashed and opens again; the ACK it draws is reset, then a new SYN succeeds."""
    puppet, sock = served(lab)
    old = puppet.snd_nxt
    puppet.send(SYN, seq=400000)
    puppet.flags(ACK)
    puppet.send(RST, seq=old)
    time.sleep(PAUSE)
    sock.close()
    puppet.snd_nxt = 400000
    puppet.connect()
    time.sleep(PAUSE)


@scenario(HERE)
def half_open_data(lab: Lab) -> None:
    """RFC 9293 Figure 10: the peer has crashed; data that reaches it is reset."""
    puppet, sock = served(lab)
    sock.sendall(b"are you there?")
    puppet.flags(ACK)
    puppet.send(RST)
    time.sleep(PAUSE)


@scenario(HERE)
def synack_from_listen(lab: Lab) -> None:
    """RFC 9293 Figure 11, seen by the side that did nothing: a SYN,ACK out of nowhere reaches a listener."""
    lab.net.right.listen(SERVER)
    puppet = Puppet(lab.net.left, lab.net.right, CLIENT, SERVER)
    puppet.send(SYN | ACK, seq=300, ack=91)
    puppet.flags(RST)


@scenario(HERE)
def ack_of_unsent(lab: Lab) -> None:
    """The peer acknowledges data that the kernel never sent: an ACK is the answer, the data is dropped."""
    puppet, _ = served(lab)
    puppet.send(ACK | PSH, ack=puppet.rcv_nxt + 1000, text=b"liar")
    puppet.flags(ACK)
    time.sleep(0.6)
    puppet.snd_nxt -= 4
    ask(puppet)


@scenario(HERE)
def fin_above_hole(lab: Lab) -> None:
    """A FIN whose predecessor is missing waits until the hole is filled."""
    puppet, _ = served(lab)
    start = puppet.snd_nxt
    puppet.send(FIN | ACK, seq=start + 10)
    time.sleep(PAUSE)
    puppet.send(ACK | PSH, seq=start, text=b"0123456789")
    time.sleep(PAUSE)


@scenario(HERE)
def text_beyond_window(lab: Lab) -> None:
    """Text that starts beyond the window is refused with an ACK."""
    puppet, sock = served(lab)
    puppet.send(ACK | PSH, seq=puppet.snd_nxt + 200000, text=b"far away")
    puppet.flags(ACK)
    time.sleep(0.6)
    ask(puppet)
    assert len(sock.recv(100)) == 6


@scenario(HERE)
def window_shrunk(lab: Lab) -> None:
    """The peer takes back the window it has offered: the kernel waits and probes."""
    puppet, sock = served(lab)
    sock.sendall(b"1" * 1000)
    puppet.flags(ACK)
    puppet.send(ACK, window=100)
    time.sleep(PAUSE)
    sock.sendall(b"2" * 1000)
    time.sleep(0.5)
    puppet.send(ACK, window=65535)
    time.sleep(PAUSE)


@scenario(HERE)
def simultaneous_open_lost(lab: Lab) -> None:
    """Simultaneous open in which the kernel's SYN never arrived: its SYN,ACK tells the peer everything."""
    puppet, sock = calling(lab)
    puppet.send(SYN)
    puppet.flags(SYN | ACK)
    puppet.send(ACK)
    time.sleep(PAUSE)
    assert state(sock) == "ESTABLISHED"
    ask(puppet)


@scenario(HERE)
def data_in_time_wait(lab: Lab) -> None:
    """An old FIN, then an old SYN, reach TIME-WAIT."""
    puppet, _ = time_wait(lab)
    time.sleep(0.6)
    puppet.send(FIN | ACK, seq=puppet.snd_nxt - 1)
    time.sleep(0.6)
    puppet.send(SYN, seq=1000)
    time.sleep(PAUSE)


@scenario(HERE)
def text_on_syn(lab: Lab) -> None:
    """A SYN with text, without fast open: the kernel acknowledges the SYN alone, and the text comes again."""
    listener = lab.net.right.listen(SERVER)
    puppet = Puppet(lab.net.left, lab.net.right, CLIENT, SERVER)
    puppet.send(SYN, text=b"early")
    seen = puppet.flags(SYN | ACK)
    assert seen.ack == 1001
    puppet.snd_nxt = 1001
    puppet.send(ACK | PSH, text=b"early")
    sock, _ = listener.accept()
    assert sock.recv(10) == b"early"
    sock.close()
    time.sleep(PAUSE)
