"""When a range of Application Auto Scaling is registered around a change of the number that it is about.

It brings a number that is outside back into its range at once, which on an endpoint is an update that refuses others.
So a range is widened first, the number changed, and the range narrowed when that is done: at no moment is what runs, or
what was just asked for, outside.
"""

from __future__ import annotations

from typing import NamedTuple

Range = tuple[int, int]


class Registered(NamedTuple):
    """What is registered before a number changes, and once it has; None: nothing."""

    before: Range | None
    after: Range | None


def around_change(running: Range, wanted: Range, now: int, planned: int) -> Registered:
    """The registrations that lead from the running range to the wanted one, which has the planned number.

    >>> around_change((1, 3), (1, 5), now=3, planned=4)  # the wanted range has both numbers
    Registered(before=(1, 5), after=None)
    >>> around_change((1, 3), (5, 5), now=3, planned=5)
    Registered(before=(1, 5), after=(5, 5))
    >>> around_change((2, 5), (3, 3), now=4, planned=3)
    Registered(before=None, after=(3, 3))
    """
    if wanted == running:
        return Registered(None, None)
    if _has(wanted, now):
        return Registered(wanted, None)
    wide = min(running[0], planned), max(running[1], planned)
    return Registered(wide if wide != running else None, wanted if wanted != wide else None)


def _has(limits: Range, number: int) -> bool:
    return limits[0] <= number <= limits[1]
