"""Constructions brought to their end where limits over groups of pools, or commitments, leave little choice.

Copies that are placed early use up what a group may have, and those that come last find no room. So where a
construction is stuck others choose machines by price, for optional copies as for required ones, and machines are
exchanged until no copy is unassigned (`exchange`), a few rounds for each of them in turn: how many it takes differs a
lot from one to the other. Optional copies that are left out all the same are placed before what stands in their way
(`improve`).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property

import numpy as np

from placement.compiled.fleet import Fleet
from placement.heuristics.bin_filling import fill_bins
from placement.heuristics.check import lacking
from placement.heuristics.construct import Policy, construct, place_optional
from placement.heuristics.exchange import Exchange, unassigned
from placement.heuristics.greedy import Greedy, GreedyParameters
from placement.heuristics.improve import Improvement
from placement.heuristics.parameter_sets import parameter_sets
from placement.heuristics.parameters import GroupCompletionParameters as _PARAMS
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.reductions.required import RequiredAsPlaced
from placement.solving.budget import Budget


class GroupCompletion:
    """What all restarts of one solve share; `rounds` counts those of exchanges and for optional copies.

    `blank`: a workspace of the fleet with nothing placed.
    `thorough`: whether more constructions are tried where one is stuck, and several completed.
    """

    def __init__(
        self, blank: Workspace, shares: Shares, budget: Budget, rng: np.random.Generator, *, thorough: bool = False
    ) -> None:
        self._most = _PARAMS.many_constructions if thorough else _PARAMS.constructions
        self._enough = _PARAMS.complete if thorough else 1
        self._blank, self._shares, self._budget, self._rng = blank, shares, budget, rng
        self._is_first = True  # of the constructions by price
        self.rounds = 0

    @cached_property
    def parameter_sets(self) -> list[GreedyParameters]:
        return parameter_sets(self._blank.fleet, self._shares, self._budget.over)

    @cached_property
    def penalty(self) -> list[float]:
        """(C,) what a copy may cost, micro-dollars; where that is nothing, its part of a machine of the mean price."""
        by_price, pools = self._by_price[0], self._blank.fleet.pools
        mean = max(1.0, sum(pool.price for pool in pools) / max(1, len(pools)))
        sizes = [size if math.isfinite(size) else 0.0 for size in by_price.size]
        return [dual or size * mean for dual, size in zip(by_price.dual_values, sizes, strict=True)]

    @cached_property
    def _by_price(self) -> list[Greedy]:
        return [Greedy(self._blank, self._shares, one) for one in self.parameter_sets if not one.fills_bins]

    def construct_again(self, begin: Callable[[Fleet], Workspace]) -> tuple[Workspace, Policy]:
        """The cheapest of some constructions by price that exchanges complete, with no copy left out if that may be.

        All copies are required at first, as those that are placed last find no room within limits. Where that fails,
        what is placed of the required ones is kept. `begin` makes a workspace from which a construction starts. Another
        time costs are bent at random.
        """
        made = self._constructions(begin, RequiredAsPlaced.all_copies(self._blank.fleet).fleet)
        # Where one plan is enough, another construction is made only when the one before it has had its rounds.
        in_turn = made if self._enough == 1 else self._by_value(made)
        found: list[tuple[Workspace, Policy]] = []
        complete: list[tuple[Workspace, Policy]] = []
        for turn in range(_PARAMS.turns):
            for ws, policy in self._by_value(found) if turn else in_turn:
                if not turn:
                    found.append((ws, policy))
                if not self._exchange(ws, policy, _PARAMS.whole_exchanges, complete):
                    complete.append((ws, policy))
                if len(complete) == self._enough:
                    break
            if complete:
                ws, policy = self._by_value(complete)[0]
                return self._of_fleet(ws), policy
        ws, policy = self._by_value(found)[0]
        ws = self._of_fleet(ws)
        take_off_optional(ws)
        return ws, policy

    def _constructions(self, begin: Callable[[Fleet], Workspace], fleet: Fleet) -> Iterator[tuple[Workspace, Policy]]:
        """Those by price, one after the other; none after the budget is over, but for the first."""
        noise, self._is_first = None if self._is_first else self._rng, False
        for parameters in [*self.parameter_sets[3::-1], *self.parameter_sets[4:]][: self._most]:
            ws, policy = begin(fleet), Greedy(self._blank, self._shares, parameters, noise)
            if parameters.fills_bins:
                fill_bins(ws, policy, self._shares)
            construct(ws, policy)
            yield ws, policy
            if self._budget.over():
                return

    def _by_value(self, found: Iterable[tuple[Workspace, Policy]]) -> list[tuple[Workspace, Policy]]:
        """Those that lack least first, then the cheapest."""
        return sorted(found, key=lambda one: (unassigned(one[0], self.penalty), one[0].ticks()))

    def _with_lack(self, ws: Workspace) -> float:
        """Ticks of what stands there, and of what its unassigned copies may cost."""
        return ws.ticks() + ws.fleet.tick_price * unassigned(ws, self.penalty)

    def _of_fleet(self, ws: Workspace) -> Workspace:
        """What stands on a workspace of the fleet in which all copies are required, on one of the fleet."""
        if ws.fleet is self._blank.fleet:
            return ws
        other = Workspace(self._blank.fleet, like=self._blank, budget=ws.budget)
        other.load(ws.to_packing())
        return other

    def exchange(self, ws: Workspace, policy: Policy) -> list[int]:
        """Exchange machines until no copy is unassigned; returns the components that still lack copies."""
        stuck = self._exchange(ws, policy, _PARAMS.exchanges)
        if not stuck:
            place_optional(ws, policy)
        return stuck

    def _exchange(
        self, ws: Workspace, policy: Policy, rounds: int, complete: Sequence[tuple[Workspace, Policy]] = ()
    ) -> list[int]:
        """So many rounds, fewer when with what it lacks the plan is dearer than one that is complete."""
        least = min((other.ticks() for other, _ in complete), default=math.inf)
        search = Exchange(ws, [policy, *self._by_price], self.penalty, self._rng)
        stuck = search.run(rounds, lambda: self._budget.over() or self._with_lack(ws) > least)
        self.rounds += search.rounds
        return stuck

    def bring_in_optional(self, ws: Workspace, policy: Policy) -> None:
        """Place optional copies that are left out of a complete plan, which stays complete."""
        improvement = Improvement(ws, [policy, *self._by_price], self._by_price[0].dual_values, self._rng)
        self.rounds += improvement.bring_in_optional(_PARAMS.brought_in, self._budget.over)


def take_off_optional(ws: Workspace) -> None:
    """Take off optional copies as far as pins and rules over zones let them go; required ones stay."""
    for component in ws.fleet.components:
        c = component.index
        if component.level is None or lacking(ws, c):
            continue
        for seat, m in ws.movable(c):
            if ws.placed[c] > component.required:
                mark = ws.mark()
                ws.remove(seat, m)
                if lacking(ws, c):
                    ws.rollback(mark)
