"""Limits on machines of each pool: the counts of a fleet mix, or what is left beside machines that stand."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing
from placement.reductions.base import Restriction


@dataclass(frozen=True, slots=True)
class AtFleetMix(Restriction):
    """The fleet with the machine counts of a fleet mix as quotas."""

    @classmethod
    def of(cls, fleet: Fleet, machines: Sequence[int]) -> Self:
        """`machines` of each pool, within its quota. O(pools)."""
        pools = tuple(replace(pool, max_instances=n) for pool, n in zip(fleet.pools, machines, strict=True))
        return cls(fleet, replace(fleet, pools=pools))

    @classmethod
    def of_packing(cls, fleet: Fleet, packing: Packing) -> Self:
        """With as many machines of each pool as a packing has, empty ones too, and as any plan pays for."""
        count = Counter(machine.pool for machine in packing.machines)
        return cls.of(fleet, [max(count[pool.index], fleet.fewest(pool.index)) for pool in fleet.pools])


def beside(fleet: Fleet, used: Sequence[int]) -> Fleet:
    """The fleet with so many machines fewer of each pool, which stand and are paid for. O(pools).

    They count against limits, of which less than nothing is left where they break one, and use what is committed
    first. So a packing of it and these machines cost together what both cost alone, or less where a commitment has
    pools of several prices.
    """
    pools = tuple(
        replace(
            pool,
            min_instances=max(0, pool.min_instances - n),
            max_instances=None if pool.max_instances is None else max(0, pool.max_instances - n),
        )
        for pool, n in zip(fleet.pools, used, strict=True)
    )
    prices = [pool.price for pool in fleet.pools]
    commitments = tuple(
        replace(k, instances=max(0, k.instances - sum(used[p] for p in k.pools)))
        if k.money is None
        else replace(k, money=k.money - k.pays(used, prices))
        for k in fleet.commitments
    )
    limits = tuple(replace(limit, most=limit.most - limit.sum(used)) for limit in fleet.limits)
    return replace(fleet, pools=pools, limits=limits, commitments=commitments)
