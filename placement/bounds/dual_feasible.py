"""Dual feasible functions: they round up needs of more than a half, a third, ... of the room, and bounds still hold.

A function f maps needs in [0, 1] of a room to [0, 1] so that needs that fit together never measure more than 1. What
holds for volumes holds for what f makes of them, and says more where few copies fit beside each other.

Fekete, S. P. and Schepers, J. (2001). New classes of fast lower bounds for bin packing problems. Mathematical
Programming 91, 11-31. https://doi.org/10.1007/s101070100243
"""


def parts(k: int) -> int:
    """What all of the room measures by `rounded`."""
    return k * (k + 1)


def rounded(need: int, room: int, k: int) -> int:
    """The function u^(k) of a need, 0 <= need <= room, as a whole number out of `parts(k)`.

    With x the part of the room: x when (k + 1) x is whole, else that rounded down, over k.

    >>> rounded(3, 5, 1), rounded(1, 2, 1), rounded(2, 5, 1), parts(1)
    (2, 1, 0, 2)
    """
    times, over = divmod((k + 1) * need, room)
    return times * k if over == 0 else times * (k + 1)
