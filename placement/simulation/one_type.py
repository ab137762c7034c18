"""A problem in which each component keeps to one instance type, as an endpoint does: the one that costs it least.

What an endpoint costs on a type is found by placing its most copies there, each on accelerators of its own, on machines
of its own, with the rules over zones and losses. Quotas and limits are not looked at: they are of the whole fleet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.compiled.fleet import compile_fleet
from placement.documents.problem import revised
from placement.simulation.cluster import Cluster
from placement.simulation.fleets import simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.demand import ScalingRules
    from placement.demand.rows import MachineTimes
    from placement.documents import Component, Problem

_OF_THE_FLEET = ("limits", "commitments", "instances", "placements")


def one_type_each(problem: Problem, rules: ScalingRules, times: MachineTimes, most: Sequence[int]) -> Problem:
    """The problem with each component held to the instance type on which `most` (C,) copies cost least alone.

    A component that no type takes as a whole keeps to the one that takes most of it; among equals the first is taken.
    O(types x placing all copies).
    """
    count = len(problem.components)
    best: list[tuple[int, int, str] | None] = [None] * count  # copies without a place, price, type
    for name in dict.fromkeys(pool.instance_type for pool in problem.pools):
        for c, (placed, price) in enumerate(_alone_on(problem, rules, times, most, name)):
            found = (max(0, most[c] - placed), price, name)
            before = best[c]
            if placed and (before is None or found[:2] < before[:2]):
                best[c] = found
    rows = zip(problem.components, best, strict=True)
    return revised(problem, components=[row if found is None else _held_to(row, found[2]) for row, found in rows])


def _alone_on(
    problem: Problem, rules: ScalingRules, times: MachineTimes, most: Sequence[int], name: str
) -> list[tuple[int, int]]:
    """Copies of each component that machines of one type hold, each component on its own, and what those cost."""
    unlimited = {"max_instances": None, "min_instances": 0}
    pools = [row.model_copy(update=unlimited) for row in problem.pools if row.instance_type == name]
    alone = revised(problem, *_OF_THE_FLEET, pools=pools)
    fleet = compile_fleet(simulated(alone, most, dedicated=True, whole=True))
    cluster = Cluster(fleet, rules, times)
    prices = [0] * len(most)
    for c in range(len(most)):
        before = set(cluster.ledger.rented)
        cluster.grow(c, int(most[c]), 0, 0, running=True)
        new = [row for m, row in cluster.ledger.rented.items() if m not in before]
        prices[c] = sum(fleet.pools[row.pool].price for row in new)
    return [(cluster.placed(c), prices[c]) for c in range(len(most))]


def _held_to(row: Component, name: str) -> Component:
    """The component with those of its options that may run on the type, on that alone."""
    held = {"instance_types": (name,)}
    if row.options is None:
        return row.model_copy(update=held)
    options = [option for option in row.options if option.instance_types is None or name in option.instance_types]
    return row.model_copy(update={"options": tuple(option.model_copy(update=held) for option in options)})
