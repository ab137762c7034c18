"""The instant bounds, reported: by volumes, by components that never share a machine, by machines that are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.bounds.cliques import RELAXES as CLIQUES_RELAX
from placement.bounds.cliques import clique_bound
from placement.bounds.overload import RELAXES as OVERLOAD_RELAXES
from placement.bounds.overload import overload_ticks
from placement.bounds.volume import RELAXES as VOLUME_RELAXES
from placement.bounds.volume import volume_bound

if TYPE_CHECKING:
    from placement.solving.context import Solve


def raise_instant_bounds(solve: Solve) -> None:
    """Report what no plan can beat by either; less when the budget is over meanwhile."""
    fleet, incumbent, budget = solve.fleet, solve.incumbent, solve.budget
    by_cliques, by_volume = clique_bound(fleet, budget), volume_bound(fleet, budget=budget)
    incumbent.raise_bound(by_cliques, "cliques", relaxes=CLIQUES_RELAX)
    incumbent.raise_bound(by_volume, "volume", relaxes=VOLUME_RELAXES)
    more = overload_ticks(fleet)
    if more:  # moves that the two do not count
        incumbent.raise_bound(max(by_cliques, by_volume) + more, "overload", relaxes=OVERLOAD_RELAXES)
