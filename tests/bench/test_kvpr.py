"""Prism KVPR: rules reproduced, optima proven, and a checker that can tell."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement_bench.cases import Answer, Limits
from placement_bench.kvpr import exact
from placement_bench.kvpr.exact import branch_and_bound, solve
from placement_bench.kvpr.problem import Kvpr
from placement_bench.kvpr.rules import prism_greedy, round_robin
from placement_bench.sets import kvpr as the_set
from tests.bench.published import published

if TYPE_CHECKING:
    from fractions import Fraction


@st.composite
def cases(draw: st.DrawFn) -> Kvpr:
    """Small, in no tidy unit, and sometimes too big for the memory."""
    count = draw(st.integers(1, 5))
    sizes = draw(st.lists(st.integers(1, 12), min_size=count, max_size=count))
    loads = draw(st.lists(st.integers(1, 30), min_size=count, max_size=count))
    return Kvpr(draw(st.integers(1, 3)), 20, tuple(sizes), tuple(loads), draw(st.sampled_from([1, 12, 2520])))


def best(case: Kvpr) -> Fraction | None:
    """By trying every assignment."""
    values = [case.value(gpu_of) for gpu_of in product(range(case.gpus), repeat=len(case.sizes))]
    return min((value for value in values if value is not None), default=None)


@given(case=cases())
def test_the_optimum_is_proven_and_no_smaller_one_is_claimed(case: Kvpr) -> None:
    """The value equals brute force and its bound; without a start from the rules nothing is claimed."""
    found = solve(case, branch_and_bound(), over=lambda: False)
    if found is not None:
        assert found.value == found.bound == best(case) == case.value(found.gpu_of)


@given(case=cases())
def test_the_proof_alone_finds_every_better_assignment(case: Kvpr) -> None:
    """Without bisection each question is "less than this?", and "no" is the proof: it must miss nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "HALVINGS", 0)
        found = exact.solve(case, exact.branch_and_bound(), over=lambda: False)
    if found is not None:
        assert found.value == found.bound == best(case)


@given(case=cases(), nodes=st.integers(0, 12))
def test_a_bound_holds_whenever_the_search_is_stopped(case: Kvpr, nodes: int) -> None:
    """Out of nodes, the bound is still below the optimum and the value above it."""
    found = solve(case, branch_and_bound(nodes), over=lambda: False)
    optimum = best(case)
    if found is not None and optimum is not None:
        assert found.bound <= optimum <= found.value


@pytest.mark.parametrize(
    ("gpu_of", "fault"),
    [
        ([0, 0, 1], r"GPU 0 holds 20 GB of 20"),
        ([0, 1], r"2 models are placed, the case has 3"),
        ([0, 1, 2], r"model 2 is on GPU 2, of 2"),
    ],
)
def test_the_checker_names_what_is_wrong(gpu_of: list[int], fault: str) -> None:
    """A GPU without cache, a model left out, a GPU that is not there."""
    task = the_set.KvprTask(Kvpr(2, 20, (10, 10, 5), (1, 1, 1), 1))
    found = task.check(Answer("feasible", 1.0, None, gpu_of, 0.0))
    assert found.value is None
    assert fault in found.faults[0]


def test_the_checker_counts_the_value_again() -> None:
    """A value that the assignment does not have is a fault."""
    task = the_set.KvprTask(Kvpr(2, 20, (10, 10, 5), (1, 1, 1), 1))
    found = task.check(Answer("optimal", 0.1, 0.1, [0, 1, 1], 0.0))
    assert (found.value, len(found.faults)) == (0.4, 1)


@pytest.mark.slow
def test_all_published_cases_are_proven_and_the_rules_reproduced() -> None:
    """Fifty optima, both rules, and the three figures of the leaderboard."""
    data = published("prism-kvpr")
    document = the_set.read(data)
    scores: list[float] = []
    greedy_scores = []
    values: list[float] = []
    for case, row in zip(the_set.cases(data), document["cases"], strict=True):
        task = case.load()
        assert isinstance(task, the_set.KvprTask)
        for rule, key in ((round_robin, "round_robin_max_kvpr"), (prism_greedy, "published_greedy_max_kvpr")):
            gpu_of = rule(task.case)
            assert gpu_of is not None
            value = task.case.value(gpu_of)
            assert value is not None
            assert float(value) == pytest.approx(row[key], rel=1e-12)
        greedy_scores.append(task.run("prism-greedy", Limits()).metrics["leaderboard_score"])
        answer = task.run("branch-and-bound", Limits(work=1_000_000))
        assert case.best_known is not None
        assert (answer.status, answer.value) == ("optimal", case.best_known.value)
        assert answer.value == pytest.approx(row["optimal_max_kvpr"], rel=1e-12)
        assert task.check(answer).faults == ()
        scores.append(answer.metrics["leaderboard_score"])
        values.append(answer.value or 0.0)
    assert sum(scores) / 50 == pytest.approx(87.41, abs=0.005)
    assert sum(greedy_scores) / 50 == pytest.approx(60.82, abs=0.005)
    assert 1 / (sum(values) / 50) + 1 == pytest.approx(26.256, abs=0.0005)
