"""What is known while a packing problem is being solved: best packing, best bound, when to stop.

Every method reports here. A packing that is not cheaper and a bound that is not higher change nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from placement.solving.budget import Budget
from placement.solving.result import Stop
from placement.vector_packing.compiled import Load
from placement.vector_packing.problem import Bins

Listener = Callable[["PackingEvent"], None]


@dataclass(frozen=True, slots=True)
class PackingEvent:
    """An improvement: the best cost and bound from now on, who brought it, and after how many seconds."""

    seconds: float
    cost: int | None
    bound: int
    by: str
    bins: Bins | None


@dataclass(frozen=True, slots=True)
class PackingResult:
    """What was found, what was proved, why it stopped.

    `stop`: `PROVED` (cost equals bound, none is cheaper than one known elsewhere, or proven infeasible), `TIME`,
        `INTERRUPTED`, `GAP`, or `DONE`: nothing left to try.
    `found_by`, `bound_by`: the methods that brought them.
    """

    bins: Bins | None  # the best packing; None when none was found
    cost: int | None  # its cost, `least` included; None without a packing
    bound: int  # no packing costs less. Exact, whatever stopped the solve.
    infeasible: bool  # proven that there is no packing at all
    stop: Stop
    found_by: str = ""
    bound_by: str = ""
    stats: dict[str, int | float | str] = field(default_factory=dict)

    @property
    def proved(self) -> bool:
        """Whether the answer is final: an optimal packing, or a proof that there is none."""
        return self.infeasible or self.cost == self.bound


@dataclass(slots=True)
class PackingState:
    """Incumbent and bound of one solve."""

    budget: Budget
    listener: Listener | None = None
    bins: Bins | None = None
    cost: int | None = None
    bound: int = 0
    infeasible: bool = False
    loads: list[tuple[Load, int]] = field(default_factory=list)  # the best packing, of merged items
    found_by: str = ""
    bound_by: str = ""
    unit: int = 1  # every packing's cost is a multiple of it
    beaten: Callable[[], int | None] = lambda: None  # by what cost a packing is beaten elsewhere, now
    dearest: int | None = None  # no packing without an empty bin costs more; a bound above it proves infeasibility
    stats: dict[str, int | float | str] = field(default_factory=dict)

    def offer(self, bins: Bins, cost: int, by: str) -> bool:
        """Take a packing if it is the cheapest so far; says whether it was."""
        if self.cost is not None and cost >= self.cost:
            return False
        self.bins, self.cost, self.found_by = bins, cost, by
        self._note(by)
        return True

    def raise_bound(self, bound: int, by: str) -> None:
        """No packing costs less than `bound`."""
        if bound > self.bound:
            self.bound, self.bound_by = bound, by
            self._note(by)

    def raise_to(self, bound: Fraction | int, by: str) -> None:
        """A bound in fractions, rounded up to what a packing can cost."""
        whole = -(-bound.numerator // (bound.denominator * self.unit)) * self.unit
        if self.dearest is not None and whole > self.dearest:
            self.infeasible = True
        self.raise_bound(whole, by)

    @property
    def known_cost(self) -> int | None:
        """Of the cheapest packing known, here or elsewhere: one that costs less is better by a whole unit."""
        beaten = self.beaten()
        if beaten is None:
            return self.cost
        whole = -(-beaten // self.unit) * self.unit
        return whole if self.cost is None else min(self.cost, whole)

    @property
    def proved(self) -> bool:
        """Whether nothing is left to find out."""
        return self.infeasible or (self.known_cost is not None and self.bound >= self.known_cost)

    @property
    def ended(self) -> bool:
        return self.proved or self.good_enough or self.budget.over()

    @property
    def good_enough(self) -> bool:
        """Whether the packing is within the budget's gap of the bound."""
        cost = self.known_cost
        return cost is not None and cost - self.bound <= self.budget.gap * cost

    def result(self) -> PackingResult:
        if self.proved:
            stop = Stop.PROVED
        elif self.good_enough:
            stop = Stop.GAP
        elif self.budget.interrupted:
            stop = Stop.INTERRUPTED
        else:
            stop = Stop.TIME if self.budget.over() else Stop.DONE
        cost, bound = self.cost, self.bound
        return PackingResult(self.bins, cost, bound, self.infeasible, stop, self.found_by, self.bound_by, self.stats)

    def _note(self, by: str) -> None:
        if self.listener is not None:
            self.listener(PackingEvent(self.budget.elapsed(), self.cost, self.bound, by, self.bins))
