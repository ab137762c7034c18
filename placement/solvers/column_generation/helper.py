"""What a second process does for column generation: pack other fleet mixes, then improve the best plan in turns."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.compiled.packing import Packing
from placement.local_search.set_covering import SetCovering
from placement.local_search.variable_neighbourhood import NAME as NEIGHBOURHOODS
from placement.local_search.variable_neighbourhood import VariableNeighbourhoodSearch
from placement.local_search.whole_plan import improve_whole_plan
from placement.parallel.helper import HelperJob
from placement.parallel.job import TaskAnswer, answer_of
from placement.patterns.bound import PatternBound
from placement.patterns.group_bound import raise_bounds_by_rules
from placement.patterns.size import may_build
from placement.solvers.column_generation.diving import may_dive
from placement.solvers.column_generation.ground import Ground, WholePlanGround
from placement.solvers.column_generation.pack import NAME, FleetMixPacking
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.parameters import SecondProcessParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.column_generation.helper
_MOST = 1_000_000  # tries and steps


def may_help(fleet: Fleet, budget: Budget) -> bool:
    """Whether mixes may be packed by diving, and there is time for it."""
    return may_dive(fleet) and fleet.copies >= COLUMN_GENERATION.pack.dive_from and budget.left() >= _PARAMS.least


def helper_jobs(
    solve: Solve, covering: SetCovering, mixes: Budget, zones: Iterator[HelperJob] | None = None
) -> Iterator[HelperJob]:
    """Zones first, or else mixes within a budget of their own; then turns from the best plan of all.

    `covering`, that of the search beside this, sees the machines of all packings.
    """
    fleet, budget, seed = solve.fleet, solve.budget, solve.seed
    if zones is not None:
        yield from zones
    else:
        yield HelperJob(PackFleetMixes(fleet, solve.packing, seed), mixes, NAME, partial(_join, solve, covering, NAME))
    for turn in count(1):
        best = solve.packing
        if best is None or solve.incumbent.good_enough or budget.left() < _PARAMS.shortest_turn:
            return
        take = partial(_join, solve, covering, NEIGHBOURHOODS)
        yield HelperJob(Improve(fleet, best, seed + turn), _TIME.turn.of(budget), NEIGHBOURHOODS, take)


def _join(solve: Solve, covering: SetCovering, by: str, answer: TaskAnswer) -> None:
    """Take a plan, and the machines of all others."""
    covering.add(Packing(answer.machines))
    if answer.packing is not None:
        solve.incumbent.offer(answer.packing, by)


@dataclass(frozen=True, slots=True)
class PackFleetMixes:
    """Pack mixes cheaper than the plan `hint`, if there is one; with another sort first than the search beside this.

    Patterns and cuts are found anew: those of the search beside this would come when as much time is over.
    """

    fleet: Fleet
    hint: Packing | None
    seed: int

    def run(self, budget: Budget) -> TaskAnswer:
        """Until time is over or nothing pays."""
        solve = Solve.of(self.fleet, budget, self.seed, self.hint)
        if not may_build(self.fleet, budget):
            return answer_of(solve)
        ground, covering = self._ground(solve), SetCovering(solve)
        if ground is not None and not budget.over():
            FleetMixPacking(solve, ground, covering).run(budget, first=1)
        return replace(answer_of(solve), machines=covering.machines)

    def _ground(self, solve: Solve) -> Ground | None:
        part = _TIME.bound.within(solve)
        if named_fleet_rules(self.fleet):
            infeasible = raise_bounds_by_rules(part).infeasible
            ground = WholePlanGround(solve)
            return ground if ground.found and not infeasible else None
        bound = PatternBound(part, solve.left_out)
        bound.run()
        return bound if bound.cuts and not bound.infeasible else None


@dataclass(frozen=True, slots=True)
class Improve:
    """Make the plan `hint` cheaper."""

    fleet: Fleet
    hint: Packing
    seed: int

    def run(self, budget: Budget) -> TaskAnswer:
        solve = Solve.of(self.fleet, budget, self.seed, self.hint)
        covering = SetCovering(solve)
        if named_fleet_rules(self.fleet):
            improve_whole_plan(solve, covering)
        else:
            VariableNeighbourhoodSearch(solve, covering).run(budget, _MOST)
        return replace(answer_of(solve), machines=covering.machines)
