"""What the bound of counts and the search for counts have in common: the program, and inequalities for it.

Inequalities come from amounts first; then, while the program's solution breaks them, from prices of the pattern LP of
single pools (`weights`).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from placement.compiled.packing import Packing
from placement.grouping import grouped
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import NodeDomain
from placement.patterns.counts.program import CountProgram, Counts, Inequalities, Merging, everything
from placement.patterns.counts.rounding import DemandRounding, Rounded
from placement.patterns.counts.weights import PoolFit, Weights, first_weights
from placement.patterns.covering import any_domain
from placement.patterns.formulation import Relaxation
from placement.patterns.modes import Mode
from placement.patterns.parameters import CountParameters as _PARAMS
from placement.solving.budget import Budget

Choice = tuple[int, int, int]  # a component, one of its options, and the first of the alike pools that it is on


class CountModel:
    """The program of one relaxation with the inequalities that are known of it.

    Attributes
    ----------
    relaxation : whose machines and copies are counted.
    merging : which pools are counted together.
    weights, rounded : the inequalities, of what stands on single pools and of demands.
    """

    def __init__(
        self,
        relaxation: Relaxation,
        merging: Merging,
        *,
        anywhere: bool = False,
        over_quota: float | None = None,
    ) -> None:
        """O(modes).

        With `anywhere` zones do not count. With `over_quota` a machine above the quota of its pool costs so many times
        its price on top.
        """
        fleet = relaxation.fleet
        self.relaxation, self.merging = relaxation, merging
        self._over_quota = over_quota
        self._groups = groups_of(fleet)
        self._domain: NodeDomain = any_domain(fleet, self._groups)
        if anywhere:
            self._domain = merging.merged(self._domain)
        self._reduced = everything(relaxation, self._domain, merging)
        self.weights: list[Weights] = list(first_weights(relaxation, merging.groups))
        self.rounded: list[Rounded] = []
        self._fits = {
            p: PoolFit(relaxation, device_class, p)
            for device_class in relaxation.device_classes
            for p in device_class.pools
            if p in merging.groups
        }

    def program(self) -> CountProgram:
        inequalities = Inequalities(tuple(self.weights), tuple(self.rounded), self._over_quota)
        return CountProgram(self.relaxation, self._groups, self._domain, self._reduced, inequalities, self.merging)

    def price(self, counts: Counts) -> int:
        """What the machines of counts cost, micro-dollars per hour, those above a quota with what they cost on top."""
        pools = self.relaxation.fleet.pools
        rent = sum(n * pool.price for n, pool in zip(counts.machines, pools, strict=True))
        if self._over_quota is None:
            return rent
        excess = sum(n * pool.price for n, pool in zip(self.excess(counts), pools, strict=True))
        return rent + int(self._over_quota * excess)

    def excess(self, counts: Counts) -> list[int]:
        """Machines above the quota of each pool."""
        pools = self.relaxation.fleet.pools
        return [max(0, counts.machines[p.index] - self._reduced.most[p.index]) for p in pools]

    def counts_of(self, packing: Packing) -> Counts:
        """Those of a plan. O(copies + modes)."""
        modes = {(mode.component, mode.option, mode.pool): w for w, mode in enumerate(self.relaxation.modes)}
        first, copies = self.merging.first, [0] * len(modes)
        for machine, seat in packing.seats():
            pool = first[machine.pool] if seat.component in self.merging.free else machine.pool
            copies[modes[seat.component, seat.option, pool]] += 1
        fleet = self.relaxation.fleet
        used = Counter(machine.pool for machine in packing.machines)
        machines = [max(used[pool.index], fleet.fewest(pool.index)) for pool in fleet.pools]
        return Counts(tuple(machines), tuple(copies))

    def choices_of(self, copies: Sequence[int]) -> set[Choice]:
        """What copies run by, however pools are counted here."""
        first, modes = merging_of(self.relaxation).first, self.relaxation.modes
        return {(mode.component, mode.option, first[mode.pool]) for mode, n in zip(modes, copies, strict=True) if n}

    def separate(self, budget: Budget) -> Sequence[float]:
        """Add inequalities until the solution in parts breaks none; those that it is far from are left out again.

        Copies by each mode in the last solution in parts, (modes,); empty where there was none.
        """
        found: tuple[tuple[float, ...], tuple[float, ...]] | None = None
        always, rounding = len(self.weights), DemandRounding(self.relaxation)
        for _ in range(_PARAMS.rounds):
            found = None if budget.over() else self.program().relaxed(budget)
            if found is None:
                return ()
            rounded = list(rounding.broken(found[1]))
            broken = [] if rounded else self.broken(*found)  # these take longer to find
            if not rounded and not broken:
                loads = self._loads(*found)
                self.weights = [one for k, one in enumerate(self.weights) if k < always or loads[k] >= _PARAMS.tight]
                break
            self.rounded += rounded
            self.weights += broken
        return () if found is None else found[1]

    def broken(self, machines: Sequence[float], copies: Sequence[float]) -> list[Weights]:
        """Inequalities that counts, whole or not, break."""
        first = self.merging.first
        touched: dict[int, dict[int, float]] = {p: {} for p in self._fits}
        free = {p: self._devices(p, machines) for p in self._fits}
        for mode, n in zip(self.relaxation.modes, copies, strict=True):
            p = first[mode.pool]
            if n and p in free:
                free[p] -= mode.owns * n
                if mode.parts:
                    free[p] -= self.relaxation.devices(p) * math.ceil(n / mode.parts - 1e-6)
                if mode.item is not None:
                    touched[p][mode.item] = touched[p].get(mode.item, 0.0) + mode.touches * n
        found = (self._fits[p].lacking(items, free[p]) for p, items in touched.items() if items)
        return [weights for weights in found if weights is not None]

    def _loads(self, machines: Sequence[float], copies: Sequence[float]) -> list[float]:
        """What copies weigh by each of the weights, as a part of what the machines of their pools hold."""
        first = self.merging.first
        on: dict[int, list[tuple[Mode, float]]] = {}
        for mode, n in zip(self.relaxation.modes, copies, strict=True):
            if n:
                on.setdefault(first[mode.pool], []).append((mode, n))
        found = []
        for weights in self.weights:
            capacity = weights.most * self._devices(weights.pool, machines)
            load = sum(weights.of(mode) * n for mode, n in on.get(weights.pool, ()))
            found.append(load / capacity if capacity else 0.0)
        return found

    def _devices(self, first: int, machines: Sequence[float]) -> float:
        """Accelerators of all pools like one."""
        return self.relaxation.devices(first) * sum(machines[p] for p in self.merging.groups[first])


def merging_of(relaxation: Relaxation, *, anywhere: bool = False) -> Merging:
    """Alike pools with the same items: the weights of the first are asked for the items of all of them."""
    merging = Merging.of(relaxation.fleet, anywhere=anywhere)
    items = {p: one.contents for one in relaxation.device_classes for p in one.pools}
    groups = grouped(((first, items.get(p)), p) for p, first in merging.first.items())
    return replace(merging, groups={min(pools): tuple(sorted(pools)) for pools in groups.values()})
