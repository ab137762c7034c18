"""Few moves on a fleet that runs: the outline of the direct model by branch and cut, and plans made of its solutions.

In the outline each running machine stands by itself, with the copies that may stay there, while new machines are a
number and what they hold together, pool by pool. It relaxes nothing else, so where most of a plan is what runs, its
bound is close, and so are its solutions: what they say of running machines is a part of a plan as it is, and what they
put on new machines is packed there by best fit, on a few machines more where the outline promised too much.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement.compiled.broken_rule import broken_rule
from placement.direct.milp.engines import EngineLimits, run_highs
from placement.direct.milp.levels import Levels, Stage
from placement.direct.milp.outline_plans import OutlinePlans
from placement.direct.milp.program import PulpProgram
from placement.direct.model import DirectModel
from placement.direct.parameters import DIRECT
from placement.direct.program import OutOfTimeError
from placement.direct.slots import direct_terms, most_new_machines
from placement.direct.translate import encode_outline
from placement.direct.variables import Form
from placement.solving.incumbent import why_stop
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.direct.program import Values
    from placement.solving.budget import Budget
    from placement.solving.context import Solve

NAME = "outline"
_PARAMS = DIRECT.outline
_FORM = Form(outline=True, pool_totals=True, ordered_accelerators=True, tight=True)
RELAXES = "which of the new machines of a pool each copy stands on"


def may_outline(fleet: Fleet) -> bool:
    """Whether machines run, and the outline is small enough to be written."""
    return bool(fleet.instances) and direct_terms(fleet, [0] * len(fleet.pools)) <= _PARAMS.most_terms


def solve_outline(solve: Solve) -> Outcome:
    """Bound left-out copies level by level, then ticks, and make plans of what comes by.

    Parameters
    ----------
    solve : the problem, with a plan or without, and where plans and bounds are reported while HiGHS runs, on one
        thread. `work` counts branch-and-bound nodes.

    Returns
    -------
    Outcome
        It never proves that there is no plan.
    """
    return _OutlineSearch(solve).run()


class _OutlineSearch:
    """One call of the solver: a stage for each level of left-out copies that is open, then one for money."""

    def __init__(self, solve: Solve) -> None:
        self._solve = solve
        self._fleet, self._incumbent, self._budget = solve.fleet, solve.incumbent, solve.budget
        self._plans = OutlinePlans(solve.fleet, solve.seed)
        self._levels = Levels(solve, NAME, RELAXES)
        self.stats: dict[str, int | float | str] = {}

    def run(self) -> Outcome:
        """All stages, and why they ended."""
        try:
            for level in range(len(self._fleet.levels)):
                if not self._levels.finished and not self._levels.decided(level):
                    self._stage(level, SCHEDULE.direct.level.part)
            if not self._levels.finished:
                self._stage(None, 1.0)
        except OutOfTimeError:
            pass
        self.stats |= {"nodes": self._levels.nodes, "plans": self._plans.made}
        clock = Stop.TIME if self._budget.over() else Stop.DONE
        stop = why_stop(self._incumbent, self._budget) or (Stop.STUCK if self._incumbent.best is None else clock)
        return Outcome(NAME, stop, stats=self.stats)

    def _stage(self, level: int | None, fraction: float) -> None:
        """Minimise what is left out at a level, or ticks (None), within the best plan's levels before."""
        best = self._incumbent.best
        given = self._levels.given(level)
        ticks = best[1].ticks if best is not None and level is None else None
        model = DirectModel(self._fleet, most_new_machines(self._fleet, ticks), _FORM, self._budget)
        model.limit_left_out(given)
        goal = model.ticks() if level is None else model.left_out(level)
        start = None if best is None else encode_outline(model, best[0])
        budget = self._budget.share(fraction)
        watcher = Stage(self._levels, partial(self._take, model, budget), goal, level, given, budget)
        limits = EngineLimits(budget, self._levels.nodes_left(fraction), self._solve.seed)
        end = run_highs(PulpProgram(model.program), goal, start, limits, watcher)
        self._levels.nodes += max(1, end.nodes)

    def _take(self, model: DirectModel, budget: Budget, values: Values) -> None:
        """Offer a plan made of a solution."""
        packing = self._plans.make(model, values, budget)
        if packing is not None and not broken_rule(self._fleet, packing):
            self._incumbent.offer(packing, NAME)
