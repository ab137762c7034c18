"""How full can it be: subset sums as the bits of one long integer.

Bit s of the integer says whether some of the weights seen so far add up to s, so one more weight is one shift and one
"or" (Pisinger 2003, *Dynamic programming on the word RAM*, Algorithmica 35). Filling one bin as full as possible is the
step of the minimum bin slack heuristic (Gupta and Ho 1999, *A new heuristic algorithm for the one-dimensional
bin-packing problem*, Prod. Plan. Control 10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def fullest(weights: Sequence[int], capacity: int) -> list[int]:
    """Indices of weights whose sum is the largest within the capacity; those that come first are taken when it's equal.

    Parameters
    ----------
    weights : each at least 0; `capacity` too, in the same unit.

    Notes
    -----
    O(n x capacity / 64). Weight 0 is always taken.

    Examples
    --------
    >>> fullest([5, 4, 3], 8)
    [0, 2]
    """
    mask = (2 << capacity) - 1
    reachable = 1
    before = []
    for weight in weights:
        before.append(reachable)
        reachable |= (reachable << weight) & mask
    left = reachable.bit_length() - 1
    taken = []
    for k in range(len(weights) - 1, -1, -1):
        if weights[k] == 0:
            taken.append(k)
        elif not before[k] >> left & 1:
            taken.append(k)
            left -= weights[k]
    taken.reverse()
    return taken
