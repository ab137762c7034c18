"""The outline as a search of its own: bounds against enumeration, and plans made of its solutions."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import evaluate
from placement.direct.milp import may_outline, solve_outline
from placement.direct.milp.outline import _FORM
from placement.direct.model import DirectModel
from placement.direct.parameters import DIRECT
from placement.direct.pattern_rows import add_pattern_rows
from placement.direct.slots import most_new_machines
from placement.direct.translate import encode
from placement.patterns.certificate import Prices
from placement.patterns.formulation import relax
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.result import Stop
from placement.writing import first_violation
from tests import brute, strategies
from tests.corpus import plans, seeds
from tests.direct.kept_rows import keeps_rows
from tests.replanning.test_frontier import running

if TYPE_CHECKING:
    from tests.parameters import Change


@seeds(range(600), 8)
def test_bounds_and_plans_against_enumeration(seeds: range) -> None:
    """No bound above the optimum, no plan that breaks a rule, and most tiny problems are proven or nearly."""
    bounded = met = planned = 0
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), state=True, rules=50)
        if brute.too_big(document):
            continue
        fleet, budget = compile_fleet(Problem(**document)), Budget(None, work=10)
        if not may_outline(fleet):
            continue
        incumbent = Incumbent(fleet, budget, check=partial(first_violation, fleet), strict=True)
        solve_outline(Solve(fleet, incumbent, budget))
        truth = brute.survey(document)
        best = incumbent.best
        if best is not None:
            assert not first_violation(fleet, best[0])
            planned += 1
        given = None if best is None else best[1].left_out
        least = truth.least_cost(given)
        if incumbent.ticks_bound is None or least is None:
            continue
        assert fleet.least_cost(incumbent.ticks_bound) <= least
        bounded += 1
        met += fleet.cost(incumbent.ticks_bound) == least
    assert bounded > len(seeds) / 4
    assert met > 0.5 * bounded
    assert planned > len(seeds) / 4


@seeds(range(300), 6)
def test_plans_are_solutions_of_the_outline(seeds: range) -> None:
    """A plan written down for the outline keeps all its rows and costs what it costs: so its bound is one."""
    seen = 0
    for _, _, fleet, packing in plans(seeds, state=True):
        model = DirectModel(fleet, most_new_machines(fleet), _FORM)
        values = encode(model, packing)
        assert values is not None
        assert keeps_rows(model.program, values)
        goal = model.ticks()
        assert goal.value(goal.reduced(values)) == evaluate(fleet, packing).ticks
        seen += 1
    assert seen > len(seeds) / 4


@seeds(range(300), 12)
def test_every_plan_keeps_the_rows_of_any_prices(seeds: range) -> None:
    """Those of the pattern bound are only the best of them. A machine that holds less than it may is found out."""
    seen = written = 0
    for seed, _, fleet, packing in plans(seeds, state=True):
        rng, relaxation = random.Random(seed), relax(fleet)
        coverage = [[rng.randint(-20, 100) for _ in device_class.items] for device_class in relaxation.device_classes]
        prices = Prices(coverage, [rng.choice((0, 50)) for _ in coverage])
        model = DirectModel(fleet, most_new_machines(fleet), _FORM)
        before = len(model.program.rows)
        add_pattern_rows(model, relaxation, prices)
        values = encode(model, packing)
        assert values is not None
        assert keeps_rows(model.program, values)
        seen += 1
        written += len(model.program.rows) - before
    assert seen > len(seeds) / 4
    assert written > seen


def test_rows_of_patterns_say_what_volumes_do_not() -> None:
    """Of copies in half an accelerator and a bit each has one of four, whatever it is priced at."""
    document = running(1, 1, 1)
    document["components"][0] |= {"accelerator_memory_gib": 45.0, "shared": True}
    fleet = compile_fleet(Problem(**document))
    relaxation = relax(fleet)
    model = DirectModel(fleet, most_new_machines(fleet), _FORM)
    before = len(model.program.rows)
    add_pattern_rows(model, relaxation, Prices([[7] * len(q.items) for q in relaxation.device_classes], [0]))
    assert [sorted(row.coefficients) for row in model.program.rows[before:]] == [[-4, 1]] * 4  # new ones, and three


def test_few_moves_by_the_outline_alone() -> None:
    """Two moves close two of four machines, and the outline's bound meets that."""
    fleet, budget = compile_fleet(Problem(**running(1, 1, 1, 1, objective={"max_moves": 2}))), Budget(None, work=10)
    solve = Solve(fleet, Incumbent(fleet, budget, strict=True), budget)

    outcome = solve_outline(solve)

    assert solve.value is not None
    assert (outcome.stop, fleet.cost(solve.value.ticks), solve.incumbent.bound_by) == (
        Stop.PROVED,
        20_000_000,
        "outline",
    )
    assert solve.packing is not None
    assert sum(bool(machine.seats) for machine in solve.packing.machines) == 2


def test_last_digits_are_decided() -> None:
    """Prices finer than HiGHS is sharp: its bound ends a few millionths below the plan, and CP-SAT closes that."""
    document = running(1, 1, 1, 1, objective={"max_moves": 2})
    document["instance_types"] = {"t": {**document["instance_types"]["t"], "price_per_hour": 98765.432101}}
    document["objective"] |= {"move_cost": 0.000007}
    fleet, budget = compile_fleet(Problem(**document)), Budget(None, work=10)
    solve = Solve(fleet, Incumbent(fleet, budget, strict=True), budget)

    outcome = solve_outline(solve)

    assert solve.value is not None
    assert (outcome.stop, solve.incumbent.ticks_bound) == (Stop.PROVED, solve.value.ticks)


def test_what_is_too_large_or_does_not_run(parameters: Change) -> None:
    """Nothing to outline."""
    document = running(1)
    assert may_outline(compile_fleet(Problem(**document)))
    parameters(DIRECT.outline, most_terms=1)
    assert not may_outline(compile_fleet(Problem(**document)))
    assert not may_outline(compile_fleet(Problem(**{**document, "instances": [], "placements": []})))
