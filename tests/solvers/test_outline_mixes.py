"""Mixes from an outline's solutions: what they hold, how many new machines they have at least, and when they end."""

from __future__ import annotations

from collections import Counter

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.patterns.formulation import relax
from placement.reductions.greenfield import without_running
from placement.solvers.column_generation.outline_mixes import OutlineMixes
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solving.budget import Budget
from placement.solving.incumbent import Incumbent
from tests.replanning.test_frontier import running

_PARAMS = COLUMN_GENERATION.outline_mixes


def fleet_and_incumbent() -> tuple[Fleet, Incumbent]:
    """Four machines of one pool that run with a copy each, and the plan that keeps them."""
    fleet = compile_fleet(Problem(**running(1, 1, 1, 1)))
    incumbent = Incumbent(fleet, Budget())
    incumbent.offer(Packing(tuple(Machine(0, i, (Seat(0, 0, (0,)),)) for i in range(4))), "test")
    return fleet, incumbent


def mixes_of(fleet: Fleet, incumbent: Incumbent) -> OutlineMixes:
    rest = without_running(fleet)
    relaxation = relax(rest)
    patterns = [
        (q.index, ((i, limit),)) for q in relaxation.device_classes for i, limit in enumerate(q.knapsack.limits)
    ]
    return OutlineMixes(rest, relaxation, patterns, incumbent, 0)


def test_nothing_without_an_outline() -> None:
    """The best plan alone is for other searches."""
    fleet, incumbent = fleet_and_incumbent()
    assert mixes_of(fleet, incumbent).offer([0], Budget()) is None


def test_what_an_outline_holds_is_held_and_the_rest_counted_anew() -> None:
    """Of an outline with one machine that keeps two copies and a new one: the new one is counted with room for both."""
    fleet, incumbent = fleet_and_incumbent()
    seat = Seat(0, 0, (0,))
    incumbent.outlines.append(Packing((Machine(0, 0, (seat, seat)), Machine(0, None, ()))))
    mixes, offered = mixes_of(fleet, incumbent), []
    while (mix := mixes.offer([0], Budget())) is not None:
        offered.append(mix)
    assert len(offered) == len(_PARAMS.spares) * len(_PARAMS.dear) * 2  # the outline, and the best plan
    kept = Counter(tuple(len(machine.seats) for machine in mix.held) for mix in offered)
    assert set(kept) == {(2,), (1, 1, 1, 1)}
    assert all(mix.machines[0] >= len(mix.held) for mix in offered)


def test_no_more_copies_are_held_than_there_are() -> None:
    """An outline may place optional copies that the fleet which is packed does not have."""
    fleet, incumbent = fleet_and_incumbent()
    incumbent.outlines.append(Packing((Machine(0, 0, (Seat(0, 0, (0,)),) * 9),)))
    mix = mixes_of(fleet, incumbent).offer([0], Budget())
    held = [] if mix is None else [len(machine.seats) for machine in mix.held]
    assert sum(held) <= 4
