"""The frontier: against enumeration, and what few moves do with machines that hold nothing, drain, or are cordoned."""

from __future__ import annotations

import io
import random
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

import placement
from placement import Problem, Status, Stop
from placement.compiled.fleet import compile_fleet
from placement.documents.plan import PlanInstance
from placement.errors import UsageError
from placement.planner import solve
from placement.referee import verify
from placement.replanning import Frontier, find_frontier
from placement.replanning.buys import purchases, suggested_knee
from placement.replanning.document import frontier_document
from placement.replanning.fewest_moves import fewest_moves
from placement.replanning.frontier import within_moves
from placement.replanning.sharing import Answer
from placement.report.frontier import FrontierReport, machines_of, points_table
from placement.running_state.as_problem import as_running
from placement.solving.budget import Budget
from tests import brute, strategies
from tests.corpus import seeds

if TYPE_CHECKING:
    from placement.replanning.point import FrontierPoint

Doc = dict[str, Any]
Copies = Counter[tuple[str, int | str, str]]  # of a component, by an option, on a machine
WORK = 2
MACHINE = {"accelerator": "A", "accelerator_count": 4, "vcpus": 48, "memory_gib": 384, "price_per_hour": 10}


def running(*contents: int, **keys: Any) -> Doc:
    """Machines of four accelerators that run, with so many copies of one accelerator on each; at most six machines."""
    seats = [(f"i{k}", a) for k, n in enumerate(contents) for a in range(n)]
    document: Doc = {
        "format": "placement/v1",
        "accelerators": {"A": {"memory_gib": 80}},
        "instance_types": {"t": MACHINE},
        "pools": [{"name": "p", "instance_type": "t", "zone": "a", "max_instances": 6}],
        "components": [{"name": "c", "copies": sum(contents), "accelerator_memory_gib": 40}],
        "instances": [{"id": f"i{k}", "pool": "p"} for k in range(len(contents))],
        "placements": [{"component": "c", "instance": i, "accelerators": [a]} for i, a in seats],
    }
    return document | keys


def asked(document: Doc, limits: list[int] | None = None) -> Frontier:
    """The frontier within a limit on work."""
    return find_frontier(Problem(**document), limits, time_limit=None, work=WORK)


@seeds(range(250), 4)
def test_against_enumeration(seeds: range) -> None:
    """Every plan keeps its limit and every rule, no bound is above the optimum within it, and cost never rises."""
    seen = optimal = 0
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), state=True, max_copies=4, max_machines=3)
        problem = Problem(**document)
        if brute.too_big(document):
            continue
        found = find_frontier(problem, [0, 1], time_limit=None, work=WORK)
        assert [point.max_moves for point in found.points] == [0, 1, None]
        before = None
        for point in found.points:
            limited = dict(document)
            if point.max_moves is not None:
                limited["objective"] = document.get("objective", {}) | {"max_moves": point.max_moves}
            truth = brute.survey(limited)
            if point.cost is None:
                assert point.status is not Status.INFEASIBLE or truth.best is None
                assert before is None
                continue
            assert point.moves is not None
            assert point.max_moves is None or point.moves <= point.max_moves
            assert not verify(within_moves(problem, point.max_moves), point.plan).violations
            least = truth.least_cost(point.left_out)
            assert least is not None
            assert (point.bound or 0) <= least <= point.cost
            if point.status is Status.OPTIMAL:
                assert truth.best is not None
                assert (point.left_out, point.cost) == (tuple(truth.best.left_out.values()), truth.best.account.cost)
                optimal += 1
            assert point.least_moves is not None
            assert point.least_moves <= point.moves
            if point.least_moves:  # nobody who makes fewer moves is as cheap
                fewer = document.get("objective", {}) | {"max_moves": point.least_moves - 1}
                other = brute.survey(document | {"objective": fewer}).least_cost(point.left_out)
                assert other is None or other > point.cost
            assert before is None or (point.left_out, point.cost) <= before
            before = (point.left_out, point.cost)
            seen += 1
    assert seen > len(seeds)
    assert optimal > 0.8 * seen


def test_each_move_buys_what_it_sets_free() -> None:
    """Six copies on three machines of four: one move closes the machine with one, and no more can go."""
    found = asked(running(1, 2, 3))

    assert [(point.max_moves, point.moves, point.price) for point in found.points] == [
        (0, 0, 30_000_000),
        (None, 1, 20_000_000),
    ]
    assert found.stop is Stop.PROVED
    assert all(point.status is Status.OPTIMAL for point in found.points)


def test_moves_that_buy_nothing_are_undone() -> None:
    """Moves cost nothing, so the planner may take more than the four that close three machines: the point says four.

    Copies of the three machines that hold fewest, 1, 1 and 2, go to the others.
    """
    found = asked(running(1, 2, 3, 3, 2, 1), [0, 1, 2, 3])

    assert [(point.max_moves, point.moves, point.least_moves, point.price) for point in found.points] == [
        (0, 0, 0, 60_000_000),
        (1, 1, 1, 50_000_000),
        (2, 2, 2, 40_000_000),
        (3, 2, 2, 40_000_000),
        (None, 4, 4, 30_000_000),
    ]
    assert found.faults == ()
    assert [row["least_moves"] for row in frontier_document(found)["points"]] == [0, 1, 2, 2, 4]


def test_a_limit_on_work_leaves_nothing_to_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan with fewer moves has the same bound however slow the machine is."""
    monkeypatch.setattr("placement.replanning.fewest_moves._WRITING_SECONDS", 1e-9)
    problem = Problem(**running(2, 2, 1, 2, 3, 3))
    fleet = compile_fleet(problem)
    answer = Answer.of(fleet, None, solve(problem, time_limit=None, work=WORK))

    found = fewest_moves(fleet, answer, lambda most: within_moves(problem, most), time_limit=None, work=WORK)

    assert found is not None
    assert found.answer is not None
    assert (answer.moved, found.answer.moved, found.answer.result.bound) == (4, 3, 40_000_000)


@pytest.mark.parametrize(
    ("keys", "asked_again"),
    [
        ({}, True),
        ({"objective": {"move_cost": 0.5}}, False),
        ({"commitments": [{"name": "paid", "pools": ["p"], "instances": 1}]}, False),
    ],
)
def test_who_is_asked_for_fewer_moves(monkeypatch: pytest.MonkeyPatch, keys: Doc, *, asked_again: bool) -> None:
    """Plans whose price is all that counts; else the price is no limit that a plan within it costs no more."""
    asked_for: list[Answer] = []
    monkeypatch.setattr("placement.replanning.frontier.fewest_moves", lambda _, a, *__, **___: asked_for.append(a))

    found = asked(running(1, 2, 3, 3, 2, 1, **keys))

    assert found.points[-1].moves
    assert bool(asked_for) is asked_again


@pytest.mark.usefixtures("few_exchanges")
@pytest.mark.parametrize("solver", ["greedy", "ffd", "best-fit"])
def test_bug_limits_where_machines_cost_nothing(solver: str) -> None:
    """Over no hours the heuristics that make room within limits divided by the price of an hour."""
    sizes = {"a": (3, 1), "b": (2, 2), "d": (2, 3)}
    document = running(
        components=[
            {"name": name, "copies": n, "accelerators": wide, "accelerator_memory_gib": 80}
            for name, (n, wide) in sizes.items()
        ],
        limits=[{"name": "l", "pools": ["p"], "max_instances": 3}],
        objective={"horizon_hours": 0, "move_cost": 1},
    )

    found = solve(Problem(**document), solver, time_limit=None, options={"restarts": 1})

    assert found.faults == ()
    assert found.plan.reason == "limit l allows max_instances 3 over 1 pool, but the copies need at least 4 there"


def test_bounds_of_more_moves_hold_for_fewer() -> None:
    """And each point carries the best of them."""
    found = asked(running(1, 1, 1, 1))

    bounds = [point.bound or 0 for point in found.points]
    assert bounds == sorted(bounds, reverse=True)
    assert [point.price for point in found.points] == [40_000_000, 30_000_000, 20_000_000, 10_000_000]


def test_an_optimal_state_stays() -> None:
    """Replanning what an optimal plan left changes nothing, within no moves as within any."""
    first = solve(Problem(**running(1, 2, 3)), time_limit=None, work=WORK)
    assert first.status is Status.OPTIMAL
    document = running(1, 2, 3)
    document["instances"] = [{"id": row.id, "pool": row.pool} for row in first.plan.instances]
    document["placements"] = [
        {"component": row.component, "instance": row.instance, "accelerators": list(row.accelerators)}
        for row in first.plan.assignments
    ]

    found = asked(document)

    assert [(point.max_moves, point.moves, point.status) for point in found.points] == [(None, 0, Status.OPTIMAL)]
    plan = found.points[-1].plan
    assert {row.id for row in plan.instances} == {row["id"] for row in document["instances"]}
    assert sorted((row.instance, row.accelerators) for row in plan.assignments) == sorted(
        (row["instance"], tuple(row["accelerators"])) for row in document["placements"]
    )


@seeds(range(400), 10)
def test_optimal_states_stay(seeds: range) -> None:
    """An optimal plan of a random problem with several options for a copy, made what runs, has no move to make.

    Where a demand is served by fewer copies, the others may stop, and nothing else may.
    """
    seen = 0
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), state=False, max_copies=4, max_machines=3)
        if all(len(row.get("options", ())) < 2 for row in document["components"]) or brute.too_big(document):
            continue
        best = brute.cheapest(document)
        if best is None:
            continue
        state = as_running(Problem(**document), placement.Plan(**best.plan))
        found = find_frontier(state, [0], time_limit=None, work=WORK)
        runs: Copies = Counter((row.component, row.option, row.instance) for row in state.placements)
        served = {row.name for row in state.components if row.demand is not None}
        for point in found.points:
            assert (point.moves, point.cost) == (0, best.account.cost), seed
            assert not verify(state, point.plan).violations, seed
            stays: Copies = Counter((row.component, row.option, row.instance) for row in point.plan.assignments)
            assert stays <= runs, seed
            assert {component for component, _, _ in runs - stays} <= served, seed
        seen += 1
    assert seen >= len(seeds) // 5


def bent(*points: tuple[int, int], left_out: tuple[int, ...] = ()) -> Frontier:
    """A frontier of plans with so many moves and such prices, dollars an hour."""
    found = asked(running(1), [0])
    first = found.points[0]
    rows = [
        replace(first, max_moves=moves, moves=moves, price=price * 1_000_000, cost=price * 1_000_000, left_out=left_out)
        for moves, price in points
    ]
    return replace(found, points=tuple(rows))


@pytest.mark.parametrize(
    ("points", "moves", "reason"),
    [
        (
            ((0, 100), (2, 60), (10, 50)),
            2,
            "2 moves of 10 (20%) bring 80% of the saving, $20.00 an hour each; those beyond",
        ),
        (
            ((0, 100), (1, 90), (4, 50), (20, 40)),
            4,
            "4 moves of 20 (20%) bring 83% of the saving, $12.50 an hour each; ",
        ),
        (
            ((0, 100), (1, 50), (2, 25), (4, 0)),
            1,
            "1 move of 4 (25%) brings 50% of the saving, $50.00 an hour each; those",
        ),
        (((3, 100), (5, 60), (13, 50)), 5, "2 moves of 10 (20%) bring 80% of the saving, $20.00 an hour each; those "),
    ],
)
def test_where_the_frontier_bends_most_is_suggested(
    points: tuple[tuple[int, int], ...], moves: int, reason: str
) -> None:
    """The point furthest below the line from the first to the last, of two as far the one with fewer moves."""
    knee = suggested_knee(bent(*points))

    assert knee is not None
    assert knee.point.moves == moves
    assert knee.reason.startswith(reason)


@pytest.mark.parametrize(
    "points",
    [
        ((0, 100), (10, 50)),
        ((0, 100), (1, 90), (2, 80)),
        ((0, 100), (8, 90), (10, 50)),
        ((0, 10_000), (1, 9_991), (10, 9_990)),
    ],
)
def test_a_frontier_without_a_bend_suggests_nothing(points: tuple[tuple[int, int], ...]) -> None:
    """Each move saves as much as any other, the last ones save most, or all of them hardly anything."""
    frontier = bent(*points)
    assert suggested_knee(frontier) is None
    assert (
        summary(frontier)
        == "no point is suggested: more moves save hardly anything, or each at least as much as those before it"
    )


def summary(frontier: Frontier) -> str:
    """The line below the tables that tells of the suggestion."""
    stream = io.StringIO()
    Console(file=stream, width=200).print(FrontierReport(frontier))
    return next(line.rstrip() for line in stream.getvalue().splitlines() if "suggested: " in line)


def test_where_no_copy_moves_it_is_not_said_of_more_moves() -> None:
    """As where nothing runs, so nothing can move."""
    assert summary(bent((0, 100))) == "no point is suggested: the best plan that was found moves no copy"


def test_why_nothing_is_suggested_where_copies_are_left_out() -> None:
    """It said that more moves save nothing, below rows of points that place more copies, or fewer at a lower price."""
    short, two = bent((0, 100), (1, 90), left_out=(1,)), bent((2, 80), (10, 50), left_out=(0,))
    assert summary(replace(two, points=(*short.points, *two.points))) == (
        "no point is suggested: of those that leave out as few copies as the last, more moves save hardly anything, "
        "or each at least as much as those before it"
    )
    assert summary(replace(two, points=(*short.points, *two.points[:1]))) == (
        "no point is suggested: no other leaves out as few copies as the last"
    )


def test_the_bend_of_a_fleet_is_suggested() -> None:
    """One move closes a machine, two more close another: the first is suggested, in the document as well."""
    found = asked(running(1, 3, 2, 2))

    assert [(point.moves, point.price) for point in found.points][:2] == [(0, 40_000_000), (1, 30_000_000)]
    assert found.points[-1].price == 20_000_000
    knee = frontier_document(found)["knee"]
    assert knee["max_moves"] == 1
    assert re.match(r"1 move of (3|4) \(\d\d%\) brings 50% of the saving, \$10.00 an hour each", knee["reason"])


def test_points_that_leave_out_more_copies_do_not_count_for_the_bend() -> None:
    """What costs less because a copy is missing saves nothing."""
    short, rest = bent((0, 10), left_out=(1,)), bent((1, 100), (2, 60), (11, 50), left_out=(0,))

    knee = suggested_knee(replace(rest, points=(*short.points, *rest.points)))

    assert knee is not None
    assert (knee.point.moves, knee.reason.partition(" (")[0]) == (2, "1 move of 10")


def test_a_point_says_whether_more_copies_may_be_placed() -> None:
    """The gap of money alone looked as if nothing else were open."""
    point = bent((0, 10), left_out=(2, 1)).points[0]
    for least, told in (({"1": 2, "0": 1}, "3"), ({"1": 2, "0": 0}, "3 (open)"), (None, "3 (open)")):
        plan = point.plan.model_copy(update={"left_out_bound": least})
        stream = io.StringIO()
        Console(file=stream, width=120).print(points_table([replace(point, plan=plan)]))
        assert stream.getvalue().rstrip().endswith(f"  {told}")


def test_without_moves_new_copies_start_and_empty_machines_go() -> None:
    """Two copies more than run: they stand beside what runs, and a machine that holds nothing is given back."""
    document = running(3, 3, 0)
    document["components"][0]["copies"] = 8

    point = asked(document, [0]).point(0)

    assert (point.moves, point.price) == (0, 20_000_000)
    assert {row.id for row in point.plan.instances} == {"i0", "i1"}


def test_draining_machines_are_left_and_cordoned_ones_take_nothing_new() -> None:
    """So within no moves there is no plan, within one there is, and it stands on a machine that is neither."""
    document = running(1, 1, 2)
    document["instances"][0]["state"] = "draining"
    document["instances"][1]["state"] = "cordoned"

    found = asked(document, [0, 1])

    assert found.point(0).status is Status.INFEASIBLE
    assert found.point(1).moves == 1
    assert sorted(row.instance for row in found.point(1).plan.assignments) == ["i1", "i2", "i2", "i2"]


def test_the_problems_own_limit_is_the_last() -> None:
    """Limits at or above it say nothing more."""
    document = running(1, 1, 1, 1, objective={"max_moves": 2})

    found = asked(document, [1, 2, 5])

    assert [(point.max_moves, point.moves) for point in found.points] == [(1, 1), (None, 2)]


def test_an_interrupt_gives_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two solves: points so far. Before the first: it is raised."""
    calls = 0

    def interrupted(*given: Any, **keys: Any) -> placement.Result:
        nonlocal calls
        calls += 1
        if calls == last:
            raise KeyboardInterrupt
        return solve(*given, **keys)

    monkeypatch.setattr("placement.replanning.frontier.solve", interrupted)
    last = 3
    found = asked(running(1, 1, 1, 1))
    assert [point.max_moves for point in found.points] == [0, None]
    assert found.stop is Stop.INTERRUPTED
    calls, last = 0, 1
    with pytest.raises(KeyboardInterrupt):
        asked(running(1, 1, 1, 1))


def test_an_interrupt_while_a_plan_is_written_begins_no_other_solve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is kept, so nothing is raised: all points to come were solved, and the frontier said nothing of it."""
    from placement import writing

    written, calls = writing.__dict__["_checked"], [0]

    def stopped(*given: Any) -> Any:
        calls[0] += 1
        if calls[0] == 1:
            raise KeyboardInterrupt
        return written(*given)

    monkeypatch.setattr(writing, "_checked", stopped)
    found = asked(running(1, 1, 1, 1))
    assert [point.max_moves for point in found.points] == [None]
    assert (found.stop, calls) == (Stop.INTERRUPTED, [2])


@pytest.mark.parametrize("limits", [[-1], [1.5], [True], 5])
def test_limits_that_mean_nothing(limits: Any) -> None:
    """Whole numbers of at least 0."""
    with pytest.raises(UsageError, match="limits must be whole numbers of at least 0"):
        asked(running(1), limits)


def test_time_that_is_left_is_for_the_plan_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked first in a hurry, and once more when all points are there: then all of them have its bound."""
    asked: list[int | None] = []

    def in_a_hurry_at_first(problem: Problem, time_limit: float, **how: Any) -> placement.Result:
        asked.append(problem.objective.max_moves)
        solver = "greedy" if len(asked) == 1 else "auto"
        return solve(problem, solver, time_limit=None, **how | {"work": WORK})

    monkeypatch.setattr("placement.replanning.frontier.solve", in_a_hurry_at_first)
    found = find_frontier(Problem(**running(1, 1, 1, 1)), [0, 1], time_limit=1000)

    assert asked == [None, 0, 1, None]
    assert [(point.max_moves, point.price) for point in found.points] == [
        (0, 40_000_000),
        (1, 30_000_000),
        (None, 10_000_000),
    ]
    assert found.stop is Stop.PROVED


def test_moves_that_can_gain_a_thousandth_at_most_are_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan with fewer moves is as near as that to what no plan beats."""
    monkeypatch.setattr("placement.replanning.frontier._FLAT", 0.75)

    found = asked(running(1, 1, 1, 1))  # 40 $, 30 $, 20 $, 10 $ by moves; 10 is 0.75 of 40 below it

    assert [point.max_moves for point in found.points] == [0, None]


def test_limits_that_nobody_had_time_for_are_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the time is over before a limit was asked for, the frontier is not proven, whatever its points are."""
    monkeypatch.setattr("placement.replanning.frontier._FEWEST_SECONDS", 10**6)

    found = find_frontier(Problem(**running(1, 1)), [0, 1], work=WORK, time_limit=1000)

    assert [(point.max_moves, point.status) for point in found.points] == [(None, Status.OPTIMAL)]
    assert found.stop is Stop.TIME


def test_a_machine_that_stays_after_all_is_named() -> None:
    """A plan with more moves may give back two others in place of the one that the plan before gives back."""
    found = asked(running(1, 1, 1), [0, 1])
    first, last = found.points[0], found.points[-1]

    def with_machines(point: FrontierPoint, price: int, *names: str) -> FrontierPoint:
        plan = point.plan.model_copy(update={"instances": [PlanInstance(id=name, pool="p") for name in names]})
        return replace(point, plan=plan, price=price, cost=price)

    one, two = with_machines(first, 20_000_000, "i1", "i2"), with_machines(last, 10_000_000, "i0")
    (bought,) = purchases(replace(found, points=(one, two)))

    assert (bought.goes, bought.stays) == (("i1", "i2"), ("i0",))
    assert machines_of(bought, None) == "i1, i2 go; i0 stays"


def test_a_point_as_near_to_its_bound_as_floats_tell_leaves_its_time_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The engine that bounds few moves stops a ten-millionth short of a proof; the plan of any moves may need one."""
    asked: dict[int | None, float] = {}

    def noted(problem: Problem, **how: Any) -> Any:
        asked[problem.objective.max_moves] = how["gap"]
        return solve(problem, **how)

    monkeypatch.setattr("placement.replanning.frontier.solve", noted)
    find_frontier(Problem(**running(1, 1, 1, 1)), [1], time_limit=None, work=WORK)

    assert asked == {None: 0.0, 1: 1e-6}


def test_fewer_moves_are_not_asked_for_where_no_plan_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """They took the time of points with more moves; what is left is for those without a plan, of most moves first."""
    monkeypatch.setattr("placement.replanning.frontier.fewest_moves", lambda *_, **__: None)
    asked: list[int | None] = []

    def found_late(problem: Problem, time_limit: float, **how: Any) -> placement.Result:
        most = problem.objective.max_moves
        asked.append(most)
        result = solve(problem, time_limit=None, **how | {"work": WORK})
        if most is None or most > 2 or asked.count(most) > 1:
            return result
        none = result.plan.model_copy(update={"status": "unknown", "stop": "time", "assignments": ()})
        return replace(result, plan=none, packing=None, status=Status.UNKNOWN, stop=Stop.TIME, cost=None, bound=None)

    monkeypatch.setattr("placement.replanning.frontier.solve", found_late)
    found = find_frontier(Problem(**running(2, 2, 2, 2, 2, 2)), time_limit=1000)

    assert asked == [None, 0, 2, 5, 2, 0]
    assert [(point.max_moves, point.price) for point in found.points] == [
        (0, 60_000_000),
        (2, 50_000_000),
        (5, 40_000_000),
        (None, 30_000_000),
    ]


def test_each_of_the_usual_points_has_time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than all of them too little; who names limits gets all of these."""
    monkeypatch.setattr("placement.replanning.frontier.fewest_moves", lambda *_, **__: None)
    given: dict[int | None, int] = {}

    class Clock(Budget):
        def left(self) -> float:
            return 100.0 - sum(given.values())

    def all_taken(problem: Problem, time_limit: float, **how: Any) -> placement.Result:
        given[problem.objective.max_moves] = round(time_limit)
        return solve(problem, "greedy", time_limit=None, hint=how["hint"], options={"restarts": 1, "rounds": 0})

    monkeypatch.setattr("placement.replanning.frontier.Budget", Clock)
    monkeypatch.setattr("placement.replanning.frontier.solve", all_taken)
    monkeypatch.setattr("placement.replanning.frontier.usual_limits", lambda _: [0, 1, 2, 3, 4, 5])
    problem = Problem(**running(2, 2, 2, 2, 2, 2))
    found = find_frontier(problem, time_limit=100)
    assert given == {None: 26, 0: 15, 3: 15, 5: 15, 2: 14}
    assert found.stop is Stop.TIME

    given.clear()
    find_frontier(problem, [0, 1, 2, 3, 4, 5], time_limit=100)
    assert given == {None: 26, 0: 10, 3: 10, 5: 10, 2: 10, 4: 10, 1: 9}


def test_a_limit_of_which_others_say_all_needs_no_solve(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan with one move is proven within two, so it is within one."""
    asked: list[int | None] = []

    def noted(problem: Problem, **how: Any) -> placement.Result:
        asked.append(problem.objective.max_moves)
        return solve(problem, **how)

    monkeypatch.setattr("placement.replanning.frontier.solve", noted)
    found = find_frontier(Problem(**running(1, 3, 2, 2)), time_limit=None, work=WORK)

    assert asked == [None, 0, 2]
    assert [(point.max_moves, point.moves, point.status.value) for point in found.points] == [
        (0, 0, "optimal"),
        (1, 1, "optimal"),
        (2, 1, "optimal"),
        (None, 3, "optimal"),
    ]
