"""What a plan better than the best one may cost: the one cutoff of every part that leaves plans out.

A plan costs ``tick_price x rent + what its moves cost`` ticks, and every plan pays for the moves that can't be avoided
(`moves`). So of a plan below so many ticks the machines' rent is at most what is left for it. A part that leaves out
machine counts, boxes or patterns may say of them only that they hold no plan below the cutoff: what costs more may well
stand there, the best plan itself among it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from placement.bounds.moves import least_move_ticks

if TYPE_CHECKING:
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

    None when there is no plan, or when it does not leave out just what is given: then others are worth having that cost
    more. O(components + places).
    """
    if best is None or best.left_out != (given or ()):
        return None
    return Cutoff(best.ticks, largest_rent(fleet, best.ticks - 1))


def largest_rent(fleet: Fleet, ticks: int) -> int | None:
    """The most that the machines of a plan of at most `ticks` cost, micro-dollars per hour; None for no limit.

    O(components + places).
    """
    return (ticks - least_move_ticks(fleet)) // fleet.tick_price if fleet.tick_price else None
