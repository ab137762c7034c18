"""The tables of what traffic costs."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

import placement
from placement.demand import ScalingPolicy
from placement.report.scaling import simulation_table
from placement.simulation import Traffic, simulate


def table(price: float) -> str:
    """The table of two hours of one component at a price, on a screen of 80 columns."""
    problem = placement.Problem(
        accelerators={"L40S": {"memory_gib": 48}},
        instance_types={
            "one": {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 16, "memory_gib": 128,
                    "price_per_hour": price}
        },
        pools=[{"name": "one", "instance_type": "one", "zone": "z"}],
        components=[{"name": "chat", "copies": 1, "accelerator_memory_gib": 40}],
    )  # fmt: skip
    traffic = Traffic(("chat",), np.array([0, 3600]), 7200, np.array([[15_000_000], [5_000_000]]))
    policy = ScalingPolicy(defaults={"target_value": 10})
    screen = io.StringIO()
    Console(file=screen, width=80).print(simulation_table(simulate(problem, policy, traffic, every=3600)))
    return screen.getvalue()


@pytest.mark.parametrize(
    ("price", "peak", "floor"),
    [(250.5, "$1,002.00", "$1,002.00"), (3_000_000.4, "$12,000,002", "$12,000,001")],
)
def test_bills_of_millions_are_in_whole_dollars(price: float, peak: str, floor: str) -> None:
    """Below that they have cents; the floor is rounded down; either way a row for each strategy fits 80 columns."""
    lines = table(price).splitlines()
    rows = {row.split()[0]: row.split()[1:] for row in lines[2:] if row.strip()}

    assert rows["endpoints-peak"][0] == peak
    assert rows["floor"][0] == floor
    assert lines[0].split()[:2] == ["strategy", "cost"]
    assert max(map(len, lines)) <= 80
