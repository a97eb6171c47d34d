"""What the decoders of all layers share: how a frame is passed over, how a layer names what it carries."""

from __future__ import annotations

# kinds of payload: an EtherType, or one of these for what has none
IP = -1  # IPv4 or IPv6, told apart by the version nibble
ETHERNET = 0x6558  # transparent Ethernet bridging
PPP = 0x880B


class Skip(Exception):
    """A frame that holds no TCP segment that can be read; `reason` is what the reader counts it under."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def join(carrier: str, layer: str) -> str:
    """The path of tags and tunnels, one layer longer."""
    return f"{carrier}/{layer}" if carrier and layer else carrier or layer
