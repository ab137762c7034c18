"""Column generation where moves are dear or few: whole solutions with what runs, and no fleet mixes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placement import Problem, Status, solve
from placement.compiled.fleet import Fleet, compile_fleet
from placement.heuristics.first_plan import first_plan
from placement.patterns.bound import PatternBound
from placement.solvers.column_generation.pack import FleetMixPacking
from placement.solvers.column_generation.running_solutions import kept_accelerators
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.heuristics.fleets import suite


def fleet_with(money: float) -> Fleet:
    problem = suite("replan", 20, 1)
    problem["objective"]["move_cost"] = money
    return compile_fleet(Problem(**problem))


@pytest.mark.slow
@pytest.mark.parametrize(("money", "tries"), [(0.05, True), (20.0, False)])
def test_mixes_are_tried_where_moves_are_cheap(money: float, tries: bool) -> None:
    solve_ = Solve.of(fleet_with(money), Budget(work=1))
    first_plan(solve_)
    bound = PatternBound(solve_, solve_.left_out)
    bound.run(nodes=5)
    mixes = FleetMixPacking(solve_, bound)
    mixes.run(Budget(work=1))
    assert (mixes.tried > 0) == tries


def test_copies_on_more_accelerators_than_their_option_takes_are_not_kept() -> None:
    """What runs today may break rules; a plan that kept such a copy would break them too."""
    fleet = fleet_with(20.0)
    known = [place for place in fleet.places if place.accelerators]
    assert known
    for place in known:
        on = place.accelerators or ()
        assert kept_accelerators(fleet, place) == on
        assert kept_accelerators(fleet, replace(place, accelerators=(*on, 99))) is None
        alone = fleet.pools[fleet.instances[place.instance].pool].shape.accelerators == 1
        assert kept_accelerators(fleet, replace(place, accelerators=None)) == ((0,) if alone else None)


@pytest.mark.slow
@pytest.mark.parametrize(("money", "most"), [(5.0, 0.03), (100.0, 0.03)])
def test_the_gap_is_small_where_moves_are_dear(money: float, most: float) -> None:
    """Were what runs not in the bound it would be 3 and 21 %."""
    problem = suite("replan", 20, 2)
    problem["objective"]["move_cost"] = money
    found = solve(Problem(**problem), solver="column-generation", time_limit=None, work=20)
    assert found.status is Status.FEASIBLE
    assert found.gap is not None
    assert found.gap < most
