"""What no strategy can beat, and what planning each hour anew would cost.

The floor of a step is a proven bound on the rent of any machines that hold the copies wanted then. The plans of an hour
hold the most copies of each component that are wanted within it; how they came from those before is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from placement.compiled.fleet import compile_fleet
from placement.planner import solve
from placement.simulation.fleets import with_copies
from placement.simulation.floor import allowed_copies, floor_of
from placement.simulation.machines import HOUR
from placement.units import micro_dollars

if TYPE_CHECKING:
    from placement.arrays import Ints
    from placement.documents import Problem
    from placement.patterns.copy_prices import CopyPrices

_FEW = 200  # copies up to which hours are planned by `greedy`, which takes longer and finds more
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
    from placement.patterns.certificate import UNIT
    from placement.patterns.copy_prices import copy_prices

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
