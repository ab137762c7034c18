r"""A bound from volumes: pool every resource of a pool's machines, and let copies be split.

The relaxation, with machines :math:`n_p` of pool p and copies :math:`x_{cop}` by option o on pool p, all continuous:

.. math::
    \min \sum_p \pi_p n_p \quad \text{s.t.} \quad \sum_{co} a_{rcop} x_{cop} \le A_{rp} n_p \ \forall r, p; \qquad
    \sum_{op} x_{cop} \ge d_c \ \forall c; \qquad l_p \le n_p \le u_p

A measure r is a resource of a machine, or memory after a dual feasible function: copies over half an accelerator then
count as all of it. It relaxes integrality, the borders between accelerators and between machines (but for what those
functions say of them), rules over zones, rules of one instance, optional copies, pins, moves but for those that `moves`
counts, limits over groups of pools, losses of a pool or an instance, and the most moves; it keeps options, allow-lists,
prices, quotas, `min_instances`, machines that can't be released, and demand. Machines have a price each: the fleet has
no commitments (with any, it is asked of `reductions.linear_prices`). HiGHS solves it in floating point, and only the
prices of the measures are taken from there: the bound itself is the Lagrangian value of those prices, computed in exact
integers, so it is a bound whatever the solver did (Geoffrion 1974, *Lagrangean relaxation for integer programming*,
Math. Prog. Study 2, theorem 1).
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from placement.bounds.dual_feasible import parts, rounded
from placement.bounds.moves import least_move_ticks
from placement.bounds.parameters import BOUNDS
from placement.bounds.parameters import VolumeParameters as _PARAMS
from placement.compiled.capacity import RESOURCES, capacity, usage
from placement.compiled.fleet import Fleet, FleetComponent, FleetOption
from placement.reductions.volume_aggregation import VolumeAggregation
from placement.solving.budget import Budget
from placement.units import MICRO

# A rule, or a few, between semicolons; of every fleet. `instant` adds moves, and the rules over the whole plan.
RELAXES = (
    "whole copies and machines; borders between accelerators, but for large copies; borders between machines; "
    "rules over zones; max_per_instance, avoid, dedicated; optional copies; pins, and machines that run now but for "
    "those that can't be released"
)
_SCALE = 2**24  # prices of measures are multiples of 1 / _SCALE micro-dollars


class Measure(NamedTuple):
    """What copies take of a machine may be added up, up to `room`: a resource, or memory after a function (k > 0)."""

    room: int
    resource: str
    k: int = 0

    def of(self, fleet: Fleet, p: int, option: FleetOption) -> int:
        """What one copy takes on a machine of pool p."""
        if not self.k:
            return usage(fleet, p, option, self.resource)
        memory = fleet.pools[p].shape.memory_mib
        if not option.shared:
            return option.accelerators * parts(self.k)
        return option.accelerators * rounded(option.memory_mib, memory, self.k) if memory > 0 else 0  # all is reserved


@dataclass(frozen=True, slots=True)
class VolumeMode:
    """One component by one option on one pool; `usage` of each of the pool's measures."""

    component: int
    option: int
    pool: int
    usage: tuple[int, ...]
    throughput: int


def volume_bound(fleet: Fleet, budget: Budget | None = None) -> int:
    """Ticks that no plan can beat, optional copies left out or not.

    Parameters
    ----------
    budget : when it is over before the LP is solved, its prices so far count, or none: the bound is then lower, down to
        what must be paid for empty, but still a bound.

    The LP has O(components x options x pools) columns, where components that need the same and pools that are alike
    count once; milliseconds for hundreds of components. Of too many columns volumes alone count, without dual feasible
    functions.
    """
    small = VolumeAggregation.of(fleet).fleet
    columns = sum(len(option.pools) for component in small.components for option in component.options)
    plain = columns > _PARAMS.most_modes
    measures = [[] if _over(budget) else measures_of(small, pool.index, plain=plain) for pool in small.pools]
    modes = modes_of(small, measures, budget)
    prices = {} if _over(budget) else _prices(small, measures, modes, budget)
    if not prices:
        modes = []  # all of them are free
    return max(0, fleet.tick_price * lagrangian(small, measures, modes, prices)) + least_move_ticks(fleet)


def _over(budget: Budget | None) -> bool:
    return budget is not None and budget.over()


def measures_of(fleet: Fleet, p: int, *, plain: bool = False) -> list[Measure]:
    """The resources that machines of pool p have, and the functions that say more of some copy than its memory does.

    With `plain` the resources alone.
    """
    resources = [Measure(room, r) for r, *_ in RESOURCES if (room := capacity(fleet, p, r))]
    shape = fleet.pools[p].shape
    if plain or shape.memory_mib <= 0:  # all of it reserved
        return resources
    memory = {o.memory_mib for c in fleet.components for o in c.options if o.shared and o.accelerators and p in o.pools}
    return resources + [
        Measure(shape.accelerators * parts(k), "memory_mib", k)
        for k in range(1, BOUNDS.dual_feasible.finest + 1)
        if any(rounded(need, shape.memory_mib, k) * shape.memory_mib > need * parts(k) for need in memory)
    ]


def modes_of(fleet: Fleet, measures: list[list[Measure]], budget: Budget | None = None) -> list[VolumeMode]:
    """All of them, measured; not all when the budget is over."""
    return [
        VolumeMode(c.index, o.index, p, tuple(measure.of(fleet, p, o) for measure in measures[p]), o.throughput)
        for c in fleet.components
        if not _over(budget)
        for o in c.options
        for p in sorted(o.pools)
    ]


def lagrangian(
    fleet: Fleet, measures: list[list[Measure]], modes: list[VolumeMode], prices: dict[tuple[int, int], int]
) -> int:
    """The bound in micro-dollars per hour for given prices, in exact integers.

    `prices[p, m]` is the price of one unit of measure m of pool p, in 1 / _SCALE micro-dollars, at least 0. Machines
    of a pool without a quota must not be worth more than they cost; prices that say so are scaled down first.
    """
    scale = [Fraction(1)] * len(fleet.pools)
    machine_value = []
    for pool in fleet.pools:
        total = sum(prices.get((pool.index, m), 0) * measure.room for m, measure in enumerate(measures[pool.index]))
        if pool.max_instances is None and total > pool.price * _SCALE:
            scale[pool.index] = Fraction(pool.price * _SCALE, total)
            total = pool.price * _SCALE
        machine_value.append(total)
    cheapest: dict[int, list[tuple[Fraction, int]]] = {}
    for mode in modes:
        price = sum(prices.get((mode.pool, m), 0) * amount for m, amount in enumerate(mode.usage))
        cheapest.setdefault(mode.component, []).append((price * scale[mode.pool], mode.throughput))
    copies = sum(_cheapest_copies(c, cheapest.get(c.index, [])) for c in fleet.components)
    machines = sum(_cheapest_machines(fleet, pool.index, machine_value[pool.index]) for pool in fleet.pools)
    return math.ceil((copies + machines) / _SCALE)


def _cheapest_copies(component: FleetComponent, modes: list[tuple[Fraction, int]]) -> Fraction:
    """The least that the required copies of a component pay for what they take."""
    if not modes:
        return Fraction(0)
    paid = component.required * min(price for price, _ in modes)
    if component.demand:
        paid = max(paid, component.demand * min(price / max(1, rate) for price, rate in modes))
    return paid


def _cheapest_machines(fleet: Fleet, p: int, value: int) -> int:
    """The least of (price - worth) x machines over the machine counts that pool p allows."""
    pool = fleet.pools[p]
    fewest = fleet.fewest(p)
    each = pool.price * _SCALE - value
    if each >= 0:
        return each * fewest
    return each * (pool.max_instances or 0)  # without a quota `each` is at least 0


def _prices(
    fleet: Fleet, measures: list[list[Measure]], modes: list[VolumeMode], budget: Budget | None
) -> dict[tuple[int, int], int]:
    """The LP's dual prices of each pool's measures, in whole 1 / _SCALE micro-dollars; none when the LP fails.

    Those of the last basis when time runs out: any prices give a bound.
    """
    import highspy

    from placement.engines.highs import linear_program, load_lp, run

    if not modes:
        return {}
    rows = {
        (p, m): row for row, (p, m) in enumerate((p, m) for p, kinds in enumerate(measures) for m in range(len(kinds)))
    }
    cover = {c.index: len(rows) + k for k, c in enumerate(fleet.components)}
    demand = {c.index: len(rows) + len(cover) + k for k, c in enumerate(c for c in fleet.components if c.demand)}
    covered = {mode.component for mode in modes}
    columns = [[(rows[p, m], -1.0) for m in range(len(kinds))] for p, kinds in enumerate(measures)]
    for mode in modes:
        component = fleet.components[mode.component]
        room = [measure.room for measure in measures[mode.pool]]  # by which rows are scaled
        column = [(rows[mode.pool, m], amount / room[m]) for m, amount in enumerate(mode.usage) if amount]
        column.append((cover[mode.component], 1.0))
        if component.demand:
            column.append((demand[mode.component], mode.throughput / component.demand))
        columns.append(column)
    infinity = highspy.kHighsInf
    fewest = [fleet.fewest(pool.index) for pool in fleet.pools]
    most = [infinity if pool.max_instances is None else pool.max_instances for pool in fleet.pools]
    least = [float(c.required) if c.index in covered else 0.0 for c in fleet.components]
    least += [1.0 if c.index in covered else 0.0 for c in fleet.components if c.demand]
    lp = linear_program(
        columns,
        cost=[pool.price / MICRO for pool in fleet.pools] + [0.0] * len(modes),
        within=(fewest + [0] * len(modes), most + [infinity] * len(modes)),
        rows=([-infinity] * len(rows) + least, [0.0] * len(rows) + [infinity] * len(least)),
    )
    solver = load_lp(lp, budget)
    found = run(solver)
    duals = solver.getSolution().row_dual
    cut_short = found == highspy.HighsModelStatus.kTimeLimit and len(duals) == lp.num_row_
    if found != highspy.HighsModelStatus.kOptimal and not cut_short:
        return {}
    return {
        (p, m): math.floor(max(0.0, -duals[row]) * MICRO / measures[p][m].room * _SCALE) for (p, m), row in rows.items()
    }
