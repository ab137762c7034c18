r"""Prices of groups of alike components as prices of the whole: a bound of fleets whose own LP is too large.

The LP of thousands of components does not converge in a minute; that of a few hundred groups of them does
(`reductions.relaxing_aggregation`). A group needs as little as the least of its components, and that is all that its
bound loses. So its prices are taken for each of its components, with the needs that these have, in two steps:

1. *Lift.* A component's copies have the price of its group. Patterns of the whole are patterns of the groups, so they
   are worth no more. Where components of several groups have the same needs, they have the highest of their prices, or
   as much of it as keeps patterns within what an accelerator is worth.
2. *Raise.* What larger components leave free is slack: an item's is what an accelerator is worth, less the most that a
   pattern with it is worth. All prices rise at once, by the part of their slack that their item takes of the
   accelerator. These parts are at most 1 in a pattern, and no slack in it is more than the pattern's, so none gets
   worth more than the accelerator. A price rises no further than the component's cheapest mode. This repeats a few
   times: dual ascent, as of Erlenkotter (1978, *A dual-based procedure for uncapacitated facility location*, Operations
   Research 26).

What comes out is proven as any prices are (`certificate`), whatever was rounded here.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from placement.arrays import Floats, Ints
from placement.compiled.fleet import Fleet
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import FINE, Cut, Prices, capacity_values, certify, machine_values, mode_values
from placement.patterns.covering import any_domain, covering_bound
from placement.patterns.formulation import RELAXES, RELAXES_KEPT, DeviceClass, Relaxation, relax
from placement.patterns.parameters import CoarsePriceParameters as _PARAMS
from placement.patterns.running.kept_copies import KeptCopiesBound
from placement.patterns.running.state import RunningState
from placement.patterns.size import may_build
from placement.solving.budget import Budget
from placement.vector_packing.knapsack import Knapsack


class WholeBound:
    """Bounds of a whole fleet by prices of its groups; its relaxation is built once for all of them."""

    def __init__(self, fleet: Fleet, given: tuple[int, ...] | None) -> None:
        """`given` as in `Incumbent.raise_bound`; the fleet has no limits and no commitments."""
        self._fleet, self._given = fleet, given
        self._relaxation: Relaxation | None = None

    def by(self, groups: Sequence[Sequence[int]], bound: PatternBound, budget: Budget) -> tuple[int, str]:
        """What the best prices of the bound of some groups prove of the whole, micro-dollars per hour; what it relaxes.

        `groups` are the components that each component of that fleet is. 0 where there are no prices, or no time to
        build the relaxation. O(modes + knapsacks) a round.
        """
        if bound.prices is None or (self._relaxation is None and not may_build(self._fleet, budget)):
            return 0, RELAXES
        if self._relaxation is None:
            self._relaxation = relax(self._fleet, self._given, classes_of=bound.relaxation)
        if self._relaxation.class_of != bound.relaxation.class_of:  # so many items that zones share classes there
            return 0, RELAXES
        whole = with_grids_of(self._relaxation, bound.relaxation)
        cut = whole_cut(whole, bound.relaxation, groups, bound.prices, budget)
        return max((covering_bound(self._fleet, cut) or 0, RELAXES), (self._with_what_runs(whole, cut), RELAXES_KEPT))

    def _with_what_runs(self, whole: Relaxation, cut: Cut) -> int:
        """What the same prices prove of machines and moves; 0 where nothing runs, or moves cost nothing."""
        fleet = self._fleet
        if not fleet.places or not fleet.tick_price or cut.prices is None:
            return 0
        kept = KeptCopiesBound(RunningState(whole), (), any_domain(fleet, ()))
        kept.try_prices(cut.prices)
        return math.floor(kept.bound)


def whole_cut(
    whole: Relaxation, coarse: Relaxation, groups: Sequence[Sequence[int]], prices: Prices, budget: Budget
) -> Cut:
    """The cut that prices of groups prove of the whole, once they are raised as long as there is time.

    Parameters
    ----------
    whole : of the whole fleet, with the device classes of `coarse` and needs rounded as they are there.
    groups : the components of the whole that each component of the coarse fleet is.

    O(modes + knapsacks) in each of a few rounds.
    """
    most = capacity_values(coarse, prices)
    lifted = _lift(whole, coarse, groups, prices, most)
    capacity = capacity_values(whole, lifted)
    ascent = _Ascent(whole, lifted, capacity)
    for _ in range(_PARAMS.rounds):
        if budget.over():
            break
        ascent.step()
    return certify(whole, ascent.prices, capacity_values(whole, ascent.prices))


def with_grids_of(whole: Relaxation, coarse: Relaxation) -> Relaxation:
    """The whole with needs rounded as those of the groups, as on a grid of its own more might fit; and all its rows.

    Those of copies on one machine are left out where an LP would have too many, but here is none.
    """
    classes = []
    for own, theirs in zip(whole.device_classes, coarse.device_classes, strict=True):
        grid = theirs.grid
        knapsack = Knapsack(grid.capacity(own.capacity), [grid.need(need) for need in own.needs], own.knapsack.limits)
        classes.append(replace(own, grid=grid, knapsack=knapsack))
    return replace(whole, device_classes=tuple(classes), on_one=whole.on_one_all)


def _lift(
    whole: Relaxation, coarse: Relaxation, groups: Sequence[Sequence[int]], prices: Prices, most: Sequence[int]
) -> Prices:
    """The prices of the groups for their components; `most`, (device classes,), is an accelerator's."""
    group_of = {c: g for g, group in enumerate(groups) for c in group}
    claims = _claims(whole, coarse, group_of, prices)
    coverage = [
        _blended(
            device_class, [claims.get((device_class.index, i), [0]) for i in range(len(device_class.items))], value
        )
        for device_class, value in zip(whole.device_classes, most, strict=True)
    ]
    return replace(
        prices.alone(),
        coverage=coverage,
        on_one={key: price for key, price in _of_single(groups, prices.on_one) if key in whole.on_one},
        elsewhere=dict(_of_single(groups, prices.elsewhere)),
    )


def _of_single(
    groups: Sequence[Sequence[int]], prices: Mapping[tuple[int, int], int]
) -> Iterator[tuple[tuple[int, int], int]]:
    """Prices by component and pool, of those alone in their groups: a group of many says nothing of one of them."""
    return (((groups[g][0], p), price) for (g, p), price in prices.items() if price and len(groups[g]) == 1)


def _claims(
    whole: Relaxation, coarse: Relaxation, group_of: Mapping[int, int], prices: Prices
) -> dict[tuple[int, int], list[int]]:
    """By device class and item of the whole, the prices that the groups of its components have there."""
    of_groups = {(mode.component, mode.option, mode.pool): mode for mode in coarse.modes}
    claims: dict[tuple[int, int], list[int]] = {}
    for mode in whole.modes:
        theirs = of_groups.get((group_of[mode.component], mode.option, mode.pool))
        if mode.item is None or mode.device_class is None or theirs is None or theirs.item is None:
            continue
        price = prices.coverage[mode.device_class][theirs.item]
        claims.setdefault((mode.device_class, mode.item), []).append(price)
    return claims


def _blended(device_class: DeviceClass, claims: Sequence[Sequence[int]], most: int) -> list[int]:
    """A price for each item between its lowest and its highest: as high as keeps patterns within an accelerator's."""
    low, high = [min(claim) for claim in claims], [max(claim) for claim in claims]
    blends = (
        [(k * dear + (_PARAMS.blends - k) * cheap) // _PARAMS.blends for cheap, dear in zip(low, high, strict=True)]
        for k in range(_PARAMS.blends, 0, -1)
    )
    return next((blend for blend in blends if device_class.knapsack.value(blend) <= most), low)


@dataclass(frozen=True, slots=True)
class _Items:
    """The items of a device class that take room: which they are, (N,), and what each leaves of the table's room.

    `parts`, (N,), are what they take of an accelerator, at most 1 together in any pattern.
    """

    index: Ints
    left: tuple[Ints, ...]
    parts: Floats

    @classmethod
    def of(cls, knapsack: Knapsack) -> Self:
        shape = (len(knapsack.needs), len(knapsack.capacity))
        needs, room = np.array(knapsack.needs, dtype=np.int64).reshape(shape), np.array(knapsack.capacity)
        some = np.flatnonzero((needs <= room).all(axis=1) & needs.any(axis=1))
        parts = needs[some] / np.maximum(room, 1)
        return cls(some, tuple((room - needs[some]).T), parts.sum(axis=1) / max(1, len(room)))


class _Ascent:
    """Prices of items that rise, while those of accelerators and machines stay."""

    def __init__(self, relaxation: Relaxation, prices: Prices, capacity: list[int]) -> None:
        """O(modes)."""
        self.prices = prices
        self._capacity = capacity
        self._knapsacks = [device_class.knapsack for device_class in relaxation.device_classes]
        self._items = [_Items.of(knapsack) for knapsack in self._knapsacks]
        self._first = np.cumsum([0, *(len(device_class.items) for device_class in relaxation.device_classes)])
        machine = machine_values(relaxation, prices, capacity)
        free = replace(prices, coverage=[[0] * len(coverage) for coverage in prices.coverage])
        values = mode_values(relaxation, free, capacity, machine)
        uses = relaxation.arrays.items
        self._others = np.array([value / FINE for value in values])  # what is paid for all but patterns
        self._modes, self._item, self._times = uses.modes, uses.of, uses.amounts.astype(np.float64)
        self._choice, self._serves = _choices(relaxation)

    def step(self) -> None:
        """Raise every price by its part of its slack, if that raises what a component pays at least."""
        most = np.concatenate([np.zeros(0), *self._rises()])
        price = np.array([price for coverage in self.prices.coverage for price in coverage], dtype=np.float64)
        values, more = self._others.copy(), np.zeros(len(self._others))
        values[self._modes] += self._times * price[self._item]
        more[self._modes] = self._times * most[self._item]
        least = np.full(self._choice.max(initial=-1) + 1, np.inf)
        np.minimum.at(least, self._choice, (values + more) / self._serves)
        wanted = np.clip(least[self._choice] * self._serves - values, 0.0, more)
        rise = np.zeros(len(price))
        np.maximum.at(rise, self._item, wanted[self._modes] / self._times)
        for coverage, first in zip(self.prices.coverage, self._first.tolist(), strict=False):
            for i, old in enumerate(coverage):
                coverage[i] = old + int(rise[first + i])

    def _rises(self) -> Iterator[Floats]:
        """By device class, (items,): by how much each price may rise when all do."""
        for q, (knapsack, items) in enumerate(zip(self._knapsacks, self._items, strict=True)):
            rises = np.zeros(len(knapsack.needs))
            if len(items.index):
                coverage = self.prices.coverage[q]
                # With one more of an item than its limit allows patterns look dearer than they are: slack is less.
                rest = knapsack.table(coverage)[items.left].astype(np.float64)
                slack = self._capacity[q] - rest - np.array([coverage[i] for i in items.index.tolist()], dtype=float)
                rises[items.index] = items.parts * np.maximum(slack, 0.0)
            yield rises


def _choices(relaxation: Relaxation) -> tuple[Ints, Floats]:
    """By mode which choice it belongs to, of which copies take the cheapest, and how much a copy serves of a demand.

    A component is one choice; one with limits on zones or pools has one in each.
    """
    number: dict[tuple[int, int, int], int] = {}
    choice, serves = [], []
    for modes in relaxation.modes_of:
        for mode in modes:
            c = mode.component
            zone = mode.zone if relaxation.zones[c] is not None else -1
            pool = mode.pool if c in relaxation.in_pool else -1
            choice.append(number.setdefault((c, zone, pool), len(number)))
            serves.append(max(1, mode.throughput) if relaxation.fleet.components[c].demand else 1)
    return np.array(choice, dtype=np.int64), np.array(serves, dtype=np.float64)
