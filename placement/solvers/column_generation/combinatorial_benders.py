"""Small fleets to a proof: fleet mixes in the order of their price, each decided by CP-SAT.

When the tree of the pattern bound is at its end its cheapest mix costs, as a rule, what it proves. A plan on those
machines that is better than the best one so far is taken; if there is none, neither is there on fewer: the tree leaves
all of those out, and the bound rises to the next mix (combinatorial Benders cuts: Codato and Fischetti 2006, Oper. Res.
54). So what patterns do not know counts, too: which accelerators share a machine, its vCPU and host memory, who avoids
whom, and what moves cost. Only plans below the cutoff are ruled out (`bounds.cutoff`), and the bound says no more.
"""

from functools import partial

from placement.bounds.cutoff import Cutoff, cutoff_below
from placement.compiled.fleet import Fleet
from placement.direct.standard_form import to_standard_form
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import Groups
from placement.patterns.history import EngineVerdict
from placement.patterns.open_nodes import exclude, may_decide
from placement.reductions.limits import AtFleetMix
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.parameters import CombinatorialBendersParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import PackingAnswer
from placement.solving.schedule import SCHEDULE

ENGINE = "CP-SAT"
ABOUT = "all rules of the problem on no more machines than this node allows, for plans that cost less than that"
_TIME = SCHEDULE.column_generation.decide.one


class CombinatorialBenders:
    """The search for one fleet; `ruled_out` counts mixes."""

    def __init__(self, solve: Solve, bound: PatternBound, name: str) -> None:
        """Plans are offered to the solve under `name`."""
        self._solve, self._fleet, self._bound, self._name = solve, solve.fleet, bound, name
        self._undecided: tuple[int, ...] = ()
        # Limits within which no plan is better than the best.
        self._without: list[tuple[dict[int, int], EngineVerdict]] = []
        self.ruled_out = 0

    @property
    def possible(self) -> bool:
        """Whether this fleet is one to be tried."""
        return may_decide(self._solve, self._bound)

    def run(self, budget: Budget, most: int | None = None) -> None:
        """Mix after mix, up to so many, until the bound is met, one can't be decided, or the budget is over."""
        mixes = _PARAMS.mixes if most is None else most
        for _ in range(mixes if self.possible else 0):
            if self._solve.within(budget).ended:
                return
            if not self._bound.mix:
                self._bound.resume(budget, _PARAMS.nodes)
            mix = self._bound.mix
            if not mix or mix == self._undecided or self._solve.incumbent.good_enough or not self._decide(mix, budget):
                return

    def _decide(self, mix: tuple[int, ...], budget: Budget) -> bool:
        """Look for a better plan on the machines of a mix, or leave it out, as there is none; False when undecided."""
        best = self._solve.incumbent.best
        assert best is not None
        cutoff = cutoff_below(self._fleet, best[1], self._bound.given)
        if cutoff is None:  # others are worth having, too
            return False
        required = RequiredAsPlaced.of(self._fleet, best[0]).fleet
        ruled_out = next((known for known in self._without if self._within(mix, known[0])), None)
        here, there = dict(enumerate(mix)), anywhere(self._fleet, self._bound.groups, mix)
        for limits in () if ruled_out is not None else (here, there) if there != here else (here,):
            most = self._most(limits)
            narrow = AtFleetMix.of(required, most).fleet
            found = self._find(narrow, most, cutoff, budget)
            if found.packing is not None:
                self._solve.incumbent.offer(found.packing, self._name)
                return True
            if not found.impossible:
                break
            ruled_out = (
                limits,
                EngineVerdict(ENGINE, cutoff.ticks, partial(to_standard_form, narrow, cutoff.ticks - 1), ABOUT),
            )
        if ruled_out is None:
            self._undecided = mix
            return False
        self._without.append(ruled_out)
        self.ruled_out += 1
        return exclude(self._bound, *ruled_out, _TIME.of(budget))

    def _within(self, mix: tuple[int, ...], limits: dict[int, int]) -> bool:
        """Whether a mix is within limits on pools and groups."""
        counts = (*mix, *(sum(mix[p] for p in group) for group in self._bound.groups))
        return all(counts[k] <= n for k, n in limits.items())

    def _most(self, limits: dict[int, int]) -> list[int]:
        """The most machines of each pool within limits on pools and groups."""
        pools = self._fleet.pools
        most = [limits.get(p, 0) for p in range(len(pools))]
        for g, group in enumerate(self._bound.groups, start=len(pools)):
            for p in group if g in limits else ():
                quota = pools[p].max_instances
                most[p] = limits[g] if quota is None else min(limits[g], quota)
        return most

    def _find(self, narrow: Fleet, most: list[int], cutoff: Cutoff, budget: Budget) -> PackingAnswer:
        """What CP-SAT says of plans on so many machines that cost less than the cutoff."""
        from placement.direct.cp_sat import find_plan  # loads an engine

        return find_plan(_TIME.within(self._solve.within(budget)).reduced(narrow), most, cutoff.ticks - 1)


def anywhere(fleet: Fleet, groups: Groups, mix: tuple[int, ...]) -> dict[int, int]:
    """The most machines of each pool and group, where those of one type and price may stand in other zones, too.

    Such mixes cost no more than this one: where there is no plan either, all are ruled out at once.
    """
    alike = [g for g, group in enumerate(groups) if len({fleet.pools[p].price for p in group}) == 1]
    grouped = {p for g in alike for p in groups[g]}
    alone = {p: n for p, n in enumerate(mix) if p not in grouped}
    return alone | {len(fleet.pools) + g: sum(mix[p] for p in groups[g]) for g in alike}
