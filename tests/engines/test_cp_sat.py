"""CP-SAT is started the same way everywhere."""

from __future__ import annotations

import pytest

from placement.engines.cp_sat import cp_sat_solver


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
