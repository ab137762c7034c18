"""Column generation for the whole program with what runs: its linear relaxation, and the bound that prices prove.

Prices are smoothed (Wentges 1997): columns are priced at those of the relaxation, and between these and the best so
far. Each time their bound holds in integers, whether or not it is the relaxation's. Each round's program is solved from
the basis of the one before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from fractions import Fraction

import highspy

from placement.compiled.fleet import Fleet
from placement.engines.highs import EngineError, QuietHighs, limit_time, load_lp, run
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import SCALE, Groups
from placement.patterns.master import Pattern
from placement.patterns.parameters import WholeBoundParameters as _PARAMS
from placement.patterns.running.seat_contents import Content
from placement.patterns.running.state import RunningState
from placement.patterns.running.whole_program import PricedProgram, RunningProgram
from placement.patterns.size import may_build
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE
from placement.units import MICRO

NAME = "patterns-running"
RELAXES = "how copies of a pool share its machines"
_TIME = SCHEDULE.running_solutions
_UNIT = MICRO * SCALE  # of prices, in a dollar
_PRIMAL = 4  # of HiGHS's `simplex_strategy`: with more columns a solution stays one


def may_bound_running(fleet: Fleet) -> bool:
    """Whether copies run, not too many, machines are paid for, and nothing is asked that it does not know: demands."""
    return bool(fleet.places) and fleet.copies <= _PARAMS.most_copies and fleet.tick_price > 0 and not fleet.has_demand


def raise_running_bound(solve: Solve) -> WholeRunningBound | None:
    """Raise a solve's bound by the whole program with what runs; None where it is too large, or there is no time.

    Where the solve has asked before, it goes on from the columns of then.
    """
    if solve.ended or not may_bound_running(solve.fleet) or not may_build(solve.fleet, solve.budget):
        return None
    known = _known(solve)
    found = known or _first(solve)
    if found is None or found.converged:
        return found

    def report(least: Fraction) -> None:
        ticks = math.ceil(solve.fleet.tick_price * least)
        solve.incumbent.raise_bound(ticks, NAME, found.given, RELAXES)

    if not found.run(_TIME.bound.of(solve.budget), report):
        return None
    if known is None:
        solve.incumbent.evidence.append(found)
    return found


def _known(solve: Solve) -> WholeRunningBound | None:
    """What the solve has of it, of plans that leave out as many copies as its best does now."""
    evidence, fleet = solve.incumbent.evidence, solve.fleet
    every = [one for one in evidence if isinstance(one, WholeRunningBound) and one.state.relaxation.fleet is fleet]
    return next((one for one in every if one.given == solve.left_out), None)


def _first(solve: Solve) -> WholeRunningBound | None:
    """With the patterns of the linear program as if nothing ran; None where there is no time for that, or no plan."""
    patterns = PatternBound(_TIME.patterns.within(solve), solve.left_out)
    if patterns.running_prices() is None or patterns.infeasible:
        return None
    return WholeRunningBound(RunningState(patterns.relaxation), patterns.groups, patterns.patterns)


class GrowingRelaxation:
    """The relaxation of programs of one fleet, each with all columns of the one before it."""

    def __init__(self) -> None:
        self._solver: QuietHighs | None = None
        self._known: set[object] = set()

    def solve(self, program: RunningProgram, budget: Budget) -> tuple[float, list[int]] | None:
        """Its value, dollars per hour, and prices of its rows, in 1 / SCALE micro-dollars.

        None where there is no time, or no solution.
        """
        with suppress(EngineError):
            solver = self._load(program, budget)
            if run(solver) == highspy.HighsModelStatus.kOptimal:
                prices = [math.floor(dual * _UNIT) for dual in solver.getSolution().row_dual]
                return solver.getObjectiveValue(), prices
        return None

    def _load(self, program: RunningProgram, budget: Budget) -> QuietHighs:
        """The solver with all columns of a program."""
        columns, rows = program.grown, program.rows
        new = {key: column for key, column in columns.items() if key not in self._known}
        self._known |= columns.keys()
        if self._solver is None:
            rows.parts = set(range(len(rows.cost)))
            self._solver = load_lp(rows.program(), budget)
            return self._solver
        limit_time(self._solver, budget.left())
        self._solver.setOptionValue("simplex_strategy", _PRIMAL)
        for column, (places, values) in rows.entries_of(new.values()).items():
            lower, upper, cost = rows.lower[column], rows.upper[column], rows.cost[column]
            self._solver.addCol(cost, lower, upper, len(places), places, values)
        return self._solver


class WholeRunningBound:
    """The columns of one fleet that runs, and its `bound`, micro-dollars per hour of machines and moves.

    `converged` says that it is that of the relaxation.
    """

    def __init__(self, state: RunningState, groups: Groups, patterns: Iterable[Pattern]) -> None:
        """From patterns that are known. O(patterns)."""
        self.state, self._groups = state, groups
        self._patterns = dict.fromkeys(patterns)
        self._contents: dict[Content, None] = {}
        self.given = state.relaxation.given
        self.bound = Fraction(0)
        self.converged = False

    def program(self) -> RunningProgram:
        return RunningProgram(self.state, self._groups, list(self._patterns), self._contents)

    def run(self, budget: Budget, report: Callable[[Fraction], None]) -> bool:
        """Raise the bound until it is that of the relaxation; `report` hears of it. Whether there was a solution."""
        best: list[int] = []
        relaxation = GrowingRelaxation()
        for done in range(_PARAMS.rounds):
            program = self.program()
            relaxed = None if budget.over() else relaxation.solve(program, budget)
            if relaxed is None:
                return done > 0
            value, duals = relaxed
            points = [_between(best, duals), duals] if best else [duals]
            found = [program.price(point) for point in points]
            highest = max(found, key=lambda priced: priced.bound)
            if not best or highest.bound > self.bound:
                self.bound, best = highest.bound, highest.prices
                report(self.bound)
            if not self._learn(found) or value * MICRO <= (1 + _PARAMS.rise) * float(self.bound):
                self.converged = True
                break
        return True

    def _learn(self, found: Iterable[PricedProgram]) -> bool:
        """Keep columns that are new; says whether there were any."""
        before = len(self._patterns) + len(self._contents)
        for priced in found:
            self._patterns |= dict.fromkeys(priced.patterns)
            self._contents |= dict.fromkeys(priced.contents)
        return len(self._patterns) + len(self._contents) > before


def _between(best: Sequence[int], duals: Sequence[int]) -> list[int]:
    weight = _PARAMS.smoothing
    return [round(weight * a + (1 - weight) * b) for a, b in zip(best, duals, strict=True)]
