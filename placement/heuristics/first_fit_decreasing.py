"""First-fit decreasing: biggest copies first, each on the first machine with room; else rent the cheapest one."""

from collections.abc import Iterator, Sequence

import numpy as np

from placement.arrays import Floats, Ints
from placement.heuristics.parameters import FirstFitParameters as _PARAMS
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace


class FirstFitDecreasing:
    """Sizes are parts of the machine on which a copy is cheapest; options are tried cheapest first."""

    def __init__(self, ws: Workspace, shares: Shares, noise: np.random.Generator | None = None) -> None:
        """With `noise`, sizes are bent at random: the order of one more restart."""
        self.cost = shares.cost(likeness=1.0)
        self.size = sizes(ws, shares, self.cost, noise)
        self.first_row = shares.first
        self.pool_price = shares.price
        self.options_of = options_by_cost(shares, self.cost)
        self._weights = [0.0] * len(ws.fleet.zones)

    def order(self, ws: Workspace, components: Sequence[int]) -> list[int]:
        """Biggest first."""
        return sorted(components, key=lambda c: -self.size[c])

    def zone_weights(self, ws: Workspace, c: int) -> Sequence[float]:
        """All zones alike: lowest index first."""
        return self._weights

    def options(self, ws: Workspace, c: int) -> Sequence[int]:
        """Cheapest first."""
        return self.options_of[c]

    def machines(self, ws: Workspace, c: int, zone: int) -> Iterator[tuple[int, int]]:
        """Rows in the order in which they were rented."""
        for o in self.options_of[c]:
            for m in ws.fits(c, o, zone).nonzero()[0].tolist():
                yield o, m

    def rental(self, ws: Workspace, c: int, left: int, zone: int) -> tuple[int, int] | None:
        """The option and pool whose next machine is charged least, for the `left` copies."""
        best: tuple[float, int, int, int] | None = None
        for rank, o in enumerate(self.options_of[c]):
            pools = ws.rentals(c, o, zone)
            if len(pools):
                charge = self.charge(ws, c, o, left, pools)
                cheapest = int(charge.argmin())  # the first among equals
                choice = (float(charge[cheapest]), rank, int(pools[cheapest]), o)
                best = choice if best is None else min(best, choice)
        return None if best is None else (best[3], best[2])

    def charge(self, ws: Workspace, c: int, o: int, left: int, pools: Ints) -> Floats | Ints:
        """What the next machine of each of some `pools` is charged: its price."""
        return ws.rented.next_price[pools]


def sizes(ws: Workspace, shares: Shares, cost: Floats, noise: np.random.Generator | None) -> list[float]:
    """(C,) part of a machine that one copy takes where it is cheapest; copies on many accelerators count as whole ones.

    A copy on g accelerators needs g equal holes, which small copies destroy first: its part is raised to that of the
    whole accelerators, so wide copies come before narrow ones of the same memory. O(modes x pools).
    """
    if not cost.size:
        return [np.inf] * len(shares.first)
    pool = cost.argmin(axis=1)
    by_mode = cost[np.arange(len(cost)), pool]
    least = shares.least_of_each(by_mode)
    cheapest = np.flatnonzero(by_mode == least[shares.owner])
    mode = cheapest[np.unique(shares.owner[cheapest], return_index=True)[1]]  # the first of each component
    takes = np.array([option.accelerators for c in ws.fleet.components for option in c.options])[mode]
    has = np.array([max(1, p.shape.accelerators) for p in ws.fleet.pools])[pool[mode]]
    found = np.where(takes > 1, takes / has, 0.0) + shares.volume[mode, pool[mode]]
    found[~np.isfinite(least)] = np.inf
    if noise is not None:
        found = found * noise.uniform(1.0 - _PARAMS.flat_noise, 1.0 + _PARAMS.flat_noise, len(found))
    sizes_of: list[float] = found.tolist()
    return sizes_of


def options_by_cost(shares: Shares, cost: Floats) -> list[list[int]]:
    """Per component, its options by the least cost of a copy (per unit of throughput under a demand)."""
    least = cost.min(axis=1, initial=np.inf) / shares.serves
    first = np.array(shares.first, dtype=np.int64)
    order = np.lexsort((least, shares.owner))
    ranked = (order - first[shares.owner]).tolist() if len(order) else []
    ends = [*shares.first[1:], len(ranked)] if shares.first else []
    return [ranked[start:end] for start, end in zip(shares.first, ends, strict=True)]
