"""Rewrites of a fleet that know the way back: a reduced fleet, and what its packings and bounds say of the whole.

As in CVXPY (Agrawal et al. 2018, *A rewriting system for convex optimization problems*, J. Control Decis. 5), a
`Reduction` is made for one fleet and kept beside the reduced one until there is an answer: `lift` takes a packing back,
and `keeps_bound` says whether a bound carries over. A `Chain` is several in turn.

A restriction allows fewer plans than the whole does: its packings are plans of the whole, its bounds are not bounds. A
relaxation allows more: its bounds are bounds, its packings need not be plans.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, overload

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing


@dataclass(frozen=True, slots=True)
class CarriedBound:
    """What a bound of a reduced fleet takes for granted when it is told of the whole.

    `given`: optional copies left out, by level of the whole: the bound is one of plans that leave out no more. None: of
        all plans. As in `Incumbent.raise_bound`.
    """

    relaxes: str = ""  # rules that the reduced fleet leaves out, between semicolons; empty when it leaves out none
    given: tuple[int, ...] | None = None
    less: int = 0  # ticks, by which what the bound says of the whole is less

    def beside(self, relaxes: str) -> str:
        """What a bound takes for granted in the original that takes `relaxes` for granted in the reduced fleet."""
        return "; ".join(filter(None, (relaxes, self.relaxes)))


EXACT = CarriedBound()  # a bound of the one is a bound of the other


@dataclass(frozen=True, slots=True)
class Reduction(ABC):
    """A rewrite of one fleet: `whole` is the fleet as it was, `fleet` what is to be solved in its place."""

    whole: Fleet
    fleet: Fleet

    @abstractmethod
    def lift(self, packing: Packing) -> Packing | None:
        """The packing of the whole that a packing of the reduced fleet stands for; None where it stands for none.

        It keeps every rule of the whole if the packing keeps those of the reduced fleet. O(copies), if not said
        otherwise.
        """

    @property
    def keeps_bound(self) -> CarriedBound | None:
        """What a bound of the reduced fleet says of the whole; None: nothing, as where what is decided may be dear.

        Such a bound is one on the value of plans, that is on left-out copies first, and on their ticks alone where the
        reduced fleet has no levels. If no plan of the reduced fleet keeps every rule, none of the whole does.
        """
        return None

    @property
    def unchanged(self) -> CarriedBound | None:
        """`keeps_bound` of a rewrite whose bounds carry over where it found nothing to change, and nowhere else."""
        return EXACT if self.fleet == self.whole else None


@dataclass(frozen=True, slots=True)
class Restriction(Reduction):
    """A rewrite that only forbids plans: each packing of the reduced fleet is one of the whole, as it is."""

    def lift(self, packing: Packing) -> Packing:
        return packing

    @property
    def keeps_bound(self) -> CarriedBound | None:
        """Only where nothing is forbidden."""
        return self.unchanged


@dataclass(frozen=True, slots=True)
class RelaxingReduction(Reduction):
    """A rewrite that leaves rules out: its packings need not keep them, so they stand for none of the whole."""

    def lift(self, packing: Packing) -> None:
        """None."""
        del packing


@dataclass(frozen=True, slots=True)
class Chain(Reduction):
    """Reductions in turn, each of the fleet that the one before it left; lifted in reverse order."""

    steps: tuple[Reduction, ...]

    @overload
    @classmethod
    def of(cls, fleet: Fleet, *rewrites: Callable[[Fleet], Reduction]) -> Self: ...

    @overload
    @classmethod
    def of(cls, fleet: Fleet, *rewrites: Callable[[Fleet], Reduction | None]) -> Self | None: ...

    @classmethod
    def of(cls, fleet: Fleet, *rewrites: Callable[[Fleet], Reduction | None]) -> Self | None:
        """Each rewrite of what the one before it left; None when one of them does not apply."""
        steps: list[Reduction] = []
        for rewrite in rewrites:
            step = rewrite(steps[-1].fleet if steps else fleet)
            if step is None:
                return None
            steps.append(step)
        return cls(fleet, steps[-1].fleet if steps else fleet, tuple(steps))

    def lift(self, packing: Packing) -> Packing | None:
        found: Packing | None = packing
        for step in reversed(self.steps):
            found = None if found is None else step.lift(found)
        return found

    @property
    def keeps_bound(self) -> CarriedBound | None:
        """That of all steps together: a bound carries over when it does at each of them."""
        carried = [step.keeps_bound for step in self.steps]
        found = [bound for bound in carried if bound is not None]
        if len(found) < len(carried):
            return None
        relaxes = dict.fromkeys(bound.relaxes for bound in found if bound.relaxes)
        given: tuple[int, ...] | None = None
        for step, bound in zip(self.steps, found, strict=True):
            if bound.given is None:
                continue
            if step.whole.levels != self.whole.levels:  # said of levels that the whole does not have
                return None
            given = bound.given if given is None else tuple(map(min, given, bound.given))
        return CarriedBound("; ".join(relaxes), given, sum(bound.less for bound in found))
