"""The solver `column-generation`: prices and machine counts from patterns, plans packed on them, then improved.

1. Heuristics for a first plan; where it leaves optional copies out, how few can be, and a search for such a plan
   (`scarce`); where components have a demand, the solver `demand` for a better one and its bound.
   Where moves are dear or few, whole solutions of the pattern program with what runs (`running_solutions`) for both.
2. The pattern bound (`patterns`): column generation, branching on machine counts, and the cheapest of these by Benders
   cuts.
3. Packing. Large fleets with rules over zones are packed zone by zone, each zone as a fleet of its own
   (`zone_packing`); for smaller ones whole solutions of the pattern program are packed first (`whole_solutions`). Other
   fleets, and those where that fails, are packed at fleet mixes (`pack`): the cheapest machine counts that keep every
   cut with some spare capacity. Mixes know nothing of what runs, so there are none where moves are dear.
4. In small fleets, once the bound's tree is at its end: fleet mixes in the order of their price, each decided by CP-SAT
   (`combinatorial_benders`).
5. After each packing, and each turn of what follows: the cheapest plan of machines that any packing so far had
   (`local_search.set_covering`).
6. Improvement in turns, until the bound is met or the time is up (`local_search.variable_neighbourhood`): machines of
   the best plan are closed, one or a few at a time, while their copies find room elsewhere; and large-neighbourhood
   search.

Where there is a second core and fleets are packed by diving, a second process splits the fleet into zones and packs
some of them, or packs other mixes, and then improves the best plan too (`helper`).

Where machines are committed, all this is done for the fleet with those as pools where they cost nothing
(`reductions.free_machines`). Where rules look at the whole plan, `whole_plan` has what comes after the first plan.
"""

from dataclasses import replace
from functools import partial

from placement.bounds import raise_instant_bounds
from placement.bounds.infeasible import why_infeasible
from placement.compiled.fleet_rules import named_fleet_rules
from placement.heuristics.first_plan import first_plan
from placement.local_search.set_covering import SetCovering
from placement.local_search.whole_plan import improve_whole_plan
from placement.parallel.helper import helper_process
from placement.parallel.thread import may_search_in_background
from placement.patterns.counts.bound import is_counted
from placement.patterns.group_bound import raise_bounds_of_groups
from placement.patterns.size import may_build
from placement.reductions.free_machines import FreeMachines
from placement.reductions.greenfield import moves_are_dear
from placement.solvers.column_generation.helper import helper_jobs, may_help
from placement.solvers.column_generation.pack import NAME
from placement.solvers.column_generation.running_solutions import solve_running
from placement.solvers.column_generation.scarce import bring_in_optional
from placement.solvers.column_generation.search import DEFAULT, ColumnGenerationOptions, search
from placement.solvers.column_generation.whole_plan import search_whole_plan
from placement.solvers.column_generation.zone_packing import ZonePacking, may_pack_zones
from placement.solvers.registry import find_solver
from placement.solving.context import Solve
from placement.solving.handing_on import handing_on
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

__all__ = ["NAME", "ColumnGenerationOptions", "solve_column_generation"]

_HELPER_SEED = 2_000
_TIME = SCHEDULE.column_generation


def solve_column_generation(solve: Solve, *, options: ColumnGenerationOptions = DEFAULT) -> Outcome:
    """Bound by patterns, pack at the bound's machine counts, improve; see the module's text."""
    if (reason := why_infeasible(solve.fleet, solve.budget)) is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    first_plan(solve)
    raise_instant_bounds(solve)
    free = FreeMachines.of(solve.fleet)
    if free is not None:
        return _solve_free(solve, free, options)
    bring_in_optional(solve)
    rules = bool(named_fleet_rules(solve.fleet))
    if not rules and solve.fleet.has_demand and not is_counted(solve):
        find_solver("demand").run(_TIME.demand.within(solve))  # its counts: the bound and the best plan begin there
    if solve.packing is not None and (moves_are_dear(solve.fleet) or solve.fleet.has_few_moves):
        solve_running(_TIME.running.within(solve))
        improve_whole_plan(_TIME.recreate.within(solve))
    helped = options.second and may_search_in_background(solve.budget) and may_help(solve.fleet, solve.budget)
    zones = ZonePacking(solve, workers=1 + helped) if may_pack_zones(solve) else None
    covering = SetCovering(solve)
    run = partial(
        search_whole_plan if rules else search, solve, options, covering, None if zones is None else zones.run
    )
    if not helped:
        return run()
    budget = solve.budget
    first = budget.share(options.bound_share)
    mixes = budget.share(options.bound_share + (1 - options.bound_share) * _TIME.mixes.part)
    begun = None if zones is None else zones.jobs(first, budget)
    other = solve.within(budget, seed=solve.seed + _HELPER_SEED)
    with helper_process(solve.incumbent, budget, helper_jobs(other, covering, mixes, begun)):
        return run()


def _solve_free(solve: Solve, free: FreeMachines, options: ColumnGenerationOptions) -> Outcome:
    """Solve the fleet with committed machines that cost nothing, once it is known what one more of them is worth."""
    if may_build(solve.fleet, solve.budget):
        prices = raise_bounds_of_groups(SCHEDULE.prices.within(solve))
        if prices.infeasible:
            return replace(prices, solver=NAME)
    return solve_column_generation(handing_on(solve, free), options=options)
