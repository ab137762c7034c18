"""Machines exchanged for others while copies are unassigned, as limits over groups of pools may ask.

Under a limit the wrong types use up what all pools of a group may have, and no place on these machines helps. So a few
machines are taken apart, those that put least of their price to use most likely, and their copies placed again together
with the unassigned ones; that is kept unless more is unassigned than before (ruin and recreate, as in `improve`, of a
plan that is not complete yet).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.heuristics.check import lacking
from placement.heuristics.construct import supply
from placement.heuristics.parameters import HEURISTICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.heuristics.construct import Policy
    from placement.heuristics.workspace import Workspace
    from placement.solving.budget import Budget

_PARAMS = HEURISTICS.exchange


class Exchange:
    """The search on one workspace; `rounds` counts tries.

    Parameters
    ----------
    policies : how copies are placed again; one is drawn for each round.
    size, dual_values : (C,) how much an unassigned copy counts, and what one may cost, micro-dollars.
    """

    def __init__(
        self,
        ws: Workspace,
        policies: Sequence[Policy],
        size: Sequence[float],
        dual_values: Sequence[float],
        rng: np.random.Generator,
    ) -> None:
        """Nothing is tried yet."""
        self._ws, self._policies, self._rng = ws, policies, rng
        self._size, self._dual_values = size, dual_values
        self.rounds = 0

    def run(self, budget: Budget) -> list[int]:
        """Some rounds, until no copy is unassigned; returns the components that still lack copies."""
        ws = self._ws
        out = self._lacking()
        while out and self.rounds < _PARAMS.rounds and not budget.over():
            self.rounds += 1
            ws.forget()
            mark, before = ws.mark(), self._weight(out)
            self._place_again(out)
            now = self._lacking()
            if self._weight(now) > before:
                ws.rollback(mark)
            else:
                out = now
        return out

    def _lacking(self) -> list[int]:
        return [c.index for c in self._ws.fleet.components if lacking(self._ws, c.index)]

    def _weight(self, out: Sequence[int]) -> float:
        """How much is unassigned; of a component that only breaks a rule, a half of a copy."""
        ws = self._ws
        missing = (max(0.5, ws.fleet.components[c].required - ws.placed[c]) for c in out)
        return sum(self._size[c] * n for c, n in zip(out, missing, strict=True) if np.isfinite(self._size[c]))

    def _place_again(self, out: Sequence[int]) -> None:
        """Take some machines apart, and place their copies and the unassigned ones, these first or in one order."""
        policy = self._policies[int(self._rng.integers(len(self._policies)))]
        loose = [c for c in self._take_apart() if c not in out]
        if self._rng.random() < _PARAMS.first:
            order = [*policy.order(self._ws, out), *policy.order(self._ws, loose)]
        else:
            order = policy.order(self._ws, [*out, *loose])
        for c in order:
            supply(self._ws, policy, c)

    def _take_apart(self) -> list[int]:
        """Remove every movable copy of a few machines; returns the components concerned."""
        ws = self._ws
        rows = np.flatnonzero(ws.busy[: ws.rows])
        used = [sum(self._dual_values[s.component] for s in ws.seats[m]) / self._price(m) for m in rows.tolist()]
        order = np.argsort(np.array(used) + self._rng.gumbel(0.0, _PARAMS.randomness, len(rows)), kind="stable")
        affected: dict[int, None] = {}
        for m in rows[order[: 1 + int(self._rng.integers(_PARAMS.most_machines))]].tolist():
            for seat in [seat for seat in ws.seats[m] if ws.is_movable(seat, m)]:
                ws.remove(seat, m)
                affected[seat.component] = None
        return list(affected)

    def _price(self, m: int) -> int:
        return max(1, self._ws.fleet.pools[int(self._ws.pool[m])].price)
