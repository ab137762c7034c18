"""The master program against its definition: what floors say of counts, at their own commitments and at others."""

from __future__ import annotations

import math
import random
from itertools import product
from typing import TYPE_CHECKING, Any

from placement import Problem, ScenarioSet
from placement.scenarios import master
from placement.scenarios.master import MasterProgram, most_machines
from placement.scenarios.recourse import Floor, Recourse
from placement.scenarios.terms import Term, compile_terms
from tests.corpus import one_by_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

POOLS = (("a", 5.0), ("b", 3.0), ("c", 4.0))


def recourses(rng: random.Random) -> list[Recourse]:
    """Two scenarios over three pools, two of them in one term; in one pool machines are sunk."""
    shape = {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 1}
    problem = Problem(
        accelerators={"L40S": {"memory_gib": 48}},
        instance_types={"one": shape},
        pools=[{"name": n, "instance_type": "one", "zone": "z", "price_per_hour": p} for n, p in POOLS],
        commitments=[rng.choice([{"name": "sunk", "pools": ["c"], "instances": 1}, {**_SAVINGS}])],
        components=[{"name": "chat", "copies": 3, "accelerator_memory_gib": 40}],
    )
    document = ScenarioSet(
        scenarios=[{"name": "s", "weight": 1}],
        commitments=[{"name": "year", "pools": ["b", "a"], "price_per_hour": 2}],
    )
    terms = compile_terms(problem, document)
    found = [Recourse(f"s{k}", weight, problem, terms) for k, weight in enumerate((2, 1))]
    for recourse in found:
        for _ in range(rng.randint(1, 3)):
            floor = Floor((5_000_000, 3_000_000, 4_000_000), (rng.randint(0, 3),), rng.randint(0, 12) * 10**6)
            recourse.floors.append(floor)
    return found


_SAVINGS = {"name": "sunk", "pools": ["c"], "price_per_hour": 2.5}


def paid_on_top(recourse: Recourse, counts: Sequence[int], machines: int) -> int:
    """Micro-dollars per hour of some counts, by the rule of the file format: the dearest machines are the free ones."""
    prices = sorted([5_000_000] * counts[0] + [3_000_000] * counts[1], reverse=True)
    (sunk,) = recourse.problem.commitments
    rest = 4_000_000 * counts[2] - (4_000_000 * min(1, counts[2]) if sunk.instances else 2_500_000)
    return sum(prices[machines:]) + max(0, rest)


def least(found: list[Recourse], terms: tuple[Term, ...], machines: int) -> int | None:
    """The least cost of some commitments, micro-dollars times weights, by all counts of up to three machines."""
    total = 3 * terms[0].price * machines
    for recourse in found:
        costs = [
            paid_on_top(recourse, counts, machines)
            for counts in product(range(4), repeat=3)
            if all(paid_on_top(recourse, counts, f.machines[0]) >= f.least for f in recourse.floors)
        ]
        if not costs:
            return None
        total += recourse.weight * min(costs)
    return total


@one_by_one(range(40))
def test_floors_mean_what_they_say(seed: int) -> None:
    """At fixed commitments, and over all of them: just the counts that each floor allows."""
    found = recourses(random.Random(seed))
    terms = found[0].terms
    costs = [least(found, terms, n) for n in range(7)]
    for n, cost in enumerate(costs):
        answer = MasterProgram(terms, found, [n]).solve(seconds=math.inf, work=None, seed=0)
        assert answer.infeasible == (cost is None)
        assert cost is None or (answer.bound, answer.exact) == (cost, True)
    answer = MasterProgram(terms, found).solve(seconds=math.inf, work=None, seed=0)
    assert most_machines(terms, found) == (6,)
    assert answer.bound == min((cost for cost in costs if cost is not None), default=0)
    if not answer.infeasible:
        assert costs[answer.machines[0]] == answer.bound


def test_large_numbers_are_divided_and_stay_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is lower by the rounding alone."""
    for seed in range(10):
        found = recourses(random.Random(seed))
        exact = MasterProgram(found[0].terms, found).solve(seconds=math.inf, work=None, seed=0)
        monkeypatch.setattr(master, "_LARGEST", 10**4)
        rounded = MasterProgram(found[0].terms, found).solve(seconds=math.inf, work=None, seed=0)
        monkeypatch.undo()
        assert rounded.infeasible == exact.infeasible
        assert rounded.bound <= exact.bound
        if found[0].fleet.commitments[0].money is None:  # what is left of sunk money may be rounded to nothing
            assert rounded.bound >= 0.9 * exact.bound
        assert not rounded.exact or rounded.infeasible


def test_a_term_is_limited_by_itself_and_by_use() -> None:
    """No more are committed than any scenario could use."""
    found = recourses(random.Random(0))
    limited: Any = [Term("k", (0,), ("a",), (5_000_000,), 1, 2)]
    assert most_machines(limited, found) == (2,)
    assert most_machines([Term("k", (0,), ("a",), (5_000_000,), 1, None)], found) == (3,)
