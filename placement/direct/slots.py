"""The machines that a direct model may use, one by one: those that run now, and enough new ones of each pool."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from placement.bounds.cutoff import largest_rent
from placement.compiled.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Slot:
    """One machine of a direct model: a running instance, or a new one (None)."""

    index: int
    pool: int
    instance: int | None


def slots_of(fleet: Fleet, most_new: Sequence[int]) -> tuple[Slot, ...]:
    """Machines enough for some optimal plan: running instances first, then new machines by pool.

    `most_new`: (P,) no more new machines of each pool than these, whatever a plan may need.

    A new machine without a copy only adds cost (those that `min_instances` asks for are paid for in any case), so a
    pool never needs more new machines than it has quota, nor more than there are copies that fit it.
    """
    machines: list[tuple[int, int | None]] = [
        (i.pool, i.index) for i in fleet.instances if fleet.pools[i.pool].max_instances != 0
    ]
    for p, most in enumerate(map(min, most_new_machines(fleet), most_new)):
        machines += [(p, None)] * most
    return tuple(Slot(index, p, instance) for index, (p, instance) in enumerate(machines))


def most_new_machines(fleet: Fleet, ticks_limit: int | None = None) -> list[int]:
    """(P,) the most new machines of each pool, nor more than `ticks_limit` can buy.

    A plan of these ticks is known that leaves out no more than any plan wanted here: dearer plans are of no interest.
    """
    rent = None if ticks_limit is None else largest_rent(fleet, ticks_limit)
    users: Counter[frozenset[int]] = Counter()  # copies of the components that may run on just these pools
    for c in fleet.components:
        users[frozenset().union(*(option.pools for option in c.options))] += c.copies
    copies = [0] * len(fleet.pools)
    for pools, many in users.items():
        for p in pools:
            copies[p] += many
    return [_new_machines_limit(fleet, pool.index, copies[pool.index], rent) for pool in fleet.pools]


def _new_machines_limit(fleet: Fleet, p: int, limit: int, rent: int | None) -> int:
    """The most new machines of pool p that a plan can need for `limit` copies, which pays at most `rent` for all."""
    pool = fleet.pools[p]
    if pool.max_instances is not None:
        limit = min(limit, pool.max_instances - len(fleet.forced(p)))
    if rent is not None and pool.price > 0:
        limit = min(limit, (rent + _committed(fleet, p)) // pool.price)
    return max(0, limit)


def _committed(fleet: Fleet, p: int) -> int:
    """The most that commitments pay of machines of pool p, micro-dollars per hour."""
    price = fleet.pools[p].price
    paid = (price * k.instances if k.money is None else k.money for k in fleet.commitments if p in k.pools)
    return sum(paid)


def direct_terms(fleet: Fleet, new_machines: Sequence[int]) -> int:
    """About how many terms a direct model has with so many new machines of each pool, within a factor of two."""
    machines = Counter(instance.pool for instance in fleet.instances) + Counter(dict(enumerate(new_machines)))
    users = Counter((option.pools, option.shared) for c in fleet.components for option in c.options)
    total = 0
    for (pools, shared), options in users.items():
        for p in pools:
            total += machines[p] * options * (6 + (3 * fleet.pools[p].shape.accelerators if shared else 0))
    return total
