"""HiGHS without its banner, its status never ignored.

Three traps of its Python interface are closed here: the constructor prints a banner to the process's standard output
(where a plan in JSON may be going); a failed run raises nothing and reads as objective 0; and a second solver in one
thread fails when it asks for another number of threads than the first did, so all here run on `THREADS`.

It computes in floating point, so its word on an integer program is a proof only as far as `none_up_to` and
`least_steps` say: objectives are counted in whole steps, a half of one is added to limits, and a part of `MARGIN` of
what it proves is taken off.
"""

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, NamedTuple

import highspy
import numpy as np
from numpy.typing import NDArray

from placement.engines.parameters import ENGINE_PARAMETERS
from placement.errors import PlacementError
from placement.solving.budget import POLL, Budget, LeftBehindError
from placement.solving.steps import count_steps

Numbers = float | Sequence[float] | NDArray[np.number[Any]]

THREADS = 1
MARGIN = 1e-7  # relative: more than its tolerances move an objective, when they are `SHARP`
SHARP: dict[str, float] = dict.fromkeys(
    ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "mip_feasibility_tolerance"), 1e-9
)
# Bits of HiGHS's `presolve_rule_off`. Its "enumeration" fixes binaries and may then drop an equation over some of them:
# 1.13 to 1.16 called feasible programs infeasible (HiGHS issue 3216, and tests/engines/test_highs.py).
FAULTY_RULES = 1 << 16
LARGEST = 2**20  # of a coefficient: more and such a tolerance is more than one
_SLIP = 0.01  # of a step, that a bound is above a whole number of them for nothing


class EngineError(PlacementError):
    """An engine refused its input or failed; what it returned is worth nothing."""


class QuietHighs(highspy.Highs):
    """A solver that prints nothing, ever, and leaves out what its presolve does wrong. Its steps are counted.

    HiGHS asks now and then whether to go on with an integer program, at the same points on every machine, so that is
    where a limit on steps ends it. What it has done until then it does not tell; in the end it tells its iterations.

    `steps`: about what runs of integer programs may take in all (`solving.steps`); one round of each is always made.
    """

    def __init__(self, steps: float = math.inf) -> None:
        """Without `FAULTY_RULES`, whatever other options are set."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._steps, self._rounds = steps, math.inf
        if math.isfinite(steps):
            self.cbMipInterrupt.subscribe(self._end_round)
        self.setOptionValue("presolve_rule_off", FAULTY_RULES)

    def run(self) -> highspy.HighsStatus:
        """As HiGHS does, within its steps."""
        steps = ENGINE_PARAMETERS.steps
        before = steps.coefficient * self.getNumNz()
        self._rounds = max(0.0, self._steps - before) // (steps.row * max(1, self.getNumRow()))
        status = super().run()
        if status == highspy.HighsStatus.kError and self.getModelStatus() == highspy.HighsModelStatus.kNotset:
            # The threads of a run before, in this thread, were of another number: start them anew, once.
            highspy.Highs.resetGlobalScheduler(True)
            status = super().run()
        info = self.getInfo()
        iterations = max(0, info.simplex_iteration_count)
        if info.mip_node_count < 0:
            taken = steps.iteration * iterations
        else:
            taken = before + steps.whole_iteration * iterations
            self._steps -= taken
        count_steps(steps.program + taken)
        return status

    def _end_round(self, event: Any) -> None:
        """A round of an integer program has ended, or the first begins."""
        self._rounds -= 1
        if self._rounds < -1:
            event.interrupt()

    def enableCallbacks(self) -> None:
        """Turn output off before the first call that would print the banner."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]

    def add_row(self, low: float, high: float, terms: Mapping[int, float] = MappingProxyType({})) -> int:
        """One more row, by its coefficients in columns that are there; returns its index."""
        self.addRow(low, high, len(terms), np.array([*terms], dtype=np.int32), np.array([*terms.values()], dtype=float))
        return int(self.getNumRow()) - 1

    def add_column(self, cost: float, high: float, terms: Mapping[int, float] = MappingProxyType({})) -> int:
        """One more column, from 0 on, by its coefficients in rows that are there; returns its index."""
        rows, values = np.array([*terms], dtype=np.int32), np.array([*terms.values()], dtype=float)
        self.addCol(cost, 0.0, high, len(terms), rows, values)
        return int(self.getNumCol()) - 1


def linear_program(
    columns: Sequence[Sequence[tuple[int, float]]],
    cost: Numbers,
    within: tuple[Numbers, Numbers],
    rows: tuple[Numbers, Numbers],
    *,
    integer: bool = False,
) -> highspy.HighsLp:
    """A program to minimise, column by column. O(entries).

    `columns`: (row, coefficient) of each entry of each column.
    `cost`: (columns,).
    `within`: the least and the most of each column, (columns,) or one number for all.
    `rows`: the least and the most of each row, (rows,), of which one may be one number for all.
    `integer`: whether all columns are whole numbers.
    """
    starts = np.cumsum([0] + [len(column) for column in columns])
    index, value = (
        [row for column in columns for row, _ in column],
        [value for column in columns for _, value in column],
    )
    return sparse_program(Entries(starts, index, value), cost, within, rows, integer=integer)


class Entries(NamedTuple):
    """The matrix of a program: the entries of column k are those from ``starts[k]`` to ``starts[k + 1]``.

    `place` is the row of each of them, and `value` its coefficient. With `by_rows` rows and columns change places.
    """

    starts: Numbers
    place: Numbers
    value: Numbers
    by_rows: bool = False


def sparse_program(
    entries: Entries,
    cost: Numbers,
    within: tuple[Numbers, Numbers],
    rows: tuple[Numbers, Numbers],
    *,
    integer: bool = False,
) -> highspy.HighsLp:
    """A program to minimise, by the entries of its matrix; the rest is as in `linear_program`. O(entries)."""
    lp = highspy.HighsLp()
    lp.col_cost_ = np.array(cost, dtype=float)
    lp.num_col_ = np.size(cost)
    lp.col_lower_, lp.col_upper_ = (np.full(lp.num_col_, side, dtype=float) for side in within)
    lp.num_row_ = next(np.size(side) for side in rows if np.ndim(side))
    lp.row_lower_, lp.row_upper_ = (np.full(lp.num_row_, side, dtype=float) for side in rows)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise if entries.by_rows else highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.array(entries.starts, dtype=np.int32)
    lp.a_matrix_.index_ = np.array(entries.place, dtype=np.int32)
    lp.a_matrix_.value_ = np.array(entries.value, dtype=float)
    if integer:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
    return lp


def load_lp(
    lp: highspy.HighsLp,
    budget: Budget | None = None,
    **options: bool | int | float | str,
) -> QuietHighs:
    """A quiet solver with `lp` loaded and `options` set, whose run ends with a budget; by its steps if it is whole.

    Raises EngineError: HiGHS refused an option or the model.
    """
    solver = QuietHighs(math.inf if budget is None else budget.steps_left())
    if budget is not None:
        limit_time(solver, budget.left())
    for name, value in {"threads": THREADS, **options}.items():
        if solver.setOptionValue(name, value) == highspy.HighsStatus.kError:
            raise EngineError(f"HiGHS refused the option {name} = {value}")
    if solver.passModel(lp) == highspy.HighsStatus.kError:
        raise EngineError("HiGHS refused the model")
    return solver


def limit_time(solver: highspy.Highs, seconds: float) -> None:
    """Let runs of a solver end after so many more seconds, or never by time where they are infinite."""
    solver.setOptionValue("time_limit", solver.getRunTime() + max(0.01, seconds))  # it takes no limit below 0


def run(solver: highspy.Highs) -> highspy.HighsModelStatus:
    """Run and return the model status. Raises EngineError: the run failed: there is no status to read."""
    if solver.run() == highspy.HighsStatus.kError:
        raise EngineError(f"HiGHS failed: {solver.modelStatusToString(solver.getModelStatus())}")
    return solver.getModelStatus()


def solved(lp: highspy.HighsLp, budget: Budget | None = None) -> QuietHighs | None:
    """The solver of a linear program after its run; None where it fails, or has no optimum, or none in time."""
    with suppress(EngineError):
        solver = load_lp(lp, budget)
        if run(solver) == highspy.HighsModelStatus.kOptimal:
            return solver
    return None


def run_for_proof(solver: highspy.Highs) -> highspy.HighsModelStatus:
    """Run and return the model status, which is "infeasible" only where a run without presolve comes to that, too.

    Presolve drops rows and columns by dozens of rules, of which one has been wrong. It may also fail: with numbers of
    many digits it finds a solution that breaks a row by about HiGHS's tolerance. Of two runs the second one counts.
    Raises EngineError: the run failed without presolve, too.
    """
    with suppress(EngineError):
        status = run(solver)
        if status != highspy.HighsModelStatus.kInfeasible:
            return status
    solver.setOptionValue("presolve", "off")
    return run(solver)


def prove(
    lp: highspy.HighsLp,
    budget: Budget,
    *,
    nodes: int = 2**31 - 1,
    until: Callable[[], bool] = bool,
    start: Sequence[float] | None = None,
    **options: bool | float,
) -> tuple[QuietHighs, highspy.HighsModelStatus] | None:
    """The solver of an integer program after its run within its tightest tolerances, and the status.

    None where it fails, or refuses, as numbers of 1e15. It looks for no symmetry unless `options` ask for it,
    begins at a solution `start`, (columns,), and ends after so many nodes, with the budget, or soon after `until` says
    so.
    """
    with suppress(EngineError):
        settings = {**SHARP, "mip_detect_symmetry": False, "mip_max_nodes": nodes, **options}
        solver = load_lp(lp, budget, **settings)
        if start is not None:
            begin_at(solver, start)
        with stopped_when(lambda: until() or budget.cut_short(), solver):
            return solver, run_for_proof(solver)
    return None


def whole_solution(solver: highspy.Highs) -> list[int] | None:
    """The best solution of an integer program after its run, (columns,), to the nearest whole numbers; None: none."""
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    values: list[int] = np.rint(np.array(solver.getSolution().col_value)).astype(np.int64).tolist()
    return values


def begin_at(solver: highspy.Highs, values: Sequence[float]) -> None:
    """A solution to begin with, (columns,); one that breaks a row is of no use."""
    solution = highspy.HighsSolution()
    solution.col_value = list(values)
    solver.setSolution(solution)


def none_up_to(steps: int, noise: float = 0.0) -> int:
    """The fewest steps of a solution, proven by HiGHS finding none of at most `steps` and a half: `steps` + 1, or less.

    `noise` is what its tolerance on reduced costs may hide, in steps.

    >>> none_up_to(1_000), none_up_to(10**9)
    (1001, 999999901)
    """
    return max(0, math.floor((steps + 0.5) * (1 - MARGIN) - noise) + 1)


def least_steps(bound: float, noise: float = 0.0) -> int:
    """The fewest steps of a solution, proven by a bound of HiGHS in steps, which may be a little too high.

    `noise` as in `none_up_to`.

    >>> least_steps(11.9), least_steps(12.001), least_steps(1e9)
    (12, 12, 999999900)
    """
    return math.ceil(bound - max(_SLIP, MARGIN * abs(bound)) - noise)


@contextmanager
def stopped_when(ended: Callable[[], bool], solver: highspy.Highs) -> Iterator[None]:
    """While this is open, what runs in the solver stops soon after `ended`, of which another thread keeps asking.

    HiGHS can ask by itself, but does so more than a thousand times a second and waits for Python's lock each time:
    beside another busy thread of Python it is many times slower so. Its questions are let through only when the answer
    is yes.
    """
    done = threading.Event()

    def is_over() -> bool:
        try:
            return ended()
        except LeftBehindError:  # nobody waits for what runs
            return True

    def watch() -> None:
        while not done.wait(POLL):
            if is_over():
                for event in (solver.cbMipInterrupt, solver.cbSimplexInterrupt, solver.cbIpmInterrupt):
                    event.subscribe(_stop)
                return

    watcher = threading.Thread(target=watch, name="placement-watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _stop(event: Any) -> None:
    event.interrupt()
