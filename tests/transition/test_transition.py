"""Orders of steps on small fleets, where the best one is known by hand."""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING, Any

import pytest

from placement import UsageError
from placement.compiled.fleet import compile_fleet
from placement.documents import Problem
from placement.documents.plan import Plan
from placement.fleet_simulator import simulate
from placement.report.transition.sentences import summary
from placement.report.transition.table import checklist
from placement.transition import Durations, plan_transition
from placement.transition.batches import Batch, Order, Stuck
from placement.transition.difference import Stand, difference
from placement.transition.greedy import Attempt
from placement.transition.moment import Sites
from placement.transition.waiting import blocked_by, in_words
from tests.transition.fleets import random_case
from tests.transition.small import fleet, plan

if TYPE_CHECKING:
    from placement.documents.transition import Transition

A_B = [("a", "i-1", 0), ("b", "i-2", 0)]
B_A = [("a", "i-2", 0), ("b", "i-1", 0)]
FREE = [{"name": "p", "instance_type": "m", "zone": "z"}]


def actions(found: Transition) -> list[tuple[int, str, str | None, str | None]]:
    """What is done in which batch, to which copy or machine."""
    return [(s.batch, s.action, s.component, s.instance) for s in found.steps if s.action != "wait"]


def test_nothing_to_do_takes_no_step() -> None:
    """A plan that runs already."""
    found = plan_transition(fleet(A_B), plan(A_B))

    assert (found.status, found.batches, found.steps) == ("optimal", 0, ())


def test_a_copy_that_starts_is_told_with_the_name_of_its_option() -> None:
    """Also by the first option; by its index where it has no name, and not at all where there is no other."""
    options = [{"name": "small", "accelerators": 0, "vcpus": 1}, {"accelerators": 0, "vcpus": 2}]
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": "a", "copies": 2, "options": options},
            {"name": "b", "copies": 1, "options": [{"name": "only", "accelerators": 0}]},
        ],
    )
    rows = [("a", 0), ("a", 1), ("b", 0)]
    copies = [{"component": name, "option": option, "instance": "p/new-1"} for name, option in rows]
    found = plan_transition(problem, Plan(instances=[{"id": "p/new-1", "pool": "p"}], assignments=copies))

    told = [
        line.partition("start ")[2].partition(" (")[0] for line in checklist(found).splitlines() if "start " in line
    ]
    assert told == ["`a` on `p/new-1`, option `small`", "`a` on `p/new-1`, option 1", "`b` on `p/new-1`"]
    assert [row.get("option_name") for row in found.to_document()["steps"] if row["action"] == "start"] == [
        "small",
        None,
        None,
    ]


def test_copies_that_start_at_one_place_come_in_place_of_different_ones() -> None:
    """Two shared copies of two machines move to one accelerator of a third: each step names the machine of one."""
    option = {"accelerators": 1, "accelerator_memory_gib": 30, "shared": True}
    rows = [{"component": "a", "instance": f"i-{k}", "accelerators": [0]} for k in (1, 2, 3, 3)]
    problem = Problem(
        accelerators={"L40S": {"memory_gib": 80}},
        instance_types={
            "t": {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "a", "copies": 2, **option}],
        instances=[{"id": f"i-{k}", "pool": "p"} for k in (1, 2, 3)],
        placements=rows[:2],
    )
    found = plan_transition(problem, Plan(instances=[{"id": "i-3", "pool": "p"}], assignments=rows[2:]))

    assert sorted(step.replaces or "" for step in found.steps if step.action == "start") == ["i-1", "i-2"]
    assert [step.replaces for step in found.steps if step.action == "stop"] == [None, None]


def test_a_chain_goes_batch_after_batch() -> None:
    """Each copy waits for the one before; the last frees nothing: three batches, which is proven."""
    problem = fleet([("a", "i-1", 0), ("b", "i-2", 0), ("c", "i-3", 0)], machines=["i-1", "i-2", "i-3", "i-4"])
    found = plan_transition(problem, plan([("c", "i-4", 0), ("b", "i-3", 0), ("a", "i-2", 0)]))

    assert (found.status, found.batches, found.batches_bound, found.temporary_hours) == ("optimal", 3, 3, 0)
    assert actions(found) == [
        (1, "start", "c", "i-4"),
        (1, "stop", "c", "i-3"),
        (2, "start", "b", "i-3"),
        (2, "stop", "b", "i-2"),
        (3, "start", "a", "i-2"),
        (3, "stop", "a", "i-1"),
        (3, "close", None, "i-1"),
    ]


def test_the_last_copies_of_a_component_go_whatever_a_loss_is_to_leave() -> None:
    """No plan without copies of it could be reached else."""
    rule = {"copies": 0, "min_available_on_instance_loss": 1}
    problem = fleet([("a", "i-1", 0), ("b", "i-2", 0), ("b", "i-3", 0)], components={"b": rule})
    found = plan_transition(problem, plan([("a", "i-1", 0)]))

    assert (found.status, found.batches) == ("optimal", 1)
    assert [row[:3] for row in actions(found)] == [(1, "stop", "b"), (1, "stop", "b"), *[(1, "close", None)] * 2]


def test_a_start_that_spread_keeps_waiting_names_the_rule() -> None:
    """It has room where it is to stand: a third copy in one zone, beside one in the other, is too many."""
    pools = [{"name": name, "instance_type": "m", "zone": name} for name in "pq"]
    now = [("a", "i-1", 0), ("a", "i-1", 1), ("a", "i-2", 0)]
    machines = [{"id": "i-1", "pool": "p"}, {"id": "i-2", "pool": "q"}]
    more: dict[str, Any] = {"components": {"a": {"spread": {"max_skew": 1}}}, "machines": machines}
    due = difference(fleet(now, pools, accelerators=4, **more), plan(now, {"i-2": "q"}))
    sites = Sites(compile_fleet(fleet(now, pools, accelerators=4, **more)), due, {})
    waiting = (Stand("a", 0, "i-1", (2,)),)

    (link,) = blocked_by(sites, Stuck((), due.running, due.now, waiting, ()))

    assert link.because == "max_skew"
    assert in_words((link,)) == "a can't start on i-1 while its other copies stay in their zones (max_skew)"


@pytest.mark.parametrize(
    "rule",
    [
        {"copies": None, "demand": 2, "throughput": 1},
        {"min_available_on_instance_loss": 1},
        {"min_available_on_pool_loss": 1},
        {"min_available_on_zone_loss": 1},
        {"spread": {"min_zones": 2}},
        {"spread": {"max_skew": 1}},
        {"spread": {"max_per_zone": 2}},
        {"spread": {"max_per_instance": 1}},
    ],
)
def test_a_rule_may_be_kept_by_just_as_much_as_before(rule: dict[str, Any]) -> None:
    """Of two copies in two zones one moves, by a program alone: nothing more is asked for meanwhile than the rule."""
    pools = [{"name": name, "instance_type": "m", "zone": name} for name in "pq"]
    machines = [{"id": name, "pool": pool} for name, pool in (("i-1", "p"), ("i-2", "q"), ("i-3", "q"))]
    now, then = [("a", "i-1", 0), ("a", "i-2", 0), ("b", "i-3", 0)], [("a", "i-1", 0), ("a", "i-3", 0), ("b", "i-2", 0)]
    problem = fleet(now, pools, machines=machines, components={"a": rule})
    found = plan_transition(problem, plan(then, {"i-2": "q", "i-3": "q"}), attempts=0, temporary_instances=1)

    assert (found.status, found.batches, found.batches_bound) == ("optimal", 3, 3)
    assert found.temporary_hours == found.temporary_hours_bound == pytest.approx(3 * (42 + 98) / 3600)


def test_a_copy_that_a_demand_can_do_without_goes_first() -> None:
    """The other one serves all of it: so two change places on full machines, and no copy more is held to be needed."""
    large, small = ({"accelerators": 0, "vcpus": 8, "throughput": rate} for rate in (2, 1))
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z", "max_instances": 3}],
        components=[
            {"name": "a", "demand": 2, "options": [large, small]},
            {"name": "b", "copies": 1, "min_copies": 1, "accelerators": 0, "vcpus": 8},
        ],
        instances=[{"id": f"i-{k}", "pool": "p"} for k in range(3)],
        placements=[
            {"component": "a", "instance": "i-0"},
            {"component": "a", "option": 1, "instance": "i-1"},
            {"component": "b", "instance": "i-2"},
        ],
    )
    then = [("a", 0, "i-0"), ("a", 1, "i-2"), ("b", 0, "i-1")]
    found = plan_transition(
        problem,
        Plan(
            instances=[{"id": f"i-{k}", "pool": "p"} for k in range(3)],
            assignments=[{"component": name, "option": option, "instance": machine} for name, option, machine in then],
        ),
    )
    assert (found.status, found.temporary_hours) == ("optimal", 0)
    assert actions(found)[0][1:] == ("stop", "a", "i-1")


def test_two_pairs_that_change_places_take_longer_than_is_proven() -> None:
    """One copy's way over a temporary machine is proven; there are two, which it does not claim as proven."""
    now = [*A_B, ("c", "i-3", 0), ("d", "i-4", 0)]
    then = [*B_A, ("c", "i-4", 0), ("d", "i-3", 0)]
    found = plan_transition(fleet(now, FREE), plan(then), exact=False)

    assert found.temporary_hours is not None
    assert found.temporary_hours_bound is not None
    assert 0 < found.temporary_hours_bound < found.temporary_hours
    assert found.status == "feasible"


def test_two_that_change_places_need_a_machine_for_a_while() -> None:
    """The circle is broken by one temporary machine, for as long as three batches take."""
    problem = fleet(A_B, FREE)
    found = plan_transition(problem, plan(B_A))

    assert (found.status, found.batches, found.stopovers) == ("optimal", 3, 1)
    assert found.temporary_hours == found.temporary_hours_bound == pytest.approx(3 * (42 + 98) / 3600)
    assert [step.instance for step in found.steps if step.action in ("open", "close")] == ["p/temp-1", "p/temp-1"]
    assert simulate(problem, plan(B_A), found) == ()


def test_the_circle_that_blocks_is_named() -> None:
    """Where no machine may be rented and no copy may be missing, that is proven."""
    found = plan_transition(fleet(A_B), plan(B_A))

    assert found.status == "infeasible"
    assert found.steps == ()
    assert {(row.component, row.instance, row.waits_for) for row in found.blocked_by} == {
        ("a", "i-2", "b"),
        ("b", "i-1", "a"),
    }
    assert "b can't start on i-1 before a has left it (accelerators)" in str(found.reason)


def test_it_is_said_of_which_orders_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may be missing, and what may be rented; whether it is proven or no more than not found."""
    default = plan_transition(fleet(A_B), plan(B_A)).reason or ""
    one = plan_transition(fleet(A_B), plan(B_A), temporary_instances=1).reason or ""
    none = plan_transition(fleet(A_B), plan(B_A), temporary_instances=0, max_unavailable="50%").reason or ""
    monkeypatch.setattr("placement.transition.search._attempts", lambda *_: iter(()))
    unknown = plan_transition(fleet(A_B), plan(B_A), max_unavailable={"a": 1}, temporary_instances=0, exact=False)

    orders = "Proven for all orders in which no copy is missing at any moment,"
    assert f"{orders} with temporary machines as far as quotas and limits lend them, copies" in default
    assert f"{orders} with at most 1 temporary machine as far as quotas and limits lend them, copies" in one
    assert f"{orders} without temporary machines, copies" in none
    assert "allow temporary machines" in none
    assert "allow temporary machines" not in one
    assert unknown.status == "unknown"
    assert (unknown.reason or "").startswith(
        "None was found of the orders in which at most 1 of a is missing at any moment, without temporary machines,"
    )


def test_an_allowance_breaks_the_circle_where_it_is_given() -> None:
    """One copy of `a` stops before its successor runs; `b` is there all the time."""
    problem = fleet(A_B)
    found = plan_transition(problem, plan(B_A), max_unavailable={"a": 1})

    assert (found.status, found.batches, found.temporary_hours) == ("optimal", 3, 0)
    assert actions(found)[0] == (1, "stop", "a", "i-1")
    assert found.unavailable == {"a": 1}
    assert simulate(problem, plan(B_A), found) == ()
    tight = found.model_copy(update={"unavailable": {}})
    assert [breach.rule for breach in simulate(problem, plan(B_A), tight)][:1] == ["available"]


def test_a_spare_slot_comes_before_a_temporary_machine() -> None:
    """A machine that drains takes nothing, one with room does."""
    problem = fleet(A_B, FREE, machines=["i-1", "i-2", {"id": "i-3", "pool": "p", "removable": False}])
    there = plan(B_A)
    there = there.model_copy(
        update={"instances": (*there.instances, there.instances[0].model_copy(update={"id": "i-3"}))}
    )
    found = plan_transition(problem, there)

    assert (found.temporary_hours, found.stopovers, found.batches) == (0, 1, 3)
    assert {step.instance for step in found.steps if step.stopover} == {"i-3"}


def test_a_machine_that_is_given_back_is_a_spare_slot_first() -> None:
    """It is held until the circle is broken."""
    problem = fleet(A_B, machines=["i-1", "i-2", "i-3"])
    found = plan_transition(problem, plan(B_A), temporary_instances=0)

    assert (found.temporary_hours, found.stopovers) == (0, 1)
    assert [step.instance for step in found.steps if step.action == "close"] == ["i-3"]
    assert simulate(problem, plan(B_A), found) == ()


def test_times_and_the_critical_path() -> None:
    """Slow copies hold their batch up; what is not slow is not critical."""
    problem = fleet(A_B, machines=["i-1", "i-2"], pools=FREE)
    there = plan([("a", "p/new-1", 0), ("b", "p/new-2", 0)])
    times = Durations(startup=10, drain=5, open=60, startup_of={"a": 100})
    found = plan_transition(problem, there, durations=times)

    spans = {(s.action, s.component or s.instance): (s.starts_at, s.ends_at, s.critical) for s in found.steps}
    assert spans["open", "p/new-1"] == (0, 60, True)
    assert spans["start", "a"] == (60, 160, True)
    assert spans["start", "b"] == (60, 70, False)
    assert spans["wait", None] == (70, 160, True)
    assert spans["stop", "b"] == (160, 165, True)
    assert found.duration_seconds == 165


def test_a_batch_of_many_machines_takes_time_by_their_number_alone() -> None:
    """A copy is looked up in a set of the machines that open: in a list it took the square of their number."""
    names = [f"p/new-{k}" for k in range(40_000)]
    batch = Batch(opens=names, starts=[Stand("a", 0, name, (0,)) for name in reversed(names)])

    begun = process_time()
    assert Durations(startup=10, open=60).of_batch(batch) == 70
    assert process_time() - begun < 2


def test_half_of_the_copies_may_be_missing() -> None:
    """A percentage is of the planned copies, rounded down."""
    now = [("a", f"i-{k}", 0) for k in range(3)]
    found = plan_transition(fleet(now), plan(now), max_unavailable="50%")

    assert found.unavailable == {"a": 1}


def test_a_component_gives_a_percentage_of_its_copies() -> None:
    """As on the command line."""
    now = [("a", f"i-{k}", 0) for k in range(3)]
    problem = fleet(now, components={"a": {"max_unavailable": "67%"}})

    assert plan_transition(problem, plan(now)).unavailable == {"a": 2}
    assert problem.components[0].most_unavailable == 2


@pytest.mark.parametrize("value", [-1, True, "x", "120%", 1.5, {"a": "-3"}])
def test_an_allowance_that_means_nothing_is_refused(value: object) -> None:
    """In words, with the value."""
    with pytest.raises(UsageError, match="max_unavailable must be a whole number of copies, or a percentage"):
        plan_transition(fleet(A_B), plan(B_A), max_unavailable=value)  # type: ignore[arg-type]


def test_an_unknown_component_is_refused() -> None:
    """The nearest one is named."""
    with pytest.raises(UsageError, match='no component "aa"; did you mean "a"'):
        plan_transition(fleet(A_B), plan(B_A), max_unavailable={"aa": 1})


def test_a_plan_that_breaks_a_rule_is_refused() -> None:
    """Both copies on one accelerator."""
    with pytest.raises(UsageError, match=r"^plan at \$\.instances\[0\]: breaks a rule of the problem: i-1 acc"):
        plan_transition(fleet(A_B), plan([("a", "i-1", 0), ("b", "i-1", 0)]))


def test_a_plan_of_another_problem_is_refused() -> None:
    """As `verify` does; one that names no problem may be of this one."""
    problem, rows = fleet(A_B, name="swap"), plan(B_A).to_document()

    with pytest.raises(UsageError, match=r'^plan at \$\.problem: is a plan of the problem "other", this is "swap"; '):
        plan_transition(problem, Plan(**rows | {"problem": "other"}))
    assert plan_transition(problem, Plan(**rows | {"problem": "swap"}), max_unavailable=1).found
    assert plan_transition(problem, plan(B_A), max_unavailable=1).found


def test_components_say_what_may_be_missing_and_how_long_they_start() -> None:
    """What is given to the call counts first."""
    rules = {"a": {"max_unavailable": 1, "startup_seconds": 100}, "b": {"startup_seconds": 7}}
    problem = fleet(A_B, components=rules)

    found = plan_transition(problem, plan(B_A), durations=Durations(drain=0, startup_of={"b": 9}))
    none = plan_transition(problem, plan(B_A), max_unavailable=0)

    assert found.unavailable == {"a": 1}
    assert [step.ends_at - step.starts_at for step in found.steps if step.action == "start"] == [9, 100]
    assert none.status == "infeasible"


def test_a_plan_that_is_half_carried_out_is_gone_on_with() -> None:
    """Its machine runs by now, another one is gone; what it says of itself does not matter."""
    problem = fleet([("a", "p/new-1", 0)], FREE)
    target = plan([("a", "p/new-1", 0), ("b", "i-9", 0)]).model_dump(mode="json")
    target |= {"moves": 7, "cost": 1.0, "status": "optimal"}
    target["instances"] = [{"id": "p/new-1", "pool": "p", "new": True}, {"id": "i-9", "pool": "p", "new": False}]
    document = problem.to_document()
    document["components"].append(document["components"][0] | {"name": "b"})

    found = plan_transition(Problem(**document), Plan(**target))

    assert found.status == "optimal"
    assert actions(found) == [(1, "open", None, "i-9"), (1, "start", "b", "i-9")]
    assert found.notes == ("the plan says that i-9 runs, which it does not: a machine is opened in its place",)


def test_a_move_inside_of_a_capped_machine_stops_over_in_its_zone() -> None:
    """`max_per_instance` lets no second copy onto it, `max_skew` none into another zone."""
    pools = [{"name": name, "instance_type": "m", "zone": name} for name in ("q", "p")]
    machines = [{"id": "i-1", "pool": "p"}, {"id": "i-2", "pool": "q"}]
    rule = {"a": {"spread": {"max_per_instance": 1, "max_skew": 1}}}
    problem = fleet([("a", "i-1", 0), ("a", "i-2", 0)], pools, accelerators=2, machines=machines, components=rule)
    found = plan_transition(problem, plan([("a", "i-1", 1), ("a", "i-2", 0)], {"i-2": "q"}), exact=False)

    assert (found.batches, found.stopovers) == (2, 1)
    assert {step.pool for step in found.steps if step.action == "open"} == {"p"}


@pytest.mark.parametrize("orders", [1, 2])
def test_ctrl_c_ends_with_the_best_order_so_far(orders: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once there is an order it is given, and a note says why the search ended; before, there is nothing to give."""
    case = random_case(5)  # three batches, two by the bound: the search would go on
    assert case is not None
    real, found = Attempt.run, list[Order]()

    def interrupted(attempt: Attempt) -> Order | Stuck:
        if len(found) == orders:
            raise KeyboardInterrupt
        one = real(attempt)
        found.extend([one] if isinstance(one, Order) else [])
        return one

    monkeypatch.setattr(Attempt, "run", interrupted)
    answer = plan_transition(case.problem, case.plan)
    assert (answer.status, answer.notes[-1]) == ("feasible", "Ctrl-C ended the search before all orders were tried")
    assert answer.batches_bound is not None
    assert answer.batches_bound <= (answer.batches or 0)
    orders = 0
    found.clear()
    with pytest.raises(KeyboardInterrupt):
        plan_transition(case.problem, case.plan)


def test_a_copy_may_stop_over_on_its_own_machine() -> None:
    """Two change places on a machine with a third accelerator free: no proof that there is no order."""
    problem = fleet([("chat", "m", 0), ("code", "m", 1)], accelerators=3)

    found = plan_transition(problem, plan([("chat", "m", 1), ("code", "m", 0)]), temporary_instances=0)

    assert (found.status, found.batches, found.stopovers) == ("optimal", 3, 1)


def test_a_copy_may_stop_over_on_a_machine_that_is_given_back_once_it_is_empty() -> None:
    """It is full at first; the only way leads over it, and the proof of what no order beats must see that."""
    pools = [{"name": "p", "instance_type": "m", "zone": "z"}, {"name": "q", "instance_type": "m", "zone": "y"}]
    now = [("chat", "i1", 0), ("code", "i2", 0), ("old", "i3", 0)]
    here = {"zones": ["z"]}
    machines = [*({"id": name, "pool": "p"} for name in ("i1", "i2", "i3")), {"id": "q1", "pool": "q"}]
    problem = fleet(now, pools, machines=machines, components={"chat": here, "code": here})
    then = plan([("chat", "i2", 0), ("code", "i1", 0), ("old", "q1", 0)], {"q1": "q"})

    found = plan_transition(problem, then, temporary_instances=0)

    assert (found.status, found.batches, found.stopovers) == ("optimal", 4, 1)
    assert plan_transition(problem, then).temporary_hours == 0


def placed_somewhere(problem: Problem, *rows: tuple[str, str, int | None]) -> Problem:
    """The problem with these copies in place of its own; None where nobody tells the accelerator."""
    placements = [
        {"component": name, "instance": machine} | ({} if k is None else {"accelerators": [k]})
        for name, machine, k in rows
    ]
    return Problem(**problem.to_document() | {"placements": placements})


def test_a_copy_of_unknown_place_is_not_taken_to_be_where_another_stands() -> None:
    """The plan has `chat` on 0 and 1, where `code` still stands on 0: so the one that runs is on 1 and stays there."""
    then = [("chat", "m", 0), ("chat", "m", 1), ("code", "n", 0)]
    wanted = fleet(then, accelerators=2)
    problem = placed_somewhere(wanted, ("chat", "m", None), ("code", "m", 0))

    found = plan_transition(problem, plan(then))

    starts = [(s.component, s.instance, s.accelerators) for s in found.steps if s.action == "start"]
    assert starts == [("code", "n", (0,)), ("chat", "m", (0,))]
    assert found.status == "optimal"


def test_copies_of_unknown_place_are_dealt_out_so_that_all_fit() -> None:
    """40 GiB are taken on one of two: 50 fit on the other alone, so 35 stand beside the 40, where less is free."""
    sizes = {name: {"shared": True, "accelerator_memory_gib": gib} for name, gib in (("a", 40), ("b", 35), ("c", 50))}
    then = [("a", "n", 0), ("b", "n", 0), ("c", "n", 1)]
    wanted = fleet(then, accelerators=2, machines=["m", "n"], components=sizes)
    problem = placed_somewhere(wanted, ("a", "m", 0), ("b", "m", None), ("c", "m", None))

    found = plan_transition(problem, plan(then))

    stops = {s.component: s.accelerators for s in found.steps if s.action == "stop"}
    assert stops == {"a": (0,), "b": (0,), "c": (1,)}
    assert any("does not tell" in note for note in found.notes)


def test_the_places_of_unknown_copies_are_those_that_the_steps_leave_to_them() -> None:
    """The plan names the places in another order than the steps take them."""
    then = [("chat", "m", 3), ("chat", "m", 1), ("chat", "m", 0)]
    problem = placed_somewhere(fleet(then, accelerators=4), ("chat", "m", None))

    found = plan_transition(problem, plan(then))

    assert (found.status, sum(s.action == "start" for s in found.steps)) == ("optimal", 2)


def test_of_a_copy_without_accelerators_nothing_is_unknown() -> None:
    """It is at no accelerator, so no note says that these are not told."""
    cpu = {"accelerators": 0, "accelerator_memory_gib": 0, "vcpus": 2}
    then = [("web", "n", 0)]
    wanted = fleet(then, machines=["m", "n"], components={"web": cpu})
    problem = Problem(**wanted.to_document() | {"placements": [{"component": "web", "instance": "m"}]})
    place = plan(then).model_copy(
        update={"assignments": (plan(then).assignments[0].model_copy(update={"accelerators": ()}),)}
    )

    assert plan_transition(problem, place).notes == ()


def test_of_very_many_components_a_few_are_named() -> None:
    """On the screen, but for `full`; a checklist has all of them."""
    before = [(f"c{k}", "m", k) for k in range(10)]
    after = [(f"c{k}", "m", k + 10) for k in range(10)]
    components = {name: {"max_unavailable": 1} for name, _, _ in before}
    found = plan_transition(fleet(before, accelerators=20, components=components), plan(after))
    found = found.model_copy(update={"unavailable": {name: 2 for name, _, _ in before}})

    line = next(line for line in summary(found, 8) if line.startswith("copies that may be missing"))
    assert line.endswith("c7: 2 and 4 copies of 2 more components")
    assert any(line.endswith("c8: 2, c9: 2") for line in summary(found))
    assert "c8: 2, c9: 2" in checklist(found)


def test_components_that_stay_are_not_missing() -> None:
    """A transition that has steps of two components says nothing of what a third one allows."""
    allowed = {"a": 1, "c": 1}
    found = plan_transition(fleet(A_B, FREE), plan(B_A))
    told = [list(summary(found.model_copy(update={"unavailable": by_name}))) for by_name in (allowed, {"c": 1})]
    assert "copies that may be missing: a: 1" in told[0]
    assert "all copies serve at every moment" in told[1]


def test_copies_that_do_not_run_yet_are_not_said_to_serve() -> None:
    """After the loss of a zone half of the copies are to be started: all that run serve, and no more is said."""
    problem = fleet([("a", "m", 0)], accelerators=2, components={"a": {"copies": 2}})
    found = plan_transition(problem, plan([("a", "m", 0), ("a", "m", 1)]))
    assert "all copies that run now serve at every moment" in list(summary(found))


@pytest.mark.parametrize("times", [{"startup": -1}, {"drain": "x"}, {"open": 1.5}, {"startup_of": {"a": -3}}])
def test_times_that_mean_nothing(times: dict[str, Any]) -> None:
    """Whole seconds of at least 0, each named."""
    with pytest.raises(UsageError, match=f"{next(iter(times))}.* must be whole seconds of at least 0"):
        Durations(**times)


def test_times_by_component() -> None:
    """A mapping, of components that there are."""
    for given in (None, [("a", 9)]):
        with pytest.raises(UsageError, match="startup_of must be a mapping of components to whole seconds, got"):
            Durations(startup_of=given)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match='startup_of: no component "aa"; did you mean "a"'):
        plan_transition(fleet(A_B), plan(B_A), durations=Durations(startup_of={"aa": 9}))


def test_times_of_another_type() -> None:
    """A number is not enough to say how long what takes."""
    with pytest.raises(UsageError, match="durations must be Durations"):
        plan_transition(fleet(A_B), plan(B_A), durations=60)  # type: ignore[arg-type]
