"""A large fleet zone by zone: how many copies each zone has by an LP of groups of alike components.

The LP of the whole has a row for each component, and for each zone of those with rules over zones; with thousands of
components it does not converge in the time there is. That of groups does, and its bound is one of the whole. Zones are
then packed as in `column_generation.zone_packing`, in this process and in a second one, which finds a finer bound
before.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement.parallel.helper import HelperJob, helper_process
from placement.parallel.thread import may_search_in_background
from placement.patterns.bound import NAME, PatternBound
from placement.patterns.formulation import RELAXES
from placement.patterns.size import may_build
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.solvers.column_generation.zone_counts import round_by_zone
from placement.solvers.column_generation.zone_packing import ZonePacking
from placement.solvers.decomposition.parameters import DECOMPOSITION
from placement.solvers.decomposition.tasks import Bound
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from placement.parallel.job import TaskAnswer
    from placement.solving.budget import Budget

_PARAMS = DECOMPOSITION.zones
_TIME = SCHEDULE.decomposition.zones


def pack_by_zone(solve: Solve, hear: Callable[[TaskAnswer], None]) -> bool:
    """Raise the bound by groups, and pack each zone; says whether that made a plan. `hear` takes other bounds."""
    budget = _TIME.of(solve.budget)
    helped = may_search_in_background(budget)
    zones = ZonePacking(solve, workers=1 + helped)
    run = partial(_run, solve, zones, budget, nodes=0 if helped else DECOMPOSITION.tasks.nodes)
    if not helped:
        return run()
    with helper_process(solve.incumbent, budget, _jobs(solve, zones, budget, hear)):
        return run()


def _run(solve: Solve, zones: ZonePacking, budget: Budget, nodes: int) -> bool:
    counts = _counts(solve, zones, _TIME.counts.of(budget), nodes)
    return zones.pack(counts or (), budget)


def _jobs(solve: Solve, zones: ZonePacking, budget: Budget, hear: Callable[[TaskAnswer], None]) -> Iterator[HelperJob]:
    """What the second process does: a finer bound until there are zones, then those."""
    finer = Bound(solve.fleet, solve.left_out, solve.seed, weight=1.0, groups=_PARAMS.finer)
    yield HelperJob(finer, _TIME.counts.of(budget), NAME, hear)
    yield from zones.open_jobs(budget)


def _counts(solve: Solve, zones: ZonePacking, budget: Budget, nodes: int) -> Sequence[Sequence[int]] | None:
    """Copies in each zone, (zones, components), after so many nodes of the bound; None when there was no time."""
    coarse = RelaxingAggregation.of(solve.fleet, _PARAMS.groups)
    if not coarse.keeps_zone_rules or not may_build(coarse.fleet, budget):
        return None
    groups = Solve.of(coarse.fleet, _TIME.counts.bound.of(budget), solve.seed)
    bound = PatternBound(groups, solve.left_out)
    if solve.packing is not None:
        bound.add_patterns(coarse.merged(solve.packing), 0)
    bound.run(nodes)
    solve.incumbent.note_faults(groups.incumbent.faults)
    relaxes = coarse.keeps_bound.beside(RELAXES)
    solve.incumbent.raise_bound(solve.fleet.tick_price * bound.bound, NAME, solve.left_out, relaxes)
    if not bound.rounds:
        return None
    required = RelaxingAggregation.grouped(zones.required, coarse.groups)
    counts = round_by_zone(required.fleet, bound.useful_patterns(), budget, solve.seed)
    return None if counts is None else required.deal(counts)
