"""One search by column generation in this process: bound by patterns, pack at fleet mixes, improve."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from placement.compiled.spread import is_zoned
from placement.heuristics import improve
from placement.local_search.set_covering import SetCovering
from placement.local_search.variable_neighbourhood import VariableNeighbourhoodSearch
from placement.patterns.bound import TOO_SMALL, PatternBound
from placement.patterns.size import TOO_LARGE, may_build
from placement.solvers.column_generation.combinatorial_benders import CombinatorialBenders
from placement.solvers.column_generation.pack import NAME, FleetMixPacking
from placement.solvers.column_generation.whole_solutions import is_large, pack_solutions
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.handing_on import hands_on
from placement.solving.parameters import option
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

Stats = dict[str, int | float | str]
PackZones = Callable[[PatternBound, Budget], bool]

_TIME = SCHEDULE.column_generation


@dataclass(frozen=True, slots=True)
class ColumnGenerationOptions:
    """What of the time is for the bound, and what may search beside it. `schedule` has the other parts."""

    bound_share: float = option(_TIME.bound.part, "part of the time for the bound.")
    second: bool = option(
        True, "whether a second process may search at the same time, where there is a core and enough time for it."
    )
    steps: int = option(1_000_000, "most steps of the large-neighbourhood search, and most tries to close a machine.")


DEFAULT = ColumnGenerationOptions()


def search(
    solve: Solve, options: ColumnGenerationOptions, covering: SetCovering, pack_zones: PackZones | None = None
) -> Outcome:
    """Steps 2 to 6 of the list at the top of `solve.py`.

    `pack_zones` is tried before mixes of the whole fleet; it says whether it had a plan.
    """
    budget = solve.budget
    if not may_build(solve.fleet, budget):
        if solve.packing is not None:
            improve(solve, NAME)
        return Outcome(NAME, _why(solve), reason=TOO_LARGE if solve.packing is None else "")
    stats: Stats = {}
    committed_as_pools = hands_on(solve)
    for left_out in left_out_limits(solve) if committed_as_pools else (solve.left_out,):
        bound = bounded(solve, options, left_out, stats)
        stats.update(columns=len(bound.patterns), rounds=bound.rounds, cuts=len(bound.cuts))
        if bound.infeasible and left_out is None:
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=TOO_SMALL)
        if bound.infeasible:
            continue
        if pack_zones is None and (committed_as_pools or is_zoned(solve.fleet)):
            before_dives = not committed_as_pools  # in one zone they find as good plans sooner
            stats["solutions"] = pack_solutions(solve, bound, NAME, covering, before_dives=before_dives)
    by_mix = decide_mixes(solve, bound)
    zoned = pack_zones is not None and not solve.ended and pack_zones(bound, _TIME.zones.of(budget))
    solved = committed_as_pools and bool(stats.get("solutions")) and is_large(solve.fleet)
    if not zoned and not solved and not solve.ended and bound.cuts:
        mixes = FleetMixPacking(solve, bound, covering)
        part = mixes.phase.part
        mixes.run(budget.share(part * (1 - _TIME.decide.part) if by_mix.possible else part))
        stats["mixes"] = mixes.tried
    if not solve.ended and solve.packing is not None:
        by_mix.run(_TIME.decide.of(budget))
        turns = VariableNeighbourhoodSearch(solve.within(budget, seed=solve.seed + 1), covering)
        turns.run(budget, options.steps)
        stats.update(closed=turns.closed, steps=turns.free.steps, improved=turns.free.improved)
    stats.update(ruled_out=by_mix.ruled_out)
    return Outcome(NAME, _why(solve), stats=stats)


def bounded(
    solve: Solve, options: ColumnGenerationOptions, left_out: tuple[int, ...] | None, stats: Stats
) -> PatternBound:
    """The pattern bound of plans that leave out so many copies, in its part of the time."""
    bound = PatternBound(solve.share(options.bound_share), left_out)
    bound.run(patience=_patience(solve.budget), packing_follows=True)
    stats.update(nodes=bound.nodes, programs=bound.programs)
    return bound


def decide_mixes(solve: Solve, bound: PatternBound) -> CombinatorialBenders:
    """The search over fleet mixes in the order of their price, once it had its first part of the time."""
    by_mix = CombinatorialBenders(solve, bound, NAME)
    if bound.mix and not solve.ended:
        by_mix.run(_TIME.decide.of(solve.budget))
    return by_mix


def left_out_limits(solve: Solve) -> Iterator[tuple[int, ...] | None]:
    """The copies that plans to look for may leave out: as few as no plan is proven to need, then as many as the best.

    A plan that leaves out fewer is better at any price. After the first it is for the caller to look for such plans:
    there is a second one if the best plan still leaves out more.
    """
    least = solve.incumbent.left_out_bound()
    if solve.left_out is not None and solve.left_out != least:
        yield least
        if solve.left_out == least:
            return
    yield solve.left_out


def _patience(budget: Budget) -> float:
    """How long the bound may go without news (`Budget.clock`), when other work waits; for ever without a limit."""
    return math.inf if math.isinf(budget.remaining()) else _TIME.bound.news * (budget.clock() + budget.remaining())


def _why(solve: Solve) -> Stop:
    return solve.why_stop() or (Stop.DONE if solve.packing is not None else Stop.STUCK)
