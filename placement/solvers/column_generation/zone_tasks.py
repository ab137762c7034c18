"""What there is to do where a fleet is packed zone by zone, in any process: split the fleet, pack one zone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.packing import Packing
from placement.heuristics.first_plan import first_plan
from placement.local_search.set_covering import SetCovering
from placement.parallel.job import TaskAnswer, answer_of
from placement.patterns.master import Pattern
from placement.reductions.given_counts import OneZone
from placement.reductions.restricting_aggregation import RestrictingAggregation
from placement.reductions.rule_shares import zone_shares
from placement.solvers.column_generation.pack import NAME
from placement.solvers.column_generation.parameters import ZonePackingParameters as _PARAMS
from placement.solvers.column_generation.search import ColumnGenerationOptions, search
from placement.solvers.column_generation.whole_plan import search_whole_plan
from placement.solvers.column_generation.zone_split import round_by_zone
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.result import SolverFault
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.column_generation.zones
_ALONE = ColumnGenerationOptions(second=False)


@dataclass(frozen=True, slots=True)
class PackZone:
    """Pack one zone, from a packing of it if there is one."""

    zone: OneZone
    seed: int
    start: Packing | None = None

    @property
    def copies(self) -> int:
        return self.zone.fleet.copies

    def run(self, budget: Budget) -> TaskAnswer:
        """Until time is over, or its bound is met."""
        return self.pack(budget, lambda packing: None)

    def pack(self, budget: Budget, hear: Callable[[Packing], None]) -> TaskAnswer:
        """The same; `hear` is told of each better packing."""
        incumbent = Incumbent(self.zone.fleet, budget, hear=lambda packing, _: hear(packing))
        solve = Solve(self.zone.fleet, incumbent, budget, self.seed)
        if self.start is not None:
            solve.incumbent.offer(self.start, NAME)
        first_plan(solve)
        self._in_groups(solve)
        _search(solve)
        return answer_of(solve)

    def _in_groups(self, solve: Solve) -> None:
        """A plan of groups of alike components, where the LP of all of them would not converge in time."""
        if solve.ended or sum(c.copies > 0 for c in solve.fleet.components) < _PARAMS.components_from:
            return  # to group so many takes seconds
        groups = RestrictingAggregation.of(solve.fleet, _PARAMS.groups)
        coarse = Solve.of(groups.fleet, _TIME.groups.of(solve.budget), self.seed)
        first_plan(coarse)
        _search(coarse)
        solve.incumbent.note_faults(coarse.incumbent.faults)
        if coarse.packing is not None:
            solve.incumbent.offer(groups.lift(coarse.packing), NAME)


def _search(solve: Solve) -> None:
    """Column generation in this process, by the rules that are left."""
    alone = search_whole_plan if named_fleet_rules(solve.fleet) else search
    alone(solve, _ALONE, SetCovering(solve))


def zone_tasks(
    fleet: Fleet, counts: Sequence[Sequence[int]], seed: int, machines: Sequence[float] | None = None
) -> list[PackZone]:
    """The zones that have copies, (zones, components), the largest first.

    By `machines` (P,), about what holds them, limits and commitments are dealt out; a fleet without has no need of it.
    """
    shares = [((), ())] * len(counts) if machines is None else zone_shares(fleet, machines)
    zones = (OneZone.of(fleet, zone, here, *shares[zone]) for zone, here in enumerate(counts))
    tasks = [PackZone(zone, seed + zone.zone) for zone in zones if zone.fleet.copies]
    return sorted(tasks, key=lambda task: -task.copies)


@dataclass(frozen=True, slots=True)
class SplitAnswer(TaskAnswer):
    """`tasks`: the zones; none where no split was found in time."""

    tasks: tuple[PackZone, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitFleet:
    """Decide how many copies each zone has, and give each a first packing by the heuristics, as far as time goes.

    Parameters
    ----------
    fleet : all of its copies are required.
    patterns, packing, rounds, hurried : the first columns of the LP by zone, rounds of pricing, and whether fewer will
        do, as in `round_by_zone`.
    """

    fleet: Fleet
    seed: int
    patterns: Sequence[Pattern] = ()
    packing: Packing | None = None
    rounds: int | None = None
    hurried: bool = True

    def run(self, budget: Budget) -> SplitAnswer:
        """The LP first, then whole numbers near it."""
        split = round_by_zone(
            *(self.fleet, budget, self.seed),
            patterns=self.patterns,
            packing=self.packing,
            rounds=self.rounds,
            hurried=self.hurried,
        )
        tasks, faults = [], list[SolverFault]()
        for task in () if split is None else zone_tasks(self.fleet, split.copies, self.seed, split.machines):
            solve = Solve.of(task.zone.fleet, budget, task.seed)
            first_plan(solve)
            faults += solve.incumbent.faults
            tasks.append(replace(task, start=solve.packing))
        return SplitAnswer(faults=tuple(faults), tasks=tuple(tasks))
