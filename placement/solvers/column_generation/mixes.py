r"""Fleet mixes with room to spare: the cheapest machine counts of which a packing may hope.

The cuts of the pattern bound say what any plan needs; a mix that keeps them to the last gigabyte can hardly be packed.
Asked for the cheapest mix that offers a little more than every cut asks for, the cuts that the bound needed are not
enough: each mix is held against a volume relaxation too, which finds its most loaded resources

.. math::
    \min_{x \ge 0, t} t, \qquad \sum_{co} a_{copr} x_{cop} \le t n_p \ \forall p, r, \qquad \sum_{op} x_{cop} \ge d_c

and the least and the most of each component in each zone, with :math:`a_{copr}` the part of resource r of one machine
of pool p that a copy takes. Where t is too large its prices are one more cut on the machine counts (Benders 1962).
These cuts guide; none of them enters a bound.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import highspy
import numpy as np

from placement.engines.highs import load_lp, run
from placement.heuristics.shares import Shares
from placement.patterns.certificate import Cut
from placement.patterns.master import MICRO
from placement.patterns.zone_limits import zone_limits
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Machine
    from placement.heuristics.shares import Floats
    from placement.solvers.column_generation.separation import SpareCapacity
    from placement.solving.budget import Budget

    Machines = tuple[int, ...]

_ROUNDS = 60  # of mix and relaxation for one mix
_GAP = 5e-4  # of the mix program
_NODES = 500  # of the mix program
_NEAR = 2  # machines of a pool, between parts of machines and whole ones
_EPSILON = 1e-7
_ENOUGH = 10.0  # times what a cut asks for: one such machine keeps it, and larger numbers are more than HiGHS takes
_LITTLE = 1e-3  # machines that a pool without any counts for: else its prices would be anything
_MANY = 1e9  # and as many as ever count: where they cost next to nothing there may be more than HiGHS takes
_SCALE = 10**9
_RESOURCES = 4  # accelerators by memory, accelerators by share, vCPU, host memory


class FleetMix(NamedTuple):
    """Machines of each pool, and the most copies by each mode of a relaxation that these were counted for, if any.

    `held` are those of the machines that stand already, with copies that shall stay there.
    """

    machines: tuple[int, ...]
    most: list[float] | None = None
    held: tuple[Machine, ...] = ()


class FleetMixes:
    """Mixes of one fleet; what one call learns about loads is kept for the next."""

    def __init__(self, fleet: Fleet, cuts: Sequence[Cut], seed: int, room: SpareCapacity | None = None) -> None:
        """O(modes x pools). `room` tells what the patterns ask of a mix beside the cuts."""
        self._room = room
        self._fleet = fleet
        self._cuts = _scaled(cuts)  # each asks for at least 1
        self._seed = seed
        self._fits, self._parts = _parts(fleet)
        self._owner = [c.index for c in fleet.components for _ in c.options]
        self._serves = [o.throughput / c.demand if c.demand else 1.0 for c in fleet.components for o in c.options]
        self._wanted = [1.0 if c.demand else float(c.required) for c in fleet.components]
        self._limits = [None if c.demand else zone_limits(c) for c in fleet.components]
        self._build()

    def offer(self, spare: float, least: Sequence[int], budget: Budget) -> FleetMix | None:
        """The cheapest machine counts that offer `spare` (relative) more than all known cuts ask for; None without.

        There are at least `least` of each pool, within the quotas. They are looked for near those of the LP with so
        much more to place. Far from there the cuts found so far say little, and a program over whole machines goes
        where they say least.
        """
        low = np.array(least, dtype=float)
        high = np.maximum(low, self._quotas())
        parts = self._room.cheapest(low.tolist(), high.tolist(), spare, budget) if self._room is not None else None
        if parts is not None:
            near = np.maximum(low, np.floor(parts) - _NEAR), np.minimum(high, np.ceil(parts) + _NEAR)
            machines = self._settle(spare, *near, budget)
            if machines is not None:
                return FleetMix(machines)
        machines = self._settle(spare, low, high, budget)
        return None if machines is None else FleetMix(machines)

    def _quotas(self) -> Floats:
        most = [pool.max_instances for pool in self._fleet.pools]
        return np.array([highspy.kHighsInf if n is None else float(n) for n in most])

    def _settle(self, spare: float, low: Floats, high: Floats, budget: Budget) -> Machines | None:
        """The cheapest counts within limits, cut until nothing asks for more."""
        counts: Machines | None = None
        for _ in range(_ROUNDS):
            found = self._solve(spare, low, high, budget)
            if found is None:
                return counts
            counts = found
            new = [
                part for part in self._asked(counts, budget) if part @ np.array(counts) < (1.0 + spare) * (1 - _EPSILON)
            ]
            if not new or budget.over():
                break
            self._cuts += new
        return counts

    def _solve(self, spare: float, low: Floats, high: Floats, budget: Budget) -> Machines | None:
        pools, rows = self._fleet.pools, np.array(self._cuts).reshape(-1, len(self._fleet.pools))
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(pools), len(rows)
        lp.col_cost_ = np.array([pool.price / MICRO for pool in pools])
        lp.col_lower_, lp.col_upper_ = low, high
        lp.row_lower_, lp.row_upper_ = np.full(len(rows), 1.0 + spare), np.full(len(rows), highspy.kHighsInf)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        at, columns = np.nonzero(rows)
        lp.a_matrix_.start_ = np.searchsorted(at, np.arange(len(rows) + 1)).astype(np.int32)
        lp.a_matrix_.index_, lp.a_matrix_.value_ = columns.astype(np.int32), rows[at, columns]
        options: dict[str, Any] = {"mip_rel_gap": _GAP, "mip_max_nodes": _NODES, "random_seed": self._seed % 2**31}
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(pools)
        if not math.isinf(budget.left()):
            options["time_limit"] = max(0.01, budget.left())
        solver = load_lp(lp, **options)
        run(solver)
        if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        return tuple(round(n) for n in solver.getSolution().col_value)

    def _asked(self, counts: Machines, budget: Budget) -> Iterator[Floats]:
        """Cuts that a mix may break."""
        loaded = self.most_loaded(counts)
        if loaded is not None:
            yield from _scaled([loaded])
        lacking = self._room.separate(counts, budget) if self._room is not None else None
        if lacking is not None:
            yield from _scaled([lacking])

    def most_loaded(self, machines: Machines) -> Cut | None:
        """The cut of the prices that the volume relaxation gives; None when it can't be solved."""
        if not self._modes.size:
            return None
        room = np.clip(np.array(machines, dtype=np.float64), _LITTLE, _MANY)
        below = self._lower.size  # rows of resources come after those of components
        resources = room.size * _RESOURCES
        matrix = self._matrix
        t = (np.arange(below, below + resources), np.zeros(resources, dtype=np.int64), np.repeat(room, _RESOURCES))
        rows, columns, values = (np.concatenate(pair) for pair in zip(t, matrix, strict=True))
        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = below + resources, 1 + self._modes.size
        lp.row_lower_ = np.concatenate([self._lower, np.zeros(resources)])
        lp.row_upper_ = np.concatenate([self._upper, np.full(resources, highspy.kHighsInf)])
        lp.col_cost_ = np.concatenate([[1.0], np.zeros(self._modes.size)])
        lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.full(lp.num_col_, highspy.kHighsInf)
        order = np.argsort(columns, kind="stable")
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(columns))]).astype(np.int32)
        lp.a_matrix_.index_, lp.a_matrix_.value_ = rows[order].astype(np.int32), values[order]
        solver = load_lp(lp)
        if run(solver) != highspy.HighsModelStatus.kOptimal:
            return None
        prices = np.maximum(np.array(solver.getSolution().row_dual)[below:], 0.0).reshape(-1, _RESOURCES)
        return self._cut(prices)

    def _build(self) -> None:
        """The rows of components and the columns of modes, which are the same for every mix."""
        fleet, parts = self._fleet, self._parts
        self._modes, self._pools = np.nonzero(self._fits)
        lower, upper = list(self._wanted), [highspy.kHighsInf] * len(self._wanted)
        zone_row = np.full((len(fleet.components), len(fleet.zones)), -1)
        for c, limits in enumerate(self._limits):
            for z in limits.least if limits is not None else ():
                zone_row[c, z] = len(lower)
                lower.append(float(limits.least[z]) if limits else 0.0)
                upper.append(float(limits.most[z]) if limits else 0.0)
        self._lower, self._upper = np.array(lower), np.array(upper)
        owner = np.array(self._owner, dtype=np.int64)[self._modes]
        column = np.arange(1, 1 + self._modes.size)
        zoned = zone_row[owner, np.array([pool.zone for pool in fleet.pools], dtype=np.int64)[self._pools]]
        entries = [(owner, column, np.array(self._serves)[self._modes])]
        entries.append((zoned[zoned >= 0], column[zoned >= 0], np.ones(int((zoned >= 0).sum()))))
        for r in range(_RESOURCES):
            part = parts[self._modes, self._pools, r]
            some = part > 0
            entries.append((len(lower) + self._pools[some] * _RESOURCES + r, column[some], -part[some]))
        rows, columns, values = (np.concatenate(arrays) for arrays in zip(*entries, strict=True))
        self._matrix = rows, columns, values

    def _cut(self, prices: Floats) -> Cut:
        """What machines are worth at these prices, and the least that all copies are."""
        cost = np.einsum("wpr,pr->wp", self._parts, prices)
        cost[~self._fits] = np.inf
        zone_of = np.array([pool.zone for pool in self._fleet.pools])
        serves = np.maximum(np.array(self._serves), _LITTLE * _LITTLE)
        least = np.full((len(self._fleet.components), len(self._fleet.zones)), np.inf)
        for z in range(len(self._fleet.zones)):
            each = cost[:, zone_of == z].min(axis=1, initial=np.inf) / serves
            np.minimum.at(least[:, z], self._owner, each)
        needed = sum(self._split(c, by_zone) for c, by_zone in enumerate(least.tolist()))
        return Cut(tuple(int(w * _SCALE) for w in prices.sum(axis=1)), int(needed * _SCALE))

    def _split(self, c: int, by_zone: list[float]) -> float:
        """The least that the copies of a component are worth, between the least and the most for each zone."""
        limits, left = self._limits[c], self._wanted[c]
        total = 0.0
        if limits is not None and not self._fleet.components[c].demand:
            for z, low in limits.least.items():
                total += low * by_zone[z]
                left -= low
        for z in sorted(range(len(by_zone)), key=by_zone.__getitem__):
            if left > 0 and by_zone[z] < np.inf:
                most = limits.most[z] - limits.least[z] if limits is not None else left
                more = min(left, most)
                total += more * by_zone[z]
                left -= more
        return total if total < np.inf else 0.0


def _parts(fleet: Fleet) -> tuple[NDArray[np.bool_], Floats]:
    """(W, P) whether a way fits an empty machine, and (W, P, 4) the part of its resources that a copy takes.

    `Shares` counts what binds of memory and share; where others bind elsewhere those add up to too much.
    """
    shares = Shares(fleet)
    fits = shares.allowed
    options = [option for component in fleet.components for option in component.options]
    parts = np.zeros((len(options), len(fleet.pools), _RESOURCES))
    for p, pool in enumerate(fleet.pools):
        here = np.flatnonzero(fits[:, p])
        parts[here, p, 2:] = shares.parts(here, np.full(len(here), p))[:, 1:]
        for w, option in enumerate(options):
            if fits[w, p] and option.accelerators:
                many = option.accelerators / pool.shape.accelerators
                parts[w, p, 0] = many * (option.memory_mib / max(1, pool.shape.memory_mib) if option.shared else 1.0)
                parts[w, p, 1] = many * (option.share / WHOLE_SHARE if option.shared else 1.0)
    return fits, parts


def _scaled(cuts: Iterable[Cut]) -> list[Floats]:
    """Cuts as parts of what they ask for that a machine of each pool is worth; those that ask for nothing left out."""
    return [
        np.array([min(_ENOUGH, coefficient / cut.least) for coefficient in cut.coefficients])
        for cut in cuts
        if cut.least > 0
    ]
