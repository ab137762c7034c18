"""`placement.diff`: a plan does not differ from itself, and of planted differences all are named and no other."""

from __future__ import annotations

import random
from collections import Counter
from itertools import permutations
from typing import Any

import pytest

import placement
from placement import Plan, Problem
from placement.compiled.translate import to_plan
from placement.documents.plan import PlanInstance
from placement.drift.contents import Held, HeldCopy, equal_up_to_numbers
from placement.drift.page import diff_page
from placement.running_state import as_running
from tests.auditing.test_audit import RUNS
from tests.corpus import plans, seeds

Doc = dict[str, Any]


def _disguised(problem: Problem, plan: Plan, rng: random.Random) -> Plan:
    """The same plan: rows shuffled, new machines of a pool renamed, their accelerators renumbered."""
    document = plan.to_document()
    running = {row.id for row in problem.instances}
    types = {row.name: problem.instance_types[row.instance_type].accelerator_count for row in problem.pools}
    names, numbers = {}, {}
    for row in document["instances"]:
        if row["id"] not in running:
            names[row["id"]] = f"{row['pool']}/new-{rng.randrange(10**9)}"
            numbers[row["id"]] = rng.sample(range(types[row["pool"]]), types[row["pool"]])
            row["id"] = names[row["id"]]
    for row in document["assignments"]:
        if row["instance"] in numbers:
            row["accelerators"] = [numbers[row["instance"]][k] for k in row["accelerators"]]
            row["instance"] = names[row["instance"]]
        rng.shuffle(row["accelerators"])
    rng.shuffle(document["instances"])
    rng.shuffle(document["assignments"])
    return Plan(**{key: document[key] for key in ("instances", "assignments")})


@seeds(range(150))
def test_a_plan_does_not_differ_from_itself(seeds: range) -> None:
    """Nor from itself in other words, nor from what runs once it was carried out, under whatever names."""
    seen = 0
    for seed, problem, fleet, packing in plans(seeds):
        plan = to_plan(fleet, packing)
        other = _disguised(problem, plan, random.Random(seed))
        running = as_running(problem, plan)
        for found in (
            placement.diff(problem, plan, plan),
            placement.diff(problem, plan, other),
            placement.diff(problem, other, plan, alike=True),
            placement.diff(running, None, plan),
            placement.diff(as_running(problem, other), None, plan, alike=True),
        ):
            assert found.same, (seed, found)
            assert found.moves == 0
            assert found.changes == found.machines == found.components == ()  # type: ignore[comparison-overlap]
            assert found.before.price_per_hour == found.after.price_per_hour
        seen += 1
    assert seen > len(seeds) / 3


@seeds(range(150))
def test_moves_are_those_of_the_referee(seeds: range) -> None:
    """Between what runs, unknown accelerators and all, and a plan."""
    moved = 0
    for seed, problem, fleet, packing in plans(seeds, state=True):
        if not problem.instances:
            continue
        plan = to_plan(fleet, packing)
        found = placement.diff(problem, None, plan)
        verdict = placement.verify(problem, plan)
        assert found.moves == verdict.moves, seed
        assert sum(row.moves for row in found.components) == verdict.moves
        assert found.after.price_per_hour * 1e6 == pytest.approx(verdict.price_per_hour)
        moved += bool(verdict.moves)
    assert moved > len(seeds) / 20


@seeds(range(150))
def test_planted_differences_are_named_and_no_other(seeds: range) -> None:
    """A copy that stops, a copy that goes elsewhere, a machine that comes: each by component and machine."""
    planted: Counter[str] = Counter()
    for seed, problem, fleet, packing in plans(seeds):
        rng, plan = random.Random(seed), to_plan(fleet, packing)
        running = as_running(problem, plan)  # so that machines are known by their names
        document = {key: plan.to_document()[key] for key in ("instances", "assignments")}
        rows = document["assignments"]
        if not rows:
            continue
        victim = rng.randrange(len(rows))
        name, machine = rows[victim]["component"], rows[victim]["instance"]

        found = placement.diff(running, None, Plan(**document | {"assignments": rows[:victim] + rows[victim + 1 :]}))
        assert [(row.component, row.before - row.after) for row in found.components] == [(name, 1)]
        (row,) = found.machines
        assert (row.before, row.after, [copy.component for copy in row.goes], row.comes) == (
            machine,
            machine,
            [name],
            (),
        )
        assert [(row.component, row.copies, row.source, row.target) for row in found.changes] == [
            (name, 1, machine, None)
        ]
        planted["stops"] += 1

        others = [row["id"] for row in document["instances"] if row["id"] != machine]
        if others:
            target = rng.choice(others)
            moved = [*rows[:victim], rows[victim] | {"instance": target}, *rows[victim + 1 :]]
            found = placement.diff(running, None, Plan(**document | {"assignments": moved}))
            assert {row.before for row in found.machines} == {machine, target}
            assert [(row.component, row.moves) for row in found.components] == [(name, 1)]
            assert [(row.source, row.target, row.copies) for row in found.changes] == [(machine, target, 1)]
            planted["moves"] += 1

        pool = rng.choice(problem.pools).name
        more = [*document["instances"], {"id": "one-more", "pool": pool}]
        found = placement.diff(running, None, Plan(**document | {"instances": more}))
        assert [(row.before, row.after, row.pool, row.comes, row.goes) for row in found.machines] == [
            (None, "one-more", pool, (), ())
        ]
        assert found.components == ()
        planted["comes"] += 1
    assert min(planted[what] for what in ("stops", "moves", "comes")) > len(seeds) / 6


@seeds(range(600), 40)
def test_contents_are_equal_where_a_renumbering_makes_them_so(seeds: range) -> None:
    """All renumberings of three accelerators are tried."""
    seen: Counter[bool] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        before, after = _held(rng), _held(rng)
        if rng.random() < 0.5:
            numbers = rng.sample(range(3), 3)
            after = _renumbered(before, numbers)
        can = any(_renumbered(before, numbers) == after for numbers in permutations(range(3)))
        assert equal_up_to_numbers(before, after) is can, seed
        seen[can] += 1
    assert min(seen.values()) > len(seeds) / 5


def test_two_copies_on_an_accelerator_each_are_not_one_on_both() -> None:
    """Each accelerator holds one of the kind either way."""
    apart = Counter({HeldCopy("b", 0, (0,)): 1, HeldCopy("b", 0, (1,)): 1})

    assert not equal_up_to_numbers(apart, Counter({HeldCopy("b", 0, (0, 1)): 1}))


def test_who_stands_beside_whom_counts_also_where_no_accelerator_tells() -> None:
    """Two pairs across four accelerators as two twos, or as a ring: each accelerator holds the same."""
    twos = Counter([HeldCopy("a", 0, (0, 1))] * 2 + [HeldCopy("a", 0, (2, 3))] * 2)
    ring = Counter(HeldCopy("a", 0, tuple(sorted((k, (k + 1) % 4)))) for k in range(4))
    assert not equal_up_to_numbers(twos, ring)
    assert equal_up_to_numbers(ring, _renumbered(ring, [2, 0, 3, 1]))


def _held(rng: random.Random) -> Held:
    return Counter(
        HeldCopy(rng.choice("ab"), 0, tuple(sorted(rng.sample(range(3), rng.choice((1, 1, 2))))))
        for _ in range(rng.randrange(1, 4))
    )


def _renumbered(held: Held, numbers: Any) -> Held:
    found: Held = Counter()
    for copy, count in held.items():
        found[copy._replace(accelerators=tuple(sorted(numbers[k] for k in copy.accelerators or ())))] += count
    return found


def test_a_machine_that_drains_is_itself_even_where_machines_are_alike() -> None:
    """A plan that leaves it differs, though another machine would hold the same."""
    document = RUNS | {"instances": [*RUNS["instances"][:3], {"id": "i-3", "pool": "a", "state": "draining"}]}
    problem = Problem(**document)
    machines = [{"id": name, "pool": "a", "new": name[0] != "i"} for name in ("i-0", "i-1", "i-2", "a/new-1")]
    plan = Plan(instances=machines, assignments=document["placements"])
    found = placement.diff(problem, None, plan, alike=True)
    assert [(row.before, row.after) for row in found.machines] == [("i-3", None), (None, "a/new-1")]
    assert placement.diff(Problem(**RUNS), None, plan, alike=True).same


def test_the_page_for_a_review() -> None:
    """What is on it, in Markdown."""
    problem = Problem(**RUNS)
    rows = [row | {"instance": "i-0"} if row["instance"] == "i-2" else row for row in RUNS["placements"]]
    plan = Plan(instances=[{"id": f"i-{k}", "pool": "a", "new": False} for k in range(2)], assignments=rows)
    text = diff_page(placement.diff(problem, None, plan), ("what runs", "plan|1.json")).markdown()
    assert (
        "what runs and `plan|1.json` differ in 3 machines and 1 component: $40.00 an hour becomes $20.00, $20.00 less"
        in text
    )
    assert "| price an hour | $40.00 | $20.00 | -$20.00 |" in text
    assert "1 copy moves from one to the other" in text
    assert "| `small` | 4 | 4 | 1 | other machines |" in text
    assert "| `i-2` | `p5` | `za` | -10.00 | goes, held `small` |" in text
    assert "| `i-3` | `p5` | `za` | -10.00 | goes, was empty |" in text
    assert "| `small` | 1 | `i-2` (`p5`, `za`) | `i-0` (`p5`, `za`) |" in text
    assert "`what runs`" not in text


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"status": "infeasible"}, r"^after at \$\.status: is infeasible, and places nothing"),
        ({"instances": [{"id": "x", "pool": "a"}] * 2}, r"^after at \$\.instances\[1\]\.id: lists instance x a second"),
        ({"assignments": [{"component": "big", "instance": "x"}]}, r"^after at \$\.assignments\[0\]\.instance: "),
    ],
)
def test_what_is_no_plan_is_refused(plan: Doc, said: str) -> None:
    """With the way out."""
    with pytest.raises(placement.UsageError, match=said):
        placement.diff(Problem(**RUNS), None, Plan(**plan))


def _by_pool(plan: Plan) -> tuple[Counter[str], Counter[tuple[str, str, int]]]:
    """Machines of each pool, and copies of each component and option there."""
    pools = {row.id: row.pool for row in plan.instances}
    copies = Counter((pools[row.instance], row.component, row.option) for row in plan.assignments)
    return Counter(pools.values()), copies


@seeds(range(150))
def test_by_pool_just_the_counts_of_pools_count(seeds: range) -> None:
    """Two plans of a problem: what is not the same are the counts that differ, and which machine holds what is not."""
    same = other = 0
    for seed, problem, fleet, packing in plans(seeds):
        plan = to_plan(fleet, packing)
        rng = random.Random(seed)
        rows = [row.model_copy(update={"accelerators": ()}) for row in plan.assignments]
        if seed % 2:  # copies of one pool change places
            pools = {row.id: row.pool for row in plan.instances}
            rows = [
                row.model_copy(update={"instance": rng.choice([m for m in pools if pools[m] == pools[row.instance]])})
                for row in rows
            ]
        else:  # a copy is on any machine, and a machine more runs
            rows[0] = rows[0].model_copy(update={"instance": rng.choice(plan.instances).id})
        more = [PlanInstance(id="one more", pool=plan.instances[0].pool)] if rng.random() < 0.3 else []
        shuffled = Plan.model_construct(instances=(*plan.instances, *more), assignments=tuple(rows))
        found = placement.diff(problem, plan, shuffled, by_pool=True)
        (before, there), (after, here) = _by_pool(plan), _by_pool(shuffled)
        names = {key for key in before | after if before[key] != after[key]} | {
            key[0] for key in there | here if there[key] != here[key]
        }

        assert {row.pool for row in found.pools} == names, seed
        assert found.same == (not names), seed
        assert found.machines == (), seed
        for row in found.pools:
            assert (row.machines_before, row.machines_after) == (before[row.pool], after[row.pool]), seed
            comes = {(copy.component, copy.option): copy.copies for copy in row.comes}
            assert comes == {key[1:]: n for key, n in (here - there).items() if key[0] == row.pool}, seed
        assert found.moves == sum((here - there).values()) <= 1, seed
        same, other = same + found.same, other + (not found.same)
    assert min(same, other) > len(seeds) / 8


def test_a_plan_is_not_held_to_what_it_said_of_an_earlier_state() -> None:
    """Once it is carried out, its moves are made: that it counted them is no broken rule."""
    problem = Problem(**RUNS)
    result = placement.solve(problem, "best-fit", time_limit=None, work=3)
    assert result.plan is not None
    assert result.plan.moves
    found = placement.diff(as_running(problem, result.plan), None, result.plan)
    assert (found.same, found.after.broken) == (True, 0)


def test_machines_of_a_plan_are_new_no_more_once_it_is_carried_out() -> None:
    """The fleet runs by the plan, under its names: the same, and no rule is broken."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "a", "copies": 1, "accelerators": 0}],
    )
    plan = Plan(
        instances=[{"id": "p/new-1", "pool": "p", "new": True}], assignments=[{"component": "a", "instance": "p/new-1"}]
    )

    found = placement.diff(as_running(problem, plan), None, plan)

    assert (found.same, found.after.broken) == (True, 0)


def test_the_page_of_pools() -> None:
    """Machines and copies of each pool, and no machine by its name."""
    running = {row["id"]: row["pool"] for row in RUNS["instances"]}
    here = [{"id": name, "pool": pool, "new": False} for name, pool in running.items()]
    rows = [{"component": "big", "instance": name} for name in running]
    plan = Plan(instances=here, assignments=rows)
    found = placement.diff(Problem(**RUNS), None, plan, by_pool=True)
    page = diff_page(found, ("what runs", "plan.json")).markdown()

    assert "what runs and `plan.json` differ in 1 pool and" in page
    assert "on which of its machines a copy is does not count" in page
    fewer = Plan(instances=here[:3], assignments=[row for row in rows if row["instance"] != here[3]["id"]])
    assert (
        "1 machine goes; less `big`" in diff_page(placement.diff(Problem(**RUNS), plan, fewer, by_pool=True)).markdown()
    )
    assert (
        "2 machines come |"
        in diff_page(
            placement.diff(Problem(**RUNS), Plan(instances=here[:2]), Plan(instances=here), by_pool=True)
        ).markdown()
    )
    assert not any(f"`{name}`" in page for name in running if name not in running.values())


def test_rows_that_name_nothing_of_the_problem_are_compared_too() -> None:
    """A plan of another day may have components and pools that are gone."""
    old = Plan(instances=[{"id": "g/new-1", "pool": "gone"}], assignments=[{"component": "was", "instance": "g/new-1"}])
    new = Plan(instances=[{"id": "a/new-1", "pool": "a"}], assignments=[{"component": "big", "instance": "a/new-1"}])
    found = placement.diff(Problem(**RUNS), old, new)
    assert [(row.component, row.before, row.after) for row in found.components] == [("big", 0, 1), ("was", 1, 0)]
    assert found.before.broken > 0
    assert [(row.pool, row.price_per_hour) for row in found.machines] == [("a", 10.0), ("gone", None)]


ELSEWHERE = {
    "instance_types": {
        "slow": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1},
        "fast": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 2},
    },
    "pools": [
        {"name": "s", "instance_type": "slow", "zone": "za"},
        {"name": "f", "instance_type": "fast", "zone": "zb"},
    ],
    "components": [{"name": "a", "copies": 3, "accelerators": 0}, {"name": "b", "copies": 1, "accelerators": 0}],
}


def _on(*machines: str) -> Plan:
    """Machines named by their pools, and copies of `a` on them in turn."""
    rows = [{"id": name, "pool": name[0]} for name in dict.fromkeys(machines)]
    return Plan(instances=rows, assignments=[{"component": "a", "instance": name} for name in machines])


def test_copies_are_told_with_the_machines_types_and_zones_of_both_plans() -> None:
    """Of copies that move both ends, of those that start or stop one; a pool that is gone has neither."""
    problem = Problem(**ELSEWHERE)
    found = placement.diff(problem, _on("s1", "s1", "s1"), _on("s1", "f1"))
    ends = [
        (row.copies, row.source, row.source_type, row.source_zone, row.target, row.target_type, row.target_zone)
        for row in found.changes
    ]
    assert ends == [(1, "s1", "slow", "za", "f1", "fast", "zb"), (1, "s1", "slow", "za", None, None, None)]
    (row,) = found.components
    assert (row.types_before, row.types_after) == ({"slow": 3}, {"fast": 1, "slow": 1})
    page = diff_page(found).markdown()
    assert "| `a` | 1 | `s1` (`slow`, `za`) | `f1` (`fast`, `zb`) |" in page
    assert "| `a` | 1 | `s1` (`slow`, `za`) | stops |" in page
    assert "1 copy stops; types `slow` 3 to 1, `fast` 0 to 1; zones `za` 3 to 1, `zb` 0 to 1" in page
    assert "types" not in diff_page(placement.diff(problem, _on("s1", "s1"), _on("s1"))).markdown()

    found = placement.diff(problem, _on("s1", "s2"), _on("f1", "s2"), by_pool=True)
    assert [(row.source, row.source_zone, row.target, row.target_type) for row in found.changes] == [
        ("s", "za", "f", "fast")
    ]
    gone = placement.diff(problem, _on("x1"), _on("f1"))
    assert [(row.source_type, row.source_zone, row.target_zone) for row in gone.changes] == [(None, None, "zb")]
    assert "| `a` | 1 | `x1` | `f1` (`fast`, `zb`) |" in diff_page(gone).markdown()
