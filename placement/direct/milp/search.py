"""The search: objective levels in turn, each one exact, from the best plan known."""

import math
from dataclasses import dataclass
from functools import partial

from placement.bounds.instant import raise_instant_bounds
from placement.compiled.broken_rule import broken_rule
from placement.direct.levels import DirectStuckError, Levels, Stage
from placement.direct.milp.engines import ENGINES, End, EngineLimits, cbc_path
from placement.direct.milp.last_digits import decide_last_digits
from placement.direct.milp.program import PulpProgram
from placement.direct.model import DirectModel
from placement.direct.program import OutOfTimeError, Values
from placement.direct.slots import direct_terms, most_new_machines
from placement.direct.translate import decode, encode
from placement.direct.variables import TIGHT
from placement.errors import SolverBugError
from placement.heuristics.first_plan import first_plan
from placement.solving.context import Solve
from placement.solving.parameters import option
from placement.solving.result import Outcome, Stop, said_infeasible

NAME = "milp"


@dataclass(frozen=True, slots=True)
class MilpOptions:
    """How the program is solved."""

    engine: str = option("highs", '"highs", which runs in this process, or "cbc", which runs in a process of its own.')
    max_terms: int = option(400_000, "most terms of the program, over all rows. A larger program is not written.")
    start: bool = option(True, "whether heuristics look for a first plan when none is given.")

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {self.engine}")


def solve_milp(solve: Solve, *, options: MilpOptions = MilpOptions()) -> Outcome:
    """Minimise left-out copies level by level, then ticks, on the direct model.

    Parameters
    ----------
    solve : the problem, and where plans and bounds are reported while the search runs (CBC: at the end of each stage).
        The engine runs on one thread in any case.
    options : see `MilpOptions`.

    Returns
    -------
    Outcome
        Infeasible only when CP-SAT, whose arithmetic is exact, says so too. `Stop.STUCK` without a claim when the
        program is beyond the size limit or the engine failed. `Stop.DONE` when the work limit is used up.

    Raises
    ------
    UsageError
        The engine is CBC and there is no CBC program.

    Notes
    -----
    What is trusted of the engine, which computes in floats, is in `placement.direct.milp.engines`.
    """
    if options.engine == "cbc":
        cbc_path()
    if options.start:
        first_plan(solve)
    raise_instant_bounds(solve)  # to write a large model takes long, and till it is solved no other is known
    return _MilpSearch(solve, options).run()


class _MilpSearch:
    """One call of the solver: a stage for each level of left-out copies, then one for money."""

    def __init__(self, solve: Solve, options: MilpOptions) -> None:
        self._solve, self._options = solve, options
        self._fleet, self._incumbent, self._budget, self._seed = solve.fleet, solve.incumbent, solve.budget, solve.seed
        self._levels = Levels(solve, NAME)
        self._doubt = ""
        self._cut_short, self._nodes = False, 0
        self._stats: dict[str, int | float | str] = {"engine": options.engine}

    def run(self) -> Outcome:
        infeasible = False
        try:
            infeasible = any(map(self._stage, self._levels.open()))
        except DirectStuckError as stuck:
            return Outcome(NAME, Stop.STUCK, reason=str(stuck), stats=self._stats)
        except OutOfTimeError:
            self._cut_short = True
        finally:
            self._stats["nodes"] = self._nodes
        if infeasible:
            reason = f"{self._options.engine} proved that no plan keeps every rule"
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason, stats=self._stats)
        return Outcome(NAME, self._why(), reason=self._doubt, stats=self._stats)

    def _why(self) -> Stop:
        # An engine's clock may end it a little before ours is over.
        by_clock = self._cut_short and math.isfinite(self._budget.left()) and self._budget.work is None
        return self._solve.why_stop() or (Stop.TIME if by_clock else Stop.DONE)

    def _stage(self, level: int | None) -> bool:
        """Minimise what is left out at a level, or ticks (None), within the best plan's levels before.

        True when there is no plan.
        """
        best, fraction = self._incumbent.best, self._levels.part(level)
        given = self._levels.given(level)
        model = self._write(best[1].ticks if best is not None and level is None else None)
        model.limit_left_out(given)
        goal = model.ticks() if level is None else model.left_out(level)
        start = None if best is None else encode(model, best[0])
        budget = self._budget.share(fraction)
        watcher = Stage(self._levels, partial(self._take, model), goal, level, given, budget)
        end = ENGINES[self._options.engine](
            PulpProgram(model.program), goal, start, EngineLimits(budget, self._seed), watcher
        )
        self._nodes += end.nodes
        if end.verdict == "optimal" and level is None:
            decide_last_digits(self._solve, self._levels, NAME, given)
        return self._judge(end)

    def _judge(self, end: End) -> bool:
        self._cut_short = end.verdict == "limit"
        if end.verdict == "failed" and not self._incumbent.good_enough:
            raise DirectStuckError(end.reason)
        if end.verdict != "infeasible":
            return False
        if self._incumbent.best is not None:
            said = f"{NAME} ({self._options.engine}) {said_infeasible(self._incumbent.found_by)}"
            if self._options.engine == "cbc":  # its objective is not brought below what floats take exactly
                raise DirectStuckError(said)
            raise SolverBugError(said)
        from placement.direct.cp_sat import find_plan  # loads an engine; its arithmetic is exact

        found = find_plan(self._solve.reduced(self._fleet), most_new_machines(self._fleet), None)
        if found.packing is not None:
            self._incumbent.offer(found.packing, "cp-sat")
        if found.packing is not None and not self._doubt:
            raise SolverBugError(f"{NAME} ({self._options.engine}) {said_infeasible('cp-sat')}")
        if not found.impossible:
            doubt = f" ({self._doubt})" if self._doubt else ""
            raise DirectStuckError(
                f"{self._options.engine} found no plan that keeps the rules exactly{doubt}; that is no proof"
            )
        return True

    def _write(self, ticks_limit: int | None) -> DirectModel:
        """The model, on machines enough for a plan better than `ticks_limit` (None: for any plan)."""
        most_new = most_new_machines(self._fleet, ticks_limit)
        terms = direct_terms(self._fleet, most_new)
        if terms > self._options.max_terms:
            raise DirectStuckError.too_large(terms, self._options.max_terms)
        model = DirectModel(self._fleet, most_new, TIGHT, self._budget)
        program = model.program
        self._stats.update(machines=len(model.slots), terms=program.terms, variables=len(program.ranges))
        return model

    def _take(self, model: DirectModel, values: Values) -> None:
        """Offer a solution's plan, if it keeps the rules when recounted in integers."""
        try:
            packing = decode(model, values)
            broken = broken_rule(self._fleet, packing)
        except ValueError as error:
            broken = str(error)
        if broken:
            self._doubt = f"a plan of {self._options.engine} was dropped: {broken}"
        else:
            self._incumbent.offer(packing, NAME)
