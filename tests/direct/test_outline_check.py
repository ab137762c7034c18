"""Branch and check on the outline: rows that are learnt hold for every plan, and what is proven is the optimum."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING, Any

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import evaluate
from placement.direct.milp import may_outline, solve_outline
from placement.direct.milp.engines import EngineLimits
from placement.direct.milp.outline import _FORM
from placement.direct.milp.outline_check import OutlineCheck
from placement.direct.milp.outline_digits import OutlineDigits
from placement.direct.model import DirectModel
from placement.direct.slots import most_new_machines
from placement.direct.translate import encode
from placement.patterns.formulation import relax
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.writing import first_violation
from tests import brute, strategies
from tests.corpus import plans, seeds
from tests.direct.kept_rows import keeps_rows
from tests.replanning.test_frontier import running

if TYPE_CHECKING:
    from collections.abc import Sequence


def crowded(rng: random.Random, model: DirectModel, values: Sequence[int]) -> list[int]:
    """Values with more copies on new machines than a plan has, and fewer machines or as many."""
    found = list(values)
    for count in model.new:
        for k in count.columns:
            found[k] = max(0, found[k] - rng.choice((0, 0, 1)))
    for var in model.on_new.values():
        if rng.random() < 0.5:
            found[var.index] = rng.randint(0, var.high)
    return found


@seeds(range(600), 12)
def test_plans_keep_every_row_that_is_learnt(seeds: range) -> None:
    """Whatever did not fit: a plan as values of the outline keeps them, and its copies can be packed for no more."""
    learnt = cuts = 0
    for seed, _, fleet, packing in plans(seeds, state=True):
        rng, model = random.Random(seed), DirectModel(fleet, most_new_machines(fleet), _FORM)
        values = encode(model, packing)
        assert values is not None
        before = len(model.program.ranges)
        check = OutlineCheck(model, rng.choice((None, relax(fleet), relax(fleet, (0,) * len(fleet.levels)))))
        for _ in range(6):
            check.plan(crowded(rng, model, values), Budget(work=10))
        learnt += check.rows
        cuts += check.rows > 0 and len(model.program.ranges) == before
        again = encode(model, packing)
        assert again is not None
        assert keeps_rows(model.program, again), f"seed {seed}"
        plan = check.plan(again, Budget(work=10))
        if plan is not None:
            assert evaluate(fleet, plan).ticks <= evaluate(fleet, packing).ticks, f"seed {seed}"  # machines may empty
    assert learnt > len(seeds)
    assert cuts > 0


@seeds(range(2_000, 2_400), 8)
def test_what_is_proven_is_the_optimum(seeds: range) -> None:
    """By the clock, which is never over here: nearly all tiny problems are proven to the last digit."""
    proven = tried = 0
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), state=True, rules=50)
        if brute.too_big(document):
            continue
        fleet, budget = compile_fleet(Problem(**document)), Budget(30.0)
        if not may_outline(fleet):
            continue
        incumbent = Incumbent(fleet, budget, check=partial(first_violation, fleet), strict=True)
        solve_outline(Solve(fleet, incumbent, budget))
        best, truth = incumbent.best, brute.survey(document)
        least = truth.least_cost(None if best is None else best[1].left_out)
        if best is None or least is None or incumbent.ticks_bound is None:
            continue
        tried += 1
        assert fleet.least_cost(incumbent.ticks_bound) <= least, f"seed {seed}"
        proven += incumbent.ticks_bound == best[1].ticks
    assert tried > len(seeds) / 4
    assert proven > 0.9 * tried


def moved(money: float) -> dict[str, Any]:
    """Machines that run, half empty, where a move costs so much."""
    return running(1, 1, 1, 1, objective={"move_cost": money})


def test_last_digits_find_what_is_there_and_nothing_else() -> None:
    """Between a bound and the optimum there is nothing, and with the optimum there is something."""
    for money in (0.01, 0.37, 3.0):
        fleet = compile_fleet(Problem(**moved(money)))
        solve = Solve.of(fleet, Budget(30.0))
        solve_outline(solve)
        assert solve.packing is not None
        assert solve.value is not None
        ticks = solve.value.ticks
        for least, most, none in ((ticks - 3, ticks - 1, True), (ticks - 3, ticks, False)):
            model = DirectModel(fleet, most_new_machines(fleet), _FORM)
            values = encode(model, solve.packing)
            assert values is not None
            assert (
                OutlineDigits(model.program, model.ticks(), least, most).none(values, EngineLimits(Budget(30.0), 1))
                == none
            )
