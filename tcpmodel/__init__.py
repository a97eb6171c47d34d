"""An executable model of TCP: one specification, and the graph, proofs, replays and tests derived from it."""

__version__ = "0.1.0"
