"""The last digits of a bound: CP-SAT finds the plan between bound and plan, or proves that there is none."""

from __future__ import annotations

import pytest

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.direct.levels import Levels
from placement.direct.milp.last_digits import decide_last_digits
from placement.direct.parameters import DIRECT
from placement.solving.budget import Budget
from placement.solving.context import Solve

# Of 1,000 dollars and some millionths: pools by price, the cheapest first.
PRICES = (1_000, 1_000.000002)
GAP = round(2 * 10**9 * DIRECT.milp.last_digits)


@pytest.mark.parametrize(
    ("pool", "below", "least"),
    [
        (1, 1, 1_000_000_002),  # nothing costs one less: proven
        (1, 2, 1_000_000_000),  # the other pool does, and the bound stays what it was
        (0, 3, 1_000_000_000),  # what the engine left open is closed
        (0, 0, 1_000_000_000),  # nothing is open
        (0, GAP, 1_000_000_000 - GAP),  # too much is
    ],
)
def test_what_is_between_a_bound_and_a_plan_is_decided(pool: int, below: int, least: int) -> None:
    """Where that is less than the engine is sharp; else the bound stays."""
    problem = Problem(
        instance_types={
            str(k): {"vcpus": 8, "memory_gib": 8, "price_per_hour": price} for k, price in enumerate(PRICES)
        },
        pools=[{"name": str(k), "instance_type": str(k), "zone": "z"} for k in range(len(PRICES))],
        components=[{"name": "c", "copies": 1, "accelerators": 0}],
    )
    fleet = compile_fleet(problem)
    solve = Solve.of(fleet, Budget(work=5))
    solve.incumbent.offer(Packing((Machine(pool, None, (Seat(0, 0, ()),)),)), "first")
    assert solve.value is not None
    ticks, unit = solve.value.ticks, fleet.tick_price
    solve.incumbent.raise_bound(ticks - below * unit, "engine")
    decide_last_digits(solve, Levels(solve, "milp"), "milp", ())
    assert solve.incumbent.ticks_bound == least * unit
    assert solve.value.ticks == (ticks if below != 2 else 1_000_000_000 * unit)
