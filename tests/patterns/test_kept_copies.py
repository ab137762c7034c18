"""The bound with what runs now: never above the optimum, whatever prices and rewards, and as high as its LP."""

from __future__ import annotations

import math
import random
from collections import Counter
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from placement import Problem, check_certificate
from placement.check_certificate import running_cost
from placement.compiled.fleet import Fleet, compile_fleet
from placement.patterns.bound import NAME_KEPT, PatternBound
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import FINE, SCALE, UNIT, NodeDomain, Prices, capacity_values
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.parameters import PATTERNS
from placement.patterns.running.kept_copies import KeptCopiesBound
from placement.patterns.running.seat_contents import by_place, fill_seats
from placement.patterns.running.state import Resident, RunningSeat, RunningState, _least
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.units import MICRO
from placement.vector_packing.knapsack import Knapsack
from tests import brute, strategies
from tests.certificates.test_search_order import part
from tests.certificates.writing import certificate, prices_of, random_prices
from tests.corpus import first, seeds
from tests.heuristics.fleets import component, document, suite

if TYPE_CHECKING:
    from tests.parameters import Change

MOVES = (0.01, 0.5, 2, 5, 20, 100, 1e5)  # dollars a move
SOME = range(20_000, 20_400)


def running(seed: int) -> tuple[Fleet, brute.Best] | None:
    """A random problem where copies run and moves cost anything, with its optimum."""
    rng = random.Random(seed)
    problem = strategies.random_problem(rng)
    if not problem.get("placements") or brute.too_big(problem):
        return None
    problem["objective"] = {"move_cost": rng.choice(MOVES), "horizon_hours": rng.choice((0.25, 1, 1.7, 24))}
    if rng.random() < 0.8:
        for row in problem["components"]:
            row.pop("move_cost", None)
    best = brute.cheapest(problem)
    return None if best is None else (compile_fleet(Problem(**problem)), best)


@pytest.fixture
def _any_stake(parameters: Change) -> None:
    parameters(PATTERNS.bound, stake=0)


@pytest.mark.usefixtures("_any_stake")
@seeds(SOME, 8)
def test_no_bound_is_above_the_optimum(seeds: range) -> None:
    kept = branched = higher = tight = 0
    for seed in seeds:
        case = running(seed)
        if case is None:
            continue
        fleet, best = case
        for given in (None, tuple(best.left_out.get(level, 0) for level in fleet.levels)):
            bound = PatternBound(Solve.of(fleet), given)
            bound.run(nodes=3)
            assert fleet.cost(bound.ticks) <= best.account.cost, f"seed {seed}, given {given}"
            if bound.kept_copies is not None:
                kept += 1
                with_moves = fleet.cost(bound.kept_copies.ticks)
                higher += with_moves > fleet.cost(fleet.tick_price * bound.bound)
                tight += with_moves == best.account.cost
                check_random_prices(bound.kept_copies, best, seed)
                branched += bound.kept_copies.tree is not None and bound.kept_copies.tree.nodes > 0
    assert branched > 10 * len(seeds) / 400
    assert kept > 60 * len(seeds) / 400
    assert higher > 15 * len(seeds) / 400  # or it is for nothing
    assert tight > 15 * len(seeds) / 400


def check_random_prices(kept_copies: KeptCopiesBound, best: brute.Best, seed: int) -> None:
    """Any prices and rewards prove a bound, of all plans and of those in a node that has the best one."""
    rng, running_state, cost = random.Random(seed), kept_copies.running_state, best.account.cost
    fleet, device_classes = running_state.relaxation.fleet, running_state.relaxation.device_classes
    top = 2 * max(pool.price for pool in fleet.pools) * SCALE
    for _ in range(3):
        coverage = [
            [rng.randint(0, top) if rng.random() < 0.7 else 0 for _ in device_class.items]
            for device_class in device_classes
        ]
        prices = Prices(coverage, [rng.randint(0, top) for _ in device_classes], level=[0] * len(fleet.levels))
        prices.rewards = [
            math.floor(rng.choice((0, rng.random(), 1)) * math.floor(money * SCALE)) for money in running_state.money
        ]
        capacity = [
            max(device_class.knapsack.value(coverage[device_class.index]), prices.capacity[device_class.index])
            for device_class in device_classes
        ]
        seats, _ = fill_seats(running_state, prices, by_place(fleet, prices.rewards), capacity)
        bound = running_state.bound(prices, capacity, seats, any_domain(fleet))
        assert fleet.cost(math.ceil(fleet.tick_price * bound)) <= cost, f"seed {seed}: random prices"
        groups = groups_of(fleet)
        prices.group = [rng.randint(-top, top) * FINE for _ in groups]
        node = node_around(rng, fleet, best)
        bound = running_state.node_bound(prices, capacity, seats, groups, node)
        assert fleet.cost(math.ceil(fleet.tick_price * bound)) <= cost, f"seed {seed}: random prices in a node"


def node_around(rng: random.Random, fleet: Fleet, best: brute.Best) -> NodeDomain:
    """Random ranges of machine counts, with those of a plan in them."""
    machines = Counter(row["pool"] for row in best.plan["instances"])
    counts = [machines[pool.name] for pool in fleet.pools]
    counts += [sum(counts[p] for p in group) for group in groups_of(fleet)]
    return NodeDomain(
        tuple(max(0, n - rng.choice((0, 0, 1, 9))) for n in counts), tuple(n + rng.choice((0, 0, 1, 9)) for n in counts)
    )


def test_machines_of_a_pool_cost_the_least_at_some_count() -> None:
    rng = random.Random(1)
    for _ in range(300):
        saved = sorted((rng.randint(0, 9) for _ in range(rng.randint(0, 4))), reverse=True)
        cost, low = rng.randint(-3, 9), rng.randint(0, 4)
        high = low + rng.randint(0, 4)
        assert _least(cost, low, high, saved) == min(n * cost - sum(saved[:n]) for n in range(low, high + 1))


@seeds(range(20_080, 20_480), 30)
def test_the_bound_is_what_the_checker_makes_of_the_same_prices(seeds: range) -> None:
    """Which shares no line with the library, and rounds up to what a cost can be."""
    checked = dear = 0
    for seed in seeds:
        rng = random.Random(seed)
        problem = strategies.random_problem(rng)
        if not problem.get("placements"):
            continue
        problem["objective"] = {"move_cost": rng.choice(MOVES), "horizon_hours": rng.choice((0.25, 1, 1.7, 24))}
        fleet = compile_fleet(Problem(**problem))
        optional = [sum(c.optional for c in fleet.components if c.level == level) for level in range(len(fleet.levels))]
        given = None if rng.random() < 0.5 else tuple(rng.randint(0, n) for n in optional)
        relaxation = relax(fleet, given)
        running_state, prices = RunningState(relaxation), random_prices(rng, relaxation, ())
        prices.aggregates = {}
        if max((abs(price) for row in prices.coverage for price in row), default=0) >= 2**58:  # of the table's 64 bits
            continue
        assert [m.removable for m in running_state.machines] == [i.removable for i in fleet.instances]
        rewards = [math.floor(rng.choice((0, rng.random(), 1)) * math.floor(m * SCALE)) for m in running_state.money]
        capacity = capacity_values(relaxation, prices)
        seats, _ = fill_seats(running_state, prices, by_place(fleet, rewards), capacity)
        prices.rewards = rewards
        bound = running_state.bound(prices, capacity, seats, any_domain(fleet)) * fleet.tick_price / fleet.tick_move
        compiled = check_certificate.Problem(problem)
        written = certificate(problem, [prices_of(relaxation, prices)], [], {"cost": [0, 1]}, {})["prices"][0]
        leaf = check_certificate.Leaf(compiled, {}, dict(zip(fleet.levels, given or (), strict=False)))
        named = {c.name: reward * FINE for c, reward in zip(fleet.components, rewards, strict=True)}
        theirs = running_cost(compiled, check_certificate.Prices(written, compiled), named, UNIT, leaf)
        # Rewards are shared out over accelerators in coarser parts here: much less than a micro-dollar.
        assert 0 <= theirs - bound <= Fraction(1, fleet.tick_move) + Fraction(1, 1000), f"seed {seed}"
        checked += 1
        dear += bound > 0
    assert checked > len(seeds) / 4
    assert dear > len(seeds) / 7


@pytest.mark.usefixtures("_any_stake")
@pytest.mark.parametrize("money", first([0.5, 100, 20], 2))
def test_the_bound_is_that_of_the_lp(money: float) -> None:
    """Pricing finds every column that matters, and the certificate loses nothing."""
    problem = suite("replan", 20, 2)
    problem["objective"]["move_cost"] = money
    fleet = compile_fleet(Problem(**problem))
    bound = PatternBound(Solve.of(fleet))
    bound.run(nodes=0)
    kept_copies = bound.kept_copies
    assert kept_copies is not None
    assert kept_copies.program is not None
    solution = kept_copies.program.solve(math.inf)  # once more, with the columns of the last round
    assert solution is not None
    assert float(kept_copies.bound) == pytest.approx(solution.value * MICRO, rel=1e-6)


def test_what_can_not_be_kept_and_refilled_costs_a_machine_or_a_move() -> None:
    """Two half-empty machines: one is closed for two moves, or both are paid for. No bound without moves sees that."""
    instances = [{"id": name, "pool": "small-a"} for name in ("one", "two")]
    rows = [{"component": "m", "instance": name, "accelerators": [0]} for name in ("one", "two")]
    for move, cost in ((0.5, 2.5), (3.0, 4.0)):
        model = component("m", 2, 30.0, instance_types=["small"])
        problem = document([model], instances=instances, placements=rows, objective={"move_cost": move})
        fleet = compile_fleet(Problem(**problem))
        incumbent = Incumbent(fleet, Budget())
        bound = PatternBound(Solve(fleet, incumbent, Budget()))
        bound.run()
        assert bound.ticks == round(cost * MICRO) * fleet.tick_move
        assert incumbent.bound_by == NAME_KEPT


def test_a_node_whose_ranges_contradict_each_other_has_no_counts_to_branch_on() -> None:
    """What the engine calls its solution then is none."""
    prices = {"one": 2.0, "two": 2.0, "dear": 3.0}
    pools = [{"name": p, "instance_type": "small", "zone": "a", "price_per_hour": each} for p, each in prices.items()]
    problem = document(
        [component("m", 2, 30.0, instance_types=["small"])],
        pools=pools,
        instances=[{"id": "i", "pool": "one"}],
        placements=[{"component": "m", "instance": "i", "accelerators": [0]}],
        objective={"move_cost": 1},
    )
    fleet = compile_fleet(Problem(**problem))
    groups = groups_of(fleet)
    assert groups == ((0, 1, 2), (0, 1))
    domain = any_domain(fleet, groups)
    kept_copies = KeptCopiesBound(RunningState(relax(fleet)), groups, domain)
    kept_copies.run(Budget(), (), 0)
    assert kept_copies.tree is not None
    contradiction = NodeDomain((0, 0, 0, 3, 0), (2, 2, 0, 9, 2))
    relaxed = part(kept_copies.tree, "_solve")(contradiction, Budget())
    assert (relaxed.counts, relaxed.feasible) == ((), False)


@pytest.mark.slow
def test_prices_that_know_nothing_of_moves_prove_some_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """When time is over with the LP without what runs, its prices are taken at once."""
    problem = suite("replan", 20, 2)
    problem["objective"]["move_cost"] = 20
    fleet = compile_fleet(Problem(**problem))
    found = []
    for _ in range(2):
        bound = PatternBound(Solve.of(fleet))
        bound.run(nodes=1)
        assert bound.kept_copies is not None
        found.append(bound.kept_copies.bound)
        monkeypatch.setattr(KeptCopiesBound, "run", lambda *_: None)  # no time for its own LP
    assert 1.02 * bound.bound < found[1] < found[0]


def test_moves_that_no_plan_avoids_are_paid_for_however_dear() -> None:
    rows = [{"component": "m", "instance": "leaves", "accelerators": [0]}]
    problem = document(
        [component("m", 1, 30.0, instance_types=["small"])],
        instances=[{"id": "leaves", "pool": "small-a", "state": "draining"}],
        placements=rows,
        objective={"move_cost": 1000},
    )
    fleet = compile_fleet(Problem(**problem))
    running_state = RunningState(relax(fleet))
    prices = Prices(
        [[0] * len(device_class.items) for device_class in running_state.relaxation.device_classes],
        [0] * len(running_state.relaxation.device_classes),
    )
    kept_copies = KeptCopiesBound(running_state, (), any_domain(fleet, ()))
    kept_copies.try_prices(prices)
    assert kept_copies.bound == 1000 * MICRO


def test_kept_copies_leave_room_for_others() -> None:
    knapsack = Knapsack((10,), [(4,), (3,)], [1, 5])
    table = knapsack.table([5, 3])
    assert table.tolist() == [0, 0, 0, 3, 5, 5, 6, 8, 8, 9, 11]
    assert knapsack.extend(table, []) == (11, [], [10])
    assert knapsack.extend(table, [(0, 2, 7)]) == (14, [2], [2])
    assert knapsack.extend(table, [(0, 1, 7)]) == (13, [1], [6])
    assert knapsack.extend(table, [(0, 1, 2**70)]) == (2**70 + 6, [1], [6])
    for cost in (1, 2**61, 2**62, 2**63, 2**70):  # however dear, and beyond 64 bits
        assert knapsack.extend(table, [(1, 4, -cost)]) == (11, [0], [10])
        assert knapsack.extend(table, [(1, 4, -cost), (0, 1, 7)]) == (13, [0, 1], [6])


def test_of_two_owners_the_dearer_one_stays() -> None:
    """Both run on one accelerator, which no plan allows: what that is worth is with the one that is worth more."""
    for rewards in ([3, 8], [8, 3]):
        residents = tuple(Resident(place=k, component=k, item=None, width=1, count=1) for k in range(2))
        classes = [SimpleNamespace(knapsack=Knapsack([4], [[1]], [2]))]
        state: Any = SimpleNamespace(
            seats=[RunningSeat(0, residents)], relaxation=SimpleNamespace(device_classes=classes)
        )
        assert fill_seats(state, Prices([[0]], [0]), rewards, [5]).highest == [5 + 8]
