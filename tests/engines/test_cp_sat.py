"""CP-SAT is started the same way everywhere."""

from __future__ import annotations

import pytest
from ortools.sat.python import cp_model

from placement.engines.cp_sat import cp_sat_solver, least_of, run


@pytest.mark.parametrize(("seed", "taken"), [(7, 7), (2**31 - 1, 2**31 - 1), (2**31, 0), (2**31 + 5, 5)])
def test_one_worker_that_leaves_interrupts_to_the_planner(seed: int, taken: int) -> None:
    """And no symmetry, for which presolve may end the process; seeds wrap around where CP-SAT has no more."""
    chosen = cp_sat_solver(seed).parameters
    assert chosen.num_workers == 1
    assert chosen.random_seed == taken
    assert chosen.catch_sigint_signal is False
    assert chosen.symmetry_level == 0


def test_without_a_seed_it_is_the_engines_own() -> None:
    assert cp_sat_solver().parameters.random_seed == 1


@pytest.mark.parametrize(("count", "most", "high"), [(0, 5, None), (1, 5, 9), (2, 5, None), (3, 5, 9), (3, 20, 9)])
def test_the_least_of_a_total_and_a_limit_is_exact(count: int, most: int, high: int | None) -> None:
    """It may be neither more nor less, and presolve is not handed what it takes all memory for."""
    for sign in (1, -1):
        model = cp_model.CpModel()
        machines = model.new_int_var(count, count, "machines")
        least = least_of(model, 3 * machines, most, high)
        model.minimize(sign * least)
        solver = cp_sat_solver()
        assert run(solver, model) == cp_model.OPTIMAL
        assert solver.value(least) == min(3 * count, most)
        assert "lin_max" not in str(model)
