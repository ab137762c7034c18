"""Optional copies that a plan leaves out, by priority, beside the fewest that can be left out at all."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class LeftOutLevel(NamedTuple):
    """Optional copies of one priority: how many a plan leaves out, and the fewest that any plan can.

    `least` is of plans that leave out no more than this one at the priorities above. `is_next` where all of those are
    proven: then no better plan leaves out fewer than `least`, and every other level waits for this one.
    """

    priority: int
    copies: int
    least: int
    is_next: bool

    @property
    def is_open(self) -> bool:
        """Whether a plan may exist that leaves out fewer."""
        return self.copies > self.least

    @property
    def reason(self) -> str:
        """Why one of the copies is left out, as a plan says it of each component."""
        if not self.is_next:
            return "no room found for it; whether more of a higher priority can be placed is open, and comes first"
        if not self.is_open:
            return f"no plan places more optional copies of priority {self.priority}: proven"
        if self.least:
            return f"no room found for it; at least {self.least} of priority {self.priority} stay out"
        return f"no room found for it; how many of priority {self.priority} must stay out is not proven"

    @property
    def proof(self) -> str:
        """What is proven, in a few words; empty where nothing is known that holds of every better plan."""
        if not self.is_next:
            return ""
        if not self.is_open:
            return "proven: no fewer"
        return f"proven: at least {self.least:,}" if self.least else "nothing proven"


def left_out_levels(left_out: Mapping[int, int], least: Mapping[int, int]) -> list[LeftOutLevel]:
    """The levels of a plan, highest priority first; copies by priority, 0 of those that an argument does not have."""
    found, all_proven = [], True
    for priority in sorted({*left_out, *least}, reverse=True):
        level = LeftOutLevel(priority, left_out.get(priority, 0), least.get(priority, 0), all_proven)
        all_proven = all_proven and not level.is_open
        found.append(level)
    return found


def open_level(levels: Sequence[LeftOutLevel]) -> LeftOutLevel | None:
    """The highest level at which a plan may exist that leaves out fewer; None where all are proven."""
    return next((level for level in levels if level.is_open), None)


def left_out_words(levels: Sequence[LeftOutLevel]) -> str:
    """Those of which copies are left out, on one line; empty when none is.

    >>> left_out_words(left_out_levels({2: 3, 0: 13}, {2: 3, 0: 8}))
    '3 of priority 2 (proven: no fewer), 13 of priority 0 (proven: at least 8)'
    >>> left_out_words(left_out_levels({1: 2, 0: 4}, {}))
    '2 of priority 1 (nothing proven), 4 of priority 0'
    """
    return ", ".join(
        f"{one.copies:,} of priority {one.priority}" + (f" ({one.proof})" if one.proof else "")
        for one in levels
        if one.copies
    )
