"""Plans that keep most of what runs: what the program chooses, and that what is made of it keeps every rule."""

from __future__ import annotations

import random
from functools import partial

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import moves
from placement.local_search.closing import Closing, may_close
from placement.local_search.parameters import LOCAL_SEARCH
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.writing import first_violation
from tests import brute, strategies
from tests.corpus import seeds
from tests.replanning.test_frontier import running


def closing(problem: Problem) -> Closing:
    """Tries on a strict incumbent, which raises where a plan breaks a rule."""
    fleet, budget = compile_fleet(problem), Budget()
    return Closing(Solve(fleet, Incumbent(fleet, budget, check=partial(first_violation, fleet), strict=True), budget))


@seeds(range(600), 3)
def test_what_is_made_keeps_every_rule(seeds: range) -> None:
    """On random fleets that run, with rules over the whole plan too; many of the plans are optimal."""
    planned = best = 0
    for seed in seeds:
        document = strategies.random_problem(random.Random(seed), state=True, rules=50)
        problem = Problem(**document)
        if not may_close(compile_fleet(problem)):
            continue
        search = closing(problem)
        solve = search._solve  # noqa: SLF001
        for _ in range(len(LOCAL_SEARCH.closing.factors) + 2):
            search.step(Budget())
        if solve.packing is None:
            continue
        assert not first_violation(solve.fleet, solve.packing)
        planned += 1
        if not brute.too_big(document):
            truth = brute.cheapest(document)
            assert truth is not None
            assert solve.value is not None
            best += solve.fleet.cost(solve.value.ticks) == truth.account.cost
    assert planned > len(seeds) / 4
    assert best > planned / 4


def test_machines_close_within_the_moves_allowed() -> None:
    """Four machines with 3, 1, 1 and 1 copies of four: each move closes one, and those with one close first."""
    for most, machines in ((0, 4), (1, 3), (2, 2)):
        search = closing(Problem(**running(3, 1, 1, 1, objective={"max_moves": most})))
        solve = search._solve  # noqa: SLF001
        for _ in range(2 * len(LOCAL_SEARCH.closing.factors)):
            search.step(Budget())
        assert solve.packing is not None
        assert (len(solve.packing.machines), sum(moves(solve.fleet, solve.packing))) == (machines, most)


def test_machines_close_until_limits_are_kept() -> None:
    """Moves cost more than machines, so none closes but those that a limit has no room for."""
    limits = [{"name": "all", "pools": ["p"], "max_accelerators": 12}]
    dear = {"max_moves": 2, "move_cost": 1000}
    search = closing(Problem(**running(1, 1, 1, 3, objective=dear, limits=limits)))
    for _ in LOCAL_SEARCH.closing.factors:
        search.step(Budget())
    solve = search._solve  # noqa: SLF001
    assert solve.packing is not None
    assert (len(solve.packing.machines), sum(moves(solve.fleet, solve.packing))) == (3, 1)


def test_fleets_that_do_not_run() -> None:
    """Nothing can close."""
    assert not may_close(compile_fleet(Problem(**{**running(1), "instances": [], "placements": []})))
