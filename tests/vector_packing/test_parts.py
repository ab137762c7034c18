"""The parts of vector packing, each against plain enumeration."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from highspy import HighsModelStatus
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from placement.errors import UsageError
from placement.solving.budget import Budget
from placement.solving.parameters import changed
from placement.solving.result import Stop
from placement.vector_packing import VectorPacking, check_bins, solve_vector_packing
from placement.vector_packing.compiled import compile_packing
from placement.vector_packing.counts import close_by_counts, raise_by_counts
from placement.vector_packing.cover import close_by_patterns, list_loads, solve_cover
from placement.vector_packing.dive import dive, improve, round_down
from placement.vector_packing.dual_feasible import volume_cuts
from placement.vector_packing.fill import Filling, by_price, by_shape
from placement.vector_packing.generation import Generation
from placement.vector_packing.groups import CountingProgram, raise_by_groups
from placement.vector_packing.heuristics import row_volume, volume
from placement.vector_packing.listed import list_patterns
from placement.vector_packing.mix import count_bins
from placement.vector_packing.parameters import VECTOR_PACKING
from placement.vector_packing.patterns import PatternSearch
from placement.vector_packing.pricing import Pricer
from placement.vector_packing.shares import ListedCounts, ShareCut
from placement.vector_packing.state import PackingState
from tests.vector_packing.test_vector_packing import cheapest, packings

if TYPE_CHECKING:
    from placement.vector_packing.certificate import PackingCut
    from placement.vector_packing.compiled import Compiled


@st.composite
def one_bin(draw: st.DrawFn, dimensions: int) -> tuple[Compiled, list[int]]:
    """A problem with one bin type and a price for each item."""
    items = draw(st.integers(1, 4))
    size = st.lists(st.integers(1, 6), min_size=dimensions, max_size=dimensions)
    sizes: list[list[int]] = draw(st.lists(size, min_size=items, max_size=items))
    problem = VectorPacking(
        sizes=sizes,
        demands=draw(st.lists(st.integers(1, 3), min_size=items, max_size=items)),
        capacities=[draw(st.lists(st.integers(6, 12), min_size=dimensions, max_size=dimensions))],
        costs=[1],
    )
    compiled = compile_packing(problem)
    prices = draw(st.lists(st.integers(0, 20), min_size=len(compiled.demand), max_size=len(compiled.demand)))
    return compiled, prices


def all_patterns(problem: Compiled) -> list[tuple[int, ...]]:
    """Copies of each row in every load of one bin."""
    counts = product(*(range(int(n) + 1) for n in problem.limit))
    return [row for row in counts if (np.array(row) @ problem.size <= problem.capacity[0]).all()]


@st.composite
def kinds_of_bins(draw: st.DrawFn) -> tuple[VectorPacking, list[int]]:
    """Items of two or three sizes, up to three bin types, and prices."""
    dimensions = draw(st.integers(2, 3))
    size = st.lists(st.integers(0, 5), min_size=dimensions, max_size=dimensions).filter(any)
    sizes: list[list[int]] = draw(st.lists(size, min_size=1, max_size=5, unique_by=tuple))
    capacities = draw(
        st.lists(st.lists(st.integers(5, 9), min_size=dimensions, max_size=dimensions), min_size=1, max_size=3)
    )
    problem = VectorPacking(
        sizes=sizes,
        demands=draw(st.lists(st.integers(1, 4), min_size=len(sizes), max_size=len(sizes))),
        capacities=capacities,
        costs=[1] * len(capacities),
    )
    return problem, draw(st.lists(st.integers(0, 20), min_size=len(sizes), max_size=len(sizes)))


@given(drawn=kinds_of_bins(), enough=st.integers(0, 30))
def test_one_table_prices_several_bin_types_as_the_states_do(
    drawn: tuple[VectorPacking, list[int]], enough: int
) -> None:
    """The best value of each type is the same, above the threshold; what is handed on fits and is worth it."""
    problem, prices = compile_packing(drawn[0]), np.array(drawn[1], dtype=np.int64)
    threshold = np.full(problem.types, enough)
    table = Pricer(problem, Budget(seconds=60.0))
    with changed(VECTOR_PACKING.states, beams=(0,)):
        states = Pricer(problem, Budget(seconds=60.0))
    assert table.tabular
    assert not states.tabular

    found = table.price(prices, problem.limit, threshold)
    other = states.price(prices, problem.limit, threshold)

    assert np.maximum(found.upper, enough).tolist() == np.maximum(other.upper, enough).tolist()
    assert {t for t, _ in found.loads} == {t for t, n in enumerate(found.upper) if n > enough}
    for t, pattern in found.loads:
        assert sum(int(prices[row]) * n for row, n in pattern) == found.upper[t]
        assert (sum(problem.size[row] * n for row, n in pattern) <= problem.capacity[t]).all()


@settings(max_examples=20)
@given(problem=packings())
def test_few_columns_to_begin_with_bound_no_packing_away(problem: VectorPacking) -> None:
    """With each item alone in its cheapest bin only, the bound stays below the optimum and the packing is right."""
    with changed(VECTOR_PACKING.generation, most_alone=0):
        result = solve_vector_packing(problem, budget=Budget(work=1))
    best = cheapest(problem)
    assert best is None or (result.bound <= best and not result.infeasible)
    if result.bins is not None:
        assert check_bins(problem, result.bins) == []


@given(problem=packings())
def test_bins_of_all_types_are_filled_at_once_as_one_by_one(problem: VectorPacking) -> None:
    """By price and by shape; what stands in a bin fits, and no conflict or limit is broken (see `check_bins`)."""
    compiled = compile_packing(problem)
    assume(0 < len(compiled.demand) == len(set(compiled.item[compiled.limit > 0].tolist())))
    weight = np.ones(compiled.size.shape[1])
    for fill in (by_price(row_volume(compiled)), by_shape("dot", weight), by_shape("distance", weight)):
        filling = Filling(compiled)
        types = np.arange(compiled.types)
        one_by_one = [fill(filling, types[t : t + 1])[0] for t in types]
        assert list(fill(filling, types)) == one_by_one
        for t, pattern in enumerate(one_by_one):
            assert (sum((compiled.size[row] * n for row, n in pattern), 0 * weight) <= compiled.capacity[t]).all()
        if filling.complete(volume(compiled), fill, lambda: False):
            assert check_bins(problem, compiled.unfold(filling.loads)) == []


@given(drawn=one_bin(1) | one_bin(2) | one_bin(3), threshold=st.integers(0, 30))
def test_the_states_find_all_that_is_worth_it(drawn: tuple[Compiled, list[int]], threshold: int) -> None:
    """The best pattern above the threshold, and every one of them when all are asked for."""
    problem, prices = drawn
    value = np.array(prices, dtype=np.int64)
    good = {row for row in all_patterns(problem) if np.array(row) @ value > threshold}
    search = PatternSearch(problem, 0)

    best = search.find(value, problem.limit, threshold, lambda: False)
    every = search.every(value, problem.limit, threshold, lambda: False, 10_000)

    assert best.upper >= max((int(np.array(row) @ value) for row in good), default=0)
    if good:
        assert best.patterns[0][0] == max(int(np.array(row) @ value) for row in good)
    assert every is not None
    assert {tuple(dict(pattern).get(r, 0) for r in range(problem.rows)) for pattern in every} == good


@given(problem=packings(), data=st.data())
def test_the_list_has_all_patterns(problem: VectorPacking, data: st.DataObject) -> None:
    """With conflicts, ways and limits in play: those that the states find, and the best of them under other limits."""
    compiled = compile_packing(problem)
    one = np.ones(compiled.rows, dtype=np.int64)
    limit = np.array([data.draw(st.integers(0, int(n))) for n in compiled.limit], dtype=np.int64)
    value = np.array([data.draw(st.integers(0, 9)) for _ in compiled.limit], dtype=np.int64)
    threshold = data.draw(st.integers(0, 12))
    for bin_type in range(compiled.types):
        every = PatternSearch(compiled, bin_type).every(one, compiled.limit, 0, lambda: False, 10_000)
        assert every is not None
        listed = list_patterns(compiled, bin_type, lambda: False)
        assert listed is not None
        assert {p for _, p in listed.find(one, compiled.limit, 0, lambda: False).patterns} == set(
            every[: VECTOR_PACKING.states.best]
        )
        with changed(VECTOR_PACKING.listed, most=len(every) - 1):
            assert list_patterns(compiled, bin_type, lambda: False) is None or not every

        within = [p for p in every if all(n <= limit[row] for row, n in p)]
        dual_value = {p: sum(int(value[row]) * n for row, n in p) for p in within}
        found = listed.find(value, limit, threshold, lambda: False)
        assert found.complete
        assert found.upper == max([threshold, *dual_value.values()])
        assert {p: w for w, p in found.patterns} == {p: w for p, w in dual_value.items() if w > threshold}


def test_ways_of_one_item_share_its_limit() -> None:
    """One copy, two ways: no pattern has both."""
    compiled = compile_packing(VectorPacking(sizes=[[[1], [2]]], demands=[1], capacities=[[6]], costs=[1]))
    listed = list_patterns(compiled, 0, lambda: False)
    assert listed is not None
    found = listed.find(np.ones(2, dtype=np.int64), compiled.limit, 0, lambda: False)
    assert {p for _, p in found.patterns} == {((0, 1),), ((1, 1),)}


@given(problem=packings())
def test_answers_are_true_where_patterns_are_listed(problem: VectorPacking) -> None:
    """With room for one state only, so that every pricing turns to the list."""
    with changed(VECTOR_PACKING.states, beams=(1,)):
        result = solve_vector_packing(problem, budget=Budget())
    best = cheapest(problem)
    assert result.infeasible == (best is None)
    if best is not None:
        assert result.bins is not None
        assert check_bins(problem, result.bins) == []
        assert (result.cost, result.proved) == (best, True)


def generation_of(problem: VectorPacking) -> Generation | None:
    """The linear program of a problem, not solved yet; None when nothing is asked for, or some row fits nowhere."""
    compiled = compile_packing(problem)
    if not len(compiled.demand) or not compiled.limit.all():
        return None
    state = PackingState(Budget())
    state.unit = int(np.gcd.reduce(compiled.cost))
    return Generation(compiled, state)


@given(problem=packings(1))
def test_the_exact_search_alone_finds_the_optimum(problem: VectorPacking) -> None:
    """From prices alone, without a packing to start from, it closes the gap between bound and optimum, truly."""
    best, generation = cheapest(problem), generation_of(problem)
    if best is None or generation is None:
        return
    compiled, state = generation.problem, generation.state
    generation.run(state.budget)

    close_by_patterns(generation)

    assert state.bound <= best
    if state.bins is not None:
        assert check_bins(problem, state.bins) == []
        assert state.cost is not None
        assert state.cost >= best
    if compiled.size.all():
        assert state.bound == best


def all_loads(problem: VectorPacking) -> tuple[ListedCounts, PackingState] | None:
    """The program over all maximal loads, and what is known of the problem: nothing; None when there are no loads."""
    generation = generation_of(problem)
    if generation is None:
        return None
    compiled, state = generation.problem, generation.state
    nothing = np.zeros(len(compiled.demand), dtype=np.int64)
    loads = list_loads(compiled, nothing, (0,) * compiled.types, 0, state.budget.over)
    return (ListedCounts.of(compiled, loads), state) if loads else None


def test_a_list_of_loads_ends_with_the_time() -> None:
    """Also once all patterns are found, of which each is looked at for whether it is maximal."""
    problem = compile_packing(VectorPacking(sizes=[[2], [3]], demands=[20, 20], capacities=[[40]], costs=[1]))
    nothing, questions = np.zeros(2, dtype=np.int64), 0

    def stop() -> bool:
        nonlocal questions
        questions += 1
        return questions > most

    most = 10**9
    patterns = PatternSearch(problem, 0).every(nothing, problem.limit, -1, stop, 10_000)
    assert patterns is not None
    most, questions = questions + len(patterns) // 2, 0
    assert list_loads(problem, nothing, (0,), 0, stop) is None


@given(problem=packings(), cutoff=st.integers(1, 30))
def test_the_cheapest_counts_that_loads_fit_are_a_bound(problem: VectorPacking, cutoff: int) -> None:
    """Over all loads no more than the optimum; of no more than the cutoff alone is anything said."""
    best, drawn = cheapest(problem), all_loads(problem)
    if best is None or drawn is None:
        return
    program, state = drawn
    cuts: list[PackingCut] = []

    raise_by_counts(program, state, cuts, cutoff)
    assert state.bound <= min(best, cutoff + state.unit)
    raise_by_groups(program.by_fit(), state, cuts, cutoff)
    assert state.bound <= min(best, cutoff + state.unit)


def test_groups_find_what_counts_of_bins_alone_do_not() -> None:
    """Colours are bins: fractions of independent sets colour the graph of Grötzsch (1959) with 2.9, but it needs four.

    Each of the first three bin types has an item of its own, so that none are alike; the fourth is dear.
    """
    around = [(i, (i + 1) % 5) for i in range(5)]
    above = [(5 + i, j) for i in range(5) for j in ((i + 1) % 5, (i - 1) % 5)]
    problem = VectorPacking(
        sizes=[[1]] * 14,
        demands=[1] * 14,
        capacities=[[14]] * 4,
        costs=[10, 10, 10, 15],
        available=[1] * 4,
        conflicts=[*around, *above, *((10, 5 + i) for i in range(5))],
        allowed=[[range(4)]] * 11 + [[[0]], [[1]], [[2]]],
    )
    drawn = all_loads(problem)
    assert drawn is not None
    program, state = drawn
    cuts: list[PackingCut] = []

    assert raise_by_counts(program, state, cuts, 45) is not None
    assert state.bound == 30
    raise_by_groups(program.by_fit(), state, cuts, 45)
    assert state.bound == 45


def test_a_program_of_counts_that_highs_refuses_says_nothing() -> None:
    """It takes no coefficient of 1e15; what is known until then stands."""
    compiled = compile_packing(VectorPacking(sizes=[[1]], demands=[2], capacities=[[2], [1]], costs=[3, 2]))
    cut = ShareCut(np.array([10**16, 10**16]), np.array([1, 1]))
    counting = CountingProgram(compiled, np.array([0, 0]), 1, [], [cut])
    assert counting.relaxed(0, 9, Budget()) is None
    assert counting.cheapest(0, 9, Budget()) is None


def test_inequalities_of_groups_hold_for_all_packings_of_the_loads() -> None:
    """Whatever counts they were found for, and rounded too: the bins of a group hold no more than they say."""
    problem = VectorPacking(
        sizes=[[3, 2], [2, 3], [[4, 1], [1, 4]], [5, 5]],
        demands=[2, 2, 2, 1],
        capacities=[[6, 6], [9, 4]],
        costs=[5, 6],
    )
    drawn = all_loads(problem)
    assert drawn is not None
    program = drawn[0].by_fit()
    groups, compiled = program.groups, program.problem
    assert len(groups) == 2
    each = np.ones(compiled.rows, dtype=np.int64)
    patterns = [PatternSearch(compiled, t).every(each, compiled.limit, 0, lambda: False, 1_000) or () for t in range(2)]
    assert all(patterns)
    generator = np.random.default_rng(1)
    found = 0
    for _ in range(40):
        bins = generator.integers(0, 3, compiled.types)
        copies = generator.integers(0, 1 + compiled.demand[groups.item])
        for cut in program.separate(bins, copies, 10.0) or ():
            found += 1
            for weaker in (cut, cut.rounded()):
                for t in range(compiled.types):
                    mine = groups.group == groups.of_type[t]
                    for pattern in patterns[t]:
                        held = compiled.copies_in(pattern)
                        value = int(weaker.price[mine] @ held[groups.item[mine]])
                        assert value <= weaker.coefficients[t]
    assert found > 10


def test_counts_that_no_loads_fit_are_left_out() -> None:
    """Counts that keep all prices found so far cost 27; fractions of loads don't fit any below 28."""
    problem = VectorPacking(sizes=[[4], [8], [3]], demands=[3, 1, 3], capacities=[[10], [18]], costs=[9, 14])
    generation = generation_of(problem)
    assert generation is not None
    state, cuts = generation.state, volume_cuts(generation.problem)
    generation.run(state.budget)
    count_bins(generation.problem, state, [*cuts, generation.cut])
    assert state.bound == 27
    close_by_counts(generation, cuts)
    assert state.bound == cheapest(problem) == 28


def test_a_cover_that_is_stopped_says_nothing_of_what_it_did_not_look_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A packing of 30 may have become known since the loads up to 40 were listed: then none of 30 or more is sought."""
    program = VectorPacking(sizes=[[6]], demands=[4], capacities=[[10]], costs=[10])
    generation = generation_of(program)
    assert generation is not None
    info = SimpleNamespace(
        mip_dual_bound=float("inf"), primal_solution_status=0
    )  # no node left open when it was stopped
    stopped = SimpleNamespace(getInfo=lambda: info), HighsModelStatus.kTimeLimit
    monkeypatch.setattr("placement.vector_packing.cover.prove", lambda *_, **__: stopped)
    answer = solve_cover(generation.problem, generation.state, [(0, ((0, 1),))], 20.0, Budget())
    assert (answer.chosen, answer.proved, answer.decided) == (None, 30, False)


@given(problem=packings())
def test_a_first_bound_that_is_stopped_makes_packings_too(problem: VectorPacking) -> None:
    """After one round of column generation: rounding, dives and improvement keep every rule, and the bound is true."""
    best, generation = cheapest(problem), generation_of(problem)
    if best is None or generation is None:
        return
    state = generation.state
    generation.run(Budget(seconds=0))
    assert generation.rounds <= 1

    round_down(generation)
    dive(generation)
    improve(generation, patience=2, seed=0)

    assert state.bound <= best
    if state.bins is not None:
        assert check_bins(problem, state.bins) == []
        assert state.cost is not None
        assert state.cost >= best


def test_a_budget_that_is_over_claims_nothing() -> None:
    """Interrupted before it starts: no packing need be there, and the bound is true."""
    budget = Budget()
    budget.interrupt()
    problem = VectorPacking(sizes=[[3, 2], [2, 3]], demands=[9, 9], capacities=[[7, 7]], costs=[5])

    result = solve_vector_packing(problem, budget=budget)

    assert result.stop is Stop.INTERRUPTED
    assert result.bound <= 45
    assert not result.infeasible


def test_no_room_is_a_proof() -> None:
    """Five items of which two share a bin need three bins; two are there."""
    problem = VectorPacking(sizes=[[5]], demands=[5], capacities=[[10]], costs=[1], available=[2])

    result = solve_vector_packing(problem, budget=Budget())

    assert result.infeasible
    assert result.proved
    assert result.bins is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sizes": [[1, 2]]}, r"sizes\[0\]: must be rows of 1"),
        ({"demands": [1, 2]}, "demands: must have 1 entries"),
        ({"costs": [-1]}, "costs: must be 0 to"),
        ({"available": [1], "least": [2]}, "least: must be at most available"),
        ({"capacities": [[2**41]]}, "capacities: must be 0 to"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object], message: str) -> None:
    """The message names the place and the rule."""
    fields = {"sizes": [[1]], "demands": [1], "capacities": [[2]], "costs": [1], **given}

    with pytest.raises(UsageError, match=message):
        solve_vector_packing(VectorPacking(**fields), budget=Budget())  # type: ignore[arg-type]


@pytest.mark.parametrize(("beyond", "available", "infeasible"), [(0, 2, False), (10**6, 2, False), (0, 1, True)])
def test_only_cuts_prove_that_there_is_no_packing(beyond: int, available: int, infeasible: bool) -> None:
    """A bound above all bins together may be an engine's word, and proves nothing of that kind."""
    problem = VectorPacking(
        sizes=[[6]], demands=[2], capacities=[[10], [4]], costs=[3, 1], available=[available, 1], least=[0, 0]
    )
    compiled = compile_packing(problem)
    state = PackingState(Budget())
    state.raise_bound(beyond, "engine")
    count_bins(compiled, state, volume_cuts(compiled))
    assert state.infeasible == infeasible
