"""Packings at the bound whose bins must all be full: every such pattern is listed, and what the cover says is true."""

from __future__ import annotations

import random
from itertools import combinations_with_replacement

import numpy as np
import pytest

from placement.solving.budget import Budget
from placement.vector_packing import VectorPacking, check_bins, solve_vector_packing
from placement.vector_packing.compiled import compile_packing
from placement.vector_packing.full_bins import _full_loads, _slack, cover_by_full_bins
from placement.vector_packing.state import PackingState
from tests.corpus import one_by_one


def one_type(capacity: tuple[int, ...], sizes: list[tuple[int, ...]], demands: list[int]) -> VectorPacking:
    return VectorPacking(sizes=[list(size) for size in sizes], demands=demands, capacities=[list(capacity)], costs=[1])


def planted(seed: int, bins: int, dimensions: int, capacity: int = 100) -> VectorPacking:
    """Triplets that fill `bins` bins to the last unit."""
    rng = random.Random(seed)
    sizes = []
    for _ in range(bins):
        first = [(rng.randint(26, 40), rng.randint(26, 40)) for _ in range(dimensions)]
        sizes += [tuple(a for a, _ in first), tuple(b for _, b in first), tuple(capacity - a - b for a, b in first)]
    rng.shuffle(sizes)
    return one_type((capacity,) * dimensions, sizes, [1] * len(sizes))


@one_by_one(range(40), 10)
def test_all_full_patterns_are_listed(seed: int) -> None:
    rng = random.Random(seed)
    dimensions = rng.randint(2, 3)
    capacity = np.array([rng.randint(8, 20) for _ in range(dimensions)])
    sizes = [tuple(rng.randint(1, int(r) // 2) for r in capacity) for _ in range(rng.randint(2, 6))]
    problem = compile_packing(one_type(tuple(capacity.tolist()), sizes, [rng.randint(1, 3) for _ in sizes]))
    slack = np.array([rng.randint(0, 3) for _ in capacity])
    loads = _full_loads(problem, slack, Budget())
    assert loads is not None
    expected = set()
    for copies in range(1, 21):
        for rows in combinations_with_replacement(range(problem.rows), copies):
            times = np.bincount(rows, minlength=problem.rows)
            free = problem.capacity[0] - times @ problem.size
            if (times <= problem.limit).all() and ((free >= 0) & (free <= slack)).all():
                expected.add((0, tuple((row, int(n)) for row, n in enumerate(times) if n)))
        if copies * problem.size.min(axis=0).max() > capacity.max():
            break
    assert len(set(loads)) == len(loads)
    assert set(loads) == expected


@pytest.mark.parametrize("dimensions", [3, 5])
def test_triplets_that_leave_nothing_are_packed_by_their_full_bins(dimensions: int) -> None:
    problem = planted(dimensions, 40, dimensions)
    result = solve_vector_packing(problem, budget=Budget(work=10))
    assert (result.cost, result.bound) == (40, 40)
    assert "full bins" in result.stats
    assert result.bins is not None
    assert not check_bins(problem, result.bins)


def test_no_cover_by_full_bins_is_a_proof() -> None:
    """Volumes ask for two bins, and nothing may be left free there: (6, 4) and (4, 7) do not go together."""
    problem = one_type((10, 10), [(6, 4), (4, 5), (4, 7)], [2, 1, 1])
    compiled, state = compile_packing(problem), PackingState(Budget())
    state.raise_bound(2, "volume")
    cover_by_full_bins(compiled, state)
    assert state.bound == 3
    assert solve_vector_packing(problem, budget=Budget(work=10)).cost == 3


def test_where_a_copy_is_as_small_as_the_slack_bins_need_not_be_full() -> None:
    problem = compile_packing(one_type((10, 10), [(6, 6), (5, 5), (1, 1)], [1, 1, 5]))
    assert _slack(problem, 2) is None  # 16 of 20: four are left free


def test_slack_beyond_64_bits_is_not_taken_for_little() -> None:
    """Of 2^24 bins of 2^40 all but nothing is free in the second dimension."""
    problem = compile_packing(one_type((10, 2**40), [(6, 0), (4, 1)], [2**24, 2**24]))
    slack = _slack(problem, 2**24)
    assert slack is None or slack.tolist()[1] == problem.capacity[0, 1]


def test_many_full_patterns_are_given_up_within_the_budget() -> None:
    """Where the first dimension says nothing and nearly everything is full in the second."""
    rng = random.Random(1)
    sizes: list[tuple[int, ...]] = [(rng.randint(1, 50), 333) for _ in range(600)]
    problem = compile_packing(one_type((1000, 1000), sizes, [1] * len(sizes)))
    assert _full_loads(problem, np.array([1000, 1]), Budget()) is None
