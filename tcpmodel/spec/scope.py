"""Which names an expression may use, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Protocol

from tcpmodel.errors import Place
from tcpmodel.spec.builtins import CONTROL_BITS, EXTREMA, FUNCTIONS, NOTHING
from tcpmodel.spec.expr import Expr
from tcpmodel.spec.model import Constant, Variable

TCB, SEGMENT_FIELD, ENVIRONMENT, ARGUMENT = "tcb", "segment", "environment", "argument"
RESERVED = (*CONTROL_BITS, *FUNCTIONS, *EXTREMA, NOTHING, "SEG", "True", "False", "all")


@dataclass(frozen=True)
class Signature:
    """A predicate as its callers see it: typed parameters, and the body over `Name(kind="parameter")`."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    body: Expr


class Signatures(Protocol):
    """Finds predicates by name; the body is typed when it is first asked for."""

    def names(self) -> Iterable[str]: ...

    def signature(self, name: str) -> Signature | None: ...


@dataclass
class Vocabulary:
    """Everything the specification declares besides rules."""

    states: tuple[str, ...] = ()
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    constants: dict[str, Constant] = field(default_factory=dict)
    predicates: Signatures | None = None
    declared: dict[str, Place] = field(default_factory=dict)

    def enumerators(self, name: str) -> list[tuple[str, int]]:
        """The enumerations that have a member of that name, each with its ordinal."""
        return [(enum, members.index(name)) for enum, members in self.enums.items() if name in members]

    def predicate_names(self) -> list[str]:
        return list(self.predicates.names()) if self.predicates else []


@dataclass(frozen=True)
class Scope:
    """The names usable in one place: `groups` of variables, parameters (name -> type), arguments of the call.

    `where` says in a message where this is ("in stage 'open', which runs on call OPEN").
    """

    vocabulary: Vocabulary
    groups: frozenset[str]
    where: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, Variable] = field(default_factory=dict)

    def variable(self, name: str) -> Variable | None:
        """The variable of that name, when it may be used here."""
        found = self.arguments.get(name) or self.vocabulary.variables.get(name)
        return found if found and found.group in self.groups else None

    @property
    def segment(self) -> bool:
        return SEGMENT_FIELD in self.groups

    def without(self, *groups: str) -> Scope:
        return replace(self, groups=self.groups - set(groups))

    def names(self) -> Iterator[str]:
        """Every name that could stand in an expression here."""
        words = self.vocabulary
        yield from self.parameters
        yield from (name for name in (*self.arguments, *words.variables) if self.variable(name))
        yield from (*words.constants, *words.states, *words.groups)
        yield from (member for members in words.enums.values() for member in members)
        yield from words.predicate_names()
        yield from (*FUNCTIONS, *EXTREMA, NOTHING, "True", "False", *CONTROL_BITS)
        if self.segment:
            yield "SEG"

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.names())

    @cached_property
    def hyphenated(self) -> tuple[str, ...]:
        """The names with a hyphen, longest first."""
        return tuple(
            sorted((name for name in self.known if "-" in name), key=lambda name: (-len(name), name))
        )
