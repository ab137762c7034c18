"""Column generation where rules look at the whole plan: limits, commitments, losses of a pool or an instance, moves.

1. The bound from patterns. Limits are rows of its linear program and its tree, losses caps on copies there. Commitments
   by money and limits on moves have prices (`patterns.group_bound`), which also say what one more unit is worth.
2. Large fleets with rules over zones are packed zone by zone, each with its share of these rules (`zone_packing`).
   Others begin with whole solutions of the program over its patterns, packed part by part (`whole_solutions`), but for
   large ones in one zone. This and the bound are done first for plans that leave no optional copy out.
3. Packing at fleet mixes (`pack`), where zones made no plan. Limits are rows, and commitments gains, in the programs of
   machine counts; a loss of an instance is a cap on what it holds, a loss of a pool a cap on what a dive puts there,
   and what comes out of it is repaired by heuristics that know all rules. There are no mixes where moves are limited or
   dear.
4. In small fleets, before that and after: mixes in the order of their price, each decided by CP-SAT, which knows all
   rules (`combinatorial_benders`). A mix on which there is no plan is left out with all that are within it, whatever
   the rules, as fewer machines never allow more plans. Only where the tree knows what machines cost.
5. Plans made cheaper by searches that know all rules (`local_search.whole_plan`).
"""

from dataclasses import replace

from placement.compiled.spread import is_zoned
from placement.local_search.set_covering import SetCovering
from placement.local_search.whole_plan import improve_whole_plan
from placement.patterns.bound import TOO_SMALL
from placement.patterns.group_bound import has_linear_prices, needs_group_bound, raise_bounds_of_groups
from placement.patterns.size import TOO_LARGE, may_build
from placement.solvers.column_generation.combinatorial_benders import CombinatorialBenders
from placement.solvers.column_generation.ground import WholePlanGround
from placement.solvers.column_generation.pack import NAME, FleetMixPacking
from placement.solvers.column_generation.search import (
    ColumnGenerationOptions,
    PackZones,
    Stats,
    bounded,
    decide_mixes,
    left_out_limits,
)
from placement.solvers.column_generation.whole_solutions import is_large, pack_solutions
from placement.solving.context import Solve
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.column_generation


def search_whole_plan(
    solve: Solve, options: ColumnGenerationOptions, covering: SetCovering, pack_zones: PackZones | None = None
) -> Outcome:
    """All steps of the module's text. `pack_zones` as in `search`."""
    if not may_build(solve.fleet, solve.budget):
        return _improved(solve, {}, TOO_LARGE, covering)
    by_prices, by_tree = needs_group_bound(solve.fleet), has_linear_prices(solve.fleet)
    stats: Stats = {}
    if by_prices:
        part = SCHEDULE.prices.within(solve) if by_tree else solve.share(options.bound_share)
        prices = raise_bounds_of_groups(part)
        stats.update(prices.stats)
        if prices.infeasible:
            return replace(prices, solver=NAME, stats=stats)
    by_mix: CombinatorialBenders | None = None
    for left_out in left_out_limits(solve) if by_tree else ():
        if solve.ended:
            break
        bound = bounded(solve, options, left_out, stats)
        if bound.infeasible and left_out is None:
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=TOO_SMALL, stats=stats)
        if bound.infeasible:
            continue
        dives_alone = is_large(solve.fleet) and not is_zoned(solve.fleet)  # they find as good plans sooner
        if pack_zones is None and not dives_alone:
            stats["solutions"] = pack_solutions(solve, bound, NAME, covering)
        by_mix = decide_mixes(solve, bound)
    ground = WholePlanGround(solve)
    zoned = False
    if pack_zones is not None and ground.best is not None and not solve.ended:
        zoned = pack_zones(ground.best, _TIME.zones.of(solve.budget))
    if ground.found and not (zoned or solve.ended) and not (stats.get("solutions") and is_large(solve.fleet)):
        mixes = FleetMixPacking(solve, ground, covering)
        mixes.run(mixes.phase.of(solve.budget))
        stats["mixes"] = mixes.tried
    if by_mix is not None and not solve.ended:
        by_mix.run(_TIME.decide.of(solve.budget))
        stats["ruled_out"] = by_mix.ruled_out
    return _improved(solve, stats, "", covering)


def _improved(solve: Solve, stats: Stats, reason: str, covering: SetCovering) -> Outcome:
    """The end of the search: the best plan made cheaper; `reason` tells why there is none."""
    if solve.packing is None:
        return Outcome(NAME, solve.why_stop() or Stop.STUCK, reason=reason, stats=stats)
    if not solve.ended:
        stats["steps"] = improve_whole_plan(solve, covering)
    return Outcome(NAME, solve.why_stop() or Stop.DONE, stats=stats)
