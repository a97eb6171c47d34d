"""Which keys the documents of specs/properties have; the methods of proof add their own to a property's."""

from __future__ import annotations

from tcpmodel.spec.shape import OVERLAY, Shape

GHOST = Shape("a ghost variable", ("type", "is"), ("initial", "begins", "follows", "on", "value", "leaves", "explored"))
ASSUMPTION = Shape("an assumption", ("assumption", "is", "cite"), ("holds", "on", "without", "numbers", "methods"))
LEMMA = Shape("a lemma", ("lemma", "about", "holds", "why"), ("given", "assumptions", "numbers", "cite", "note"))
PROPERTY = Shape(
    "a property",
    ("property", "statement", "cite", "method"),
    ("row", "assumptions", "given", "mutants", "source", "note", "expect", "numbers", "search"),
)
EDITS = ("constants", "predicates", "delete", "replace", "change", "add")
MUTANT = Shape("a mutant", ("mutant",), tuple(key for key in OVERLAY.optional if key in EDITS))
GHOSTS = Shape("ghosts", ("ghosts", "is"), ("endpoint", "segment", "limits", "cite"))
