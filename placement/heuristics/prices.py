r"""Prices of resources, found without an LP engine: what accelerators, vCPU and host memory are worth.

Split the price of a machine over its resources by weights that sum to 1; a copy is charged for the parts that it takes.
The best weights solve the dual of the volume relaxation (machines and copies continuous)

.. math::
    \max_{w, \mu \ge 0} \sum_c n_c \min_{o,p} (\pi_p + \mu_p) \sum_r w_{pr} a_{copr} - \sum_p \mu_p u_p,
    \qquad \sum_r w_{pr} = 1,

a concave function, climbed here by exponentiated steps on averaged loads (Kivinen and Warmuth 1997): a resource that is
loaded more than the others of its pool becomes dearer, a pool that is loaded beyond its quota too. This is a guide, not
a bound.
"""

from collections.abc import Callable

import numpy as np

from placement.arrays import Bools, Floats, Ints
from placement.compiled.alike_pools import alike_pools
from placement.compiled.fleet import Fleet
from placement.heuristics.parameters import PriceParameters as _PARAMS
from placement.heuristics.shares import Shares


def resource_prices(fleet: Fleet, shares: Shares, is_over: Callable[[], bool] = lambda: False) -> tuple[Floats, Floats]:
    """Weights (P, 3) that sum to 1 by pool, and what scarcity adds to the price of each pool (P,), micro-dollars.

    The best of the rounds until `is_over`. O(rounds x modes x pools); milliseconds for hundreds of components. Of a
    very large table pools that are alike for every component are one, with their quotas added up.
    """
    copies = np.array([c.demand or c.copies for c in fleet.components], dtype=np.float64)  # or units of throughput
    owner, serves = shares.owner, shares.serves
    first = np.array(shares.first, dtype=np.int64)
    groups = [[p] for p in range(len(fleet.pools))]
    if len(owner) * len(groups) > _PARAMS.many:
        groups = alike_pools(fleet)
    one = np.array([group[0] for group in groups], dtype=np.int64)
    quotas = [[np.inf if (most := fleet.pools[p].max_instances) is None else most for p in group] for group in groups]
    quota = np.array([sum(group) for group in quotas], dtype=np.float64)
    price, allowed = shares.price[one], shares.allowed[:, one]

    limited = np.isfinite(quota)
    has_quota = bool(limited.any())
    finite, half = np.where(limited, quota, 0.0), np.maximum(quota, 0.5)
    step = _PARAMS.scarcer * np.maximum(price, 1.0)
    by_serves, modes = serves[:, None], np.arange(len(owner))

    weights = np.tile(np.array(_PARAMS.first), (len(groups), 1))
    scarcity = np.zeros(len(groups))
    loads = np.zeros((len(groups), weights.shape[1]))
    best = (-np.inf, weights, scarcity)
    for turn in range(_PARAMS.rounds if len(owner) and len(groups) else 0):
        if turn and is_over():
            break
        charged = np.where(allowed, (price + scarcity) * shares.weighted(one, weights), np.inf)
        charged /= by_serves
        pool = charged.argmin(axis=1)
        cheapest = charged[modes, pool]
        least = np.minimum.reduceat(cheapest, first)
        usable = np.isfinite(least)
        value = float((copies * np.where(usable, least, 0.0)).sum()) - float((scarcity * finite).sum())
        if value > best[0]:
            best = (value, weights, scarcity)
        chosen = _first_of_each(cheapest, least, owner, usable)
        rented, of = pool[chosen], owner[chosen]
        taken = shares.parts(chosen, one[rented]) * (copies[of] / serves[chosen])[:, None]
        now = np.zeros_like(loads)
        np.add.at(now, rented, taken)
        loads = now if turn == 0 else (1 - _PARAMS.smoothing) * loads + _PARAMS.smoothing * now
        top = loads.max(axis=1)
        weights = weights * np.exp(_PARAMS.step * (loads / np.maximum(top, 1e-12)[:, None] - 1.0))
        weights = np.maximum(weights, _PARAMS.least)
        weights /= weights.sum(axis=1, keepdims=True)
        if has_quota:
            over = np.where(limited, top / half - 1.0, 0.0)
            scarcity = np.maximum(0.0, scarcity + step * np.minimum(over, 1.0))  # over is at least -1
    group_of = np.zeros(len(fleet.pools), dtype=np.int64)
    for k, group in enumerate(groups):
        group_of[group] = k
    return best[1][group_of], best[2][group_of]


def _first_of_each(cheapest: Floats, least: Floats, owner: Ints, usable: Bools) -> Ints:
    """The first mode of each usable component that is its cheapest."""
    modes = np.flatnonzero((cheapest <= least[owner]) & usable[owner])
    chosen: Ints = modes[np.unique(owner[modes], return_index=True)[1]]
    return chosen
