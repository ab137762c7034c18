"""What the restarts of the price-guided greedy differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.heuristics.bin_filling import may_fill_bins
from placement.heuristics.greedy import GreedyParameters

if TYPE_CHECKING:
    from placement.arrays import Floats
    from placement.compiled.fleet import Fleet


def parameter_sets(fleet: Fleet, weights: Floats, scarcity: Floats) -> list[GreedyParameters]:
    """A quick one first, then the best on average; `weights` and `scarcity` as `prices.resource_prices` finds them."""
    sets = [
        GreedyParameters(0.0, weights, scarcity, 0.1),
        GreedyParameters(0.0, weights, scarcity, 0.1, fills_bins=True),
        GreedyParameters(0.0, weights, scarcity, 1.0, fills_bins=True),
        GreedyParameters(0.15, weights, scarcity, 0.3, fills_bins=True),
        GreedyParameters(0.0, weights, scarcity, 1.0),
        GreedyParameters(0.15, weights, scarcity, 0.3),
        GreedyParameters(0.6, weights, scarcity, 1.0),
        GreedyParameters(0.3, None, None, 0.5),
    ]
    return sets if may_fill_bins(fleet) else [one for one in sets if not one.fills_bins]
