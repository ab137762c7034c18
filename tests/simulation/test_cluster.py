"""What a simulated fleet is at every moment: a plan that keeps every rule, and a bill that adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import placement
from placement.compiled.fleet import compile_fleet
from placement.compiled.translate import to_plan
from placement.simulation.chunk import StrategyPart, make_cluster, steps
from placement.simulation.fleets import simulated, with_copies
from placement.simulation.setup import SimulationSetup
from placement.simulation.strategies import STRATEGIES
from tests.corpus import one_by_one
from tests.heuristics.invariants import check_invariants
from tests.simulation.worlds import roomy_world, world

if TYPE_CHECKING:
    from placement.simulation.cluster import Cluster
    from placement.simulation.machines import RentedMachine


def setup_of(seed: int, count: int = 40) -> SimulationSetup:
    """A world, ready to be played: tight ones for even seeds, roomy ones for odd ones."""
    problem, policy, traffic = (roomy_world if seed % 2 else world)(seed, count)
    return SimulationSetup.of(problem, policy, traffic, every=600, until=None, seed=0)


def moments(setup: SimulationSetup, name: str) -> list[tuple[Cluster, StrategyPart, int]]:
    """A strategy, stopped at each step."""
    task = setup.task(STRATEGIES[name], 0)
    cluster, part = make_cluster(task), StrategyPart({})
    return [(cluster, part, k) for k in steps(task, cluster, part, fresh=True)]


@pytest.mark.parametrize("name", ["shared", "endpoints-to-zero", "first-fit", "platform"])
@one_by_one(range(60), 2)
def test_no_moment_breaks_a_rule(name: str, seed: int) -> None:
    """The referee is asked at each step, with copies that move standing twice."""
    setup = setup_of(seed)
    strategy = STRATEGIES[name]
    task = setup.task(strategy, 0)
    cluster, part = make_cluster(task), StrategyPart({})
    whole = simulated(
        setup.problem, [99] * len(setup.problem.components), dedicated=strategy.dedicated, whole=strategy.whole
    )
    for k in steps(task, cluster, part, fresh=True):
        problem = with_copies(whole, cluster.ws.placed)
        fleet = compile_fleet(problem)
        verdict = placement.verify(problem, to_plan(fleet, cluster.ws.to_packing()))
        assert not verdict.violations, (k, verdict.violations)
        for c in range(len(fleet.components)):
            assert cluster.placed(c) >= 0
            # Copies beyond what is wanted stay where rules ask for them; a move may later make one of them free.
            stays = cluster.placed(c) > setup.wanted[k, c] and not strategy.consolidate
            assert not stays or not any(cluster.keeps_without(c, spot) for spot in cluster.stoppable(c))


@one_by_one(range(28, 68), 3)
def test_machine_hours_add_up_to_the_bill(seed: int) -> None:
    """Counted again from each machine's order and release; the minimum period is paid for."""
    setup = setup_of(seed)
    task = setup.task(STRATEGIES["shared"], 0)
    cluster, part = make_cluster(task), StrategyPart({})
    seen: dict[int, RentedMachine] = {}
    for _ in steps(task, cluster, part, fresh=True):
        seen |= {machine.number: machine for machine in cluster.ledger.rented.values()}
    end = setup.steps * setup.every
    rented = {machine.number for machine in cluster.ledger.rented.values()}
    fleet = cluster.fleet
    assert len(seen) == cluster.ledger.started
    for pool in fleet.pools:
        mine = [machine for machine in seen.values() if machine.pool == pool.index]
        spans = [(k.ordered, end if k.number in rented else int(k.release or 0)) for k in mine]
        assert all(k.number in rented or b - a >= setup.policy.machines.minimum_billed_seconds
                   for k, (a, b) in zip(mine, spans, strict=True))  # fmt: skip
        if not pool.min_instances:
            assert cluster.ledger.seconds[pool.index] == sum(b - a for a, b in spans)
        else:
            assert cluster.ledger.seconds[pool.index] >= pool.min_instances * end
    if not fleet.commitments:
        prices = [pool.price for pool in fleet.pools]
        assert sum(part.series["cost"]) == sum(n * p for n, p in zip(cluster.ledger.seconds, prices, strict=True))


@one_by_one(range(40), 3)
def test_a_cluster_is_what_its_document_says(seed: int) -> None:
    """Written and read again it is the same, in the middle of moves and loads too."""
    setup = setup_of(seed, 30)
    task = setup.task(STRATEGIES["shared"], 0)
    cluster, part = make_cluster(task), StrategyPart({})
    for _ in steps(task, cluster, part, fresh=True):
        document = cluster.to_document()
        again = make_cluster(task)
        again.restore(document)
        assert again.to_document() == document
        for name in ("leaving", "arriving"):
            assert sorted(at for at, *_ in getattr(again, name)) == sorted(at for at, *_ in getattr(cluster, name))
        assert {c: sorted(times) for c, times in again.still_loading(0).items()} == {
            c: sorted(times) for c, times in cluster.still_loading(0).items()
        }
        assert all(again.placed(c) == cluster.placed(c) for c in range(len(task.most)))
        again.ws.cordoned[:] = False  # closed to new copies, which the count below does not know
        check_invariants(again.ws)


@pytest.mark.slow
def test_moves_happen_and_are_rare() -> None:
    """Over a few worlds some copies move; none does where moving never pays."""

    def moved(name: str, seed: int) -> int:
        _, part, _ = moments(setup_of(seed), name)[-1]
        return sum(part.series["moves"])

    assert sum(moved("shared", seed) for seed in range(1, 9, 2)) > 20
    assert not any(moved("first-fit", seed) for seed in range(4))
