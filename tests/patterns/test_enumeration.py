"""Nodes settled at once: reduced costs, all patterns within the gap, and the program over them, against enumeration."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import highspy
import pytest

import placement
from placement import Plan, Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.engines import highs
from placement.engines.highs import SHARP, EngineError, load_lp, run
from placement.heuristics import solve_greedy
from placement.patterns.bound import PatternBound
from placement.patterns.branch_and_price import Relaxed, groups_of
from placement.patterns.certificate import (
    FINE,
    UNIT,
    NodeDomain,
    Prices,
    capacity_values,
    certify,
    domain_total,
    machine_costs,
    mode_values,
)
from placement.patterns.covering import any_domain
from placement.patterns.enumeration import listing, nodes, program
from placement.patterns.enumeration.listing import list_patterns
from placement.patterns.enumeration.nodes import NodeEnumeration
from placement.patterns.enumeration.program import ProgramAnswer, WholeProgram
from placement.patterns.enumeration.reduced_costs import reduce_domain
from placement.patterns.formulation import DeviceClass, Need, PatternItem, Relaxation, relax
from placement.patterns.grid import fit_grid
from placement.patterns.multiplicity import Multiplicity
from placement.patterns.parameters import PATTERNS
from placement.planner import _packing_of
from placement.recheck_program import recheck
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.parameters import changed
from placement.vector_packing.knapsack import Knapsack
from tests import brute, strategies
from tests.corpus import one_by_one, seeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.compiled.packing import Packing
    from placement.patterns.certificate import Groups
    from placement.patterns.master import Pattern
    from tests.parameters import Change

FAR = 10**9


def random_kind(rng: random.Random) -> DeviceClass:
    """A device class with few items, some of which take nothing of some dimension; on a coarse grid at times."""
    capacity = Need(rng.randint(4, 30), rng.choice([1000, 0]), rng.choice([0, rng.randint(2, 9)]), 0)
    needs = sorted(
        {Need(*(rng.choice([0, rng.randint(0, have)]) for have in capacity)) for _ in range(4)}, reverse=True
    )
    counts = [rng.randint(1, 3) for _ in needs]
    with changed(PATTERNS.grid, states=rng.choice([6, 40, 16_000])):
        return device_class_of(capacity, needs, counts)


def device_class_of(capacity: Need, needs: Sequence[Need], counts: list[int]) -> DeviceClass:
    """That of one pool, with so many of each item at most in a pattern."""
    grid = fit_grid(capacity, needs, counts)
    knapsack = Knapsack(grid.capacity(capacity), [grid.need(need) for need in needs], counts)
    return DeviceClass(0, (), (0,), capacity, tuple(map(PatternItem, needs)), grid, knapsack)


def expected(device_class: DeviceClass, values: list[int | None], least: int) -> set[tuple[tuple[int, int], ...]]:
    """Every content worth enough to which nothing can be added, by trying all."""
    limits = [0 if value is None else limit for value, limit in zip(values, device_class.knapsack.limits, strict=True)]

    def fits(times: tuple[int, ...]) -> bool:
        within = all(t <= limit for t, limit in zip(times, limits, strict=True))
        aggregates = [
            sum(t * need[r] for t, need in zip(times, device_class.needs, strict=True))
            for r in range(len(device_class.capacity))
        ]
        return within and all(total <= have for total, have in zip(aggregates, device_class.capacity, strict=True))

    found = set()
    for times in itertools.product(*(range(limit + 1) for limit in limits)):
        item_values = sum(t * (value or 0) for t, value in zip(times, values, strict=True))
        more = (tuple(t + (k == i) for k, t in enumerate(times)) for i in range(len(times)))
        if fits(times) and item_values >= least and not any(fits(other) for other in more):
            found.add(tuple((i, t) for i, t in enumerate(times) if t))
    return found


@one_by_one(range(120), 24)
def test_all_patterns_worth_enough_are_listed(seed: int) -> None:
    """Just those to which nothing can be added, each once; with a limit that is too low, none."""
    rng = random.Random(seed)
    device_class = random_kind(rng)
    values = [rng.choice([None, 0, rng.randint(1, 9), rng.randint(1, 9)]) for _ in device_class.items]
    least = rng.randint(-2, 20)
    wanted = expected(device_class, values, least)
    found = list_patterns(device_class, device_class.knapsack, values, least, FAR)
    assert found is not None
    assert len(found) == len(wanted)
    assert {tuple(sorted(pattern.items())) for pattern in found} == wanted
    if wanted:
        assert list_patterns(device_class, device_class.knapsack, values, least, len(wanted) - 1) is None


@one_by_one(range(60))
def test_patterns_worth_quintillions_are_listed_to_the_unit(seed: int) -> None:
    """Their values are integers beyond what a float tells apart, and so is the least."""
    rng = random.Random(seed)
    device_class = random_kind(rng)
    values: list[int | None] = [rng.randint(1, 9) * 10**16 + rng.randint(0, 9) for _ in device_class.items]
    some = rng.choice(sorted(expected(device_class, values, 0)))
    least = sum(times * (values[i] or 0) for i, times in some)
    for more in (0, 1):
        found = list_patterns(device_class, device_class.knapsack, values, least + more, FAR)
        assert found is not None
        assert {tuple(sorted(pattern.items())) for pattern in found} == expected(device_class, values, least + more)


def test_many_small_items_keep_a_large_one_out() -> None:
    """One of 6 or four of 2 in a room of 13: four leave 5, so they are a pattern of their own."""
    device_class = device_class_of(Need(13, 0, 0, 0), (Need(6, 0, 0, 0), Need(2, 0, 0, 0)), [1, 4])
    found = list_patterns(device_class, device_class.knapsack, [1, 1], 0, FAR)
    assert found is not None
    assert sorted(sorted(pattern.items()) for pattern in found) == [[(0, 1), (1, 3)], [(1, 4)]]


def test_the_limits_of_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many patterns, entries of tables and value may there be, and no more."""
    device_class = device_class_of(Need(3, 0, 0, 0), [Need(1, 0, 0, 0)], [2])
    assert device_class.knapsack.states == 4

    def listed(most: int = 1) -> list[dict[int, int]] | None:
        return list_patterns(device_class, device_class.knapsack, [5], 0, most)

    assert listed() == [{0: 2}]
    assert listed(0) is None
    for enough in (4 * 2, 4 * 2 - 1):
        with changed(PATTERNS.listing, most_table=enough):
            assert (listed() == [{0: 2}]) == (enough == 4 * 2)
    for enough in (2 * 5 + 1, 2 * 5):
        monkeypatch.setattr(listing, "_FAR", enough)
        assert (listed() == [{0: 2}]) == (enough == 2 * 5 + 1)


def small(seed: int) -> tuple[Fleet, Packing, int] | None:
    """A random problem, an optimal plan, and what its machines cost; None when there is none or it is too big."""
    problem = strategies.random_problem(random.Random(seed))
    best = None if brute.too_big(problem) else brute.cheapest(problem)
    if best is None:
        return None
    fleet = compile_fleet(Problem(**problem))
    packing = _packing_of(fleet, Plan.model_validate(best.plan))
    return fleet, packing, sum(p.price * n for p, n in zip(fleet.pools, paid(fleet, packing), strict=True))


def paid(fleet: Fleet, packing: Packing) -> list[int]:
    """Machines per pool that a plan pays for."""
    counts = [0] * len(fleet.pools)
    for machine in packing.machines:
        counts[machine.pool] += 1
    here = {machine.instance for machine in packing.machines}
    for k, instance in enumerate(fleet.instances):
        counts[instance.pool] += not instance.removable and k not in here
    return [max(n, pool.min_instances) for n, pool in zip(counts, fleet.pools, strict=True)]


def left_out(fleet: Fleet, packing: Packing) -> tuple[int, ...]:
    """Optional copies that a plan leaves out, per level."""
    incumbent = Incumbent(fleet, Budget())
    incumbent.offer(packing, "test")
    return incumbent.best[1].left_out if incumbent.best is not None else ()


def random_prices(relaxation: Relaxation, rng: random.Random, most: int) -> Prices:
    """Any prices, of the size of machines' prices; few are good."""
    return Prices(
        coverage=[
            [rng.randrange(-most // 4, most) for _ in device_class.items] for device_class in relaxation.device_classes
        ],
        capacity=[rng.randrange(most) for _ in relaxation.device_classes],
        on_one={key: rng.choice([0, rng.randrange(most) * 2**32]) for key in relaxation.on_one},
        level=[rng.randrange(most) * 2**32 for _ in relaxation.fleet.levels],
    )


def copies_by_way(relaxation: Relaxation, packing: Packing) -> list[int]:
    """Copies of a plan by each mode."""
    index = {(mode.component, mode.option, mode.pool): w for w, mode in enumerate(relaxation.modes)}
    found = [0] * len(relaxation.modes)
    for machine in packing.machines:
        for seat in machine.seats:
            found[index[seat.component, seat.option, machine.pool]] += 1
    return found


def contents_of(relaxation: Relaxation, packing: Packing) -> list[tuple[int, Counter[int]]]:
    """What a plan has on each accelerator (or machine with at most one) that no copy owns, with its device class."""
    modes = {(mode.component, mode.option, mode.pool): mode for mode in relaxation.modes}
    found = []
    for machine in packing.machines:
        q = relaxation.class_of[machine.pool]
        on: dict[int, Counter[int]] = {a: Counter() for a in range(relaxation.devices(machine.pool))}
        alone = False
        for seat in machine.seats:
            mode = modes[seat.component, seat.option, machine.pool]
            alone = alone or mode.parts > 0
            for a in seat.accelerators or (0,):
                if mode.item is not None:
                    on[a][mode.item] += 1
                elif mode.owns:
                    on.pop(a)
        if not alone:
            found += [(q, content) for content in on.values()]
    return found


def check_plan_is_left(seed: int) -> bool:
    """What no plan within some money can have, an optimal plan of that much money has not; False: no such case."""
    case = small(seed)
    if case is None:
        return False
    fleet, packing, cutoff = case
    rng = random.Random(seed)
    given = left_out(fleet, packing) if fleet.levels else None
    relaxation = relax(fleet, given)
    groups = groups_of(fleet)
    domain: NodeDomain = any_domain(fleet, groups)
    counts, copies = paid(fleet, packing), copies_by_way(relaxation, packing)
    for _ in range(4):
        prices = random_prices(relaxation, rng, 2**20 * max(1, max(p.price for p in fleet.pools)))
        prices.group = [rng.randrange(-FAR, FAR) * 2**32 for _ in groups]
        reduced = reduce_domain(relaxation, groups, prices, capacity_values(relaxation, prices), domain, cutoff)
        assert reduced is not None, f"seed {seed}: the box is called empty"
        limits = zip(reduced.fewest, counts, reduced.most, strict=False)
        assert all(low <= n <= high for low, n, high in limits), f"seed {seed}: machines"
        assert all(n <= most for n, most in zip(copies, reduced.copies, strict=True)), f"seed {seed}: copies"
        for q, content in contents_of(relaxation, packing):
            least, values = reduced.least[q], reduced.items[q]
            assert least is not None, f"seed {seed}: a kind in use"
            assert all(values[i] is not None for i in content), f"seed {seed}: an item in use"
            assert sum((values[i] or 0) * times for i, times in content.items()) >= least, f"seed {seed}: a content"
        patterns = []
        for device_class in relaxation.device_classes:
            least = reduced.least[device_class.index]
            if least is not None:
                found = (
                    list_patterns(device_class, device_class.knapsack, reduced.items[device_class.index], least, FAR)
                    or []
                )
                patterns += [(device_class.index, tuple(sorted(pattern.items()))) for pattern in found]
        answer = WholeProgram(relaxation, groups, domain, reduced, patterns).solve(cutoff, Budget(), 1000)
        assert answer.bound is not None, f"seed {seed}: the program has no solution"
        assert answer.bound <= cutoff, f"seed {seed}: the program's bound"
    return True


@seeds(range(260), 8)
def test_an_optimal_plan_is_never_ruled_out(seeds: range) -> None:
    """At any prices: neither by reduced costs nor by the program over the patterns that they leave."""
    assert sum(check_plan_is_left(seed) for seed in seeds) > 60 * len(seeds) / 260


def fixed(domain: NodeDomain, k: int, n: int) -> NodeDomain:
    """The node with one count given."""
    return NodeDomain(
        (*domain.fewest[:k], n, *domain.fewest[k + 1 :]),
        (*domain.most[:k], n, *domain.most[k + 1 :]),
        domain.aggregates,
    )


def above_the_cheapest(
    relaxation: Relaxation, prices: Prices, capacity: list[int], item_values: tuple[int, ...], aggregates: Iterable[int]
) -> list[int]:
    """(modes,) what a copy pays more than its component does at best: in its zone, or for what it serves."""
    every = mode_values(relaxation, prices, capacity, item_values, aggregates)
    value_of = dict(zip(relaxation.modes, every, strict=True))
    found = []
    for mode in relaxation.modes:
        component = relaxation.fleet.components[mode.component]
        modes = relaxation.modes_of[mode.component]
        own = {other: value_of[other] for other in modes}
        if component.dedicated and not component.demand:
            found.append(0)
        elif not component.demand:
            found.append(own[mode] - min(value for other, value in own.items() if other.zone == mode.zone))
        else:
            rate = min(Fraction(value, other.throughput) for other, value in own.items())
            by_number, by_rate = component.required * min(own.values()), component.demand * rate
            found.append(own[mode] - (min(own.values()) if by_number > by_rate else math.ceil(rate * mode.throughput)))
    return found


@one_by_one(range(90))
def test_the_slack_leaves_just_what_it_pays_for(seed: int) -> None:
    """Each count by itself: it may be what keeps the node's bound within the cutoff, and nothing else."""
    rng = random.Random(seed)
    problem = strategies.random_problem(rng)
    for row in problem["components"]:
        row["dedicated"] = row.get("dedicated", False) or (seed % 3 == 0 and rng.random() < 0.5)
    fleet = compile_fleet(Problem(**problem))
    relaxation, groups = relax(fleet, tuple(1 for _ in fleet.levels) or None), groups_of(fleet)
    dearest = max(1, max(pool.price for pool in fleet.pools))
    prices = random_prices(relaxation, rng, 2**20 * dearest)
    prices.group = [rng.randrange(-dearest, dearest) * UNIT // 2 for _ in groups]
    prices.aggregates = {
        s: rng.randrange(-dearest, dearest) * UNIT // 7 for s in range(len(relaxation.aggregates)) if seed % 2
    }
    aggregates = {s: (0, rng.randint(1, 3)) for s in prices.aggregates if rng.random() < 0.7}
    knapsacks = [
        device_class.knapsack.with_limits([rng.randint(0, n) for n in device_class.knapsack.limits])
        for device_class in relaxation.device_classes
    ]
    capacity = capacity_values(relaxation, prices, knapsacks)
    whole = any_domain(fleet, groups)
    domain = NodeDomain(whole.fewest, whole.most, aggregates)
    cut = certify(relaxation, prices, capacity, aggregates)
    costs = machine_costs(fleet, cut, groups, prices.group)
    bound = domain_total(cut, costs, domain)
    cutoff = -(-bound // UNIT) + rng.choice([0, 1, dearest // 3, 2 * dearest])
    slack = cutoff * UNIT - bound
    found = reduce_domain(relaxation, groups, prices, capacity, domain, cutoff)
    assert found is not None
    assert reduce_domain(relaxation, groups, prices, capacity, domain, -(-bound // UNIT) - 1) is None
    for k, (low, high) in enumerate(zip(domain.fewest, domain.most, strict=True)):
        within = [n for n in range(low, high + 1) if domain_total(cut, costs, fixed(domain, k, n)) <= cutoff * UNIT]
        assert (found.fewest[k], found.most[k]) == (min(within), max(within))
    items: dict[tuple[int, int], int] = {}
    more = above_the_cheapest(relaxation, prices, capacity, cut.coefficients, aggregates)
    for mode, cost, most in zip(relaxation.modes, more, found.copies, strict=True):
        copies = range(fleet.components[mode.component].copies + 1)
        assert most == (max(n for n in copies if n * cost <= slack) if found.most[mode.pool] else 0)
        if most and mode.device_class is not None and mode.item is not None:
            value = prices.coverage[mode.device_class][mode.item] - cost // FINE
            items[mode.device_class, mode.item] = max(0, value, items.get((mode.device_class, mode.item), 0))
    for device_class in relaxation.device_classes:
        q, needed = device_class.index, [p for p in device_class.pools if found.most[p]]
        assert found.items[q] == tuple(items.get((q, i)) for i in range(len(device_class.items)))
        first = [0 if found.fewest[p] else max(0, costs[p]) for p in needed]
        assert found.least[q] == (capacity[q] - (slack - min(first)) // FINE if needed else None)


def check_bound(seed: int) -> int:
    """With a plan to beat the bound settles nodes, and is never above the optimum; how many programs that took."""
    case = small(seed)
    if case is None:
        return 0
    fleet, packing, _ = case
    budget = Budget()
    incumbent = Incumbent(fleet, budget)
    incumbent.offer(packing, "test")
    assert incumbent.best is not None
    bound = PatternBound(Solve(fleet, incumbent, budget), incumbent.best[1].left_out if fleet.levels else None)
    bound.run(nodes=100)
    assert bound.ticks <= incumbent.best[1].ticks, f"seed {seed}: above the optimum"
    assert not bound.infeasible, f"seed {seed}: called infeasible"
    return bound.programs


@seeds(range(1000, 1400), 8)
def test_enumerated_nodes_are_never_above_the_optimum(seeds: range) -> None:
    """Random problems with all rules, each with an optimal plan to beat."""
    assert sum(check_bound(seed) for seed in seeds) > 20 * len(seeds) / 400


@one_by_one(range(80))
def test_no_accelerator_holds_more_copies_than_there_may_be_in_all(seed: int) -> None:
    """Of an item: copies of all that put it there, of an option on one device class within its aggregate."""
    rng = random.Random(seed)
    relaxation = relax(compile_fleet(Problem(**strategies.random_problem(rng))))
    own = {}
    for s, numbers in enumerate(relaxation.aggregates):
        modes = [relaxation.modes[w] for w in numbers]
        if len({mode.device_class for mode in modes}) == 1:
            own[modes[0].component, modes[0].option, modes[0].device_class] = s
    multiplicity = Multiplicity(relaxation)
    aggregates = {s: (0, rng.randint(0, 3)) for s in range(len(relaxation.aggregates)) if rng.random() < 0.5}
    for within in ({}, aggregates):
        found = multiplicity.limits(within)
        for device_class in relaxation.device_classes:
            for i, limit in enumerate(device_class.knapsack.limits):
                users = {
                    (w.component, w.option)
                    for w in relaxation.modes
                    if (w.device_class, w.item) == (device_class.index, i)
                }
                most = 0
                for c, o in users:
                    copies, s = relaxation.fleet.components[c].copies, own.get((c, o, device_class.index), -1)
                    most += min(copies, within[s][1]) if s in within else copies
                assert found[device_class.index][i] == min(limit, most)


def halves(dear: float = 3.5, **more: Any) -> Fleet:
    """Three copies fill one and a half accelerators, on both types, and one more copy fills the two halves: not whole.

    Whole machines alone, one of each type, 3 + 3.5 dollars, are what the tree comes to.
    """

    def component(name: str, copies: int, memory: int, accelerators: list[str]) -> dict[str, object]:
        option = {"accelerators": 1, "accelerator_memory_gib": memory, "shared": True, "on": accelerators}
        return {"name": name, "copies": copies, "options": [option]}

    types = {
        name: {"accelerator": name, "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": price}
        for name, price in (("X", 3), ("Y", dear))
    }
    problem = Problem(
        accelerators={name: {"memory_gib": 10} for name in types},
        instance_types=types,
        pools=[{"name": name, "instance_type": name, "zone": "a"} for name in types],
        components=[component("a", 3, 5, ["X"]), component("b", 3, 5, ["Y"]), component("c", 1, 10, ["X", "Y"])],
        **more,
    )
    return compile_fleet(problem)


def wide_copies() -> Fleet:
    """Up to three copies, each on two of four accelerators with room for four."""
    shape = {"accelerator": "A", "accelerator_count": 4, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    wide = {"name": "wide", "copies": 3, "accelerators": 2, "accelerator_memory_gib": 1, "shared": True}
    problem = Problem(
        accelerators={"A": {"memory_gib": 4}},
        instance_types={"t": shape},
        pools=[{"name": "p", "instance_type": "t", "zone": "a"}],
        components=[wide],
    )
    return compile_fleet(problem)


def test_copies_that_patterns_count_twice() -> None:
    """One whole copy on two accelerators stands twice on each of three, by patterns: one copy and a half too many."""
    relaxation = relax(wide_copies())
    multiplicity, mode, s = Multiplicity(relaxation), relaxation.modes[0], 0
    assert mode.device_class is not None
    assert mode.item is not None
    most = multiplicity.limits({})
    assert (relaxation.aggregates, most) == (((0,),), ((3,),))
    twice, once = (mode.device_class, ((mode.item, 2),)), (mode.device_class, ((mode.item, 1),))
    none = [0.0] * len(relaxation.aggregates)

    def saved(copies: float, *patterns: tuple[Pattern, float]) -> float:
        found = multiplicity.repeated([*none[:s], copies, *none[s + 1 :]], most, patterns)
        assert len(found) == len(none)
        return found[s]

    assert saved(1, (twice, 3.0)) == 1.5
    assert saved(1, (twice, 1.0), (once, 1.0), (twice, 2.0)) == 1.5
    assert saved(0, (twice, 1.0), (once, 1.0)) == 1.5
    assert saved(1.4, (twice, 3.0)) == 0  # not whole: another branch
    assert saved(3, (twice, 3.0)) == 0
    assert saved(1, (twice, 1e-7)) == 0
    assert saved(1) == 0


def test_settling_proves_what_the_tree_can_not() -> None:
    """The bound is the optimum, three machines; with no plan to beat nothing is settled, and it proves but two."""
    fleet = halves()
    for plan, dollars in ((False, 6.5), (True, 9.5)):
        budget = Budget()
        incumbent = Incumbent(fleet, budget)
        if plan:
            solve_greedy(Solve(fleet, incumbent, budget))
        bound = PatternBound(Solve(fleet, incumbent, budget))
        bound.run()
        assert bound.bound == dollars * 10**6
        assert bool(bound.programs) == plan


def test_too_many_patterns_are_left_to_the_tree(parameters: Change) -> None:
    """A node whose patterns are too many is passed over, and later ones of such a gap are not even tried."""
    fleet = halves()
    incumbent = Incumbent(fleet, Budget())
    solve_greedy(Solve(fleet, incumbent, Budget()))
    bound = PatternBound(Solve.of(fleet))
    parameters(PATTERNS.enumeration, most_patterns=1)
    settling = NodeEnumeration(bound.relaxation, groups_of(fleet), Multiplicity(bound.relaxation))
    prices = prices_of_nothing(bound.relaxation, groups_of(fleet))
    relaxed = Relaxed(0, (), feasible=True, prices=prices)
    knapsacks = [device_class.knapsack for device_class in bound.relaxation.device_classes]
    domain = any_domain(fleet, groups_of(fleet))
    assert settling.enumerate_node(domain, relaxed, knapsacks, 10**8, Budget()) is None
    # Knapsacks would be missed if it were tried.
    assert settling.enumerate_node(domain, relaxed, [], 10**8, Budget()) is None
    assert settling.programs == 0


def test_after_too_many_patterns_nodes_of_a_smaller_gap_are_tried(
    parameters: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of less than seven tenths of what was too much; each node that is passed over makes that a little more."""
    parameters(PATTERNS.enumeration, narrower=0.7, wider=1.02, most_patterns=0)
    fleet, tried = halves(), list[int]()
    enumeration = enumeration_of(fleet)

    def noted(*what: Any) -> object:
        tried.append(what[-1] - 100)
        return reduce_domain(*what)

    monkeypatch.setattr(nodes, "reduce_domain", noted)
    for gap, limits in (
        (10_000_000, [10_000_000]),  # too many: less than 7,000,000 may do
        (7_000_000, []),  # then less than 7,140,001 may
        (7_140_001, []),  # then less than 7,282,802 may
        (7_282_801, [7_282_801]),
    ):
        tried.clear()
        assert node_of(fleet, 100 + gap, by=enumeration) is None
        assert tried == limits
    tried.clear()
    assert node_of(fleet, 100 + 2_449_999, by=enumeration) is not None  # nothing can be paid
    assert tried == [2_449_999]


def test_an_engine_that_fails_leaves_the_box_to_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS gave up on programs of a dozen columns in a random test: then the bound is what it is without them."""

    def fail(_: object) -> None:
        raise EngineError("Solve error")

    monkeypatch.setattr(highs, "run_for_proof", fail)
    fleet = halves()
    incumbent = Incumbent(fleet, Budget())
    solve_greedy(Solve(fleet, incumbent, Budget()))
    bound = PatternBound(Solve(fleet, incumbent, Budget()))
    bound.run()
    assert bound.programs
    assert bound.bound == 6.5 * 10**6


def prices_of_nothing(relaxation: Relaxation, groups: Groups) -> Prices:
    """At which every pattern is as good as any."""
    classes, levels = relaxation.device_classes, relaxation.fleet.levels
    prices = Prices([[0] * len(one.items) for one in classes], [0] * len(classes))
    prices.level, prices.group = [0 for _ in levels], [0 for _ in groups]
    return prices


def whole_program(
    fleet: Fleet, most: int, given: tuple[int, ...] | None = None, domain: NodeDomain | None = None
) -> WholeProgram:
    """The program over every pattern, for machines of at most so many micro-dollars per hour."""
    relaxation, groups = relax(fleet, given), groups_of(fleet)
    domain = domain or any_domain(fleet, groups)
    prices = prices_of_nothing(relaxation, groups)
    reduced = reduce_domain(relaxation, groups, prices, capacity_values(relaxation, prices), domain, most)
    assert reduced is not None
    patterns: list[Pattern] = []
    for one in relaxation.device_classes:
        values, least = reduced.items[one.index], reduced.least[one.index]
        if least is not None:
            listed = list_patterns(one, one.knapsack, values, least, FAR) or []
            patterns += [(one.index, tuple(sorted(pattern.items()))) for pattern in listed]
    return WholeProgram(relaxation, groups, domain, reduced, patterns)


def of_halves() -> WholeProgram:
    """The program of `halves`: machines cost 6 and 7 steps of half a dollar."""
    return whole_program(halves(), 30_000_000)


@seeds(range(2000, 2200), 35)
def test_the_program_over_all_patterns_comes_to_the_optimum_of_most_small_problems(seeds: range) -> None:
    """A rule that it left out would show. Nothing runs in these, and three of 100 need more than it knows.

    What is written down for others says the same.
    """
    met = asked = 0
    for seed in seeds:
        case = small(seed)
        if case is None or case[0].places:
            continue
        fleet, packing, rent = case
        made = whole_program(fleet, rent, left_out(fleet, packing) if fleet.levels else None)
        bound = made.solve(rent, Budget(), 1000).bound
        assert bound is not None, f"seed {seed}: an optimal plan is called none"
        assert bound <= rent, f"seed {seed}: above the optimum"
        asked += 1
        if bound == rent:
            met += 1
            assert not rent or made.solve(rent - 1, Budget(), 1000).bound is None
            if seed % 3 == 0:
                assert recheck("CP-SAT", made.to_mps(rent)).startswith("contradicted")
                assert recheck("CP-SAT", made.to_mps(rent - 1)).startswith("confirmed")
    assert asked > 3 * len(seeds) // 10
    assert asked - met <= 1 + len(seeds) // 100


def test_the_last_digits_of_a_verdict_are_asked_for_one_by_one(parameters: Change) -> None:
    """Cheaper by less than an engine tells apart: each machine count is a program of its own."""
    any_between = getattr(of_halves(), "_any_between")  # noqa: B009 - one argument alone
    there = [steps for steps in range(34) if any_between(steps, steps, Budget())]
    assert there == [19, 20, 25, 26, 27, 31, 32, 33]  # 6 a + 7 b for at least three machines, one of each
    for least, most, answer in ((0, 18, False), (18, 19, True), (19, 20, True), (21, 24, False), (28, 30, False)):
        assert any_between(least, most, Budget()) is answer
    assert any_between(0, 20, Budget()) is True  # though the first counts of so much are none
    parameters(PATTERNS.program, most_counts=1)
    assert any_between(26, 26, Budget()) is True


def test_money_in_two_halves_is_exact(parameters: Change) -> None:
    """Each number of steps by itself, and one of seven digits; more at night, below."""
    parameters(PATTERNS.program, most_counts=0, last_digits=1.0)
    any_between = getattr(of_halves(), "_any_between")  # noqa: B009 - one argument alone
    assert [n for n in range(34) if any_between(n, n, Budget())] == [19, 20, 25, 26, 27, 31, 32, 33]
    assert any_between(21, 24, Budget()) is False
    any_between = getattr(whole_program(halves(3.500017), 30_000_000), "_any_between")  # noqa: B009
    assert any_between(9_500_017, 9_500_017, Budget()) is True
    assert any_between(9_500_018, 9_501_017, Budget()) is False


@pytest.mark.slow
def test_last_digits_that_too_many_machine_counts_have_are_asked_for_in_two_halves(parameters: Change) -> None:
    """Money is in two rows of small numbers, which carry from one to the other; what they say is exact."""
    parameters(PATTERNS.program, most_counts=0, last_digits=1.0)
    any_between = getattr(of_halves(), "_any_between")  # noqa: B009 - one argument alone
    there = {19, 20, 25, 26, 27, 31, 32, 33}  # as above
    for least, most in itertools.combinations_with_replacement(range(34), 2):
        assert any_between(least, most, Budget()) is bool(there.intersection(range(least, most + 1))), (least, most)
    any_between = getattr(whole_program(halves(3.500017), 30_000_000), "_any_between")  # noqa: B009
    for n in (9_500_017, 10_000_034, 12_500_017, 13_000_034, 13_500_051):  # 2 + 1 machines, 1 + 2, 3 + 1, ...
        assert any_between(n, n, Budget()) is True
        assert any_between(n - 1_000, n - 1, Budget()) is False
        assert any_between(n + 1, n + 1_000, Budget()) is False
        assert any_between(n - 500, n + 500, Budget()) is True
    parameters(PATTERNS.program, most_counts=0, last_digits=1e-7)
    assert any_between(n, n + 1, Budget()) is True
    assert any_between(n, n + 2, Budget()) is None  # more than the last digits


def test_an_engine_is_asked_within_the_tightest_tolerances_and_what_is_left_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To the last step of half a dollar, and without a limit on time for as long as it takes."""
    asked: list[dict[str, Any]] = []

    def noted(lp: highspy.HighsLp, budget: Budget, **options: Any) -> object:
        asked.append({**options, "seconds": budget.left()})
        return load_lp(lp, budget, **options)

    monkeypatch.setattr(highs, "load_lp", noted)
    for budget, gap in ((Budget(), 0.0), (Budget(1e6), 0.25)):
        asked.clear()
        more: dict[str, Any] = {"gap": gap} if gap else {}
        of_halves().solve(30_000_000, budget, 200, **more)
        assert getattr(of_halves(), "_any_between")(26, 26, budget) is True  # noqa: B009 - one argument alone
        assert (asked[0]["mip_rel_gap"], asked[0]["mip_abs_gap"]) == (gap, 0.2)
        for options, most in ((asked[0], 200), (asked[-1], PATTERNS.program.nodes)):
            assert options.items() >= SHARP.items()
            assert (options["mip_max_nodes"], options["mip_detect_symmetry"]) == (most, False)
            assert math.isfinite(options["seconds"]) == math.isfinite(budget.left())
            assert budget.left() <= options["seconds"] <= (budget.seconds or math.inf)


def test_an_engine_that_refuses_a_program_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise EngineError("HiGHS refused the model")

    monkeypatch.setattr(highs, "load_lp", refuse)
    assert of_halves().solve(30_000_000, Budget(), 200) == ProgramAnswer(0)
    assert getattr(of_halves(), "_any_between")(26, 26, Budget()) is None  # noqa: B009 - one argument alone


@pytest.mark.parametrize("there", [True, False, None])
def test_last_digits_that_are_not_known_to_be_free_are_no_proof(
    *, there: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine's tolerance hides one step: of those that cost just so much there may be one, or none, or who knows."""
    asked: list[tuple[int, int]] = []

    def any_between(_: object, least: int, most: int, budget: Budget) -> bool | None:
        assert not budget.over()
        asked.append((least, most))
        return there

    monkeypatch.setattr(WholeProgram, "_any_between", any_between)
    monkeypatch.setattr(program, "none_up_to", lambda steps, noise: steps)
    none = of_halves().solve(9_000_000, Budget(), 200)
    assert none == {True: ProgramAnswer(0), False: ProgramAnswer(None), None: ProgramAnswer(9_000_000)}[there]
    monkeypatch.setattr(program, "least_steps", lambda steps, noise: round(steps) - 1)
    some = of_halves().solve(30_000_000, Budget(), 200)
    assert (some.bound, some.machines) == (9_500_000 if there is False else 9_000_000, (2, 1))
    assert type(some.bound) is int
    assert asked == [(18, 18), (18, 18)]


def test_a_program_stops_when_it_is_told_or_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    stops: list[Any] = []

    def noted(stop: object, _: object) -> Any:
        stops.append(stop)
        return nullcontext()

    monkeypatch.setattr(highs, "stopped_when", noted)
    over = Budget()
    over.interrupt()
    for budget, until in ((Budget(), False), (Budget(), True), (over, False)):
        stops.clear()
        of_halves().solve(30_000_000, budget, 200, until=partial(bool, until))
        assert stops[0]() is (until or budget is over)


def test_an_engine_that_found_nothing_in_time_has_not_proven_that_there_is_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(highs, "run_for_proof", lambda _: highspy.HighsModelStatus.kTimeLimit)
    assert of_halves().solve(30_000_000, Budget(), 200) == ProgramAnswer(0)
    assert getattr(of_halves(), "_any_between")(26, 26, Budget()) is None  # noqa: B009 - one argument alone


def test_a_run_that_fails_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise EngineError("Solve error")

    monkeypatch.setattr(highs, "run_for_proof", fail)
    assert of_halves().solve(30_000_000, Budget(), 200) == ProgramAnswer(0)
    assert getattr(of_halves(), "_any_between")(26, 26, Budget()) is None  # noqa: B009 - one argument alone


def test_what_was_proven_in_time_is_a_bound_without_a_solution(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 9 dollars are, in steps of half a dollar, nine and a half; and never more than was asked about."""
    info = SimpleNamespace(mip_dual_bound=9.2, primal_solution_status=highspy.SolutionStatus.kSolutionStatusNone)
    monkeypatch.setattr(highs, "load_lp", lambda *_, **__: SimpleNamespace(getInfo=lambda: info))
    monkeypatch.setattr(highs, "run_for_proof", lambda _: highspy.HighsModelStatus.kTimeLimit)
    answer = of_halves().solve(30_000_000, Budget(), 200)
    assert (answer, type(answer.bound)) == (ProgramAnswer(9_500_000), int)
    info.mip_dual_bound = 1e9
    assert of_halves().solve(9_000_000, Budget(), 200) == ProgramAnswer(9_000_000)


def test_a_presolve_that_lies_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says of each program that there is no solution; those without presolve find the cheapest counts."""
    told: list[str] = []

    def lying(solver: highspy.Highs) -> highspy.HighsModelStatus:
        told.append(str(solver.getOptionValue("presolve")[1]))
        return run(solver) if told[-1] == "off" else highspy.HighsModelStatus.kInfeasible

    monkeypatch.setattr(highs, "run", lying)
    answer = of_halves().solve(30_000_000, Budget(), 200)
    assert (answer.bound, answer.machines) == (9_500_000, (2, 1))
    assert getattr(of_halves(), "_any_between")(26, 26, Budget()) is True  # noqa: B009 - one argument alone
    assert told == ["choose", "off"] * 2


def test_a_limit_over_pools_is_a_row_of_the_program() -> None:
    """One of the cheaper machines and two of the others."""
    fleet = halves(limits=[{"name": "team", "pools": ["X"], "max_instances": 1}])
    answer = whole_program(fleet, 30_000_000).solve(30_000_000, Budget(), 200)
    assert (answer.bound, answer.machines) == (10_000_000, (1, 2))


@pytest.mark.parametrize("wanted", [{"copies": 4}, {"demand": 4}], ids=["copies", "demand"])
def test_what_the_loss_of_a_pool_leaves_is_a_row_of_the_program(wanted: dict[str, int]) -> None:
    """Two copies in each of two pools, though the first is cheaper: of four, two must be left. The third has none."""
    option = {"accelerators": 1, "accelerator_memory_gib": 10, "throughput": 1}
    problem = Problem(
        accelerators={"X": {"memory_gib": 10}},
        instance_types={
            "X": {"accelerator": "X", "accelerator_count": 1, "vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
        },
        pools=[
            {"name": "cheap", "instance_type": "X", "zone": "a"},
            {"name": "dear", "instance_type": "X", "zone": "a", "price_per_hour": 3},
            {"name": "dearest", "instance_type": "X", "zone": "a", "price_per_hour": 4},
        ],
        components=[{"name": "m", "options": [option], "min_available_on_pool_loss": 2, **wanted}],
    )
    answer = whole_program(compile_fleet(problem), 30_000_000).solve(30_000_000, Budget(), 200)
    assert (answer.bound, answer.machines, answer.copies) == (8_000_000, (2, 2, 0), (2, 2, 0))


def test_limits_on_sums_of_copies_are_rows_of_the_program() -> None:
    """Two wide copies, which fill a machine each: one, both, or none of them on the cheaper type."""
    option = {"accelerators": 2, "accelerator_memory_gib": 10, "shared": True}
    types = {
        name: {"accelerator": name, "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": price}
        for name, price in (("X", 3), ("Y", 4))
    }
    problem = Problem(
        accelerators={name: {"memory_gib": 10} for name in types},
        instance_types=types,
        pools=[{"name": name, "instance_type": name, "zone": "a"} for name in types],
        components=[{"name": "m", "copies": 2, "options": [option]}],
    )
    fleet = compile_fleet(problem)
    relaxation = relax(fleet, None)
    sums = [{relaxation.modes[w].pool for w in modes} for modes in relaxation.aggregates]
    for n, bound in ((0, 8_000_000), (1, 7_000_000), (2, 6_000_000)):
        domain = replace(any_domain(fleet), aggregates={sums.index({0}): (n, n)})
        answer = whole_program(fleet, 30_000_000, domain=domain).solve(30_000_000, Budget(), 200)
        assert (answer.bound, answer.machines) == (bound, (n, 2 - n))


def test_what_tolerances_may_hide_is_counted_for_all_that_a_solution_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three machines, seven copies, six accelerators: a billionth of a dollar each, in steps of half a dollar."""
    noises: list[float] = []

    def least_steps(steps: float, noise: float) -> int:
        noises.append(noise)
        return round(steps)

    monkeypatch.setattr(program, "least_steps", least_steps)
    whole_program(halves(), 30_000_000, domain=NodeDomain((0, 0), (2, 1), {})).solve(30_000_000, Budget(), 200)
    assert noises[0] == pytest.approx(1e-9 * (2 * 3 + 7 + 6) / 0.5)  # machines twice: each may hold a copy alone


def test_a_program_begins_at_the_solution_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(highs, "begin_at", lambda *what: begun.append(what))
    made, at = of_halves(), [1.0, 2.0]
    made.solve(30_000_000, Budget(), 200)
    assert begun == []
    made.solve(30_000_000, Budget(), 200, start=at)
    ((solver, given),) = begun
    assert isinstance(solver, highspy.Highs)
    assert given is at


def test_the_program_proves_the_cheapest_counts_and_none_below() -> None:
    answer = of_halves().solve(30_000_000, Budget(), 200)
    assert (answer.bound, answer.machines, sum(answer.copies)) == (9_500_000, (2, 1), 7)
    assert 0 < sum(answer.amounts) <= 6
    assert {type(n) for n in (*answer.machines, *answer.copies, *answer.amounts, answer.bound)} == {int}
    assert of_halves().solve(9_500_000, Budget(), 200).bound == 9_500_000
    assert of_halves().solve(9_499_999, Budget(), 200).bound is None
    assert of_halves().most_rent == 26_000_000
    assert of_halves().to_mps(9_500_000).startswith("NAME patterns")


@pytest.mark.parametrize("empty", [True, False])
def test_a_node_without_plans_within_the_gap_has_nothing_to_branch_on(
    *, empty: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one with too many patterns nothing is said."""
    relaxation = relax(halves())
    domain = any_domain(relaxation.fleet, groups_of(relaxation.fleet))
    relaxed = Relaxed(100, (1.5,), feasible=True, prices=random_prices(relaxation, random.Random(1), 9))
    enumeration, limits = NodeEnumeration(relaxation, (), Multiplicity(relaxation)), list[int]()

    def reduced(*what: Any) -> object:
        limits.append(what[-1])
        return None if empty else object()

    monkeypatch.setattr(nodes, "reduce_domain", reduced)
    monkeypatch.setattr(NodeEnumeration, "_list", lambda *_: None)  # too many patterns
    knapsacks = [one.knapsack for one in relaxation.device_classes]
    found = enumeration.enumerate_node(domain, relaxed, knapsacks, 200, Budget())
    assert limits == [200]
    assert found == (Relaxed(201, (), feasible=False) if empty else None)


def enumeration_of(fleet: Fleet) -> NodeEnumeration:
    """As a bound makes it."""
    relaxation = relax(fleet)
    return NodeEnumeration(relaxation, groups_of(fleet), Multiplicity(relaxation))


def node_of(
    fleet: Fleet, cutoff: int, domain: NodeDomain | None = None, by: NodeEnumeration | None = None
) -> Relaxed | None:
    """What listing says of a node of which prices prove 100 micro-dollars."""
    relaxation, groups = relax(fleet), groups_of(fleet)
    relaxed = Relaxed(100, (1.5,), feasible=True, prices=prices_of_nothing(relaxation, groups))
    knapsacks, enumeration = [one.knapsack for one in relaxation.device_classes], by or enumeration_of(fleet)
    return enumeration.enumerate_node(domain or any_domain(fleet, groups), relaxed, knapsacks, cutoff, Budget())


def test_a_node_tells_its_cheapest_machines_and_what_the_engine_was_asked() -> None:
    """In micro-dollars: that nothing is cheaper than 9.500003 is the program for at most one less, beside one move."""
    more = {
        "instances": [{"id": "i", "pool": "X", "state": "draining"}],
        "placements": [{"component": "a", "instance": "i", "accelerators": [0]}],
        "objective": {"horizon_hours": 2, "move_cost": 0.25},
    }
    fleet = halves(3.500003, **more)
    for cutoff, counts in ((30_000_000, (2.0, 1.0)), (9_500_002, ())):
        found = node_of(fleet, cutoff)
        assert found is not None
        assert found.verdict is not None
        assert (found.bound, found.counts[:2], found.feasible) == (9_500_003, counts, bool(counts))
        assert (found.verdict.engine, fleet.cost(found.verdict.ticks)) == ("HiGHS", 2 * 9_500_003 + 250_000)
        assert found.verdict.program() == whole_program(fleet, cutoff).to_mps(9_500_002)
        assert found.verdict.about.startswith("machines, copies and patterns of this node")


@pytest.mark.parametrize("machines", [(), (2, 1)])
def test_a_program_that_is_not_solved_raises_the_bound_alone(
    machines: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What prices say of the node stays, with or without a solution that costs more than is proven."""
    fleet = halves()
    answer = ProgramAnswer(9_000_000, machines, (0,) * len(relax(fleet).modes), (0,) * 99)
    monkeypatch.setattr(WholeProgram, "solve", lambda *_: answer)
    found = node_of(fleet, 30_000_000)
    assert found is not None
    assert found.verdict is not None
    assert (found.bound, found.counts, found.feasible) == (9_000_000, (1.5,), True)
    assert found.prices is not None
    assert fleet.cost(found.verdict.ticks) == 9_000_000
    monkeypatch.setattr(WholeProgram, "solve", lambda *_: answer._replace(bound=50))
    found = node_of(fleet, 30_000_000)
    assert found is not None
    assert found.bound == 100  # which is proven


def test_a_solution_tells_copies_and_which_of_them_patterns_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """One copy of two, three times on each of two accelerators: two copies too many."""
    fleet = wide_copies()
    monkeypatch.setattr(WholeProgram, "solve", lambda *_: ProgramAnswer(1_000_000, (1,), (1,), (2,)))
    found = node_of(fleet, 9_000_000)
    assert found is not None
    assert (found.aggregates, found.repeated) == ((1.0,), (2.0,))


def test_an_accelerator_that_no_machine_may_bring_leaves_the_others() -> None:
    """None of the first type is allowed; the copy stands on the second."""
    types = {
        name: {"accelerator": name, "accelerator_count": 2, "vcpus": 8, "memory_gib": 8, "price_per_hour": price}
        for name, price in (("X", 3), ("Y", 3.5))
    }
    fleet = compile_fleet(
        Problem(
            accelerators={"X": {"memory_gib": 10}, "Y": {"memory_gib": 20}},
            instance_types=types,
            pools=[{"name": name, "instance_type": name, "zone": "a"} for name in types],
            components=[{"name": "c", "copies": 1, "accelerator_memory_gib": 5, "shared": True}],
        )
    )
    domain = any_domain(fleet, groups_of(fleet))
    none = NodeDomain(domain.fewest, (0, *domain.most[1:]), {})
    found = node_of(fleet, 30_000_000, none)
    assert found is not None
    assert (found.bound, found.counts[:2]) == (3_500_000, (0.0, 1.0))
    answer = whole_program(fleet, 30_000_000, domain=none).solve(30_000_000, Budget(), 200)
    assert (answer.machines, answer.copies) == ((0, 1), (0, 1))


def test_patterns_of_all_accelerators_together_may_be_so_many(parameters: Change) -> None:
    """As many as there are, and with room for one less the node is left to the tree."""
    fleet = halves()
    many = len(whole_program(fleet, 30_000_000).pattern_columns)
    enough, short = enumeration_of(fleet), enumeration_of(fleet)
    for programs in (1, 2):
        parameters(PATTERNS.enumeration, most_patterns=many)
        assert node_of(fleet, 30_000_000, by=enough) is not None
        parameters(PATTERNS.enumeration, most_patterns=many - 1)
        assert node_of(fleet, 30_000_000, by=short) is None
        assert (enough.programs, short.programs) == (programs, 0)


def test_copies_that_a_node_does_not_allow_make_no_pattern_dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best pattern of an accelerator is that of the node."""
    relaxation, asked = relax(halves()), list[Any]()
    prices = random_prices(relaxation, random.Random(1), 9)
    knapsacks = [one.knapsack.with_limits([1] * len(one.items)) for one in relaxation.device_classes]
    monkeypatch.setattr(nodes, "reduce_domain", lambda *what: asked.append(what))
    domain = any_domain(relaxation.fleet, ())
    relaxed = Relaxed(100, (1.5,), feasible=True, prices=prices)
    NodeEnumeration(relaxation, (), Multiplicity(relaxation)).enumerate_node(domain, relaxed, knapsacks, 200, Budget())
    assert asked[0][3] == capacity_values(relaxation, prices, knapsacks) != capacity_values(relaxation, prices)


def test_a_pool_that_costs_too_much_does_not_drown_the_others() -> None:
    """Half a thousand million dollars beside three: settled nodes still tell 3 from 3.000001."""
    document = {
        "instance_types": {
            "dear": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 5e8},
            "cheap": {"vcpus": 2, "memory_gib": 8, "price_per_hour": 3.000001},
            "odd": {"vcpus": 2, "memory_gib": 8, "price_per_hour": 3},
        },
        "pools": [{"name": name, "instance_type": name, "zone": "z"} for name in ("dear", "cheap", "odd")],
        "components": [{"name": "a", "copies": 3, "accelerators": 0, "vcpus": 1.5}],
    }
    document["pools"][2]["max_instances"] = 2  # type: ignore[index]
    result = placement.solve(Problem(**document), "column-generation", work=10, time_limit=None)
    assert (result.status, result.cost, result.bound) == (placement.Status.OPTIMAL, 9_000_001, 9_000_001)
