"""Demands in whole copies: the inequalities hold for all of them, and cut off some parts."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from placement.compiled.fleet import compile_fleet
from placement.documents.problem import Problem
from placement.patterns.counts.rounding import DemandRounding, Rounded
from placement.patterns.formulation import relax


@given(
    rates=st.lists(st.integers(0, 12), min_size=1, max_size=3),
    demand=st.integers(1, 30),
    unit=st.integers(1, 35),
)
def test_copies_that_serve_a_demand_count_enough(rates: list[int], demand: int, unit: int) -> None:
    """Whatever it is divided by: all copies that serve it, of all modes, by enumeration."""
    rounded = Rounded(0, unit)
    counted = [rounded.of(rate, demand) for rate in rates]
    for copies in product(range(7), repeat=len(rates)):
        if sum(rate * n for rate, n in zip(rates, copies, strict=True)) >= demand:
            assert sum(part * n for part, n in zip(counted, copies, strict=True)) >= rounded.least(demand)


def test_an_inequality_is_as_its_source_has_it() -> None:
    """5 x + 3 y >= 7, divided by 5: a rest of 2, and 2 x + 2 y >= 4; by 7: x + y >= 1, by 8 the demand itself."""
    assert [Rounded(0, 5).of(rate, 7) for rate in (5, 3)] == [2, 2]
    assert Rounded(0, 5).least(7) == 4
    assert [Rounded(0, 7).of(rate, 7) for rate in (5, 3)] == [1, 1]
    assert Rounded(0, 7).least(7) == 1
    assert [Rounded(0, 8).of(rate, 7) for rate in (5, 3)] == [5, 3]
    assert Rounded(0, 8).least(7) == 7


def problem(demand: float, *throughputs: float) -> Problem:
    """One component, with an option of one accelerator for each throughput."""
    option = {"accelerators": 1, "accelerator_memory_gib": 1, "memory_gib": 1, "vcpus": 1}
    return Problem(
        format="placement/v1",
        name="rounding",
        accelerators={"a": {"memory_gib": 10}},
        instance_types={
            "t": {
                "accelerator": "a",
                "accelerator_count": 1,
                "vcpus": 8,
                "memory_gib": 32,
                "price_per_hour": 1,
            }
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {
                "name": "c",
                "demand": demand,
                "options": [option | {"name": f"o{k}", "throughput": rate} for k, rate in enumerate(throughputs)],
            }
        ],
    )


def test_parts_of_copies_break_one_and_whole_ones_none() -> None:
    """One and two fifths of a copy serve 7; two whole copies are needed."""
    relaxation = relax(compile_fleet(problem(7, 5, 3)))
    rounding = DemandRounding(relaxation)
    fast = max(range(2), key=lambda w: relaxation.modes[w].throughput)
    parts = [0.0, 0.0]
    parts[fast] = 1.4
    (found,) = rounding.broken(parts)
    demand = relaxation.fleet.components[0].demand
    assert found.of(relaxation.modes[fast].throughput, demand) * 1.4 < found.least(demand)
    parts[fast] = 2.0
    assert not list(rounding.broken(parts))
