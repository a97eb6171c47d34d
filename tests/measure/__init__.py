"""How far a replay can be trusted, measured: against a kernel, experts, and mutations of what conforms."""
