"""What the second process of column generation hands over: its plan, and the machines of all its packings."""

from __future__ import annotations

from collections import Counter

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.local_search.set_covering import SetCovering
from placement.parallel.job import TaskAnswer
from placement.solvers.column_generation.helper import PackFleetMixes, helper_jobs
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.heuristics.fleets import component, document

ROWS = [component("large", 2, 50), component("small", 2, 30)]
FLEET = compile_fleet(Problem(**document(ROWS)))


def on_machines(*held: tuple[int, ...]) -> Packing:
    """New machines of the first pool, each with copies of these components on its first accelerator."""
    return Packing(tuple(Machine(0, None, tuple(Seat(c, 0, (0,)) for c in copies)) for copies in held))


def held(packing: Packing) -> set[tuple[int, ...]]:
    """The components on each machine."""
    return {tuple(sorted(seat.component for seat in machine.seats)) for machine in packing.machines}


def test_mixes_say_which_machines_their_packings_had() -> None:
    """Those of the plan that they end with are among them."""
    answer = PackFleetMixes(FLEET, on_machines((0,), (0,), (1, 1)), 0).run(Budget(work=2, threads=1))
    assert answer.packing is not None
    assert held(answer.packing) <= held(Packing(answer.machines))


def test_the_search_beside_covers_with_them() -> None:
    """A packing that lacks a copy has the machine that the best plan needs twice."""
    solve = Solve.of(FLEET, hint=on_machines((0,), (0,), (1, 1)))
    covering = SetCovering(solve)
    job = next(helper_jobs(solve, covering, Budget()))
    assert job.take is not None
    job.take(TaskAnswer(None, machines=on_machines((0, 1), (0,)).machines))
    assert covering.run(Budget(threads=1))
    assert solve.packing is not None
    assert [Counter(seat.component for seat in machine.seats) for machine in solve.packing.machines] == [
        {0: 1, 1: 1}
    ] * 2
