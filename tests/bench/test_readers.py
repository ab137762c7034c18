"""Readers of the published packing sets: formats, mapping to problems, recount, and the files themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement import Problem
from placement.errors import UsageError
from placement_bench.cases import Answer, BestKnown, CaseSet, Limits
from placement_bench.referee import recount as referee_recount
from placement_bench.sets import bpplib, conflicts, variable, vector
from placement_bench.sets.archives import best_known, members, stem
from placement_bench.sets.formats import FormatError, read_bpp, read_vbp, read_vsbpp, read_vsbppc
from placement_bench.sets.mapping import check_plan, problem_document, to_plan
from placement_bench.sets.native import BinPacking, BinType, ItemType, merged, merged_twins, recount, volume_bound
from placement_bench.sets.negative import has_negative, raised, within_rules
from placement_bench.sets.packing_task import CORE, CoreTask, PackingTask, packing_task

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "published"
ALL = (*bpplib.SETS, *vector.SETS, *variable.SETS, *conflicts.SETS)

# Cases of each set in the published folder, by the tables of the SOURCE.md files: a file of Ekici's set 1 is two
# cases, one of set 2 three.
PUBLISHED_CASES = {
    "falkenauer-u": 64,
    "falkenauer-t": 64,
    "scholl-1": 576,
    "scholl-2": 384,
    "scholl-3": 8,
    "waescher": 14,
    "schwerin-1": 80,
    "schwerin-2": 80,
    "hard28": 22,
    "randomly-generated": 3072,
    "ai": 200,
    "ani": 200,
    "gi": 192,
    "vbp-panigrahy": 1296,
    "vbp-new": 864,
    "vbp-triplet": 192,
    "crainic-1": 240,
    "crainic-2": 48,
    "crainic-3": 384,
    "hemmelmayr-1": 120,
    "hemmelmayr-2": 40,
    "belov-1": 40,
    "belov-2": 40,
    "belov-3": 40,
    "belov-4": 40,
    "random-x1": 3456,
    "ekici-1-100": 576,
    "ekici-1-200": 576,
    "ekici-2-100": 288,
}


# Formats


def test_bpp_merges_equal_weights() -> None:
    case = read_bpp("4\r\n10\r\n7\r\n3\r\n7\r\n2\r\n", "four")
    assert case == BinPacking((BinType((10,)),), (ItemType((7,), 2), ItemType((3,)), ItemType((2,))))


def test_vbp_counts_the_items_of_the_file() -> None:
    case = read_vbp("2\n10 20\n2\n7 3 1\n1 1 2\n", "class9_1_2_0")
    assert case.items == (ItemType((7, 3)), ItemType((1, 1), 2))
    assert case.bins == (BinType((10, 20)),)
    assert case.copies == 3


def test_vsbpp_has_costs_and_availabilities() -> None:
    case = read_vsbpp("2\r\n10\t3\t9\r\n6\t1\t5\r\n2\r\n4\t2\r\n3\t1\r\n", "two")
    assert case.bins == (BinType((10,), 9, 3), BinType((6,), 5, 1))
    assert case.items == (ItemType((4,), 2), ItemType((3,)))


def test_vsbppc_reads_a_pair_listed_once_or_twice() -> None:
    bins = (BinType((10,), 10),)
    once = read_vsbppc("3\n1 4 2\n2 4\n3 5\n", "once", bins)
    twice = read_vsbppc("3\n1 4 2\n2 4 1\n3 5\n", "twice", bins)
    assert once == twice
    assert once.conflicts == {(0, 1)}
    assert once.bins == bins


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_bpp, "3\n10\n7\n3\n", "ends before its weights: 3 numbers expected, 2 are left"),
        (read_bpp, "1\n10\n7\n3\n", "1 numbers beyond the end"),
        (read_bpp, "1\n10\n7.5\n", "weights must be whole numbers, got 7.5"),
        (read_bpp, "1\n10\n-7\n", "weights must be at least 0, got -7"),
        (read_bpp, "", "ends before its number of items"),
        (read_vbp, "2\n10 20\n2\n7 3 1\n", "ends before its sizes of an item"),
        (read_vsbpp, "1\n10 3 9\n2\n4 2\n", "ends before its size and demand"),
        (lambda text, name: read_vsbppc(text, name, ()), "2\n1 4\n", "2 items announced, 1 lines follow"),
        (lambda text, name: read_vsbppc(text, name, ()), "1\n2 4\n", "line 2: item 1 expected, got 2"),
        (lambda text, name: read_vsbppc(text, name, ()), "1\n1 4 1\n", "must be numbers of other items"),
        (lambda text, name: read_vsbppc(text, name, ()), "", "ends before its number of items"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(read, text, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(FormatError, match=f"broken.*{message}"):
        read(text, "broken")


def test_costs_of_the_configurations_are_exact() -> None:
    # ceil(0.1 * cap^1.5) and ceil(10 * sqrt(cap)) for 70, 100, 130, 160, 190, 220, 250; 100 is exact in both.
    assert [conflicts.convex(c) for c in conflicts.SEVEN] == [59, 100, 149, 203, 262, 327, 396]
    assert [conflicts.concave(c) for c in conflicts.SEVEN] == [84, 100, 115, 127, 138, 149, 159]


def test_best_known_tells_infeasible_from_unproven() -> None:
    row = {"best_known": "infeasible", "proven": "yes", "lower_bound": ""}
    assert best_known(row, "lower_bound") == BestKnown(None, proven=True, infeasible=True)
    row = {"best_known": "12", "proven": "no", "lower_bound": "11"}
    assert best_known(row, "lower_bound") == BestKnown(12, bound=11)
    row = {"best_known": "12", "proven": "yes_by_construction", "lower_bound": "11"}
    assert best_known(row, "lower_bound") == BestKnown(12, proven=True, bound=12)


def test_names_keep_their_dots() -> None:
    assert stem("folder/BPP_50_50_0.1_0.7_1.txt") == "BPP_50_50_0.1_0.7_1"


def test_a_missing_archive_names_itself_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no .*hard28\.zip; --data names .*placement-bench fetch bpplib"):
        members(tmp_path / "bpplib" / "hard28.zip")


# Twins, mapping and recount


@st.composite
def packings(draw: st.DrawFn, conflicting: bool = True) -> BinPacking:
    """Small cases of one to three dimensions, some with quotas and conflicts."""
    dimensions = draw(st.integers(1, 3))
    sizes = st.lists(st.integers(0, 6), min_size=dimensions, max_size=dimensions).map(tuple)
    rooms = st.lists(st.integers(1, 12), min_size=dimensions, max_size=dimensions).map(tuple)
    bins = draw(
        st.lists(st.builds(BinType, rooms, st.integers(1, 9), st.none() | st.integers(1, 3)), min_size=1, max_size=3)
    )
    items = draw(st.lists(st.builds(ItemType, sizes, st.integers(1, 3)), min_size=1, max_size=4))
    pairs = [(i, j) for i in range(len(items)) for j in range(i + 1, len(items))]
    chosen = draw(st.sets(st.sampled_from(pairs))) if conflicting and pairs else set()
    return BinPacking(tuple(bins), tuple(items), frozenset(chosen))


@given(case=packings(), data=st.data())
def test_the_recount_and_the_second_opinion_agree(case: BinPacking, data: st.DataObject) -> None:
    """On bins filled at random, one checker finds a fault just when the other does, and both count the same cost.

    The bins are cut to what they hold, give or take a unit in one dimension, and the quotas to what is used, give or
    take one: a rule that one of the two does not know is then often the only one broken.
    """
    loads: list[tuple[int, dict[int, int]]] = []
    for i, item in enumerate(case.items):
        for _ in range(item.copies - data.draw(st.sampled_from((0,) * 12 + (1,)))):
            number = data.draw(st.integers(0, len(loads)))
            if number == len(loads):
                loads.append((data.draw(st.integers(0, len(case.bins) - 1)), {}))
            content = loads[number][1]
            content[i] = content.get(i, 0) + 1
    case = replace(case, bins=tuple(cut_to(case, kind, loads, data) for kind in range(len(case.bins))))
    cost, faults = recount(case, loads)
    plan = to_plan(case, loads)
    second = referee_recount(problem_document(case, "drawn"), plan)
    assert second.cost == cost
    assert bool(second.faults) == bool(faults)
    assert check_plan(case, plan, "recount").value == cost
    assert bool(check_plan(case, plan, "recount").faults) == bool(faults)
    bound = volume_bound(case)
    if not faults:
        assert bound is not None
        assert bound <= cost


def cut_to(case: BinPacking, kind: int, loads: list[tuple[int, dict[int, int]]], data: st.DataObject) -> BinType:
    """A bin type with about the room that its bins need, and about as many of them."""
    held = [content for one, content in loads if one == kind]
    few = data.draw(st.sampled_from((0,) * 8 + (1,)))
    slack = data.draw(st.sampled_from((0,) * 8 + (1, 2)))
    room = [
        max((sum(case.items[i].size[d] * n for i, n in content.items()) for content in held), default=1)
        for d in range(case.dimensions)
    ]
    tight = data.draw(st.integers(0, case.dimensions - 1))
    room[tight] += 1 - slack if slack else 0
    return BinType(tuple(max(1, size) for size in room), case.bins[kind].cost, max(0, len(held) - few))


@given(case=packings())
def test_every_case_is_a_problem(case: BinPacking) -> None:
    problem = Problem(**problem_document(case, "drawn"))
    assert sum(component.copies or 0 for component in problem.components) == case.copies


def test_large_sizes_stay_exact() -> None:
    """A bin that is full to the last unit holds its items, and no unit more; 1,500,000 is the largest capacity."""
    case = BinPacking(
        (BinType((1_500_000, 70_239, 65_087)),),
        (ItemType((750_001, 35_120, 32_544)), ItemType((749_999, 35_119, 32_543))),
    )
    document = problem_document(case, "large")
    assert referee_recount(document, to_plan(case, [(0, {0: 1, 1: 1})])).faults == ()
    for d in range(3):
        size = tuple(case.bins[0].capacity[k] - 1 + (k == d) for k in range(3))
        over = replace(case, items=(ItemType(size), ItemType((1, 1, 1))))
        assert referee_recount(problem_document(over, "over"), to_plan(over, [(0, {0: 1, 1: 1})])).faults


def test_recount_names_every_kind_of_fault() -> None:
    case = BinPacking((BinType((10,), 3, 1),), (ItemType((4,), 2), ItemType((7,))), frozenset({(0, 1)}))
    assert recount(case, [(0, {0: 2})]) == (3, ("item 1 is packed 0 times, it comes 1 times",))
    cost, faults = recount(case, [(0, {0: 2, 1: 1}), (0, {1: 1})])
    assert cost == 6
    assert faults == (
        "bin 0 of type 0 holds 15 in dimension 0, it has 10",
        "bin 0 holds items 0 and 1, which conflict",
        "2 bins of type 0 are used, 1 are available",
        "item 1 is packed 2 times, it comes 1 times",
    )
    _, faults = recount(case, [(0, {7: 1}), (2, {0: 1})])
    assert "bin 0 of type 0 holds items [7]: no such item or bin type" in faults
    assert "bin 1 of type 2 holds items [0]: no such item or bin type" in faults


@given(
    sizes=st.lists(st.integers(1, 2).map(lambda size: (size,)), min_size=1, max_size=6),
    data=st.data(),
)
def test_twins_keep_the_conflicts_of_their_items(sizes: list[tuple[int]], data: st.DataObject) -> None:
    """Items of two types conflict in the merged case just when they did before; two of one type never did."""
    n = len(sizes)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    drawn = data.draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    case = merged_twins(sizes, drawn)
    assert case.copies == n
    # The types in the order of first items, as merged_twins numbers them.
    near = [frozenset(j for j in range(n) if (min(i, j), max(i, j)) in drawn) for i in range(n)]
    keys = list(dict.fromkeys(zip(sizes, near, strict=True)))
    type_of = [keys.index((sizes[i], near[i])) for i in range(n)]
    for i, j in pairs:
        a, b = sorted((type_of[i], type_of[j]))
        assert ((a, b) in case.conflicts) == ((i, j) in drawn)


def test_volume_bound_buys_the_cheapest_room_within_what_is_available() -> None:
    bins = (BinType((10,), 10, 1), BinType((10,), 20))
    assert volume_bound(BinPacking(bins, (ItemType((15,)),))) == 20  # 10 for the first ten, 10 for five more
    assert volume_bound(BinPacking(bins[:1], (ItemType((15,)),))) is None
    assert volume_bound(BinPacking((BinType((10, 4)),), (ItemType((1, 3), 3),))) == 3  # the second dimension counts


# The task


def test_a_case_runs_through_the_library_and_both_checkers() -> None:
    case = read_bpp("5\n10\n6\n6\n4\n4\n3\n", "five")
    task = packing_task(case, "five", "recount of five")
    assert {"ffd", "greedy", "cp-sat"} <= set(task.solvers())
    answer = task.run("cp-sat", Limits(seconds=20, work=5_000))
    assert (answer.status, answer.value, answer.bound) == ("optimal", 3, 3)
    check = task.check(answer)
    assert (check.value, check.faults) == (3, ())
    assert check.by.endswith("recount of five")


def test_availability_conflicts_and_a_second_dimension_reach_the_solver() -> None:
    """The one cheap bin would hold everything, but two items conflict; a fourth is too much in the second dimension."""
    bins = (BinType((10, 5), 1, 1), BinType((10, 5), 4))
    items = (ItemType((5, 1)), ItemType((5, 1)), ItemType((0, 3)))
    case = BinPacking(bins, items, frozenset({(0, 1)}))
    task = packing_task(case, "three", "recount")
    answer = task.run("cp-sat", Limits(seconds=20, work=5_000))
    assert (answer.status, answer.value) == ("optimal", 5)
    assert task.check(answer).faults == ()
    free = packing_task(BinPacking(bins, items), "free", "recount").run("cp-sat", Limits(seconds=20, work=5_000))
    assert (free.status, free.value) == ("optimal", 1)
    more = BinPacking(bins, (*items, ItemType((0, 1))))
    assert packing_task(more, "more", "recount").run("cp-sat", Limits(seconds=20, work=5_000)).value == 5


def test_a_wrong_answer_of_the_core_is_caught() -> None:
    case = read_bpp("2\n10\n6\n6\n", "two")
    task = packing_task(case, "two", "recount")
    right = {"bins": [{"type": 0, "items": [[0, 1]], "count": 2}]}
    wrong = {"bins": [{"type": 0, "items": [[0, 2]], "count": 1}]}
    assert task.check(Answer("optimal", 2, 2, right, 0.0)).faults == ()
    assert task.check(Answer("optimal", 1, 1, right, 0.0)).faults == ("recount counts 2, the answer says 1",)
    assert "holds 12 in dimension 0" in task.check(Answer("optimal", 1, 1, wrong, 0.0)).faults[0]


def test_more_dimensions_than_a_machine_has_are_for_the_core_alone() -> None:
    case = BinPacking((BinType((10,) * 5),), (ItemType((6,) * 5, 2),))
    task = packing_task(case, "five", "recount")
    assert set(task.solvers()) <= {CORE}
    solution = {"bins": [{"type": 0, "items": [[0, 1]], "count": 2}]}
    assert task.check(Answer("feasible", 2, 2, solution, 0.0)).by == "recount"


def test_the_core_solves_the_case_itself_and_the_referee_counts_its_bins() -> None:
    """Quotas, costs, conflicts, two dimensions and copies, as the core is told them."""
    bins = (BinType((10, 5), 1, 1), BinType((10, 5), 4))
    items = (ItemType((5, 1)), ItemType((5, 1)), ItemType((0, 1), 3))
    for conflicting, value in ((frozenset({(0, 1)}), 5), (frozenset[tuple[int, int]](), 1)):
        task = packing_task(BinPacking(bins, items, conflicting), "three", "recount")
        answer = task.run(CORE, Limits(seconds=20))
        assert (answer.status, answer.value, answer.bound) == ("optimal", value, value)
        check = task.check(answer)
        assert (check.value, check.faults) == (value, ())
        assert check.by.endswith(", recount")
        assert json.loads(json.dumps(answer.solution)) == answer.solution


def test_the_core_proves_that_a_case_has_no_packing() -> None:
    case = BinPacking((BinType((10,) * 4, 1, 1),), (ItemType((6,) * 4, 2),))
    task = packing_task(case, "two", "recount")
    answer = task.run(CORE, Limits(seconds=20))
    assert (answer.status, answer.value) == ("infeasible", None)
    assert task.check(answer).faults == ()


def test_unknown_solvers_and_options_of_the_core_are_refused() -> None:
    task = packing_task(BinPacking((BinType((10,) * 4),), (ItemType((6,) * 4),)), "one", "recount")
    with pytest.raises(UsageError, match='no solver "ffd" for a case that is no problem document; known: vector-pack'):
        task.run("ffd", Limits())
    with pytest.raises(UsageError, match="solver vector-packing has no option restarts"):
        task.run(CORE, Limits(options={"restarts": 3}))


# Sizes below zero


def test_triplets_below_zero_are_solved_by_their_raised_sizes() -> None:
    """Four bins, each filled by three items in three dimensions; two sizes of 51 leave -2."""
    sizes = [(51, 40, 30), (51, 30, 40), (-2, 30, 30), (50, 48, 26), (30, 26, 48), (20, 26, 26)] * 2
    task = packing_task(BinPacking((BinType((100,) * 3),), merged(sizes)), "four", "recount")
    assert isinstance(task, CoreTask)
    answer = task.run(CORE, Limits(seconds=20))
    assert (answer.status, answer.value, answer.bound) == ("optimal", 4, 4)
    assert task.check(answer).faults == ()


def test_raised_sizes_keep_triplets_and_taking_apart_keeps_the_rules() -> None:
    case = BinPacking((BinType((100,)),), (ItemType((51,), 2), ItemType((-2,)), ItemType((40,))))
    assert has_negative(case)
    stand_in = raised(case)
    assert stand_in.bins[0].capacity == (106,)
    assert [item.size for item in stand_in.items] == [(53,), (0,), (42,)]
    loads = [(0, {0: 2, 1: 1}), (0, {2: 1})]
    assert recount(stand_in, loads) == recount(case, loads) == (2, ())
    # Two of 51 obey the raised rule alone.
    loads = [(0, {0: 2}), (0, {1: 1, 2: 1})]
    assert recount(stand_in, loads)[1] == ()
    assert recount(case, loads)[1] != ()
    assert recount(case, within_rules(case, loads)) == (3, ())


# The published files


def published() -> Path:
    if not PUBLISHED.is_dir():
        pytest.skip("no published sets: ../shared/published is not beside the repository")
    return PUBLISHED


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_quick_cases_are_there_and_no_better_than_their_volume_allows(one: CaseSet) -> None:
    """Some quick cases survived the hold-out, and their best values are not below the volume bound."""
    cases = [case for case in one.cases(published()) if any(fnmatchcase(case.name, pattern) for pattern in one.quick)]
    assert cases
    for case in cases[:3]:
        assert_sound(case.best_known, case.load())


def assert_sound(best: BestKnown | None, task: object) -> None:
    assert isinstance(task, PackingTask | CoreTask)
    bound = volume_bound(task.case)
    if best is not None and best.value is not None:
        assert bound is not None
        assert bound <= (best.bound if best.proven and best.bound is not None else best.value) <= best.value


def test_every_set_has_a_name_of_its_own() -> None:
    assert sorted(one.name for one in ALL) == sorted(PUBLISHED_CASES)


@pytest.mark.long
def test_random_x1_is_infeasible_as_often_as_the_docs_say() -> None:
    (random_x1,) = (one for one in variable.SETS if one.name == "random-x1")
    tasks: list[Any] = [case.load() for case in random_x1.cases(published())]
    assert sum(too_few_bins(task.case) for task in tasks) == 492


def too_few_bins(case: BinPacking) -> bool:
    """Whether the items of some size and above are more than all bins hold of items of that size."""
    return any(
        sum(other.copies for other in case.items if other.size >= item.size)
        > sum((one.available or 0) * (one.capacity[0] // item.size[0]) for one in case.bins)
        for item in case.items
    )


def test_the_infeasible_case_is_infeasible() -> None:
    """Belov4_22 has 400 items above 7000, and 332 bins that hold one of those; no two fit one bin."""
    (belov,) = (one for one in variable.SETS if one.name == "belov-4")
    (case,) = (case for case in belov.cases(published()) if case.name == "Belov4_22")
    assert case.best_known == BestKnown(None, proven=True, infeasible=True)
    packing = case.load().case  # type: ignore[attr-defined]
    large = sum(item.copies for item in packing.items if item.size[0] > 7000)
    assert large > sum(one.available for one in packing.bins if one.capacity[0] > 7000)
    assert max(one.capacity[0] for one in packing.bins) < 2 * 7000


@pytest.mark.long
@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_every_file_is_read_and_as_the_tables_say(one: CaseSet) -> None:
    """All cases of a set: as many as its SOURCE.md says, sizes and counts that agree with the names."""
    found = list(one.cases(published()))
    assert len(found) == PUBLISHED_CASES[one.name]
    assert len({case.name for case in found}) == len(found)
    for number, case in enumerate(found):
        task = case.load()
        assert_sound(case.best_known, task)
        assert isinstance(task, PackingTask | CoreTask)
        expected = copies_by_name(one.name, case.name)
        assert expected is None or task.case.copies == expected, case.name
        if isinstance(task, PackingTask) and number % 50 == 0:
            Problem(**task.document)


def copies_by_name(set_name: str, name: str) -> int | None:
    """How many items the name of a case announces, with the known oddity: class 9 of Panigrahy has one more."""
    words = name.partition("@")[0].split("_")
    if set_name.startswith("vbp-"):
        return int(words[1]) + (set_name == "vbp-panigrahy" and words[0] == "class9")
    if set_name == "randomly-generated":
        return int(words[1])
    if set_name.startswith("ekici"):
        return {"1": 100, "2": 200}[words[2]]
    if set_name == "scholl-1":
        return {"1": 50, "2": 100, "3": 200, "4": 500}[name[1]]
    return None


@pytest.mark.long
def test_negative_sizes_are_where_the_docs_say() -> None:
    (triplets,) = (one for one in vector.SETS if one.name == "vbp-triplet")
    tasks: list[tuple[str, Any]] = [(case.name, case.load()) for case in triplets.cases(published())]
    negative = [(name, task) for name, task in tasks if has_negative(task.case)]
    assert len(negative) == 59
    assert {name.partition("_")[0] for name, _ in negative} == {"classC"}
    assert all(isinstance(task, CoreTask) for _, task in negative)
    # Triplets fill every bin exactly, so the volume bound is the optimum, and the raised case's too.
    for (_, task), raise_too in product(negative, (False, True)):
        case = raised(task.case) if raise_too else task.case
        assert volume_bound(case) == case.copies // 3
