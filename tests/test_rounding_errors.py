"""Numbers chosen to break what computes in floating point: proofs hold, in every solver that gives any.

Prices of a millionth beside a hundred thousand dollars, sizes of 2^40 MiB with a difference of one, rates of 1e9 beside
1e-3, needs that fill a machine to the last unit or lack one.
"""

from __future__ import annotations

import itertools
import random
from importlib import import_module
from typing import Any

import highspy
import pytest

import placement
from placement import Problem, Status
from placement.engines import highs
from placement.engines.highs import LARGEST, MARGIN, least_steps, none_up_to
from placement.patterns.enumeration.counts_costing import counts_costing
from placement.patterns.enumeration.rows import IntegerRows
from placement.solving.budget import Budget
from placement.vector_packing import VectorPacking, solve_vector_packing
from placement.vector_packing.cover import close_by_patterns
from tests import brute
from tests.corpus import one_by_one, seeds

PRICES = [98765.432101, 98765.432102, 0.000001, 33333.333333, 1, 65843.621401, 98765.4321]
HUGE = 10**9  # GiB: 2^40 MiB, the largest number of a document
SOLVERS = [
    ("cp-sat", {}),
    ("milp", {}),
    ("column-generation", {}),
    ("auto", {}),
    ("auto", {"direct_terms": 0, "direct_terms_few_moves": 0}),
]


def nasty(seed: int) -> dict[str, Any]:
    """Few copies on few types of machines, at the edges of all numbers."""
    rng = random.Random(seed)
    room = rng.choice([HUGE, HUGE - 1, 1024, 0.001])
    unit = 1 / 1024
    hosts = [room, room - unit if room > 1 else room, room / 2, room / 3, room / 2 + unit]
    components: list[dict[str, Any]] = []
    for c in range(rng.randint(1, 3)):
        component: dict[str, Any] = {"name": f"c{c}", "accelerators": 0, "vcpus": rng.choice([0, 0.001, 1, 3])}
        component["memory_gib"] = rng.choice(hosts)
        if rng.random() < 0.4:
            rates = [rng.choice([1e9, 1e9 - 1, 1e-3, 333333333.3, 1]) for _ in range(2)]
            need = component.pop("memory_gib"), component.pop("vcpus"), component.pop("accelerators")
            component["options"] = [
                {"accelerators": need[2], "vcpus": need[1], "memory_gib": share * need[0], "throughput": rate}
                for rate, share in zip(rates, (1, 0.5), strict=True)
            ]
            component["demand"] = sum(rng.choice(rates) for _ in range(2))
            if component["demand"] > 4 * min(rates):
                component["demand"] = 2 * min(rates)
        else:
            component["copies"] = rng.randint(1, 3)
        components.append(component)
    types = {
        f"t{t}": {
            "vcpus": rng.choice([4, 3.001, 8]),
            "memory_gib": room if t == 0 else rng.choice(hosts[:2]),
            "price_per_hour": rng.choice(PRICES),
        }
        for t in range(rng.randint(1, 2))
    }
    pools = [{"name": f"p-{name}", "instance_type": name, "zone": "z"} for name in types]
    if rng.random() < 0.3:
        pools[0]["max_instances"] = rng.randint(0, 3)  # type: ignore[assignment]
    hours = rng.choice([1, 24, 0.000001, 720])
    return {
        "format": "placement/v1",
        "instance_types": types,
        "pools": pools,
        "components": components,
        "objective": {"horizon_hours": hours},
    }


@pytest.mark.parametrize(("solver", "options"), SOLVERS)
@seeds(range(60), 5)
def test_proofs_hold_at_the_edges_of_numbers(seeds: range, solver: str, options: dict[str, Any]) -> None:
    """Optimal is the optimum of all, infeasible has no plan, no bound is above the optimum."""
    proven = impossible = 0
    for seed in seeds:
        problem = nasty(seed)
        if brute.too_big(problem, 100_000):
            continue
        best = brute.cheapest(problem)
        result = placement.solve(Problem(**problem), solver, options=options, work=10, time_limit=None)
        if best is None:
            assert result.status in (Status.INFEASIBLE, Status.UNKNOWN), seed
            impossible += result.status is Status.INFEASIBLE
            continue
        optimum = best.account.cost
        assert result.status is not Status.INFEASIBLE, seed
        if result.bound is not None:
            assert result.bound <= optimum, seed
        if result.status is Status.OPTIMAL:
            assert result.cost is not None
            assert abs(result.cost - optimum) <= 1e-9 * optimum, seed
            proven += 1
    assert proven > len(seeds) / 4
    assert impossible >= 1


@one_by_one(range(60))
def test_counts_in_a_range_of_money_are_all_of_them(seed: int) -> None:
    """Against enumeration; None only when there are more than asked for."""
    rng = random.Random(seed)
    prices = [rng.choice([0, 1, 7, 98765432101, 98765432102]) for _ in range(rng.randint(0, 4))]
    ranges = [(low := rng.randint(0, 2), low + rng.randint(-1, 3)) for _ in prices]
    every = list(itertools.product(*(range(low, high + 1) for low, high in ranges)))
    sums = [sum(map(int.__mul__, prices, counts)) for counts in every] or [0]
    least = rng.choice(sums) - rng.choice([0, 1, 5])
    most = least + rng.choice([0, 2, 10, 10**11])
    expected = {counts for counts in every if least <= sum(map(int.__mul__, prices, counts)) <= most}
    found = counts_costing(prices, ranges, least, most, 20)
    assert found is None if len(expected) > 20 else (found is not None and set(found) == expected)
    assert found is None or len(found) == len(expected)
    assert counts_costing([2**61, 2**61], [(0, 2), (0, 2)], 0, 1, 9) is None


def test_steps_are_sharp_while_they_are_few() -> None:
    """Up to a million of them; far beyond, a part of them is not claimed."""
    for steps in (0, 1, 99, 10**6):
        assert none_up_to(steps) == steps + 1
        assert least_steps(steps - 0.5) == steps
        assert least_steps(float(steps)) == steps
    for steps in (10**8, 10**12):
        assert none_up_to(steps) <= steps - 0.9 * MARGIN * steps
        assert least_steps(float(steps)) <= steps - 0.9 * MARGIN * steps


@one_by_one(range(40))
def test_packing_bounds_at_the_edges_of_numbers(seed: int) -> None:
    """With costs of twelve digits that differ by one, no bound is above what the packing costs that is cheapest."""
    rng = random.Random(seed)
    big = rng.choice([10, 10**6, 2**39])
    sizes = [[rng.choice([big // 2, big // 2 + 1, big // 3, big // 3 + 1, 1, big])] for _ in range(3)]
    costs = [rng.choice([98765432101, 98765432102, 1, 49382716051]) for _ in range(2)]
    problem = VectorPacking(
        sizes=sizes,
        demands=[rng.randint(1, 3) for _ in sizes],
        capacities=[[big], [big + 1]],
        costs=costs,
        available=[None, rng.choice([None, 1])],
    )
    result = solve_vector_packing(problem, budget=Budget(work=10))
    best = _cheapest([size for size, n in zip(sizes, problem.demands, strict=True) for _ in range(n)], problem)
    assert result.bound <= best
    assert result.cost is not None
    assert result.cost >= best
    assert not result.proved or result.cost == best


def _cheapest(items: list[list[int]], problem: VectorPacking) -> int:
    """By all ways to part the items."""
    best = 2**60

    def put(k: int, loads: list[int]) -> None:
        nonlocal best
        if k == len(items):
            best = min(best, _price(loads, problem))
            return
        size = items[k][0]
        for b in range(len(loads)):
            if loads[b] + size <= max(row[0] for row in problem.capacities):
                put(k + 1, [*loads[:b], loads[b] + size, *loads[b + 1 :]])
        put(k + 1, [*loads, size])

    put(0, [])
    return best


def _price(loads: list[int], problem: VectorPacking) -> int:
    small, large = problem.capacities[0][0], problem.capacities[1][0]
    must = sum(load > small for load in loads)
    if any(load > large for load in loads):
        return 2**60
    most = len(loads) if problem.available[1] is None else int(problem.available[1])
    if must > most:
        return 2**60
    choices = (
        n * problem.costs[1] + (len(loads) - n) * problem.costs[0] for n in range(must, min(most, len(loads)) + 1)
    )
    return min(choices)


def tell_lies(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on presolve says of every whole-number program that it has no solution; each lie is noted."""
    told: list[str] = []
    run = highs.run

    def lying(solver: highspy.Highs) -> highspy.HighsModelStatus:
        if not solver.getLp().integrality_ or solver.getOptionValue("presolve")[1] == "off":
            return run(solver)
        told.append("infeasible")
        return highspy.HighsModelStatus.kInfeasible

    monkeypatch.setattr(highs, "run", lying)
    return told


def test_a_presolve_that_lies_proves_nothing_of_packings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs, bounds and proofs are those of one that does not, where the last programs alone improve first-fit."""
    module = import_module(solve_vector_packing.__module__)
    monkeypatch.setattr(module, "_count", lambda *_: None)
    monkeypatch.setattr(module, "_steps", lambda generation, *_, **__: [lambda: close_by_patterns(generation)])
    problems = [packing(seed) for seed in range(8)]
    honest = [solve_vector_packing(problem, budget=Budget(work=10)) for problem in problems]
    lies = tell_lies(monkeypatch)
    for problem, result in zip(problems, honest, strict=True):
        again = solve_vector_packing(problem, budget=Budget(work=10))
        assert (again.cost, again.bound, again.proved) == (result.cost, result.bound, result.proved)
    assert lies


def packing(seed: int) -> VectorPacking:
    """A dozen sizes of a sixth to a half of the larger of two bins."""
    rng = random.Random(seed)
    room = rng.choice([100, 150, 1000])
    sizes = [[rng.randint(room // 6, room // 2)] for _ in range(rng.randint(8, 16))]
    return VectorPacking(
        sizes=sizes,
        demands=[rng.randint(1, 3) for _ in sizes],
        capacities=[[room], [room * 2 // 3]],
        costs=[rng.choice([10, 7]), rng.choice([7, 6, 5])],
        available=[None, None],
    )


def test_rows_of_large_numbers_are_rounded_to_ask_for_less() -> None:
    """Whatever keeps the row keeps what is written of it."""
    rng = random.Random(1)
    for _ in range(200):
        program = _rows()
        terms = {k: float(rng.choice([-1, 1]) * rng.randint(0, 2**44)) for k in range(3)}
        point = [rng.randint(0, 9) for _ in range(3)]
        value = sum(int(n) * point[k] for k, n in terms.items())
        low, high = value - rng.choice([0, 1, 2**30]), value + rng.choice([0, 1, 2**30])
        program.row(low, high, terms)
        for row in program.in_integers(len(program.low)):
            assert max(map(abs, row.terms.values()), default=0) <= LARGEST
            total = sum(n * point[k] for k, n in row.terms.items())
            assert row.low is None or row.low <= total
            assert row.high is None or total <= row.high


def _rows() -> IntegerRows:
    rows = IntegerRows()
    for _ in range(3):
        rows.column(9.0)
    return rows
