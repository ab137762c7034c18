"""Machines of a plan taken apart, those that waste most of their price most likely: the ruin of ruin and recreate."""

from collections.abc import Iterable, Sequence

import numpy as np

from placement.arrays import Bools
from placement.heuristics.parameters import RuinParameters as _PARAMS
from placement.heuristics.workspace import Workspace


class Ruin:
    """Draws machines of one workspace, and takes their copies off.

    `dual_values`: (C,) what one copy of each component may cost, micro-dollars; a machine wastes the rest of its price.
    """

    def __init__(self, ws: Workspace, dual_values: Sequence[float], rng: np.random.Generator) -> None:
        """Price what stands on every machine. O(copies)."""
        self._ws, self._dual_values, self._rng = ws, dual_values, rng
        self._used = np.empty(0)  # (rows,) part of the price that is put to use; inf on a row without copies
        self.update(range(ws.rows))

    def draw(self, pools: Bools | None = None) -> list[int]:
        """A few machines that hold copies; of some `pools` (P,) alone when these are given."""
        rows = self.ranked(pools)
        return rows[: 1 + int(self._rng.integers(_PARAMS.most_machines))] if rows else []

    def ranked(self, pools: Bools | None = None) -> list[int]:
        """All machines that hold copies, or those of some `pools`; those that are likely drawn first."""
        rows = np.flatnonzero(np.isfinite(self._used))
        if pools is not None:
            rows = rows[pools[self._ws.pool[rows]]]
        noise = self._rng.gumbel(0.0, _PARAMS.randomness, len(rows))
        ranked: list[int] = rows[np.argsort(self._used[rows] + noise, kind="stable")].tolist()
        return ranked

    def take_apart(self, rows: Iterable[int]) -> list[int]:
        """Remove every movable copy; returns the components concerned."""
        ws = self._ws
        affected: dict[int, None] = {}
        for m in rows:
            for seat in list(ws.seats[m]):
                if ws.is_movable(seat, m):
                    ws.remove(seat, m)
                    affected[seat.component] = None
        return list(affected)

    def update(self, rows: Iterable[int]) -> None:
        """Price what stands on these rows anew. O(copies there)."""
        ws = self._ws
        if len(self._used) < ws.rows:
            self._used = np.concatenate([self._used, np.full(ws.rows - len(self._used), np.inf)])
        for m in rows:
            if ws.seats[m]:
                price = max(1, ws.fleet.pools[ws.pool[m]].price)
                self._used[m] = sum(self._dual_values[seat.component] for seat in ws.seats[m]) / price
            else:
                self._used[m] = np.inf


def pools_of(ws: Workspace, components: Iterable[int]) -> Bools:
    """(P,) the pools where a copy of any of these components may run. O(their options x pools)."""
    pools = np.zeros(len(ws.fleet.pools), dtype=np.bool_)
    for c in components:
        for reach in ws.reach[c]:
            pools |= reach.allowed
    return pools
