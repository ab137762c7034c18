"""How a bound came about: the tree of nodes, and the reason of each for its bound. Certificates are written from it.

A `NodeCase` is a node of the tree, or the one that all plans are in. Its bound holds by prices of its own or of a node
around it, by the word of an engine on a program for it, or by the cases that it was split into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from placement.patterns.certificate import NodeDomain, Prices


class Subject(NamedTuple):
    """What a node is split by: machines of a pool or of a group of pools, or copies in a sum of the relaxation."""

    copies: bool
    number: int


@dataclass(frozen=True, slots=True)
class EngineVerdict:
    """The word of an engine: no plan in the node costs fewer than `ticks`.

    `program` writes down what it was asked, in the MPS format, which has no solution (None: that can't be written);
    `about` says what it is.
    """

    engine: str
    ticks: int
    program: Callable[[], str | None]
    about: str


@dataclass(slots=True)
class NodeCase:
    """One node, and what is known of it.

    `rent` is what its own prices prove, micro-dollars per hour; with what runs it is ticks of machines and moves.
    `splits` cut the node in turn: k of them leave k parts `above`, of more than `at_most`, and one `below`, which keeps
    all limits. A part that is None is empty.
    """

    domain: NodeDomain
    around: NodeCase | None = None
    prices: Prices | None = None
    rent: int = 0
    verdict: EngineVerdict | None = None
    splits: list[tuple[Subject, int]] = field(default_factory=list)
    above: list[NodeCase | None] = field(default_factory=list)
    below: NodeCase | None = None

    def chain(self) -> Iterator[NodeCase]:
        """The case and those around it, whose prices hold for it too, from the inside out."""
        case: NodeCase | None = self
        while case is not None:
            yield case
            case = case.around
