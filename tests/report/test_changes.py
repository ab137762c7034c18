"""What a plan changes of what runs: the same moves as the referee counts, and every copy accounted for."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

import placement
from placement.report.changes import CopiesMoved, changes
from placement.report.tables import Report
from tests import strategies
from tests.corpus import seeds
from tests.report.test_tables import shown

DRAIN: dict[str, Any] = {
    "accelerators": {"A100": {"memory_gib": 40}},
    "instance_types": {
        "p4d": {"accelerator": "A100", "accelerator_count": 8, "vcpus": 96, "memory_gib": 1152, "price_per_hour": 22}
    },
    "pools": [
        {"name": "a", "instance_type": "p4d", "zone": "za"},
        {"name": "b", "instance_type": "p4d", "zone": "zb"},
    ],
    "instances": [
        {"id": "i-1", "pool": "a", "state": "draining"},
        {"id": "i-2", "pool": "b"},
        {"id": "i-3", "pool": "b"},
    ],
    "placements": [
        {"component": "chat", "instance": "i-1", "accelerators": [0]},
        {"component": "chat", "instance": "i-1", "accelerators": [1]},
        {"component": "chat", "instance": "i-2", "accelerators": [0]},
        {"component": "rank", "instance": "i-2", "accelerators": [3], "option": "fast"},
        {"component": "old", "instance": "i-3"},
        {"component": "any", "instance": "i-2"},
    ],
    "components": [
        {"name": "chat", "copies": 3},
        {"name": "rank", "copies": 2, "options": [{"name": "slow"}, {"name": "fast"}]},
        {"name": "old", "copies": 0},
        {"name": "any", "copies": 1},
    ],
}
PLAN = placement.Plan(
    instances=[{"id": "i-2", "pool": "b", "new": False}, {"id": "b/new-1", "pool": "b", "new": True}],
    assignments=[
        {"component": "chat", "instance": "i-2", "accelerators": [0]},
        {"component": "chat", "instance": "i-2", "accelerators": [1]},
        {"component": "chat", "instance": "b/new-1", "accelerators": [0]},
        {"component": "rank", "option": 1, "instance": "i-2", "accelerators": [4]},
        {"component": "rank", "option": 0, "instance": "b/new-1", "accelerators": [1]},
        {"component": "any", "instance": "i-2", "accelerators": [5]},
    ],
)


def test_which_copy_goes_where() -> None:
    """Moves to other machines and to other accelerators, a stop, a start; who stays is not told."""
    found = changes(placement.Problem(**DRAIN), PLAN)

    assert found.copies == (
        CopiesMoved("chat", 1, "i-1", "i-2"),
        CopiesMoved("chat", 1, "i-1", "b/new-1"),
        CopiesMoved("rank", 1, "i-2", "i-2"),
        CopiesMoved("old", 1, "i-3", None),
        CopiesMoved("rank", 1, None, "b/new-1"),
    )
    assert (found.kept, found.new) == (("i-2",), ("b/new-1",))
    assert found.given_back == (("i-1", "draining"), ("i-3", "active"))


def test_a_copy_that_stays_on_its_machine_is_not_sent_away() -> None:
    """One of i-2 goes to other accelerators of i-2, one of i-1 to a new machine; not i-1 to i-2 and i-2 to the new."""
    rows = [
        {"component": "chat", "instance": "i-1", "accelerators": [0]},
        {"component": "chat", "instance": "i-2", "accelerators": [0]},
    ]
    plan = placement.Plan(
        instances=PLAN.to_document()["instances"],
        assignments=[
            {"component": "chat", "instance": "i-2", "accelerators": [7]},
            {"component": "chat", "instance": "b/new-1", "accelerators": [0]},
        ],
    )

    found = changes(placement.Problem(**{**DRAIN, "placements": rows}), plan)

    assert found.copies == (CopiesMoved("chat", 1, "i-1", "b/new-1"), CopiesMoved("chat", 1, "i-2", "i-2"))


def test_the_screen_says_it() -> None:
    """A table of moves, and machines kept, new and given back; in blocks where it is narrow."""
    problem = placement.Problem(**DRAIN)
    result = placement.solve(problem, "greedy", hint=PLAN, work=1)
    moves = changes(problem, result.plan)

    for width in (50, 100):
        text = shown(Report(problem, result), width)
        assert f"{moves.moves} of 6 running copies moved, 1 stopped; 1 started" in " ".join(text.split())
        assert "i-1 (draining), i-3" in text
        for change in moves.copies:
            assert change.component in text
    assert "from i-1, to i-2" in " ".join(shown(Report(problem, result), 24).split())


@pytest.mark.parametrize("most", [None, 1, 15])
def test_of_many_machines_a_few_are_named(most: int | None) -> None:
    """Eight, however many copies may move; with `full` all of them."""
    machines = [f"i-{k}" for k in range(20)]
    rows = [{"component": "chat", "instance": name, "accelerators": [0]} for name in machines]
    problem = placement.Problem(
        **{
            **DRAIN,
            "components": [{"name": "chat", "copies": 20, "accelerator_memory_gib": 30}],
            "instances": [{"id": name, "pool": "b", "removable": False} for name in machines],
            "placements": rows,
            "objective": {} if most is None else {"max_moves": most},
        }
    )
    result = placement.solve(problem, "greedy", work=1)

    assert "kept        20 machines: i-0, i-1, i-2, i-3, i-4, i-5, i-6, i-7 and 12 more" in shown(
        Report(problem, result)
    )
    assert "and 12 more" not in shown(Report(problem, result, full=True))


def test_a_plan_from_nothing_changes_nothing() -> None:
    """No table and no lines where nothing runs."""
    problem = placement.Problem(**{**DRAIN, "instances": [], "placements": []})

    text = shown(Report(problem, placement.solve(problem, "greedy", work=1)))

    assert "given back" not in text
    assert "from" not in text


@seeds(range(150))
def test_moves_are_those_that_count(seeds: range) -> None:
    """On random problems: the moves of the plan, and each component's copies before and after add up."""
    moved = 0
    for seed in seeds:
        problem = placement.Problem(**strategies.random_problem(random.Random(seed)))
        result = placement.solve(problem, "best-fit", time_limit=None, work=3)
        if result.packing is None:
            continue
        found = changes(problem, result.plan)
        assert found.moves == result.plan.moves
        moved += found.moves
        before = Counter(row.component for row in problem.placements)
        after = Counter(row.component for row in result.plan.assignments)
        for change in found.copies:
            before[change.component] += change.copies * ((change.source is None) - (change.target is None))
        assert +before == +after
        assert {*found.kept, *(name for name, _ in found.given_back)} == {row.id for row in problem.instances}
    assert moved > 20 * len(seeds) / 150
