"""One plan within limits on moves: copies, memory, saving; and what is proven of it."""

from __future__ import annotations

import random
from itertools import count
from typing import Any, cast

import pytest

from placement import Problem, Status
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import moves
from placement.compiled.translate import from_plan
from placement.errors import UsageError
from placement.patterns.counts.model import CountModel
from placement.planner import solve
from placement.referee import verify
from placement.replanning import MoveLimits, replan_within
from placement.replanning.even_price import MovedAndCost, even_price
from placement.replanning.moved_memory import memory_of_moves, moved_mib
from placement.solving.schedule import DEMANDS, DEMANDS_TINY, TURNS
from tests import brute, strategies
from tests.corpus import seeds
from tests.replanning.test_frontier import WORK, running


def within(document: dict[str, Any], **limits: Any) -> Any:
    """The answer within a limit on work."""
    return replan_within(Problem(**document), MoveLimits(**limits), time_limit=None, work=WORK)


def test_moves_are_limited() -> None:
    """And the plan says so."""
    found = within(running(1, 1, 1, 1), max_moves=2)

    assert (found.plan.moves, found.plan.status, found.gap) == (2, "optimal", 0.0)
    assert found.plan.model_extra["within"] == {"max_moves": 2, "moved_gib": 80.0}


@pytest.mark.parametrize(("saving", "moved"), [(9.0, 3), (11.0, 0)])
def test_each_move_saves_so_much(saving: float, moved: int) -> None:
    """A machine at 10 dollars an hour is worth a move that must save 9, and not one that must save 11."""
    found = within(running(1, 1, 1, 1), min_saving_per_move=saving)

    assert found.plan.moves == moved
    assert found.plan.cost == found.plan.price_per_hour  # in the problem's own money, where moves are free
    assert found.plan.lower_bound is None  # it is of another objective
    assert found.gap == 0.0


@pytest.mark.parametrize(("gib", "moved"), [(0, 0), (39.9, 0), (40, 1), (100, 2), (1000, 3)])
def test_memory_is_limited(gib: float, moved: int) -> None:
    """A copy has 40 GiB, and each move saves as much, so no price tells one from two; the bound is true for each."""
    found = within(running(1, 1, 1, 1), max_moved_gib=gib)

    assert found.plan.moves == moved
    assert found.moved_mib == moved * 40 * 1024
    assert found.plan.lower_bound is not None
    assert found.plan.lower_bound <= 40 - 10 * moved


def test_all_of_the_time_is_used_where_the_first_plan_keeps_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer has no time for a proof; what is left of it is for another one."""
    limits: list[float] = []

    def in_no_time_at_first(problem: Problem, time_limit: float, **how: Any) -> Any:
        limits.append(time_limit)
        return solve(problem, "greedy" if len(limits) == 1 else "auto", time_limit=None, **how | {"work": WORK})

    monkeypatch.setattr("placement.replanning.within.solve", in_no_time_at_first)
    found = replan_within(Problem(**running(1, 1, 1, 1)), MoveLimits(max_moved_gib=1000), time_limit=60)

    assert found.plan.status == "optimal"
    assert limits[1] > limits[0]


@seeds(range(120), 4)
def test_bounds_within_memory_against_enumeration(seeds: range) -> None:
    """A plan within so many moves of any kind moves that memory at least, so what enumeration finds is no cheaper."""
    assert bounds_seen(seeds) >= len(seeds) // 2


def test_counts_of_one_document_take_few_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed 0 takes 51; it took a thousand times the work while one inequality was added to each again and again."""
    real, weights = CountModel.program, []

    def program(self: CountModel) -> Any:
        weights.append(self.weights)
        assert len(weights) <= 200
        assert len(set(self.weights)) == len(self.weights)
        return real(self)

    monkeypatch.setattr(CountModel, "program", program)
    monkeypatch.setitem(cast("dict[str, Any]", TURNS), DEMANDS_TINY, TURNS[DEMANDS])  # else CP-SAT proves it before
    assert bounds_seen(range(1)) == 1
    assert weights


def bounds_seen(seeds: range) -> int:
    """How many bounds were held against enumeration."""
    seen = 0
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), state=True, max_copies=4, max_machines=3)
        if brute.too_big(document):
            continue
        problem = Problem(**document)
        fleet = compile_fleet(problem)
        for most in (0, 1):
            truth = brute.survey(document | {"objective": document.get("objective", {}) | {"max_moves": most}})
            if truth.best is None or not any(memory_of_moves(fleet)):
                continue
            moved = moved_mib(fleet, moves(fleet, from_plan(fleet, placement_plan(truth.best.plan))))
            found = within(document, max_moved_gib=moved / 1024)
            if found.plan.assignments:
                assert found.moved_mib <= moved
                assert not verify(problem, found.plan).violations
                if found.plan.lower_bound is not None and not truth.best.left_out:
                    assert round(found.plan.lower_bound * 1e6) <= truth.best.account.cost
                    seen += 1
    return seen


def placement_plan(document: dict[str, Any]) -> Any:
    """The witness of enumeration as a plan."""
    from placement.documents.plan import Plan

    bare = {key: document[key] for key in ("instances", "assignments")}
    return Plan(**bare)


def test_the_next_price_is_that_of_the_edge_over_the_limit() -> None:
    """Of all pairs of plans the one whose line is lowest at the limit; none where moving more costs no less."""
    plans = [MovedAndCost(0, 100), MovedAndCost(10, 90)]
    others = [MovedAndCost(30, 50), MovedAndCost(100, 20), MovedAndCost(40, 95)]

    assert even_price(plans, others, 20) == 2  # from (10, 90) to (30, 50)
    assert even_price(plans[:1], others, 20) == 2  # 5 / 3, rounded up
    assert even_price(plans, others[2:], 20) == 1  # from (0, 100) to (40, 95)
    assert even_price([MovedAndCost(0, 10)], others, 20) is None
    assert even_price([], others, 20) is None


def test_a_plan_without_moves_is_there_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no time is left for any price: new copies start, and nothing else moves."""
    asked: list[int | None] = []

    def noted(problem: Problem, **how: Any) -> Any:
        asked.append(problem.objective.max_moves)
        return solve(problem, **how)

    monkeypatch.setattr("placement.replanning.within.solve", noted)
    monkeypatch.setattr("placement.replanning.within._PRICES", 0)
    monkeypatch.setattr("placement.replanning.within._COUNTS", 0)
    found = within(running(1, 1, 1, 1), max_moved_gib=100)

    assert asked == [None, 0]
    assert (found.plan.moves, found.plan.cost) == (0, 40.0)


def test_optional_copies_stay_out_where_the_others_move_too_much() -> None:
    """Copies come before money, so no price of memory keeps them out: fewer moves do, and prove nothing."""
    document = running(1, 1)
    document["instances"][0]["state"] = "draining"
    document["instances"][1]["state"] = "draining"
    document["components"][0] |= {"min_copies": 1}
    free = replan_within(Problem(**document), MoveLimits(), time_limit=None, work=10)
    assert free.plan.moves == 2

    found = replan_within(Problem(**document), MoveLimits(max_moved_gib=50), time_limit=None, work=10)

    assert (found.plan.status, found.plan.moves, found.moved_mib) == ("feasible", 1, 40 * 1024)
    assert found.plan.left_out_bound == {"0": 0}
    assert [row.reason for row in found.plan.unplaced] == [
        "no plan was found that places more of them and moves no more memory than is allowed"
    ]


def test_where_nothing_moves_so_little() -> None:
    """A machine that drains has copies that move: within less memory than they have no plan is found."""
    document = running(1, 1)
    document["instances"][0]["state"] = "draining"

    found = within(document, max_moved_gib=10)

    assert found.plan.status == "unknown"
    assert found.plan.reason == "each plan found moves more than 10 GiB, at least 40"
    assert within(document, max_moves=0).plan.status == "infeasible"


def test_all_limits_at_once() -> None:
    """The narrowest counts."""
    found = within(running(1, 1, 1, 1), max_moves=2, max_moved_gib=40, min_saving_per_move=1.0)

    assert found.plan.moves <= 1
    assert found.plan.status == "feasible"


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"max_moves": -1}, "max_moves must be a whole number of at least 0"),
        ({"max_moved_gib": -2.0}, "max_moved_gib"),
        ({"min_saving_per_move": float("nan")}, "min_saving_per_move"),
    ],
)
def test_limits_that_mean_nothing(limits: dict[str, Any], said: str) -> None:
    """Each is refused by name."""
    with pytest.raises(UsageError, match=said):
        MoveLimits(**limits)


def test_limits_of_another_type() -> None:
    """A number of moves is not enough to say of what."""
    problem = Problem(instance_types={}, pools=[], components=[])
    with pytest.raises(UsageError, match="limits must be MoveLimits"):
        replan_within(problem, 5)  # type: ignore[arg-type]


def test_optimal_states_have_nothing_to_move() -> None:
    """Full machines stay, whatever the limits."""
    for k in count(1):
        found = within(running(*[4] * k), min_saving_per_move=0.01)
        assert (found.plan.moves, Status(found.result.status)) == (0, Status.OPTIMAL)
        if k == 3:
            break


@pytest.mark.parametrize("limits", [MoveLimits(max_moved_gib=20), MoveLimits(min_saving_per_move=1e6)])
def test_prices_of_moves_stay_within_what_a_problem_may_say(limits: MoveLimits) -> None:
    """A year, a tiny copy beside a large one: what a move is priced at in the search is no number that is refused."""
    document = running(1, 1)
    document["objective"] = {"horizon_hours": 8760}
    document["components"].append({"name": "tiny", "copies": 1, "accelerators": 0, "memory_gib": 0.001})
    document["components"].append({"name": "large", "copies": 1, "accelerators": 0, "memory_gib": 380})
    document["placements"] += [{"component": name, "instance": "i1"} for name in ("tiny", "large")]

    found = replan_within(Problem(**document), limits, work=10, time_limit=None)

    assert found.plan.status in ("optimal", "feasible")
