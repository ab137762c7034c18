"""What a person reads is what the plan does, at any width and in any terminal."""

from __future__ import annotations

import dataclasses
import io
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import placement
from placement.compiled.fleet import compile_fleet
from placement.report.facts import Amount, Device, gather
from placement.report.left_out import left_out_rows, level_lines, levels_of, why_not_all
from placement.report.overview import overview
from placement.report.tables import Report, bar
from tests.report.plans import mixed_demand, named, scarce, unproven

INSTANCES = Path(__file__).resolve().parents[2] / "instances"


def small_problem(**changes: Any) -> placement.Problem:
    """A model that shares, one that owns two accelerators, and an optional one, on machines of four accelerators."""
    document: dict[str, Any] = {
        "accelerators": {"L40S": {"memory_gib": 48}},
        "instance_types": {
            "g6e.12xlarge": {
                "accelerator": "L40S",
                "accelerator_count": 4,
                "vcpus": 48,
                "memory_gib": 384,
                "price_per_hour": 10.5,
            }
        },
        "pools": [{"name": "a", "instance_type": "g6e.12xlarge", "zone": "us-east-1a", "max_instances": 1}],
        "components": [
            {"name": "chat", "copies": 2, "accelerator_memory_gib": 12, "shared": True, "vcpus": 4, "memory_gib": 32},
            {"name": "large", "copies": 1, "accelerators": 2, "accelerator_memory_gib": 40, "vcpus": 8},
            {"name": "batch", "copies": 3, "min_copies": 0, "accelerators": 2},
        ],
    }
    return placement.Problem(**{**document, **changes})


def shown(renderable: Any, width: int = 100, *, encoding: str = "utf-8") -> str:
    """What a console of that width prints."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=stream, width=width, color_system=None).print(renderable)
    stream.seek(0)
    return stream.read()


def solved(problem: placement.Problem) -> placement.Result:
    """A plan without rounds of improvement, which no table needs."""
    return placement.solve(problem, "greedy", work=1, options={"rounds": 0})


@cache
def instance(name: str) -> tuple[placement.Problem, placement.Result]:
    """A problem of `instances`, and a plan of it."""
    problem = placement.read(INSTANCES / f"{name}.yaml")
    return problem, solved(problem)


def test_facts_are_those_of_the_plan() -> None:
    """Fill, owners, host and totals are counted from the rows."""
    problem = small_problem(
        components=[
            {"name": "chat", "copies": 2, "accelerator_memory_gib": 12, "shared": True, "vcpus": 4, "memory_gib": 32},
            {"name": "large", "copies": 1, "accelerators": 2, "accelerator_memory_gib": 40, "vcpus": 8},
        ]
    )
    plan = placement.Plan(
        instances=[{"id": "a/new-1", "pool": "a"}],
        assignments=[
            {"component": "chat", "instance": "a/new-1", "accelerators": [0]},
            {"component": "chat", "instance": "a/new-1", "accelerators": [0]},
            {"component": "large", "instance": "a/new-1", "accelerators": [1, 3]},
        ],
    )

    facts = gather(problem, plan)

    (machine,) = facts.machines
    assert [device.copies for device in machine.load.devices] == [2, 1, 0, 1]
    assert [device.owned for device in machine.load.devices] == [False, True, False, True]
    assert [device.fill for device in machine.load.devices] == [0.5, 1.0, 0.0, 1.0]
    assert facts.price == 10_500_000
    assert facts.whole.accelerators == Amount(3, 4)
    assert facts.whole.memory == Amount((12 + 12 + 40 + 40) * 1024, 4 * 48 * 1024)
    assert facts.whole.vcpus == Amount(16_000, 48_000)
    assert facts.whole.host == Amount(64 * 1024, 384 * 1024)
    assert [(c.name, c.placed, c.wanted, c.machines) for c in facts.components] == [
        ("chat", 2, 2, 1),
        ("large", 1, 1, 1),
    ]


def test_fill_is_the_scarcer_of_memory_and_share() -> None:
    """A shared accelerator is as full as what binds first."""
    assert Device(2, False, Amount(10, 100), 700).fill == 0.7
    assert Device(2, False, Amount(80, 100), 700).fill == 0.8
    assert Device(1, False, Amount(0, 0), 0).fill == 1.0


@pytest.mark.parametrize(("ascii_only", "expected"), [(False, "·■▁▅█"), (True, ".#158")])
def test_bar_tells_free_owned_and_fill(ascii_only: bool, expected: str) -> None:
    """One sign each; a trace of use is not free, and only a full one is a full block."""
    devices = [
        Device(0, False, Amount(0, 100), 0),
        Device(1, True, Amount(10, 100), 0),
        Device(1, False, Amount(1, 100), 0),
        Device(1, False, Amount(51, 100), 0),
        Device(3, False, Amount(100, 100), 0),
    ]

    assert bar(devices, ascii_only=ascii_only).plain == expected


@pytest.mark.parametrize("width", [72, 80, 100, 140])
@pytest.mark.parametrize("name", ["codegen-after", "kubernetes-mixed-gpus", "sagemaker-whole-gpu"])
def test_tables_fit_and_lose_nothing(name: str, width: int) -> None:
    """No line is wider than the screen; every machine, component and the price stand on it, whole."""
    problem, result = instance(name)

    text = shown(Report(problem, result), width)

    assert max(map(len, text.splitlines())) <= width
    assert "\N{HORIZONTAL ELLIPSIS}\n" not in text
    for row in result.plan.instances:
        assert row.id in text
    for component in problem.components:
        assert component.name in text
    assert f"${result.plan.price_per_hour:,.2f} an hour" in text
    assert re.search(r"\$[\d,]+ a month \(730 hours\)", text)


@pytest.mark.parametrize("width", [40, 45, 50, 55, 60, 65, 70, 75, 80, 90])
def test_narrow_terminals_get_whole_words(width: int) -> None:
    """Blocks of lines in place of tables: every name, type, zone and figure stands on one line."""
    problem, result = instance("kubernetes-mixed-gpus")

    text, before = shown(Report(problem, result), width), shown(overview(problem), width)
    assert max(map(len, [*text.splitlines(), *before.splitlines()])) <= width
    for pool in problem.pools:
        assert pool.instance_type in before
        assert pool.zone in before or "us-east-1\N{HORIZONTAL ELLIPSIS}" in before  # what a table's heading says of all
    facts = gather(problem, result.plan)
    for machine in facts.machines:
        assert {machine.id, machine.load.type, machine.load.zone} <= set(text.replace(",", " ").split())
        for kind, number in machine.load.copies:
            assert (f"{kind} x{number}" if number > 1 else str(kind)) in text


def test_where_the_table_does_not_fit_a_machine_has_one_line() -> None:
    """Below one line for its pool; its copies are on a line of their own only where they do not fit beside it."""
    name = "a-pool-with-a-rather-long-name"
    problem = small_problem(
        pools=[{"name": name, "instance_type": "g6e.12xlarge", "zone": "a-zone-of-some-length"}],
        components=[{"name": "chat-of-a-long-name", "copies": 8, "accelerator_memory_gib": 40}],
    )
    result = solved(problem)

    lines = [line.rstrip() for line in shown(Report(problem, result), 70).splitlines()[:3]]
    assert lines[0] == "g6e.12xlarge, zone a-zone-of-some-length, $/hour 10.50 each"
    assert lines[1:] == [f"  {name}/new-{k} \u25a0\u25a0\u25a0\u25a0 chat-of-a-long-name x4" for k in (1, 2)]
    narrow = [line.rstrip() for line in shown(Report(problem, result), 50).splitlines()]
    assert f"  {name}/new-1 \u25a0\u25a0\u25a0\u25a0" in narrow
    assert "    chat-of-a-long-name x4" in narrow


def test_small_prices_are_not_shown_as_none() -> None:
    """A millionth of a dollar an hour, in every table and total, and with the money of other lines."""
    kind = {"accelerator": "L40S", "accelerator_count": 4, "vcpus": 48, "memory_gib": 64, "price_per_hour": 1e-6}
    chat = {"name": "chat", "copies": 1}
    problem = small_problem(
        instance_types={"g6e.12xlarge": kind}, components=[chat], objective={"horizon_hours": 1, "move_cost": 0.5}
    )

    for text in (shown(overview(problem), 140), shown(Report(problem, solved(problem)), 140)):
        assert "0.000001" in text
        assert not re.search(r"\b0\.00(?!\d)", text)
    assert "+ $0.50 a moved copy" in shown(overview(problem), 140)
    assert "$0.000001 an hour" in str(solved(problem))


def test_long_lists_in_a_cell_are_counted() -> None:
    """A quota in each of hundreds of zones, a machine with hundreds of components; all of them when asked for."""
    pools = [{"name": f"p{k}", "instance_type": "g6e.12xlarge", "zone": f"zone-{k:03}"} for k in range(300)]
    components = [{"name": f"m{k:03}", "copies": 1, "accelerator_memory_gib": 0.1, "shared": True} for k in range(100)]
    problem, one = (small_problem(pools=pools[:n], components=components) for n in (300, 1))
    result = solved(one)

    assert "276 more" in shown(overview(problem), 100)
    assert "zone-299" not in shown(overview(problem), 100)
    assert "no limit in 000, 001, 002" in shown(overview(problem, full=True), 100)
    assert "299" in shown(overview(problem, full=True), 100)
    assert "76 more" in shown(Report(one, result))
    assert "m099" in shown(Report(one, result, full=True))


def test_zones_without_a_quota_stand_last() -> None:
    """Said once of all: behind each zone it read as if it were about the next."""
    most = {"east-a": None, "east-b": 2, "east-c": None}
    pools = [{"name": z, "instance_type": "g6e.12xlarge", "zone": z, "max_instances": n} for z, n in most.items()]

    assert "b 2, no limit in a, c" in shown(overview(small_problem(pools=pools)), 100)


def test_very_many_instance_types_are_counted() -> None:
    """Forty rows, and how many more."""
    kind = {"vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
    pools = [{"name": f"p{k}", "instance_type": f"t{k:03}", "zone": "a"} for k in range(90)]
    problem = placement.Problem(instance_types={f"t{k:03}": kind for k in range(90)}, pools=pools, components=[])

    assert "and 50 more instance types; --full lists each" in shown(overview(problem))
    assert "t089" not in shown(overview(problem))
    assert "t089" in shown(overview(problem, full=True))


def test_components_that_lack_copies_are_counted() -> None:
    """Ten lines, and how many copies of how many more."""
    components = [{"name": f"batch-{k:02}", "copies": 2, "min_copies": 0, "accelerators": 4} for k in range(30)]
    problem = small_problem(components=components)
    result = solved(problem)

    assert "and 39 copies of 20 more components; --full lists each" in (text := shown(Report(problem, result), 140))
    assert text.count("is used up") == 10
    full = shown(Report(problem, result, full=True), 140)
    assert full.count("is used up") == 30


def test_memory_that_ran_out_is_said() -> None:
    """It is why the search stopped, and no lack of ideas."""
    problem = small_problem()
    result = solved(problem)
    plan = result.plan.model_copy(update={"status": "feasible", "stats": {"out_of_memory": 1}})
    stopped = dataclasses.replace(result, plan=plan, status=placement.Status.FEASIBLE, bound=1)

    assert "stopped as memory ran out" in shown(Report(problem, stopped), 140)


def test_tables_do_without_unicode() -> None:
    """A terminal that knows only ASCII gets ASCII."""
    problem = small_problem()

    text = shown(Report(problem, solved(problem)), 80, encoding="ascii")

    assert text.isascii()
    assert "##" in text


def test_names_are_not_markup() -> None:
    """Brackets in a name are shown, not taken for a style."""
    problem = small_problem(
        components=[{"name": "[bold]chat", "copies": 1}, {"name": "x", "copies": 1}, {"name": ":smile:", "copies": 1}]
    )

    text = shown(Report(problem, solved(problem)))

    assert "[bold]chat" in text
    assert ":smile:" in text


def test_copies_left_out_are_told_with_the_reason() -> None:
    """Optional copies without a place: how many, and what is known about why."""
    problem = small_problem()
    result = solved(problem)

    text = shown(Report(problem, result), 140)

    (row,) = result.plan.unplaced
    assert "3 of 3 optional copies of priority 0 are left out; how many must be is not proven" in text
    assert f"{row.component}: 3 of 3 copies of priority 0; its one pool, a, is used up; on their" in text
    assert "a: 1 of 1 machine; 3 copies of those left out could run on more" in text
    assert "0 of 3" in text


def test_copies_left_out_come_before_the_money() -> None:
    """The gap is of plans that leave out no more, and says so while more copies may be placed; then it need not."""
    problem = scarce()
    proven = placement.solve(problem, work=1)
    found = unproven(proven)

    text = " ".join(shown(Report(problem, found), 500).split())
    assert "1 of 2 optional copies of priority 1 is left out; how many must be is not proven" in text
    assert "1 of 1 optional copy of priority 0 is left out; how many must be is open, as of a higher priority" in text
    assert "proof open whether more copies of priority 1 can be placed; gap 50.00% of the cost with so many" in text
    assert text.index("urgent: 1 of 2 copies of priority 1") < text.index("batch: 1 of 1 copy of priority 0")

    text = " ".join(shown(Report(problem, proven), 500).split())
    assert "1 of 2 optional copies of priority 1 is left out; proven: no plan leaves out fewer" in text
    assert "proven: no plan leaves out fewer, unless more of a higher priority" in text
    assert "proof optimal: no plan that leaves out no more copies costs less" in text
    assert "open" not in text


def test_a_proven_part_of_what_is_left_out_is_told_beside_what_may_yet_be_placed() -> None:
    """Whoever must choose between a longer search and more machines reads how many copies each is about."""
    problem = scarce(components=[{"name": "chat", "copies": 9, "min_copies": 0}])
    plan = placement.solve(problem, "ffd", work=1).plan.model_copy(update={"left_out_bound": {"0": 4}})

    lines = list(level_lines(problem, levels_of(problem, plan, {0: 7})))

    told = "proven: at least 4 must be; a longer search may place up to 3 more"
    assert lines == [f"7 of 9 optional copies of priority 0 are left out; {told}"]


def test_what_is_too_little_for_all_copies_is_told() -> None:
    """The highest priority of which not all copies fit beside those above, and the resource or rule that shows it."""
    tight = scarce()
    assert why_not_all(compile_fleet(tight)) == (
        "no plan places all copies of priority 1: the copies need at least 3 accelerators, "
        "but the quotas of all pools together have 2"
    )
    pool = {"name": "a", "instance_type": "pair", "zone": "z"}
    rows = [row | {"copies": 1} for row in tight.to_document()["components"]]
    assert why_not_all(compile_fleet(scarce(components=rows))).startswith("no plan places all copies: the copies need")
    assert why_not_all(compile_fleet(scarce(pools=[pool]))) == ""
    floor = {"name": "low", "copies": 2, "min_copies": 1, "min_available_on_zone_loss": 1}
    two = [pool, pool | {"name": "b", "zone": "y"}]
    with_floor = scarce(components=[floor, {"name": "high", "copies": 1, "min_copies": 0, "priority": 1}], pools=two)
    assert why_not_all(compile_fleet(with_floor)) == ""  # the second copy, of lower priority, need not be left out
    assert why_not_all(compile_fleet(tight)) in " ".join(shown(Report(tight, solved(tight)), 500).split())


def lacks(problem: placement.Problem) -> dict[str, str]:
    """What copies that are left out lack, by component."""
    result = placement.solve(problem, "ffd", work=1)
    facts, levels = gather(problem, result.plan), levels_of(problem, result.plan, result.left_out)
    return {row.name: row.lacks for row in left_out_rows(problem, facts, levels)}


def test_what_keeps_copies_out_is_told() -> None:
    """Quotas, limits over several pools, a quota of 0, a rule where there is room, and what machines lack."""
    pair = {"instance_type": "pair", "zone": "z"}
    free = [{"name": "a", **pair, "max_instances": 1}, {"name": "b", **pair, "zone": "y", "max_instances": 9}]
    rows = scarce().to_document()["components"]
    held = [row if row["name"] != "urgent" else row | {"copies": 3, "zones": ["z"]} for row in rows]
    alone = [row | {"avoid": ["chat"], "shared": True, "accelerator_memory_gib": 1} for row in rows[:1]]

    assert lacks(scarce())["urgent"] == "its one pool, a, is used up; on their machines no accelerator is free for it"
    both = scarce(pools=free, limits=[{"name": "cards", "pools": ["a", "b"], "max_accelerators": 2}])
    assert lacks(both)["urgent"].startswith("all its 2 pools are used up (limit cards); on")
    assert lacks(scarce(pools=[free[0] | {"max_instances": 0}], components=rows[:1])) == {
        "batch": "its one pool, a, is used up"
    }
    assert lacks(scarce(pools=free, components=held))["urgent"].startswith("its one pool, a, is used up")
    beside = scarce(components=[*alone, {"name": "chat", "copies": 1}])
    assert lacks(beside)["batch"].endswith("fit on a machine of a: rules of the problem, or the search, leave it out")
    capped = scarce(pools=free[1:], components=[{**rows[0], "copies": 3, "spread": {"max_per_zone": 1}}])
    why = "rules of the problem, or the search, leave it out"
    assert lacks(capped)["batch"] == f"a machine more may be had in b: {why}"


def test_equal_machines_are_put_together_when_they_are_many() -> None:
    """Fifty machines with one copy each are one row; asked for in full they are fifty."""
    pool = {"name": "a", "instance_type": "g6e.12xlarge", "zone": "us-east-1a"}
    problem = small_problem(pools=[pool], components=[{"name": "chat", "copies": 50, "accelerators": 4}])
    result = solved(problem)

    assert "50 x a" in shown(Report(problem, result))
    assert "525.00" in shown(Report(problem, result))
    assert "a/new-50" in shown(Report(problem, result, full=True))


def test_a_large_fleet_is_shown_by_type_and_zone() -> None:
    """Machines that all differ would fill screens: a row a type and zone, and the way to see all."""
    pool = {"name": "a", "instance_type": "g6e.12xlarge", "zone": "us-east-1a"}
    components = [{"name": f"model-{c:02}", "copies": 1, "accelerators": 4} for c in range(60)]
    problem = small_problem(pools=[pool], components=components)

    text = shown(Report(problem, solved(problem)), 80)

    assert re.search(r"g6e\.12xlarge +60 +630\.00 +60 +240/240", text)
    assert "60 machines with 60 different contents, by type and zone; --full lists each" in text
    assert "and 40 components with fewer copies; --full lists each" in text


def test_no_plan_is_told_with_the_reason() -> None:
    """Proven infeasible: the word, that it is proven, and why."""
    problem = small_problem(components=[{"name": "giant", "copies": 1, "accelerator_memory_gib": 500}])

    text = shown(Report(problem, placement.solve(problem)))

    assert "infeasible (proven" in text
    assert "giant" in text


def test_money_that_is_not_rent_is_told_apart() -> None:
    """With a horizon of a day, cost and price differ, and both are shown."""
    problem = small_problem(objective={"horizon_hours": 24})

    text = shown(Report(problem, solved(problem)))

    assert "$10.50 an hour" in text
    assert "$252.00 over 24 hours" in text


def test_bug_where_copies_are_optional_the_proof_is_of_plans_with_as_many() -> None:
    """A plan without the batch costs less, on the one machine that is not needed then."""
    batch = {"name": "batch", "copies": 1, "min_copies": 0, "accelerators": 4}
    fixed = {"name": "fixed", "copies": 1, "accelerators": 2}
    pools = [{"name": "a", "instance_type": "g6e.12xlarge", "zone": "us-east-1a"}]

    def told(*components: dict[str, Any]) -> str:
        problem = small_problem(components=list(components), pools=pools)
        return shown(Report(problem, placement.solve(problem, work=1)))

    assert "optimal: no plan costs less" in told(fixed)
    assert "optimal: no plan that places all copies costs less" in told(fixed, batch)
    huge = {**batch, "accelerators": 8}
    assert "optimal: no plan that leaves out no more copies costs less" in told(fixed, huge)


def test_overview_counts_what_the_problem_holds() -> None:
    """Sizes, rules in use, supply, running state, and a bound."""
    problem = placement.read(INSTANCES / "kubernetes-mixed-gpus.yaml")

    text = " ".join(shown(overview(problem), 200).split())

    assert f"{len(problem.components)} components" in text
    assert f"{len(problem.pools)} pools in 3 zones" in text
    assert f"{len(problem.placements)} copies (1 pinned) on {len(problem.instances)} machines" in text
    skewed = sum(component.spread.max_skew is not None for component in problem.components)
    assert f"max_skew ({skewed})" in text
    assert re.search(r"no plan costs less than \$[\d,.]+", text)


def test_overview_says_why_nothing_can_work() -> None:
    """A problem that is infeasible at a glance is called so."""
    problem = small_problem(components=[{"name": "giant", "copies": 1, "accelerator_memory_gib": 500}])

    assert "infeasible: giant" in shown(overview(problem), 200)


def test_a_demand_served_by_several_accelerators_is_told() -> None:
    """Eleven are served by a large copy and a small one, as two large ones cost more; one needs no mix."""
    problem = mixed_demand()
    result = placement.solve(problem, "demand", time_limit=None, work=10)
    assert result.cost == 9_000_000
    text = " ".join(shown(Report(problem, result)).split())
    assert "1 of 2 demands are served by several kinds of accelerators: chat (H100 x1, L4 x1)" in text
    assert "several kinds" not in shown(Report(small_problem(), solved(small_problem())))


@pytest.mark.parametrize(
    ("instances", "bound"),
    [
        (1, "no plan costs less than $1.12 on top of what is committed (by volume alone, at list prices less all that "
            "commitments can pay, without limits, min_available_on_instance_loss; solve finds better)"),
        (2, "commitments may pay for all of it, by volume alone; bound and solve find better"),
    ],
)  # fmt: skip
def test_the_bound_of_an_overview_counts_commitments_and_names_what_it_leaves_out(instances: int, bound: str) -> None:
    """Three copies, of which two fill a machine at 2.24 dollars: 3.36, less 2.24 for each committed machine."""
    document = named("chat").to_document()
    document["components"][0]["min_available_on_instance_loss"] = 1
    document["limits"] = [{"name": "l", "pools": ["pool a"], "max_instances": 9}]
    document["commitments"] = [{"name": "k", "pools": ["pool a"], "instances": instances}]
    assert bound in " ".join(shown(overview(placement.Problem(**document))).split())


def test_an_overview_shows_limits_with_all_their_digits() -> None:
    """Dollars as elsewhere; machines are not rounded."""
    document = named("chat").to_document()
    most = {"max_instances": 1_234_567, "max_price_per_hour": 123_456.78}
    document["limits"] = [{"name": "purse", "pools": ["pool a"], **most}]
    text = " ".join(shown(overview(placement.Problem(**document))).split())
    assert "purse: max_instances 1,234,567 and max_price_per_hour $123,456.78 over 1 pool" in text


def test_what_is_committed_saves_nothing() -> None:
    """The same two machines as on its own, one of them paid for already: that is no saving of the plan."""
    document = named("chat").to_document()
    document["commitments"] = [{"name": "k", "pools": ["pool a"], "instances": 1}]
    problem = placement.Problem(**document)
    text = " ".join(shown(Report(problem, solved(problem))).split())
    assert "$4.48 an hour on 2 machines if each component had its own, quotas not counted machines" in text


@pytest.mark.parametrize(("others", "told"), [(3, "at least $31.50 an hour"), (2, "n/a: machines of its own for each")])
def test_what_machines_of_ones_own_cost_at_least_is_told(others: int, told: str) -> None:
    """Of one component it is not known: the others alone cost more than the plan, or no more, which says nothing."""
    kept = {
        "name": "kept",
        "copies": 2,
        "accelerator_memory_gib": 4,
        "shared": True,
        "min_available_on_instance_loss": 1,
    }
    rest = [{"name": f"c{k}", "copies": 1, "accelerator_memory_gib": 4, "shared": True} for k in range(others)]
    pool = {"name": "a", "instance_type": "g6e.12xlarge", "zone": "us-east-1a"}
    problem = small_problem(pools=[pool], components=[kept, *rest])

    text = " ".join(shown(Report(problem, solved(problem)), width=400).split())

    assert "price $21.00 an hour" in text
    assert told in text
    assert "(kept: not known where a pool or an instance may be lost)" in text
    assert ("saves at least 33%" in text) == (others == 3)


def test_a_solver_that_gets_stuck_says_why() -> None:
    """On the screen and in the plan, also where another's plan is there; one that ends otherwise has no reason."""
    problem = small_problem()
    stuck = placement.solve(problem, "milp", options={"max_terms": 1}, work=1)
    assert stuck.packing is not None
    assert stuck.plan.stop == "stuck"
    assert stuck.plan.reason is not None
    assert "raise max_terms" in stuck.plan.reason
    assert "the solver got stuck: the direct model would have" in " ".join(shown(Report(problem, stuck), 200).split())
    assert solved(problem).plan.reason is None
