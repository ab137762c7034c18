"""Few moves on a fleet that runs: the outline of the direct model by branch and cut, and plans made of its solutions.

In the outline each running machine stands by itself, with the copies that may stay there, while new machines are a
number and what they hold together, pool by pool. It relaxes nothing else, so where most of a plan is what runs, its
bound is close, and so are its solutions: what they say of running machines is a part of a plan as it is, and what they
put on new machines is packed there by best fit, on a few machines more where the outline promised too much. What it
promised too much it learns at the end of each run, and is solved again (`outline_check`): when a solution of the least
cost can be packed, it is an optimum.

Rows from the pattern bound (`direct.pattern_rows`) make it quick where fleets are large.
"""

from dataclasses import dataclass, field, replace
from functools import partial

from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import Fleet
from placement.direct.levels import Levels, SolutionsAlone, Stage
from placement.direct.milp.engines import EngineLimits, run_highs
from placement.direct.milp.last_digits import decide_last_digits
from placement.direct.milp.outline_check import OutlineCheck
from placement.direct.milp.outline_digits import OutlineDigits
from placement.direct.milp.outline_plans import OutlinePlans
from placement.direct.milp.program import PulpProgram
from placement.direct.model import DirectModel
from placement.direct.parameters import DIRECT
from placement.direct.parameters import OutlineParameters as _PARAMS
from placement.direct.pattern_rows import add_pattern_rows
from placement.direct.program import OutOfTimeError, Values, Watcher
from placement.direct.slots import direct_terms, most_new_machines
from placement.direct.translate import encode
from placement.direct.variables import Form
from placement.engines.highs import MARGIN
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import Prices
from placement.patterns.formulation import Relaxation
from placement.patterns.size import may_build
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.result import Outcome, Stop
from placement.solving.schedule import SCHEDULE

NAME = "outline"
_TIME = SCHEDULE.direct.outline
_FORM = Form(outline=True, tight=True)
RELAXES = "which of the new machines of a pool each copy stands on"


def may_outline(fleet: Fleet) -> bool:
    """Whether machines run, and the outline is small enough to be written."""
    return bool(fleet.instances) and direct_terms(fleet, [0] * len(fleet.pools)) <= _PARAMS.most_terms


def solve_outline(solve: Solve) -> Outcome:
    """Bound left-out copies level by level, then ticks, and make plans of what comes by; HiGHS runs on one thread.

    It begins with a plan or without one, and never proves that there is none.
    """
    return _OutlineSearch(solve).run()


@dataclass(slots=True)
class _Run:
    """Hears of one run for its stage, keeps its solutions, and has enough once one costs what is proven."""

    stage: Stage
    incumbent: Incumbent
    solutions: dict[tuple[int, ...], int] = field(default_factory=dict)  # and what each costs

    def solution(self, values: Values) -> None:
        goal = self.stage.goal
        self.solutions[tuple(values)] = goal.value(goal.reduced(values))
        self.stage.solution(values)

    def bound(self, reduced: int) -> None:
        self.stage.bound(reduced)

    def enough(self) -> bool:
        return self.stage.enough() or self._met()

    def cheapest(self, most: int) -> list[tuple[int, ...]]:
        """So many solutions, the cheapest first."""
        return sorted(self.solutions, key=lambda values: self.solutions[values])[:most]

    def _met(self) -> bool:
        proven = self.incumbent.ticks_bound
        least = min(self.solutions.values(), default=None)
        return least is not None and proven is not None and least <= proven * (1 + 2 * MARGIN)


class _OutlineSearch:
    """One call of the solver: a stage for each level of left-out copies that is open, then one for money."""

    def __init__(self, solve: Solve) -> None:
        self._solve = solve
        self._fleet, self._incumbent, self._budget = solve.fleet, solve.incumbent, solve.budget
        self._plans = OutlinePlans(solve.fleet, solve.seed)
        self._levels, self._nodes = Levels(solve, NAME, RELAXES), 0
        self._patterns: tuple[Relaxation, Prices] | None = None
        self.stats: dict[str, int | float | str] = {}

    def run(self) -> Outcome:
        self._patterns = self._pattern_prices()
        try:
            for level in self._levels.open(without_plan=True):
                self._stage(level)
        except OutOfTimeError:
            pass
        self.stats |= {"nodes": self._nodes, "plans": self._plans.made}
        clock = Stop.TIME if self._budget.over() else Stop.DONE
        stop = self._solve.why_stop() or (Stop.STUCK if self._incumbent.best is None else clock)
        return Outcome(NAME, stop, stats=self.stats)

    def _stage(self, level: int | None) -> None:
        """Minimise what is left out at a level, or ticks (None), within the best plan's levels before."""
        best, fraction = self._incumbent.best, self._levels.part(level)
        given = self._levels.given(level)
        ticks = best[1].ticks if best is not None and level is None else None
        model = DirectModel(self._fleet, most_new_machines(self._fleet, ticks), _FORM, self._budget)
        model.limit_left_out(given)
        if self._patterns is not None:
            add_pattern_rows(model, *self._patterns)
        goal = model.ticks() if level is None else model.left_out(level)
        budget = self._budget.share(fraction)
        stage = Stage(self._levels, partial(self._take, model, budget), goal, level, given, budget)
        if level is None:
            self._check(model, stage)
        else:
            self._search(model, stage, stage)

    def _check(self, model: DirectModel, stage: Stage) -> None:
        """Search and check in turn, until a solution can be packed that costs what is proven, or nothing is learnt.

        After each search others with the same machines are looked for, which is quick, and checked.
        """
        check = OutlineCheck(model, None if self._patterns is None else self._patterns[0])
        for _ in range(_PARAMS.rounds):
            known, run = check.rows, _Run(replace(stage, budget=_TIME.search.of(stage.budget)), self._incumbent)
            self._search(model, run.stage, run)
            if not self._offer(check, run, stage.budget) and run.solutions:
                self._same_machines(model, check, run.cheapest(1)[0], stage)
            if self._solve.ended or self._is_sharp() or check.rows == known:
                break
        self.stats["rows"] = check.rows
        if self._is_sharp() and not self._solve.ended and not self._decided(model, stage):
            decide_last_digits(self._solve, self._levels, NAME, stage.given)

    def _decided(self, model: DirectModel, stage: Stage) -> bool:
        """Whether no plan is between the bound and the best one, as far as the outline can tell; that is reported."""
        best, bound = self._incumbent.best, self._incumbent.ticks_bound
        if best is None or bound is None or best[1].left_out != stage.given:
            return False
        solution, ticks = encode(model, best[0]), best[1].ticks
        if solution is None:
            return False
        digits = OutlineDigits(model.program, stage.goal, bound, ticks - 1)
        if not digits.none(solution, self._limits(_TIME.digits.of(stage.budget))):
            return False
        self._levels.report(None, ticks, stage.given)
        return True

    def _same_machines(self, model: DirectModel, check: OutlineCheck, values: Values, stage: Stage) -> None:
        """The same with the machines of a solution, on these alone: rows that are learnt hold for all."""
        ranges = model.program.ranges
        free = {k: ranges[k] for n in (*model.used.values(), *model.new) for k in n.columns}
        for _ in range(_PARAMS.rounds):
            known, run = check.rows, _Run(replace(stage, budget=_TIME.same.of(stage.budget)), self._incumbent)
            for k in free:
                ranges[k] = values[k], values[k]
            try:
                self._search(model, run.stage, SolutionsAlone(run))
            finally:
                for k, both in free.items():
                    ranges[k] = both
            if self._offer(check, run, stage.budget) or self._solve.ended or check.rows == known:
                break

    def _offer(self, check: OutlineCheck, run: _Run, budget: Budget) -> bool:
        """Offer the cheapest solution of a run that can be packed; whether it is the cheapest of all."""
        for n, values in enumerate(run.cheapest(_PARAMS.checked)):
            packing = check.plan(values, budget)
            if packing is not None and not broken_rule(self._fleet, packing):
                self._incumbent.offer(packing, NAME)
                return not n
        return False

    def _is_sharp(self) -> bool:
        """Whether bound and plan are as near as an engine in floats brings them."""
        gap = self._incumbent.gap()
        return gap is not None and gap <= DIRECT.milp.last_digits

    def _search(self, model: DirectModel, stage: Stage, watcher: Watcher) -> None:
        """One run of HiGHS on the model as it is now. A large one begins with the best plan."""
        best = self._incumbent.best
        program = PulpProgram(model.program)
        begins = best is not None and len(program.ranges) > _PARAMS.small
        start = encode(model, best[0]) if best is not None and begins else None
        self._nodes += run_highs(program, stage.goal, start, self._limits(stage.budget), watcher).nodes

    def _limits(self, budget: Budget) -> EngineLimits:
        highs = {"mip_pool_soft_limit": _PARAMS.cuts, "mip_pscost_minreliable": _PARAMS.reliable}
        return EngineLimits(budget, self._solve.seed, highs)

    def _pattern_prices(self) -> tuple[Relaxation, Prices] | None:
        """Prices of the pattern bound with what runs, and the relaxation that they are of."""
        if not may_build(self._fleet, self._budget):
            return None
        # On an incumbent of its own: its bounds know no commitments, while its prices need not.
        patterns = PatternBound(self._solve.reduced(self._fleet, _TIME.prices.part), self._solve.left_out)
        prices = patterns.running_prices()
        return None if prices is None else (patterns.relaxation, prices)

    def _take(self, model: DirectModel, budget: Budget, values: Values) -> None:
        outline = self._plans.outline(model, values)
        if outline is None:
            return
        packing = self._plans.make(model, values, outline, budget)
        if packing is not None and not broken_rule(self._fleet, packing):
            self._incumbent.offer(packing, NAME)
