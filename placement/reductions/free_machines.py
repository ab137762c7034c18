"""Committed machines as pools of their own, where machines cost nothing: what is paid on top is a sum of prices again.

Of the machines paid for in the pools of a commitment by `instances` the dearest N cost nothing. So each of those pools
has a twin at a price of 0, all twins together at most N machines, and a pool and its twin no more than the pool's quota
lets them have. The cheapest way to deal machines out to pools and twins then costs what the rule says. Nothing is
relaxed: plans of the one are plans of the other, at the same cost, so every search for fleets at plain prices, and
every proof of theirs, is good for fleets with commitments.

A commitment by `price_per_hour` stays as it is.
"""

from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.fleet import Fleet, FleetComponent, FleetPool
from placement.compiled.groups import FleetCommitment, FleetLimit
from placement.compiled.packing import Packing
from placement.reductions.base import EXACT, CarriedBound, Reduction


@dataclass(frozen=True, slots=True)
class FreeMachines(Reduction):
    """The fleet with twins of committed pools: for each commitment that is dealt out, those by pool of the whole."""

    twin_of: tuple[tuple[FleetCommitment, dict[int, int]], ...]

    @classmethod
    def of(cls, fleet: Fleet) -> Self | None:
        """None where no commitment can be written so, or where a pool is more than its machines.

        It is that where machines run now, and where copies that must outlive a pool may stand in a committed one.
        O(pools x components).
        """
        dealt = [k for k in fleet.commitments if _may_deal(fleet, k)]
        pools = {p for k in dealt for p in k.pools}
        outliving = (o for c in fleet.components if c.pool_loss_floor for o in c.options)
        if not dealt or fleet.instances or any(option.pools & pools for option in outliving):
            return None
        added: list[FleetPool] = []
        kept = {pool.index: pool for pool in fleet.pools}
        limits, twin_of = list(fleet.limits), []
        for commitment in dealt:
            twins: dict[int, int] = {}
            for p in commitment.pools:
                twins[p] = len(fleet.pools) + len(added)
                kept[p], twin = _deal(fleet.pools[p], commitment, twins[p])
                added.append(twin)
            limits += _limits(fleet, commitment, twins)
            twin_of.append((commitment, twins))
        every = {p: twin for _, twins in twin_of for p, twin in twins.items()}
        full = {p for p, pool in kept.items() if pool.max_instances == 0}
        dealt_out = replace(
            fleet,
            pools=(*kept.values(), *added),
            components=tuple(_with_twins(c, every, full) for c in fleet.components),
            limits=tuple(replace(limit, weight=_weights(limit, every)) for limit in limits),
            commitments=tuple(k for k in fleet.commitments if k not in dealt),
        )
        return cls(fleet, dealt_out, tuple(twin_of))

    def lift(self, packing: Packing) -> Packing:
        """The same machines in the pools that they are of."""
        pool_of = {twin: p for _, twins in self.twin_of for p, twin in twins.items()}
        machines = tuple(replace(m, pool=pool_of.get(m.pool, m.pool)) for m in packing.machines)
        return replace(packing, machines=machines)

    def dealt_out(self, packing: Packing) -> Packing:
        """A packing of the whole as one of the fleet: the dearest machines are those that cost nothing. O(machines)."""
        machines = list(packing.machines)
        for commitment, twins in self.twin_of:
            left = commitment.instances
            for p in commitment.pools:  # dearest first
                here = [m for m, machine in enumerate(machines) if machine.pool == p][:left]
                left -= len(here)
                for m in here:
                    machines[m] = replace(machines[m], pool=twins[p])
        return replace(packing, machines=tuple(machines))

    @property
    def keeps_bound(self) -> CarriedBound:
        return EXACT


def _may_deal(fleet: Fleet, commitment: FleetCommitment) -> bool:
    """Whether it counts machines; those of several pools that are paid for in any case could not be dealt out."""
    if commitment.money is not None or not commitment.instances:
        return False
    return len(commitment.pools) == 1 or not any(fleet.pools[p].min_instances for p in commitment.pools)


def _deal(pool: FleetPool, commitment: FleetCommitment, index: int) -> tuple[FleetPool, FleetPool]:
    """The pool, and its twin of that index; of a commitment of this pool alone they share its quota out."""
    most = commitment.instances if pool.max_instances is None else min(commitment.instances, pool.max_instances)
    paid = min(pool.min_instances, most)
    twin = replace(pool, index=index, price=0, min_instances=paid, max_instances=most)
    if len(commitment.pools) > 1:
        return pool, twin
    quota = None if pool.max_instances is None else pool.max_instances - most
    return replace(pool, min_instances=pool.min_instances - paid, max_instances=quota), twin


def _limits(fleet: Fleet, commitment: FleetCommitment, twins: dict[int, int]) -> list[FleetLimit]:
    """What the twins of several pools may have together, and each of those with its pool."""
    if len(twins) == 1:
        return []
    quotas = [(p, fleet.pools[p].max_instances) for p in commitment.pools]
    rows = [(dict.fromkeys(twins.values(), 1), commitment.instances)]
    rows += [({p: 1}, quota) for p, quota in quotas if quota is not None]
    return [FleetLimit(commitment.name, "max_instances", weight, most) for weight, most in rows]


def _weights(limit: FleetLimit, twin_of: dict[int, int]) -> dict[int, int]:
    """A machine counts for the same whether it costs anything or not."""
    return dict(limit.weight) | {twin_of[p]: weight for p, weight in limit.weight.items() if p in twin_of}


def _with_twins(component: FleetComponent, twin_of: dict[int, int], full: set[int]) -> FleetComponent:
    """The component, whose copies may stand on the twin of any pool where they may stand.

    And no longer in the `full` ones: those of which all machines that there may be are their twins'.
    """
    options = tuple(
        replace(option, pools=option.pools - full | {twin_of[p] for p in option.pools if p in twin_of})
        for option in component.options
    )
    return replace(component, options=options)
