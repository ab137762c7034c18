"""What copies of one component cost on machines of its own: the least rent of each number of copies.

Machines then differ by price and by how many copies they hold, so it is a knapsack that must be filled (Gilmore and
Gomory 1966, *The theory and computation of knapsack functions*, Oper. Res. 14(6)). Quotas, and rules over zones and
losses, are not looked at: they only make it dearer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.compiled.capacity import most_by_one_option
from placement.compiled.fleet import compile_fleet
from placement.compiled.survival import cap_per_instance
from placement.patterns.dedicated import least_values
from placement.simulation.fleets import simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Problem


def rents(problem: Problem, most: int) -> list[list[int] | None]:
    """Per component, the least micro-dollars an hour for 0 to `most` copies; None where no machine holds one.

    O(components x pools x most).
    """
    fleet = compile_fleet(simulated(problem, [most] * len(problem.components)))
    found: list[list[int] | None] = []
    for component in fleet.components:
        cap = cap_per_instance(component)
        limit = most if cap is None else min(cap, most)
        machines: dict[int, int] = {}  # copies on one machine -> least price
        for pool in fleet.pools:
            options = [option for option in component.options if pool.index in option.pools]
            held = max((most_by_one_option(pool.shape, option, limit) for option in options), default=0)
            if held:
                machines[held] = min(pool.price, machines.get(held, pool.price))
        found.append(least_values(machines.items(), most) if machines else None)
    return found


def break_even(least: Sequence[int], each: float) -> int | None:
    """The fewest copies from which on every number of them costs no more alone than `each` micro-dollars a copy.

    None when there is no such number within those that are listed.

    >>> break_even([0, 10, 10, 20, 20], 5.0), break_even([0, 10, 20], 9.0), break_even([0, 4, 8], 4.0)
    (4, None, 1)
    """
    found = None
    for copies in range(len(least) - 1, 0, -1):
        if least[copies] > each * copies * (1 + 1e-9):
            break
        found = copies
    return found
