"""Which machine a running copy may be on: with room where that is possible, and told where it is not."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

import pytest

from placement.integrations.sagemaker.packing import Amounts, Demand
from placement.integrations.sagemaker.reconstruction import arrange
from tests.corpus import one_by_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Plan, Problem

# First-fit decreasing fills the first machine with 5 + 4 of 10 and can't place the last; 5 + 3 + 2 and 4 + 4 + 2 fit.
TIGHT = [5, 4, 4, 3, 2, 2]


def solver(problem: Problem) -> Plan | None:
    """What the command asks."""
    from placement.planner import solve

    return solve(problem, time_limit=20).plan


def machines(count: int, room: Amounts) -> dict[str, tuple[str, Amounts]]:
    """Alike machines."""
    return {f"m{index}": ("kind", room) for index in range(count)}


def copies(sizes: Sequence[int]) -> list[Demand]:
    """One copy of each size, in accelerators."""
    return [Demand(f"c{index}", 1, {"kind": Amounts(size, 0, 128)}) for index, size in enumerate(sizes)]


def loads(rows: Sequence[tuple[str, str]], sizes: Sequence[int]) -> Counter[str]:
    """Accelerators taken on each machine."""
    found: Counter[str] = Counter()
    for name, machine in rows:
        found[machine] += sizes[int(name[1:])]
    return found


def test_first_fit_puts_the_largest_first() -> None:
    """On the first machine with room, in every amount."""
    room = Amounts(4, 8000, 1000)
    made = arrange(
        machines(2, room),
        [Demand("a", 2, {"kind": Amounts(1, 0, 700)}), Demand("b", 1, {"kind": Amounts(3, 1000, 200)})],
    )

    assert made.rows == (("b", "m0"), ("a", "m0"), ("a", "m1"))
    assert (made.found_by, made.crowded) == ("first-fit decreasing", 0)


def test_the_solver_is_asked_where_first_fit_fails() -> None:
    """And its arrangement has room for all, on the machines that run."""
    room = Amounts(10, 1000, 10_000)
    alone = arrange(machines(2, room), copies(TIGHT))
    made = arrange(machines(2, room), copies(TIGHT), solver)

    assert alone.crowded > 0
    assert len(alone.rows) == len(TIGHT)
    assert (made.found_by, made.crowded) == ("the solver", 0)
    assert sorted(name for name, _ in made.rows) == [f"c{index}" for index in range(len(TIGHT))]
    assert set(loads(made.rows, TIGHT).values()) == {10}


def test_copies_of_one_component_on_several_kinds() -> None:
    """Each kind has its own needs, also for the solver."""
    rooms = {f"{kind}1": (kind, Amounts(10, 1000, 10_000)) for kind in ("a", "b")}
    rows = [Demand(f"x{index}", 1, {"a": Amounts(size, 0, 128)}) for index, size in enumerate((6, 4))]
    both = [*rows, Demand("y", 3, {"a": Amounts(5, 0, 128), "b": Amounts(3, 0, 128)})]
    made = arrange(rooms, both, solver)

    assert Counter(made.rows) == {("x0", "a1"): 1, ("x1", "a1"): 1, ("y", "b1"): 3}


def test_what_fits_nowhere_is_told() -> None:
    """It stands where there are fewest; copies that may be on no machine are left out."""
    rows = [Demand("a", 3, {"kind": Amounts(8, 0, 128)}), Demand("b", 2, {"other": Amounts(1, 0, 128)})]
    made = arrange(machines(2, Amounts(8, 1000, 1000)), rows, lambda problem: None)

    assert made.crowded == 1
    assert Counter(machine for _, machine in made.rows) == {"m0": 2, "m1": 1}


@one_by_one(range(120), 10)
def test_with_the_solver_an_arrangement_is_found_where_there_is_one(seed: int) -> None:
    """Every assignment is tried by brute force."""
    rng = random.Random(seed)
    count, sizes = rng.randint(1, 3), [rng.randint(1, 6) for _ in range(rng.randint(1, 6))]
    room = Amounts(rng.randint(4, 10), 1000, 10_000)
    possible = any(
        all(
            sum(size for size, at in zip(sizes, where, strict=True) if at == m) <= room.accelerators
            for m in range(count)
        )
        for where in product(range(count), repeat=len(sizes))
    )
    made = arrange(machines(count, room), copies(sizes), solver)

    assert (made.crowded == 0) == possible
    assert all(load <= room.accelerators for load in loads(made.rows, sizes).values()) == possible


def test_a_plan_that_lacks_copies_is_not_taken() -> None:
    """The solver must place all of them."""
    from placement.documents import Plan

    made = arrange(machines(2, Amounts(10, 1000, 10_000)), copies(TIGHT), lambda problem: Plan())
    assert made.found_by == "first-fit decreasing"
    assert made.crowded > 0
    with pytest.raises(ZeroDivisionError):
        arrange(machines(2, Amounts(10, 1000, 10_000)), copies(TIGHT), lambda problem: 1 / 0)  # type: ignore[arg-type,return-value]
