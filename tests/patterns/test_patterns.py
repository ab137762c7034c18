"""The parts of the pattern bound, each held against enumeration or a case worked by hand."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from placement import Problem
from placement.compiled.capacity import most_on_one
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, evaluate
from placement.heuristics.first_plan import first_plan
from placement.patterns import master_rows
from placement.patterns.bound import PatternBound
from placement.patterns.certificate import Cut, NodeDomain, Prices, domain_bound, machine_costs
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.dedicated import cheapest_machines, counts_whole
from placement.patterns.formulation import relax
from placement.patterns.grid import fit_grid
from placement.patterns.master import Duals, PatternProgram, PatternSolution
from placement.patterns.parameters import PATTERNS
from placement.patterns.zone_limits import ZoneLimits
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.parameters import changed
from placement.units import MICRO
from placement.vector_packing.knapsack import Knapsack
from tests import brute
from tests.corpus import one_by_one
from tests.heuristics.fleets import component, fleet_of
from tests.strategies import random_problem

if TYPE_CHECKING:
    from placement.compiled.fleet import FleetComponent
    from tests.parameters import Change


def contents(capacity: tuple[int, ...], needs: list[tuple[int, ...]], limits: list[int]) -> list[tuple[int, ...]]:
    """Every multiset of items that fits, as times per item."""
    return [
        times
        for times in itertools.product(*(range(limit + 1) for limit in limits))
        if all(sum(t * n[r] for t, n in zip(times, needs, strict=True)) <= have for r, have in enumerate(capacity))
    ]


@one_by_one(range(40))
def test_a_pattern_of_several_dimensions_is_the_best_of_all(seed: int) -> None:
    """The knapsack's value is the maximum over all contents, and its pattern attains it."""
    rng = random.Random(seed)
    dimensions = rng.randint(0, 3)
    capacity = tuple(rng.randint(1, 6) for _ in range(dimensions))
    needs = [tuple(rng.randint(0, have) for have in capacity) for _ in range(4)]
    limits = [rng.randint(0, 3) for _ in needs]
    prices = [rng.randint(0, 9) * rng.choice([1, 10**18]) for _ in needs]
    knapsack = Knapsack(capacity, needs, limits)
    best = max(sum(t * p for t, p in zip(times, prices, strict=True)) for times in contents(capacity, needs, limits))
    value, pattern = knapsack.best_pattern(prices)
    assert knapsack.value(prices) == value == best
    assert sum(times * prices[item] for item, times in pattern.items()) == best
    assert tuple(pattern.get(item, 0) for item in range(4)) in contents(capacity, needs, limits)


@one_by_one(range(60))
def test_a_table_extended_by_items_is_worth_what_the_best_content_is(seed: int) -> None:
    """In any number of dimensions, none included, and with values beyond 64 bits."""
    rng = random.Random(seed)
    capacity = tuple(rng.randint(1, 6) for _ in range(rng.randint(0, 3)))
    needs = [tuple(rng.randint(0, have) for have in capacity) for _ in range(4)]
    limits = [rng.randint(0, 3) for _ in needs]
    far = rng.choice([1, 10**18])
    prices = [rng.randint(0, 9) * far for _ in needs]
    more = [(rng.randrange(4), rng.randint(0, 2), rng.randint(-2, 9) * far) for _ in range(2)]
    knapsack = Knapsack(capacity, needs, limits)
    value, times, left = knapsack.extend(knapsack.table(prices), more)
    every = contents(capacity, needs + [needs[i] for i, _, _ in more], knapsack.limits + [most for _, most, _ in more])
    dual_value = prices + [each for _, _, each in more]
    assert value == max(sum(t * w for t, w in zip(content, dual_value, strict=True)) for content in every)
    taken = [sum(t * needs[i][r] for t, (i, _, _) in zip(times, more, strict=True)) for r in range(len(capacity))]
    assert left == [have - used for have, used in zip(capacity, taken, strict=True)]
    rest = knapsack.best_patterns(prices, [left])[0][0]
    assert rest + sum(t * w for t, (_, _, w) in zip(times, more, strict=True)) == value
    if value < 2**62:
        one = knapsack.with_more(knapsack.table(prices), more[0][0], max(0, more[0][2]))
        assert one.shape == tuple(have + 1 for have in capacity)


@one_by_one(range(60))
def test_what_fits_still_fits_on_the_grid(seed: int) -> None:
    """Rounding to a grid, and leaving out dimensions that are implied, rules no content out; the table stays small."""
    rng = random.Random(seed)
    capacity = (rng.choice([22374, 45260, 81408]), 1000, rng.choice([7000, 190000]), rng.choice([28672, 770048]))
    needs = [
        tuple(rng.choice([0, have // 2, have // 3, rng.randint(0, have), 8500 % (have + 1)]) for have in capacity)
        for _ in range(4)
    ]
    states = rng.choice([50, 2000, 16_000])
    counts = [rng.randint(1, 5) for _ in needs]
    with changed(PATTERNS.grid, states=states):
        grid = fit_grid(capacity, needs, counts)
    units, rounded = grid.capacity(capacity), [grid.need(need) for need in needs]
    assert set(contents(capacity, needs, [2] * 4)) <= set(contents(units, rounded, [2] * 4))
    assert len(units) < 2 or Knapsack(units, rounded, [1] * 4).states <= states


@one_by_one(range(60))
def test_what_fits_on_a_grid_rounded_up_fits(seed: int) -> None:
    """Also into what is left of the room; and with one dimension in tenths of a GiB, what fits fits on the grid."""
    rng = random.Random(seed)
    capacity = (rng.choice([22374, 45260, 81408]), 1000, rng.choice([7000, 190000]), rng.choice([28672, 770048]))
    needs = [tuple(rng.choice([0, have // 3, rng.randint(0, have)]) for have in capacity) for _ in range(4)]
    counts = [rng.randint(1, 5) for _ in needs]
    with changed(PATTERNS.grid, states=rng.choice([50, 2000, 16_000])):
        grid = fit_grid(capacity, needs, counts, up=True)
    rounded = [grid.need(need) for need in needs]
    for part in (1.0, rng.random()):
        left = tuple(int(have * part) for have in capacity)
        assert set(contents(grid.capacity(left), rounded, [2] * 4)) <= set(contents(left, needs, [2] * 4))
    tenths: list[tuple[int, ...]] = [(-(-rng.randint(5, 400) * 1024 // 10),) for _ in range(4)]
    grid = fit_grid((81408,), tenths, [1] * 4, up=True)
    unit_less = set(contents((81408 - 103,), tenths, [2] * 4))
    assert unit_less <= set(contents(grid.capacity((81408,)), [grid.need(need) for need in tenths], [2] * 4))


def test_a_grid_of_tenths_of_a_gib_loses_nothing() -> None:
    """Two needs of 11.2 GiB, rounded up to 11469 MiB, do not fit into 22.35 GiB, and not on the grid."""
    capacity, needs = (22886, 1000, 0, 0), [(11469, 0, 0, 0), (8500, 0, 0, 0)]
    grid = fit_grid(capacity, needs, [1, 1])
    units, rounded = grid.capacity(capacity), [grid.need(need) for need in needs]
    assert 2 * rounded[0][0] > units[0]
    assert sum(need[0] for need in rounded) <= units[0]


def bound_of(**document: Any) -> PatternBound:
    """The pattern bound of a problem on machines of one type, run to its end."""
    shape = {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    shape |= document.pop("machine", {})
    zones = document.pop("zones", ("a",))
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": shape},
        pools=[{"name": f"t-{zone}", "instance_type": "t", "zone": zone} for zone in zones],
        **document,
    )
    fleet = compile_fleet(problem)
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    return bound


def test_whole_machines_by_branching() -> None:
    """Three copies in each of three zones take 1.5 machines there: the LP pays 4.50 dollars, whole machines cost 6."""
    each = [{"name": f"c{zone}", "copies": 3, "zones": [zone]} for zone in "abc"]
    bound = bound_of(zones="abc", components=each)
    assert (bound.bound, bound.cheap_machines()) == (6_000_000, (2, 2, 2))
    assert bound.nodes > 0


def test_few_copies_on_one_machine() -> None:
    """Pairs of accelerators, three in a machine: three copies fill two machines in parts, and stand on three."""
    pairs = {"name": "c", "copies": 3, "accelerators": 2}
    assert bound_of(machine={"accelerator_count": 3}, components=[pairs]).bound == 3_000_000
    single = {"name": "c", "copies": 3, "accelerator_memory_gib": 1, "shared": True}
    assert bound_of(components=[single]).bound == 1_000_000
    assert bound_of(components=[single | {"spread": {"max_per_instance": 1}}]).bound == 3_000_000


def test_one_accelerator_holds_no_more_than_its_zone() -> None:
    """Of two pairs, one a zone, none stands twice on one: with two of three owned, each zone needs a second machine."""
    apart: dict[str, Any] = {"spread": {"max_skew": 1}, "copies": 2}
    wide = {"name": "wide", "accelerators": 2, "accelerator_memory_gib": 1, "shared": True, **apart}
    own = {"name": "own", "copies": 4, "accelerators": 1, "spread": {"max_skew": 1}}
    bound = bound_of(zones="ab", machine={"accelerator_count": 3}, components=[wide, own])
    assert bound.bound == 4_000_000


def test_a_wide_copy_stands_once_on_each_accelerator() -> None:
    """In each of two zones one accelerator is free: two pairs need a third machine, though two are no more than two."""
    pairs = {"name": "pairs", "copies": 2, "accelerators": 2, "accelerator_memory_gib": 1, "shared": True}
    own = [{"name": f"in-{zone}", "copies": 2, "accelerators": 1, "zones": [zone]} for zone in "ab"]
    bound = bound_of(zones="ab", machine={"accelerator_count": 3}, components=[pairs, *own])
    assert bound.bound == 3_000_000


def test_a_wide_copy_stands_once_on_each_accelerator_though_another_component_has_its_need() -> None:
    """On three accelerators, so none is left for an owner; as one item with `narrow` it would take half as many."""
    shared = {"copies": 1, "accelerator_memory_gib": 1, "shared": True}
    wide, narrow = ({"name": name, "accelerators": n, **shared} for name, n in (("wide", 3), ("narrow", 1)))
    own = {"name": "own", "copies": 1, "accelerators": 1}
    assert bound_of(machine={"accelerator_count": 3}, components=[wide, narrow, own]).bound == 2_000_000


@pytest.mark.parametrize(("late", "found"), [(1, False), (2, True)])
def test_a_round_of_pricing_that_is_late_leaves_the_solution_before_it(
    late: int, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known where the first one is late."""
    relaxation = relax(fleet_of([component("a", 3, 30), component("b", 3, 20)]))
    solve, calls = PatternProgram.solve, 0

    def in_time(program: PatternProgram, seconds: float) -> PatternSolution | None:
        nonlocal calls
        calls += 1
        return None if calls == late else solve(program, seconds)

    monkeypatch.setattr(PatternProgram, "solve", in_time)
    program = PatternProgram(relaxation)
    program.set_domain(any_domain(relaxation.fleet, ()))
    assert (PatternColumns(relaxation, program, 0).solve(2, Budget()) is not None) is found
    assert calls == late


@one_by_one(range(1000, 1240), 8)
def test_bounds_of_wide_copies_hold(seed: int) -> None:
    """Against all plans of small problems: copies on one to three accelerators, shared and owned, in two zones."""
    rng = random.Random(seed)
    rows = []
    for k in range(rng.randint(2, 3)):
        row: dict[str, Any] = {"name": f"c{k}", "copies": rng.randint(1, 3), "accelerators": rng.choice([1, 2, 2, 3])}
        row |= {"shared": rng.random() < 0.8, "accelerator_memory_gib": rng.choice([1, 1.5, 2, 3])}
        if rng.random() < 0.3:
            row["zones"] = [rng.choice("ab")]
        elif rng.random() < 0.4:
            row["spread"] = {rng.choice(["max_skew", "max_per_instance"]): 1}
        rows.append(row)
    shape = {"accelerator": "A", "accelerator_count": 3, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    document = {
        "format": "placement/v1",
        "name": "wide",
        "accelerators": {"A": {"memory_gib": 4}},
        "instance_types": {"t": shape, "small": shape | {"accelerator_count": 2, "price_per_hour": 0.7}},
        "pools": [
            {"name": f"{device_class}-{zone}", "instance_type": device_class, "zone": zone, "max_instances": 3}
            for device_class in ("t", "small")
            for zone in "ab"
        ],
        "components": rows,
    }
    best = brute.cheapest(document)
    fleet = compile_fleet(Problem(**document))
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    if best is None:
        return
    assert not bound.infeasible
    assert best.account.cost / 2 < bound.bound <= best.account.cost


def test_whole_wide_copies_by_branching() -> None:
    """One accelerator is free in each of two zones: no place for a copy on two, but for two halves of it."""
    shape = {"accelerator": "A", "accelerator_count": 4, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": shape, "dear": shape | {"accelerator_count": 2, "price_per_hour": 5}},
        pools=[
            {"name": "a", "instance_type": "t", "zone": "a", "max_instances": 1},
            {"name": "b", "instance_type": "t", "zone": "b", "max_instances": 1},
            {"name": "c", "instance_type": "dear", "zone": "c"},
        ],
        components=[
            {"name": "in-a", "copies": 3, "zones": ["a"]},
            {"name": "in-b", "copies": 3, "zones": ["b"]},
            {"name": "wide", "copies": 1, "accelerators": 2},
        ],
    )
    fleet = compile_fleet(problem)
    bound = PatternBound(Solve.of(fleet))
    bound.run()
    assert bound.bound == 7_000_000
    assert bound.cheap_machines() == (1, 1, 1)


def test_branching_on_the_sum_over_zones() -> None:
    """Three copies anywhere take a machine and a half: two, by one branch on the sum, though no zone needs any."""
    bound = bound_of(zones="abc", components=[{"name": "c", "copies": 3}])
    assert bound.bound == 2_000_000
    assert bound.nodes <= 4


@pytest.mark.parametrize(("on_each", "ends"), [(((0, 1), (0,)), True), (((0,), (0,), (0,)), False)])
def test_branching_goes_on_to_a_proof_where_the_best_plan_is_near(
    on_each: tuple[tuple[int, ...], ...], ends: bool, parameters: Change
) -> None:
    """Two machines a zone are the optimum. Beside three branching without patience ends at once: packing gains more."""
    fleet = bound_of(zones="abc", components=[{"name": f"c{z}", "copies": 3, "zones": [z]} for z in "abc"]).fleet
    packing = Packing(
        tuple(
            Machine(zone, None, tuple(Seat(zone, 0, (accelerator,)) for accelerator in accelerators))
            for zone in range(3)
            for accelerators in on_each
        )
    )
    parameters(PATTERNS.bound, rise=1.4)
    bound = PatternBound(Solve.of(fleet, hint=packing), engines=False)
    bound.run(patience=0.0, packing_follows=True)
    assert (bound.nodes > 2) is ends


def test_the_host_of_a_machine_with_one_accelerator() -> None:
    """Copies of 5 of 8 vCPUs can't stand beside each other, whatever the sums over three machines say."""
    component = {"name": "c", "copies": 3, "accelerator_memory_gib": 1, "shared": True, "vcpus": 5}
    assert bound_of(machine={"accelerator_count": 1}, components=[component]).bound == 3_000_000


def test_a_dedicated_component_has_machines_of_its_own() -> None:
    """Two dedicated copies and another one, all tiny: two machines, not one."""
    tiny = {"accelerator_memory_gib": 0.5, "shared": True}
    components = [{"name": "alone", "copies": 2, "dedicated": True, **tiny}, {"name": "c", "copies": 1, **tiny}]
    assert bound_of(components=components).bound == 2_000_000
    components[0]["spread"] = {"max_per_instance": 1}
    assert bound_of(components=components).bound == 3_000_000


def test_machines_of_a_dedicated_component_are_whole() -> None:
    """Fourteen copies, four on a machine, in three zones: 5 + 5 + 4 of them take five machines, not 3.5."""
    tiny = {"accelerator_memory_gib": 0.5, "shared": True}
    spread = {"max_skew": 1, "max_per_instance": 4}
    alone = {"name": "alone", "copies": 14, "dedicated": True, "spread": spread, **tiny}
    assert bound_of(zones="abc", components=[alone]).bound == 5_000_000
    many = {
        **alone,
        "copies": PATTERNS.dedicated.most_copies + 2,
    }  # 22 in each zone: there branching on machines is enough
    assert bound_of(zones="abc", components=[many]).bound == 18_000_000


def dedicated(copies: int, required: int) -> FleetComponent:
    """So many copies, of which some are required."""
    row = {"name": "c", "copies": copies, "min_copies": required, "dedicated": True}
    shape = {"accelerator": "A", "accelerator_count": 1, "vcpus": 1, "memory_gib": 1, "price_per_hour": 1}
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": shape},
        pools=[{"name": "p", "instance_type": "t", "zone": "a"}],
        components=[row],
    )
    return compile_fleet(problem).components[0]


@one_by_one(range(60))
def test_the_cheapest_whole_machines_are_those_of_all(seed: int) -> None:
    """Against every number of machines of each offer."""
    rng = random.Random(seed)
    required = rng.randint(0, 4)
    copies = required + rng.randint(0, 2)
    reward = rng.choice([0, 0, 3, 8])
    offers = {z: {(rng.randint(1, 3), rng.randint(1, 9)) for _ in range(rng.randint(1, 2))} for z in range(2)}
    limits = None
    if rng.random() < 0.6:
        low = {z: rng.randint(0, 1) for z in offers}
        limits = ZoneLimits(low, {z: low[z] + rng.randint(0, 3) for z in offers})
    totals = []
    for n in itertools.product(range(copies + 1), repeat=2):
        kept = limits is None or all(limits.least[z] <= n[z] <= limits.most[z] for z in (0, 1))
        if required <= sum(n) <= copies and kept:
            dual_value = sum(
                min(
                    sum(k * price for k, (_, price) in zip(many, offers[z], strict=True))
                    for many in itertools.product(range(7), repeat=len(offers[z]))
                    if sum(k * holds for k, (holds, _) in zip(many, offers[z], strict=True)) >= n[z]
                )
                for z in (0, 1)
            )
            totals.append(dual_value - reward * sum(n))
    found = cheapest_machines(dedicated(copies, required), offers, limits, reward)
    if totals:
        assert found == min(totals)
    else:
        assert found == -reward * copies
    if not reward:
        assert cheapest_machines(dedicated(copies, required), offers, limits) == found


@one_by_one(range(60))
def test_no_pool_holds_more_of_a_dedicated_component_than_may_be_lost_with_it(seed: int) -> None:
    """Against every number of copies of each pool."""
    rng = random.Random(seed)
    required = rng.randint(1, 6)
    component = dedicated(required + rng.randint(0, 2), required)
    offers = {z: [(rng.randint(1, 3), rng.randint(1, 9)) for _ in range(rng.randint(1, 3))] for z in range(2)}
    cap, reward = rng.randint(0, 4), rng.choice([0, 0, 5])
    limits = None
    if rng.random() < 0.5:
        low = {z: rng.randint(0, 1) for z in offers}
        limits = ZoneLimits(low, {z: low[z] + rng.randint(0, 3) for z in offers})
    pools = [(z, many, worth) for z, here in offers.items() for many, worth in here]
    totals = []
    for counts in itertools.product(range(cap + 1), repeat=len(pools)):
        zoned = [sum(n for n, (z, _, _) in zip(counts, pools, strict=True) if z == zone) for zone in offers]
        kept = limits is None or all(limits.least[z] <= zoned[z] <= limits.most[z] for z in offers)
        if required <= sum(counts) <= component.copies and kept:
            paid = sum(-(-n // many) * worth for n, (_, many, worth) in zip(counts, pools, strict=True))
            totals.append(paid - reward * sum(counts))
    found = cheapest_machines(component, offers, limits, reward, cap)
    assert found == min(totals, default=-reward * component.copies)
    if cap >= component.copies:
        assert cheapest_machines(component, offers, limits, reward) == found


@pytest.mark.parametrize(
    ("edits", "whole"),
    [
        ({"copies": PATTERNS.dedicated.most_copies, "dedicated": True}, True),
        ({"copies": PATTERNS.dedicated.most_copies + 1, "dedicated": True}, False),
        ({"copies": 1}, False),
        ({"demand": 1, "throughput": 1, "dedicated": True}, False),
    ],
)
def test_whose_machines_are_counted_whole(edits: dict[str, Any], whole: bool) -> None:
    """Components that have them alone, no demand, and not too many copies."""
    fleet = bound_of(components=[{"name": "c", "accelerators": 0, **edits}]).fleet
    assert counts_whole(fleet.components[0]) == whole


def test_most_copies_on_one_machine_by_any_options() -> None:
    """Each resource by the option that takes least of it, so a mix of options is covered too."""
    options = [
        {"accelerators": 1, "accelerator_memory_gib": 2.5, "shared": True, "vcpus": 1},
        {"accelerators": 2, "accelerator_memory_gib": 1.5, "shared": True, "vcpus": 4},
    ]
    bound = bound_of(components=[{"name": "c", "copies": 20, "dedicated": True, "options": options}])
    component = bound.fleet.components[0]
    assert most_on_one(bound.fleet, component, 0) == 3  # two of 2.5 GiB apart, and one of 1.5 GiB beside both
    narrow = bound_of(components=[{"name": "c", "copies": 20, "options": options[:1]}]).fleet
    assert most_on_one(narrow, narrow.components[0], 0) == 2


def test_a_bound_from_every_round() -> None:
    """The bound rises while columns are generated: what is reported is below the end, and not only there."""
    rng = random.Random(1)
    components = [
        {"name": f"c{k}", "copies": 5, "accelerator_memory_gib": rng.randint(3, 40) / 20, "shared": True}
        for k in range(40)
    ]
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": {"accelerator": "A", "accelerator_count": 1, "vcpus": 8, "memory_gib": 8,
                              "price_per_hour": 1}},
        pools=[{"name": "t", "instance_type": "t", "zone": "a"}],
        components=components,
    )  # fmt: skip
    fleet = compile_fleet(problem)
    incumbent = Incumbent(fleet, Budget())
    bound = PatternBound(Solve(fleet, incumbent, Budget()))
    bound.run()
    reported = [event.bound for event in incumbent.events if event.bound is not None]
    assert len(reported) > 2
    assert reported == sorted(reported)
    assert reported[-1] == bound.bound
    assert incumbent.bound_relaxes


@one_by_one(range(40))
def test_items_of_one_way_need_no_row(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a row for each item the LP ends at the same value."""
    fleet = compile_fleet(Problem(**random_problem(random.Random(seed), state=False)))

    def root() -> float:
        bound = PatternBound(Solve.of(fleet))
        bound.run(nodes=0)
        return bound.bound

    without = root()
    monkeypatch.setattr(master_rows, "modes_of_items", lambda *_: {})
    assert root() == pytest.approx(without, rel=1e-6, abs=2)


@one_by_one(range(40))
def test_alike_pools_share_rows_and_modes(seed: int) -> None:
    """The linear program of joined pools has the same value: here each has a twin at half its price."""
    document = random_problem(random.Random(seed), state=False, rules=40 * (seed % 2))
    prices = [pool.price / 2 / MICRO for pool in compile_fleet(Problem(**document)).pools]
    more = [
        {**row, "name": f"{row['name']}-twin", "price_per_hour": price, "min_instances": 0, "max_instances": 1}
        for row, price in zip(document["pools"], prices, strict=True)
    ]
    relaxation = relax(compile_fleet(Problem(**{**document, "pools": document["pools"] + more})))

    def value(*, joined: bool) -> float:
        program = PatternProgram(relaxation, joined=joined)
        program.set_domain(any_domain(relaxation.fleet, ()))
        solution = PatternColumns(relaxation, program, seed).solve(30, Budget())
        return -1.0 if solution is None else solution.value

    assert value(joined=True) == pytest.approx(value(joined=False), rel=1e-6)
    shared = sum(p != first for p, first in master_rows.alike_pools(relaxation).items())
    assert shared or relaxation.in_pool or relaxation.elsewhere


@pytest.mark.parametrize("rule", [{"copies": 2}, {"demand": 2, "throughput": 1, "min_copies": 2}])
def test_pools_are_not_alike_where_one_may_be_lost(rule: dict[str, Any]) -> None:
    """Of two copies one outlives any pool: each has half a machine of its own pool."""
    row = {"name": "c", "accelerators": 0, "vcpus": 2, "dedicated": True, **rule}  # else device classes are of one pool
    document = {
        "instance_types": {"t": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 1}},
        "pools": [{"name": name, "instance_type": "t", "zone": "z"} for name in "ab"],
    }
    for floor, first in ((0, {0: 0, 1: 0}), (1, {0: 0, 1: 1})):
        fleet = compile_fleet(Problem(**document, components=[{**row, "min_available_on_pool_loss": floor}]))
        assert master_rows.alike_pools(relax(fleet)) == first


def test_groups_without_a_price_have_a_price_of_nothing() -> None:
    """Prices of what runs know no groups of pools."""
    fleet = compile_fleet(Problem(**random_problem(random.Random(3))))
    pools = len(fleet.pools)
    groups = (tuple(range(pools)),)
    cut = Cut((0,) * pools, 0)
    assert machine_costs(fleet, cut, groups, []) == machine_costs(fleet, cut, groups, [0])
    domain = NodeDomain((1,) * (pools + 1), (2,) * (pools + 1))
    assert domain_bound(fleet, cut, groups, Prices([], []), domain) == sum(pool.price for pool in fleet.pools)


def test_bug_prices_of_the_root_are_of_all_plans_after_a_node_too() -> None:
    """In a node with one wide copy no accelerator holds two of them; at the root, asked for after it, some do."""
    fleet = fleet_of([component("wide", 9, 30, accelerators=2)])
    solve = Solve.of(fleet, Budget(work=3))
    first_plan(solve)
    assert solve.value is not None
    bound = PatternBound(solve)
    prices = bound.root_prices()
    assert prices is not None
    one = dict.fromkeys(range(len(bound.relaxation.aggregates)), (0, 1))
    bound.enumerate_patterns(replace(any_domain(fleet, bound.groups), aggregates=one), 0, prices, Budget())
    bound.root_prices()
    assert bound.ticks <= solve.value.ticks


def test_bug_enumeration_knows_no_committed_machines() -> None:
    """One machine of two is paid for: half as much as without that, and no engine may deny it."""
    fleet = fleet_of([component("a", 2, 45)], commitments=[{"name": "paid", "pools": ["small-a"], "instances": 1}])
    seat = Seat(0, 0, (0,))
    small = [pool.index for pool in fleet.pools if pool.instance_type == "small"]
    dear, cheap = (Packing(tuple(Machine(p, None, (seat,)) for p in pools)) for pools in (small[1:], small[:2]))
    solve = Solve.of(fleet, Budget(), hint=dear)
    bound = PatternBound(solve)
    bound.run()
    assert bound.ticks <= evaluate(fleet, cheap).ticks < evaluate(fleet, dear).ticks


@one_by_one(range(12), 3)
def test_what_a_root_has_when_it_is_stopped(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each round of pricing: the patterns that may be of use cost no more, in parts, than its last solution."""
    rng = random.Random(seed)
    rows = [component(f"c{k}", rng.randint(1, 9), rng.randint(9, 70), rng.choice([1, 1, 2])) for k in range(40)]
    fleet, solve_program = fleet_of(rows), PatternProgram.solve
    left_out = 0
    for rounds in range(1, 9):
        budget, values = Budget(), list[float]()

        def solve(
            program: PatternProgram,
            seconds: float,
            budget: Budget = budget,
            values: list[float] = values,
            rounds: int = rounds,
        ) -> PatternSolution | None:
            solved = solve_program(program, seconds)
            assert solved is not None
            values.append(solved.value)
            if len(values) == rounds:
                budget.interrupt()
            return solved

        with monkeypatch.context() as patch:
            patch.setattr(PatternProgram, "solve", solve)
            bound = PatternBound(Solve.of(fleet, budget))
            bound.run(nodes=0)
        left_out += len(bound.patterns) - len(bound.useful_patterns())
        program = PatternProgram(bound.relaxation)
        program.add_patterns(bound.useful_patterns())
        solution = program.solve(60.0)
        assert solution is not None
        assert solution.value <= values[bound.rounds - 1] * (1 + 1e-6)
    assert left_out


@one_by_one(range(12), 3)
def test_a_root_that_was_stopped_goes_on_while_there_is_nothing_else_to_do(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends as one that was not stopped, and so does its tree; not at all where there is other work."""
    rng = random.Random(seed)
    rows = [component(f"c{k}", rng.randint(1, 9), rng.randint(9, 70), rng.choice([1, 1, 2])) for k in range(40)]
    fleet, solve_program = fleet_of(rows), PatternProgram.solve
    whole = PatternBound(Solve.of(fleet))
    whole.root_prices()
    budget = Budget()
    bound = PatternBound(Solve.of(fleet, budget))

    def stopped(program: PatternProgram, seconds: float) -> PatternSolution | None:
        budget.interrupt()
        return solve_program(program, seconds)

    with monkeypatch.context() as patch:
        patch.setattr(PatternProgram, "solve", stopped)
        bound.run(nodes=0)
    assert bound.rounds == 1
    before = bound.bound
    bound.go_on_while(lambda: False, Budget())
    assert bound.bound == before < whole.bound

    bound.go_on_while(lambda: True, Budget())

    assert bound.bound == pytest.approx(whole.bound, rel=1e-6)
    assert bound.rounds > 1
    assert bound.root is not None
    assert bound.root.rent == bound.bound


def test_patterns_on_accelerators_that_are_worth_nothing_are_useful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where vCPUs are scarce, accelerators are left over: their dual values are nothing, give or take a little."""
    exact = PatternSolution.duals

    def duals(solution: PatternSolution) -> Duals:
        found = exact(solution)
        return found._replace(items=[[value - 1e-9 for value in items] for items in found.items])

    monkeypatch.setattr(PatternSolution, "duals", duals)
    for seed in range(5):
        rng = random.Random(seed)
        rows = [
            component(f"{size}-{k}", 3, rng.randint(*memory), vcpus=rng.randint(7, 8))
            for size, memory in (("large", (41, 50)), ("small", (20, 30)))  # one of each has room, two large ones not
            for k in range(20)
        ]
        bound = PatternBound(Solve.of(fleet_of(rows)))
        bound.run(nodes=0)
        costs = []
        for patterns in (bound.patterns, bound.useful_patterns()):
            program = PatternProgram(bound.relaxation)
            program.add_patterns(patterns)
            solution = program.solve(60.0)
            assert solution is not None
            costs.append(solution.value)
        assert costs[1] == pytest.approx(costs[0], rel=1e-6), f"seed {seed}"
