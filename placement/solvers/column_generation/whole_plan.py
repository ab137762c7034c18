"""Column generation where rules look at the whole plan: limits, commitments, losses of a pool or an instance, moves.

1. The bound from patterns that knows the rules, by linear prices (`patterns.group_bound`).
2. Packing at fleet mixes (`pack`). Limits are rows, and commitments gains, in the programs of machine counts; a loss of
   an instance is a cap on what it holds, a loss of a pool a cap on what a dive puts there, and what comes out of it is
   repaired by heuristics that know all rules. Where moves are limited, mixes hold what runs.
3. Plans made cheaper by searches that know all rules (`local_search.whole_plan`).

Mixes decided one by one and packing zone by zone know none of these rules, and are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.local_search.whole_plan import improve_whole_plan
from placement.patterns.group_bound import raise_bounds_by_rules
from placement.patterns.size import TOO_LARGE, may_build
from placement.solvers.column_generation.ground import WholePlanGround
from placement.solvers.column_generation.pack import NAME, FleetMixPacking
from placement.solving.result import Outcome, Stop

if TYPE_CHECKING:
    from placement.solvers.column_generation.search import ColumnGenerationOptions
    from placement.solving.context import Solve


def search_whole_plan(solve: Solve, options: ColumnGenerationOptions) -> Outcome:
    """All steps of the module's text, in the shares of the options."""
    stats: dict[str, int | float | str] = {}
    if may_build(solve.fleet, solve.budget):
        bound = raise_bounds_by_rules(solve.share(options.bound_share))
        stats.update(bound.stats)
        if bound.infeasible:
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=bound.reason, stats=stats)
        ground = WholePlanGround(solve)
        if ground.found and not solve.ended:
            mixes = FleetMixPacking(solve, ground)
            mixes.run(solve.budget.share(options.dive_share if mixes.dives else options.pack_share))
            stats["mixes"] = mixes.tried
    if solve.packing is None:
        return Outcome(NAME, solve.why_stop() or Stop.STUCK, reason=TOO_LARGE if not stats else "", stats=stats)
    if not solve.ended:
        stats["steps"] = improve_whole_plan(solve)
    return Outcome(NAME, solve.why_stop() or Stop.DONE, stats=stats)
