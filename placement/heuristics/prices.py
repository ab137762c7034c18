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

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from placement.fleet import Fleet
    from placement.heuristics.shares import Floats, Shares

_SMOOTHING = 0.15  # weight of the newest load in the average
_STEP = 0.6


def resource_prices(fleet: Fleet, shares: Shares, rounds: int = 80) -> tuple[Floats, Floats]:
    """Weights (P, 3) that sum to 1 by pool, and what scarcity adds to the price of each pool (P,), micro-dollars.

    O(rounds x ways x pools); milliseconds for hundreds of components.
    """
    pools = len(fleet.pools)
    copies = np.array([_wanted(fleet, c) for c in range(len(fleet.components))], dtype=np.float64)
    quota = np.array([np.inf if p.max_instances is None else p.max_instances for p in fleet.pools])
    finite = np.isfinite(shares.volume)
    parts = np.where(finite[:, :, None], shares.parts, 0.0)
    owner = np.repeat(np.arange(len(copies)), [len(c.options) for c in fleet.components])
    serves = np.array(
        [max(1, o.throughput) if c.demand else 1 for c in fleet.components for o in c.options], dtype=np.float64
    )
    first = np.array(shares.first, dtype=np.int64)

    weights = np.tile(np.array([0.8, 0.1, 0.1]), (pools, 1))
    scarcity = np.zeros(pools)
    loads = np.zeros((pools, weights.shape[1]))
    best = (-np.inf, weights, scarcity)
    if not len(owner) or not pools:
        return weights, scarcity
    for turn in range(rounds):
        charged = np.where(finite, (shares.price + scarcity) * np.einsum("wpr,pr->wp", parts, weights), np.inf)
        charged /= serves[:, None]
        pool = charged.argmin(axis=1)
        cheapest = charged[np.arange(len(owner)), pool]
        least = np.minimum.reduceat(cheapest, first)
        usable = np.isfinite(least)
        value = float((copies * np.where(usable, least, 0.0)).sum())
        value -= float((scarcity * np.where(np.isfinite(quota), quota, 0.0)).sum())
        if value > best[0]:
            best = (value, weights, scarcity)
        chosen = _first_of_each(cheapest, least, owner, usable)
        now = np.zeros_like(loads)
        np.add.at(now, pool[chosen], parts[chosen, pool[chosen]] * (copies[owner[chosen]] / serves[chosen])[:, None])
        loads = now if turn == 0 else (1 - _SMOOTHING) * loads + _SMOOTHING * now
        top = np.maximum(loads.max(axis=1, keepdims=True), 1e-12)
        weights = weights * np.exp(_STEP * (loads / top - 1.0))
        weights = np.maximum(weights, 1e-4)
        weights /= weights.sum(axis=1, keepdims=True)
        over = np.where(np.isfinite(quota), loads.max(axis=1) / np.maximum(quota, 0.5) - 1.0, 0.0)
        scarcity = np.maximum(0.0, scarcity + 0.1 * np.maximum(shares.price, 1.0) * np.clip(over, -1.0, 1.0))
    return best[1], best[2]


def _wanted(fleet: Fleet, c: int) -> int:
    """Copies, or the demand in units of throughput."""
    component = fleet.components[c]
    return component.demand or component.copies


def _first_of_each(
    cheapest: Floats, least: Floats, owner: npt.NDArray[np.int64], usable: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """The first way of each usable component that is its cheapest."""
    ways = np.flatnonzero((cheapest <= least[owner]) & usable[owner])
    where = np.unique(owner[ways], return_index=True)[1]
    chosen: npt.NDArray[np.int64] = ways[where]
    return chosen
