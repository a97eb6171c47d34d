"""Lemmas that are proved together, read at endpoints and segments: as facts before a step, as goals after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tcpmodel.compile.encodings import Term
from tcpmodel.compile.values import Values
from tcpmodel.prove.context import Context
from tcpmodel.prove.property import Lemma
from tcpmodel.prove.system.world import World, bound, world_of

Said = tuple[str, Term]
"""The name of a lemma, and what it says of certain endpoints and segments."""


@dataclass(frozen=True)
class Theory:
    """Lemmas by what they are about. Roles are given as sender and receiver of the segments."""

    world: World
    lemmas: tuple[Lemma, ...]

    def only(self, names: Iterable[str]) -> Theory:
        """The part of the theory that has these names."""
        return Theory(self.world, tuple(lemma for lemma in self.lemmas if lemma.name in set(names)))

    def _said(self, about: str, *values: Values) -> Iterator[Said]:
        for lemma in self.lemmas:
            if lemma.about == about:
                yield from ((lemma.name, self.world.read(lemma.holds, found)) for found in values)

    def of_endpoints(self, a: Values, b: Values) -> Iterator[Said]:
        """Of two endpoints, and of each alone."""
        yield from self._said("endpoint", a, b)
        yield from self._said("endpoints", bound(a, b), bound(b, a))

    def of_segment(self, m: Values, sender: Values, receiver: Values) -> Iterator[Said]:
        """Of one segment."""
        yield from self._said("segment", bound(sender, receiver, m))

    def of_segments(self, m: Values, n: Values, sender: Values, receiver: Values) -> Iterator[Said]:
        """Of two segments of one sender, in either order."""
        yield from self._said("segments", bound(sender, receiver, m, n), bound(sender, receiver, n, m))

    def of_exchange(self, m: Values, n: Values, a: Values, b: Values) -> Iterator[Said]:
        """Of two segments, `m` from endpoint `a` and `n` from `b`."""
        yield from self._said("exchange", bound(a, b, m, n), bound(b, a, n, m))


def theory_of(context: Context, names: tuple[str, ...]) -> Theory:
    """The lemmas of these names and all that they are given."""
    lemmas = context.properties.lemmas
    return Theory(world_of(context), tuple(lemmas[name] for name in context.properties.closure(names)))


def together(context: Context, lemma: Lemma) -> tuple[str, ...]:
    """The lemmas that rest on one another along with this one, in the order of the text; they are proved at once."""
    closure = context.properties.closure
    own = set(closure((lemma.name,)))
    return tuple(name for name in context.properties.lemmas if name in own and set(closure((name,))) == own)
