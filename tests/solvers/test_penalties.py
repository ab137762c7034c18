"""What copies that are out are worth, and mixes that are the quotas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.reductions.limits import AtFleetMix
from placement.solvers.column_generation.penalties import left_out_penalties
from tests.heuristics.fleets import component, document


def two_sizes(*rows: dict[str, Any], most: int | None = None) -> Fleet:
    """Machines of eight accelerators of 80 GiB for 80 dollars, and of one of 24 GiB for one, in one zone."""
    base = document(list(rows))
    large, small = base["instance_types"].values()
    base["accelerators"]["B"] = {"memory_gib": 24}
    small |= {"accelerator": "B", "price_per_hour": 1.0}
    large["price_per_hour"] = 80.0
    base["pools"] = base["pools"][:2]
    if most is not None:
        base["pools"][1]["max_instances"] = most
    return compile_fleet(Problem(**base))


def test_worths() -> None:
    """More for what needs a machine of its own; a copy that stands nowhere has one too."""
    rows = [component("small", 10, 20), component("wide", 1, 80, 8), component("half", 1, 80, 4)]
    small, wide, half = left_out_penalties(two_sizes(*rows))
    assert small < half < wide
    thin = left_out_penalties(two_sizes(component("thin", 1, 1, 8)))[0]
    assert thin > 0.2 * 80.0  # little of a machine, but of none that costs less
    fleet = two_sizes(*rows)
    nowhere = replace(fleet, pools=tuple(replace(pool, max_instances=0) for pool in fleet.pools))
    assert all(penalty > 0 for penalty in left_out_penalties(nowhere))


def test_the_mix_is_the_quota() -> None:
    """For what fills it."""
    fleet = two_sizes(component("a", 24, 20))
    assert [pool.max_instances for pool in AtFleetMix.of(fleet, (3, 0)).fleet.pools] == [3, 0]
