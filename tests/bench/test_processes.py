"""The platforms' rules on machine reassignment: what they are told they keep, and they empty what they can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from placement_bench.consolidation.processes import ProcessCluster, descheduler, karpenter
from placement_bench.machine_reassignment import Reassignment, broken_rules
from tests.bench.machine_reassignment.instances import random_instance
from tests.corpus import one_by_one

TOLD = ("capacity", "conflict", "spread")


def plain(seed: int) -> Reassignment:
    """Without what no platform is told: transient resources."""
    problem = random_instance(seed, processes=14, machines=6)
    return replace(problem, transient=np.zeros_like(problem.transient))


def on_three_machines(*demands: int, service: tuple[int, ...] | None = None) -> Reassignment:
    """One resource of 10 a machine; process 0 and 1 on machines 0 and 1, all others on machine 2."""
    count = len(demands)
    services = service or tuple(range(count))
    return Reassignment(
        transient=np.array([False]),
        load_weight=np.array([1]),
        neighbourhood=np.zeros(3, dtype=np.int64),
        location=np.array([0, 1, 2]),
        capacity=np.full((3, 1), 10),
        safety=np.full((3, 1), 5),
        machine_move=np.zeros((3, 3), dtype=np.int64),
        spread=np.zeros(max(services) + 1, dtype=np.int64),
        depends_on=[[] for _ in range(max(services) + 1)],
        service=np.array(services),
        demand=np.array(demands).reshape(-1, 1),
        process_move=np.ones(count, dtype=np.int64),
        balances=[],
        process_weight=1,
        service_weight=1,
        machine_weight=1,
        initial=np.array([0, 1, *[2] * (count - 2)]),
    )


@one_by_one(range(60), 12)
def test_rules_that_a_scheduler_knows_are_kept(seed: int) -> None:
    """Capacities, processes of a service apart, and spread. What is counted is what moved."""
    problem = plain(seed)
    for play in (karpenter, descheduler):
        cluster = play(problem)
        faults = [fault for fault in broken_rules(problem, cluster.machine_of.tolist()) if fault.startswith(TOLD)]

        assert faults == []
        assert cluster.evicted >= np.count_nonzero(cluster.machine_of != problem.initial)
        assert np.array_equal(cluster.open, cluster.counts() > 0)


@one_by_one(range(60), 12)
def test_what_is_undone_leaves_no_trace(seed: int) -> None:
    """Evictions and starts taken back: all counts are those of a new cluster."""
    problem = plain(seed)
    cluster, mark = ProcessCluster(problem), 0
    for process in range(problem.processes):
        cluster.evict(process)
        cluster.place(process)
    cluster.rollback(mark)

    assert np.array_equal(cluster.machine_of, problem.initial)
    assert np.array_equal(cluster.used(), ProcessCluster(problem).used())
    for process in range(problem.processes):
        fresh = ProcessCluster(problem)
        for one in (cluster, fresh):
            one.evict(process)
        assert np.array_equal(cluster.fitting(process), fresh.fitting(process))
        cluster.rollback(mark)


def test_karpenter_empties_what_it_can() -> None:
    """3 and 3 go to the machine with 4, where the most is allocated; two of one service stay apart."""
    assert karpenter(on_three_machines(3, 3, 4)).machine_of.tolist() == [2, 2, 2]
    apart = karpenter(on_three_machines(3, 3, 4, service=(0, 0, 1))).machine_of.tolist()
    assert sorted(set(apart[:2])) == sorted(apart[:2])
    assert len(set(apart)) == 2


def test_a_machine_goes_only_where_all_of_it_finds_room() -> None:
    """4 goes to 6 and 3 to 7. Where 5 finds no room, 4 stays beside it."""
    assert karpenter(on_three_machines(7, 6, 4, 3)).machine_of.tolist() == [0, 1, 1, 0]
    assert karpenter(on_three_machines(7, 6, 5, 4)).machine_of.tolist() == [0, 1, 2, 2]


@pytest.mark.parametrize(
    ("threshold", "ends"), [(0.25, [0, 1, 2, 2]), (0.35, [2, 1, 2, 2]), (0.45, [2, 1, 2, 2]), (0.9, [0, 1, 2, 2])]
)
def test_the_descheduler_evicts_below_a_threshold(threshold: float, ends: list[int]) -> None:
    """3, 4 and 5 of 10 are taken; 4 has no room once 3 came. Nothing happens where none is under-utilised, or all."""
    assert descheduler(on_three_machines(3, 4, 2, 3), threshold).machine_of.tolist() == ends


def test_a_service_stays_in_as_many_locations() -> None:
    """Process 0 alone is in the first location: it goes where its service asks for one, and stays where for two."""
    problem = replace(on_three_machines(3, 3, 4, service=(0, 0, 1)), location=np.array([0, 1, 1]))
    assert karpenter(problem).machine_of.tolist() == [2, 1, 2]
    assert karpenter(replace(problem, spread=np.array([2, 0]))).machine_of.tolist() == [0, 2, 2]
