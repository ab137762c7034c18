"""Vector packing: every answer is checked by a recount and against all packings of tiny problems."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from placement.solving.budget import Budget
from placement.solving.parameters import changed
from placement.solving.result import Stop
from placement.vector_packing import Bin, VectorPacking, check_bins, solve_vector_packing
from placement.vector_packing.parameters import VECTOR_PACKING


def cheapest(problem: VectorPacking) -> int | None:
    """The least cost over all packings, by trying, bin after bin, everything it may hold; None when there is none."""
    items, types = len(problem.demands), len(problem.costs)
    available = list(problem.available) or [None] * types
    least = list(problem.least) or [0] * types
    choices = [[(i, w, size) for w, size in enumerate(problem.modes(i))] for i in range(items)]
    flat = [row for rows in choices for row in rows]

    def contents(bin_type: int) -> set[tuple[int, ...]]:
        """Copies of each item that one bin of this type may hold."""
        found = set()
        for counts in product(*(range(problem.demands[i] + 1) for i, _, _ in flat)):
            row = tuple((i, w, n) for (i, w, _), n in zip(flat, counts, strict=True) if n)
            held = tuple(sum(n for i, _, n in row if i == j) for j in range(items))
            if any(have > wanted for have, wanted in zip(held, problem.demands, strict=True)):
                continue
            faults = check_bins(problem, (Bin(bin_type, row),))
            if not any(fault.startswith("bin") for fault in faults):
                found.add(held)
        return found

    holds = [contents(t) for t in range(types)]

    @cache
    def rest(left: tuple[int, ...], used: tuple[int, ...]) -> int | None:
        if not any(left):
            return sum(c * max(n, low) for c, n, low in zip(problem.costs, used, least, strict=True))
        best = None
        for t in range(types):
            most = available[t]
            if most is not None and used[t] >= most:
                continue
            now = (*used[:t], used[t] + 1, *used[t + 1 :])
            for held in holds[t]:
                if any(held) and all(n <= have for n, have in zip(held, left, strict=True)):
                    found = rest(tuple(have - n for n, have in zip(held, left, strict=True)), now)
                    best = found if best is None else best if found is None else min(best, found)
        return best

    return rest(tuple(problem.demands), (0,) * types)


@st.composite
def packings(draw: st.DrawFn, dimensions: int | None = None) -> VectorPacking:
    """Tiny problems that use every feature now and then; sizes are small, so that much fits exactly."""
    d = draw(st.integers(1, 3)) if dimensions is None else dimensions
    bin_types = draw(st.integers(1, 2))
    items = draw(st.integers(1, 3))
    capacities = draw(
        st.lists(st.lists(st.integers(3, 8), min_size=d, max_size=d), min_size=bin_types, max_size=bin_types)
    )
    size = st.lists(st.integers(0, 6), min_size=d, max_size=d)
    sizes: list[Any] = draw(st.lists(size, min_size=items, max_size=items))
    if draw(st.booleans()) and dimensions is None:
        sizes[0] = [sizes[0], draw(size)]
    pairs = [(i, j) for i in range(items) for j in range(i, items)]
    allowed = None
    if dimensions is None and draw(st.integers(0, 3)) == 0:
        allowed = [[draw(st.sets(st.integers(0, bin_types - 1))) for _ in modes(row)] for row in sizes]
    return VectorPacking(
        sizes=sizes,
        demands=draw(st.lists(st.integers(0, 2), min_size=items, max_size=items)),
        capacities=capacities,
        costs=draw(st.lists(st.integers(1, 5), min_size=bin_types, max_size=bin_types)),
        available=draw(st.just([]) | st.lists(st.none() | st.integers(1, 3), min_size=bin_types, max_size=bin_types)),
        least=draw(st.just([]) | st.lists(st.integers(0, 1), min_size=bin_types, max_size=bin_types)),
        conflicts=draw(st.just([]) | st.lists(st.sampled_from(pairs), max_size=2)) if dimensions is None else [],
        most=draw(st.just([]) | st.lists(st.none() | st.integers(1, 2), min_size=items, max_size=items)),
        allowed=allowed,
    )


def modes(row: list[Any]) -> list[Any]:
    """The ways of one entry of `sizes`."""
    return row if isinstance(row[0], list) else [row]


@given(problem=packings() | packings(1))
@example(problem=VectorPacking(sizes=[[4], [3], [2]], demands=[2, 2, 2], capacities=[[6]], costs=[1]))
@example(problem=VectorPacking(sizes=[[5]], demands=[2], capacities=[[6], [9]], costs=[2, 1], available=[None, 1]))
def test_no_answer_claims_more_than_is_true(problem: VectorPacking) -> None:
    """Packings keep every rule and cost what is said; bounds and proofs hold; tiny problems are proven."""
    result = solve_vector_packing(problem, budget=Budget())
    best = cheapest(problem)

    if result.bins is not None:
        assert check_bins(problem, result.bins) == []
        assert result.cost == problem.cost(result.bins)
        assert best is not None
        assert result.bound <= best <= problem.cost(result.bins)
    if best is not None:
        assert not result.infeasible
        assert result.bound <= best
    if result.infeasible:
        assert best is None
    assert result.proved


@given(problem=packings(), above=st.integers(0, 3))
def test_a_packing_known_elsewhere_asks_for_a_cheaper_one_or_a_proof(problem: VectorPacking, above: int) -> None:
    """Where it is the best, that is proven without one; else a cheaper one is found."""
    best = cheapest(problem)
    if best is None:
        return
    result = solve_vector_packing(problem, budget=Budget(), beaten=lambda: best + above)
    assert result.stop is Stop.PROVED
    assert result.bound == best if above else result.bound >= best
    assert not above or result.cost == best


def test_the_last_digits_of_money_are_proven_by_counts() -> None:
    """HiGHS leaves a bound of 17131174, which no counts of bins cost: the next ones are four of the cheapest type."""
    problem = VectorPacking(
        sizes=[[[6, 0], [0, 4], [4, 4]], [[6, 6], [6, 1]], [[5, 0], [0, 8]], [[0, 6], [0, 3], [5, 6]], [[2, 0]]],
        demands=[4, 2, 2, 2, 4],
        capacities=[[5, 4], [12, 12], [4, 4]],
        costs=[6938903, 4282794, 6076034],
        conflicts=[(0, 4), (3, 4), (0, 2)],
    )
    with changed(VECTOR_PACKING.cover, least_part=0.5):  # it is asked once, which is quicker
        result = solve_vector_packing(problem, budget=Budget(work=2), beaten=lambda: 4 * 4282794)
    assert (result.stop, result.cost, result.bound) == (Stop.PROVED, 4 * 4282794, 4 * 4282794)
