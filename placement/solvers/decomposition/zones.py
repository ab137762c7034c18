"""A large fleet zone by zone: how many copies each zone has by an LP of groups of alike components.

The LP of the whole has a row for each component, and for each zone of those with rules over zones; with thousands of
components it does not converge in the time there is. That of groups does, and its bound is one of the whole. Zones are
then packed as in `column_generation.zone_packing`, in this process and in a second one, which finds a finer bound
before.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext

from placement.parallel.helper import HelperJob, helper_process
from placement.parallel.job import TaskAnswer
from placement.parallel.thread import may_search_in_background
from placement.patterns.bound import NAME
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.solvers.coarse_bound import raise_coarse_bound
from placement.solvers.column_generation.zone_packing import ZonePacking
from placement.solvers.column_generation.zone_split import round_by_zone
from placement.solvers.decomposition.parameters import DECOMPOSITION
from placement.solvers.decomposition.parameters import ZoneParameters as _PARAMS
from placement.solvers.decomposition.tasks import Bound
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.decomposition.zones


def pack_by_zone(solve: Solve, hear: Callable[[TaskAnswer], None]) -> bool:
    """Raise the bound by groups, and pack each zone; says whether that made a plan. `hear` takes other bounds."""
    budget = _TIME.of(solve.budget)
    helped = may_search_in_background(budget)
    zones = ZonePacking(solve, workers=1 + helped)
    beside = helper_process(solve.incumbent, budget, _jobs(solve, zones, budget, hear)) if helped else nullcontext()
    with beside:
        counts = _counts(solve, zones, _TIME.counts.of(budget), helped=helped)
        return zones.pack(counts or (), budget)


def _jobs(solve: Solve, zones: ZonePacking, budget: Budget, hear: Callable[[TaskAnswer], None]) -> Iterator[HelperJob]:
    """What the second process does: a finer bound until there are zones, then those."""
    finer = Bound(solve.fleet, solve.left_out, solve.seed, weight=1.0, groups=_PARAMS.finer)
    return zones.jobs_after(HelperJob(finer, _TIME.counts.of(budget), NAME, hear), budget)


def _counts(solve: Solve, zones: ZonePacking, budget: Budget, *, helped: bool) -> Sequence[Sequence[int]] | None:
    """Copies in each zone, (zones, components), by the LP of the groups' bound; None when there was no time.

    A second process that helps has the tree of that bound, and the prices for the whole.
    """
    coarse = RelaxingAggregation.of(solve.fleet, _PARAMS.groups)
    if not coarse.keeps_zone_rules:
        return None
    nodes = 0 if helped else DECOMPOSITION.tasks.nodes
    found = raise_coarse_bound(solve, coarse, _TIME.counts.bound.of(budget), nodes, lift=not helped)
    if found is None or not found.patterns.rounds:
        return None
    required = RelaxingAggregation.grouped(zones.required, coarse.groups)
    split = round_by_zone(required.fleet, budget, solve.seed, patterns=found.patterns.useful_patterns())
    return None if split is None else required.deal(split.copies)
