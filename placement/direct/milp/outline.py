"""Few moves on a fleet that runs: the outline of the direct model by branch and cut, and plans made of its solutions.

In the outline each running machine stands by itself, with the copies that may stay there, while new machines are a
number and what they hold together, pool by pool. It relaxes nothing else, so where most of a plan is what runs, its
bound is close, and so are its solutions: what they say of running machines is a part of a plan as it is, and what they
put on new machines is packed there by best fit, on a few machines more where the outline promised too much. Solutions
are kept for searches that pack better (`Incumbent.outlines`).

Two things make it quick where fleets are large: rows from the pattern bound (`direct.pattern_rows`), and a first
solution from the machines and copies that the linear relaxation uses (`restricted`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement.compiled.broken_rule import broken_rule
from placement.direct.milp.engines import EngineLimits, run_highs
from placement.direct.milp.last_digits import decide_last_digits
from placement.direct.milp.levels import Levels, Stage
from placement.direct.milp.outline_plans import OutlinePlans
from placement.direct.milp.program import PulpProgram
from placement.direct.milp.restricted import run_restricted
from placement.direct.model import DirectModel
from placement.direct.parameters import DIRECT
from placement.direct.pattern_rows import add_pattern_rows
from placement.direct.program import OutOfTimeError
from placement.direct.slots import direct_terms, most_new_machines
from placement.direct.translate import encode_outline
from placement.direct.variables import Form
from placement.patterns.bound import PatternBound
from placement.patterns.size import may_build
from placement.solving.incumbent import why_stop
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.direct.program import LinearObjective, Values
    from placement.patterns.certificate import Prices
    from placement.patterns.formulation import Relaxation
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
        self._patterns: tuple[Relaxation, Prices] | None = None
        self.stats: dict[str, int | float | str] = {}

    def run(self) -> Outcome:
        """All stages, and why they ended."""
        self._patterns = self._pattern_prices()
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
        start: Values | None = None if best is None else encode_outline(model, best[0])
        budget = self._budget.share(fraction)
        watcher = Stage(self._levels, partial(self._take, model, budget), goal, level, given, budget)
        if self._patterns is not None:
            add_pattern_rows(model, *self._patterns)
        program = PulpProgram(model.program)
        if level is None and self._budget.work is None:
            start = self._first(model, program, goal, watcher, budget) or start
        limits = EngineLimits(budget, self._levels.nodes_left(fraction), self._solve.seed)
        end = run_highs(program, goal, start, limits, watcher)
        self._levels.nodes += max(1, end.nodes)
        if end.verdict == "optimal" and level is None:
            decide_last_digits(self._solve, self._levels, NAME, given)

    def _pattern_prices(self) -> tuple[Relaxation, Prices] | None:
        """Prices of the pattern bound with what runs, and the relaxation that they are of."""
        if not may_build(self._fleet, self._budget):
            return None
        # On an incumbent of its own: its bounds know no commitments, while its prices need not.
        patterns = PatternBound(self._solve.reduced(self._fleet, _PARAMS.prices), self._solve.left_out)
        prices = patterns.running_prices()
        return None if prices is None else (patterns.relaxation, prices)

    def _first(
        self, model: DirectModel, program: PulpProgram, goal: LinearObjective, watcher: Stage, budget: Budget
    ) -> Values | None:
        """A cheap solution with the machines that the linear relaxation uses, and the copies that it moves there."""
        machines = [used.index for used in model.used.values() if not isinstance(used, int)]
        moved = [var.index for var in model.copies.values()]
        limits = EngineLimits(budget.share(_PARAMS.restricted), None, self._solve.seed)
        choices = [*machines, *moved], machines
        return run_restricted(program, goal, choices, limits, watcher)

    def _take(self, model: DirectModel, budget: Budget, values: Values) -> None:
        """Offer a plan made of a solution."""
        outline = self._plans.outline(model, values)
        if outline is None:
            return
        self._incumbent.outlines.append(outline)
        packing = self._plans.make(model, values, outline, budget)
        if packing is not None and not broken_rule(self._fleet, packing):
            self._incumbent.offer(packing, NAME)
