"""Constructions brought to their end where limits over groups of pools, or commitments, leave little choice.

Copies that are placed early use up what a group may have, and those that come last find no room. So a construction that
is stuck is begun again with machines chosen by price, machines are exchanged until no copy is unassigned (`exchange`),
and optional copies that are left out are placed before what stands in their way (`improve`).
"""

from __future__ import annotations

from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from placement.heuristics.bin_filling import fill_bins
from placement.heuristics.construct import construct, place_optional
from placement.heuristics.exchange import Exchange, unassigned
from placement.heuristics.greedy import Greedy
from placement.heuristics.improve import Improvement
from placement.heuristics.parameter_sets import parameter_sets
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.prices import resource_prices

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from placement.compiled.packing import Value
    from placement.heuristics.construct import Policy
    from placement.heuristics.greedy import GreedyParameters
    from placement.heuristics.shares import Shares
    from placement.heuristics.workspace import Workspace
    from placement.solving.budget import Budget

_PARAMS = HEURISTICS.group_completion


class GroupCompletion:
    """What all restarts of one solve share; `rounds` counts those of exchanges and for optional copies.

    Parameters
    ----------
    blank : a workspace of the fleet with nothing placed.
    """

    def __init__(self, blank: Workspace, shares: Shares, budget: Budget, rng: np.random.Generator) -> None:
        """Nothing is priced yet."""
        self._blank, self._shares, self._budget, self._rng = blank, shares, budget, rng
        self._is_first = True  # of the constructions by price
        self.rounds = 0

    @cached_property
    def parameter_sets(self) -> list[GreedyParameters]:
        """What restarts of the price-guided greedy differ in."""
        fleet = self._blank.fleet
        return parameter_sets(fleet, *resource_prices(fleet, self._shares, is_over=self._budget.over))

    @cached_property
    def _by_price(self) -> list[Greedy]:
        return [Greedy(self._blank, self._shares, one) for one in self.parameter_sets if not one.fills_bins]

    def construct_again(self, ws: Workspace, begin: Callable[[], Workspace]) -> Workspace:
        """The best of some constructions by price and of `ws`: least unassigned, then least left out, then cheapest.

        Ends with the first that is complete. `begin` makes a workspace from which a construction starts. Another time
        costs are bent at random.
        """
        best = self.value(ws), ws
        noise, self._is_first = None if self._is_first else self._rng, False
        for parameters in reversed(self.parameter_sets[: _PARAMS.constructions]):
            if self._budget.over() or not best[0][0]:
                break
            other, policy = begin(), Greedy(self._blank, self._shares, parameters, noise)
            if parameters.fills_bins:
                fill_bins(other, policy, self._shares, fullest_first=parameters.fullest_first)
            construct(other, policy)
            best = min(best, (self.value(other), other), key=itemgetter(0))
        return best[1]

    def exchange(self, ws: Workspace, policy: Policy) -> list[int]:
        """Exchange machines until no copy is unassigned; returns the components that still lack copies."""
        return self._exchange(ws, policy, _PARAMS.exchanges, self._budget.over)

    def exchange_a_little(self, ws: Workspace, policy: Policy, best: Value | None) -> list[int]:
        """The same in few rounds, fewer when the plan becomes dearer than the best one."""
        return self._exchange(
            ws, policy, _PARAMS.first_exchanges, lambda: self._budget.over() or self.is_dearer(ws, best)
        )

    def _exchange(self, ws: Workspace, policy: Policy, rounds: int, is_over: Callable[[], bool]) -> list[int]:
        by_price = self._by_price[0]
        search = Exchange(ws, [policy, *self._by_price], by_price.size, by_price.dual_values, self._rng)
        stuck = search.run(rounds, is_over)
        self.rounds += search.rounds
        if not stuck:
            place_optional(ws, policy)
        return stuck

    def bring_in(self, ws: Workspace, policy: Policy) -> None:
        """Place optional copies that are left out of a complete plan, which stays complete."""
        improvement = Improvement(ws, [policy, *self._by_price], self._by_price[0].dual_values, self._rng)
        self.rounds += improvement.bring_in(_PARAMS.brought_in, self._budget.over)

    def is_dearer(self, ws: Workspace, best: Value | None) -> bool:
        """Whether with the copies that it lacks it would cost more than the best plan, which leaves nothing out."""
        if best is None or any(best.left_out):
            return False
        dual_values = self._by_price[0].dual_values
        missing = (dual_values[c.index] * max(0, c.required - ws.placed[c.index]) for c in ws.fleet.components)
        return ws.ticks() + ws.fleet.tick_price * sum(missing) >= best.ticks

    def value(self, ws: Workspace) -> tuple[float, Value]:
        """What a construction is worth, less is better: how much is unassigned, then as plans are."""
        return unassigned(ws, self._by_price[0].size), ws.value()
