"""One-dimensional bin packing: Falkenauer, Scholl, Schwerin, random sizes, cutting stock, no slack.

Not here: Waescher's cases and Hard28, which were selected for being hard rather than drawn, and ANI, which is derived
from solved cases.

.. [1] Falkenauer, E. (1996). A hybrid grouping genetic algorithm for bin packing. Journal of Heuristics 2(1), 5-30.
.. [2] Scholl, A., Klein, R., Juergens, C. (1997). Bison. Computers & Operations Research 24(7), 627-645.
.. [3] Schwerin, P., Waescher, G. (1997). The bin-packing problem: a problem generator and some numerical experiments
   with FFD packing and MTP. International Transactions in Operational Research 4(5-6), 377-389.
.. [4] Delorme, M., Iori, M., Martello, S. (2016). Bin packing and cutting stock problems: mathematical models and exact
   algorithms. European Journal of Operational Research 255(1), 1-20.
.. [5] Gschwind, T., Irnich, S. (2016). Dual inequalities for stabilized column generation revisited. INFORMS Journal on
   Computing 28(1), 175-194.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from placement_bench.generators.recipe import Distribution, Recipe
from placement_bench.sets.native import BinPacking, BinType, merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement_bench.draws import Draws


def _one_dimensional(capacity: int, weights: Sequence[int]) -> BinPacking:
    return BinPacking((BinType((capacity,)),), merged((weight,) for weight in sorted(weights, reverse=True)))


def uniform(draws: Draws, n: int, capacity: int, low: int, high: int) -> BinPacking:
    """n weights, uniform on low..high."""
    return _one_dimensional(capacity, draws.integers(low, high, n))


def triplets(draws: Draws, n: int) -> BinPacking:
    """n/3 bins of 1000, each filled by three items [1]_: ``a`` 380..490, ``b`` from 250 to below half of the rest."""
    weights: list[int] = []
    for _ in range(n // 3):
        a = draws.integer(380, 490)
        b = draws.integer(250, (1000 - a - 1) // 2)
        weights += (a, b, 1000 - a - b)
    return _one_dimensional(1000, weights)


def zero_slack(draws: Draws, bins: int, capacity: int) -> BinPacking:
    """`bins` bins, each filled by three items, nearly all weights different: like AI in these two respects [4]_.

    The optimum is the number of bins. No claim that they are as hard: the published ones were found by solving.
    """
    used: set[int] = set()
    weights: list[int] = []
    for _ in range(bins):
        for _ in range(100):  # then equal weights are let pass: few values are left in small capacities
            a = draws.integer(capacity // 20, capacity * 3 // 5)
            b = draws.integer(capacity // 40, capacity - a - capacity // 40)
            three = (a, b, capacity - a - b)
            if len({*three} - used) == 3:
                break
        used.update(three)
        weights += three
    return _one_dimensional(capacity, weights)


def cutting_stock(draws: Draws, types: int, capacity: int, low: int) -> BinPacking:
    """Item types of up to two thirds of the bin, each with a demand of 1..20 [5]_."""
    weights: list[int] = []
    for _ in range(types):
        weight = draws.integer(low, capacity * 2 // 3)
        weights += [weight] * draws.integer(1, 20)
    return _one_dimensional(capacity, weights)


def _falkenauer_u() -> Iterator[Recipe]:
    for n in (120, 250, 500, 1000):
        yield Recipe(f"u{n}", partial(uniform, n=n, capacity=150, low=20, high=100))


def _falkenauer_t() -> Iterator[Recipe]:
    for n in (60, 120, 249, 501):
        yield Recipe(f"t{n}", partial(triplets, n=n), n // 3)


def _scholl_1() -> Iterator[Recipe]:
    for n, capacity, low in product((50, 100, 200, 500), (100, 120, 150), (1, 20, 30)):
        yield Recipe(f"n{n}_c{capacity}_w{low}", partial(uniform, n=n, capacity=capacity, low=low, high=100))


def _scholl_2() -> Iterator[Recipe]:
    for n, parts, spread in product((50, 100, 200, 500), (3, 5, 7, 9), (20, 50, 90)):
        low = -(-1000 * (100 - spread) // (100 * parts))
        high = 1000 * (100 + spread) // (100 * parts)
        yield Recipe(f"n{n}_w{parts}_b{spread}", partial(uniform, n=n, capacity=1000, low=low, high=high))


def _scholl_3() -> Iterator[Recipe]:
    yield Recipe("hard", partial(uniform, n=200, capacity=100_000, low=20_000, high=35_000))


def _schwerin(n: int) -> Iterator[Recipe]:
    yield Recipe(f"n{n}", partial(uniform, n=n, capacity=1000, low=150, high=200))


def _random() -> Iterator[Recipe]:
    sizes = (50, 100, 200, 300, 400, 500, 750, 1000)
    capacities = (50, 75, 100, 120, 125, 150, 200, 300, 400, 500, 750, 1000)
    for n, capacity, low, high in product(sizes, capacities, (1, 2), (7, 8)):  # tenths of the capacity
        make = partial(uniform, n=n, capacity=capacity, low=-(-low * capacity // 10), high=high * capacity // 10)
        yield Recipe(f"n{n}_c{capacity}_0.{low}_0.{high}", make)


def _gi() -> Iterator[Recipe]:
    # The second letter gives the least size as a part of the capacity: 2/15 or 1/150.
    letters = product((("A", 500_000), ("B", 1_500_000)), (("A", (2, 15)), ("B", (1, 150))), (125, 250, 500))
    for (first, capacity), (second, (over, under)), types in letters:
        make = partial(cutting_stock, types=types, capacity=capacity, low=-(-capacity * over // under))
        yield Recipe(f"{first}{second}{types}", make)


def _ai() -> Iterator[Recipe]:
    for bins, capacity in ((67, 2_000), (134, 8_000), (200, 17_000), (267, 33_000), (334, 65_000)):
        yield Recipe(f"n{3 * bins}_c{capacity}", partial(zero_slack, bins=bins, capacity=capacity), bins)


_SCHOLL = "Scholl, Klein, Juergens 1997"
_SCHWERIN = "Schwerin, Waescher 1997"
_DELORME = "Delorme, Iori, Martello 2016"

DISTRIBUTIONS = (
    Distribution("gen-falkenauer-u", "Falkenauer, uniform sizes", "Falkenauer 1996", _falkenauer_u, 20),
    Distribution("gen-falkenauer-t", "Falkenauer, triplets", "Falkenauer 1996", _falkenauer_t, 20),
    Distribution("gen-scholl-1", "Scholl 1, small capacities", _SCHOLL, _scholl_1, 20),
    Distribution("gen-scholl-2", "Scholl 2, capacity 1000", _SCHOLL, _scholl_2, 10),
    Distribution("gen-scholl-3", "Scholl 3, large capacity", _SCHOLL, _scholl_3, 10),
    Distribution("gen-schwerin-1", "Schwerin 1, 100 items", _SCHWERIN, partial(_schwerin, 100), 100),
    Distribution("gen-schwerin-2", "Schwerin 2, 120 items", _SCHWERIN, partial(_schwerin, 120), 100),
    Distribution("gen-random", "Random sizes, 50 to 1000 items", _DELORME, _random, 10),
    Distribution("gen-gi", "Many large distinct sizes", "Gschwind, Irnich 2016", _gi, 20),
    Distribution("gen-ai", "No slack, distinct sizes, after AI", _DELORME, _ai, 50),
)
