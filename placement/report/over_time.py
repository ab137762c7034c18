"""Series of a simulation as pictures and pages draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.report import words
from placement.simulation.strategies import SHARED
from placement.units import MICRO

if TYPE_CHECKING:
    from placement.arrays import Floats
    from placement.simulation import Simulation, StrategyOutcome

POOLS = 7  # with a colour of their own; the others are one
_COMPARED = ("endpoints-peak", "endpoints-scaled", "platform")  # beside the fleet's cost
_OTHERS = 3


def main_outcome(simulation: Simulation) -> StrategyOutcome:
    """The strategy that is drawn: `shared`, or the first one where that was not played."""
    return next((row for row in simulation.strategies if row.strategy.name == SHARED), simulation.strategies[0])


def by_pool(simulation: Simulation, outcome: StrategyOutcome) -> list[tuple[str, Floats]]:
    """Dollars an hour of each pool at each step, dearest first; the last of many together."""
    setup, prices = simulation.setup, outcome.prices
    costs = np.zeros((setup.steps, len(prices)))
    for k, row in enumerate(outcome.pools):
        for p, seconds in row:
            costs[k, p] = seconds * prices[p] / setup.every / MICRO
    order = [p for p in np.argsort(-costs.sum(axis=0), kind="stable").tolist() if costs[:, p].any()]
    found = [(words.shown(setup.problem.pools[p].name), costs[:, p]) for p in order[:POOLS]]
    if len(order) > POOLS:
        found.append((f"{len(order) - POOLS} more pools", costs[:, order[POOLS:]].sum(axis=1)))
    return found


def compared(simulation: Simulation) -> list[tuple[str, Floats]]:
    """Dollars an hour of a few other strategies, dearest first, and of the floor."""
    main, every = main_outcome(simulation), simulation.setup.every
    rest = [outcome for outcome in simulation.strategies if outcome is not main]
    named = [outcome for outcome in rest if outcome.strategy.name in _COMPARED]
    chosen = sorted(named or rest, key=lambda outcome: -outcome.cost)[:_OTHERS]
    found = [
        (outcome.strategy.name, np.array(outcome.series["cost"], dtype=np.float64) / every / MICRO)
        for outcome in chosen
    ]
    if simulation.hourly is not None:
        found.append(("floor", np.array(simulation.hourly.floor, dtype=np.float64) / MICRO))
    return found


def sizes(simulation: Simulation) -> tuple[Floats, Floats, Floats]:
    """Accelerators in use, rented and free, and copies wanted, at each step."""
    series = main_outcome(simulation).series
    rented = np.array(series["accelerators"], dtype=np.float64)
    used = np.array(series["accelerators_used"], dtype=np.float64)
    return used, np.maximum(0.0, rented - used), simulation.setup.wanted.sum(axis=1).astype(np.float64)


def use(simulation: Simulation, most: int) -> tuple[Floats, Floats]:
    """Per cent of the rented accelerators' memory in use, and of requests not served, of at most so many points."""
    series = main_outcome(simulation).series

    def part(of: str, whole: str) -> Floats:
        above, below = (means(np.array(series[key], dtype=np.float64), most) for key in (of, whole))
        return 100 * np.divide(above, below, out=np.zeros_like(above), where=below > 0)

    return part("memory_mib_used", "memory_mib"), part("unserved", "requested")


def means(values: Floats, most: int) -> Floats:
    """The values, or the means of as many as make one point, so that there are at most `most`."""
    size = max(1, -(-len(values) // most))
    full = len(values) // size * size
    found = values[:full].reshape(-1, size).mean(axis=1)
    return found if full == len(values) else np.append(found, values[full:].mean())


def seconds_a_point(simulation: Simulation, count: int, most: int) -> float:
    """How long a point of `means` stands for, where `count` values are all of the time."""
    seconds = simulation.setup.steps * simulation.setup.every
    return seconds / max(1, count) * max(1, -(-count // most))
