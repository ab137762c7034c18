"""Requests that no copies serve whatever the machines: those beyond what the most copies of a policy serve."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from placement.simulation.hours import allowed_copies
from placement.simulation.setup import SimulationSetup
from placement.units import MICRO


@dataclass(frozen=True, slots=True)
class OverMaximum:
    """One component whose `max_capacity` is too low at times."""

    component: str
    copies: int  # the most of that first time
    wanted: int  # copies that would serve the highest rate
    requests: int  # micro-requests beyond what the most copies serve, of `asked` in all
    asked: int
    seconds: int  # in which there are some
    first: int  # the second of the traffic with the first of them

    def to_document(self) -> dict[str, Any]:
        """A row of `placement-simulation/v1`."""
        return {
            "component": self.component,
            "max_capacity": self.copies,
            "needed_capacity": self.wanted,
            "requests": round(self.requests / MICRO, 3),
            "seconds": self.seconds,
            "first_second": self.first,
        }


def over_maximum(setup: SimulationSetup) -> list[OverMaximum]:
    """Components whose `max_capacity` loses requests, most requests first.

    Where rules over zones and losses ask for more copies than `max_capacity`, so many serve. O(steps x components).
    """
    rules, every = setup.rules, setup.every
    most = np.empty_like(setup.rates)
    for k in range(setup.steps):
        _, most[k] = rules.limits(setup.traffic.week_second + k * every)
    lost = np.maximum(0, setup.rates - most * rules.capacity)
    serving = allowed_copies(setup.problem, np.where(lost > 0, most, 0))
    lost = np.where(lost > 0, np.maximum(0, setup.rates - serving * rules.capacity), 0)
    found = []
    for c in np.flatnonzero(lost.any(axis=0)).tolist():
        steps = np.flatnonzero(lost[:, c])
        found.append(
            OverMaximum(
                component=setup.problem.components[c].name,
                copies=int(most[steps[0], c]),
                wanted=-(-int(setup.rates[:, c].max()) // int(rules.capacity[c])),
                requests=int(lost[:, c].sum()) * every,
                asked=int(setup.rates[:, c].sum()) * every,
                seconds=len(steps) * every,
                first=int(steps[0]) * every,
            )
        )
    return sorted(found, key=lambda row: -row.requests)
