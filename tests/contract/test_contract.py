"""What every solver in the registry promises, on tight random problems with every rule in play."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

import placement
from placement import SOLVERS, Problem, Result, Status
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import evaluate
from placement.errors import UsageError
from placement.reductions.vector_packing import FleetBins
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Stop
from tests import brute, referee, strategies
from tests.corpus import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.compiled.fleet import Fleet

# Work enough for nearly every tiny problem; never seconds.
WORK = {
    "ffd": 1,
    "best-fit": 1,
    "greedy": 1,
    "column-generation": 2,
    "bin-packing": 2,
    "cp-sat": 10,
    "milp": 10,
    "auto": 10,
    "decomposition": 10,
    "demand": 2,
}
NAMES = sorted(SOLVERS)
PROVERS = [name for name in NAMES if SOLVERS[name].proves]


def solve(document: dict[str, Any], name: str, **given: Any) -> Result:
    """Solve within the solver's work limit, on one thread."""
    return placement.solve(Problem(**document), name, time_limit=None, work=WORK[name], threads=1, **given)


def tiny(seed: int, **knobs: Any) -> dict[str, Any] | None:
    """A random problem small enough to enumerate."""
    problem = strategies.random_problem(random.Random(seed), **knobs)
    return None if brute.too_big(problem) else problem


def check_claims(document: dict[str, Any], name: str) -> Result:
    """Plans keep the rules and are priced right; bounds and proofs hold."""
    result = solve(document, name)
    best = brute.cheapest(document)
    plan = result.to_document()
    if result.packing is not None:
        broken, found = referee.referee_check(document, plan)
        assert broken == []
        assert best is not None
        assert round(found["cost"] * 1e6) == result.cost
    if best is None:
        assert result.status in (Status.INFEASIBLE, Status.UNKNOWN)
        return result
    assert result.status is not Status.INFEASIBLE
    left_out = {priority: n for priority, n in best.left_out.items() if n}
    if result.packing is not None:
        mine = left_out_of(document, plan)
        assert sorted(mine.items(), reverse=True) >= sorted(left_out.items(), reverse=True) or mine == left_out
        if mine == left_out:
            assert result.cost is not None
            assert result.cost >= best.account.cost
            assert result.bound is None or result.bound <= best.account.cost
    if result.status is Status.OPTIMAL:
        assert left_out_of(document, plan) == left_out
        assert result.cost == best.account.cost
    return result


def left_out_of(document: dict[str, Any], plan: dict[str, Any]) -> dict[int, int]:
    """Optional copies left out by priority, where there are any."""
    priority = {row["name"]: row.get("priority", 0) for row in document["components"]}
    found: dict[int, int] = {}
    for row in plan.get("unplaced", []):
        found[priority[row["component"]]] = found.get(priority[row["component"]], 0) + row["copies"]
    return found


# Ten solvers, each on all of them; at night as many as any test.
few = settings(max_examples=8) if settings().derandomize else settings()


@pytest.mark.parametrize("name", NAMES)
@few
@given(problem=strategies.problems())
def test_no_solver_claims_more_than_is_true(name: str, problem: dict[str, Any]) -> None:
    """Against brute force, infeasible problems included."""
    if not brute.too_big(problem):
        check_claims(problem, name)


KNOW_FLEET_RULES = [name for name in NAMES if SOLVERS[name].fleet_rules]


@pytest.mark.parametrize("name", KNOW_FLEET_RULES)
@seeds(range(200), 3)
def test_rules_of_the_whole_plan_are_kept(seeds: range, name: str) -> None:
    """Limits, commitments, losses of a pool or an instance, a limit on moves: no plan breaks one, no claim is false."""
    for seed in seeds:
        problem = tiny(seed, rules=30)
        if problem is not None:
            check_claims(problem, name)


@pytest.mark.parametrize("name", sorted({*NAMES} - {*KNOW_FLEET_RULES}))
def test_a_solver_that_does_not_know_a_rule_says_so(name: str) -> None:
    """And who does."""
    problem = strategies.random_problem(random.Random(1)) | {"objective": {"max_moves": 3}}
    with pytest.raises(UsageError, match=f"solver {name} does not know objective.max_moves; choose one of auto, ffd"):
        solve(problem, name)


@pytest.mark.parametrize("name", PROVERS)
@seeds(range(60), 3)
def test_provers_prove_nearly_all(seeds: range, name: str) -> None:
    """On tiny problems, those that can prove do: optimal or infeasible, both confirmed."""
    cases = [problem for _, problem in suited(name, 0, len(seeds)) if not brute.too_big(problem)]
    proved = sum(check_claims(problem, name).status in (Status.OPTIMAL, Status.INFEASIBLE) for problem in cases)
    assert proved >= (0.5 if name in ("column-generation", "demand") else 0.97) * len(cases)


def _suits(name: str, fleet: Fleet) -> bool:
    """Whether a solver takes a fleet on at all."""
    if name == "demand":
        return any(component.demand for component in fleet.components)
    return name != "bin-packing" or FleetBins.of(fleet) is not None


def suited(name: str, first: int, wanted: int, **choices: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Seeds from `first` on and their problems, such as the solver takes on at all."""
    for seed in itertools.count(first):
        problem = strategies.random_problem(random.Random(seed), **choices)
        if _suits(name, compile_fleet(Problem(**problem))):
            yield seed, problem
            wanted -= 1
        if not wanted:
            return


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_no_solver_claims_more_than_is_true_at_length(name: str) -> None:
    """The same on two thousand problems that the solver takes on."""
    for _, problem in suited(name, 20_000, 2_000):
        if not brute.too_big(problem):
            check_claims(problem, name)


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_plan(name: str) -> None:
    """A repeated solve gives the same document, times aside."""
    for seed in (3, 17, 29):
        problem = strategies.random_problem(random.Random(seed))
        first, second = (without_times(solve(problem, name, seed=5)) for _ in range(2))
        assert first == second


def without_times(result: Result) -> dict[str, Any]:
    """The plan document without what a clock wrote."""
    document = result.to_document()
    for row in document["trace"]:
        del row["seconds"]
    return {key: value for key, value in document.items() if key != "seconds"}


@pytest.mark.usefixtures("few_exchanges")
@pytest.mark.parametrize("name", PROVERS)
@seeds(range(20), 2)
def test_order_and_names_do_not_matter(seeds: range, name: str) -> None:
    """Rows in another order and under other names give the same proven cost."""
    compared = 0
    for seed, problem in suited(name, 100, len(seeds)):
        result, other = solve(problem, name), solve(shuffled(problem, seed), name)
        if Status.UNKNOWN in (result.status, other.status) or Status.FEASIBLE in (result.status, other.status):
            continue
        compared += 1
        assert (result.status, result.cost) == (other.status, other.cost)
    assert compared >= 8 * len(seeds) / 20


def shuffled(problem: dict[str, Any], seed: int) -> dict[str, Any]:
    """The same problem with pools, components and placements in another order, and other names for components."""
    rng = random.Random(seed)
    new = {row["name"]: f"x{rng.randrange(10**6):06}-{row['name'][::-1]}" for row in problem["components"]}
    other = dict(problem)
    for section in ("pools", "components", "instances", "placements"):
        if section in problem:
            other[section] = rng.sample(problem[section], len(problem[section]))
    other["components"] = [
        {**row, "name": new[row["name"]], "avoid": [new.get(entry, entry) for entry in row.get("avoid", [])]}
        for row in other["components"]
    ]
    if "placements" in problem:
        other["placements"] = [{**row, "component": new[row["component"]]} for row in other["placements"]]
    return other


@pytest.mark.parametrize("name", PROVERS)
@seeds(range(20), 2)
def test_one_more_machine_never_costs_more(seeds: range, name: str) -> None:
    """A quota raised by one makes no proven cost worse. Skew counts eligible zones, so quotas of 0 stay."""
    compared = 0
    for _, problem in suited(name, 200, len(seeds), optional=False):
        pools = [
            {**row, "max_instances": row["max_instances"] + 1} if row.get("max_instances") else row
            for row in problem["pools"]
        ]
        before, after = solve(problem, name), solve({**problem, "pools": pools}, name)
        if before.status is Status.OPTIMAL and after.status is Status.OPTIMAL:
            assert after.cost is not None
            assert before.cost is not None
            assert after.cost <= before.cost
            compared += 1
        elif before.status is Status.OPTIMAL:
            assert after.status is not Status.INFEASIBLE
    assert compared >= 5 * len(seeds) / 20


@pytest.mark.parametrize("name", NAMES)
@seeds(range(300, 330), 2)
def test_a_hint_is_never_made_worse(seeds: range, name: str) -> None:
    """Given a plan and next to no work, a solver ends with that plan or a better one."""
    tried = 0
    for seed in seeds:
        problem = strategies.random_problem(random.Random(seed))
        known = solve(problem, "greedy")
        if known.packing is None:
            continue
        tried += 1
        fleet = compile_fleet(Problem(**problem))
        budget = Budget(work=1, threads=1)
        solving = Solve.of(fleet, budget, hint=known.packing)
        SOLVERS[name].run(solving)
        assert solving.value is not None
        assert solving.value <= evaluate(fleet, known.packing)
    assert tried >= len(seeds) / 3


@pytest.mark.parametrize("name", NAMES)
def test_an_interrupted_solver_returns_what_it_has(name: str) -> None:
    """A budget that is over before it starts: the hint stands, the stop is told, nothing is claimed."""
    problem = strategies.random_problem(random.Random(7), state=False)
    known = solve(problem, "auto")
    fleet = compile_fleet(Problem(**problem))
    budget = Budget(threads=1)
    budget.interrupt()
    solving = Solve.of(fleet, budget, hint=known.packing)
    outcome = SOLVERS[name].run(solving)
    if known.packing is not None:
        assert solving.packing is not None
        assert outcome.stop in (Stop.INTERRUPTED, Stop.PROVED)


def test_every_solver_has_a_work_limit_here() -> None:
    """A solver that is missing from this suite is found out."""
    assert set(WORK) == set(SOLVERS)
