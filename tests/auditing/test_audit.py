"""`placement.audit`: nothing is found in a plan that was verified, a planted fault is found with its figure."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from rich.console import Console

import placement
from placement import Plan, Problem, Stop
from placement.auditing.examine import CARRIED_OUT, OF_BEFORE, _moment
from placement.auditing.page import audit_page
from placement.auditing.steps import first_moves
from placement.compiled.translate import to_plan
from placement.referee import Verdict, verify
from placement.running_state import as_running
from placement.solving.budget import Budget
from placement.units import need, room
from tests.corpus import plans, seeds
from tests.damage import damages
from tests.report.plans import scarce

Doc = dict[str, Any]

# Two half-empty machines, one idle, one oversold: 66 + 20 GiB on a GPU of 80 less 1 that is reserved.
RUNS: Doc = {
    "format": "placement/v1",
    "name": "runs",
    "accelerators": {"H100": {"memory_gib": 80}},
    "instance_types": {
        "p5": {
            "accelerator": "H100",
            "accelerator_count": 2,
            "vcpus": 24,
            "memory_gib": 256,
            "price_per_hour": 10,
            "reserved": {"accelerator_memory_gib": 1},
        }
    },
    "pools": [{"name": "a", "instance_type": "p5", "zone": "za"}],
    "components": [
        {"name": "big", "copies": 1, "accelerator_memory_gib": 66, "shared": True},
        {"name": "small", "copies": 4, "accelerator_memory_gib": 20, "shared": True},
    ],
    "instances": [{"id": f"i-{k}", "pool": "a"} for k in range(4)],
    "placements": [
        {"component": "big", "instance": "i-0", "accelerators": [0]},
        {"component": "small", "instance": "i-0", "accelerators": [0]},
        {"component": "small", "instance": "i-0", "accelerators": [1]},
        {"component": "small", "instance": "i-1", "accelerators": [0]},
        {"component": "small", "instance": "i-2", "accelerators": [1]},
    ],
}


def examine(problem: Problem, plan: Plan | None = None, **options: Any) -> placement.auditing.Audit:
    """An audit whose search does not look at the clock."""
    return placement.audit(problem, plan, **{"time_limit": None, "work": 1, **options})


def test_an_oversold_accelerator_is_found_with_the_missing_memory() -> None:
    """7 GiB, and who needs them."""
    found = examine(Problem(**RUNS))
    assert not found.ok
    (broken,) = found.broken
    assert (broken.rule, broken.instance, broken.accelerator) == ("accelerator-memory", "i-0", 0)
    assert (broken.counted, broken.allowed, broken.excess, broken.unit) == (86.0, 79.0, 7.0, "GiB")
    assert [(row.component, row.copies, row.takes) for row in broken.copies] == [("big", 1, 66.0), ("small", 1, 20.0)]
    assert broken.message == "7 GiB of its memory missing: needs 86, has 79"
    assert found.gap is None


def test_the_price_beside_what_is_proven_and_the_first_moves() -> None:
    """Four machines run for $40; 66 and 4 x 20 GiB need three GPUs of 79, which two machines have."""
    found = examine(Problem(**RUNS), steps=None)
    best = found.best
    assert (found.price_per_hour, best.price_per_hour, best.lower_bound) == (40.0, 20.0, 20.0)
    assert len(found.machines_that_could_go) == 2
    assert {row.instance: (row.copies, row.price_per_hour) for row in found.machines_that_could_go}["i-3"] == (0, 10.0)
    assert found.moves_left == 0
    assert found.first_moves[0].moves == ()
    assert found.first_moves[0].gives_back == ("i-3",)
    assert [step.saving_per_hour for step in found.first_moves if step.gives_back] == [10.0, 10.0]
    assert found.first_moves[-1].price_per_hour == best.price_per_hour
    assert [rule for step in found.first_moves for rule in step.mends] == ["i-0 accelerator 0 (accelerator-memory)"]


def test_an_interrupt_ends_the_search_for_first_moves_with_those_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit was lost, or, where the interrupt had ended the solve, it went on for all of 200 looks."""
    whole, looks = examine(Problem(**RUNS), steps=None), count()

    def stopped(*given: Any) -> Any:
        if next(looks) == 2:
            raise KeyboardInterrupt
        return verify(*given)

    monkeypatch.setattr("placement.auditing.steps.verify", stopped)
    found = examine(Problem(**RUNS), steps=None)
    assert (found.first_moves, found.moves_left) == (whole.first_moves[:1], 2)
    assert found.best == replace(whole.best, seconds=found.best.seconds)


def test_first_moves_have_a_moment_after_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds; and one look of the referee is enough where none is left."""
    result = placement.solve(Problem(**RUNS), work=1)
    assert [_moment(result, limit).seconds for limit in (None, 60.0, 3.0, 0.1)] == [None, 5.0, 3.0, 1.0]
    assert _moment(replace(result, stop=Stop.INTERRUPTED), 60.0).seconds == 1.0

    looks = list[Verdict]()

    def counted(*given: Any) -> Verdict:
        looks.append(verify(*given))
        return looks[-1]

    monkeypatch.setattr("placement.auditing.steps.verify", counted)
    found = first_moves(Problem(**RUNS), result.plan, None, Budget(0.0))
    assert (found.steps, found.moves_left, len(looks)) == ((), result.plan.moves, 1)


def test_what_is_bought_for_keeping_a_rule_costs_more() -> None:
    """Two copies of one GPU each on one GPU: a second machine is needed, and the step that rents it says so."""
    rows = [{"component": "big", "instance": "i-0", "accelerators": [0]}] * 3
    problem = {
        **RUNS,
        "components": [{**RUNS["components"][0], "copies": 3}],
        "instances": [{"id": "i-0", "pool": "a"}],
    }
    found = examine(Problem(**problem | {"placements": rows}))
    assert found.broken[0].excess == 3 * 66 - 79
    assert [step.saving_per_hour for step in found.first_moves] == [-10.0]
    assert found.first_moves[0].starts == ("a/new-1",)
    assert "$10.00 an hour more: what keeping every rule takes" in audit_page(found).markdown()


# One copy of two wanted runs, beside an idle machine that takes nothing new.
WAITS: Doc = RUNS | {
    "components": [{**RUNS["components"][0], "copies": 2, "min_copies": 1, "accelerators": 2}],
    "instances": [{"id": "i-0", "pool": "a"}, {"id": "i-1", "pool": "a", "state": "cordoned"}],
    "placements": [{"component": "big", "instance": "i-0", "accelerators": [0, 1]}],
}


def test_bug_a_bound_on_plans_with_more_copies_says_nothing_of_what_runs() -> None:
    """It was said to cost the least there is, though it can do without the idle machine."""
    found = examine(Problem(**WAITS))
    assert (found.left_out, found.optional, found.best.left_out) == (1, 1, 0)
    assert found.price_per_hour == found.best.lower_bound == 20.0
    assert found.gap is None
    text = audit_page(found).markdown()
    assert "the same price, with 1 copy more" in text
    assert "no plan that keeps every rule and places all copies costs less" in text
    assert "it places 1 copy that does not run now: plans with no more copies than run may cost less" in text
    assert "what runs costs the least" not in text


def test_what_copies_cost_that_do_not_run_is_not_laid_to_rules() -> None:
    """The best plan is dearer for the copy that waits; no rule is broken."""
    found = examine(Problem(**WAITS | {"instances": WAITS["instances"][:1]}))
    assert "$10.00 an hour more: what placing 1 copy more takes" in audit_page(found).markdown()
    draining = [{"id": "i-0", "pool": "a", "state": "draining"}]
    found = examine(Problem(**WAITS | {"instances": draining}))
    assert "$10.00 an hour more: what keeping every rule and placing 1 copy more takes" in audit_page(found).markdown()


def test_copies_that_the_best_plan_leaves_out_are_told_by_priority_with_the_proof() -> None:
    """So that nobody waits for a search to place what no plan places."""
    found = examine(as_running(scarce(), placement.solve(scarce(), work=1).plan))
    assert found.best.left_out_by_priority == found.best.left_out_bound == {1: 1, 0: 1}
    told = "1 of priority 1 (proven: no fewer), 1 of priority 0 (proven: no fewer)"
    assert f"the best plan leaves out 2 optional copies: {told}" in audit_page(found).markdown()
    assert found.to_document()["best"]["left_out_bound"] == {"1": 1, "0": 1}


def test_accelerators_that_are_not_known_break_no_rule_where_some_way_fits() -> None:
    """The same machine without indices: 66 alone, and 2 x 20 beside each other; with one more there is no way."""
    rows = [{key: row[key] for key in ("component", "instance")} for row in RUNS["placements"]]
    assert examine(Problem(**RUNS | {"placements": rows})).ok
    full = [row | {"instance": "i-0"} for row in rows]
    found = examine(Problem(**RUNS | {"placements": full}))
    assert [row.accelerators_known for row in found.broken] == [False]
    assert found.broken[0].excess == 1.0  # 4 x 20 on 79
    assert "no way to deal them out keeps the rules" in audit_page(found).markdown()


def test_a_machine_that_drains_is_found_until_it_is_empty() -> None:
    """It has to be left; once it is, it can go."""
    machines = [{"id": "i-0", "pool": "a"}, {"id": "i-1", "pool": "a", "state": "draining"}]
    rows = [{"component": "small", "instance": "i-1"}]
    problem = RUNS | {"components": [{**RUNS["components"][1], "copies": 1}], "instances": machines}
    found = examine(Problem(**problem | {"placements": rows}))
    assert [row.message for row in found.broken] == ["is draining, and 1 copy still runs there"]
    assert found.first_moves[0].gives_back == ("i-1",)
    rows[0]["instance"] = "i-0"
    found = examine(Problem(**problem | {"placements": rows}))
    assert found.ok
    assert [row.instance for row in found.machines_that_could_go] == ["i-1"]


def test_what_comes_in_place_of_machines_that_go_is_told() -> None:
    """A cordoned machine takes nothing new: it goes, and another of its pool comes. Its price alone is no saving."""
    machines = [{"id": f"i-{index}", "pool": "a", "state": "cordoned"} for index in range(3)]
    problem = RUNS | {"components": [{**RUNS["components"][1], "copies": 3}], "instances": machines}
    rows = [{"component": "small", "instance": f"i-{index}"} for index in range(2)]
    found = examine(Problem(**problem | {"placements": rows}))
    assert [row.instance for row in found.machines_that_could_go] == ["i-0", "i-1", "i-2"]
    assert found.best.opens == {"a": 1}
    told = "together $30.00 an hour; the best plan rents 1 new machine: `a`"
    assert told in audit_page(found).markdown()
    assert "the best plan rents" not in audit_page(examine(Problem(**RUNS))).markdown()


def test_no_plan_at_all_is_said() -> None:
    """A rule is broken, and it is proven that no plan keeps all."""
    problem = RUNS | {"pools": [RUNS["pools"][0] | {"max_instances": 1}], "instances": RUNS["instances"][:1]}
    components = [{**RUNS["components"][0], "copies": 3}]
    rows = [{"component": "big", "instance": "i-0", "accelerators": [0]}]
    found = examine(Problem(**problem | {"components": components, "placements": rows}))
    assert found.best.status == "infeasible"
    assert (found.machines_that_could_go, found.first_moves) == ((), ())
    assert "no plan keeps every rule, which is proven" in audit_page(found).markdown()


@seeds(range(120), 6)
def test_a_verified_plan_has_nothing_broken(seeds: range) -> None:
    """Neither judged beside its problem, nor as what runs; and where the search proves the optimum the gap is true."""
    pairs = 0
    for _, problem, fleet, packing in plans(seeds):
        plan = to_plan(fleet, packing)
        beside = examine(problem, plan)
        running = as_running(problem, plan)
        alone = examine(running)
        assert beside.ok
        assert alone.ok
        assert beside.price_per_hour == alone.price_per_hour
        for found in (beside, alone):
            best = found.best
            assert best.cost is not None
            assert best.price_per_hour is not None
            assert best.cost <= round(found.price_per_hour * found.horizon_hours, 6) + 1e-6
            saved = sum(step.saving_per_hour for step in found.first_moves)
            assert found.first_moves == () or found.first_moves[-1].price_per_hour == pytest.approx(
                found.price_per_hour - saved
            )
            if not found.moves_left and found.first_moves:
                assert found.first_moves[-1].price_per_hour >= best.price_per_hour - 1e-6
        pairs += 1
    assert pairs > len(seeds) / 3


@seeds(range(120), 6)
def test_a_planted_fault_is_found(seeds: range) -> None:
    """Every damage of a good pair is found by the referee's rules, whatever else the plan says of itself."""
    planted: Counter[str] = Counter()
    for seed, problem, fleet, packing in plans(seeds):
        good = to_plan(fleet, packing).to_document()
        for damage in damages(problem.to_document(), good, random.Random(seed)):
            worse, plan = Problem(**damage.problem), Plan(**damage.plan)
            if len({row.id for row in plan.instances}) < len(plan.instances):
                continue  # which of two machines is meant is not known: an error
            found = examine(worse, plan, time_limit=0, work=None)
            broken = {row.rule for row in placement.verify(worse, plan).violations}
            if CARRIED_OUT in found.remarks:  # the random plan is what runs already
                broken -= {*OF_BEFORE}
            assert {row.rule for row in found.broken} == broken, damage.rule
            assert found.ok == (not broken)
            planted[damage.rule] += 1
    assert len(planted) > 20


@seeds(range(120), 15)
def test_planted_memory_is_missing_to_the_mebibyte(seeds: range) -> None:
    """One component of a verified plan grows until a GPU lacks so much, and so much is what the audit says."""
    planted = 0
    for seed, problem, fleet, packing in plans(seeds):
        plan, rng = to_plan(fleet, packing), random.Random(seed)
        running = as_running(problem, plan).to_document()
        rows = {row["name"]: row for row in running["components"]}
        on: dict[tuple[str, int], list[str]] = defaultdict(list)
        for copy in plan.assignments:
            for k in copy.accelerators:
                on[copy.instance, k].append(copy.component)
        alone = sorted(place for place, names in on.items() if len(names) == 1 and "options" not in rows[names[0]])
        if not alone:
            continue
        machine, k = rng.choice(alone)
        name, missing = on[machine, k][0], rng.randrange(1, 5000)
        type_of = {row.name: problem.instance_types[row.instance_type] for row in problem.pools}
        kind = type_of[next(row.pool for row in plan.instances if row.id == machine)]
        has = room(problem.accelerators[kind.accelerator or ""].memory_gib, 1024)
        has -= need(kind.reserved.accelerator_memory_gib, 1024)
        rows[name]["accelerator_memory_gib"] = (has + missing) / 1024
        found = examine(Problem(**running), time_limit=0, work=None)
        (broken,) = (row for row in found.broken if (row.instance, row.accelerator) == (machine, k))
        assert (broken.rule, broken.excess) == ("accelerator-memory", missing / 1024)
        assert [(row.component, row.copies, row.takes) for row in broken.copies] == [(name, 1, (has + missing) / 1024)]
        planted += 1
    assert planted > len(seeds) / 8


def test_names_are_data_on_every_page() -> None:
    """No name is markup, an order to the terminal, or a mention."""
    nasty = 'a|b`c*d<script>@team "x"\u202e\n#12'
    document = RUNS | {"name": nasty}
    document["components"] = [RUNS["components"][0] | {"name": nasty}, RUNS["components"][1]]
    document["placements"] = [
        row | {"component": nasty if row["component"] == "big" else "small"} for row in RUNS["placements"]
    ]
    page = audit_page(examine(Problem(**document)))
    text = page.markdown()
    assert "\u202e" not in text
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inside = [child for token in tokens for child in token.children or ()]
    code = {child.content for child in inside if child.type == "code_inline"}
    assert any("<script>@team" in name for name in code)
    assert not any("script" in child.content for child in inside if child.type in ("text", "html_inline"))
    assert all(token.type != "html_block" for token in tokens)
    console = Console(width=100, record=True, file=None, quiet=True)
    console.print(page)


def test_a_plan_that_was_carried_out_is_not_held_to_what_it_said_before() -> None:
    """Its new machines run now, and nothing moves any more. One that differs from what runs is held to its word."""
    problem = placement.read("instances/kubernetes-mixed-gpus.yaml")
    plan = placement.solve(problem, "ffd", time_limit=None, work=1).plan
    assert any(row.new for row in plan.instances)
    after = as_running(problem, plan)
    found = placement.audit(after, plan, time_limit=0)
    assert found.ok
    assert any("is what runs now" in remark for remark in found.remarks)
    dearer = plan.model_copy(update={"price_per_hour": 1e6})  # no price is of the time before
    assert [row.rule for row in placement.audit(after, dearer, time_limit=0).broken] == ["claimed-price"]
    held = placement.audit(after, plan.model_copy(update={"assignments": plan.assignments[1:]}), time_limit=0)
    assert "known-instance" in {row.rule for row in held.broken}
    assert not any("is what runs now" in remark for remark in held.remarks)


def test_an_audit_needs_something_that_runs() -> None:
    """The way out is named."""
    with pytest.raises(placement.UsageError, match="list machines under `instances`"):
        placement.audit(
            Problem(**{key: RUNS[key] for key in ("accelerators", "instance_types", "pools", "components")})
        )


def test_first_moves_are_of_few_copies() -> None:
    """Sixteen machines become one: half of that pays for the new machine already, and the rest is a step of its own."""
    small, names = [f"s{k}" for k in range(16)], range(16)
    types = {"accelerator": "A", "vcpus": 8, "memory_gib": 64}
    problem = Problem(
        accelerators={"A": {"memory_gib": 80}},
        instance_types={
            "small": {**types, "accelerator_count": 1, "price_per_hour": 4},
            "large": {**types, "accelerator_count": 16, "price_per_hour": 20},
        },
        pools=[
            {"name": "small", "instance_type": "small", "zone": "a"},
            {"name": "large", "instance_type": "large", "zone": "a"},
        ],
        components=[{"name": f"c{k}", "copies": 1} for k in names],
        instances=[{"id": name, "pool": "small"} for name in small],
        placements=[{"component": f"c{k}", "instance": small[k], "accelerators": [0]} for k in names],
    )
    plan = Plan(
        instances=[{"id": "large/new-1", "pool": "large", "new": True}],
        assignments=[{"component": f"c{k}", "instance": "large/new-1", "accelerators": [k]} for k in names],
    )

    found = first_moves(problem, plan)

    copies = [sum(row.copies for row in step.moves) for step in found.steps]
    assert copies[0] == 8
    assert sum(copies) == 16
    assert (found.steps[0].saving_per_hour, found.steps[-1].price_per_hour, found.moves_left) == (12, 20, 0)


def test_the_cost_of_the_best_plan_stands_beside_the_bound() -> None:
    """Both over the horizon, with moves: an hourly price can't be compared with it."""
    audit = examine(Problem(**WAITS))
    found = replace(audit, best=replace(audit.best, status="feasible", cost=25.0, lower_bound=20.0))
    assert (
        "the best plan found costs $25.00 over one hour, moves included: within 20.00% of the cheapest"
        in audit_page(found).markdown()
    )
    assert "of the cheapest" not in audit_page(audit).markdown()
