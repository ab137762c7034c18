"""The instant bounds, reported: by volumes, and by components that never share a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.bounds.cliques import RELAXES as CLIQUES_RELAX
from placement.bounds.cliques import clique_bound
from placement.bounds.volume import RELAXES as VOLUME_RELAXES
from placement.bounds.volume import volume_bound

if TYPE_CHECKING:
    from placement.solving.context import Solve


def raise_instant_bounds(solve: Solve) -> None:
    """Report what no plan can beat by either; less when the budget is over meanwhile."""
    fleet, incumbent, budget = solve.fleet, solve.incumbent, solve.budget
    incumbent.raise_bound(clique_bound(fleet, budget), "cliques", relaxes=CLIQUES_RELAX)
    incumbent.raise_bound(volume_bound(fleet, budget=budget), "volume", relaxes=VOLUME_RELAXES)
