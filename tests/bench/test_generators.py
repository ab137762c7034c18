"""Generators: the ranges of each distribution, optima by construction, and draws that never change."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement_bench.cases import BestKnown
from placement_bench.draws import Draws
from placement_bench.generators import DISTRIBUTIONS, Distribution, Recipe
from placement_bench.sets import conflicts, generated, variable, vector
from placement_bench.sets.native import BinPacking, volume_bound
from placement_bench.sets.packing_task import CoreTask, PackingTask

NAMED = {one.name: one for one in DISTRIBUTIONS}


def recipe_of(name: str, label: str) -> tuple[Distribution, Recipe]:
    one = NAMED[name]
    return one, next(recipe for recipe in one.recipes() if recipe.label == label)


def drawn(name: str, label: str, index: int = 0) -> BinPacking:
    one, recipe = recipe_of(name, label)
    return one.case(recipe, index)


def sizes(case: BinPacking, d: int = 0) -> list[int]:
    return [item.size[d] for item in case.items for _ in range(item.copies)]


# Draws


@pytest.mark.slow
@given(low=st.integers(-5, 5), span=st.integers(0, 40), seed=st.text(max_size=5))
def test_integers_lie_between_their_ends(low: int, span: int, seed: str) -> None:
    draws = Draws(seed).integers(low, low + span, 20)
    assert all(low <= value <= low + span for value in draws)


def test_every_value_comes_about_as_often() -> None:
    counts = Counter(Draws("fair").integers(1, 6, 6000))
    assert sorted(counts) == [1, 2, 3, 4, 5, 6]
    assert all(880 < count < 1120 for count in counts.values())  # four deviations


def test_a_sample_has_no_value_twice() -> None:
    sample = Draws("sample").sample(range(50), 30)
    assert len(set(sample)) == 30


def test_normal_draws_have_their_mean_and_deviation_and_stay_inside() -> None:
    draws = Draws("normal")
    values = [draws.rounded_normal(30, 10, 0, 100) for _ in range(4000)]
    mean = sum(values) / len(values)
    assert abs(mean - 30) < 0.8
    assert abs(sum((value - mean) ** 2 for value in values) / len(values) - 100) < 12
    cut = [draws.rounded_normal(0, 10, 0, 100) for _ in range(500)]
    assert min(cut) == 0
    assert max(cut) < 60


def test_nothing_lies_in_an_empty_range() -> None:
    with pytest.raises(ValueError, match="nothing lies between 3 and 2"):
        Draws("empty").integer(3, 2)


# The distributions


@pytest.mark.parametrize(
    ("name", "label", "copies", "capacity", "low", "high"),
    [
        ("gen-falkenauer-u", "u1000", 1000, 150, 20, 100),
        ("gen-scholl-1", "n500_c120_w30", 500, 120, 30, 100),
        ("gen-scholl-2", "n500_w3_b20", 500, 1000, 267, 400),
        ("gen-scholl-2", "n500_w9_b90", 500, 1000, 12, 211),
        ("gen-scholl-3", "hard", 200, 100_000, 20_000, 35_000),
        ("gen-schwerin-1", "n100", 100, 1000, 150, 200),
        ("gen-schwerin-2", "n120", 120, 1000, 150, 200),
        ("gen-random", "n1000_c75_0.1_0.7", 1000, 75, 8, 52),
    ],
)
def test_uniform_weights(name: str, label: str, copies: int, capacity: int, low: int, high: int) -> None:
    case = drawn(name, label)
    weights = sizes(case)
    assert (case.copies, case.bins[0].capacity) == (copies, (capacity,))
    assert low <= min(weights)
    assert max(weights) <= high
    # Long enough to come near both ends.
    assert min(weights) - low <= (high - low) * 0.06
    assert high - max(weights) <= (high - low) * 0.06


def test_triplets_fill_their_bins() -> None:
    for label, n in (("t60", 60), ("t501", 501)):
        case = drawn("gen-falkenauer-t", label)
        weights = sizes(case)
        assert case.copies == n
        assert sum(weights) == 1000 * n // 3
        assert min(weights) >= 250
        assert max(weights) <= 490
        assert volume_bound(case) == n // 3


def test_no_slack_is_left_and_weights_differ() -> None:
    for recipe in NAMED["gen-ai"].recipes():
        case = NAMED["gen-ai"].case(recipe, 0)
        assert sum(sizes(case)) == recipe.optimum * case.bins[0].capacity[0]  # type: ignore[operator]
        assert len(case.items) > 0.9 * case.copies


def test_cutting_stock_demands() -> None:
    case = drawn("gen-gi", "AB500")
    assert len(case.items) > 490
    assert {item.copies for item in case.items} >= set(range(1, 21))
    assert 500_000 // 150 <= min(sizes(case)) <= max(sizes(case)) <= 333_333


def test_paired_dimensions_of_classes_7_and_8() -> None:
    alike = drawn("gen-panigrahy", "class7_500_3")
    assert all(abs(item.size[0] - item.size[1]) <= 10 for item in alike.items)
    assert max(abs(item.size[0] - item.size[2]) for item in alike.items) > 10
    opposite = drawn("gen-panigrahy", "class8_500_5")
    assert all(110 <= item.size[k] + item.size[k + 1] <= 130 for item in opposite.items for k in (0, 2))
    assert min(sizes(opposite, 4)) >= 20
    assert max(sizes(opposite, 4)) <= 100


def test_tokens_of_class_9() -> None:
    case = drawn("gen-panigrahy", "class9_250_5")
    assert case.copies == 250  # not one more, as in the published files
    assert max(max(item.size) for item in case.items) <= 100
    assert all(10 * 10 <= sum(item.size) <= 40 * 10 + 5 for item in case.items)


def test_items_of_new_class_1_are_large_in_one_dimension() -> None:
    case = drawn("gen-new", "class1_500_5")
    large = [[k for k, size in enumerate(item.size) if size >= 50] for item in case.items for _ in range(item.copies)]
    assert Counter(k for row in large for k in row) == dict.fromkeys(range(5), 100)
    assert all(len(row) == 1 for row in large)
    assert all(size <= 25 or size >= 50 for item in case.items for size in item.size)


def test_few_items_of_new_class_5_are_large() -> None:
    case = drawn("gen-new", "class5_500_3")
    for d in range(3):
        large = sum(size > 50 for size in sizes(case, d))
        assert 15 <= large <= 90  # 50 give or take four deviations of 11


def test_vector_triplets_fill_every_dimension_and_are_never_negative() -> None:
    for style in "FC":
        for index in range(3):
            case = drawn("gen-triplet", f"class{style}_120_5", index)
            assert case.totals() == (4000,) * 5
            assert min(min(item.size) for item in case.items) >= 0
    assert drawn("gen-caprara-toth", "class10_51").totals() == (1700, 1700)


def test_conflicts_have_their_density_and_configurations_their_items() -> None:
    one, three = recipe_of("gen-ekici-1", "n100_w20_d500@3types_linear")
    _, five = recipe_of("gen-ekici-1", "n100_w20_d500@5types_linear")
    small, large = one.case(three, 4), one.case(five, 4)
    assert (small.items, small.conflicts) == (large.items, large.conflicts)
    assert (small.bins, large.bins) == tuple(
        conflicts.CONFIGURATIONS[name] for name in ("set1_3types_linear", "set1_5types_linear")
    )
    pairs = sum(small.items[i].copies * small.items[j].copies for i, j in small.conflicts)
    assert 2200 < pairs < 2750  # half of 4950
    assert drawn("gen-ekici-2", "n100_d0@7types_convex").conflicts == frozenset()


def test_costs_and_availabilities() -> None:
    case = drawn("gen-crainic-1", "n100_w50_B")
    total = sum(sizes(case))
    assert all(bin.available is not None and bin.available * bin.capacity[0] >= total for bin in case.bins)
    assert [(b.capacity[0], b.cost, b.available) for b in drawn("gen-crainic-2", "n1000_t6").bins] == [
        (300, 1732, 12),
        (250, 1581, 12),
        (200, 1414, 12),
        (150, 1224, 12),
        (100, 1000, 12),
        (50, 707, 12),
    ]
    assert [b.cost for b in drawn("gen-crainic-3", "n100_2_0").bins] == [11, 10, 7]
    assert len(drawn("gen-crainic-3", "n100_0_0").bins) == 9
    assert sorted(b.cost for b in drawn("gen-hemmelmayr-1", "n100_convex").bins) == [59, 100, 149, 203, 262, 327, 396]
    belov = drawn("gen-belov-4", "k10")
    assert len({b.capacity for b in belov.bins}) == 10
    assert belov.bins[0].capacity == (10_000,)
    assert all(b.cost == b.capacity[0] for b in belov.bins)


# Sets


PUBLISHED_SIZES = {
    "gen-falkenauer-u": 80,
    "gen-falkenauer-t": 80,
    "gen-scholl-1": 720,
    "gen-scholl-2": 480,
    "gen-scholl-3": 10,
    "gen-schwerin-1": 100,
    "gen-schwerin-2": 100,
    "gen-random": 3840,
    "gen-gi": 240,
    "gen-ai": 250,
    "gen-caprara-toth": 360,  # 400 with class 9
    "gen-panigrahy": 1620,
    "gen-new": 1080,
    "gen-triplet": 240,
    "gen-crainic-1": 300,
    "gen-crainic-2": 60,
    "gen-crainic-3": 480,
    "gen-hemmelmayr-1": 150,
    "gen-hemmelmayr-2": 50,
    "gen-belov-1": 50,
    "gen-belov-2": 50,
    "gen-belov-3": 50,
    "gen-belov-4": 50,
    "gen-ekici-1": 1440,
    "gen-ekici-2": 360,
}


def test_sets_are_as_large_as_the_published_ones(tmp_path) -> None:  # type: ignore[no-untyped-def]
    found = {one.name: [case.name for case in one.cases(tmp_path)] for one in generated.SETS}
    assert {name: len(cases) for name, cases in found.items()} == PUBLISHED_SIZES
    assert all(len(set(cases)) == len(cases) for cases in found.values())
    assert not {one.name for one in (*vector.SETS, *variable.SETS, *conflicts.SETS)} & set(found)


def test_what_is_optimal_by_construction_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    for one in generated.SETS:
        case = next(iter(one.cases(tmp_path)))
        known = one.name in ("gen-falkenauer-t", "gen-ai", "gen-triplet")
        assert (case.best_known is not None) == known
        if case.best_known is not None:
            task = case.load()
            assert isinstance(task, PackingTask | CoreTask)
            bound = volume_bound(task.case)
            assert case.best_known == BestKnown(bound, proven=True, bound=bound)


DIGEST = "1be54eb59d7ad476d1a0ff98de521043ffb6febb09585eb19110691bde77b4ab"


def test_cases_never_change() -> None:
    """One digest over a case of every seventh recipe: another is a break with all stored results."""
    digest = hashlib.sha256()
    for one in DISTRIBUTIONS:
        for recipe in islice(one.recipes(), 0, None, 7):
            case = one.case(recipe, 1)
            rows = [
                [[bin.capacity, bin.cost, bin.available] for bin in case.bins],
                [[item.size, item.copies] for item in case.items],
                sorted(case.conflicts),
            ]
            digest.update(json.dumps([one.name, recipe.label, rows]).encode())
    assert digest.hexdigest() == DIGEST


@pytest.mark.long
@pytest.mark.parametrize("one", DISTRIBUTIONS, ids=lambda one: one.name)
def test_every_recipe_makes_a_case_that_can_be_packed(one: Distribution) -> None:
    """By volume, and each item alone; Belov's may lack long bins, but not room."""
    for recipe in one.recipes():
        case = one.case(recipe, 0)
        assert volume_bound(case) is not None
        assert recipe.optimum is None or volume_bound(case) == recipe.optimum
        largest = [max(item.size[d] for item in case.items) for d in range(case.dimensions)]
        assert all(any(bin.capacity[d] >= largest[d] for bin in case.bins) for d in range(case.dimensions)), (
            recipe.label
        )
