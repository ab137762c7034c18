"""Best-fit decreasing: biggest copies first, each on the fullest machine; else rent the cheapest per copy."""

from collections.abc import Iterator

import numpy as np

from placement.arrays import Floats, Ints
from placement.heuristics.first_fit_decreasing import FirstFitDecreasing
from placement.heuristics.workspace import Workspace

_NO_ROOM = np.iinfo(np.int64).max


class BestFit(FirstFitDecreasing):
    """Order and options of first-fit decreasing; the machine is the tightest."""

    def machines(self, ws: Workspace, c: int, zone: int) -> Iterator[tuple[int, int]]:
        """Rows by the room that is left on the accelerator the copy would take, then by free host memory."""
        for o in self.options_of[c]:
            rows = ws.fits(c, o, zone).nonzero()[0]
            if len(rows) > 1:
                rows = rows[np.lexsort((ws.host[rows], slack(ws, c, o, rows)))]
            for m in rows.tolist():
                yield o, m

    def charge(self, ws: Workspace, c: int, o: int, left: int, pools: Ints) -> Floats:
        """The price of the next machine of each pool, per copy that it takes of the `left` ones."""
        cost = self.cost[self.first_row[c] + o, pools]
        held = np.full(len(pools), float(left))
        np.divide(self.pool_price[pools], cost, out=held, where=cost > 0)
        each: Floats = ws.rented.next_price[pools] / np.maximum(1.0, np.minimum(left, np.rint(held)))
        return each


def slack(ws: Workspace, c: int, o: int, rows: Ints) -> Ints:
    """(rows,) MiB left on the tightest accelerator that takes a copy; free accelerators for a copy that owns them."""
    mode = ws.modes[c][o]
    if mode.accelerators == 0:
        return np.zeros(len(rows), dtype=np.int64)
    if not mode.shared:
        return ws.vacant[rows]
    if mode.accelerators > 1:
        widest: Ints = ws.ranked[rows, mode.accelerators - 1]
        return widest
    free_memory = ws.free_memory[rows]
    room = np.where(free_memory >= mode.memory_mib, free_memory, _NO_ROOM)
    tightest: Ints = np.minimum.reduce(room, axis=1)
    return tightest
