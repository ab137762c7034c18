"""Plans from what stands already: copies that lack are placed by best fit, and those that fit nowhere by ejections."""

import numpy as np

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing
from placement.heuristics.best_fit import BestFit
from placement.heuristics.construct import construct, place_optional
from placement.heuristics.repair import completed
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.solving.budget import Budget


class BestFitCompletion:
    """Completes workspaces of one fleet, and of those with other quotas or copies; `rng` is of all of them."""

    def __init__(self, fleet: Fleet, rng: np.random.Generator, shares: Shares | None = None) -> None:
        """`shares` of the fleet, where they are known. O(modes x pools)."""
        self._blank = Workspace(fleet)
        self._policy = BestFit(self._blank, Shares(fleet) if shares is None else shares)
        self._rng = rng

    def workspace(self, fleet: Fleet) -> Workspace:
        """An empty one of the fleet, or of one with other quotas or copies."""
        return Workspace(fleet, like=self._blank)

    def insert(self, ws: Workspace) -> list[int]:
        """Place what fits; returns the components that are stuck."""
        return construct(ws, self._policy)

    def insert_optional(self, ws: Workspace) -> None:
        """Place optional copies for which there is room."""
        place_optional(ws, self._policy)

    def repair(self, ws: Workspace, stuck: list[int], budget: Budget) -> Packing | None:
        """The packing once the stuck components have their copies, too; None where some lack."""
        return completed(ws, self._policy, self._rng, stuck, budget)

    def run(self, ws: Workspace, budget: Budget) -> Packing | None:
        """A complete packing with what stands in a workspace, which ejections may move; None where copies lack."""
        return self.repair(ws, self.insert(ws), budget)
