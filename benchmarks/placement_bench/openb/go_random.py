"""Go's ``math/rand``, with which the published runs drew: pods in order of arrival, and the order of equal nodes.

An additive lagged Fibonacci generator, x[n] = x[n-607] + x[n-273] mod 2^64 [1]_. Its start is a linear congruential
sequence laid over a fixed table: the state of the same generator after 7.8e12 steps from seed 1. The table is computed
here and not copied: the recurrence is linear, so that many steps are one polynomial power, 43 squarings of degree 607.

.. [1] Knuth, D. E. (1997). The Art of Computer Programming, volume 2, section 3.2.2. Addison-Wesley.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Words = npt.NDArray[np.uint64]

LENGTH = 607
TAP = 273
STEPS = 7_800_000_000_000
PRIME = (1 << 31) - 1
MULTIPLIER = 48271
WORD = (1 << 64) - 1
WARM_UP = 20


class GoRandom:
    """The generator after ``rand.Seed(seed)``."""

    def __init__(self, seed: int) -> None:
        start = [word ^ cooked for word, cooked in zip(_congruential(seed, 40, 20), _table(), strict=True)]
        self._state = start
        self._tap, self._feed = 0, LENGTH - TAP

    def int63(self) -> int:
        """63 random bits (Go's ``Int63``)."""
        self._tap, self._feed = (self._tap - 1) % LENGTH, (self._feed - 1) % LENGTH
        word = (self._state[self._feed] + self._state[self._tap]) & WORD
        self._state[self._feed] = word
        return word & (WORD >> 1)

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1 (``Intn`` below 2^31)."""
        if limit & (limit - 1) == 0:
            return (self.int63() >> 32) & (limit - 1)
        most = PRIME - (1 << 31) % limit
        while (value := self.int63() >> 32) > most:
            pass
        return value % limit

    def shuffled(self, count: int) -> list[int]:
        """0 .. count - 1 in the order that ``Shuffle`` leaves them."""
        order = list(range(count))
        for last in range(count - 1, 0, -1):
            other = self._scaled(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def permutation(self, count: int) -> list[int]:
        """What ``Perm`` returns."""
        order = [0] * count
        for index in range(count):
            other = self.below(index + 1)
            order[index] = order[other]
            order[other] = index
        return order

    def _scaled(self, limit: int) -> int:
        """A number below `limit` by multiplication, as ``Shuffle`` draws it (Lemire 2019)."""
        product = (self.int63() >> 31) * limit
        while product & 0xFFFFFFFF < limit and product & 0xFFFFFFFF < ((1 << 32) - limit) % limit:
            product = (self.int63() >> 31) * limit
        return product >> 32


def _congruential(seed: int, first: int, second: int) -> Iterator[int]:
    """The words that a seed gives: three numbers of the linear congruential sequence each, shifted and combined."""
    x = seed % PRIME or 89482311
    for _ in range(WARM_UP):
        x = x * MULTIPLIER % PRIME
    for _ in range(LENGTH):
        word = 0
        for shift in (first, second, 0):
            x = x * MULTIPLIER % PRIME
            word ^= x << shift
        yield word & WORD


@cache
def _table() -> tuple[int, ...]:
    """The fixed words laid over every start."""
    return tuple(int(word) for word in _ahead(np.array(list(_congruential(1, 20, 10)), dtype=np.uint64), STEPS))


def _ahead(state: Words, steps: int) -> Words:
    """The generator's memory after so many steps. O(length^2 log steps).

    In terms of the sequence y with y[n] = y[n-607] + y[n-273], memory cell c holds the newest y[n] written to it; a
    step writes the cell before the last one. y[0..606] is the memory in the order in which the cells are next used.
    """
    cells = [(LENGTH - TAP - 1 - n) % LENGTH for n in range(LENGTH)]
    y = state[cells]
    whole, rest = divmod(steps, LENGTH)
    moved = _continued(_shift(y, whole * LENGTH), rest)
    result = np.empty_like(state)
    for n in range(rest, rest + LENGTH):
        result[cells[n % LENGTH]] = moved[n]
    return result


def _shift(y: Words, steps: int) -> Words:
    """y[steps .. steps + 606] from y[0 .. 606]: x^steps modulo x^607 - x^334 - 1, applied to the sequence."""
    power = np.zeros(LENGTH, dtype=np.uint64)
    power[0] = 1
    for bit in bin(steps)[2:]:
        power = _reduced(_product(power, power))
        if bit == "1":
            power = _reduced(np.concatenate([np.zeros(1, dtype=np.uint64), power]))
    sequence = _continued(y, LENGTH)
    return np.array([(power * sequence[n : n + LENGTH]).sum() for n in range(LENGTH)], dtype=np.uint64)


def _continued(y: Words, more: int) -> Words:
    """So many more terms of the sequence after y[0 .. 606]."""
    terms = y.tolist()
    for n in range(len(terms), len(terms) + more):
        terms.append((terms[n - LENGTH] + terms[n - TAP]) & WORD)
    return np.array(terms, dtype=np.uint64)


def _product(left: Words, right: Words) -> Words:
    """The product of two polynomials, coefficients modulo 2^64."""
    result = np.zeros(2 * LENGTH - 1, dtype=np.uint64)
    for power in range(LENGTH):
        result[power : power + LENGTH] += left[power] * right
    return result


def _reduced(polynomial: Words) -> Words:
    """The remainder: x^607 is x^334 + 1, since y[n] = y[n-273] + y[n-607]."""
    result = polynomial.tolist()
    for power in range(len(result) - 1, LENGTH - 1, -1):
        result[power - TAP] = (result[power - TAP] + result[power]) & WORD
        result[power - LENGTH] = (result[power - LENGTH] + result[power]) & WORD
    return np.array(result[:LENGTH], dtype=np.uint64)
