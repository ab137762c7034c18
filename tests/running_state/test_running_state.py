"""What runs as a plan, a plan as what runs, and accelerators dealt out where they are not known."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations, product
from typing import Any

import pytest

import placement
from placement import Plan, Problem
from placement.auditing import audit
from placement.compiled.translate import to_plan
from placement.drift import diff
from placement.errors import DocumentError
from placement.referee.standing import CopyNeed, MachineRoom
from placement.running_state import as_running, joined, running_copies, running_plan
from placement.running_state.deal import DealFit, deal
from placement.transition import plan_transition
from tests import strategies
from tests.corpus import plans, seeds


def _needs(rng: random.Random, count: int) -> list[CopyNeed]:
    return [
        CopyNeed(
            accelerators=rng.choice((1, 1, 1, 2, 3)),
            memory=rng.choice((2, 3, 4, 5, 7, 9)),
            share=rng.choice((0, 0, 300, 500)),
            shared=rng.random() < 0.8,
            vcpus=0,
            host=0,
        )
        for _ in range(count)
    ]


def _keeps(has: MachineRoom, copies: list[tuple[CopyNeed, tuple[int, ...]]]) -> bool:
    """Whether all copies on these accelerators keep the rules of one machine."""
    for k in range(has.accelerators):
        on = [takes for takes, chosen in copies if k in chosen]
        if sum(takes.memory for takes in on) > has.memory or sum(takes.share for takes in on) > 1000:
            return False
        if len(on) > 1 and not all(takes.shared for takes in on):
            return False
    return True


@seeds(range(400), 20)
def test_a_machine_is_called_full_only_where_no_way_to_deal_fits(seeds: range) -> None:
    """Every way is tried; what is dealt keeps the rules, beside the copies that have theirs."""
    seen: Counter[DealFit] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        has = MachineRoom(accelerators=3, memory=rng.choice((9, 10, 12)), vcpus=0, host=0)
        known = [(takes, tuple(rng.sample(range(3), takes.accelerators))) for takes in _needs(rng, rng.randrange(2))]
        if not _keeps(has, known):
            continue
        unknown = _needs(rng, rng.randrange(1, 6))
        every = product(*(combinations(range(3), takes.accelerators) for takes in unknown))
        can = any(_keeps(has, [*known, *zip(unknown, chosen, strict=True)]) for chosen in every)
        found = deal(has, known, unknown)
        assert found.fit is (DealFit.FITS if can else DealFit.NEVER), seed
        assert [len(chosen) for chosen in found.accelerators] == [takes.accelerators for takes in unknown]
        assert can == _keeps(has, [*known, *zip(unknown, found.accelerators, strict=True)])
        seen[found.fit] += 1
    assert min(seen[DealFit.FITS], seen[DealFit.NEVER]) > len(seeds) / 6


def test_shares_are_dealt_out_as_memory_is() -> None:
    """Halves fill an accelerator; three of them take two, and where one is owned there is none left for the third."""
    half = CopyNeed(1, 1, 500, shared=True, vcpus=0, host=0)
    has = MachineRoom(accelerators=1, memory=10, vcpus=0, host=0)
    assert deal(has, [], [half] * 2).fit is DealFit.FITS
    assert deal(has, [(half, (0,))], [half] * 2).fit is DealFit.NEVER
    has = MachineRoom(accelerators=2, memory=10, vcpus=0, host=0)
    assert deal(has, [], [half] * 3).fit is DealFit.FITS
    owner = CopyNeed(1, 1, 0, shared=False, vcpus=0, host=0)
    assert deal(has, [(half, (0,))], [owner]) == (((1,),), DealFit.FITS)
    assert deal(has, [(half, (0,)), (half, (1,))], [owner]).fit is DealFit.NEVER


def test_an_accelerator_that_holds_too_much_takes_no_room_from_the_others() -> None:
    """What known copies exceed on the first is not missing on the second, be it memory or shares."""
    has = MachineRoom(accelerators=2, memory=10, vcpus=0, host=0)
    for known, unknown in (((15, 0), (8, 0)), ((1, 1_400), (1, 800))):
        over, other = (CopyNeed(1, *sizes, shared=True, vcpus=0, host=0) for sizes in (known, unknown))
        assert deal(has, [(over, (0,))], [other]) == (((1,),), DealFit.FITS)


def test_a_search_that_is_too_long_says_so() -> None:
    """Nothing is claimed of a machine whose ways were not all tried."""
    has = MachineRoom(accelerators=8, memory=100, vcpus=0, host=0)
    unknown = [CopyNeed(1, 34 - k % 3, 0, shared=True, vcpus=0, host=0) for k in range(24)]
    assert deal(has, [], unknown, steps=20).fit is DealFit.UNKNOWN
    assert deal(has, [], unknown, steps=100).fit is DealFit.FITS


def _rows(plan: Plan) -> Counter[tuple[Any, ...]]:
    return Counter(
        (row.component, row.option, row.instance, tuple(sorted(row.accelerators))) for row in plan.assignments
    )


@seeds(range(150))
def test_a_plan_carried_out_is_what_runs(seeds: range) -> None:
    """The same rows, no moves, the same price; every rule that is not of moves is kept."""
    pairs = 0
    for _, problem, fleet, packing in plans(seeds):
        plan = to_plan(fleet, packing)
        running = as_running(problem, plan)
        now = running_plan(running)
        assert _rows(now.plan) == _rows(plan)
        assert not now.dealt
        verdict = placement.verify(running, now.plan)
        assert verdict.ok
        assert verdict.moves == 0
        assert verdict.price_per_hour == placement.verify(problem, plan).price_per_hour
        pairs += 1
    assert pairs > len(seeds) / 3


@seeds(range(150))
def test_what_runs_is_told_row_by_row(seeds: range) -> None:
    """Machines and copies of the problem, accelerators where they are known; nothing has moved."""
    unknown = 0
    for seed in seeds:
        problem = Problem(**strategies.random_problem(random.Random(seed), state=True))
        now = running_plan(problem)
        assert [row.id for row in now.plan.instances] == [row.id for row in problem.instances]
        told = Counter((row.component, row.instance) for row in now.plan.assignments)
        assert told == Counter((row.component, row.instance) for row in problem.placements)
        open_ones = {copy.instance for copy in running_copies(problem) if copy.accelerators is None}
        assert now.dealt.keys() <= open_ones
        assert placement.verify(problem, now.plan).moves == 0
        unknown += len(now.dealt)
    assert unknown > len(seeds) / 10


def test_states_and_pins_outlive_a_plan() -> None:
    """A machine that drains drains on, and a pinned copy stays pinned."""
    problem = Problem(
        instance_types={"cpu": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "cpu", "zone": "a"}],
        components=[{"name": "c", "copies": 3, "accelerators": 0}],
        instances=[
            {"id": "i-1", "pool": "p", "state": "cordoned", "removable": False},
            {"id": "i-2", "pool": "p"},
            {"id": "i-3", "pool": "p", "state": "draining"},
        ],
        placements=[
            {"component": "c", "instance": "i-1", "pinned": True},
            {"component": "c", "instance": "i-3", "pinned": False},
        ],
    )
    plan = Plan(
        instances=[*({"id": name, "pool": "p", "new": False} for name in ("i-1", "i-3")), {"id": "n", "pool": "p"}],
        assignments=[{"component": "c", "instance": name} for name in ("i-1", "i-3", "n")],
    )
    running = as_running(problem, plan)
    assert [(row.id, row.state, row.removable) for row in running.instances] == [
        ("i-1", "cordoned", False),
        ("i-3", "draining", True),
        ("n", "active", True),
    ]
    assert [row.pinned for row in running.placements] == [True, False, False]


def test_rows_of_a_plan_that_the_problem_does_not_know_do_not_run() -> None:
    """A pool, a component, an option, a machine; and of two copies that are alike one is pinned, as before."""
    problem = Problem(
        instance_types={"cpu": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "cpu", "zone": "a"}],
        components=[{"name": "c", "copies": 2, "accelerators": 0}],
        instances=[{"id": "i", "pool": "p"}],
        placements=[{"component": "c", "instance": "i", "pinned": pinned} for pinned in (True, False)],
    )
    here = {"component": "c", "instance": "i"}
    unknown = [{**here, "component": "d"}, {**here, "option": 1}, {**here, "instance": "x"}, {**here, "instance": "j"}]
    plan = Plan(
        instances=[{"id": "i", "pool": "p"}, {"id": "j", "pool": "q"}],
        assignments=[here, *unknown, here],
    )
    running = as_running(problem, plan)
    assert [row.id for row in running.instances] == ["i"]
    assert [(row.component, row.instance, row.pinned) for row in running.placements] == [
        ("c", "i", True),
        ("c", "i", False),
    ]


def test_accelerators_that_a_row_gives_are_told_as_they_are() -> None:
    """Also of a copy that asks for none; those that a machine does not have are unknown once a plan is carried out."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "a"}],
        components=[
            {"name": "none", "copies": 2, "accelerators": 0},
            {"name": "one", "copies": 2, "accelerators": 1, "accelerator_memory_gib": 1, "shared": True},
        ],
        instances=[{"id": "i", "pool": "p"}],
        placements=[
            {"component": "none", "instance": "i", "accelerators": [0]},
            {"component": "none", "instance": "i"},
        ],
    )
    assert [copy.accelerators for copy in running_copies(problem)] == [(0,), ()]
    rows = [{"component": "one", "instance": "i", "accelerators": [k]} for k in (1, 2)]
    running = as_running(problem, Plan(instances=[{"id": "i", "pool": "p"}], assignments=rows))
    assert [row.accelerators for row in running.placements] == [(1,), None]


def test_a_machine_that_is_listed_twice_is_refused() -> None:
    """Which of the two would hold its copies is not known."""
    problem = Problem(
        instance_types={"cpu": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "cpu", "zone": "a"}],
        components=[],
    )
    with pytest.raises(placement.UsageError, match=r"^plan at \$\.instances\[1\]\.id: lists instance x a second"):
        as_running(problem, Plan(instances=[{"id": "x", "pool": "p"}] * 2))


@pytest.mark.parametrize(
    ("asks", "told", "moves"),
    [(0, None, 0), (0, [], 0), (0, [0], 1), (2, [0], 1), (2, [0, 1], 0), (1, [0, 1], 1)],
)
def test_accelerators_that_are_told_are_where_a_copy_runs(asks: int, told: list[int] | None, moves: int) -> None:
    """Also of another number than its option asks for: a broken rule, and a move to all who read it."""
    plan = Plan(
        instances=[{"id": "i", "pool": "p"}],
        assignments=[{"component": "a", "option": 0, "instance": "i", "accelerators": list(range(asks))}],
    )
    problem = Problem(
        accelerators={"G": {"memory_gib": 24}},
        instance_types={
            "m": {"accelerator": "G", "accelerator_count": 2, "vcpus": 8, "memory_gib": 32, "price_per_hour": 1}
        },
        pools=[{"name": "p", "instance_type": "m", "zone": "z", "max_instances": 2}],
        components=[{"name": "a", "copies": 1, "accelerators": asks, "accelerator_memory_gib": 8, "shared": True}],
        instances=[{"id": "i", "pool": "p"}],
        placements=[{"component": "a", "instance": "i"} | ({} if told is None else {"accelerators": told})],
    )

    steps = plan_transition(problem, plan, time_limit=0).steps

    assert placement.verify(problem, plan).moves == moves
    assert sum(step.action == "start" for step in steps) == moves
    assert [step.accelerators for step in steps if step.action == "stop"] == [tuple(told or ())] * moves
    assert diff(problem, None, plan).same == (not moves)
    assert [row.rule for row in audit(problem, time_limit=0).broken] == ["accelerator-set"] * moves


KEPT: dict[str, Any] = {
    "accelerators": {"A": {"memory_gib": 24}, "B": {"memory_gib": 48}},
    "instance_types": {
        kind: {"accelerator": kind.upper(), "accelerator_count": 4, "vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
        for kind in ("a", "b")
    },
    "pools": [
        {"name": "a-z1", "instance_type": "a", "zone": "z1"},
        {"name": "b-z1", "instance_type": "b", "zone": "z1"},
        {"name": "b-z1-spot", "instance_type": "b", "zone": "z1", "price_per_hour": 0.4},
    ],
    "components": [
        {
            "name": "chat",
            "demand": 30,
            "options": [
                {"name": "b1", "accelerators": 1, "accelerator_memory_gib": 40, "on": ["B"], "throughput": 10},
                {"name": "a2", "accelerators": 2, "accelerator_memory_gib": 20, "on": ["A"], "throughput": 10},
                {"name": "a1", "accelerators": 1, "accelerator_memory_gib": 20, "on": ["A"], "throughput": 5},
                {"name": "a1-small", "accelerators": 1, "accelerator_memory_gib": 12, "on": ["A"], "throughput": 4},
            ],
        }
    ],
}


def _imported(**changed: Any) -> Problem:
    """As an import has it: other names of pools, needs of what runs alone, and a machine with a copy of no concern."""
    one = {"accelerators": 1, "accelerator_memory_gib": 12.1}
    document = KEPT | {
        "pools": [
            {"name": "a gpu-z1", "instance_type": "a", "zone": "z1", "max_instances": 2},
            {"name": "b-z1-spot", "instance_type": "b", "zone": "z1", "max_instances": 1},
            {"name": "system", "instance_type": "a", "zone": "z9", "max_instances": 1},
        ],
        "components": [
            {"name": "chat", "copies": 4, "options": [one, {"accelerators": 2}, {"accelerators": 1}]},
            {"name": "dns", "copies": 1, "accelerators": 0, "vcpus": 1},
        ],
        "instances": [
            {"id": "i-1", "pool": "a gpu-z1", "state": "draining"},
            {"id": "i-2", "pool": "b-z1-spot", "removable": False},
            {"id": "i-3", "pool": "system"},
        ],
        "placements": [
            {"component": "chat", "instance": "i-1", "option": 0, "accelerators": [3]},
            {"component": "chat", "instance": "i-1", "option": 1},
            {"component": "chat", "instance": "i-2", "option": 2, "pinned": True},
            {"component": "dns", "instance": "i-3"},
        ],
    }
    return Problem(**{**document, **changed})


def test_a_kept_problem_takes_what_runs_by_an_import() -> None:
    """Its demand and options stay; machines and copies are those of the import, by the options that are like them."""
    found = joined(Problem(**KEPT), _imported())

    document = found.to_document()
    assert document["instances"] == [
        {"id": "i-1", "pool": "a-z1", "state": "draining"},
        {"id": "i-2", "pool": "b-z1-spot", "removable": False},
    ]
    modes = [found.components[0].modes[row["option"]].name for row in document["placements"]]
    assert modes == ["a1-small", "a2", "b1"]
    assert [row.get("accelerators") for row in document["placements"]] == [[3], None, None]
    assert [row.get("pinned") for row in document["placements"]] == [None, None, True]
    assert {key: document[key] for key in ("format", *KEPT)} == Problem(**KEPT).to_document()


def test_what_runs_and_is_not_in_a_kept_problem_is_named() -> None:
    """A copy of ours on a machine of no pool, and another's copy on a machine of ours."""
    rows = [
        {"component": "chat", "instance": "i-3", "option": 2},
        {"component": "dns", "instance": "i-1"},
    ]
    with pytest.raises(DocumentError) as error:
        joined(Problem(**KEPT), _imported(placements=rows))

    assert str(error.value).splitlines() == [
        'running at $.instances[2].pool: is none that was kept; known: a-z1, b-z1, b-z1-spot, got "system"',
        'running at $.placements[1].component: is none that was kept; known: chat, got "dns"',
    ]
