"""Fleets with less to choose from: whatever is planned on them is a plan of the whole."""

from __future__ import annotations

import random
from typing import Any

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Packing, Value
from placement.heuristics.solve import solve_greedy
from placement.reductions.capped import CappedInstances
from placement.reductions.greenfield import Greenfield
from placement.reductions.volume_aggregation import VolumeAggregation
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests import strategies
from tests.corpus import broken_rules, seeds

DEAR = Value((), 2**62)


def greedy_plan(fleet: Fleet) -> Packing | None:
    """A plan of a compiled fleet, with little work."""
    incumbent = Incumbent(fleet, Budget(work=2))
    solve_greedy(Solve(fleet, incumbent, Budget(work=2)))
    return None if incumbent.best is None else incumbent.best[0]


@seeds(range(250), 7)
def test_plans_as_if_nothing_ran_are_plans_once_relabelled(seeds: range) -> None:
    """Running machines of every state; those that can't be released are paid for and count against quotas."""
    planned = forced = 0
    for seed in seeds:
        problem = Problem(**strategies.random_problem(random.Random(seed), state=True))
        fleet = compile_fleet(problem)
        fresh = Greenfield.of(fleet, DEAR)
        if fresh is None or not fleet.instances:
            continue
        assert not any(place.pinned for place in fleet.places)
        packing = greedy_plan(fresh.fleet)
        if packing is None:
            continue
        assert broken_rules(problem, fleet, fresh.lift(packing)) == [], f"seed {seed}"
        planned += 1
        forced += any(fleet.forced(pool.index) for pool in fleet.pools)
    assert planned > 60 * len(seeds) / 250
    assert forced > 15 * len(seeds) / 250


def test_where_moves_are_dear_nothing_is_planned_afresh() -> None:
    """Nor without a plan, beyond `max_moves`, beside a machine that stays and takes nothing, or a pinned copy."""
    shape = {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    document: dict[str, Any] = {
        "accelerators": {"A": {"memory_gib": 4}},
        "instance_types": {"t": shape},
        "pools": [{"name": "p", "instance_type": "t", "zone": "a"}],
        "components": [{"name": "c", "copies": 2, "move_cost": 0.5}],
        "instances": [{"id": "i", "pool": "p"}],
        "placements": [{"component": "c", "instance": "i"}, {"component": "c", "instance": "i"}],
    }
    fleet = compile_fleet(Problem(**document))
    all_moves = 2 * fleet.components[0].move_cost * fleet.tick_move
    assert Greenfield.of(fleet, Value((), 10 * all_moves)) is not None
    assert Greenfield.of(fleet, Value((), 10 * all_moves - 1)) is None
    assert Greenfield.of(fleet, None) is None
    for most, may in ((2, True), (1, False)):
        limited = compile_fleet(Problem(**document, objective={"max_moves": most}))
        assert (Greenfield.of(limited, DEAR) is not None) == may
    for removable in (True, False):
        rows = [{"id": "i", "pool": "p", "state": "cordoned", "removable": removable}]
        held = compile_fleet(Problem(**{**document, "instances": rows}))
        assert (Greenfield.of(held, DEAR) is not None) == removable
    document["placements"][0]["pinned"] = True
    assert Greenfield.of(compile_fleet(Problem(**document)), DEAR) is None


def test_caps_are_those_of_components_that_an_instance_may_take_copies_of() -> None:
    """Of five copies four must be left: one on an instance. Others are as they were, and without any all are."""
    rows: list[dict[str, Any]] = [
        {"name": "kept", "copies": 5, "accelerators": 0, "min_available_on_instance_loss": 4},
        {"name": "capped", "copies": 5, "accelerators": 0, "spread": {"max_per_instance": 2}},
        {"name": "free", "copies": 5, "accelerators": 0},
    ]
    machines = {"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}}
    pools = [{"name": "p", "instance_type": "t", "zone": "z"}]
    fleet = compile_fleet(Problem(instance_types=machines, pools=pools, components=rows))
    assert [c.max_per_instance for c in CappedInstances.of(fleet).fleet.components] == [1, 2, None]
    fleet = compile_fleet(Problem(instance_types=machines, pools=pools, components=rows[1:]))
    assert CappedInstances.of(fleet).fleet is fleet


def test_volumes_ask_for_required_copies_alone() -> None:
    """Two components that need the same are one, which must place as many copies as both; no limit is left."""
    rows = [{"name": name, "copies": 3, "min_copies": 1, "accelerators": 0} for name in "ab"]
    fleet = compile_fleet(
        Problem(
            instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=rows,
            limits=[{"name": "n", "pools": ["p"], "max_instances": 1}],
        )
    )
    small = VolumeAggregation.of(fleet).fleet
    assert [(c.required, c.copies, c.level) for c in small.components] == [(2, 6, None)]
    assert small.limits == ()
