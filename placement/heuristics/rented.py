"""Machines in use by pool, while a plan is built: whether one more may be used, what it adds to the price.

Quotas and limits over several pools say the one, `min_instances` and commitments the other. Both are kept up to date,
since heuristics ask for them at every machine that they might rent.
"""

from bisect import bisect_right

import numpy as np

from placement.arrays import Bools, Ints
from placement.compiled.fleet import Fleet
from placement.compiled.groups import FleetCommitment, FleetLimit
from placement.grouping import grouped


class Rented:
    """Machines in use, none at first.

    `used`: (P,) machines that count against the quota.
    `price`: micro-dollars per hour of all that must be paid for, on top of what is committed.
    `rentable`, `next_price`: (P,) whether one more machine may be used, and what it adds to `price`: nothing while
        `min_instances` or a commitment pays for it anyway.
    """

    def __init__(self, fleet: Fleet) -> None:
        """Only `min_instances` are paid for. O(pools + pools of limits and commitments)."""
        self._fleet = fleet
        self.used = [0] * len(fleet.pools)
        self._paid = [pool.min_instances for pool in fleet.pools]
        self._prices = [pool.price for pool in fleet.pools]
        self._commitment: dict[int, FleetCommitment] = {p: k for k in fleet.commitments for p in k.pools}
        self._counted = {id(limit): limit.sum(self._paid) for limit in fleet.limits}
        # What one more machine counts, lightest first: how many have room says whether a change concerns any pool.
        self._weights = {id(limit): sorted(limit.weight.values()) for limit in fleet.limits}
        self._limits = grouped((p, limit) for limit in fleet.limits for p in limit.weight)
        self.price = fleet.rent(self._paid)
        self.rentable: Bools = np.array([self._may(p) for p in range(len(self.used))], dtype=np.bool_)
        each = [self._price_of_next(p) for p in range(len(self.used))]
        self.next_price: Ints = np.array(each, dtype=np.int64)

    def add(self, p: int, count: int) -> None:
        """So many machines of pool p more in use, or fewer. O(1), but for pools of commitments and of full limits."""
        self.used[p] += count
        before, self._paid[p] = self._paid[p], max(self.used[p], self._fleet.pools[p].min_instances)
        more = self._paid[p] - before
        if p in self._commitment:
            self._add_committed(p, before)
        else:
            self.price += more * self._prices[p]
            self.next_price[p] = self._price_of_next(p)
        self.rentable[p] = self._may(p)
        for limit in self._limits.get(p, ()) if more else ():
            self._add_counted(limit, more * limit.weight[p])

    def most_alike(self, p: int, most: int) -> int:
        """How many more machines of pool p may be used for one and the same price, up to `most`."""
        pool, used = self._fleet.pools[p], self.used[p]
        if p in self._commitment:  # the price may change with each
            return 0
        if pool.max_instances is not None:
            most = min(most, pool.max_instances - used)
        if used < pool.min_instances:
            return max(0, min(most, pool.min_instances - used))
        for limit in self._limits.get(p, ()):
            most = min(most, (limit.most - self._counted[id(limit)]) // limit.weight[p])
        return max(0, most)

    def full_limits(self, p: int) -> list[FleetLimit]:
        """The limits within which there is no further machine of pool p; none where its quota has no room either."""
        if self.used[p] < self._fleet.pools[p].min_instances or not self.has_quota(p):
            return []
        return [limit for limit in self._limits.get(p, ()) if self.counted(limit) + limit.weight[p] > limit.most]

    def has_quota(self, p: int) -> bool:
        """Whether the quota of pool p has room for one more machine, whatever limits say."""
        most = self._fleet.pools[p].max_instances
        return most is None or self.used[p] < most

    def counted(self, limit: FleetLimit) -> int:
        """What all that is paid for counts against a limit."""
        return self._counted[id(limit)]

    @property
    def within_limits(self) -> bool:
        """Whether all that is paid for keeps every limit. O(limits)."""
        return all(self._counted[id(limit)] <= limit.most for limit in self._fleet.limits)

    def _add_counted(self, limit: FleetLimit, more: int) -> None:
        """Count so much more against a limit, and look at the pools for a machine of which room comes or ends."""
        room, weights = limit.most - self._counted[id(limit)], self._weights[id(limit)]
        self._counted[id(limit)] += more
        before, after = bisect_right(weights, room), bisect_right(weights, room - more)
        if before == after:
            return
        changed = weights[min(before, after) : max(before, after)]
        for p, weight in limit.weight.items():
            if changed[0] <= weight <= changed[-1]:
                self.rentable[p] = self._may(p)

    def _add_committed(self, p: int, before: int) -> None:
        """Count the price of a commitment's pools anew, as pool p had `before` machines that were paid for."""
        commitment, after = self._commitment[p], self._paid[p]
        self._paid[p] = before
        self.price += commitment.pays(self._paid, self._prices)
        self._paid[p] = after
        self.price += (after - before) * self._prices[p] - commitment.pays(self._paid, self._prices)
        for other in commitment.pools:
            self.next_price[other] = self._price_of_next(other)

    def _price_of_next(self, p: int) -> int:
        if self.used[p] < self._fleet.pools[p].min_instances:
            return 0
        commitment = self._commitment.get(p)
        if commitment is None:
            return self._prices[p]
        now = commitment.pays(self._paid, self._prices)
        self._paid[p] += 1
        then = commitment.pays(self._paid, self._prices)
        self._paid[p] -= 1
        return self._prices[p] - (then - now)

    def _may(self, p: int) -> bool:
        return self.has_quota(p) and not self.full_limits(p)
