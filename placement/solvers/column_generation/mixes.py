"""Fleet mixes with spare capacity: the cheapest machine counts that may allow a packing.

The cuts of the pattern bound hold for every plan. A mix that keeps them exactly can hardly be packed, so each cut is
asked for a little more, the *spare* part. The cuts that the bound needed are too few for that: each mix is checked in
the pattern LP, and if the LP needs more machines, one more cut on the machine counts is added (Benders 1962). These
cuts only guide this search; none of them enters a bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import highspy
import numpy as np

from placement.engines.highs import linear_program, load_lp, run, whole_solution
from placement.patterns.covering import any_domain
from placement.patterns.group_rows import add_group_rows
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.units import MICRO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.compiled.fleet import Fleet
    from placement.heuristics.shares import Floats
    from placement.patterns.certificate import Cut
    from placement.solvers.column_generation.separation import SpareCapacity
    from placement.solving.budget import Budget

    Machines = tuple[int, ...]

_PARAMS = COLUMN_GENERATION.mixes
_EPSILON = 1e-7


class FleetMix(NamedTuple):
    """Machines of each pool, and the most copies by each mode of a relaxation, if there are such limits."""

    machines: tuple[int, ...]
    most: list[float] | None = None


class FleetMixes:
    """Mixes of one fleet; what one call learns about loads is kept for the next."""

    def __init__(self, fleet: Fleet, cuts: Sequence[Cut], seed: int, separation: SpareCapacity) -> None:
        """O(cuts x pools). `separation` tells what the patterns ask of a mix beside the cuts."""
        self._fleet, self._seed, self._separation = fleet, seed, separation
        self._cuts = _scaled(cuts)  # each asks for at least 1

    def offer(self, spare: float, least: Sequence[int], budget: Budget) -> FleetMix | None:
        """The cheapest machine counts that offer `spare` (relative) more than all known cuts ask for; None without.

        There are at least `least` of each pool, and at most `_most`. They are looked for near those of the LP with so
        much more to place. Far from there the cuts found so far say little, and a program over whole machines goes
        where they say least. Where there is no time to ask the LP what whole counts lack, its own are rounded up.
        """
        low = np.array(least, dtype=float)
        high = np.maximum(low, self._most())
        began = budget.elapsed()
        parts = self._separation.cheapest(low.tolist(), high.tolist(), spare, budget)
        if parts is None:
            counts = self._whole_counts(spare, low, high, budget)
        else:
            hurried = budget.left() < _PARAMS.separation * (budget.elapsed() - began)
            counts = None if hurried else self._near(parts, spare, low, high, budget)
            if counts is None or budget.over():
                up = np.minimum(high, np.ceil(np.array(parts) - _EPSILON))
                counts = tuple(map(int, up))
        return None if counts is None else FleetMix(counts)

    def _near(self, parts: Sequence[float], spare: float, low: Floats, high: Floats, budget: Budget) -> Machines | None:
        """The cheapest counts near the LP's; anywhere within limits where there are none near."""
        near = np.maximum(low, np.floor(parts) - _PARAMS.near), np.minimum(high, np.ceil(parts) + _PARAMS.near)
        return self._whole_counts(spare, *near, budget) or self._whole_counts(spare, low, high, budget)

    def _most(self) -> Floats:
        """The quotas; without one, twice the machines that all copies can use, so that the spare grows not for ever."""
        useful = any_domain(self._fleet).most
        quotas = (pool.max_instances for pool in self._fleet.pools)
        return np.array([2.0 * n if quota is None else n for n, quota in zip(useful, quotas, strict=True)], dtype=float)

    def _whole_counts(self, spare: float, low: Floats, high: Floats, budget: Budget) -> Machines | None:
        """The cheapest counts within limits, cut until nothing asks for more."""
        counts: Machines | None = None
        for _ in range(_PARAMS.rounds):
            found = self._solve(spare, low, high, budget)
            if found is None:
                return counts
            counts = found
            cut = self._separation.separate(counts, budget)
            new = [] if cut is None else _scaled([cut])
            if not new or budget.over() or new[0] @ np.array(counts) >= (1.0 + spare) * (1 - _EPSILON):
                break
            self._cuts += new
        return counts

    def _solve(self, spare: float, low: Floats, high: Floats, budget: Budget) -> Machines | None:
        pools, cuts = self._fleet.pools, np.array(self._cuts).reshape(-1, len(self._fleet.pools))
        lp = linear_program(
            [[(r, cuts[r, p]) for r in np.flatnonzero(cuts[:, p]).tolist()] for p in range(len(pools))],
            cost=[pool.price / MICRO for pool in pools],
            within=(low, high),
            rows=(np.full(len(cuts), 1.0 + spare), highspy.kHighsInf),
            integer=True,
        )
        solver = load_lp(
            lp,
            seconds=budget.left(),
            mip_rel_gap=_PARAMS.gap,
            mip_max_nodes=_PARAMS.nodes,
            random_seed=self._seed % 2**31,
        )
        add_group_rows(solver, self._fleet)
        run(solver)
        counts = whole_solution(solver)
        return None if counts is None else tuple(counts[: len(pools)])


def _scaled(cuts: Iterable[Cut]) -> list[Floats]:
    """Cuts as parts of what they ask for that a machine of each pool is worth; those that ask for nothing left out."""
    return [
        np.array([min(_PARAMS.enough, coefficient / cut.least) for coefficient in cut.coefficients])
        for cut in cuts
        if cut.least > 0
    ]
