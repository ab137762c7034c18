"""The checker: costs of the statement's example and of published instances, and each rule broken by itself."""

from __future__ import annotations

import csv
import zipfile
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from placement_bench.machine_reassignment import (
    Reassignment,
    ReassignmentCost,
    aggregate_bound,
    check_assignment,
    price,
    read_reassignment,
)
from tests.bench.machine_reassignment.instances import EXAMPLE, EXAMPLE_INITIAL, optimum, random_instance

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "published" / "roadef2012"


def example() -> Reassignment:
    """The statement's."""
    return read_reassignment(EXAMPLE, EXAMPLE_INITIAL)


@pytest.mark.parametrize(("assignment", "cost"), [((0, 3, 0), 4200), ((0, 2, 0), 3510), ((0, 2, 1), 2411)])
def test_the_example_costs_what_the_statement_says(assignment: tuple[int, ...], cost: int) -> None:
    """And breaks no rule."""
    assert price(example(), assignment).total == cost
    assert check_assignment(example(), assignment) == []


def test_the_example_s_optimum() -> None:
    """No other assignment is as cheap, and the bound is not above it."""
    assert optimum(example()) == 2411
    assert aggregate_bound(example()) <= 2411


def test_costs_come_in_parts() -> None:
    """Moving process 1 costs 100 for the process, 10 for the service and 2 x 100 for the way."""
    found = price(example(), (0, 2, 0))

    assert found == ReassignmentCost(found.load, found.balance, 100, 10, 200)
    assert found.load + found.balance == 3510 - 310


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ((3, 2, 0), "capacity: machine 3 has 10 of resource 0, with what moved off, 22 is taken"),
        ((0, 0, 1), "conflict: 2 processes of service 0 are on machine 0"),
        ((0, 1, 0), "spread: service 0 is in 1 locations, at least 2 are wanted"),
        ((2, 3, 0), "dependency: service 1 is in neighbourhood 0 without service 0"),
        ((0, 3), "assignment: 2 machines are given for 3 processes"),
        ((0, 3, 9), "assignment: process 2 is on machine 9; machines are 0 to 3"),
    ],
)
def test_each_rule_is_checked(assignment: tuple[int, ...], said: str) -> None:
    """Each is told with the figures."""
    assert any(fault.startswith(said) for fault in check_assignment(example(), assignment))


def test_what_moved_off_still_takes_transient_resources() -> None:
    """Process 0 leaves machine 0, which must still have its 12 of resource 0: 12 + 6 is more than 17."""
    tight = example()
    tight.capacity[0, 0] = 17
    moved = (2, 3, 0)

    assert [fault for fault in check_assignment(tight, moved) if fault.startswith("capacity: machine 0")] == [
        "capacity: machine 0 has 17 of resource 0, with what moved off, 18 is taken"
    ]
    lasting = replace(tight, transient=np.array([False, False]))
    assert not [fault for fault in check_assignment(lasting, moved) if fault.startswith("capacity: machine 0")]


def test_many_faults_are_cut() -> None:
    """A list of thousands is of no use."""
    problem = random_instance(3, processes=200, machines=8)
    found = check_assignment(problem, [0] * problem.processes)

    assert len(found) == 21
    assert found[-1].startswith("and ")


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_is_never_above_the_optimum(seed: int) -> None:
    """All assignments of tiny instances."""
    problem = random_instance(seed, processes=5, machines=3)

    assert aggregate_bound(problem) <= optimum(problem)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_holds_for_assignments_that_break_rules_too(seed: int) -> None:
    """It takes no rule for granted."""
    problem = random_instance(seed, processes=5, machines=3)

    assert aggregate_bound(problem) <= min(price(problem, each).total for each in product(range(3), repeat=5))


@pytest.mark.skipif(not FOLDER.is_dir(), reason="no published instances in ../shared/published/roadef2012")
@pytest.mark.parametrize("family", ["A", *(pytest.param(name, marks=pytest.mark.slow) for name in "BX")])
def test_published_initial_costs_are_counted_again(family: str) -> None:
    """And the initial assignments keep all rules, and our bound is the published one."""
    with (FOLDER / "best_known.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["family"] == family]
    assert rows
    with zipfile.ZipFile(FOLDER / f"{family}.zip") as archive:
        for row in rows:
            files = (f"{kind}_{row['instance']}.txt" for kind in ("model", "assignment"))
            model, initial = (archive.read(file).decode() for file in files)
            problem = read_reassignment(model, initial)
            where = problem.initial.tolist()
            assert price(problem, where).total == int(row["initial_cost"]), row["instance"]
            assert check_assignment(problem, where) == [], row["instance"]
            assert aggregate_bound(problem) == int(row["aggregate_lower_bound"]), row["instance"]
