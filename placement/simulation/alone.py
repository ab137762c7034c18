"""What copies of one component cost on machines of its own: the least rent of each number of copies.

Machines then differ by price and by how many copies they hold, so it is a knapsack that must be filled (Gilmore and
Gomory 1966, *The theory and computation of knapsack functions*, Oper. Res. 14(6)). Quotas, and rules over zones and
losses, are not looked at: they only make it dearer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.compiled.fleet import compile_fleet
from placement.heuristics.workspace import Workspace
from placement.simulation.fleets import simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Problem


def rents(problem: Problem, most: int) -> list[list[int] | None]:
    """Per component, the least micro-dollars an hour for 0 to `most` copies; None where no machine holds one.

    O(components x pools x most).
    """
    fleet = compile_fleet(simulated(problem, [most] * len(problem.components)))
    ws = Workspace(fleet)
    rows = [ws.open_row(pool.index) for pool in fleet.pools]
    found: list[list[int] | None] = []
    for component in fleet.components:
        machines: dict[int, int] = {}  # copies on one machine -> least price
        for pool, m in zip(fleet.pools, rows, strict=True):
            held = max((_copies(ws, component.index, o, m, most) for o in range(len(component.options))), default=0)
            if held:
                machines[held] = min(pool.price, machines.get(held, pool.price))
        found.append(_least(machines, most) if machines else None)
    return found


def _copies(ws: Workspace, c: int, o: int, m: int, most: int) -> int:
    """Copies of c by option o that the empty row m holds, at most `most`."""
    mode = ws.modes[c][o]
    if not mode.where.allowed[ws.pool[m]]:
        return 0
    held = most
    if mode.vcpus:
        held = min(held, int(ws.vcpus[m]) // mode.vcpus)
    if mode.host:
        held = min(held, int(ws.host[m]) // mode.host)
    if mode.accelerators:
        by_devices = ws.most_copies(mode, m) if mode.shared else int(ws.vacant[m]) // mode.accelerators
        held = min(held, by_devices)
    cap = ws.most_on_one[c]
    return held if cap is None else min(held, cap)


def _least(machines: dict[int, int], most: int) -> list[int]:
    least = [0] * (most + 1)
    for k in range(1, most + 1):
        least[k] = min(price + least[max(0, k - held)] for held, price in machines.items())
    return least


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
