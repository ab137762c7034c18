"""Time may end at any look at the clock: every solver then ends soon, with what it has, and claims what is true.

The clock here counts how often it is asked, so the tests do not depend on the machine.
"""

from __future__ import annotations

import random
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from placement.compiled.fleet import Fleet, compile_fleet
from placement.documents import Problem
from placement.heuristics.check import is_complete
from placement.heuristics.workspace import Workspace
from placement.solvers.registry import SOLVERS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests import brute, strategies
from tests.corpus import first
from tests.heuristics.invariants import check_invariants

if TYPE_CHECKING:
    from placement.compiled.packing import Packing, Value

_LOOKS = 60  # at the clock after time is over: each part that is left looks once or twice
_SEEDS = (2, 3, 4, 5, 17, 18, 22, 26, 35, 38)  # with levels, with what runs, and without a plan
_MOMENTS = (0, 2, 9, 70, 1, 4, 25, 200)


class CountedClock(Budget):
    """A budget whose time is over once it, or a part of it, has been asked for the time so often."""

    def __init__(self, looks: int, work: float | None = None) -> None:
        """`looks` before the end."""
        super().__init__(seconds=1e6, work=work, threads=1)
        self.looks = looks
        self._whole: CountedClock = self

    def left(self) -> float:
        """All of the time or none."""
        self._whole.looks -= 1
        return 0.0 if self._whole.looks < 0 else 1e6

    def share(self, fraction: float = 1.0, *, work: float | None = None, **_: Any) -> Budget:
        """A part, on the same clock; small engines end long before their time."""
        part = CountedClock(0, work if work is not None else self.work)
        part._whole = self._whole
        part._interrupt = self._interrupt
        return part


class Watched(Incumbent):
    """An incumbent that keeps what it was offered."""

    def __init__(self, fleet: Fleet, budget: Budget) -> None:
        """Nothing yet."""
        super().__init__(fleet, budget)
        self.values: list[Value] = []

    def offer(self, packing: Packing, by: str) -> bool:
        """Note the value."""
        taken = super().offer(packing, by)
        assert self.best is not None
        self.values.append(self.best[1])
        return taken


@cache
def case(seed: int) -> tuple[Fleet, brute.Best | None]:
    document = strategies.random_problem(random.Random(seed))
    assert not brute.too_big(document)
    return compile_fleet(Problem(**document)), brute.cheapest(document)


@pytest.mark.parametrize("moment", first(_MOMENTS, 4))
@pytest.mark.parametrize("name", sorted(SOLVERS))
def test_time_ends_at_any_look_at_the_clock(name: str, moment: int) -> None:
    for seed in _SEEDS:
        fleet, best = case(seed)
        budget = CountedClock(moment)
        incumbent = Watched(fleet, budget)
        entry = SOLVERS[name]
        outcome = entry.load()(Solve(fleet, incumbent, budget), options=entry.default_options())
        assert budget.looks >= -_LOOKS, f"seed {seed}: {-budget.looks} looks after the end"
        assert not (outcome.infeasible and best is not None), f"seed {seed}"
        bound = incumbent.ticks_bound
        if incumbent.best is not None:
            packing, value = incumbent.best
            assert value == min(incumbent.values)
            ws = Workspace(fleet)
            ws.load(packing)
            check_invariants(ws)
            assert is_complete(ws)
        if bound is not None and best is not None and not any(best.left_out.values()):
            assert fleet.cost(bound) <= best.account.cost, f"seed {seed}"
