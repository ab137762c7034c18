"""Cases with sizes below zero: 59 of the 93 triplet cases of class C here have items of size -1 or -2 in a dimension.

The published generator draws two sizes of a triplet a little above half of the bin and takes the third to fill the bin
exactly. Neither problem documents nor the exact core know such sizes. What is solved in their place has every size of
such a dimension raised by s, the least amount that leaves none below zero, and the bin's capacity by three times s:

- A bin of three items obeys the one rule just when it obeys the other, so the hidden packing into triplets stays.
- A bin of four or more items obeys the raised rule only if it obeys the true one.
- A bin of one or two items may obey the raised rule alone; `within_rules` takes such bins apart.

So every packing found is a packing of the case once it is taken apart, but a bound on the raised case is none on the
case itself. The volume bound of the true sizes is one, and it is the optimum wherever triplets fill all bins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement_bench.sets.native import BinPacking, BinType, ItemType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from placement_bench.sets.native import Load

_TRIPLET = 3


def has_negative(case: BinPacking) -> bool:
    """Whether some item makes room rather than taking it."""
    return any(min(item.size) < 0 for item in case.items)


def raised(case: BinPacking) -> BinPacking:
    """The case with every size at least zero, for bins of three items."""
    rise = [max(0, -min(item.size[d] for item in case.items)) for d in range(case.dimensions)]
    bins = tuple(
        BinType(tuple(room + _TRIPLET * s for room, s in zip(one.capacity, rise, strict=True)), one.cost, one.available)
        for one in case.bins
    )
    items = tuple(
        ItemType(tuple(size + s for size, s in zip(item.size, rise, strict=True)), item.copies) for item in case.items
    )
    return BinPacking(bins, items, case.conflicts)


def within_rules(case: BinPacking, loads: Iterable[Load]) -> Iterator[Load]:
    """The bins of a packing of the raised case; one that is too full by the true sizes has its items in bins alone."""
    for kind, content in loads:
        if _fits(case, kind, content.items()):
            yield kind, content
        else:
            yield from ((kind, {i: 1}) for i, copies in content.items() for _ in range(copies))


def _fits(case: BinPacking, kind: int, content: Iterable[tuple[int, int]]) -> bool:
    held = list(content)
    return all(
        sum(case.items[i].size[d] * copies for i, copies in held) <= room
        for d, room in enumerate(case.bins[kind].capacity)
    )
