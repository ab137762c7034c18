"""The direct model in exact integers: its rows hold for the plans that keep every rule, and for no others."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import evaluate
from placement.direct.cp_sat import CpSatOptions, solve_cp_sat
from placement.direct.cp_sat.engine import written
from placement.direct.model import DirectModel
from placement.direct.parameters import DIRECT
from placement.direct.program import OutOfTimeError, Program
from placement.direct.rules import RULES
from placement.direct.slots import most_new_machines, slots_of
from placement.direct.translate import decode, encode
from placement.direct.variables import OUTLINE, TIGHT, TOTALS, Form, Variables
from placement.documents import Problem
from placement.engines.cp_sat import cp_sat_solver
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests.brute import too_big
from tests.contract.test_clock import CountedClock
from tests.corpus import seeds
from tests.direct.kept_rows import keeps_rows
from tests.direct.test_milp import damage
from tests.strategies import random_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from tests.parameters import Change
    from tests.reading import Doc

FORMS = [TIGHT, TOTALS]


def drawn(seed: int) -> Doc:
    """A random problem; each second one may have rules of the whole plan: limits, commitments, losses, most moves."""
    return random_problem(random.Random(seed), rules=30 * (seed % 2))


def best_plans(seeds: range) -> Iterator[tuple[int, Fleet, Packing]]:
    """Small problems and a best plan of each, of those that have one."""
    for seed in seeds:
        doc = drawn(seed)
        if too_big(doc):
            continue
        fleet, budget = compile_fleet(Problem(**doc)), Budget(work=10)
        incumbent = Incumbent(fleet, budget)
        solve_cp_sat(Solve(fleet, incumbent, budget), options=CpSatOptions(start=False))
        if incumbent.best is not None:
            yield seed, fleet, incumbent.best[0]


@pytest.mark.parametrize("form", FORMS, ids=["tight", "totals"])
@seeds(range(3_000, 3_120), 8)
def test_any_plan_is_a_start_that_the_rows_admit_at_its_worth(seeds: range, form: Form) -> None:
    """A plan's values keep all rows; the goals at them say what the plan is worth; decoding gives such a plan back."""
    checked = 0
    for seed, fleet, packing in best_plans(seeds):
        value = evaluate(fleet, packing)
        model = DirectModel(fleet, most_new_machines(fleet), form)
        model.limit_left_out(value.left_out)
        model.limit_ticks(value.ticks)
        values = encode(model, packing)
        assert values is not None, seed
        assert keeps_rows(model.program, values), seed
        goals = [model.left_out(level) for level in range(len(fleet.levels))]
        assert tuple(goal.value(goal.reduced(values)) for goal in goals) == value.left_out, seed
        ticks = model.ticks()
        assert ticks.value(ticks.reduced(values)) == value.ticks, seed
        assert abs(ticks.reduced(values)) <= ticks.largest, seed
        assert evaluate(fleet, decode(model, values)) == value, seed
        model.limit_ticks(value.ticks - 1)
        assert not keeps_rows(model.program, values), seed
        checked += 1
    assert checked > 80 * len(seeds) / 120


@pytest.mark.parametrize("form", FORMS, ids=["tight", "totals"])
@seeds(range(6_000, 6_220), 20)
def test_the_rows_hold_for_damaged_plans_just_when_they_keep_every_rule(seeds: range, form: Form) -> None:
    """Which of alike accelerators copies have is not in the values: what is decoded may have others, and keeps all."""
    seen: Counter[bool] = Counter()
    for seed, fleet, packing in best_plans(seeds):
        rng = random.Random(seed)
        model = DirectModel(fleet, most_new_machines(fleet), form)
        for _ in range(15):
            damaged = damage(rng, fleet, packing)
            values = None if damaged is None else encode(model, damaged)
            if damaged is not None and values is not None:
                holds = keeps_rows(model.program, values)
                assert holds or broken_rule(fleet, damaged), seed
                assert not holds or not broken_rule(fleet, decode(model, values)), seed
                seen[holds] += 1
    assert seen[False] > 60 * len(seeds) / 220
    assert seen[True] > 60 * len(seeds) / 220


@pytest.mark.parametrize("form", [TIGHT, TOTALS, OUTLINE])
def test_writing_ends_at_any_look_at_the_clock(form: Form, parameters: Change) -> None:
    """Time is over after so many looks: the model and the engine's are not written to their end."""
    parameters(DIRECT.program, steps=1)
    fleet = compile_fleet(Problem.model_validate(drawn(3)))
    machines = most_new_machines(fleet)
    clock = CountedClock(1_000_000)
    model = DirectModel(fleet, machines, form, clock)
    looks, rows = 1_000_000 - clock.looks, len(model.program.rows)
    assert looks > rows > 0
    for moment in (0, 1, looks // 2, looks - 1):
        with pytest.raises(OutOfTimeError):
            DirectModel(fleet, machines, form, CountedClock(moment))
    model = DirectModel(fleet, machines, form, CountedClock(looks + rows - 1))
    with pytest.raises(OutOfTimeError):
        written(model.program)
    written(DirectModel(fleet, machines, form, CountedClock(looks + rows)).program)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_forbids_or_tightens_something(rule: Callable[[Variables], None]) -> None:
    """Some small problem has fewer rows without it."""
    for seed in range(200):
        fleet = compile_fleet(Problem(**drawn(seed)))
        most_new = most_new_machines(fleet)
        model = Variables(Program(), fleet, slots_of(fleet, most_new), most_new, TOTALS)
        before = len(model.program.rows)
        rule(model)
        if len(model.program.rows) > before:
            return
    pytest.fail(f"no problem with rows of {rule.__name__}")


def test_limits_that_64_bits_may_not_hold_are_told_to_an_engine_as_what_they_mean() -> None:
    """Above what any plan costs a limit is none; below it no plan is left; and no row has a number beyond either."""
    problem = random_problem(random.Random(3_001), rules=0)
    fleet = compile_fleet(Problem(**problem))
    for limit, statuses in ((10**30, ("OPTIMAL", "FEASIBLE")), (-(10**30), ("INFEASIBLE",))):
        model = DirectModel(fleet, most_new_machines(fleet), TOTALS)
        largest = model.ticks().largest
        before = len(model.program.rows)
        model.limit_ticks(limit)
        for row in model.program.rows[before:]:
            assert row.high is not None
            assert -largest - 1 <= row.high < largest
        solver = cp_sat_solver()
        solver.parameters.num_workers, solver.parameters.max_deterministic_time = 1, 5
        assert solver.status_name(solver.solve(written(model.program))) in statuses


@pytest.mark.parametrize("commitment", [{"instances": 1}, {"price_per_hour": 3}])
def test_a_commitment_over_two_pools_pays_once(commitment: dict[str, Any]) -> None:
    """Of two machines at 3 dollars, one in each zone, one is paid for already: the other is proven to be paid."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 3}},
        pools=[{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"],
        components=[{"name": "c", "copies": 2, "accelerators": 0, "spread": {"min_zones": 2}}],
        commitments=[{"name": "k", "pools": ["a", "b"], **commitment}],
    )
    fleet = compile_fleet(problem)
    solve = Solve.of(fleet, Budget(work=5))
    solve_cp_sat(solve, options=CpSatOptions(start=False))
    assert solve.value is not None
    assert solve.value.ticks == solve.incumbent.ticks_bound == 3_000_000 * fleet.tick_price
