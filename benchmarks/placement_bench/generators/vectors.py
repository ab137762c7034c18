"""Vector bin packing: two dimensions of Caprara and Toth, Panigrahy's classes, new classes, triplets.

Class 9 of the two-dimensional cases is not here, since sources differ on it.

.. [1] Caprara, A., Toth, P. (2001). Lower bounds and algorithms for the 2-dimensional vector packing problem. Discrete
   Applied Mathematics 111(3), 231-262.
.. [2] Panigrahy, R., Talwar, K., Uyeda, L., Wieder, U. (2011). Heuristics for vector bin packing. Microsoft Research.
.. [3] Mommessin, C., Erlebach, T., Shakhlevich, N. V. (2025). Classification and evaluation of the algorithms for
   vector bin packing. Computers & Operations Research 173, 106860.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from placement_bench.generators.recipe import Distribution, Recipe
from placement_bench.sets.native import BinPacking, BinType, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement_bench.draws import Draws
    from placement_bench.sets.native import Sizes

    DrawItem = Callable[[Draws, int], Sizes]  # the sizes of one item in so many dimensions


def vectors(draws: Draws, n: int, d: int, capacity: int, item: DrawItem) -> BinPacking:
    """n items, each drawn by `item`, in bins of equal capacity in all d dimensions."""
    return BinPacking((BinType((capacity,) * d),), merged(item(draws, d) for _ in range(n)))


def independent(draws: Draws, d: int, low: int, high: int) -> Sizes:
    """Every dimension uniform on low..high."""
    return draws.integers(low, high, d)


def alike(draws: Draws, d: int, last: int = 100) -> Sizes:
    """Dimensions in pairs, the second within 10 of the first; an odd one out is uniform (class 7)."""
    return _paired(draws, d, last, lambda first: (first - 10, first + 10))


def opposite(draws: Draws, d: int, last: int = 100) -> Sizes:
    """Dimensions in pairs, the second large where the first is small; an odd one out is uniform (class 8)."""
    return _paired(draws, d, last, lambda first: (110 - first, 130 - first))


def _paired(draws: Draws, d: int, last: int, partner: Callable[[int], tuple[int, int]]) -> Sizes:
    sizes: list[int] = []
    for _ in range(d // 2):
        first = draws.integer(20, last)
        sizes += (first, draws.integer(*partner(first)))
    return (*sizes, *draws.integers(20, 100, d % 2))


def tokens(draws: Draws, d: int) -> Sizes:
    """2d tokens on d dimensions, each worth 10..40, a size one more or not; again if one exceeds 100 (class 9)."""
    while True:
        held = [0] * d
        for _ in range(2 * d):
            held[draws.integer(0, d - 1)] += 1
        worth = draws.integer(10, 40)
        sizes = tuple(worth * count + draws.integer(0, 1) for count in held)
        if max(sizes) <= 100:
            return sizes


def normal(draws: Draws, d: int, mean: int, deviation: int) -> Sizes:
    """Rounded normal sizes, none outside 0..100."""
    return tuple(draws.rounded_normal(mean, deviation, 0, 100) for _ in range(d))


def one_large(draws: Draws, n: int, d: int) -> BinPacking:
    """Items large (50..100) in one dimension and small (0..25) in the others; each dimension has n/d of them [3]_.

    When d does not divide n, the first dimensions have one more.
    """
    sizes = []
    for index in range(n):
        size = list(draws.integers(0, 25, d))
        size[index % d] = draws.integer(50, 100)
        sizes.append(tuple(size))
    return BinPacking((BinType((100,) * d),), merged(sizes))


def few_large(draws: Draws, n: int, d: int, large: int, small: int, deviation: int) -> BinPacking:
    """In each dimension about a tenth of the items, chosen at random, are large, the others small [3]_."""
    columns = []
    for _ in range(d):
        count = draws.rounded_normal(n / 10, math.sqrt(n / 4), 0, n)
        chosen = set(draws.sample(range(n), count))
        means = [large if index in chosen else small for index in range(n)]
        columns.append([draws.rounded_normal(mean, deviation, 0, 100) for mean in means])
    return BinPacking((BinType((100,) * d),), merged(zip(*columns, strict=True)))


def vector_triplets(draws: Draws, n: int, d: int, style: str) -> BinPacking:
    """n/3 bins of 100, filled in each dimension by three items: Falkenauer's (F) or Caprara and Toth's (C) sizes [3]_.

    No size is below zero, as in some published files of class C.
    """
    items: list[Sizes] = []
    for _ in range(n // 3):
        rows = [_three(draws, style) for _ in range(d)]
        items += zip(*rows, strict=True)
    return BinPacking((BinType((100,) * d),), merged(items))


def _three(draws: Draws, style: str) -> tuple[int, int, int]:
    if style == "F":
        a = draws.integer(38, 49)
        b = draws.integer(25, (100 - a) // 2)
    else:
        a, b = draws.integers(25, 50, 2)
    return a, b, 100 - a - b


# Classes 1 to 6: the capacity and the range of the sizes.
_RANGES = {
    1: (1000, 100, 400),
    2: (1000, 1, 1000),
    3: (1000, 200, 800),
    4: (1000, 50, 200),
    5: (1000, 25, 100),
    6: (150, 20, 100),
}


def _independent_classes() -> Iterator[tuple[int, int, DrawItem]]:
    for k, (capacity, low, high) in _RANGES.items():
        yield k, capacity, partial(independent, low=low, high=high)


def _caprara_toth() -> Iterator[Recipe]:
    classes: tuple[tuple[int, int, DrawItem], ...] = (*_independent_classes(), (7, 150, alike), (8, 150, opposite))
    for k, capacity, item in classes:
        for n in (25, 50, 100, 200):
            yield Recipe(f"class{k}_{n}", partial(vectors, n=n, d=2, capacity=capacity, item=item))
    for n in (24, 51, 99, 201):
        yield Recipe(f"class10_{n}", partial(vector_triplets, n=n, d=2, style="C"), n // 3)


_VECTOR_SIZES = tuple(product((20, 40, 60, 120, 250, 500), (3, 5, 10)))


def _panigrahy() -> Iterator[Recipe]:
    # The released generator draws the first of a pair from 20..99. Class 9 has n items here, n + 1 in its files.
    classes: tuple[tuple[int, int, DrawItem], ...] = (
        *_independent_classes(),
        (7, 150, partial(alike, last=99)),
        (8, 150, partial(opposite, last=99)),
        (9, 100, tokens),
    )
    for (k, capacity, item), (n, d) in product(classes, _VECTOR_SIZES):
        yield Recipe(f"class{k}_{n}_{d}", partial(vectors, n=n, d=d, capacity=capacity, item=item))


def _new() -> Iterator[Recipe]:
    for n, d in _VECTOR_SIZES:
        yield Recipe(f"class1_{n}_{d}", partial(one_large, n=n, d=d))
        for k, mean, deviation in ((2, 20, 10), (3, 30, 15)):
            item = partial(normal, mean=mean, deviation=deviation)
            yield Recipe(f"class{k}_{n}_{d}", partial(vectors, n=n, d=d, capacity=100, item=item))
        for k, large, small, deviation in ((4, 70, 30, 15), (5, 80, 20, 10), (6, 70, 15, 10)):
            make = partial(few_large, n=n, d=d, large=large, small=small, deviation=deviation)
            yield Recipe(f"class{k}_{n}_{d}", make)


def _triplet() -> Iterator[Recipe]:
    for style, n, d in product("FC", (60, 120, 249, 501), (3, 5, 10)):
        yield Recipe(f"class{style}_{n}_{d}", partial(vector_triplets, n=n, d=d, style=style), n // 3)


_MOMMESSIN = "Mommessin, Erlebach, Shakhlevich 2025"

DISTRIBUTIONS = (
    Distribution("gen-caprara-toth", "Two-dimensional vectors", "Caprara, Toth 2001", _caprara_toth, 10),
    Distribution("gen-panigrahy", "Vectors, Panigrahy's classes", "Panigrahy et al. 2011", _panigrahy, 10),
    Distribution("gen-new", "Vectors, new classes", _MOMMESSIN, _new, 10),
    Distribution("gen-triplet", "Vectors, triplets", _MOMMESSIN, _triplet, 10),
)
