"""CP-SAT as all modules of the package start it."""

from __future__ import annotations

from ortools.sat.python import cp_model


def cp_sat_solver(seed: int = 1) -> cp_model.CpSolver:
    """A solver with one worker that leaves Ctrl-C to the planner. Limits are for the caller to set.

    OR-Tools 9.15 may end the process where presolve adds up columns that are alike ("Check failed:
    context_->VarToConstraints(var).empty()" in `DetectDuplicateColumns`). It does so for symmetry alone, which is off.
    """
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers, parameters.random_seed, parameters.catch_sigint_signal = 1, seed % 2**31, False
    parameters.symmetry_level = 0
    return solver
