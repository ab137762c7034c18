"""The search: objective levels in turn, each first by one worker for a repeatable answer, then by the portfolio."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ortools.sat.python import cp_model

from placement.bounds.instant import raise_instant_bounds
from placement.direct.cp_sat.engine import Engine, is_safe, minimise, written
from placement.direct.levels import DirectStuckError, Levels, SolutionsAlone, Stage
from placement.direct.model import DirectModel
from placement.direct.parameters import CpSatParameters as _PARAMS
from placement.direct.program import OutOfTimeError, Values
from placement.direct.slots import direct_terms, most_new_machines
from placement.direct.translate import decode, encode
from placement.direct.variables import OUTLINE, TOTALS
from placement.errors import SolverBugError
from placement.heuristics.first_plan import first_plan
from placement.solving.budget import Budget, cores
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.parameters import option
from placement.solving.result import Outcome, PackingAnswer, Stop, said_infeasible
from placement.solving.schedule import SCHEDULE

NAME = "cp-sat"
_TIME = SCHEDULE.direct


@dataclass(frozen=True, slots=True)
class CpSatOptions:
    """How CP-SAT is run."""

    workers: int = option(
        8,
        "most searches that CP-SAT runs in parallel. A limit on threads lowers it, and so do the cores that there "
        "are: kubernetes-mixed-gpus, two cores, is proven in 6 s by two searches, and not in 14 by eight.",
    )
    first_phase: float = option(
        2.0,
        "deterministic seconds of CP-SAT that a single search gets before the parallel ones start. Most small "
        "problems are solved in this time, with the same plan in each run.",
    )
    max_terms: int = option(3_000_000, "most terms of the model, over all rows. A larger model is not written.")
    small: int = option(
        3_000,
        "number of terms up to which the model is solved at once. For larger ones a simpler model, the outline, is "
        "solved first.",
    )
    start: bool = option(True, "whether heuristics look for a first plan when none is given.")

    def __post_init__(self) -> None:
        if self.workers < 1 or self.first_phase <= 0:
            raise ValueError("workers and first_phase must be positive")


def solve_cp_sat(solve: Solve, *, options: CpSatOptions = CpSatOptions()) -> Outcome:
    """Minimise left-out copies level by level, then ticks, on the direct model.

    Parameters
    ----------
    solve : the problem, and where plans and bounds are reported while the search runs. With a limit on work one worker
        runs, and the answer is the same every time.
    options : see `CpSatOptions`.

    Returns
    -------
    Outcome
        Infeasible only as a proof on machines enough for any plan. `Stop.STUCK` without a claim when the model is
        beyond the size limit or its numbers beyond 64 bits. `Stop.DONE` when the work limit is used up.
    """
    if options.start:
        first_plan(solve)
    if solve.budget.work is None:  # where the clock may end it while the model is written, and no bound is known
        raise_instant_bounds(solve)
    return _CpSatSearch(solve, options).run()


def find_plan(
    solve: Solve, most_new: Sequence[int], ticks: int | None, *, least: int = 0, left_out: Sequence[int] = ()
) -> PackingAnswer:
    """A plan of `least` to `ticks` with at most so many new machines of each pool; or that there is none, as a proof.

    `ticks` None: of any cost. It leaves out no more than `left_out` at each of the first levels. One worker searches
    first, then, without a limit on work, the portfolio.
    Nothing may be known of the problem yet (see `Solve.reduced`): a plan at hand would be the answer.
    """
    fleet, incumbent, budget, options = solve.fleet, solve.incumbent, solve.budget, CpSatOptions()
    if direct_terms(fleet, most_new) > options.max_terms:
        return PackingAnswer()
    for workers, effort in _phases(budget, options):
        try:
            model = DirectModel(fleet, most_new, TOTALS, budget)
            goal = model.ticks()
            if budget.over() or not is_safe(goal):
                break
            model.limit_left_out(left_out)
            if ticks is not None:
                model.limit_ticks(ticks)
            if least:
                model.start_at_ticks(least)
            program = written(model.program)
        except OutOfTimeError:
            break
        stage = Stage(Levels(solve, NAME), partial(_offer, incumbent, model), goal, None, (), budget)
        engine = Engine(program, SolutionsAlone(stage))
        if engine.run(budget, workers, effort, solve.seed) == cp_model.INFEASIBLE:
            if incumbent.best is None:
                return PackingAnswer(impossible=True)
            incumbent.blame(NAME, said_infeasible(NAME))
        if incumbent.best is not None:
            return PackingAnswer(incumbent.best[0])
    return PackingAnswer()


def _phases(budget: Budget, options: CpSatOptions) -> list[tuple[int, float]]:
    """Workers, and the deterministic seconds that they have: one, then, where the clock may decide, the portfolio."""
    if budget.work is not None:
        return [(1, math.inf)]
    return [(1, options.first_phase), (min(options.workers, budget.threads or cores()), math.inf)]


class _CpSatSearch:
    """One call of the solver: stages over levels and money, phases within a stage."""

    def __init__(self, solve: Solve, options: CpSatOptions) -> None:
        self._solve, self._options = solve, options
        self._fleet, self._incumbent, self._budget, self._seed = solve.fleet, solve.incumbent, solve.budget, solve.seed
        self._levels, self._spent = Levels(solve, NAME), 0.0  # in deterministic seconds
        self.stats: dict[str, int | float | str] = {}

    def run(self) -> Outcome:
        try:
            infeasible = any(map(self._none_at, self._levels.open()))
        except DirectStuckError as stuck:
            raise_instant_bounds(self._solve)
            return Outcome(NAME, Stop.STUCK, reason=str(stuck), stats=self.stats)
        except OutOfTimeError:
            return Outcome(NAME, self._why_stopped(), stats=self.stats)
        self.stats["deterministic_seconds"] = round(self._spent, 3)
        if infeasible:
            reason = "CP-SAT proved that no plan keeps every rule"
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason, stats=self.stats)
        return Outcome(NAME, self._why_stopped(), stats=self.stats)

    def _why_stopped(self) -> Stop:
        # Without a work limit it was the clock that ended the engine, perhaps a hair before the budget's own.
        clock = Stop.TIME if self._budget.work is None else Stop.DONE
        return self._solve.why_stop() or clock

    def _none_at(self, level: int | None) -> bool:
        """Whether a level shows that there is no plan at all."""
        status = self._stage(level, self._levels.part(level))
        if level is not None and self._incumbent.best is None and not self._solve.ended:
            status = self._stage(level, 1.0)  # a first plan is worth all the time there is
        return status == cp_model.INFEASIBLE

    def _stage(self, level: int | None, fraction: float) -> cp_model.CpSolverStatus:
        """Minimise ticks, or what is left out at a level, within a part of the time and work.

        Unless the model is small anyway, the outline comes first: its bound, how many machines a first plan is looked
        for on, and how many of each pool a better plan than the best can have.
        """
        goal, budget = _Goal(level, self._levels.given(level)), self._budget.share(fraction)
        most_new = most_new_machines(self._fleet)
        if direct_terms(self._fleet, most_new) > self._options.small:
            outline = [min(1, most) for most in self._affordable(goal, most_new)]  # of about as many terms
            self._insist_on_size(outline, max(_PARAMS.outline_terms, self._options.max_terms))
            status, guess = self._outline(goal, most_new, budget)
            if status == cp_model.INFEASIBLE or self._ended(budget):
                return status
            if self._incumbent.best is None:
                self._scout(goal, most_new, guess, budget)
        return self._search(goal, most_new, budget)

    def _ended(self, budget: Budget) -> bool:
        return self._solve.within(budget).ended

    def _prepare(
        self, engine: Engine, effort: float, budget: Budget, *, is_partial: bool = False
    ) -> cp_model.CpSolverStatus:
        """One of the short runs before the search, by one worker."""
        return self._run(engine, _TIME.prepare.of(budget), 1, effort, is_partial=is_partial)

    def _outline(self, goal: _Goal, most_new: list[int], budget: Budget) -> tuple[cp_model.CpSolverStatus, list[int]]:
        """Bound the goal without new machines one by one; the number of new machines in the outline's best solution."""
        model = DirectModel(self._fleet, most_new, OUTLINE, self._budget)
        engine = self._engine(model, goal)
        status = self._prepare(engine, _PARAMS.effort, budget)
        return status, [n.value(engine.solution) if engine.solution else 0 for n in model.new]

    def _scout(self, goal: _Goal, most_new: list[int], guess: list[int], budget: Budget) -> None:
        """Look for a first plan on few machines; that there is none there says nothing."""
        few = [min(most, n + 1 + n // 2) for most, n in zip(most_new, guess, strict=True)]
        if not self._too_big(few, self._options.max_terms):
            engine = self._engine(DirectModel(self._fleet, few, TOTALS, self._budget), goal, is_partial=True)
            self._prepare(engine, _PARAMS.effort, budget, is_partial=True)

    def _search(self, goal: _Goal, most_new: list[int], budget: Budget) -> cp_model.CpSolverStatus:
        """All phases; each starts from the best plan, on the machines that a better one can use."""
        status = cp_model.UNKNOWN
        for workers, effort in _phases(budget, self._options):
            most_new = self._fewer(goal, most_new, budget)
            if self._ended(budget):
                break
            self._insist_on_size(most_new, self._options.max_terms)
            part = budget if math.isinf(effort) else _TIME.prepare.of(budget)
            engine = self._engine(DirectModel(self._fleet, most_new, TOTALS, self._budget), goal)
            status = self._run(engine, part, workers, effort)
            if status in (cp_model.OPTIMAL, cp_model.INFEASIBLE) or self._levels.enough(goal.level):
                break
        return status

    def _fewer(self, goal: _Goal, most_new: list[int], budget: Budget) -> list[int]:
        """The most new machines of each pool in plans no dearer than the best, which the outline bounds.

        Only when money is minimised, as only then dearer plans are of no interest.
        """
        best, most_new = self._incumbent.best, self._affordable(goal, most_new)
        if not self._wants_cheaper(goal) or best is None:
            return most_new
        if direct_terms(self._fleet, most_new) <= self._options.small:
            return most_new
        model = DirectModel(self._fleet, most_new, OUTLINE, self._budget)
        model.limit_left_out(goal.limits)
        model.limit_ticks(best[1].ticks)
        program = written(model.program)
        for p, most in enumerate(most_new):
            if self._ended(budget):
                break
            if most > 1:
                minimise(program, model.program.objective([(model.new[p], -1)]))
                engine = Engine(program)
                self._prepare(engine, _PARAMS.fewer_effort, budget.share(1 / len(most_new)))
                if engine.bound is not None:
                    most_new[p] = min(most, -engine.bound)
        return most_new

    def _wants_cheaper(self, goal: _Goal) -> bool:
        """Whether plans dearer than the best are of no interest."""
        best = self._incumbent.best
        return goal.level is None and best is not None and not any(map(operator.gt, best[1].left_out, goal.limits))

    def _affordable(self, goal: _Goal, most_new: list[int]) -> list[int]:
        """The most new machines of each pool that the ticks of the best plan can buy."""
        best = self._incumbent.best
        if not self._wants_cheaper(goal) or best is None:
            return most_new
        return list(map(min, most_new, most_new_machines(self._fleet, best[1].ticks)))

    def _engine(self, model: DirectModel, goal: _Goal, *, is_partial: bool = False) -> Engine:
        """The engine for a goal, with the best plan as hint. A partial model has not all machines: no bound holds."""
        model.limit_left_out(goal.limits)
        objective = model.ticks() if goal.level is None else model.left_out(goal.level)
        if not is_safe(objective):
            raise DirectStuckError("the objective is beyond 64 bits; use a rounder horizon_hours or coarser prices")
        best = self._incumbent.best
        hint = None if best is None or model.form.outline else encode(model, best[0])
        take = partial(_offer, self._incumbent, model)
        stage = Stage(self._levels, take, objective, goal.level, goal.limits, self._budget)
        return Engine(written(model.program, objective, hint), SolutionsAlone(stage) if is_partial else stage)

    def _run(
        self, engine: Engine, budget: Budget, workers: int, effort: float, *, is_partial: bool = False
    ) -> cp_model.CpSolverStatus:
        """Run; that a partial model, which has not all machines, is infeasible says nothing."""
        status = engine.run(budget, workers, effort, self._seed)
        self._spent += engine.deterministic_seconds
        if status == cp_model.MODEL_INVALID:
            raise DirectStuckError(f"CP-SAT refuses the model: {engine.complaint}")
        if status == cp_model.INFEASIBLE and self._incumbent.best is not None and not is_partial:
            raise SolverBugError(f"cp-sat calls infeasible a problem that {self._incumbent.found_by} has a plan for")
        return status

    def _insist_on_size(self, most_new: list[int], most_terms: int) -> None:
        if self._too_big(most_new, most_terms):
            raise DirectStuckError.too_large(int(self.stats["terms"]), most_terms)

    def _too_big(self, most_new: list[int], most_terms: int) -> bool:
        self.stats.update(new_machines=sum(most_new), terms=direct_terms(self._fleet, most_new))
        return direct_terms(self._fleet, most_new) > most_terms


@dataclass(frozen=True, slots=True)
class _Goal:
    """Ticks, or what is left out at a level, within limits on what is left out at the first levels."""

    level: int | None
    limits: tuple[int, ...]


def _offer(incumbent: Incumbent, model: DirectModel, values: Values) -> None:
    """Offer the plan that a solution stands for; that of an outline stands for none."""
    if not model.form.outline:
        incumbent.offer(decode(model, values), NAME)
