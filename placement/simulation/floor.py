"""What no machines that hold some copies can cost less than, for many numbers of copies of one problem.

The prices of one linear program bound all of them, with parts of machines. Where few machines are enough, that they are
whole counts for much: then a small exact program finds the cheapest whole machines that keep what the prices say, and
that are as many as each component needs by its rules over zones and losses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.bounds.cliques import fewest_machines
from placement.compiled.alike_pools import PoolsOf
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.spread import least_total
from placement.heuristics.construct import UNLIMITED
from placement.patterns.certificate import Cut
from placement.patterns.covering import cheapest_mix
from placement.simulation.fleets import simulated, with_copies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.arrays import Ints
    from placement.documents import Problem
    from placement.patterns.copy_prices import CopyPrices

_FEW = 40  # machines of the dearest pool, beyond which whole ones cost hardly more than parts of them
_MORE = 8  # copies beyond those that are wanted, that rules may ask for
_WORK = 0.02  # of CP-SAT's deterministic seconds, of one program
_SECONDS = 1e6  # never the limit: a floor depends on no clock


def floor_of(problem: Problem, prices: CopyPrices, copies: Sequence[int], *, seed: int) -> int:
    """Micro-dollars an hour that no machines which hold these copies (C,) cost less than; proven.

    The copies may be no more than those that the prices are of. O(C + pools), and a program where few machines do.
    """
    found = prices.bound(copies)
    dearest = max((pool.price for pool in prices.fleet.pools), default=0)
    if not any(copies) or found > _FEW * dearest:
        return found
    fleet = compile_fleet(with_copies(problem, copies))
    least = sum(u * n for u, n in zip(prices.copy, copies, strict=True))
    cuts = [Cut(prices.machine, least), *_needed(fleet)]
    mix = cheapest_mix(fleet, cuts, gap=0.0, seconds=_SECONDS, effort=_WORK, seed=seed)
    return found if mix is None else max(found, mix.bound)


def _needed(fleet: Fleet) -> Iterator[Cut]:
    """As many machines as a component needs, among those that it may run on; the most needed of each such set."""
    pools = PoolsOf(fleet)
    most: dict[tuple[int, ...], int] = {}
    for component in fleet.components:
        usable = frozenset().union(*(option.pools for option in component.options))
        key = tuple(int(pool.index in usable) for pool in fleet.pools)
        most[key] = max(most.get(key, 0), fewest_machines(fleet, component, pools))
    return (Cut(key, machines) for key, machines in most.items() if machines > 0)


def allowed_copies(problem: Problem, rows: Ints) -> Ints:
    """(N, C) the fewest copies, at least those of `rows` (N, C), that the rules over zones and losses allow at all.

    None of a component stays none. A number that no rule allows stays as it is. O(distinct numbers of copies x zones).
    """
    fleet = compile_fleet(simulated(problem, (rows.max(axis=0, initial=0) + _MORE).tolist()))
    found = rows.copy()
    for component in fleet.components:
        if not (component.has_zone_rules or component.pool_loss_floor or component.instance_loss_floor):
            continue
        beyond = max(component.pool_loss_floor, component.instance_loss_floor) + 1
        column = rows[:, component.index]
        for copies in np.unique(column[column > 0]).tolist():
            nowhere = (0,) * len(fleet.zones)
            least = least_total(component, nowhere, max(copies, beyond), (UNLIMITED,) * len(fleet.zones))
            if least is not None:
                found[column == copies, component.index] = least
    return found
