"""A problem in which each component keeps to one instance type, as an endpoint does: the one that costs it least.

What an endpoint costs on a type is found by placing its most copies there, each on accelerators of its own, on machines
of its own, with the rules over zones and losses. Quotas and limits are not looked at: they are of the whole fleet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.compiled.fleet import compile_fleet
from placement.documents import Problem
from placement.simulation.cluster import Cluster
from placement.simulation.fleets import simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.demand import ScalingRules
    from placement.demand.rows import MachineTimes

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
            if placed and (best[c] is None or found[:2] < (best[c] or found)[:2]):
                best[c] = found
    document = problem.to_document()
    document["components"] = [
        row if best[c] is None else _held_to(row, (best[c] or (0, 0, ""))[2])
        for c, row in enumerate(document["components"])
    ]
    return Problem(**document)


def _alone_on(
    problem: Problem, rules: ScalingRules, times: MachineTimes, most: Sequence[int], name: str
) -> list[tuple[int, int]]:
    """Copies of each component that machines of one type hold, each component on its own, and what those cost."""
    document = {key: value for key, value in problem.to_document().items() if key not in _OF_THE_FLEET}
    document["pools"] = [
        {key: value for key, value in row.items() if key not in ("max_instances", "min_instances")}
        for row in document["pools"]
        if row["instance_type"] == name
    ]
    fleet = compile_fleet(simulated(Problem(**document), most, dedicated=True, whole=True))
    cluster = Cluster(fleet, rules, times)
    prices = [0] * len(most)
    for c in range(len(most)):
        before = set(cluster.ledger.rented)
        cluster.grow(c, int(most[c]), 0, 0, running=True)
        new = [row for m, row in cluster.ledger.rented.items() if m not in before]
        prices[c] = sum(fleet.pools[row.pool].price for row in new)
    return [(cluster.placed(c), prices[c]) for c in range(len(most))]


def _held_to(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A component's row with those of its options that may run on the type, on that alone."""
    if "options" not in row:
        return {**row, "instance_types": [name]}
    options = [option for option in row["options"] if name in option.get("instance_types", [name])]
    return {**row, "options": [{**option, "instance_types": [name]} for option in options]}
