"""Inequalities that hold copies within the accelerators of their pools, for programs that know no patterns.

Give each item a whole weight, and let `most` be the largest weight of any pattern, found by an exact knapsack. Then the
copies on a pool weigh at most `most` times its accelerators, and an accelerator that a copy owns weighs `most`. Weights
that say something are amounts of memory and the like, and prices of the pattern LP of one pool: where whole copies on
whole machines can't stand there even when patterns may be cut to parts, its prices are weights whose inequality they
break (cutting planes by column generation: Gilmore and Gomory 1961, *A linear programming approach to the cutting-stock
problem*, Oper. Res. 9). All in integers: where the weights came from does not matter.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from placement.engines.highs import LARGEST, linear_program, solved
from placement.patterns.formulation import DeviceClass, Relaxation
from placement.patterns.modes import Mode
from placement.patterns.parameters import WeightParameters as _PARAMS


@dataclass(frozen=True, slots=True)
class Weights:
    """Of alike pools, by the first of them: `items`, (items of its device_class,), what each weighs on one accelerator.

    And the `most` that all on one accelerator can weigh.
    """

    pool: int
    items: tuple[int, ...]
    most: int

    def of(self, mode: Mode) -> int:
        """What a copy by a mode on one of the pools weighs, on all of its accelerators together."""
        return mode.owns * self.most + mode.touches * (0 if mode.item is None else self.items[mode.item])


def first_weights(relaxation: Relaxation, pools: Iterable[int]) -> Iterator[Weights]:
    """What copies take of each resource of an accelerator (or of a machine with at most one), for each of some pools.

    As it is where numbers are small enough, else rounded down.
    """
    wanted = set(pools)
    for device_class in relaxation.device_classes:
        full = full_weight(relaxation, device_class)
        found = set()
        for r, have in enumerate(device_class.capacity):
            needs = [need[r] for need in device_class.needs]
            unit = math.gcd(have, *needs)
            if have and any(needs):
                most = min(full, have // unit)
                found.add((tuple(most * need // have for need in needs), most))
        found = found or {((0,) * len(device_class.items), 1)}  # owned accelerators alone
        for items, most in sorted(found):
            for p in wanted.intersection(device_class.pools):
                yield Weights(p, items, most)


def full_weight(relaxation: Relaxation, device_class: DeviceClass) -> int:
    """The largest weight of a full accelerator with which those of a whole machine are not too large for an engine."""
    return max(1, LARGEST // max(relaxation.devices(p) for p in device_class.pools))


class PoolFit:
    """Whether copies have room on the accelerators of alike pools, as far as patterns in parts can tell."""

    def __init__(self, relaxation: Relaxation, device_class: DeviceClass, pool: int) -> None:
        """Patterns of single items; more are found as they are asked for."""
        self._device_class, self._pool, self._full = device_class, pool, full_weight(relaxation, device_class)
        self._patterns: list[dict[int, int]] = []

    def lacking(self, copies: Mapping[int, float], accelerators: float) -> Weights | None:
        """Weights whose inequality so many accelerators break; None where there is room, or no answer.

        `copies` are accelerators touched, by item, which may be parts; `accelerators` those that no copy owns.
        """
        wanted = {i: n for i, n in copies.items() if n > 0}
        limits = self._device_class.knapsack.limits
        if not wanted or any(not limits[i] for i in wanted):
            return None
        known = [pattern for pattern in self._patterns if any(i in wanted for i in pattern)]
        known += [{i: limits[i]} for i in wanted]
        for _ in range(_PARAMS.rounds):
            prices = _item_prices(known, wanted)
            if prices is None:
                return None
            items = [0] * len(self._device_class.items)
            for i, price in prices.items():
                items[i] = math.floor(price * self._full)
            most, pattern = self._device_class.knapsack.best_pattern(items)
            if most and sum(items[i] * n for i, n in wanted.items()) > most * (accelerators + _PARAMS.broken):
                return Weights(self._pool, tuple(items), most)
            if most <= self._full * (1 + _PARAMS.more) + len(wanted):
                return None
            known.append(pattern)
            self._patterns.append(pattern)
        return None


def _item_prices(patterns: Sequence[Mapping[int, int]], wanted: Mapping[int, float]) -> dict[int, float] | None:
    """What one more accelerator touched by each item asks for of accelerators, when these patterns may be cut.

    None where the engine fails. Items that are not `wanted`, so often each, stand in patterns for nothing.
    """
    row = {i: r for r, i in enumerate(wanted)}
    columns = [[(row[i], float(n)) for i, n in pattern.items() if i in row] for pattern in patterns]
    lp = linear_program(columns, np.ones(len(patterns)), within=(0.0, np.inf), rows=([*wanted.values()], np.inf))
    solver = solved(lp)
    if solver is None:
        return None
    return dict(zip(row, (max(0.0, price) for price in solver.getSolution().row_dual), strict=True))
