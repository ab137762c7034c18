"""Random whole numbers that never change: not with NumPy's version, the machine, or the order in which cases are made.

NumPy guarantees the raw stream of a bit generator and the way a `SeedSequence` seeds it (NEP 19), but not what the
methods of `Generator` make of the stream. So only raw words of PCG64 are taken from it, and whole numbers are made from
them here. Each case has a stream of its own, seeded by its name.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    T = TypeVar("T")

_WORD = 2**64
_MASS = 10**9  # a normal distribution is drawn from whole weights that sum to about this


class Draws:
    """A stream of draws that the text `seed` determines.

    Examples
    --------
    >>> Draws("example").integers(1, 6, 10)
    (2, 5, 1, 6, 5, 2, 5, 6, 5, 3)
    """

    def __init__(self, seed: str) -> None:
        entropy = int.from_bytes(hashlib.sha256(seed.encode()).digest(), "big")
        self._bits = np.random.PCG64(np.random.SeedSequence(entropy))

    def integer(self, low: int, high: int) -> int:
        """Uniform on low..high, both ends included; words beyond the last whole multiple are drawn again."""
        if low > high:
            raise ValueError(f"nothing lies between {low} and {high}")
        span = high - low + 1
        limit = _WORD - _WORD % span
        while True:
            word = int(self._bits.random_raw())
            if word < limit:
                return low + word % span

    def integers(self, low: int, high: int, count: int) -> tuple[int, ...]:
        """Independent uniform draws."""
        return tuple(self.integer(low, high) for _ in range(count))

    def choice(self, options: Sequence[T]) -> T:
        """One of the options, each as likely as the others."""
        return options[self.integer(0, len(options) - 1)]

    def sample(self, options: Sequence[T], count: int) -> tuple[T, ...]:
        """`count` different options, in random order."""
        left = list(options)
        return tuple(left.pop(self.integer(0, len(left) - 1)) for _ in range(count))

    def chance(self, thousandths: int) -> bool:
        """True so many times in a thousand."""
        return self.integer(1, 1000) <= thousandths

    def rounded_normal(self, mean: float, deviation: float, low: int, high: int) -> int:
        """A normal variable rounded to a whole number, drawn again while it is outside low..high."""
        steps = _normal_steps(mean, deviation, low, high)
        return low + bisect_right(steps, self.integer(0, steps[-1] - 1))


@lru_cache(maxsize=256)
def _normal_steps(mean: float, deviation: float, low: int, high: int) -> tuple[int, ...]:
    """Running sums of whole weights, in proportion to the probability of each value."""
    edges = [math.erf((k - 0.5 - mean) / (deviation * math.sqrt(2))) for k in range(low, high + 2)]
    return tuple(accumulate(round(_MASS * (b - a) / 2) for a, b in pairwise(edges)))
