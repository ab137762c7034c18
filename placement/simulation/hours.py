"""What no strategy can beat, and what planning each hour anew would cost.

The floor of a step is a proven bound on the rent of any machines that hold the copies wanted then. The prices of one
linear program bound all of them, with parts of machines. Where few machines are enough, that they are whole counts for
much: then a small exact program finds the cheapest whole machines that keep what the prices say, and that are as many
as each component needs by its rules over zones and losses.

The plans of an hour hold the most copies of each component that are wanted within it; how they came from those before
is not asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from placement.arrays import Ints
from placement.bounds.cliques import fewest_machines
from placement.compiled.alike_pools import PoolsOf
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.spread import least_total
from placement.documents import Problem
from placement.heuristics.construct import UNLIMITED
from placement.patterns.certificate import UNIT, Cut
from placement.patterns.copy_prices import CopyPrices, copy_prices
from placement.patterns.covering import cheapest_mix
from placement.planner import solve
from placement.simulation.fleets import simulated, with_copies
from placement.simulation.machines import HOUR
from placement.units import micro_dollars

_FEW = 1500  # copies up to which hours are planned by `greedy`: half a second each, a tenth to a fifth cheaper
_GREEDY, _BEST_FIT = ("greedy", 2), ("best-fit", 4)  # and their restarts


@dataclass(frozen=True, slots=True)
class HourTask:
    """Some steps whose hours are planned: `wanted` (N, C) copies of each step, `every` seconds long."""

    problem: Problem
    every: int
    seed: int
    wanted: Ints


@dataclass(slots=True)
class HourPart:
    """Micro-dollars an hour at each step: the floor, and the plans; None where no plan was found.

    `worth` (C,) is what the copies of each component are worth at the prices of the floor, micro-dollars an hour added
    over the steps.
    """

    floor: list[int] = field(default_factory=list)
    planned: list[int | None] = field(default_factory=list)
    worth: list[int] = field(default_factory=list)


def plan_hours(task: HourTask) -> HourPart:
    """Bound and plan each hour of a task. O(hours x a bound and a first plan).

    Raises KeyboardInterrupt: a solve was interrupted, and handed out what it had.
    """
    found = HourPart()
    size = max(1, HOUR // task.every)
    known: dict[tuple[int, ...], int] = {}
    last: tuple[list[int], CopyPrices | None, int | None] | None = None
    wanted = allowed_copies(task.problem, task.wanted)
    for begin in range(0, len(wanted), size):
        rows = wanted[begin : begin + size]
        most = rows.max(axis=0).tolist()
        if last is None or last[0] != most:
            problem = with_copies(task.problem, most)
            fleet = compile_fleet(problem)
            prices = None if fleet.commitments else copy_prices(fleet, seed=task.seed)
            solver, restarts = _GREEDY if sum(most) <= _FEW else _BEST_FIT
            options = {"restarts": restarts}
            result = solve(problem, solver, time_limit=None, seed=task.seed, options=options)
            if result.interrupted:
                raise KeyboardInterrupt
            price = result.plan.price_per_hour
            last = most, prices, None if price is None else micro_dollars(price)
        _, prices, planned = last
        found.floor += [0 if prices is None else _floor(task, prices, row, known) for row in rows.tolist()]
        found.planned += [planned] * len(rows)
        if prices is not None:
            copies = rows.sum(axis=0).tolist()
            worth = [u * n // UNIT for u, n in zip(prices.copy, copies, strict=True)]
            found.worth = [a + b for a, b in zip(found.worth or [0] * len(worth), worth, strict=True)]
    return found


def _floor(task: HourTask, prices: CopyPrices, row: list[int], known: dict[tuple[int, ...], int]) -> int:
    """The floor of a step; what was found for the same copies in an earlier hour holds too."""
    key = tuple(row)
    if key not in known:
        known[key] = floor_of(task.problem, prices, row, seed=task.seed)
    return known[key]


_FEW_MACHINES = 40  # machines of the dearest pool, beyond which whole ones cost hardly more than parts of them
_MORE = 8  # copies beyond those that are wanted, that rules may ask for
_WORK = 0.02  # of CP-SAT's deterministic seconds, of one program
_SECONDS = 1e6  # never the limit: a floor depends on no clock


def floor_of(problem: Problem, prices: CopyPrices, copies: Sequence[int], *, seed: int) -> int:
    """Micro-dollars an hour that no machines which hold these copies (C,) cost less than; proven.

    The copies may be no more than those that the prices are of. O(C + pools), and a program where few machines do.
    """
    found = prices.bound(copies)
    dearest = max((pool.price for pool in prices.fleet.pools), default=0)
    if not any(copies) or found > _FEW_MACHINES * dearest:
        return found
    fleet = compile_fleet(with_copies(problem, copies))
    least = sum(u * n for u, n in zip(prices.copy, copies, strict=True))
    cuts = [Cut(prices.machine, least), *_needed(fleet)]
    mix = cheapest_mix(fleet, cuts, gap=0.0, seconds=_SECONDS, effort=_WORK, seed=seed)
    return found if mix is None else max(found, mix.bound)


def _needed(fleet: Fleet) -> Iterator[Cut]:
    """As many machines as a component needs, among those that it may run on; the most needed of each such set."""
    pools = PoolsOf(fleet)
    most: dict[tuple[int, ...], int] = {}
    for component in fleet.components:
        usable = frozenset().union(*(option.pools for option in component.options))
        key = tuple(int(pool.index in usable) for pool in fleet.pools)
        most[key] = max(most.get(key, 0), fewest_machines(fleet, component, pools))
    return (Cut(key, machines) for key, machines in most.items() if machines > 0)


def allowed_copies(problem: Problem, rows: Ints) -> Ints:
    """(N, C) the fewest copies, at least those of `rows` (N, C), that the rules over zones and losses allow at all.

    None of a component stays none. A number that no rule allows stays as it is. O(distinct numbers of copies x zones).
    """
    fleet = compile_fleet(simulated(problem, (rows.max(axis=0, initial=0) + _MORE).tolist()))
    found = rows.copy()
    for component in fleet.components:
        if not (component.has_zone_rules or component.pool_loss_floor or component.instance_loss_floor):
            continue
        beyond = max(component.pool_loss_floor, component.instance_loss_floor) + 1
        column = rows[:, component.index]
        for copies in np.unique(column[column > 0]).tolist():
            nowhere = (0,) * len(fleet.zones)
            least = least_total(component, nowhere, max(copies, beyond), (UNLIMITED,) * len(fleet.zones))
            if least is not None:
                found[column == copies, component.index] = least
    return found
