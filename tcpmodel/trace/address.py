"""Endpoints as text, "10.0.0.1:40000" and "[fd00::1]:80", and as the octets of a packet."""

from __future__ import annotations


def ip_text(address: bytes) -> str:
    """An IPv4 address of 4 octets or an IPv6 address of 16 (written as RFC 5952 says)."""
    if len(address) == 4:
        return "%d.%d.%d.%d" % tuple(address)  # noqa: UP031 (four values, one format)
    import socket

    return socket.inet_ntop(socket.AF_INET6, address)


def endpoint_text(address: bytes, port: int) -> str:
    """Address and port as one string."""
    text = ip_text(address)
    return f"{text}:{port}" if len(address) == 4 else f"[{text}]:{port}"


def parse_endpoint(text: str) -> tuple[bytes, int]:
    """The address octets and the port of an endpoint; raises ValueError saying what is wrong."""
    import socket

    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > 0xFFFF:
        raise ValueError(f"{text!r} has no port; write it as '10.0.0.1:80' or '[fd00::1]:80'")
    try:
        family = socket.AF_INET6 if bracketed else socket.AF_INET
        return socket.inet_pton(family, host[1:-1] if bracketed else host), int(port)
    except (OSError, ValueError):
        raise ValueError(f"{text!r} is not an address; write it as '10.0.0.1:80' or '[fd00::1]:80'") from None
