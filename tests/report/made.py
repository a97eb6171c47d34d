"""Verdicts made by hand, so that the reports are tested on their own."""

from __future__ import annotations

from tcpmodel.verify.verdict import Assumption, ConnectionVerdict, FileVerdict, Finding

CLIENT, SERVER = "10.0.0.1:40000", "10.0.0.2:80"

FINDING = Finding(
    level="must", code="TM421", rule="output.acknowledges.less", endpoint=SERVER, frame=5,
    message="ACK 90 is behind RCV.NXT", expected="SEG.ACK = 111", actual="SEG.ACK = 90", field="SEG.ACK",
    cite="RFC 9293 3.4", quote="send <an> acknowledgment", requirements=("MUST-1",),
    place="specs/rfc9293/output/acknowledgment.yaml:12", states=("ESTABLISHED", "CLOSE-WAIT"),
    guards=("output.ack: SEG.ACK == RCV.NXT fails with RCV.NXT = 111, SEG.ACK = 90", "second guard", "third guard"),
)  # fmt: skip
WARNING = Finding("should", "TM430", "output.psh", CLIENT, 4, "no PSH on the last text", cite="RFC 9293 3.9.1")
EXCERPT = [
    (4, "+0.000000  a > b  P. 101:111(10) ack 301 win 65535"),
    (5, "+0.010000  b > a  . 301:301(0) ack 90 win 500"),
]


def connection(
    verdict: str, findings: tuple[Finding, ...] = (), assumed: int = 0, reason: str = ""
) -> ConnectionVerdict:
    """One connection with the verdict, findings and number of assumptions asked for."""
    return ConnectionVerdict(
        CLIENT, SERVER, (1, 5), 5, verdict,
        {"a": [(0, "CLOSED"), (1, "SYN-SENT"), (2, "ESTABLISHED")], "b": [(0, "LISTEN"), (3, "ESTABLISHED")]},
        [Assumption("frame-missing", n, CLIENT, f"{n} octets are not in the capture") for n in range(1, assumed + 1)],
        list(findings), reason, excerpts={5: EXCERPT}, carrier="vlan 5",
    )  # fmt: skip


def files() -> list[FileVerdict]:
    """A file with one connection of each kind, and one that could not be read."""
    connections = [
        connection("violation", (WARNING, FINDING)),
        connection("conforming", assumed=7),
        connection("inconclusive", reason="no segment of 10.0.0.2:80 was captured"),
    ]
    skipped = {"not tcp": 1218, "ip fragment": 1, "arp": 0}
    good = FileVerdict("a.pcap", 1234, 15, skipped, {"bad tcp checksum": 2}, connections)
    return [good, FileVerdict("b.pcap", error="b.pcap: frame 3 (offset 90): cut short")]
