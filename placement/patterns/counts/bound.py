"""The bound of the count program, and the counts that cost the least.

1. Inequalities: amounts first; then, while the program's solution in parts breaks them, prices of the pattern LP of
   single pools (`weights`).
2. The integer program by HiGHS; what it proves is a bound (`engines.highs` says how far its word goes).
3. Whole copies on whole machines may break inequalities that parts did not: these are added, and the program is solved
   again. The counts that are left are likely to have a packing.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from placement.bounds.moves import least_move_ticks
from placement.patterns.branch_and_price import groups_of
from placement.patterns.counts.program import CountProgram, Merging, everything
from placement.patterns.counts.weights import PoolFit, first_weights
from placement.patterns.covering import any_domain
from placement.patterns.history import EngineVerdict
from placement.patterns.parameters import PATTERNS
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.packing import Packing
    from placement.patterns.certificate import NodeDomain
    from placement.patterns.counts.weights import Weights
    from placement.patterns.enumeration.reduced_costs import Reduced
    from placement.patterns.formulation import Mode, Relaxation
    from placement.solving.budget import Budget
    from placement.solving.context import Solve
    from placement.solving.incumbent import Incumbent

NAME = "counts"
TOO_FEW = "no counts of copies and machines within the quotas serve every demand"
_PHASE, _BY_POOL = SCHEDULE.demand.count, SCHEDULE.demand.by_pool
RELAXES = (
    "which accelerators are in one machine, with its vCPUs and host memory; patterns in parts; "
    "max_per_instance of several components together; avoid; machines that run now; moves not forced"
)
ENGINE = "HiGHS"
ABOUT = "machines of each pool and copies by each option on each, with inequalities on what accelerators hold"
_PARAMS = PATTERNS.counts


class Counts(NamedTuple):
    """A solution: machines per pool, copies by each mode of the relaxation."""

    machines: tuple[int, ...]
    copies: tuple[int, ...]


class CountBound:
    """The bound of one relaxation. `bound` is of the machines' price, micro-dollars per hour."""

    def __init__(
        self,
        relaxation: Relaxation,
        spare: float = 0.0,
        *,
        anywhere: bool = False,
        among: Sequence[CountBound] = (),
    ) -> None:
        """O(modes).

        With `anywhere` zones do not count, and alike pools are one: a smaller program, with a bound that may come
        sooner. With `spare` (see `Weights.of`), or with `among`, it is a search for counts alone: what it proves is no
        bound. `among` are others that found counts: only the options that their copies run by on pools of a kind are
        left, and each pool is counted by itself. So these counts are in no zone that has no room for them.
        """
        self.spare = spare
        self._among = among
        self.relaxes = f"{RELAXES}; rules over zones" if anywhere else RELAXES
        self.relaxation = relaxation
        self.bound = 0
        self.infeasible = False
        self.counts: Counts | None = None
        self.fitting = False  # whether `counts` break no inequality that could be found
        self.programs = 0
        self._separated = False
        self._groups = groups_of(relaxation.fleet)
        self._domain: NodeDomain = any_domain(relaxation.fleet, self._groups)
        fleet = relaxation.fleet
        self._merging = Merging.none(fleet) if among else _merging(relaxation, anywhere=anywhere)
        if anywhere:
            self._domain = self._merging.merged(self._domain)
        self._reduced = everything(relaxation, self._domain, self._merging)
        if among:
            self._reduced = _only_among(relaxation, self._reduced, among)
        self.weights: list[Weights] = list(first_weights(relaxation, self._merging.groups))
        self._fits = {
            p: PoolFit(relaxation, device_class, p)
            for device_class in relaxation.device_classes
            for p in device_class.pools
            if p in self._merging.groups
        }
        self._proof: CountProgram | None = None

    @property
    def given(self) -> tuple[int, ...] | None:
        """Of which plans the bound is one, as in `Incumbent.raise_bound`."""
        return self.relaxation.given

    @property
    def merges(self) -> bool:
        """Whether there are pools that differ by their zone alone."""
        return any(len(pools) > 1 for pools in self._merging.groups.values())

    @property
    def ticks(self) -> int:
        """No plan costs fewer: machines, and the moves that no plan avoids."""
        fleet = self.relaxation.fleet
        return fleet.tick_price * self.bound + least_move_ticks(fleet)

    @property
    def verdict(self) -> EngineVerdict | None:
        """The engine's word on the bound; None when it has not said anything."""
        if self._proof is None:
            return None
        return EngineVerdict(ENGINE, self.ticks, partial(self._proof.to_mps, self.bound - 1), ABOUT)

    def report(self, incumbent: Incumbent) -> None:
        """Tell of the bound, and of why it holds."""
        if not self.infeasible:
            incumbent.evidence.append(self)
            incumbent.raise_bound(self.ticks, NAME, self.given, self.relaxes)

    def begin_at(self, packing: Packing) -> None:
        """Take the counts of a plan, to find better ones from there."""
        modes = {(mode.component, mode.option, mode.pool): w for w, mode in enumerate(self.relaxation.modes)}
        first, copies = self._merging.first, [0] * len(modes)
        for machine, seat in packing.seats():
            pool = first[machine.pool] if seat.component in self._merging.free else machine.pool
            copies[modes[seat.component, seat.option, pool]] += 1
        fleet = self.relaxation.fleet
        used = Counter(machine.pool for machine in packing.machines)
        machines = [max(used[pool.index], fleet.fewest(pool.index)) for pool in fleet.pools]
        self.counts = Counts(tuple(machines), tuple(copies))

    def with_spare(self, spare: float) -> CountBound:
        """A search for counts that leave so much more room free; it begins with these inequalities and counts."""
        search = CountBound(self.relaxation, spare, among=self._among)
        search.weights, search.counts, search._separated = list(self.weights), self.counts, True
        return search

    def run(self, budget: Budget) -> None:
        """Bring the bound near its end, and look for counts."""
        phase = _BY_POOL if self._among else _PHASE
        if not self._separated:
            self.separate(phase.separate.of(budget))
            self._separated = True
        for _ in range(_PARAMS.whole_rounds):
            if not self._solve(phase.program.of(budget, budget.work), _PARAMS.near):
                return

    def prove(self, budget: Budget) -> None:
        """Go on to the end, from the counts at hand."""
        for _ in range(1 if self._among else _PARAMS.whole_rounds):
            if not self._solve(budget, 0.0):
                return

    def _solve(self, budget: Budget, gap: float) -> bool:
        """One program; says whether it is worth solving again, as its solution breaks inequalities found now."""
        if budget.over() or self.infeasible:
            return False
        program = self.program()
        self.programs += 1
        nodes = _PARAMS.nodes if budget.work is None else budget.work
        start = None if self.counts is None or self._among else program.start_at(*self.counts)
        answer = program.solve(program.most_rent, budget, nodes, gap=gap, start=start)
        self._raise(program, answer.bound)
        if not answer.machines or answer.bound is None:
            return False
        broken = self._broken(answer.machines, answer.copies)
        self.weights += broken
        if not broken or self.counts is None or not self.fitting or self._among:
            self.counts, self.fitting = Counts(answer.machines, answer.copies), not broken
        return bool(broken)

    def program(self) -> CountProgram:
        """The program with the inequalities so far."""
        merging, spare = self._merging, self.spare
        return CountProgram(self.relaxation, self._groups, self._domain, self._reduced, self.weights, merging, spare)

    def _raise(self, program: CountProgram, bound: int | None) -> None:
        """Take a bound that a program proves; None: it has no solution."""
        if bound is None:
            self.infeasible = True
        elif bound > self.bound:
            self.bound, self._proof = bound, program

    def separate(self, budget: Budget) -> None:
        """Add inequalities until the solution in parts breaks none; those that it is far from are left out again."""
        always = len(self.weights)
        for _ in range(_PARAMS.part_rounds):
            program = self.program()
            found = None if budget.over() else program.relaxed(budget)
            broken = [] if found is None else self._broken(*found)
            if found is None:
                return
            if not broken:
                loads = self._loads(*found)
                self.weights = [one for k, one in enumerate(self.weights) if k < always or loads[k] >= _PARAMS.tight]
                return
            self.weights += broken

    def _loads(self, machines: Sequence[float], copies: Sequence[float]) -> list[float]:
        """What copies weigh by each of the weights, as a part of what the machines of their pools hold."""
        first = self._merging.first
        on: dict[int, list[tuple[Mode, float]]] = {}
        for mode, n in zip(self.relaxation.modes, copies, strict=True):
            if n:
                on.setdefault(first[mode.pool], []).append((mode, n))
        found = []
        for weights in self.weights:
            capacity = weights.most * self._devices(weights.pool, machines)
            load = sum(weights.of(mode, self.spare) * n for mode, n in on.get(weights.pool, ()))
            found.append(load / capacity if capacity else 0.0)
        return found

    def _devices(self, first: int, machines: Sequence[float]) -> float:
        """Accelerators of all pools like one."""
        return self.relaxation.devices(first) * sum(machines[p] for p in self._merging.groups[first])

    def _broken(self, machines: Sequence[float], copies: Sequence[float]) -> list[Weights]:
        """Inequalities that counts, whole or not, break."""
        first = self._merging.first
        touched: dict[int, dict[int, float]] = {p: {} for p in self._fits}
        free = {p: self._devices(p, machines) for p in self._fits}
        for mode, n in zip(self.relaxation.modes, copies, strict=True):
            p = first[mode.pool]
            if n and p in free:
                free[p] -= mode.owns * n
                if mode.parts:
                    free[p] -= self.relaxation.devices(p) * math.ceil(n / mode.parts - 1e-6)
                if mode.item is not None:
                    touched[p][mode.item] = touched[p].get(mode.item, 0.0) + mode.touches * n * (1 + self.spare)
        found = (self._fits[p].lacking(items, free[p]) for p, items in touched.items() if items)
        return [weights for weights in found if weights is not None]


def _merging(relaxation: Relaxation, *, anywhere: bool = False) -> Merging:
    """Alike pools with the same items: the weights of the first are asked for the items of all of them."""
    merging = Merging.of(relaxation.fleet, anywhere=anywhere)
    items = {p: one.contents for one in relaxation.device_classes for p in one.pools}
    groups: dict[tuple[int, object], list[int]] = {}
    for p, first in merging.first.items():
        groups.setdefault((first, items.get(p)), []).append(p)
    return replace(merging, groups={min(pools): tuple(sorted(pools)) for pools in groups.values()})


def _only_among(relaxation: Relaxation, reduced: Reduced, among: Sequence[CountBound]) -> Reduced:
    """No copies but by the options that others use on pools of the same kind."""
    first = _merging(relaxation).first
    used = {
        (mode.component, mode.option, first[mode.pool])
        for other in among
        if other.counts is not None
        for mode, n in zip(relaxation.modes, other.counts.copies, strict=True)
        if n
    }
    copies = (
        most if (mode.component, mode.option, first[mode.pool]) in used else 0
        for mode, most in zip(relaxation.modes, reduced.copies, strict=True)
    )
    return replace(reduced, copies=tuple(copies))


def raise_count_bound(solve: Solve, relaxation: Relaxation) -> list[CountBound]:
    """Report what the count program proves, first without zones where that is a smaller program.

    All that were tried, for the counts that they have; those of the last are by zone.
    """
    budget, phase = solve.budget, SCHEDULE.demand
    counting, tried = CountBound(relaxation), []
    if counting.merges:
        anywhere = CountBound(relaxation, anywhere=True)
        tried.append(anywhere)
        limits = phase.anywhere.of(budget, budget.work)
        anywhere.run(limits)
        anywhere.prove(limits)
        anywhere.report(solve.incumbent)
    if solve.packing is not None:
        counting.begin_at(solve.packing)
    if not solve.ended:
        counting.run((phase.by_zone if counting.merges else phase.count).of(budget, budget.work))
        counting.report(solve.incumbent)
    return [*tried, counting]


def is_counted(solve: Solve) -> bool:
    """Whether a count program has proven something of the problem before, for plans like the best one."""
    return any(
        isinstance(one, CountBound) and one.relaxation.fleet is solve.fleet and one.relaxation.given == solve.left_out
        for one in solve.incumbent.evidence
    )
