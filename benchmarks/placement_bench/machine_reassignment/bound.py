"""What no assignment costs less than, from sums over all machines.

Load and balance cost of a machine are convex in what it uses, so that all machines together cost at least what one
machine with all capacity, all safety capacity and all demand would:

    sum_m max(0, used - safety) >= max(0, sum_m used - sum_m safety),

and the sums over machines are the same for every assignment. Both are exact in integers. Moves cost at least 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placement_bench.machine_reassignment.problem import Reassignment


def aggregate_bound(problem: Reassignment) -> int:
    """Load and balance cost of all machines as one. O(P R + M R)."""
    demand, safety, capacity = (
        [int(total) for total in table.sum(axis=0)] for table in (problem.demand, problem.safety, problem.capacity)
    )
    bound: int = sum(
        weight * max(0, have - safe)
        for weight, have, safe in zip(problem.load_weight.tolist(), demand, safety, strict=True)
    )
    free = [most - have for most, have in zip(capacity, demand, strict=True)]
    for row in problem.balances:
        bound += row.weight * max(0, row.target * free[row.first] - free[row.second])
    return bound
