"""Set covering over contents of machines: no plan breaks a rule or gets worse, well-filled machines come together."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import placement
from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate, machine_price
from placement.engines.highs import load_lp
from placement.local_search.content_program import ContentProgram, may_cover
from placement.local_search.parameters import LOCAL_SEARCH
from placement.local_search.set_covering import NAME, SetCovering
from placement.reductions.greenfield import without_running
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.units import MICRO
from tests.corpus import broken_rules, plans, seeds
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from typing import Any

    import pytest

    from placement.compiled.fleet import Fleet
    from tests.parameters import Change


def solve_from(fleet: Fleet, packing: Packing) -> Solve:
    """A solve that knows a plan."""
    incumbent = Incumbent(fleet, Budget())
    assert incumbent.offer(packing, "test")
    return Solve(fleet, incumbent, Budget(threads=1), 0)


def as_new(packing: Packing) -> Packing:
    """The same machines, none of which runs."""
    return Packing(tuple(replace(machine, instance=None) for machine in packing.machines))


@seeds(range(150), 20)
def test_no_plan_gets_worse_or_wrong(seeds: range) -> None:
    """Random problems with every rule; contents of a plan that is better and of one that lacks copies beside it."""
    better = 0
    for seed, problem, fleet, packing in plans(seeds, rules=40):
        other = placement.solve(problem, "ffd", time_limit=None, work=2, threads=1).packing
        solve = solve_from(fleet, packing)
        covering = SetCovering(solve)
        for seen in (other, packing and Packing(packing.machines[1:])):
            if seen is not None:
                covering.add(seen)
        found = covering.run(Budget(threads=1))
        assert solve.value is not None
        assert (solve.value < evaluate(fleet, packing)) == found, f"seed {seed}"
        assert solve.packing is not None
        assert broken_rules(problem, fleet, solve.packing) == [], f"seed {seed}"
        better += found
    assert better > 0


@seeds(range(150), 30)
def test_a_plan_is_a_solution_that_costs_what_it_does(seeds: range) -> None:
    """Every row of the program holds at the columns' values of a plan, limits and commitments among them."""
    looked_at = Counter[str]()
    for seed, _, fleet, packing in plans(seeds, rules=40):
        placed = Counter(seat.component for _, seat in packing.seats())
        fresh = without_running(fleet)
        if not may_cover(fresh) or any(c.required != placed[c.index] for c in fresh.components):
            continue
        columns = {(machine.pool, tuple(sorted(machine.seats))) for machine in packing.machines}
        program = ContentProgram(fresh, sorted(columns))
        values, rows = program.values(packing), program.rows
        for r, (low, high) in enumerate(zip(rows.low, rows.high, strict=True)):
            total = sum(n * values[k] for k, n in rows.terms(r).items())
            assert low - 1e-6 <= total <= high + 1e-6, f"seed {seed}, row {r}"
        for value, least, most in zip(values, rows.lower, rows.upper, strict=True):
            assert least <= value <= most, f"seed {seed}"
        cost = sum(value * each for value, each in zip(values, rows.cost, strict=True))
        assert math.isclose(cost, machine_price(fresh, as_new(packing)) / MICRO, abs_tol=1e-6), f"seed {seed}"
        again = program.packing([round(value) for value in values])
        assert again is not None, f"seed {seed}"
        assert Counter(seat.component for _, seat in again.seats()) == placed, f"seed {seed}"
        looked_at["plans"] += 1
        looked_at["limits"] += bool(fresh.limits)
        looked_at["commitments"] += bool(fresh.commitments)
        looked_at["zones"] += any(c.has_zone_rules for c in fresh.components)
    assert min(looked_at[what] for what in ("plans", "limits", "commitments", "zones")) > 0, looked_at


def fleet_of_pairs() -> Fleet:
    """Two large and two small copies; one of each fills an accelerator."""
    return compile_fleet(Problem(**document([component("large", 2, 50), component("small", 2, 30)])))


def on_machines(fleet: Fleet, *held: tuple[int, ...]) -> Packing:
    """New machines of the first pool, each with copies of these components on its first accelerator."""
    return Packing(tuple(Machine(0, None, tuple(Seat(c, 0, (0,)) for c in sorted(copies))) for copies in held))


def test_well_filled_machines_are_put_together() -> None:
    """A plan of three machines, and a packing without a small copy whose full machine stands twice in the answer."""
    fleet = fleet_of_pairs()
    solve = solve_from(fleet, on_machines(fleet, (0,), (0,), (1, 1)))
    covering = SetCovering(solve)
    assert not covering.run(Budget(threads=1)), "there is nothing else to choose"
    covering.add(on_machines(fleet, (0, 1), (0,)))
    assert len(covering.machines) == 4 - 1
    assert covering.run(Budget(threads=1))
    assert solve.packing is not None
    assert [Counter(seat.component for seat in machine.seats) for machine in solve.packing.machines] == [
        {0: 1, 1: 1}
    ] * 2
    assert solve.incumbent.events[-1].by == NAME


def test_copies_that_are_covered_twice_stand_once() -> None:
    """Full machines cover three large copies, where two are wanted."""
    fleet = compile_fleet(Problem(**document([component("large", 2, 50), component("small", 3, 30)])))
    solve = solve_from(fleet, on_machines(fleet, (0,), (0,), (1,), (1,), (1,)))
    covering = SetCovering(solve)
    covering.add(on_machines(fleet, (0, 1)))
    assert covering.run(Budget(threads=1))
    assert solve.packing is not None
    assert len(solve.packing.machines) == 3
    assert Counter(seat.component for _, seat in solve.packing.seats()) == {0: 2, 1: 3}


def test_too_many_columns_are_left(parameters: Change) -> None:
    """Beyond the limit there is no program."""
    fleet = fleet_of_pairs()
    parameters(LOCAL_SEARCH.set_covering, most_columns=2)
    solve = solve_from(fleet, on_machines(fleet, (0,), (0,), (1, 1)))
    covering = SetCovering(solve)
    covering.add(on_machines(fleet, (0, 1), (0,)))
    assert not covering.run(Budget(threads=1))


def test_limits_and_commitments_say_where_machines_are() -> None:
    """One machine of the cheap pool is allowed; then one of the dear pool is paid for already."""
    kind = {"instance_type": "big", "zone": "a"}
    pools = [{"name": "cheap", "price_per_hour": 4.0, **kind}, {"name": "dear", **kind}]
    rows = [component("large", 2, 50), component("small", 2, 30)]
    for more, pool, rent in (
        ({"limits": [{"name": "account", "pools": ["cheap"], "max_instances": 1}]}, 0, 12),
        ({"commitments": [{"name": "year", "pools": ["dear"], "instances": 1}]}, 1, 4),
    ):
        fleet = compile_fleet(Problem(**document(rows, pools=pools, **more)))
        first, *others = on_machines(fleet, (0,), (0,), (1, 1)).machines
        plan = Packing((replace(first, pool=pool), *(replace(machine, pool=1) for machine in others)))
        solve = solve_from(fleet, plan)
        covering = SetCovering(solve)
        covering.add(on_machines(fleet, (0, 1)))
        assert covering.run(Budget(threads=1))
        assert solve.packing is not None
        assert machine_price(fleet, solve.packing) == rent * MICRO


def test_money_is_committed_at_any_price() -> None:
    """Commitments of dollars a million times as large cost and pay a million times as much."""
    kind = {"instance_type": "big", "zone": "a"}
    for times in (1.0, 1e6):
        pools = [
            {"name": "cheap", "price_per_hour": times, **kind},
            {"name": "dear", "price_per_hour": 3 * times, **kind},
        ]
        money = [{"name": "year", "pools": ["dear"], "price_per_hour": 2 * times}]
        fleet = compile_fleet(Problem(**document([component("large", 1, 50)], pools=pools, commitments=money)))
        program = ContentProgram(fleet, [(p, (Seat(0, 0, (0,)),)) for p in (0, 1)])
        for pool, rent in ((0, times), (1, times)):
            values = program.values(Packing((Machine(pool, None, (Seat(0, 0, (0,)),)),)))
            cost = sum(value * each for value, each in zip(values, program.rows.cost, strict=True))
            assert math.isclose(cost, rent), "3 less 2 is as dear as 1"
            assert all(
                low - 1e-6 <= sum(n * values[k] for k, n in program.rows.terms(r).items()) <= high + 1e-6
                for r, (low, high) in enumerate(zip(program.rows.low, program.rows.high, strict=True))
            )
        most = [max(n for n in program.rows.terms(r).values()) for r in range(len(program.rows.low))]
        assert max(most) <= 1.0, "larger coefficients are made smaller by rounding"


def test_a_program_begins_again_where_the_best_plan_is_another() -> None:
    """Optional copies that it places are then wanted: the same contents hold them on fewer machines."""
    rows = [component("large", 2, 50), component("small", 2, 30, min_copies=0, priority=1)]
    fleet = compile_fleet(Problem(**document(rows)))
    solve = solve_from(fleet, on_machines(fleet, (0,), (0,)))
    covering = SetCovering(solve)
    covering.add(on_machines(fleet, (0, 1), (1,), (1, 1)))
    assert not covering.run(Budget(threads=1)), "no copy more is wanted"
    assert solve.incumbent.offer(on_machines(fleet, (0,), (0,), (1,), (1,)), "elsewhere")
    assert covering.run(Budget(threads=1))
    assert solve.packing is not None
    assert len(solve.packing.machines) == 2


def test_work_is_no_matter_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a limit on work a program has no limit in seconds, so that its answer is the same on any machine."""
    fleet, seconds = fleet_of_pairs(), []

    def load(lp: Any, budget: Budget, **options: Any) -> Any:
        seconds.append(budget.left())
        return load_lp(lp, budget, **options)

    monkeypatch.setattr("placement.local_search.set_covering.load_lp", load)
    for budget in (Budget(work=1, threads=1), Budget(threads=1)):
        solve = solve_from(fleet, on_machines(fleet, (0,), (0,), (1, 1)))
        covering = SetCovering(solve)
        covering.add(on_machines(fleet, (0, 1)))
        assert covering.run(budget)
    assert seconds[0] == math.inf > seconds[1]
