"""The pattern bound: prices by column generation, cuts on machine counts from prices, whole machines from cuts.

1. Solve the LP by column generation (Gilmore and Gomory 1961) and turn its prices into a cut.
2. Find the cheapest whole machine counts that keep all cuts. Their price is a bound.
3. Ask the LP what must be bought beyond these counts. Nothing: the bound is that of whole machines over all patterns,
   and no better one can be had from this relaxation. Something: the prices give a cut that these counts break; back
   to 2.

This is Benders' decomposition (1962) with the machine counts as master. Whatever stops it, the last bound stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.bounds.infeasible import why_infeasible
from placement.bounds.patterns.certificate import certify
from placement.bounds.patterns.mix import cheapest_mix, machine_limits
from placement.bounds.patterns.program import MICRO, PatternProgram
from placement.bounds.patterns.relaxation import relax
from placement.bounds.volume import volume_bound
from placement.result import Outcome, Stop

if TYPE_CHECKING:
    from placement.bounds.patterns.certificate import Cut
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
_ENOUGH = 1e-7  # relative: prices whose reduced costs are within this of zero are optimal prices


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
        self._program = PatternProgram(self.relaxation)
        self._start()

    def _start(self) -> None:
        """First columns: each weight alone, as often as it fits."""
        for kind in self.relaxation.kinds:
            for w, limit in enumerate(kind.knapsack.limits):
                if limit:
                    self._program.add_pattern(kind.index, {w: limit})

    @property
    def columns(self) -> int:
        """Patterns generated so far."""
        return self._program.patterns

    def run(self, track: Track, rounds: int = 200) -> None:
        """Raise the bound until it can't be raised, `rounds` are done or the budget is over; report it to `track`."""
        fewest, most = machine_limits(self.fleet)
        if not self._price_out(fewest, most):
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
                self.bound = mix.bound
                track.raise_bound(self.fleet.tick_price * self.bound, NAME, self._given)
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

    def _price_out(self, fewest: tuple[int, ...], most: tuple[int | None, ...]) -> bool:
        """Column generation with at least `fewest` machines; adds the cut of its prices. False when it can't go on."""
        target = sum(pool.price * n for pool, n in zip(self.fleet.pools, fewest, strict=True))
        self._program.set_machines(fewest, most)
        while not self._budget.over():
            if not self._program.solve(self._budget.left()):
                return False
            self.rounds += 1
            if not self._generate():
                break
            if target and self._program.value() * MICRO <= target * (1 + 1e-9):
                break  # nothing must be bought: these machines keep every cut
        else:
            return False
        self.cuts.append(certify(self.relaxation, self._program.prices()))
        return True

    def _generate(self) -> bool:
        """Add the best pattern of each kind where it improves the LP; False when none does."""
        found = False
        device = self._program.device_duals()
        for kind, duals in zip(self.relaxation.kinds, self._program.touch_duals(), strict=True):
            value, pattern = kind.knapsack.best_pattern(duals)
            if pattern and value > device[kind.index] * (1 + _ENOUGH) + 1e-9:
                found |= self._program.add_pattern(kind.index, pattern)
        return found
