"""Where moves are dear: mixes hold what the LP keeps, a dive leaves that where it is, and it pays."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from placement import Problem, Status, solve
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Seat
from placement.heuristics.first_plan import first_plan
from placement.patterns.bound import PatternBound
from placement.patterns.formulation import Relaxation, relax
from placement.patterns.running.kept_copies import KeptCopiesBound
from placement.reductions.greenfield import Greenfield
from placement.reductions.preassigned import Preassigned
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.diving import Dive, KeptAssignment
from placement.solvers.column_generation.kept_machines import KeptMachineMixes, may_hold
from placement.solvers.column_generation.mixes import FleetMix
from placement.solvers.column_generation.pack import FleetMixPacking
from placement.solvers.column_generation.rounding import Rounding
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests.corpus import one_by_one
from tests.heuristics.fleets import component, document, suite

WORK = Budget(work=1)


class AllStays(KeptCopiesBound):
    """The LP of which every machine stays with all copies."""

    def stays(self) -> list[float]:
        return [1.0] * len(self.running_state.machines)

    def kept(self) -> list[float]:
        return [float(place.count) for place in self.running_state.relaxation.fleet.places]


def dear(components: int = 20, money: float = 20.0, seed: int = 1) -> Fleet:
    problem = suite("replan", components, seed)
    problem["objective"]["move_cost"] = money
    return compile_fleet(Problem(**problem))


def kept_mixes(fleet: Fleet, incumbent: Incumbent) -> tuple[KeptMachineMixes, Fleet, Relaxation, PatternBound]:
    """As `FleetMixPacking` makes it."""
    first_plan(Solve(fleet, incumbent, WORK))
    assert incumbent.best is not None
    bound = PatternBound(Solve(fleet, incumbent, Budget()), incumbent.best[1].left_out)
    bound.run(nodes=5)
    assert bound.kept_copies is not None
    fresh = Greenfield.of(fleet, incumbent.best[1], dear=True)
    assert fresh is not None
    settled = Preassigned.of(
        RequiredAsPlaced.of(fresh.fleet, Solve(fresh.fleet, incumbent, Budget()).packing).fleet, bound.machine_values
    )
    assert settled is not None
    rest = settled.fleet
    relaxation = relax(rest)
    return KeptMachineMixes(fleet, rest, relaxation, bound.patterns, bound.kept_copies, 0), rest, relaxation, bound


@one_by_one(range(1, 4), 1)
def test_what_a_mix_holds_stands_after_the_dive(seed: int) -> None:
    fleet = dear(seed=seed)
    incumbent = Incumbent(fleet, Budget())
    mixes, rest, relaxation, bound = kept_mixes(fleet, incumbent)
    least = [rest.fewest(pool.index) for pool in rest.pools]
    mix = mixes.offer(0.003, least, Budget())
    assert mix is not None
    assert len(mix.held) > 3
    assert bound.kept_copies is not None
    kept = Counter(
        (fleet.instances[p.instance].pool, Seat(p.component, p.option, p.accelerators or ()))
        for p, times in zip(fleet.places, bound.kept_copies.kept(), strict=True)
        for _ in range(p.count if times > 0.01 and p.accelerators else 0)
    )
    held = Counter((machine.pool, seat) for machine in mix.held for seat in machine.seats)
    assert held <= kept
    of_pool = Counter(machine.pool for machine in mix.held)
    assert all(n >= of_pool[p] for p, n in enumerate(mix.machines))
    fixed = KeptAssignment(relaxation, mix.held)
    wanted = sum(c.required for c in rest.components)
    assert wanted - sum(fixed.unassigned) >= 0.9 * sum(held.values())  # but for rules over zones
    sketch = Dive(relaxation, bound.patterns, 0).run(mix, WORK)
    assert sketch is not None
    there = [Counter(machine.seats) for machine in sketch.packing.machines]
    for open_machine in fixed.residuals.open_machines:  # as seated
        seats = Counter(Seat(relaxation.modes[c.item].component, c.mode.option, c.on) for c in open_machine.copies)
        assert any(seats <= residual_pattern for residual_pattern in there)


def test_copies_on_more_accelerators_than_their_option_takes_are_not_held() -> None:
    """What runs today may break rules; a plan that held such a copy would break them too."""
    fleet = dear()
    places = []
    for place in fleet.places:
        on, count = place.accelerators, fleet.pools[fleet.instances[place.instance].pool].shape.accelerators
        free = sorted(set(range(count)) - set(on or ()))
        wider = tuple(sorted((*on, free[0]))) if on and free and place.instance % 2 else on
        places.append(replace(place, accelerators=wider))
    assert sum(a != b for a, b in zip(places, fleet.places, strict=True)) > 5
    strange = replace(fleet, places=tuple(places))
    mixes, rest, _, _ = kept_mixes(strange, Incumbent(strange, Budget()))
    least = [rest.fewest(pool.index) for pool in rest.pools]
    offers = [mix for _ in range(5) if (mix := mixes.offer(0.003, least, Budget())) is not None]
    seats = [seat for mix in offers for machine in mix.held for seat in machine.seats]
    assert len(seats) >= 3
    assert all(len(s.accelerators) == fleet.components[s.component].options[s.option].accelerators for s in seats)
    assert may_hold(strange)
    assert not may_hold(replace(fleet, places=tuple(replace(place, accelerators=()) for place in fleet.places)))


def test_owners_stand_on_unused_accelerators_of_a_held_machine() -> None:
    """A big machine runs a copy that owns four accelerators; one more needs no other machine."""
    fleet = compile_fleet(Problem(**document([component("m", 2, 70.0, 4, shared=False, instance_types=["big"])])))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    big = next(pool.index for pool in fleet.pools if pool.name == "big-b")
    held = Machine(big, None, (Seat(0, 0, (0, 1, 2, 3)),))
    rounding = Rounding(fleet, relax(fleet), bound.patterns, 0, (held,))
    assert rounding.cost([0] * len(fleet.pools), Budget()) == pytest.approx(0.0)
    mix = rounding.offer(0.0, [0] * len(fleet.pools), Budget())
    assert mix is not None
    assert sum(mix.machines) == 1


@pytest.mark.parametrize(("money", "holds"), [(0.5, False), (50.0, True)])
def test_a_machine_is_held_where_that_pays(money: float, holds: bool) -> None:
    """A copy on a machine of eight dollars that would fit one of two: it is held where a move costs more than that."""
    problem = document([component("m", 1, 70.0)], objective={"horizon_hours": 1, "move_cost": money})
    problem["instances"] = [{"id": "i", "pool": "big-a"}]
    problem["placements"] = [{"component": "m", "option": 0, "instance": "i", "accelerators": [2]}]
    fleet = compile_fleet(Problem(**problem))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    assert bound.kept_copies is not None
    stays = AllStays(bound.kept_copies.running_state)
    mixes = KeptMachineMixes(fleet, fleet, relax(fleet), bound.patterns, stays, 0)
    mix = mixes.offer(0.0, [0] * len(fleet.pools), Budget())
    assert (mix is not None and len(mix.held) == 1) == holds


def test_a_held_machine_is_filled_before_one_is_rented() -> None:
    """A big machine runs two copies; six more of the same need no other, as the LP of what is left can tell."""
    fleet = compile_fleet(Problem(**document([component("m", 8, 70.0, instance_types=["big"])])))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    big = next(pool.index for pool in fleet.pools if pool.name == "big-b")
    held = Machine(big, None, (Seat(0, 0, (3,)), Seat(0, 0, (5,))))
    relaxation = relax(fleet)
    kept = KeptAssignment(relaxation, [held])
    assert (kept.unassigned, kept.machines[big]) == ([6], 1)
    mix = Rounding(fleet, relaxation, bound.patterns, 0, (held,)).offer(0.0, [0] * len(fleet.pools), Budget())
    assert mix is not None
    assert sum(mix.machines) == mix.machines[big] == 1
    sketch = Dive(relaxation, bound.patterns, 0).run(FleetMix(mix.machines, None, (held,)), Budget())
    assert sketch is not None
    assert not sketch.missing
    (machine,) = sketch.packing.machines
    assert machine.pool == big
    assert set(held.seats) < set(machine.seats)


def test_machines_that_are_held_count_against_the_quota() -> None:
    problem = document([component("m", 24, 70.0)])
    names = {"big-b": 2, "small-a": None}
    problem["pools"] = [{**p, "max_instances": names[p["name"]]} for p in problem["pools"] if p["name"] in names]
    fleet = compile_fleet(Problem(**problem))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    big, small = sorted(range(2), key=lambda p: fleet.pools[p].name)
    held = tuple(Machine(big, None, (Seat(0, 0, (k,)),)) for k in (1, 2))
    rounding = Rounding(fleet, relax(fleet), bound.patterns, 0, held)
    mix = rounding.offer(0.0, [0, 0], Budget())
    assert mix is not None
    assert (mix.machines[big], mix.machines[small]) == (2, 8)


def test_dedicated_components_leave_less_to_hold() -> None:
    """Five machines run and may be five; a new component needs two of its own, so at most three are held."""
    rows = [
        component("m", 60, 10.0, move_cost=50),
        component("own", 2, 70.0, 8, shared=False, dedicated=True, instance_types=["big"], zones=["b"]),
    ]
    problem = document(rows)
    names = {"big-b": 5, "small-a": None}
    problem["pools"] = [{**p, "max_instances": names[p["name"]]} for p in problem["pools"] if p["name"] in names]
    problem["instances"] = [{"id": f"i{m}", "pool": "big-b"} for m in range(5)]
    problem["placements"] = [
        {"component": "m", "instance": f"i{m}", "accelerators": [k % 8]} for m in range(5) for k in range(12)
    ]
    fleet = compile_fleet(Problem(**problem))
    incumbent = Incumbent(fleet, Budget())
    mixes, rest, _, _ = kept_mixes(fleet, incumbent)
    mix = mixes.offer(0.003, [rest.fewest(pool.index) for pool in rest.pools], Budget())
    assert mix is not None
    big = next(pool.index for pool in fleet.pools if pool.name == "big-b")
    assert (len(mix.held), mix.machines[big], rest.pools[big].max_instances) == (3, 3, 3)
    found = solve(Problem(**problem), solver="column-generation", time_limit=None, work=2)
    assert found.status in (Status.FEASIBLE, Status.OPTIMAL)


def test_of_copies_without_known_accelerators_nothing_is_held() -> None:
    problem = suite("replan", 20, 1)
    problem["objective"]["move_cost"] = 20
    for row in problem["placements"]:
        row.pop("accelerators", None)
    several = compile_fleet(Problem(**problem))
    assert may_hold(dear())
    singles = {p.index for p in several.pools if p.shape.accelerators == 1}
    assert may_hold(several) == any(several.instances[p.instance].pool in singles for p in several.places)


def test_a_mix_that_moves_too_much_does_not_pay() -> None:
    fleet = dear(money=10_000.0)
    incumbent = Incumbent(fleet, Budget())
    mixes, rest, _, bound = kept_mixes(fleet, incumbent)
    packing = FleetMixPacking(Solve(fleet, incumbent, Budget()), bound)
    assert incumbent.best is not None
    mix = mixes.offer(0.003, [rest.fewest(pool.index) for pool in rest.pools], Budget())
    assert mix is not None
    few = FleetMix((1, *([0] * (len(fleet.pools) - 1))), None, mix.held[:1])
    assert not packing.pays(few)  # all but its copies move
    assert packing.pays(few._replace(held=()))


@pytest.mark.parametrize(("money", "most"), [pytest.param(5.0, 0.03, marks=pytest.mark.slow), (100.0, 0.09)])
def test_the_gap_is_small_where_moves_are_dear(money: float, most: float) -> None:
    """Were what runs not in the bound it would be 3 and 21 %."""
    problem = suite("replan", 20, 2)
    problem["objective"]["move_cost"] = money
    found = solve(Problem(**problem), solver="column-generation", time_limit=None, work=2)
    assert found.status is Status.FEASIBLE
    assert found.gap is not None
    assert found.gap < most
