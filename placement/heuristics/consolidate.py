"""Machines of a complete plan closed or replaced one by one, where that saves more than the moves cost.

Each machine in turn is emptied. Its copies go to other machines in use; what finds no room there goes to one cheaper
machine. The step is kept where the plan is worth more then and every rule holds, else undone. Machines of which few
copies for their price have to go come first, since where moves are limited these are worth most. This is how platforms
consolidate clusters (single-node consolidation of Karpenter, https://karpenter.sh/docs/concepts/disruption/); on large
fleets it finds in milliseconds a machine what searches by draws find late.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from placement.compiled.packing import Value
from placement.heuristics.best_fit import BestFit
from placement.heuristics.check import within_moves
from placement.heuristics.construct import extend_by_priority, supply
from placement.heuristics.parameters import ConsolidateParameters as _PARAMS
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace


class MachineConsolidation:
    """Passes over the machines of one plan, which is complete after every step; `closed` and `replaced` count."""

    def __init__(self, ws: Workspace, shares: Shares) -> None:
        """O(modes x pools)."""
        self.ws = ws
        self._policy = _InUse(ws, shares)
        self._needs = shares.least_parts()
        self.closed = self.replaced = 0

    def run(self, is_over: Callable[[], bool]) -> bool:
        """Passes until one gains nothing, at first without new machines; says whether the plan got better."""
        while self._pass(is_over, replace=False):
            pass
        while self._pass(is_over, replace=True):
            pass
        return self.closed + self.replaced > 0

    def _pass(self, is_over: Callable[[], bool], *, replace: bool) -> bool:
        """Every machine once; whether to go on with another pass."""
        before = self.closed + self.replaced
        for m in self._order():
            if is_over():
                return False
            self._step(m, replace=replace)
        return self.closed + self.replaced > before

    def _order(self) -> list[int]:
        """Machines in use, those with the fewest copies for their price first."""
        ws = self.ws
        rows = np.flatnonzero(ws.busy[: ws.rows]).tolist()
        return sorted(rows, key=lambda m: (len(ws.seats[m]) / max(1, ws.fleet.pools[ws.pool[m]].price), m))

    def _step(self, m: int, *, replace: bool) -> None:
        """Close one machine, or replace it, if that pays."""
        ws, mark, limit, rent = self.ws, self.ws.mark(), self.ws.value(), self.ws.rented.price
        held = Counter(seat.component for seat in ws.seats[m])
        if not self._empty(m):
            ws.rollback(mark)
            return
        saved, emptied, placed = rent - ws.rented.price, ws.mark(), {c: ws.placed[c] for c in held}
        affected = self._policy.order(ws, list(held))
        if saved > 0:
            if self._place(affected, limit):
                self.closed += 1
                return
            left = {c: n - (ws.placed[c] - placed[c]) for c, n in held.items()}
            for p in self._cheaper(left, saved) if replace else ():
                ws.rollback(emptied)
                if self._place(affected, limit, spare=p):
                    self.replaced += 1
                    return
        ws.rollback(mark)

    def _empty(self, m: int) -> bool:
        """Take every copy off a row, as far as pins let them go; whether it is empty."""
        for seat in list(self.ws.seats[m]):
            if not self.ws.is_movable(seat, m):
                return False
            self.ws.remove(seat, m)
        return True

    def _place(self, affected: Sequence[int], limit: Value, *, spare: int | None = None) -> bool:
        """Supply these components again, with one more machine of a pool; whether the plan is better than `limit`."""
        ws, self._policy.spare = self.ws, spare
        if [c for c in affected if not supply(ws, self._policy, c)]:  # all of them: `_cheaper` asks what is left
            return False
        extend_by_priority(ws, self._policy, affected)
        return ws.value() < limit and within_moves(ws)

    def _cheaper(self, left: dict[int, int], saved: int) -> list[int]:
        """Pools of which one more machine costs less than was saved and may hold what is left, cheapest first."""
        ws, price = self.ws, self.ws.rented.next_price
        need = sum((n * self._needs[c] for c, n in left.items() if n > 0), np.zeros(self._needs.shape[1:]))
        pools = np.flatnonzero(ws.rented.rentable & (price < saved) & (need.max(axis=1) <= 1.0 + _PARAMS.tolerance))
        found: list[int] = pools[np.argsort(price[pools], kind="stable")].tolist()
        return found[: _PARAMS.pools]


class _InUse(BestFit):
    """Best fit on machines in use, and on one more of the pool `spare` if there is one."""

    spare: int | None = None

    def rental(self, ws: Workspace, c: int, left: int, zone: int) -> tuple[int, int] | None:
        """The spare machine, once."""
        p = self.spare
        if p is None:
            return None
        for o in self.options_of[c]:
            if p in ws.rentals(c, o, zone):
                self.spare = None
                return o, p
        return None
