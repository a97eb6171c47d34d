"""How fast a large capture is verified: synthetic traffic, and a comparison with tshark on the same machine."""
