"""The pattern bound: prices by column generation, cuts on machine counts from prices, whole machines from cuts.

1. Solve the LP by column generation (Gilmore and Gomory 1961) and turn its prices into a cut.
2. Find the cheapest whole machine counts that keep all cuts. Their price is a bound.
3. Ask the LP what must be bought beyond these counts. Nothing: the bound is that of whole machines over all patterns,
   and no better one can be had from this relaxation. Something: the prices give a cut that these counts break; back
   to 2.

This is Benders' decomposition (1962) with the machine counts as master. Whatever stops it, the last bound stands.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from placement.bounds.infeasible import why_infeasible
from placement.bounds.patterns.certificate import certify
from placement.bounds.patterns.mix import cheapest_mix, covering_bound, machine_limits
from placement.bounds.patterns.program import MICRO, PatternProgram
from placement.bounds.patterns.relaxation import relax
from placement.bounds.volume import volume_bound
from placement.result import Outcome, Stop

if TYPE_CHECKING:
    from placement.bounds.patterns.certificate import Cut, Prices
    from placement.bounds.patterns.program import Floats
    from placement.bounds.patterns.relaxation import Relaxation
    from placement.budget import Budget
    from placement.fleet import Fleet
    from placement.packing import Packing
    from placement.track import Track

NAME = "patterns"
BOUND = "bound"
# Of the mix program: one cut alone is a subset-sum problem, hard to solve to the cent and not worth it.
_FIRST_GAP = 1e-3
_LAST_GAP = 1e-6
TOO_SMALL = "no machine counts within the quotas can hold the copies"
_MIX_WORK = 2.0  # CP-SAT's deterministic seconds a mix
_ENOUGH = 1e-7  # relative: column generation ends when its bound is so near the LP's value
_NEWS = 1.002  # a bound higher by this factor is worth a report
_SMOOTH = 0.5  # weight of the best prices so far
_EXTRA = 2  # more patterns a kind and round, from a part of the items
_DROP = 0.3  # part of the items that are then left out


def raise_bounds(fleet: Fleet, track: Track, *, budget: Budget, seed: int = 0, hint: Packing | None = None) -> Outcome:
    """Bounds alone, cheapest first, for the plan `hint` or for any plan; reported to `track`."""
    if hint is not None:
        track.offer(hint, "given")
    reason = why_infeasible(fleet)
    if reason is not None and hint is None:
        return Outcome(BOUND, Stop.PROVED, infeasible=True, reason=reason)
    track.raise_bound(volume_bound(fleet), "volume")
    best = track.best
    given = best[1].left_out if best is not None and fleet.levels else None
    patterns = PatternBound(fleet, budget, given, seed)
    patterns.run(track)
    stats: dict[str, int | float | str] = {
        "columns": patterns.columns,
        "rounds": patterns.rounds,
        "cuts": len(patterns.cuts),
    }
    if patterns.infeasible and given is None and hint is None:
        return Outcome(BOUND, Stop.PROVED, infeasible=True, reason=TOO_SMALL, stats=stats)
    if budget.over():
        return Outcome(BOUND, Stop.INTERRUPTED if budget.interrupted else Stop.TIME, stats=stats)
    return Outcome(BOUND, Stop.PROVED if track.proved else Stop.DONE, stats=stats)


class PatternBound:
    """The bound of one fleet while it grows. `cuts` and `machines` are of use to whoever looks for a plan."""

    def __init__(self, fleet: Fleet, budget: Budget, given: tuple[int, ...] | None = None, seed: int = 0) -> None:
        """Build the relaxation; `given` as in `Track.raise_bound`."""
        self.fleet = fleet
        self.relaxation: Relaxation = relax(fleet, given)
        self.cuts: list[Cut] = []
        self.machines: tuple[int, ...] = ()
        self.bound = 0
        self.infeasible = False
        self.rounds = 0
        self._budget = budget
        self._given = given
        self._seed = seed
        self._rng = random.Random(seed)
        self._program = PatternProgram(self.relaxation)
        self._start()

    def _start(self) -> None:
        """First columns: each item alone, as often as it fits."""
        self._program.add_patterns(
            (kind.index, {i: limit})
            for kind in self.relaxation.kinds
            for i, limit in enumerate(kind.knapsack.limits)
            if limit
        )

    @property
    def columns(self) -> int:
        """Patterns generated so far."""
        return self._program.patterns

    def run(self, track: Track, rounds: int = 200) -> None:
        """Raise the bound until it can't be raised, `rounds` are done or the budget is over; report it to `track`."""
        fewest, most = machine_limits(self.fleet)
        done = self._price_out(fewest, most, track)
        self._raise(self.bound, track)
        if not done or self.infeasible or track.good_enough:
            return
        gap = _FIRST_GAP
        for _ in range(rounds):
            if self._budget.over():
                return
            mix = cheapest_mix(
                self.fleet, self.cuts, gap=gap, seconds=self._budget.left(), work=_MIX_WORK, seed=self._seed
            )
            if mix is None:
                self.infeasible = True
                return
            if mix.bound > self.bound:
                self._raise(mix.bound, track)
                if track.good_enough:
                    return
            if not mix.machines:
                return
            self.machines = mix.machines
            if not self._price_out(mix.machines, most):
                return
            if self.cuts[-1].slack(mix.machines) >= 0:  # these machines hold all patterns: is there a cheaper mix?
                if mix.exact or gap == 0.0:
                    return
                gap = gap / 10 if gap > _LAST_GAP else 0.0

    def _raise(self, bound: int, track: Track) -> None:
        self.bound = max(self.bound, bound)
        track.raise_bound(self.fleet.tick_price * self.bound, NAME, self._given)

    def _price_out(
        self, fewest: tuple[int, ...], most: tuple[int | None, ...], track: Track | None = None
    ) -> bool:
        """Column generation with at least `fewest` machines; adds the cut of its best prices.

        Prices are smoothed (Wentges 1997): taken between those of the LP and the best so far. With a `track`, the
        bound is raised as the prices get better. False when it can't go on.
        """
        paid = sum(pool.price * n for pool, n in zip(self.fleet.pools, fewest, strict=True))
        self._program.set_machines(fewest, most)
        best, cut, centre = -1, None, None
        while not self._budget.over():
            if not self._program.solve(self._budget.left()):
                break
            self.rounds += 1
            duals = self._program.duals()
            value = self._program.value() * MICRO
            found = 0
            for point in [duals] if centre is None else [_SMOOTH * centre + (1 - _SMOOTH) * duals, duals]:
                prices = self._program.prices(point)
                device, found = self._price(prices, duals)
                tried = certify(self.relaxation, prices, device)
                bound = covering_bound(self.fleet, tried, fewest, most)
                if bound is None:
                    self.cuts.append(tried)
                    self.infeasible = track is not None
                    return True
                if bound > best:
                    best, cut, centre = bound, tried, point
                if found:
                    break
            if track is not None and best > self.bound:
                ahead = best > self.bound * _NEWS
                self.bound = max(self.bound, best)
                if ahead:
                    self._raise(best, track)
            if not found or value <= best * (1 + _ENOUGH) or (paid and value <= paid * (1 + 1e-9) and track is None):
                self.cuts.append(cut)
                return True
        if cut is not None:
            self.cuts.append(cut)
        return False

    def _price(self, prices: Prices, duals: Floats) -> tuple[list[int], int]:
        """Per kind, what an accelerator is worth at `prices`; adds patterns that improve the LP, says how many."""
        device, found = [], []
        for kind in self.relaxation.kinds:
            q, touch = kind.index, prices.touch[kind.index]
            value, pattern = kind.knapsack.best_pattern(touch)
            device.append(max(value, prices.device[q]))
            found.append((q, pattern))
            for _ in range(_EXTRA):
                some = [0 if self._rng.random() < _DROP else price for price in touch]
                found.append((q, kind.knapsack.best_pattern(some)[1]))
        return device, self._program.add_patterns(
            (q, pattern) for q, pattern in found if pattern and self._program.saves(duals, q, pattern)
        )
