"""The penalty of a copy that a fleet mix has no place for: it needs a part of another machine."""

from placement.compiled.fleet import Fleet
from placement.heuristics.prices import resource_prices
from placement.heuristics.shares import Shares
from placement.local_search.parameters import LOCAL_SEARCH
from placement.solvers.column_generation.parameters import PenaltyParameters as _PARAMS
from placement.units import MICRO


def left_out_penalties(fleet: Fleet) -> list[float]:
    """Dollars an hour by component: the part of a machine that a copy takes, and something of a machine for it alone.

    The parts alone would say that ten small copies are as bad as one on eight accelerators. `fleet` has the quotas of
    all machines that may be had, not those of a mix. O(modes x pools).
    """
    shares = Shares(fleet)
    part = shares.cost(0.0, *resource_prices(fleet, shares)).min(axis=1)
    price = [pool.price if pool.max_instances != 0 else float("inf") for pool in fleet.pools]
    found = []
    for component, first in zip(fleet.components, shares.first, strict=True):
        alone = min((price[p] for option in component.options for p in option.pools), default=0.0)
        least = part[first : first + len(component.options)].min(initial=float("inf"))
        penalty = (least + _PARAMS.alone * alone) / MICRO
        found.append(max(LOCAL_SEARCH.state.least_penalty, float(penalty)) if penalty < float("inf") else 1.0)
    return found
