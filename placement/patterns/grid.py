"""Grids for the knapsacks: needs rounded down to whole units for bounds, up for plans.

Rounding down only lets more fit, so bounds stay bounds; rounding up lets nothing fit that does not. Either must lose
little, and the table of all dimensions together must stay small. Units are fractions: a floor taken in floating point
could be one too high.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from placement.patterns.parameters import GridParameters as _PARAMS
from placement.units import MIB_PER_GIB

# Needs are often whole tenths of a GiB, which are no whole MiB: candidates are decimal and binary fractions.
_PARTS = (1, 2, 4, 5, 8, 10, 16, 20)


@dataclass(frozen=True, slots=True)
class ValueGrid:
    """The dimensions that can bind, and the unit of each. Rooms are rounded down; needs too, or with `up` up."""

    dimensions: tuple[int, ...]
    units: tuple[Fraction, ...]
    up: bool

    def capacity(self, amounts: Sequence[int]) -> tuple[int, ...]:
        """What there is, (R,), in whole units."""
        return tuple(_floor(amounts[r], unit) for r, unit in zip(self.dimensions, self.units, strict=True))

    def need(self, amounts: Sequence[int]) -> tuple[int, ...]:
        """What a copy takes, (R,), in whole units."""
        return tuple(
            _rounded(amounts[r], unit, up=self.up) for r, unit in zip(self.dimensions, self.units, strict=True)
        )


def fit_grid(
    capacity: Sequence[int],
    needs: Sequence[Sequence[int]],
    counts: Sequence[int],
    *,
    up: bool = False,
) -> ValueGrid:
    """A grid for this room, (R,), and these needs, (I, R); dimensions that can't bind are left out.

    `counts` says how often an item is wanted: rounding that gives away, or takes, much of the room is avoided first.
    With several dimensions it has few states: `states` of the parameters, where that can be.
    """
    kept = _binding(capacity, needs)
    column = {r: _Column(capacity[r], [need[r] for need in needs], counts, up) for r in kept}
    unit = {r: column[r].unit(_PARAMS.finest) for r in kept}
    while len(kept) > 1 and math.prod(_floor(capacity[r], unit[r]) + 1 for r in kept) > _PARAMS.states:
        coarser = {
            r: column[r].unit(_floor(capacity[r], unit[r]) // 2) for r in kept if _floor(capacity[r], unit[r]) > 1
        }
        if not coarser:
            break
        r = min(coarser, key=lambda r: (column[r].lost(coarser[r]), r))
        unit[r] = coarser[r]
    return ValueGrid(tuple(kept), tuple(unit[r] for r in kept), up)


def _binding(capacity: Sequence[int], needs: Sequence[Sequence[int]]) -> list[int]:
    """Dimensions that no other implies: s implies r when every need takes no larger part of r than of s."""
    kept = [r for r in range(len(capacity)) if any(need[r] for need in needs)]
    for r in reversed(kept.copy()):
        others = [s for s in kept if s != r]
        if any(all(need[r] * capacity[s] <= need[s] * capacity[r] for need in needs) for s in others):
            kept.remove(r)
    return kept


@dataclass(frozen=True, slots=True)
class _Column:
    """One dimension: its room, what each item needs of it, and how often."""

    capacity: int
    needs: Sequence[int]
    counts: Sequence[int]
    up: bool

    def unit(self, most: int) -> Fraction:
        """The unit that rounds best among those with at most `most` of it in the room; the largest of equals."""
        candidates = [Fraction(math.gcd(*self.needs)), *(Fraction(MIB_PER_GIB, parts) for parts in _PARTS)]
        if self.up:  # a hair above a tenth of a GiB, as needs of whole tenths were rounded up to MiB
            candidates += [self._hair_above(unit) for unit in candidates[1:]]
        candidates.append(max(Fraction(1), Fraction(self.capacity, most)))
        allowed = [unit for unit in candidates if unit and self._suits(unit, most)]
        return min(allowed, key=lambda unit: (round(self.lost(unit), 9), -unit))

    def _suits(self, unit: Fraction, most: int) -> bool:
        """Whether the room has at most so many units, and all that fits into it still does."""
        units = _floor(self.capacity, unit)
        largest = max((need for need in self.needs if need <= self.capacity), default=0)
        return 1 <= units <= most and _rounded(largest, unit, up=self.up) <= units

    def _hair_above(self, unit: Fraction) -> Fraction:
        one = float(unit)
        pairs = ((need, max(1, round(need / one))) for need in self.needs if need)
        return Fraction(*max(pairs, key=lambda pair: pair[0] / pair[1])) if any(self.needs) else unit

    def lost(self, unit: Fraction) -> float:
        """What the rounding gives away or takes, in rooms, over all wanted copies; rounding the room counts too."""
        units, over, under = _floor(self.capacity, unit), unit.denominator, unit.numerator  # slow to look up
        if self.up:
            rounded = [-(-need * over // under) for need in self.needs]
        else:
            rounded = [need * over // under for need in self.needs]
        triples = zip(self.needs, rounded, self.counts, strict=True)
        given_away = sum(n * (need / self.capacity - k / units) for need, k, n in triples)
        return -given_away if self.up else given_away


def _rounded(amount: int, unit: Fraction, *, up: bool) -> int:
    return -(-amount * unit.denominator // unit.numerator) if up else _floor(amount, unit)


def _floor(amount: int, unit: Fraction) -> int:
    return amount * unit.denominator // unit.numerator
