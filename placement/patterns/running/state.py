r"""What runs now, as the pattern bound sees it: copies that are kept save the money of a move.

A plan that keeps k of the r copies of a component that run now and that it needs pays for at least r - k moves. With
any reward :math:`\kappa_c` for each copy kept, at least 0 and at most the money of a move, the inequality of
`certificate` becomes

.. math:: \sum_p W_p n_p + \sum_m (W_m - W_p) s_m + \sum_c \kappa_c \cdot moves_c \ge D + \sum_c \kappa_c r_c,

where :math:`s_m` says whether running machine m, of pool p, stays, and :math:`W_m \ge W_p` is the most that it can be
worth with the rewards: on each accelerator any of the copies that run there, at their prices and their part of the
reward, and the best pattern in the room that they leave. That is computed over all patterns, so any prices and rewards
are a proof. Prices of items may be negative here: what a plan's machines hold and what its copies are is the same, so
both sides count it alike, and a pattern need not hold what is worth less than nothing. The least money that keeps the
inequality is a fractional covering knapsack of machines and moves; in a node it is Lagrange's.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from placement.bounds.fractional_cover import Offer, cheapest_cover
from placement.bounds.moves import least_moves
from placement.compiled.broken_rule import broken_machine_rule
from placement.compiled.packing import Machine, Seat
from placement.compiled.running import RunningInstance
from placement.patterns.certificate import FINE, UNIT, Groups, NodeDomain, Prices, certify, machine_costs
from placement.patterns.formulation import Relaxation
from placement.patterns.modes import Mode
from placement.patterns.parameters import RunningStateParameters as _PARAMS


@dataclass(frozen=True, slots=True)
class Resident:
    """Copies that run on an accelerator, by place of the fleet; they own it when they are no `item` of its class.

    Each touches `width` accelerators.
    """

    place: int
    component: int
    item: int | None
    width: int
    count: int


@dataclass(frozen=True, slots=True)
class RunningSeat:
    """An accelerator that is in use, or a machine with at most one; its device class, and who stands there."""

    device_class: int
    residents: tuple[Resident, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """A machine that runs and may stay: its seats, and copies of which is not said where they stand, by component.

    A `closed` one is cordoned, and all of its copies may go on as they do. So plans have only these there: any others
    would be of the same components, no more of each, and moved.
    """

    pool: int
    removable: bool
    closed: bool
    seats: tuple[int, ...]
    loose: dict[int, int]


class RunningState:
    """Seats, machines (as the fleet's instances), and per component what moves cost and how many copies could be kept.

    `money` is that of one move, micro-dollars per hour of the horizon, or enough to keep a copy. `needed` copies run
    and are part of any plan.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        """O(places)."""
        fleet = relaxation.fleet
        self.relaxation = relaxation
        self.seats: list[RunningSeat] = []
        self.machines: list[Running] = []
        self._find()
        most = _PARAMS.dear * max((pool.price for pool in fleet.pools), default=0)
        hour = Fraction(fleet.tick_move, fleet.tick_price)
        self._money = [c.move_cost * hour for c in fleet.components]
        self.money = [min(money, Fraction(most)) for money in self._money]
        given = relaxation.given
        planned = [
            c.copies if c.level is not None and given is not None and not given[c.level] else c.required
            for c in fleet.components
        ]
        self.needed = [min(pair) for pair in zip(fleet.running, planned, strict=True)]
        self._forced = [min(pair) for pair in zip(least_moves(fleet), self.needed, strict=True)]

    def _find(self) -> None:
        relaxation, fleet = self.relaxation, self.relaxation.fleet
        modes = {(mode.component, mode.option, mode.pool): mode for mode in relaxation.modes}
        on: list[dict[int, list[Resident]]] = [{} for _ in fleet.instances]
        loose: list[Counter[int]] = [Counter() for _ in fleet.instances]
        for k, place in enumerate(fleet.places):
            pool = fleet.instances[place.instance].pool
            mode = modes.get((place.component, place.option, pool))
            if mode is None:
                continue
            seats = _seats_of(mode, place.accelerators, relaxation.devices(pool))
            resident = Resident(k, mode.component, mode.item, len(seats), place.count)
            for a in seats:
                on[place.instance].setdefault(a, []).append(resident)
            if not seats:
                loose[place.instance][mode.component] += place.count
        for instance, residents, others in zip(fleet.instances, on, loose, strict=True):
            first = len(self.seats)
            self.seats += [
                RunningSeat(relaxation.class_of[instance.pool], tuple(some)) for _, some in sorted(residents.items())
            ]
            seats = tuple(range(first, len(self.seats)))
            closed = instance.cordoned and not others and self._may_all_stay(instance)
            self.machines.append(Running(instance.pool, instance.removable, closed, seats, dict(others)))

    def _may_all_stay(self, instance: RunningInstance) -> bool:
        """Whether all that runs on a machine keeps its rules; False where accelerators are not said."""
        seats: list[Seat] = []
        for place in self.relaxation.fleet.places:
            if place.instance == instance.index:
                if place.accelerators is None:
                    return False
                seats += [Seat(place.component, place.option, place.accelerators)] * place.count
        return not broken_machine_rule(self.relaxation.fleet, Machine(instance.pool, instance.index, tuple(seats)))

    @property
    def stake(self) -> Fraction:
        """What moving every copy would cost, micro-dollars per hour."""
        return sum((money * n for money, n in zip(self.money, self.needed, strict=True)), Fraction(0))

    def bound(self, prices: Prices, capacity: Sequence[int], seats: Sequence[int], domain: NodeDomain) -> Fraction:
        """The least money of machines and moves of any plan, micro-dollars per hour, by these prices.

        That is a fractional covering knapsack of machines and moves (Dantzig 1957).

        Parameters
        ----------
        prices : with rewards for copies that are kept, at most the money of a move.
        capacity, seats : the most that an accelerator of each device class, and each seat with its residents, can be
            worth.
        domain : of it the ranges of the machines of each pool count.

        O(modes + knapsacks + running machines).
        """
        fleet, cut = self.relaxation.fleet, certify(self.relaxation, prices, list(capacity))
        paid, missing = self._moves(prices.rewards)
        missing += cut.least
        offers: list[Offer] = [(1, 1, None)]  # moves: their money is worth itself
        for pool, more in zip(fleet.pools, self._more(prices.rewards, capacity, seats), strict=True):
            price, low, high = pool.price * UNIT, domain.fewest[pool.index], domain.most[pool.index]
            # Running machines are worth no less than new ones, so those that are paid for anyway are the best of them,
            # and new ones are what the range has beside all of them.
            new = cut.coefficients[pool.index]
            running = [new + each for each in more]
            paid += low * price
            missing -= sum(running[:low]) + new * max(0, low - len(running))
            offers += [(price, value, 1) for value in running[low:high]]
            offers.append((price, new, max(0, high - max(low, len(running)))))
        return (paid + cheapest_cover(missing, offers)[0]) / UNIT

    def node_bound(
        self, prices: Prices, capacity: Sequence[int], seats: Sequence[int], groups: Groups, domain: NodeDomain
    ) -> Fraction:
        """The same in a node: a range of the machines of each pool and of each of the groups, and of sums of copies.

        Lagrangian, as `certificate.domain_bound`: with price 1 on the inequality every count is cheapest by itself,
        that of a pool with those of its running machines that are worth most.
        """
        fleet, cut = self.relaxation.fleet, certify(self.relaxation, prices, list(capacity), domain.aggregates)
        paid, missing = self._moves(prices.rewards)
        costs = machine_costs(fleet, cut, groups, prices.group)
        more = [*self._more(prices.rewards, capacity, seats), *([] for _ in groups)]
        ranges = zip(domain.fewest, domain.most, strict=True)
        least = sum(_least(cost, *ends, saved) for cost, ends, saved in zip(costs, ranges, more, strict=True))
        return Fraction(paid + missing + cut.least + least, UNIT)

    def _moves(self, rewards: Sequence[int]) -> tuple[int, int]:
        """The money of moves that no plan avoids, which are paid for; and what all others are worth, or less."""
        paid = sum(math.floor(money * UNIT) * n for money, n in zip(self._money, self._forced, strict=True))
        return paid, sum(r * FINE * (n - f) for r, n, f in zip(rewards, self.needed, self._forced, strict=True))

    def _more(self, rewards: Sequence[int], capacity: Sequence[int], seats: Sequence[int]) -> list[list[int]]:
        """By pool, by how much its running machines are worth more than others, in 1 / UNIT; the largest first."""
        found: list[list[int]] = [[] for _ in self.relaxation.fleet.pools]
        for machine in self.machines:
            more = sum(seats[s] - capacity[self.seats[s].device_class] for s in machine.seats)
            more += sum(rewards[c] * n for c, n in machine.loose.items())
            found[machine.pool].append(more * FINE)
        return [sorted(pool, reverse=True) for pool in found]


def _least(cost: int, low: int, high: int, saved: Sequence[int]) -> int:
    """The least of n machines at a cost each, any sign, for n in a range; the n-th saves the n-th of `saved`."""
    n = high if cost < 0 else max(low, min(high, sum(more > cost for more in saved)))
    return cost * n - sum(saved[:n])


def _seats_of(mode: Mode, accelerators: tuple[int, ...] | None, devices: int) -> tuple[int, ...]:
    """The accelerators on which copies by this mode stand; none where they have none, or which is not known."""
    if mode.device_class is None or (mode.item is None and not mode.owns):
        return ()
    return (0,) if devices <= 1 else accelerators or ()
