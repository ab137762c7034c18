"""What platforms do with states whose outcome their documentation tells, and what they never do."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.translate import to_plan
from placement.errors import UsageError
from placement.referee import verify
from placement_bench.cases import Limits
from placement_bench.consolidation.cluster import Cluster
from placement_bench.consolidation.descheduler import HighNodeUtilization
from placement_bench.consolidation.karpenter import Disruption, Karpenter
from placement_bench.consolidation.strategies import (
    AS_MANY,
    DESCHEDULER,
    FEW_MOVES,
    KARPENTER,
    NEVER,
    REPLAN,
    SCRATCH,
    ConsolidationTask,
    running_cluster,
)
from tests.corpus import one_by_one
from tests.strategies import random_problem

Doc = dict[str, Any]
WHOLE = {"accelerators": 1}


def fleet(machines: dict[str, tuple[float, int]], components: Doc, where: list[tuple[str, str]], **more: Any) -> Doc:
    """Machines of 10 GiB an accelerator by name: price and accelerators; components' rows; (component, instance).

    An instance is called by its pool, a dash and a number.
    """
    instances = dict.fromkeys(instance for _, instance in where)
    return {
        "accelerators": {"A": {"memory_gib": 10}},
        "instance_types": {
            name: {
                "accelerator": "A",
                "accelerator_count": n,
                "vcpus": 8,
                "memory_gib": 64,
                "price_per_hour": price,
            }
            for name, (price, n) in machines.items()
        },
        "pools": [{"name": name, "instance_type": name, "zone": "a"} for name in machines],
        "components": [{"name": name, **row} for name, row in components.items()],
        "instances": [{"id": name, "pool": name.partition("-")[0]} for name in instances],
        "placements": [{"component": component, "instance": instance, "option": 0} for component, instance in where],
        **more,
    }


def cluster_of(document: Doc) -> Cluster:
    return running_cluster(compile_fleet(Problem(**document)))


def machines(cluster: Cluster) -> Counter[str]:
    """Machines in use, by pool."""
    return Counter(cluster.fleet.pools[machine.pool].name for machine in cluster.ws.to_packing().machines)


def test_copies_that_fit_elsewhere_let_a_machine_go() -> None:
    """One of two half empty machines goes; the one that was left takes its copy."""
    cluster = cluster_of(fleet({"two": (4, 2)}, {"a": {"copies": 2, **WHOLE}}, [("a", "two-1"), ("a", "two-2")]))
    (action,) = Karpenter(cluster).run()
    assert (len(action.gone), action.moved, action.new_pool) == (1, 1, None)
    assert machines(cluster) == {"two": 1}


def test_empty_machines_go() -> None:
    """A machine without copies is not paid for any more, and nothing moves."""
    document = fleet({"one": (3, 1)}, {"a": {"copies": 1, **WHOLE}}, [("a", "one-1")])
    document["instances"].append({"id": "one-2", "pool": "one"})
    cluster = cluster_of(document)
    assert Karpenter(cluster).run() == []
    assert machines(cluster) == {"one": 1}


def test_two_machines_become_one_that_is_cheaper() -> None:
    """Neither can go alone; a machine for both costs 5 where they cost 6."""
    state = [("a", "one-1"), ("a", "one-2")]
    cluster = cluster_of(fleet({"one": (3, 1), "two": (5, 2)}, {"a": {"copies": 2, **WHOLE}}, state))
    (action,) = Karpenter(cluster).run()
    assert (len(action.gone), action.moved, action.new_pool) == (2, 2, 1)
    dear = cluster_of(fleet({"one": (3, 1), "two": (6, 2)}, {"a": {"copies": 2, **WHOLE}}, state))
    assert Karpenter(dear).run() == []
    assert machines(dear) == {"one": 2}


def test_one_machine_becomes_two_never() -> None:
    """Two machines of one accelerator would do for less; Karpenter rents one new machine at most."""
    document = fleet({"four": (9, 4), "one": (2, 1)}, {"a": {"copies": 2, **WHOLE}}, [("a", "four-1"), ("a", "four-1")])
    cluster = cluster_of(document)
    assert Karpenter(cluster).run() == []
    assert placement.solve(Problem(**document), time_limit=None, work=50, threads=1).plan.price_per_hour == 4


def test_a_machine_becomes_a_cheaper_one() -> None:
    """A copy alone on four accelerators goes to a machine of one."""
    cluster = cluster_of(fleet({"four": (9, 4), "one": (2, 1)}, {"a": {"copies": 1, **WHOLE}}, [("a", "four-1")]))
    (action,) = Karpenter(cluster).run()
    assert (action.moved, action.new_pool) == (1, 1)
    assert machines(cluster) == {"one": 1}


def sizes(*gib: int) -> Doc:
    return {f"m{n}": {"copies": 1, "accelerator_memory_gib": n, "accelerators": 1, "shared": True} for n in gib}


def test_no_copies_change_places() -> None:
    """6+3, 5+4 and 2 fit on two machines once 3 and 4 have changed places: the library sees it, Karpenter does not."""
    state = [("m6", "one-1"), ("m3", "one-1"), ("m5", "one-2"), ("m4", "one-2"), ("m2", "one-3")]
    document = fleet({"one": (3, 1)}, sizes(6, 5, 4, 3, 2), state)
    cluster = cluster_of(document)
    assert Karpenter(cluster).run() == []
    assert HighNodeUtilization(cluster).run() == 0
    assert placement.solve(Problem(**document), time_limit=None, work=50, threads=1).plan.price_per_hour == 6


def test_a_floor_holds_a_machine() -> None:
    """A budget that allows no disruption keeps the machines of a component; one less, and one goes."""
    document = fleet({"two": (4, 2)}, {"a": {"copies": 2, **WHOLE}}, [("a", "two-1"), ("a", "two-2")])
    held = cluster_of(document)
    assert Karpenter(held, Disruption(floors={"a": 2})).run() == []
    assert machines(held) == {"two": 2}
    assert len(Karpenter(cluster_of(document), Disruption(floors={"a": 1})).run()) == 1


def test_a_pinned_copy_holds_its_machine() -> None:
    """The machine of the pinned copy stays, and takes the other's copy."""
    document = fleet({"two": (4, 2)}, {"a": {"copies": 2, **WHOLE}}, [("a", "two-1"), ("a", "two-2")])
    document["placements"][0]["pinned"] = True
    cluster = cluster_of(document)
    (action,) = Karpenter(cluster).run()
    assert [cluster.fleet.instances[m].id for m in action.gone] == ["two-2"]
    document["placements"][1]["pinned"] = True
    assert Karpenter(cluster_of(document)).run() == []


@pytest.mark.parametrize("count", [99, 100, 130])
def test_a_hundred_candidates_at_most(count: int) -> None:
    """One machine would hold all copies; of more than a hundred machines, a hundred go at first."""
    state = [("a", f"one-{k}") for k in range(count)]
    component = {"copies": count, "accelerators": 1, "accelerator_memory_gib": 8, "shared": True}
    document = fleet({"one": (3, 1), "many": (20, 140)}, {"a": component}, state)
    cluster = cluster_of(document)
    first = Karpenter(cluster).run()[0]
    assert len(first.gone) == min(count, 100)
    assert machines(cluster) == {"many": 1}


def test_a_budget_bounds_how_many_go_at_once() -> None:
    """With two at once, eight machines of one become pairs and never more."""
    state = [("a", f"one-{k}") for k in range(8)]
    document = fleet({"one": (3, 1), "two": (5, 2), "eight": (11, 8)}, {"a": {"copies": 8, **WHOLE}}, state)
    free, bound = Karpenter(cluster_of(document)).run(), Karpenter(cluster_of(document), Disruption(at_once=2)).run()
    assert max(len(action.gone) for action in free) == 8
    assert max(len(action.gone) for action in bound) == 2
    assert Karpenter(cluster_of(document), Disruption(at_once=0)).run() == []


@pytest.mark.parametrize(("types", "replaced"), [(14, False), (15, True)])
def test_spot_for_spot_needs_fifteen_types(types: int, replaced: bool) -> None:
    """Fourteen cheaper types are too few to choose from, fifteen are enough."""
    document = fleet(
        {"dear": (9, 1), **{f"t{k}": (2 + k / 100, 1) for k in range(types)}},
        {"a": {"copies": 1, **WHOLE}},
        [("a", "dear-1")],
    )
    for pool in document["pools"]:
        pool["labels"] = {"karpenter.sh/capacity-type": "spot"}
    assert len(Karpenter(cluster_of(document)).run()) == int(replaced)


def test_the_descheduler_fills_fuller_machines() -> None:
    """A quarter full: under-utilised; three quarters: not. The first one's copy goes to the second."""
    state = [("a", "four-1"), *[("a", "four-2")] * 3]
    document = fleet({"four": (9, 4)}, {"a": {"copies": 4, **WHOLE}}, state)
    cluster = cluster_of(document)
    assert HighNodeUtilization(cluster).run() == 1
    assert machines(cluster) == {"four": 1}
    assert HighNodeUtilization(cluster_of(document), threshold=0.2).run() == 0
    assert HighNodeUtilization(cluster_of(document), floors={"a": 4}).run() == 0


def test_the_descheduler_does_nothing_where_all_machines_are_empty() -> None:
    """Two machines of a quarter each: none is utilised, so no copy is told where to go (descheduler#725)."""
    document = fleet({"four": (9, 4)}, {"a": {"copies": 2, **WHOLE}}, [("a", "four-1"), ("a", "four-2")])
    assert HighNodeUtilization(cluster_of(document)).run() == 0


def test_a_copy_that_keeps_its_option() -> None:
    """By its other option it would fit on the cheap machine; a pod's specification is fixed."""
    component = {
        "copies": 1,
        "options": [{"accelerators": 2}, {"accelerators": 1, "accelerator_memory_gib": 9}],
    }
    document = fleet({"two": (4, 2), "one": (1, 1)}, {"a": component}, [("a", "two-1")])
    compiled = compile_fleet(Problem(**document))
    kept, free = running_cluster(compiled, keeps_option=True), running_cluster(compiled)
    assert Karpenter(kept).run() == []
    assert len(Karpenter(free).run()) == 1
    assert (machines(kept), machines(free)) == ({"two": 1}, {"one": 1})


def test_demands_are_refused() -> None:
    """A platform is told copies."""
    row = {"demand": 5, "throughput": 1, "accelerators": 1}
    document = fleet({"one": (3, 1)}, {"a": row}, [])
    with pytest.raises(UsageError, match="demand"):
        Cluster(compile_fleet(Problem(**document)))


OF_ZONES = {"zone-loss", "max-skew", "min-zones"}  # looked at as a copy starts, and only then; or not known at all


@one_by_one(range(60))
def test_rules_are_kept_and_nothing_is_lost(seed: int) -> None:
    """No rule is broken that was kept before, but for those of zones; no copy is lost; Karpenter never costs more."""
    problem = Problem(**random_problem(random.Random(seed), state=True, demand=False, max_copies=9, max_machines=6))
    compiled = compile_fleet(problem)
    for keeps in (False, True):
        before = running_cluster(compiled, keeps_option=keeps)
        first = _broken(problem, before)
        price, copies = before.ws.rented.price, list(before.ws.placed)
        Karpenter(before).run()
        assert before.ws.rented.price <= price
        for cluster in (before, running_cluster(compiled, keeps_option=keeps)):
            HighNodeUtilization(cluster).run()
            assert cluster.ws.placed == copies
            now = _broken(problem, cluster)
            assert {str(rule) for rule in now if now[rule] > first[rule]} <= OF_ZONES


def _broken(problem: Problem, cluster: Cluster) -> Counter[str]:
    plan = to_plan(cluster.fleet, cluster.ws.to_packing(), status="feasible")
    return Counter(violation.rule for violation in verify(problem, plan).violations)


@pytest.mark.slow
def test_every_strategy_on_one_state() -> None:
    """All begin from the same state, all are recounted, and the library pays no more than any of them."""
    state = [("m6", "one-1"), ("m3", "one-1"), ("m5", "one-2"), ("m4", "one-2"), ("m2", "one-3"), ("m1", "one-4")]
    document = fleet({"one": (3, 1)}, sizes(6, 5, 4, 3, 2, 1), state, objective={"move_cost": 0.25})
    task = ConsolidationTask(document)
    found = {}
    for solver in task.solvers():
        answer = task.run(solver, Limits(seconds=600.0, work=20, threads=1))
        assert task.check(answer).faults == ()
        found[solver] = answer
    assert {name: answer.metrics["moves"] for name, answer in found.items() if name in (NEVER, KARPENTER)} == {
        NEVER: 0,
        KARPENTER: 1,
    }
    assert found[NEVER].value == 12
    assert found[KARPENTER].value == found[DESCHEDULER].value == found[AS_MANY].value == 9.25
    assert min(found[name].value or 99 for name in (FEW_MOVES, SCRATCH)) >= (found[REPLAN].value or 0)
    assert found[REPLAN].bound is not None
    lie = found[KARPENTER]
    lie.metrics["broken"] = 3
    assert "broken 0, the answer says 3" in task.check(lie).faults[0]
    with pytest.raises(UsageError, match="no strategy"):
        task.run("nothing", Limits())
