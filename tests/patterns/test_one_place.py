"""The start of the root: the linear program without rules over zones and pools."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING

import pytest

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.patterns import one_place
from placement.patterns.branch_and_price import groups_of
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.master import PatternProgram
from placement.patterns.one_place import begin_in_one_place
from placement.patterns.parameters import RootParameters
from placement.patterns.root import RootPrices
from placement.solving.budget import Budget
from tests.strategies import random_problem

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet


def root_of(fleet: Fleet, *, one_place: bool = False) -> RootPrices:
    """The root of a fleet's relaxation, with nothing priced yet."""
    relaxation, groups = relax(fleet, one_place=one_place), groups_of(fleet)
    program = PatternProgram(relaxation, groups, rules=True, joined=True)
    program.set_domain(any_domain(fleet, groups))
    return RootPrices(relaxation, program, PatternColumns(relaxation, program, 0), groups)


@cache
def some_fleets(*, zoned: bool) -> list[Fleet]:
    """Random fleets that have rules over zones or pools, or that have none."""
    problems = (Problem.model_validate(random_problem(random.Random(seed))) for seed in range(40))
    found = [(fleet, relax(fleet)) for fleet in map(compile_fleet, problems)]
    return [fleet for fleet, whole in found if zoned == bool(any(whole.zones) or whole.in_pool or whole.elsewhere)]


def test_the_start_leaves_the_value_of_the_linear_program_as_it_is() -> None:
    """Patterns of one place are patterns of each zone, so no root is below that of its own patterns alone."""
    for fleet in some_fleets(zoned=True):
        domain = any_domain(fleet, groups_of(fleet))
        begun, alone = root_of(fleet), root_of(fleet)
        begin_in_one_place(begun, domain, Budget(), packing=None, seed=0)
        begun.run(domain, Budget())
        alone.run(domain, Budget())
        assert (begun.solution is None) == (alone.solution is None)
        if begun.solution is not None and alone.solution is not None:
            assert begun.solution.value == pytest.approx(alone.solution.value, rel=1e-6)


def test_nothing_is_written_down_for_a_start_without_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """To write down a program of a thousand components takes half a second, without a look at the clock."""
    fleet = some_fleets(zoned=True)[0]
    root = root_of(fleet)
    monkeypatch.setattr(one_place, "relax", lambda *_, **__: pytest.fail("it was written down"))
    begin_in_one_place(root, any_domain(fleet, groups_of(fleet)), Budget(0.0), packing=None, seed=0)
    assert root.rounds == 0


def test_the_start_proves_at_once_what_one_place_does() -> None:
    """But for accelerators that a pattern is worth more than, in one place, and that hold none in their own zone."""
    as_much = 0
    for fleet in some_fleets(zoned=True):
        domain = any_domain(fleet, groups_of(fleet))
        begun, first = root_of(fleet), root_of(fleet, one_place=True)
        begin_in_one_place(begun, domain, Budget(), packing=None, seed=0)
        first.run(domain, Budget(), enough=RootParameters.enough_in_one_place)
        assert begun.rounds == first.rounds > 0
        as_much += begun.bound >= first.bound * (1 - 1e-6)
    assert len(some_fleets(zoned=True)) > 5
    assert as_much >= 0.9 * len(some_fleets(zoned=True))


def test_a_fleet_without_rules_over_zones_and_pools_begins_at_once() -> None:
    """There is nothing that one place would leave out."""
    assert len(some_fleets(zoned=False)) > 5
    for fleet in some_fleets(zoned=False):
        root = root_of(fleet)
        begin_in_one_place(root, any_domain(fleet, groups_of(fleet)), Budget(), packing=None, seed=0)
        assert root.best is None


def test_a_pattern_of_one_place_is_cut_to_what_a_zone_may_hold() -> None:
    """Two halves share an accelerator in one place; with one in each zone each has a machine of its own."""
    problem = Problem.model_validate(
        {
            "accelerators": {"A": {"memory_gib": 8}},
            "instance_types": {
                "t": {"accelerator": "A", "accelerator_count": 1, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
            },
            "pools": [{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"],
            "components": [
                {
                    "name": "half",
                    "copies": 2,
                    "accelerators": 1,
                    "accelerator_memory_gib": 4,
                    "shared": True,
                    "spread": {"max_per_zone": 1},
                }
            ],
        }
    )
    fleet = compile_fleet(problem)
    root, domain = root_of(fleet), any_domain(fleet, groups_of(fleet))
    begin_in_one_place(root, domain, Budget(), packing=None, seed=0)
    assert root.rounds > 0
    root.run(domain, Budget())
    assert root.solution is not None
    assert root.solution.value == pytest.approx(2.0)
