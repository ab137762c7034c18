"""What `max_capacity` loses: by hand, and never more than any strategy does."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

import placement
from placement.demand import ScalingPolicy
from placement.report.scaling import simulation_table
from placement.simulation import Traffic, simulate
from placement.simulation.over_maximum import over_maximum
from placement.simulation.setup import SimulationSetup
from tests.corpus import one_by_one
from tests.simulation.worlds import world

if TYPE_CHECKING:
    from typing import Any

    from placement.simulation import Simulation

GPU = {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 2.0}


def setup_of(policy: dict[str, Any], rates: list[int], **component: Any) -> SimulationSetup:
    """One component that is asked for so many requests a second, ten minutes each, on machines of two zones."""
    problem = placement.Problem(
        accelerators={"L40S": {"memory_gib": 48}},
        instance_types={"g6e": GPU},
        pools=[{"name": zone, "instance_type": "g6e", "zone": zone} for zone in ("a", "b")],
        components=[{"name": "chat", "copies": 1, "accelerator_memory_gib": 20} | component],
    )
    row = np.array([rates], dtype=np.int64).T * 1_000_000
    times = np.arange(len(rates), dtype=np.int64) * 600
    traffic = Traffic(("chat",), times, len(rates) * 600, row)
    rules = ScalingPolicy(components=[{"name": "chat", "target_value": 10} | policy])
    return SimulationSetup.of(problem, rules, traffic, every=600, until=None, seed=0)


def test_by_hand() -> None:
    """Three copies serve 36; 40 and 50 are 4 and 14 a second more."""
    (row,) = over_maximum(setup_of({"max_capacity": 3, "capacity_per_copy": 12}, [36, 40, 1, 50]))

    assert row.to_document() == {
        "component": "chat",
        "max_capacity": 3,
        "needed_capacity": 5,
        "requests": 600 * 18,
        "seconds": 1200,
        "first_second": 600,
    }
    assert row.asked == 600 * 127 * 1_000_000


def test_a_maximum_by_the_clock() -> None:
    """It holds from its time on."""
    policy = {"max_capacity": 9, "schedule": [{"at": "00:00", "max_capacity": 4}, {"at": "00:20", "max_capacity": 1}]}
    (row,) = over_maximum(setup_of(policy, [30, 30, 30]))
    assert (row.copies, row.requests, row.first) == (1, 600 * 20 * 1_000_000, 1200)


def test_rules_that_ask_for_more() -> None:
    """With one copy in each zone two serve, whatever the maximum is."""
    assert over_maximum(setup_of({"max_capacity": 1}, [20]))
    assert not over_maximum(setup_of({"max_capacity": 1}, [20], min_available_on_zone_loss=1))


@one_by_one(range(12), 3)
def test_every_strategy_loses_as_much(seed: int) -> None:
    """What no copies serve is lost on any machines; with machines and copies that are there at once, just that."""
    problem, policy, traffic = world(seed, 24)
    result = simulate(problem, policy, traffic, strategies=["shared", "first-fit", "endpoints-peak"], hourly=False)
    rows = {row.component: row for row in over_maximum(result.setup)}
    for c, component in enumerate(problem.components):
        least = rows[component.name].requests if component.name in rows else 0
        assert all(outcome.unserved[c] >= least for outcome in result.strategies)


def told(simulation: Simulation) -> str:
    """The table, on one wide screen."""
    screen = io.StringIO()
    Console(file=screen, width=200).print(simulation_table(simulation))
    return screen.getvalue()


def test_it_is_told() -> None:
    """Beside the bill, with the moment it begins."""
    setup = setup_of({"max_capacity": 2}, [20, 25])
    result = simulate(setup.problem, setup.policy, setup.traffic, strategies=["shared"], hourly=False)
    assert "chat: max_capacity 2 loses 3,000 requests (11.11% of its own), first at 600 s; 3 copies" in told(result)
    assert result.to_document()["over_max_capacity"][0]["requests"] == 3000
    much = replace(result, setup=setup_of({"max_capacity": 3}, [20, 25]))
    assert "max_capacity" not in told(much)
