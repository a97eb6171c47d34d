"""Which mutants are tried: all of them; in CI, which has a quarter of an hour, the first of each property."""

from __future__ import annotations

import os

from tcpmodel.prove.property import Mutant, Property


def mutants(item: Property) -> tuple[Mutant, ...]:
    """The mutants of a property that are to be tried here."""
    return item.mutants[:1] if os.environ.get("CI") else item.mutants
