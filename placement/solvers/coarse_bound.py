"""Bounds of a large fleet by groups of its alike components: the groups' own, or what their prices prove of the whole.

The LP of a few hundred groups converges in seconds, that of thousands of components not in a minute. Which of the two
bounds is higher depends on what is merged: where that is little, the tree of the groups' bound may prove more.
"""

from typing import NamedTuple

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing
from placement.patterns.bound import NAME, PatternBound
from placement.patterns.coarse_prices import WholeBound
from placement.patterns.formulation import RELAXES
from placement.patterns.size import may_build
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import SolverFault
from placement.solving.schedule import SCHEDULE


class CoarseBound(NamedTuple):
    """What some groups prove: micro-dollars an hour of machines and moves, what that leaves out, and their LP."""

    bound: int
    relaxes: str
    patterns: PatternBound


class CoarseBounds:
    """Of one fleet, one grouping after the other. `faults` are those of all."""

    def __init__(self, fleet: Fleet, given: tuple[int, ...] | None, seed: int) -> None:
        """`given` as in `Incumbent.raise_bound`; the fleet has no limits and no commitments. O(1)."""
        self._fleet, self._given, self._seed = fleet, given, seed
        self._whole = WholeBound(fleet, given)
        self.faults: list[SolverFault] = []

    def by(
        self,
        coarse: RelaxingAggregation,
        budget: Budget,
        nodes: int,
        packing: Packing | None = None,
        *,
        lift: bool = True,
    ) -> CoarseBound | None:
        """Those of some groups, in so many nodes of the tree; None where there is no time to build their LP.

        It begins with the patterns of a `packing` of the whole. Without `lift` it is the bound of the groups alone.
        """
        if not may_build(coarse.fleet, budget):
            return None
        solve = Solve.of(coarse.fleet, SCHEDULE.coarse.of(budget) if lift else budget, self._seed)
        patterns = PatternBound(solve, self._given)
        if packing is not None:
            patterns.add_patterns(coarse.merged(packing), 0)
        patterns.run(nodes)
        self.faults += solve.incumbent.faults
        found = CoarseBound(patterns.bound, coarse.keeps_bound.beside(RELAXES), patterns)
        if not lift or coarse.fleet is self._fleet:
            return found
        whole, relaxes = self._whole.by(coarse.groups, patterns, budget)
        return found if whole <= found.bound else found._replace(bound=whole, relaxes=relaxes)


def raise_coarse_bound(
    solve: Solve, coarse: RelaxingAggregation, budget: Budget, nodes: int = 0, *, lift: bool = True
) -> CoarseBound | None:
    """Raise the bound of a solve by some groups, as `CoarseBounds.by`, from the patterns of its best plan."""
    bounds = CoarseBounds(solve.fleet, solve.left_out, solve.seed)
    found = bounds.by(coarse, budget, nodes, solve.packing, lift=lift)
    solve.incumbent.note_faults(bounds.faults)
    if found is not None:
        solve.incumbent.raise_bound(solve.fleet.tick_price * found.bound, NAME, solve.left_out, found.relaxes)
    return found
