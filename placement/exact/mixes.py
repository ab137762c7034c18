r"""Fleet mixes with room to spare: the cheapest machine counts of which a packing may hope.

The cuts of the pattern bound say what any plan needs; a mix that keeps them to the last gigabyte can hardly be packed.
Asked for the cheapest mix that offers a little more than every cut asks for, the cuts that the bound needed are not
enough: each mix is held against a volume relaxation too, which finds its most loaded resources

.. math::
    \min_{x \ge 0, t} t, \qquad \sum_{co} a_{copr} x_{cop} \le t n_p \ \forall p, r, \qquad \sum_{op} x_{cop} \ge d_c

with :math:`a_{copr}` the part of resource r of one machine of pool p that a copy takes. Where t is too large its prices
are one more cut on the machine counts (Benders 1962). These cuts guide; none of them enters a bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import highspy
import numpy as np

from placement.bounds.patterns.certificate import Cut
from placement.bounds.patterns.mix import cheapest_mix
from placement.engines.highs import load_lp, run
from placement.heuristics.shares import Shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.budget import Budget
    from placement.fleet import Fleet

    Machines = tuple[int, ...]

_ROUNDS = 12  # of mix and relaxation for one mix
_GAP = 1e-4  # of the mix program
_WORK = 1.0  # CP-SAT's deterministic seconds a mix
_LITTLE = 1e-3  # machines that a pool without any counts for: else its prices would be anything
_SCALE = 10**9


class Mixes:
    """Mixes of one fleet; what one call learns about loads is kept for the next."""

    def __init__(self, fleet: Fleet, cuts: Sequence[Cut], seed: int) -> None:
        """O(ways x pools)."""
        self._fleet = fleet
        self._cuts = [cut for cut in cuts if cut.least > 0]
        self._seed = seed
        self._shares = Shares(fleet)
        self._owner = [c.index for c in fleet.components for _ in c.options]
        self._serves = [o.throughput / c.demand if c.demand else 1.0 for c in fleet.components for o in c.options]
        self._wanted = [1.0 if c.demand else float(c.required) for c in fleet.components]

    def cheapest(self, spare: float, budget: Budget) -> Machines | None:
        """The cheapest machine counts that offer `spare` (relative) more than all known cuts ask for; None without."""
        machines = None
        for _ in range(_ROUNDS):
            cuts = [Cut(cut.worth, cut.least + int(cut.least * spare)) for cut in self._cuts]
            mix = cheapest_mix(self._fleet, cuts, gap=_GAP, seconds=budget.left(), work=_WORK, seed=self._seed)
            if mix is None or not mix.machines:
                return machines
            machines = mix.machines
            cut = self._most_loaded(machines)
            if cut is None or cut.slack(machines) >= spare * cut.least or budget.over():
                break
            self._cuts.append(cut)
        return machines

    def price(self, machines: Machines) -> int:
        """Micro-dollars per hour of a mix."""
        return sum(pool.price * n for pool, n in zip(self._fleet.pools, machines, strict=True))

    def _most_loaded(self, machines: Machines) -> Cut | None:
        """The cut of the prices that the volume relaxation gives; None when it can't be solved. O(ways) rows."""
        parts = self._shares.parts
        ways, pools = np.nonzero(np.isfinite(self._shares.volume))
        if not len(ways):
            return None
        first = len(self._wanted)
        resources = parts.shape[2]
        room = np.maximum(np.array(machines, dtype=np.float64), _LITTLE)
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = first + parts.shape[1] * resources, 1 + len(ways)
        lp.row_lower_ = np.concatenate([self._wanted, np.zeros(parts.shape[1] * resources)])
        lp.row_upper_ = np.full(lp.num_row_, highspy.kHighsInf)
        lp.col_cost_ = np.concatenate([[1.0], np.zeros(len(ways))])
        lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.full(lp.num_col_, highspy.kHighsInf)
        columns = [(np.arange(first, lp.num_row_), np.repeat(room, resources))]
        for w, p in zip(ways.tolist(), pools.tolist(), strict=True):
            rows = np.array([self._owner[w], *(first + p * resources + r for r in range(resources))])
            columns.append((rows, np.array([self._serves[w], *(-parts[w, p])])))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.cumsum([0] + [len(rows) for rows, _ in columns], dtype=np.int32)
        lp.a_matrix_.index_ = np.concatenate([rows for rows, _ in columns]).astype(np.int32)
        lp.a_matrix_.value_ = np.concatenate([values for _, values in columns])
        solver = load_lp(lp)
        if run(solver) != highspy.HighsModelStatus.kOptimal:
            return None
        prices = np.maximum(np.array(solver.getSolution().row_dual)[first:], 0.0).reshape(-1, resources)
        return self._cut(prices)

    def _cut(self, prices: np.ndarray) -> Cut:
        """What machines are worth at these prices, and the least that all copies are."""
        volume = np.where(np.isfinite(self._shares.volume)[:, :, None], self._shares.parts, 0.0)
        cost = np.einsum("wpr,pr->wp", volume, prices)
        cost[~np.isfinite(self._shares.volume)] = np.inf
        each = cost.min(axis=1, initial=np.inf) / np.maximum(self._serves, 1e-12)
        least = np.full(len(self._wanted), np.inf)
        np.minimum.at(least, self._owner, each)
        needed = float(np.sum(np.where(np.isfinite(least), least, 0.0) * self._wanted))
        return Cut(tuple(int(w * _SCALE) for w in prices.sum(axis=1)), int(needed * _SCALE))
