"""Parts of an accelerator such that just so many copies share it."""

from __future__ import annotations

from placement.units import WHOLE_SHARE


def share_of_one(replicas: int) -> tuple[int, bool]:
    """Thousandths of an accelerator such that it holds just so many; and whether there is such a number.

    >>> share_of_one(4), share_of_one(3), share_of_one(48)
    ((250, True), (333, True), (20, False))
    """
    share = max(1, WHOLE_SHARE // replicas)
    return share, WHOLE_SHARE // share == replicas
