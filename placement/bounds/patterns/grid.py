"""Grids for the knapsacks: needs rounded down to units, so that every content that fits still fits.

Rounding down only lets more fit, so bounds stay bounds; it must lose little, and the table of all dimensions together
must stay small. Units are fractions: a floor taken in floating point could be one too high.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from placement.units import MIB_PER_GIB

if TYPE_CHECKING:
    from collections.abc import Sequence

FINEST = 2048  # units of one dimension; finer grids cost time and bring little
STATES = 16_000  # of the table of several dimensions
# Needs are often whole tenths of a GiB, which are no whole MiB: candidates are decimal and binary fractions.
_PARTS = (1, 2, 4, 5, 8, 10, 16, 20)


def fit_grid(
    room: Sequence[int], needs: Sequence[Sequence[int]], counts: Sequence[int], states: int = STATES
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Room and needs in whole units, (R,) and (I, R); dimensions that can't bind are left out.

    `counts` says how often an item is wanted: rounding that gives away much of the room is avoided first.
    """
    kept = _binding(room, needs)
    column = {r: [need[r] for need in needs] for r in kept}
    unit = {r: _unit(room[r], column[r], counts, FINEST) for r in kept}
    while len(kept) > 1 and math.prod(_floor(room[r], unit[r]) + 1 for r in kept) > states:
        coarser = {
            r: _unit(room[r], column[r], counts, _floor(room[r], unit[r]) // 2)
            for r in kept
            if _floor(room[r], unit[r]) > 1
        }
        if not coarser:
            break
        r = min(coarser, key=lambda r: (_lost(room[r], column[r], counts, coarser[r]), r))
        unit[r] = coarser[r]
    return (
        tuple(_floor(room[r], unit[r]) for r in kept),
        [tuple(_floor(need[r], unit[r]) for r in kept) for need in needs],
    )


def _binding(room: Sequence[int], needs: Sequence[Sequence[int]]) -> list[int]:
    """Dimensions that no other implies: s implies r when every need takes no larger part of r than of s."""
    kept = [r for r in range(len(room)) if any(need[r] for need in needs)]
    for r in reversed(kept.copy()):
        others = [s for s in kept if s != r]
        if any(all(need[r] * room[s] <= need[s] * room[r] for need in needs) for s in others):
            kept.remove(r)
    return kept


def _unit(room: int, needs: Sequence[int], counts: Sequence[int], most: int) -> Fraction:
    """The unit that gives least away among those with at most `most` of it in `room`; the largest of equals."""
    candidates = [Fraction(math.gcd(*needs)), *(Fraction(MIB_PER_GIB, parts) for parts in _PARTS)]
    candidates.append(max(Fraction(1), Fraction(room, most)))
    allowed = [unit for unit in candidates if unit and _floor(room, unit) <= most and unit <= room]
    return min(allowed, key=lambda unit: (round(_lost(room, needs, counts, unit), 9), -unit))


def _lost(room: int, needs: Sequence[int], counts: Sequence[int], unit: Fraction) -> float:
    """What the rounding gives away, in rooms, over all wanted copies; rounding the room itself takes some back."""
    units = _floor(room, unit)
    return sum(n * (need / room - _floor(need, unit) / units) for need, n in zip(needs, counts, strict=True))


def _floor(amount: int, unit: Fraction) -> int:
    return amount * unit.denominator // unit.numerator
