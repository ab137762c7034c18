"""Problems without a plan because of one rule over the whole of it: the answer names the rule, with figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem, Status
from placement.compiled.fleet import compile_fleet
from placement.compiled.fleet_rules import broken_fleet_rules
from placement.compiled.packing import Machine, Packing, Seat
from placement.solvers.obstacles import obstacles
from placement.solvers.parameters import SOLVER_PARAMETERS
from placement.solvers.registry import Solver
from placement.solving.budget import Budget
from placement.solving.context import Solve

if TYPE_CHECKING:
    from tests.parameters import Change

pytestmark = pytest.mark.usefixtures("few_exchanges")

Doc = dict[str, Any]

MACHINE = {"accelerator": "A", "accelerator_count": 2, "vcpus": 16, "memory_gib": 64, "price_per_hour": 3}


def problem(components: list[Doc], pools: list[Doc], **more: Any) -> Problem:
    """Machines with two accelerators of 10 GiB."""
    rows = [{"instance_type": "t", "zone": "z", **pool} for pool in pools]
    document = {"accelerators": {"A": {"memory_gib": 10}}, "instance_types": {"t": MACHINE}, "pools": rows}
    return Problem(**document, components=components, **more)


def component(name: str, copies: int, memory: float, **more: Any) -> Doc:
    return {"name": name, "copies": copies, "accelerator_memory_gib": memory, "shared": True, **more}


TWO = [{"name": "p"}, {"name": "q"}]
APART = [component("a", 2, 4, avoid=["b"]), component("b", 2, 4)]
STAND = [{"id": "i1", "pool": "p"}, {"id": "i2", "pool": "p"}]
WHERE = [{"component": "a", "instance": i, "accelerators": [0]} for i in ("i1", "i2")]

LIMIT = problem(APART, TWO, limits=[{"name": "team", "pools": ["p", "q"], "max_instances": 1}])
PURSE = problem(APART, TWO, limits=[{"name": "purse", "pools": ["p", "q"], "max_price_per_hour": 5}])
BOTH = problem(
    [component("a", 6, 8)],
    [{"name": "p", "max_instances": 2}, {"name": "q", "max_instances": 2}],
    limits=[{"name": f"l-{pool}", "pools": [pool], "max_instances": 1} for pool in ("p", "q")],
)
POOL = problem(
    [component("a", 4, 6, min_available_on_pool_loss=2, avoid=["b"]), component("b", 2, 6, zones=["y"])],
    [{"name": "p", "max_instances": 2}, {"name": "q", "max_instances": 1, "zone": "y"}],
)
INSTANCE = problem(
    [component("a", 4, 6, min_available_on_instance_loss=3, avoid=["b"]), component("b", 2, 6)],
    [{"name": "p", "max_instances": 4}],
)
MOVES = problem(
    [component("a", 2, 5), component("b", 1, 8, accelerators=2)],
    [{"name": "p", "max_instances": 2}],
    instances=STAND,
    placements=WHERE,
    objective={"max_moves": 0},
)


CASES = {
    "limit": (LIMIT, "limit team allows max_instances 1, some plan without this rule has 2"),
    "money": (PURSE, "limit purse allows max_price_per_hour 5, some plan without this rule has 6"),
    "loss of a pool": (POOL, "a must keep 2 copies when a pool is lost, some plan without this rule keeps 0 of 4"),
    "loss of an instance": (
        INSTANCE,
        "a must keep 3 copies when an instance is lost, some plan without this rule keeps 2 of 4",
    ),
    "moves": (MOVES, "max_moves is 0, some plan without this rule has 1 move"),
}
WORK = {"auto": 10, "cp-sat": 10, "milp": 10}  # with which they prove all of them


@pytest.mark.parametrize("solver", WORK)
@pytest.mark.parametrize(("case", "names"), CASES.values(), ids=CASES)
def test_the_rule_that_leaves_no_plan_is_named_with_figures(case: Problem, names: str, solver: str) -> None:
    """Whoever has the proof, by whatever engine."""
    result = placement.solve(case, solver, time_limit=None, work=WORK[solver], threads=1)
    assert result.status is Status.INFEASIBLE
    assert names in (result.plan.reason or "")


@pytest.mark.parametrize(
    ("solver", "names"),
    [
        ("auto", "allows max_instances 1 over 1 pool, but the copies need at least 2 there beside limit l-"),
        ("cp-sat", "limit l-p allows max_instances 1, some plan without this rule has 2"),
        ("milp", "limit l-p allows max_instances 1, some plan without this rule has 2"),
    ],
)
def test_one_of_two_limits_that_leave_no_plan_together_is_named(solver: str, names: str) -> None:
    """By an engine as by a bound."""
    result = placement.solve(BOTH, solver, time_limit=None, work=WORK[solver], threads=1)
    assert result.status is Status.INFEASIBLE
    assert names in (result.plan.reason or "")


def test_no_rule_is_an_obstacle_to_what_is_too_large_anyway() -> None:
    """No rule over the whole plan helps where a copy fits no machine."""
    fleet = compile_fleet(
        problem([component("a", 1, 11)], TWO, limits=[{"name": "l", "pools": ["p"], "max_instances": 9}])
    )
    assert obstacles(Solve.of(fleet, Budget(work=5))) == ""


def test_all_rules_that_a_packing_breaks_are_told() -> None:
    """A limit, and both losses of one component."""
    floors = {f"min_available_on_{what}_loss": 1 for what in ("pool", "instance")}
    limits = [{"name": "none", "pools": ["p"], "max_accelerators": 1}]
    fleet = compile_fleet(problem([component("a", 2, 4, **floors)], TWO, limits=limits))
    packing = Packing((Machine(0, None, (Seat(0, 0, (0,)), Seat(0, 0, (1,)))),))
    assert list(broken_fleet_rules(fleet, packing)) == [
        "limit none allows max_accelerators 1, the plan has 2",
        "a must keep 1 copy when a pool is lost, the plan keeps 0 of 2",
        "a must keep 1 copy when an instance is lost, the plan keeps 0 of 2",
    ]


def test_several_broken_rules_are_told_of_a_plan_without_these(parameters: Change) -> None:
    """Each limit by itself leaves no plan: what is told is of a plan without both, up to so many rules."""
    limits = [{"name": f"l-{n}", "pools": ["p", "q"], "max_instances": n} for n in (1, 2)]
    fleet = compile_fleet(problem([component("a", 6, 8)], TWO, limits=limits))
    assert obstacles(Solve.of(fleet, Budget(work=5))) == "; ".join(
        f"limit l-{n} allows max_instances {n}, some plan without these rules has 3" for n in (1, 2)
    )
    parameters(SOLVER_PARAMETERS.obstacles, told=1)
    told = obstacles(Solve.of(fleet, Budget(work=5)))
    assert told == "limit l-1 allows max_instances 1, some plan without these rules has 3 and 1 more"


def test_quotas_alone_are_not_blamed_for_what_a_limit_forbids() -> None:
    """The quotas hold the copies; limits and the floor for a pool do not let them."""
    pools = [{"name": name, "max_instances": 3} for name in ("p", "q", "r")]
    limits = [{"name": "little", "pools": ["q", "r"], "max_price_per_hour": 2}]
    case = problem([component("a", 4, 8, min_available_on_pool_loss=2)], pools, limits=limits)
    proof = (
        "no machine counts within the quotas and limits can hold the copies as their rules ask; what leaves no plan: "
    )
    assert str(placement.solve(case, "column-generation", time_limit=None, work=20, threads=1)).find(proof) > 0
    asked = placement.solve(case, time_limit=None, work=20, threads=1)
    assert (
        asked.plan.reason
        == "limit little allows max_price_per_hour 2 over 2 pools, but the copies need at least 3 there"
    )


@pytest.mark.parametrize("name", ["limit", "money"])
def test_what_heuristics_can_not_place_is_decided_before_they_try_for_long(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`auto` asks the bound and CP-SAT before greedy has all of its restarts: those took four tenths of the time."""
    asked: list[str] = []
    run = Solver.run

    def noted(self: Solver, *what: Any, **how: Any) -> Any:
        asked.append(self.name)
        return run(self, *what, **how)

    monkeypatch.setattr(Solver, "run", noted)
    result = placement.solve(CASES[name][0], time_limit=None, work=5, threads=1)
    assert result.status is Status.INFEASIBLE
    assert "cp-sat" in asked
    assert "greedy" not in asked


@pytest.mark.parametrize("solver", ["cp-sat", "milp"])
def test_an_engine_says_what_shows_at_once_that_there_is_no_plan(solver: str) -> None:
    """Quotas of the pools that copies may use are too small, whatever the other pools may have."""
    rows = [component(name, 3, 8, zones=["z"]) for name in "ab"]
    case = problem(rows, [{"name": "p", "max_instances": 2}, {"name": "free", "zone": "y"}])
    proof = (
        "proved that no plan keeps every rule; the required copies of a, b need at least 48 GiB of accelerator memory"
    )
    assert proof in str(placement.solve(case, solver, time_limit=None, work=5, threads=1))
