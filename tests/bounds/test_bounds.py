"""Bounds never exceed the true optimum, whatever prices or limits they come from."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement import Problem
from placement.bounds import volume_bound, why_infeasible
from placement.bounds.moves import least_move_ticks, least_moves
from placement.bounds.parameters import BOUNDS
from placement.bounds.volume import lagrangian, measures_of, modes_of
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Value
from placement.patterns import bound as bound_module
from placement.patterns.bound import PatternBound
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import UNIT, Cut, NodeDomain, Prices, certify, domain_bound
from placement.patterns.covering import any_domain, covering_bound
from placement.patterns.formulation import Relaxation, relax, volumes
from placement.patterns.parameters import PATTERNS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.vector_packing.knapsack import Knapsack
from tests import brute, strategies
from tests.corpus import one_by_one
from tests.heuristics.fleets import suite

if TYPE_CHECKING:
    from tests.parameters import Change


def solved(seed: int, **knobs: object) -> tuple[Fleet, brute.Best | None] | None:
    """A random tight problem and its true optimum; None when it is too big to enumerate."""
    problem = strategies.random_problem(random.Random(seed), **knobs)
    if brute.too_big(problem):
        return None
    return compile_fleet(Problem(**problem)), brute.cheapest(problem)


def value_of(fleet: Fleet, best: brute.Best) -> tuple[tuple[int, ...], int]:
    """Left out per level, and cost in micro-dollars."""
    return tuple(best.left_out.get(level, 0) for level in fleet.levels), best.account.cost


def bound_of_any_prices(fleet: Fleet, seed: int) -> int:
    """The bound of volumes at prices that no solver chose, some of them of one dual feasible function alone."""
    rng = random.Random(seed)
    measures = [measures_of(fleet, pool.index) for pool in fleet.pools]
    prices = {}
    for p, device_classes in enumerate(measures):
        chosen = rng.sample(range(len(device_classes)), rng.randint(0, min(2, len(device_classes))))
        for m in chosen:
            prices[p, m] = int(
                fleet.pools[p].price * 2**24 / device_classes[m].room / len(chosen) * rng.choice((0.5, 1, 1.5))
            )
    return lagrangian(fleet, measures, modes_of(fleet, measures), prices)


def check_bounds(seed: int) -> str:
    """Check every bound on one random problem; says what sort of case it was."""
    case = solved(seed)
    if case is None:
        return "big"
    fleet, best = case
    reason = why_infeasible(fleet)
    if best is None:
        return "infeasible" if reason is None else "infeasible, seen at once"
    assert reason is None, f"seed {seed}: called infeasible: {reason}"
    left_out, cost = value_of(fleet, best)
    assert sum(least_moves(fleet)) <= best.account.moves, f"seed {seed}: moves"
    assert fleet.cost(volume_bound(fleet)) <= cost, f"seed {seed}: volume"
    assert fleet.cost(fleet.tick_price * bound_of_any_prices(fleet, seed)) <= cost, f"seed {seed}: volume, any prices"
    for given in (None, left_out):
        budget = Budget()
        bound = PatternBound(Solve.of(fleet, budget), given)
        bound.run(nodes=30)
        assert fleet.cost(bound.ticks) <= cost, f"seed {seed}: patterns, given {given}"
        assert not bound.infeasible, f"seed {seed}: patterns call it infeasible, given {given}"
        counts = paid_machines(fleet, best)
        assert all(cut.slack(tuple(counts)) >= 0 for cut in bound.cuts), f"seed {seed}: cuts of the tree"
        check_random_prices(fleet, best, given, seed)
    return "feasible"


def paid_machines(fleet: Fleet, best: brute.Best) -> list[int]:
    """Machines per pool that the optimal plan pays for, the empty ones too."""
    rows = best.plan["instances"]
    counts = [sum(row["pool"] == pool.name for row in rows) for pool in fleet.pools]
    for instance in fleet.instances:
        if not instance.removable and all(row["id"] != instance.id for row in rows):
            counts[instance.pool] += 1
    return [max(n, pool.min_instances) for n, pool in zip(counts, fleet.pools, strict=True)]


def copies_in_sums(fleet: Fleet, best: brute.Best, relaxation: Relaxation) -> list[int]:
    """Copies of the optimal plan in each sum of modes."""
    pool_of = {row["id"]: row["pool"] for row in best.plan["instances"]}
    seats = Counter(
        (row["component"], row.get("option", 0), pool_of[row["instance"]]) for row in best.plan["assignments"]
    )
    modes = relaxation.modes
    return [
        sum(
            seats[fleet.components[modes[w].component].name, modes[w].option, fleet.pools[modes[w].pool].name]
            for w in sum_
        )
        for sum_ in relaxation.aggregates
    ]


def check_random_prices(fleet: Fleet, best: brute.Best, given: tuple[int, ...] | None, seed: int) -> None:
    """A cut from any prices at all is kept by the optimal plan's machine counts."""
    rng = random.Random(seed)
    relaxation = relax(fleet, given)
    counts = paid_machines(fleet, best)
    for _ in range(5):
        prices = Prices(
            coverage=[[rng.randrange(1000) for _ in device_class.items] for device_class in relaxation.device_classes],
            capacity=[rng.randrange(3000) for _ in relaxation.device_classes],
            volume={
                (pool.index, r): rng.choice([0, 0, rng.randrange(5)])
                for pool in fleet.pools
                for r in range(len(volumes(fleet, pool.index)))
            },
            on_one={key: rng.choice([0, rng.randrange(9000)]) * UNIT for key in relaxation.on_one},
            level=[rng.choice([0, rng.randrange(4000)]) for _ in fleet.levels],
            aggregates={s: rng.randint(-4000, 9000) * UNIT // 7 for s in range(len(relaxation.aggregates))},
        )
        limits = {
            s: (rng.randint(0, n), rng.randint(n, n + 3)) for s, n in enumerate(copies_in_sums(fleet, best, relaxation))
        }
        local = certify(relaxation, prices, aggregates=limits)
        assert local.slack(tuple(counts)) >= 0, f"seed {seed}: cut of plans within limits on copies"
        cut = certify(relaxation, prices)
        assert cut.slack(tuple(counts)) >= 0, f"seed {seed}: cut from random prices"
        check_bounds_of_cut(fleet, cut, counts, rng, seed)


def check_bounds_of_cut(fleet: Fleet, cut: Cut, counts: list[int], rng: random.Random, seed: int) -> None:
    """Both bounds that follow from one cut are at most what the optimal plan's machines cost."""
    price = sum(pool.price * n for pool, n in zip(fleet.pools, counts, strict=True))
    bound = covering_bound(fleet, cut)
    assert bound is not None, f"seed {seed}: no machine counts keep the cut"
    assert bound <= price, f"seed {seed}: covering bound"
    groups = groups_of(fleet)
    domain = any_domain(fleet, groups)
    tally = (*counts, *(sum(counts[p] for p in group) for group in groups))
    assert all(low <= n <= high for low, n, high in zip(domain.fewest, tally, domain.most, strict=True)), (
        f"seed {seed}: box"
    )
    fewest = tuple(rng.randint(low, n) for low, n in zip(domain.fewest, tally, strict=True))
    most = tuple(rng.randint(n, high) for n, high in zip(tally, domain.most, strict=True))
    multipliers = [rng.randint(-3, 3) * UNIT for _ in groups]
    assert domain_bound(fleet, cut, groups, Prices([], [], group=multipliers), NodeDomain(fewest, most)) <= price, (
        f"seed {seed}: box bound"
    )


@one_by_one(range(12), 2)
def test_bounds_are_below_the_optimum(seed: int) -> None:
    """On tight random problems, feasible ones most of the time, with and without optional copies left out."""
    device_classes = [check_bounds(seed) for seed in range(seed * 20, seed * 20 + 20)]
    assert device_classes.count("feasible") > 6


@pytest.mark.long
def test_bounds_are_below_the_optimum_at_length() -> None:
    """The same on thousands of problems."""
    for seed in range(10_000, 14_000):
        check_bounds(seed)


@pytest.mark.parametrize(("skew", "quota", "feasible"), [(1, 2, True), (4, 1, False), (5, 1, True), (None, 1, True)])
def test_a_zone_too_small_for_its_part(skew: int | None, quota: int, feasible: bool) -> None:
    """Nine copies over two zones, two on a machine: with one or two machines the zone b holds two or four of them."""
    shape = {"accelerator": "A", "accelerator_count": 2, "vcpus": 1, "memory_gib": 1, "price_per_hour": 1}
    pools = [{"name": zone, "instance_type": "t", "zone": zone} for zone in "ab"]
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": shape},
        pools=[pools[0], pools[1] | {"max_instances": quota}],
        components=[{"name": "c", "copies": 9, "spread": {"max_skew": skew}}],
    )
    reason = why_infeasible(compile_fleet(problem))
    assert (reason is None) == feasible
    if reason is not None:
        assert "zone b holds at most 2" in reason


def test_prices_beyond_64_bits_are_summed_exactly() -> None:
    """A knapsack of machines that cost millions an hour: the same value as with small prices, scaled."""
    knapsack = Knapsack([10], [[4], [3], [2]], [2, 2, 3])
    assert knapsack.value([5, 4, 2]) == 13  # one 4 and two 3s
    assert knapsack.value([5 * 10**20, 4 * 10**20, 2 * 10**20]) == 13 * 10**20


def with_reserved(gib: float, **component: object) -> Fleet:
    """Three copies that take half the vCPUs, on machines that reserve so much of each accelerator's 4 GiB."""
    shape = {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 3}
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": {**shape, "reserved": {"accelerator_memory_gib": gib}}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 3, "vcpus": 4, **component}],
    )
    return compile_fleet(problem)


def test_more_reserved_than_an_accelerator_has() -> None:
    """Accelerators without usable memory hold nothing, and no bound stumbles over them."""
    fleet = with_reserved(8, accelerators=0)
    assert volume_bound(fleet) <= 6_000_000
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    assert bound.bound == 6_000_000


def test_copies_over_half_an_accelerator_take_all_of_it(parameters: Change) -> None:
    """Ten copies of 11 of 20 GiB on machines of two accelerators: 2.75 machines by volume, five in truth."""
    shape = {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 3}
    problem = Problem(
        accelerators={"A": {"memory_gib": 20}},
        instance_types={"t": shape},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 10, "shared": True, "accelerator_memory_gib": 11}],
    )
    fleet = compile_fleet(problem)
    assert fleet.cost(volume_bound(fleet)) == 15_000_000
    parameters(BOUNDS.dual_feasible, finest=0)
    assert fleet.cost(volume_bound(fleet)) == 8_250_000


def test_accelerators_that_are_all_reserved_measure_nothing() -> None:
    fleet = with_reserved(4, shared=True, accelerator_share=0.5)
    assert fleet.cost(volume_bound(fleet)) == 4_500_000


def test_value_orders_left_out_before_money() -> None:
    """One more optional copy placed is worth any price."""
    assert Value((0, 5), 10**9) < Value((1, 0), 0)


def test_copies_on_a_draining_machine_must_move() -> None:
    """Three copies run, two of them on a machine that drains, and one may stop: one move, which both bounds count."""
    shape = {"accelerator": "A", "accelerator_count": 4, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": shape},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 2}],
        instances=[{"id": "stays", "pool": "p"}, {"id": "leaves", "pool": "p", "state": "draining"}],
        placements=[
            {"component": "c", "instance": name, "accelerators": [k]}
            for name, k in (("stays", 0), ("leaves", 0), ("leaves", 1))
        ],
        objective={"move_cost": 0.25},
    )
    fleet = compile_fleet(problem)
    assert least_moves(fleet) == (1,)
    assert fleet.cost(volume_bound(fleet)) == 750_000  # half a machine
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    assert fleet.cost(bound.ticks) == 1_250_000


@pytest.mark.parametrize(("cap", "moved"), [(None, 0), (3, 0), (2, 1), (1, 2)])
def test_copies_beyond_max_per_instance_must_move(cap: int | None, moved: int) -> None:
    """Three copies run on one machine that may hold fewer of them, and three are wanted."""
    problem = Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 3, "accelerators": 0, "spread": {"max_per_instance": cap}}],
        instances=[{"id": "i", "pool": "p"}],
        placements=[{"component": "c", "instance": "i"}] * 3,
        objective={"move_cost": 0.25},
    )
    fleet = compile_fleet(problem)
    assert least_moves(fleet) == (moved,)
    assert fleet.cost(least_move_ticks(fleet)) == moved * 250_000


@pytest.mark.slow
def test_mixes_that_lack_machines_raise_the_bound(parameters: Change) -> None:
    """Without branching: above the root, and never above what branching proves of whole machines."""
    higher = 0
    for family, components, seed in (("shared", 20, 1), ("shared", 20, 2), ("shared", 40, 1), ("exclusive", 20, 1)):
        fleet = compile_fleet(Problem(**suite(family, components, seed)))
        bounds = []
        for mixes, nodes in ((0, 0), (20, 0), (0, 2_000)):
            parameters(PATTERNS.bound, mixes=mixes)
            bound = PatternBound(Solve.of(fleet, Budget(work=10)))  # work alone limits mixes: no clock has a say
            bound.run(nodes=nodes)
            bounds.append(bound.bound)
        root, with_mixes, branched = bounds
        assert root <= with_mixes <= branched
        higher += with_mixes > root
    assert higher > 1


@pytest.mark.slow
def test_the_clock_has_no_say_in_mixes_where_work_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Machine counts of a bound are the same on every machine then."""
    asked, looked_for = [], vars(bound_module)["cheapest_mix"]

    def noted(*given: Any, **limits: Any) -> Any:
        asked.append(limits["seconds"])
        return looked_for(*given, **limits)

    monkeypatch.setattr(bound_module, "cheapest_mix", noted)
    bound = PatternBound(Solve.of(compile_fleet(Problem(**suite("shared", 10, 1))), Budget(work=1)))
    assert bound.cheap_machines()
    bound.run(nodes=0)
    assert len(asked) > 1
    assert set(asked) == {math.inf}
