"""Random problems that tests have in common: which seeds a test looks at, and plans that are made once a process."""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.translate import to_plan
from placement.heuristics.parameters import HEURISTICS
from placement.solving.parameters import changed
from tests import strategies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from placement.compiled.packing import Packing

FEW = 15
# Of a repair, 500 by default. With these, and with few exchanges, plans of 90 problems under limits take a quarter of
# the time, and the same problems have one: the others were tried at length in vain.
EJECTIONS = 50
by_day = True  # slow tests are not asked for (tests/conftest.py): their cases are not made, some 7,000


def seeds(every: range, few: int = FEW) -> pytest.MarkDecorator:
    """Give a test `seeds`: the first few on every change, and all of them with the mark `slow`, at night."""
    cases = [pytest.param(every[:few], id="few")]
    if not by_day:
        cases.append(pytest.param(every, id="all", marks=pytest.mark.slow))
    return pytest.mark.parametrize("seeds", cases)


def one_by_one(every: range, few: int = FEW) -> pytest.MarkDecorator:
    """Give a test one `seed` at a time: the first few on every change, the others with the mark `slow`, at night."""
    others = [] if by_day else [pytest.param(seed, marks=pytest.mark.slow) for seed in every[few:]]
    return pytest.mark.parametrize("seed", [*every[:few], *others])


def first(cases: Iterable[Any], few: int = 1) -> list[Any]:
    """Cases of a test: the first few on every change, the others with the mark `slow`, at night."""
    every = list(cases)
    return every[:few] + ([] if by_day else [pytest.param(case, marks=pytest.mark.slow) for case in every[few:]])


def plans(seeds: range, **knobs: Any) -> Iterator[tuple[int, Problem, Fleet, Packing]]:
    """Random problems with a plan for each that has one."""
    for seed in seeds:
        found = _planned(seed, **knobs)
        if found is not None:
            yield seed, *found


@cache
def _planned(seed: int, **knobs: Any) -> tuple[Problem, Fleet, Packing] | None:
    problem = Problem(**strategies.random_problem(random.Random(seed), **knobs))
    with changed(HEURISTICS.group_completion, exchanges=8, whole_exchanges=2):
        result = placement.solve(problem, "best-fit", time_limit=None, work=3, options={"ejections": EJECTIONS})
    if result.packing is None or not result.packing.machines:
        return None
    return problem, compile_fleet(problem), result.packing


def broken_rules(problem: Problem, fleet: Fleet, packing: Packing) -> list[str]:
    """What the check says of a packing."""
    return [violation.message for violation in placement.verify(problem, to_plan(fleet, packing)).violations]


def copy_on_a_draining_machine(max_moves: int) -> Problem:
    """Two of three optional copies may stay where they run; the third is on a machine that drains, and would move."""
    return Problem(
        instance_types={"t": {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}},
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[{"name": "c", "copies": 3, "min_copies": 0, "accelerators": 0, "vcpus": 1}],
        instances=[{"id": "i", "pool": "p"}, {"id": "j", "pool": "p", "state": "draining"}],
        placements=[{"component": "c", "instance": i} for i in "iij"],
        objective={"max_moves": max_moves},
    )
