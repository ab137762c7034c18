"""A fleet split into zones: how many copies of each component stand in each, so that all machines together cost little.

The pattern LP says how many copies go to each zone and how many machines there are, in parts. A zone that lacks a
hundredth of a machine needs a whole one, which may cost as much as all else that the split costs. So a rounding dive
makes machine counts and copies whole in one order, the dearest first: what is cheap is decided last, and fills the
machines that are there. The LP is solved anew after each step.

No order is best everywhere, so there are several dives, with sizes of some noise, and the split whose LP costs least is
taken: that is near to what the zones cost on whole machines (docs/notes/2026-12-fleets.md).
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from placement.arrays import Floats
from placement.compiled.fleet import Fleet, FleetComponent
from placement.compiled.packing import Packing
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.master import Pattern, PatternProgram, PatternSolution
from placement.patterns.one_place import begin_in_one_place
from placement.patterns.root import RootPrices
from placement.solvers.column_generation.parameters import ZonePackingParameters as _PARAMS
from placement.solvers.column_generation.whole_counts import WholeMachineCounts
from placement.solvers.column_generation.zone_counts import zone_counts
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE
from placement.units import MICRO

_TIME = SCHEDULE.column_generation.zones.counts


class ZoneSplit(NamedTuple):
    """Whole `copies`, (zones, components), and about the `machines` of each pool, (P,), that hold them."""

    copies: list[list[int]]
    machines: list[float]


def round_by_zone(
    fleet: Fleet,
    budget: Budget,
    seed: int = 0,
    *,
    patterns: Sequence[Pattern] = (),
    packing: Packing | None = None,
    rounds: int | None = None,
    hurried: bool = True,
) -> ZoneSplit | None:
    """A split of a fleet whose copies are all required; None when none is found in time.

    The LP of its relaxation has the `patterns` and those of a `packing`, and more after so many `rounds` of pricing; by
    default after a few, for patterns that are near the optimum. In the largest fleets its numbers are rounded at once.
    Where there is no time for all of these rounds, there is no split either, unless a `hurried` one will do.
    """
    program = PatternProgram(relax(fleet, all_zones=True), rules=bool(fleet.limits or fleet.commitments), joined=True)
    program.add_patterns(patterns)
    domain = any_domain(fleet, ())
    program.set_domain(domain)
    columns = PatternColumns(program.relaxation, program, seed)
    if packing is not None:
        columns.add_packing(packing)
    lp = _TIME.lp.of(budget)
    if not patterns:
        root = RootPrices(program.relaxation, program, columns, ())
        begin_in_one_place(root, domain, _TIME.one_place.of(lp), packing=packing, seed=seed)
    solution = columns.solve(_PARAMS.pricings if rounds is None else rounds, lp)
    if columns.late and not hurried:
        return None
    solution = solution or columns.solve(0, budget)  # its numbers rounded at once are better than no split at all
    return None if solution is None else _cheapest_split(fleet, program, solution, budget, seed)


def _cheapest_split(
    fleet: Fleet, program: PatternProgram, solution: PatternSolution, budget: Budget, seed: int
) -> ZoneSplit | None:
    """That of some dives, of which the first has no noise; copies that it has no time for are rounded at once."""
    prices = np.array([pool.price / MICRO for pool in fleet.pools])
    sizes = Sizes(
        np.where(prices < _PARAMS.dear * solution.value, 0.0, prices),
        np.maximum(0.0, program.dual_values(solution.duals()).copies),
    )
    dive = ZoneDive(fleet, program, solution, sizes)
    if fleet.copies > _PARAMS.whole_to:
        return dive.split()
    root = program.solver.getBasis()
    least, best, rng = dive.run(budget), dive.split(), random.Random(seed)
    for _ in range(_PARAMS.dives - 1):
        if best is None or budget.over():
            break
        program.solver.setBasis(root)
        dive = ZoneDive(fleet, program, solution, sizes.with_noise(rng))
        value = dive.run(budget, least)
        if value < least:
            least, best = value, dive.split()
    return best


class Sizes(NamedTuple):
    """Dollars an hour: of a machine of each pool, (P,), 0 where it is cheap; and of a copy of each component, (C,)."""

    machine: Floats
    copy: Floats

    def with_noise(self, rng: random.Random) -> Sizes:
        """Each a random part more or less."""
        return Sizes(*(sizes * [1 + _PARAMS.noise * rng.uniform(-1, 1) for _ in sizes] for sizes in self))


class ZoneDive:
    """One dive by such sizes from a solution of a `program` that has a row for each component and zone."""

    def __init__(self, fleet: Fleet, program: PatternProgram, solution: PatternSolution, sizes: Sizes) -> None:
        """Nothing is decided; O(modes + C log C)."""
        self._fleet, self._program, self._sizes = fleet, program, sizes
        self._parts = self._copies_by_zone(solution)
        self._left = sorted((c for c in fleet.components if c.required), key=lambda c: -sizes.copy[c.index])
        self._decided: dict[int, list[int]] = {}
        self._counts = WholeMachineCounts(program, fleet, sizes.machine)
        self._machines = solution.counts[: len(fleet.pools)]

    def run(self, budget: Budget, below: float = math.inf) -> float:
        """Decide all; what the LP costs then, dollars an hour, or infinity where that is no less or time is over.

        Where copies that are made whole leave no room, counts that were rounded down are open again.
        """
        domain, machine = any_domain(self._fleet, ()), self._sizes.machine
        most = np.array(domain.most, dtype=float)
        self._program.ask_for([c.required for c in self._fleet.components], {})
        now = self._counts.within(np.array(domain.fewest, dtype=float), most, budget)
        while now is not None and now.value < below:
            self._parts, self._machines = self._copies_by_zone(now.solution), now.counts.tolist()
            sizes = np.where(now.counts % 1 > 0, machine, 0.0)
            pool, copy = int(sizes.argmax()), self._sizes.copy[self._left[0].index] if self._left else 0.0
            if sizes[pool] > 0 and sizes[pool] >= copy:
                now = self._counts.rounded(now, pool, budget)
            elif self._left:
                least = max(sizes[pool], _PARAMS.alike * copy)
                self._place([c for c in self._left if self._sizes.copy[c.index] >= least])
                now = self._counts.within(now.low, now.high, budget) or self._counts.within(now.low, most, budget)
            else:
                return now.value
        return math.inf

    def split(self) -> ZoneSplit | None:
        """Copies that are still open are rounded at once; None where rules allow none."""
        if not self._place(self._left):
            return None
        none = [0] * len(self._fleet.zones)
        by_component = (self._decided.get(c.index, none) for c in self._fleet.components)
        return ZoneSplit([list(here) for here in zip(*by_component, strict=True)], self._machines)

    def _place(self, components: Sequence[FleetComponent]) -> bool:
        """Make the copies of the first components that are left whole; says whether their rules allow that."""
        found = zone_counts(components, len(self._fleet.zones), self._parts, self._sizes.copy.tolist())
        if found is None:
            return False
        self._program.fix_zones(found)
        self._decided |= found
        self._left = self._left[len(components) :]
        return True

    def _copies_by_zone(self, solution: PatternSolution) -> dict[int, dict[int, float]]:
        parts: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for mode, n in zip(self._program.relaxation.modes, solution.copies, strict=True):
            parts[mode.component][mode.zone] += n
        return parts
