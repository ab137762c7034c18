"""Where machines are scarce: whole solutions that place most copies, packed; the parts of the time are kept to."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement.compiled.packing import optional_copies
from placement.local_search.optional_copies import OptionalCopies
from placement.patterns.enumeration.placing_program import PlacingProgram
from placement.patterns.left_out import LeftOutBound
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.solvers.column_generation import scarce
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.scarce import bring_in_optional, raise_bounds_of_groups
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests import brute
from tests.corpus import seeds
from tests.local_search.test_optional_copies import fleet_of, model, plan_of

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from tests.parameters import Change


def program_of(solve: Solve, level: int, *, fewer: int = 0) -> PlacingProgram:
    """Of plans that leave out so many fewer than the best one at a level, and no more before it."""
    assert solve.left_out is not None
    bound = LeftOutBound(solve, level, solve.left_out[:level])
    bound.run(Budget(), 10**9)
    optional = optional_copies(solve.fleet)
    within = (*solve.left_out[:level], solve.left_out[level] - fewer, *optional[level + 1 :])
    return PlacingProgram(replace(bound.relaxation, given=within), level, bound.patterns)


def test_the_program_places_most_copies_of_a_level() -> None:
    """One machine holds two large copies or eight small ones."""
    fleet = fleet_of(1, model("large", 2, 15), model("small", 8, 4))
    solve = Solve.of(fleet, hint=plan_of((0, [(0, (0,)), (0, (1,))])))
    answer = program_of(solve, 0).most_placed(Budget(), 10)
    assert answer is not None
    assert sum(answer.copies) == 8


def test_the_program_keeps_what_is_placed_before_the_level() -> None:
    """The same, where large ones come first: no fewer of these are placed. With two fewer left out there is none."""
    fleet = fleet_of(1, model("large", 2, 15, priority=1), model("small", 8, 4))
    solve = Solve.of(fleet, hint=plan_of((0, [(0, (0,)), *[(1, (1,))] * 3])))
    assert solve.left_out == (1, 5)
    first = program_of(solve, 0).most_placed(Budget(), 10)
    assert first is not None
    assert sum(first.copies) == 2
    second = program_of(solve, 1).most_placed(Budget(), 10)
    assert second is not None
    assert sum(second.copies) == 1 + 4
    assert program_of(solve, 1, fewer=2).most_placed(Budget(), 10) is None


def test_whole_solutions_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local search that finds nothing by itself goes on from what was packed."""
    turns: list[Packing] = []
    real = OptionalCopies.go_on

    def noted(self: OptionalCopies, packing: Packing, level: int, budget: Any) -> bool:
        turns.append(packing)
        return real(self, packing, level, budget)

    monkeypatch.setattr(OptionalCopies, "run", lambda *_: None)
    monkeypatch.setattr(OptionalCopies, "go_on", noted)
    fleet = fleet_of(2, model("large", 4, 15), model("small", 8, 4), model("middle", 6, 7))
    solve = Solve.of(fleet, hint=plan_of((0, [(0, (0,)), (0, (1,))]), (0, [(0, (0,)), (0, (1,))])))
    bring_in_optional(solve)
    assert sum(len(machine.seats) for machine in turns[0].machines) == 12
    assert solve.left_out == (18 - 12,)
    assert solve.incumbent.left_out_bound() == (6,)


def alike(seed: int) -> Fleet:
    """A random fleet of components that may run in the same ways, at two priorities, under any rules over zones."""
    rng = random.Random(seed)
    rules: tuple[dict[str, Any], ...] = (
        {},
        {"spread": {"max_skew": 1}},
        {"spread": {"min_zones": 2}},
        {"min_available_on_zone_loss": 1},
    )
    models = [
        model(f"c{k}", rng.randint(1, 4), rng.randint(5, 16), priority=rng.randint(0, 1), **rng.choice(rules))
        for k in range(rng.randint(3, 4))
    ]
    return fleet_of(1, *models, zones="ab")


@seeds(range(300), 20)
def test_bounds_of_groups_are_bounds_of_the_whole(seeds: range, parameters: Change) -> None:
    """Given what a plan leaves out before the level; of merged components of one level, whatever their rules."""
    parameters(COLUMN_GENERATION.scarce, groups=1)
    merged = positive = 0
    for seed in seeds:
        fleet = alike(seed)
        truth = brute.survey(fleet.problem.model_dump(exclude_none=True))
        solve = Solve.of(fleet, hint=placement.solve(fleet.problem, "ffd", work=1).packing)
        value = solve.value
        assert value is not None
        raise_bounds_of_groups(solve)
        merged += len(RelaxingAggregation.of(fleet, 1).fleet.components) < len(fleet.components)
        for level, least in enumerate(solve.incumbent.left_out_bound()):
            true = truth.least_left_out(level, value.left_out[:level])
            assert true is not None
            assert least <= true, f"seed {seed}, level {level}"
            positive += least > 0
    assert merged > 0.5 * len(seeds)
    assert positive > 0.3 * len(seeds)


@pytest.mark.parametrize("why", ["large", "committed"])
def test_not_where_that_is_not_possible(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(OptionalCopies, "run", lambda *_: None)  # which would leave nothing to ask for
    monkeypatch.setattr(scarce, "PlacingProgram", asked)
    if why == "large":
        monkeypatch.setattr(scarce, "may_pack_solutions", lambda _: False)
    fleet = fleet_of(1, model("large", 2, 15), model("small", 8, 4))
    if why == "committed":
        commitment = {"name": "k", "pools": ["pa"], "price_per_hour": 1.5}
        fleet = fleet_of(1, model("large", 2, 15), model("small", 8, 4), commitments=[commitment])
    bring_in_optional(Solve.of(fleet, hint=plan_of((0, [(0, (0,)), (0, (1,))]))))
