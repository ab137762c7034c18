"""What the restarts of the price-guided greedy differ in."""

from collections.abc import Callable

from placement.compiled.fleet import Fleet
from placement.heuristics.bin_filling import may_fill_bins
from placement.heuristics.greedy import GreedyParameters
from placement.heuristics.prices import resource_prices
from placement.heuristics.shares import Shares


def parameter_sets(fleet: Fleet, shares: Shares, is_over: Callable[[], bool]) -> list[GreedyParameters]:
    """A quick one first, then the best on average, all at the same prices of resources."""
    weights, scarcity = resource_prices(fleet, shares, is_over)
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
