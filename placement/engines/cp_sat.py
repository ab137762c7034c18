"""CP-SAT as all modules of the package start it."""

from __future__ import annotations

import math

from ortools.sat.python import cp_model


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
