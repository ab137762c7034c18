"""From a decoded packing to a plan that keeps every rule: what the flow does not know is mended here.

A decoded packing may lack copies that no host had room for, or that may not stand beside others. They are placed on the
machines that the flow rented first, by insertion and then by ejections; only when that fails are more machines rented.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from placement.exact.arc_flow.blocks import fewest
from placement.heuristics.best_fit import BestFit
from placement.heuristics.check import is_complete
from placement.heuristics.construct import construct, place_optional
from placement.heuristics.improve import drop_superfluous
from placement.heuristics.repair import Repair
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace

if TYPE_CHECKING:
    from placement.budget import Budget
    from placement.fleet import Fleet
    from placement.packing import Packing


class Completion:
    """Completes decoded packings of one fleet; `exact` tells whether the last one needed no more machines."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        """What all completions share."""
        self._fleet = fleet
        self._blank = Workspace(fleet)
        self._policy = BestFit(self._blank, Shares(fleet))
        self._rng = np.random.default_rng(seed)
        self.exact = False

    def run(self, decoded: Packing, budget: Budget, ejections: int) -> Packing | None:
        """A complete packing with the decoded one as its core; None when repair does not get there."""
        narrow = narrow_to(self._fleet, decoded)
        ws = self._mend(narrow, decoded, budget, ejections)
        self.exact = is_complete(ws)
        if not self.exact:
            ws = self._mend(self._fleet, ws.to_packing(), budget, ejections)
        drop_superfluous(ws)
        return ws.to_packing() if is_complete(ws) else None

    def _mend(self, fleet: Fleet, packing: Packing, budget: Budget, ejections: int) -> Workspace:
        ws = Workspace(fleet, like=self._blank)
        for machine in packing.machines:
            if not ws.can_rent(machine.pool):
                continue
            m = ws.rent(machine.pool)
            for seat in machine.seats:
                if ws.placed[seat.component] < fleet.components[seat.component].copies and ws.can_stand(seat, m):
                    ws.place(seat, m)
        stuck = construct(ws, self._policy)
        if stuck and not Repair(ws, self._policy, self._rng).run(stuck, ejections, budget):
            place_optional(ws, self._policy)
        return ws


def narrow_to(fleet: Fleet, packing: Packing) -> Fleet:
    """The fleet with the machines of a packing, and those paid for in any case, as quotas."""
    count = Counter(machine.pool for machine in packing.machines)
    pools = tuple(
        replace(pool, max_instances=max(count[pool.index], fewest(fleet, pool.index))) for pool in fleet.pools
    )
    return replace(fleet, pools=pools)
