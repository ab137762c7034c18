"""CP-SAT as all modules of the package start it."""

import math

from ortools.sat.python import cp_model

from placement.engines.parameters import ENGINE_PARAMETERS
from placement.solving.steps import count_steps


def cp_sat_solver(
    seed: int = 1, *, seconds: float = math.inf, effort: float = math.inf, gap: float = 0.0
) -> cp_model.CpSolver:
    """A solver with one worker that leaves Ctrl-C to the planner, within so many seconds and deterministic ones.

    It ends once its best solution is within the relative `gap` of its bound.

    OR-Tools 9.15 may end the process where presolve adds up columns that are alike ("Check failed:
    context_->VarToConstraints(var).empty()" in `DetectDuplicateColumns`). It does so for symmetry alone, which is off.
    """
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers, parameters.random_seed, parameters.catch_sigint_signal = 1, seed % 2**31, False
    parameters.symmetry_level = 0
    parameters.max_time_in_seconds, parameters.max_deterministic_time = max(0.01, seconds), effort
    parameters.relative_gap_limit = gap
    return solver


def run(
    solver: cp_model.CpSolver, model: cp_model.CpModel, callback: cp_model.CpSolverSolutionCallback | None = None
) -> cp_model.CpSolverStatus:
    """Solve a model, and count the steps that it took."""
    status = solver.solve(model, callback)
    count_steps(solver.response_proto.deterministic_time * ENGINE_PARAMETERS.steps.second)
    return status


def least_of(
    model: cp_model.CpModel, total: cp_model.LinearExprT, most: int, high: int | None = None
) -> cp_model.IntVar:
    """A variable that is a `total`, or `most` where that is less; it is from 0 to `high`, by default to `most`.

    `add_min_equality` would say the same, but OR-Tools 9.15 took 14 GB to presolve that where the total was what
    machines of 21 pools cost.
    """
    least = model.new_int_var(0, most if high is None else min(most, high), "")
    reached = model.new_bool_var("")
    model.add(total >= most).only_enforce_if(reached)
    model.add(least == most).only_enforce_if(reached)
    model.add(total <= most).only_enforce_if(~reached)
    model.add(least == total).only_enforce_if(~reached)
    return least


def deterministic_seconds(steps: float) -> float:
    """How long CP-SAT may go on within so many steps (`solving.steps`)."""
    return steps / ENGINE_PARAMETERS.steps.second
