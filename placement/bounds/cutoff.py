"""The cutoff: what a plan that is better than the best known one may cost.

A plan costs ``tick_price x rent + what its moves cost`` ticks, and every plan pays for the moves that can't be avoided
(`moves`). So a limit on ticks gives a limit on the rent of the machines. All searches that leave out machine counts,
nodes of a tree or patterns use this one cutoff. They prove only that no plan below the cutoff is there: dearer plans
may be there, the best known one too.
"""

from typing import NamedTuple

from placement.bounds.moves import least_move_ticks
from placement.compiled.fleet import Fleet
from placement.compiled.packing import Value


class Cutoff(NamedTuple):
    """A plan that counts costs fewer than `ticks`, so its machines at most `rent` micro-dollars per hour.

    `rent` is below 0 where no plan at all is cheaper, and None where it is no part of the cost (a horizon of 0 hours).
    """

    ticks: int
    rent: int | None


def cutoff_below(fleet: Fleet, best: Value | None, given: tuple[int, ...] | None = None) -> Cutoff | None:
    """The cutoff of plans within `given` (as in `Incumbent.raise_bound`) that are better than the best one.

    None when there is no plan, or when it leaves out other copies than `given`: then a dearer plan may be a better one.
    O(components + places).
    """
    if best is None or best.left_out != (given or ()):
        return None
    return Cutoff(best.ticks, largest_rent(fleet, best.ticks - 1))


def largest_rent(fleet: Fleet, ticks: int) -> int | None:
    """The most that the machines of a plan of at most `ticks` cost, micro-dollars per hour; None for no limit.

    O(components + places).
    """
    return (ticks - least_move_ticks(fleet)) // fleet.tick_price if fleet.tick_price else None
