"""Make a complete plan cheaper: take a few machines apart, place their copies again, keep what is hardly worse.

Ruin and recreate (Schrimpf et al. 2000, *Record breaking optimization results using the ruin and recreate principle*,
J. Comput. Phys. 159) with machines as what is ruined: those that waste most of their price are drawn most often. It
empties machines, moves their content to cheaper types, and merges several into one, with every rule kept, moves counted
and nothing left incomplete. A plan that costs a little more is accepted at first, ever less of it as rounds go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.packing import Value
from placement.heuristics.check import lacking, within_moves
from placement.heuristics.construct import extend, supply
from placement.heuristics.parameters import HEURISTICS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from placement.compiled.packing import Packing
    from placement.heuristics.construct import Policy
    from placement.heuristics.workspace import Workspace

_PARAMS = HEURISTICS.improve


def drop_superfluous(ws: Workspace) -> None:
    """Take off copies that a demand does not need, where every rule still holds and the cost does not rise."""
    for component in ws.fleet.components:
        c = component.index
        if not component.demand or lacking(ws, c):
            continue
        for m in sorted(ws.where[c]):
            for seat in [seat for seat in ws.seats[m] if seat.component == c]:
                if not ws.is_movable(seat, m):
                    continue
                mark, before = ws.mark(), ws.ticks()
                ws.remove(seat, m)
                if lacking(ws, c) or ws.ticks() > before:
                    ws.rollback(mark)


class Improvement:
    """Ruin and recreate on one complete plan, which stays complete after every round; `accepted` counts rounds.

    Parameters
    ----------
    policies : how copies are placed again; one is drawn for each round.
    dual_values : (C,) what one copy of each component may cost, micro-dollars; a machine wastes the rest of its price.
    """

    def __init__(
        self, ws: Workspace, policies: Sequence[Policy], dual_values: Sequence[float], rng: np.random.Generator
    ) -> None:
        """Price what stands on every machine. O(copies)."""
        self.ws, self.policies, self.dual_values, self.rng = ws, policies, dual_values, rng
        self.accepted = 0
        self._best = ws.value()
        self._best_packing = ws.to_packing()
        self._key = np.empty(0)  # (rows,) part of the price that is put to use; inf on a row without copies
        self._update(range(ws.rows))

    def run(self, rounds: int, is_over: Callable[[], bool], tolerance: float = _PARAMS.tolerance) -> Packing:
        """Try so many rounds, fewer when `is_over` says so; returns the best packing."""
        for turn in range(rounds):
            if is_over():
                break
            self._round(tolerance * (1.0 - turn / rounds))
        return self._best_packing

    def _round(self, tolerance: float) -> None:
        ws = self.ws
        rows = self._draw()
        if not rows:
            return
        ws.forget()
        mark, before = ws.mark(), ws.value()
        limit = Value(before.left_out, before.ticks + int(before.ticks * tolerance * self.rng.exponential()))
        policy = self.policies[int(self.rng.integers(len(self.policies)))]
        done = self._recreate(policy, self._take_apart(rows), limit.ticks)
        if not done or ws.value() > limit or not within_moves(ws):
            ws.rollback(mark)
            return
        self.accepted += 1
        self._update(ws.touched(mark))
        if ws.value() < self._best:
            self._best, self._best_packing = ws.value(), ws.to_packing()

    def _recreate(self, policy: Policy, affected: list[int], limit: int) -> bool:
        """Supply the affected components again; False as soon as the plan costs more than before, or one is stuck."""
        ws = self.ws
        optional = [c for c in affected if ws.fleet.components[c].level is not None]
        for c in policy.order(ws, affected):
            if not supply(ws, policy, c) or ws.ticks() > limit:
                return False
        for c in sorted(optional, key=lambda c: ws.fleet.components[c].level or 0):
            extend(ws, policy, c)
        return True

    def _draw(self) -> list[int]:
        """A few machines, those that put least of their price to use most likely."""
        used = np.flatnonzero(np.isfinite(self._key))
        if not len(used):
            return []
        noise = self.rng.gumbel(0.0, _PARAMS.randomness, len(used))
        several = min(len(used), 1 + int(self.rng.integers(_PARAMS.most_machines)))
        order = np.argsort(self._key[used] + noise, kind="stable")
        found: list[int] = used[order[:several]].tolist()
        return found

    def _take_apart(self, rows: list[int]) -> list[int]:
        """Remove every movable copy; returns the components concerned."""
        ws = self.ws
        affected: dict[int, None] = {}
        for m in rows:
            for seat in list(ws.seats[m]):
                if ws.is_movable(seat, m):
                    ws.remove(seat, m)
                    affected[seat.component] = None
        return list(affected)

    def _update(self, rows: Sequence[int]) -> None:
        ws = self.ws
        if len(self._key) < ws.rows:
            self._key = np.concatenate([self._key, np.full(ws.rows - len(self._key), np.inf)])
        for m in rows:
            if ws.seats[m]:
                price = max(1, ws.fleet.pools[ws.pool[m]].price)
                self._key[m] = sum(self.dual_values[seat.component] for seat in ws.seats[m]) / price
            else:
                self._key[m] = np.inf
