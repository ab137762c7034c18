"""Variable-sized bins with costs: Monaci and Crainic, Correia, Haouari and Serairi, Belov, and Ekici's conflicts.

.. [1] Crainic, T. G., Perboli, G., Rei, W., Tadei, R. (2011). Efficient lower bounds and heuristics for the variable
   cost and size bin packing problem. Computers & Operations Research 38(11), 1474-1482.
.. [2] Correia, I., Gouveia, L., Saldanha-da-Gama, F. (2008). Solving the variable size bin packing problem with
   discretized formulations. Computers & Operations Research 35(6), 2103-2113.
.. [3] Haouari, M., Serairi, M. (2009). Heuristics for the variable sized bin-packing problem. Computers & Operations
   Research 36(10), 2877-2884.
.. [4] Belov, G., Scheithauer, G. (2002). A cutting plane algorithm for the one-dimensional cutting stock problem with
   multiple stock lengths. European Journal of Operational Research 141(2), 274-294.
.. [5] Ekici, A. (2023). A large neighborhood search algorithm and lower bounds for the variable-sized bin packing
   problem with conflicts. European Journal of Operational Research 308(3), 1007-1020.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import combinations, product
from typing import TYPE_CHECKING

from placement_bench.generators.recipe import Distribution, Recipe
from placement_bench.sets.conflicts import FIVE, SEVEN, THREE, bin_types, concave, convex, linear
from placement_bench.sets.native import BinPacking, BinType, merged, merged_twins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from placement_bench.draws import Draws


def _variable(bins: Sequence[BinType], weights: Sequence[int]) -> BinPacking:
    return BinPacking(tuple(bins), merged((weight,) for weight in sorted(weights, reverse=True)))


def monaci(draws: Draws, n: int, low: int, capacities: tuple[int, ...]) -> BinPacking:
    """Cost equal to capacity; of each type just so many bins that it alone has room for the total size."""
    weights = draws.integers(low, 100, n)
    total = sum(weights)
    return _variable([BinType((c,), c, -(-total // c)) for c in capacities], weights)


def scarce(draws: Draws, n: int, types: int) -> BinPacking:
    """Types equally spaced up to 300, concave cost, availability that binds for large n [1]_.

    The availability is two more than the mean total size needs when all types are used alike. This is that of all the
    published files but those of 500 items and three types, which have one more.
    """
    capacities = [300 * k // types for k in range(types, 0, -1)]
    available = 21 * n // (2 * sum(capacities)) + 2
    bins = [BinType((c,), math.isqrt(10_000 * c), available) for c in capacities]
    return _variable(bins, draws.integers(1, 20, n))


# Sizes of Correia's four classes with how often each comes, in fiftieths; measured on the files.
_CORREIA_SIZES = (
    {5: 2, 6: 2, 7: 2, 8: 2, 10: 6, 12: 4, 14: 4, 15: 4, 18: 4, 21: 4, 23: 8, 24: 4, 25: 4},
    {5: 2, 6: 2, 7: 2, 8: 2, 10: 5, 12: 3, 14: 3, 15: 3, 18: 3, 21: 3, 22: 2, 23: 6, 24: 5, 25: 5, 33: 2, 36: 2},
    {5: 2, 6: 2, 7: 2, 8: 2, 10: 4, 12: 2, 14: 2, 15: 2, 18: 2, 21: 2, 22: 4, 23: 4, 24: 6, 25: 6, 33: 4, 36: 4},
    {10: 2, 12: 2, 14: 2, 15: 2, 18: 2, 21: 2, 22: 6, 23: 4, 24: 8, 25: 8, 33: 6, 36: 6},
)
# Structure 0 has three costs for each of the capacities 120, 100 and 50; four such tables are in the files.
_CORREIA_COSTS = (
    ((14, 11, 9), (12, 10, 9), (8, 7, 6)),
    ((14, 11, 8), (11, 10, 9), (8, 7, 6)),
    ((14, 11, 10), (11, 10, 8), (8, 7, 6)),
    ((13, 11, 10), (13, 10, 7), (8, 7, 6)),
)


def correia(draws: Draws, n: int, structure: int, kind: int) -> BinPacking:
    """Capacities 120, 100, 50 in one of three structures of costs, sizes of one of four classes [2]_."""
    sizes = [size for size, times in _CORREIA_SIZES[kind].items() for _ in range(times)]
    weights = [draws.choice(sizes) for _ in range(n)]
    costs: Sequence[Sequence[int]] = ((120,), (100,), (50,)) if structure == 1 else ((11,), (10,), (7,))
    if structure == 0:
        costs = draws.choice(_CORREIA_COSTS)
    bins = [
        BinType((capacity,), cost, -(-sum(weights) // (capacity * len(row))))
        for capacity, row in zip((120, 100, 50), costs, strict=True)
        for cost in row
    ]
    return _variable(bins, weights)


def plentiful(draws: Draws, n: int, high: int, capacities: tuple[int, ...], cost: Callable[[int], int]) -> BinPacking:
    """As many bins of each type as there are items: no limit in effect [3]_."""
    bins = [BinType((c,), cost(c), n) for c in sorted(capacities, reverse=True)]
    return _variable(bins, draws.integers(1, high, n))


def stock_lengths(draws: Draws, lengths: int) -> BinPacking:
    """100 item types of up to 7500, demands of 1..100, some stock lengths of 5000..10000 with 10000 among them [4]_.

    The rule for availability is not known. Here each length has 1 to 4 times an equal part of the total size. There may
    be too few long ones for the large items, so a case may be infeasible, as one of the published is.
    """
    weights: list[int] = []
    for _ in range(100):
        weight = draws.integer(1, 7500)
        weights += [weight] * draws.integer(1, 100)
    chosen = (10_000, *sorted(draws.sample(range(5000, 10_000, 500), lengths - 1), reverse=True))
    total = sum(weights)
    bins = [BinType((c,), c, -(-total * draws.integer(100, 400) // (100 * lengths * c))) for c in chosen]
    return _variable(bins, weights)


def conflicting(draws: Draws, n: int, low: int, high: int, density: int, bins: Sequence[BinType]) -> BinPacking:
    """Uniform weights, and each pair in conflict with a probability of `density` thousandths [5]_."""
    weights = [(weight,) for weight in draws.integers(low, high, n)]
    pairs = [pair for pair in combinations(range(n), 2) if draws.chance(density)]
    items = merged_twins(weights, pairs)
    return BinPacking(tuple(bins), items.items, items.conflicts)


def _crainic_1() -> Iterator[Recipe]:
    for n, low, (letter, capacities) in product((25, 50, 100, 200, 500), (1, 20, 50), (("A", THREE), ("B", FIVE))):
        yield Recipe(f"n{n}_w{low}_{letter}", partial(monaci, n=n, low=low, capacities=capacities))


def _crainic_2() -> Iterator[Recipe]:
    for n, types in product((100, 200, 500, 1000), (3, 6, 12)):
        yield Recipe(f"n{n}_t{types}", partial(scarce, n=n, types=types))


def _crainic_3() -> Iterator[Recipe]:
    for n, structure, kind in product((100, 200, 500, 1000), range(3), range(4)):
        yield Recipe(f"n{n}_{structure}_{kind}", partial(correia, n=n, structure=structure, kind=kind))


_COSTS = (("linear", linear), ("concave", concave), ("convex", convex))


def _hemmelmayr_1() -> Iterator[Recipe]:
    for n, (name, cost) in product((100, 200, 500, 1000, 2000), _COSTS):
        yield Recipe(f"n{n}_{name}", partial(plentiful, n=n, high=250, capacities=SEVEN, cost=cost))


def _hemmelmayr_2() -> Iterator[Recipe]:
    for n in (25, 50, 100, 200, 500):
        yield Recipe(f"n{n}", partial(plentiful, n=n, high=100, capacities=THREE, cost=linear))


def _belov(lengths: int) -> Iterator[Recipe]:
    yield Recipe(f"k{lengths}", partial(stock_lengths, lengths=lengths))


# Twelve densities of the conflict graph, in thousandths.
_DENSITIES = (0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950, 990)


def _ekici_1() -> Iterator[Recipe]:
    configurations = (("3types_linear", THREE), ("5types_linear", FIVE))
    for n, low, density, (name, capacities) in product((100, 200), (1, 20, 50), _DENSITIES, configurations):
        make = partial(conflicting, n=n, low=low, high=100, density=density, bins=bin_types(capacities, linear))
        yield Recipe(f"n{n}_w{low}_d{density}@{name}", make)


def _ekici_2() -> Iterator[Recipe]:
    for density, (name, cost) in product(_DENSITIES, _COSTS):
        make = partial(conflicting, n=100, low=1, high=250, density=density, bins=bin_types(SEVEN, cost))
        yield Recipe(f"n100_d{density}@7types_{name}", make)


_CRAINIC_PAPER = "Crainic, Perboli, Rei, Tadei 2011"
_HAOUARI_PAPER = "Haouari, Serairi 2009"
_BELOV_PAPER = "Belov, Scheithauer 2002"

DISTRIBUTIONS = (
    Distribution("gen-crainic-1", "Monaci's variable-sized bins", _CRAINIC_PAPER, _crainic_1, 10, "cost"),
    Distribution("gen-crainic-2", "Concave cost, availability binds", _CRAINIC_PAPER, _crainic_2, 5, "cost"),
    Distribution("gen-crainic-3", "Three structures of costs", "Correia et al. 2008", _crainic_3, 10, "cost"),
    Distribution("gen-hemmelmayr-1", "Linear, concave, convex cost", _HAOUARI_PAPER, _hemmelmayr_1, 10, "cost"),
    Distribution("gen-hemmelmayr-2", "Three sizes, linear cost", _HAOUARI_PAPER, _hemmelmayr_2, 10, "cost"),
    Distribution("gen-belov-1", "Cutting stock, 2 stock lengths", _BELOV_PAPER, partial(_belov, 2), 50, "cost"),
    Distribution("gen-belov-2", "Cutting stock, 4 stock lengths", _BELOV_PAPER, partial(_belov, 4), 50, "cost"),
    Distribution("gen-belov-3", "Cutting stock, 7 stock lengths", _BELOV_PAPER, partial(_belov, 7), 50, "cost"),
    Distribution("gen-belov-4", "Cutting stock, 10 stock lengths", _BELOV_PAPER, partial(_belov, 10), 50, "cost"),
    Distribution("gen-ekici-1", "Conflicts, 3 or 5 bin types", "Ekici 2023", _ekici_1, 10, "cost"),
    Distribution("gen-ekici-2", "Conflicts, 7 bin types", "Ekici 2023", _ekici_2, 10, "cost"),
)
