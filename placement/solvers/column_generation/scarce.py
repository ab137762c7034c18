"""Where machines are scarce: how few optional copies can be left out, then as few as a search can.

Copies left out come before money, so all of this is done before plans are made cheaper. The pattern program with copies
in place of money bounds each level, and its solution says how many copies of each component are worth wanting; local
search brings these in, then any others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.local_search.optional_copies import OptionalCopies
from placement.patterns.left_out import raise_left_out_bounds
from placement.patterns.size import may_build
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from placement.solving.context import Solve

_TIME = SCHEDULE.column_generation.scarce


def bring_in_optional(solve: Solve) -> None:
    """Leave fewer optional copies out of the best plan, and prove how few must be, in a part of the time.

    Nothing is done where none is left out, or it is known that so many must be.
    """
    if not _leaves_out_more(solve):
        return
    part = _TIME.within(solve)
    bound = None
    if may_build(solve.fleet, part.budget):
        bound = raise_left_out_bounds(_TIME.bound.within(part), at_best=True)
    if bound is not None and _leaves_out_more(solve):
        OptionalCopies(part, bound.wanted).run(_TIME.wanted.of(part.budget))
    if _leaves_out_more(solve):
        OptionalCopies(part).run(_TIME.any.of(part.budget))
    if bound is not None:  # of what the best plan leaves out now
        raise_left_out_bounds(part, before=bound)


def _leaves_out_more(solve: Solve) -> bool:
    value = solve.value
    return value is not None and value.left_out != solve.incumbent.left_out_bound() and not solve.ended
