"""Price-guided greedy: each copy goes where its share of the price is least, on a machine in use or on a new one.

The share (see `shares`) makes machines of unlike price and size comparable, so types are chosen for the whole load and
not for one copy: a machine is rented where copies like these are cheap by the gigabyte, not where one machine is cheap.
A machine in use that is dear for a copy is passed over while a new one is cheaper by more than `patience`; what is left
there is for copies that are cheap there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from placement.arrays import Floats, Ints
from placement.heuristics.best_fit import slack
from placement.heuristics.first_fit_decreasing import options_by_cost, sizes
from placement.heuristics.parameters import PricedGreedyParameters as _PARAMS
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace

_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class GreedyParameters:
    """How one restart judges: see `shares.Shares.cost` for the first three; `patience` is a part of the cost.

    With `fills_bins` machines are filled one by one first (see `bin_filling`).
    """

    likeness: float = 0.0
    weights: Floats | None = None
    scarcity: Floats | None = None
    patience: float = 0.25
    fills_bins: bool = False


class Greedy:
    """The choices of one restart."""

    def __init__(
        self,
        ws: Workspace,
        shares: Shares,
        parameters: GreedyParameters = GreedyParameters(),
        noise: np.random.Generator | None = None,
    ) -> None:
        """With `noise`, sizes and costs are bent at random."""
        cost = shares.cost(parameters.likeness, parameters.weights, parameters.scarcity)
        if noise is not None:
            cost = cost * noise.uniform(1 - _PARAMS.noise, 1 + _PARAMS.noise, cost.shape)
        self.cost = cost
        self.size = sizes(ws, shares, cost, noise)
        self._first = shares.first
        self._options = options_by_cost(shares, cost)
        self.dual_values = dual_values_of(shares, cost)
        self._to_come = [0.0] * len(self.dual_values)
        self._patience = 1.0 + parameters.patience
        pools = ws.fleet.pools
        self._price = np.array([pool.price for pool in pools], dtype=np.float64)
        self._memory = np.array([max(1, p.shape.accelerators * p.shape.memory_mib) for p in pools], dtype=np.float64)
        # By component and zone, every mode with every pool where it may run.
        self._places: dict[tuple[int, int], tuple[Ints, Ints]] = {}
        self._by_zone = np.argsort(ws.zone_of_pool, kind="stable")
        self._zone_starts = np.searchsorted(ws.zone_of_pool[self._by_zone], np.arange(len(ws.fleet.zones)))

    def order(self, ws: Workspace, components: Sequence[int]) -> list[int]:
        """Biggest first; what those after each component are worth is noted, for `rental`."""
        order = sorted(components, key=lambda c: -self.size[c])
        to_come = 0.0
        for c in reversed(order):
            self._to_come[c] = to_come
            to_come += self.dual_values[c] * _open(ws, c)
        return order

    def options(self, ws: Workspace, c: int) -> Sequence[int]:
        """Cheapest first."""
        return self._options[c]

    def zone_weights(self, ws: Workspace, c: int) -> Sequence[float]:
        """Per zone, the cheapest share there, by any option on any pool."""
        if not len(self._by_zone):
            return []
        cheapest = self._block(c).min(axis=0, initial=np.inf)
        weights: list[float] = np.minimum.reduceat(cheapest[self._by_zone], self._zone_starts).tolist()
        return weights

    def machines(self, ws: Workspace, c: int, zone: int) -> Iterator[tuple[int, int]]:
        """Rows by cost of the copy there, then tightest; those much dearer than a new machine are passed over."""
        limit, serves = self._patience * self._cheapest_rental(ws, c, zone), self._serves(ws, c)
        by_option: list[tuple[int, Floats, Ints, Ints]] = []
        for o in self._options[c]:
            cost = self.cost[self._first[c] + o] / serves[o]
            near = cost <= limit
            rows = ws.fits(c, o, zone, near).nonzero()[0] if near.any() else _NONE
            if len(rows):
                by_option.append((o, cost[ws.pool[rows]], slack(ws, c, o, rows), rows))
        if not by_option:
            return
        options, costs, slacks, machines = zip(*by_option, strict=True)
        option = np.repeat(options, [len(rows) for rows in machines])
        row = np.concatenate(machines)
        order = np.lexsort((option, row, np.concatenate(slacks), np.concatenate(costs)))
        yield from zip(option[order].tolist(), row[order].tolist(), strict=True)

    def rental(self, ws: Workspace, c: int, left: int, zone: int) -> tuple[int, int] | None:
        """The option and pool of the least share, machines that are paid for anyway before all others.

        A machine that the load to come can't fill is charged to what does come, so the last machines are small ones.
        """
        mode, pool = self._rentals(ws, c, zone)
        if not len(pool):
            return None
        dual_value = self.dual_values[c]
        own = min(left, _open(ws, c)) if not ws.fleet.components[c].demand else _open(ws, c)
        to_come = self._to_come[c]
        load = own * dual_value + (max(0.0, to_come - self._reserve(ws)) if to_come > 0 else 0.0)
        share = self._share(ws, c, mode, pool)
        price = self._price[pool]
        filled = load * share / dual_value if dual_value > 0 else np.full(len(pool), np.inf)
        charged = np.maximum(1.0, price / np.maximum(1.0, filled)) * share
        paid = ws.rented.next_price[pool] > 0
        if not paid.all():  # pools that are paid for anyway come before all others
            charged[paid] = np.inf
        least = int(charged.argmin())  # of equal ones the first pool, then the first option
        return mode.item(least) - self._first[c], pool.item(least)

    def _reserve(self, ws: Workspace) -> float:
        """What the room on machines in use is worth to the load to come."""
        n = ws.rows
        pool = ws.pool[:n]
        free_memory = np.add.reduce(np.maximum(ws.free_memory[:n], 0), axis=1) / self._memory[pool]
        return _PARAMS.room_used * float(np.add.reduce((free_memory * self._price[pool])[ws.busy[:n]]))

    def _block(self, c: int) -> Floats:
        first = self._first[c]
        return self.cost[first : first + len(self._options[c])]

    def _cheapest_rental(self, ws: Workspace, c: int, zone: int) -> float:
        mode, pool = self._rentals(ws, c, zone)
        return float(np.minimum.reduce(self._share(ws, c, mode, pool), initial=np.inf))

    def _rentals(self, ws: Workspace, c: int, zone: int) -> tuple[Ints, Ints]:
        """Modes of c and pools of which one more machine may be used for them, by pool, then by option. O(both)."""
        found = self._places.get((c, zone))
        if found is None:
            first, allowed = self._first[c], [pools.allowed_in(zone) for pools in ws.reach[c]]
            pool, option = np.nonzero(np.array(allowed, dtype=np.bool_).reshape(len(allowed), -1).T)
            found = self._places[c, zone] = first + option, pool
        mode, pool = found
        open_ = ws.may_rent(c)[pool]
        return mode[open_], pool[open_]

    def _share(self, ws: Workspace, c: int, mode: Ints, pool: Ints) -> Floats:
        """What a copy (under a demand: a unit of what is open of it) is charged by each mode on each pool."""
        cost: Floats = self.cost[mode, pool]
        if ws.fleet.components[c].demand:
            cost = cost / np.array(self._serves(ws, c))[mode - self._first[c]]
        return cost

    def _serves(self, ws: Workspace, c: int) -> list[int]:
        """What a copy by each option serves of what is open of a demand; 1 without a demand."""
        demand = ws.fleet.components[c].demand
        return [max(1, min(mode.throughput, demand - ws.served[c])) if demand else 1 for mode in ws.modes[c]]


def dual_values_of(shares: Shares, cost: Floats) -> list[float]:
    """(C,) the least that a copy (under a demand: a unit of throughput) is charged anywhere; 0 if nowhere fits."""
    least = shares.least_of_each(cost.min(axis=1, initial=np.inf) / shares.serves)
    found: list[float] = np.where(np.isfinite(least), least, 0.0).tolist()
    return found


def _open(ws: Workspace, c: int) -> int:
    """Copies, or units of throughput, that are still to be placed."""
    component = ws.fleet.components[c]
    return max(0, component.demand - ws.served[c]) if component.demand else max(0, component.copies - ws.placed[c])
