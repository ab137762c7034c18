"""Turns of two searches on one plan: it keeps every rule and gets no worse, each turn goes on from the one before."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

import placement
from placement.compiled.packing import evaluate
from placement.local_search.eliminate import BinElimination
from placement.local_search.variable_neighbourhood import VariableNeighbourhoodSearch
from placement.reductions.required import RequiredAsPlaced
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests.corpus import broken_rules, plans, seeds

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing

MOST = 4


@seeds(range(45), 4)
def test_no_plan_gets_worse_or_wrong(seeds: range) -> None:
    """Random problems with every rule, optional copies and running machines among them; work is kept to."""
    closed = steps = 0
    for seed, problem, fleet, packing in plans(seeds):
        budget = Budget(threads=1)
        incumbent = Incumbent(fleet, budget)
        incumbent.offer(packing, "test")
        search = VariableNeighbourhoodSearch(Solve(fleet, incumbent, Budget(), seed))
        search.run(budget, MOST)
        assert incumbent.best is not None
        assert incumbent.best[1] <= evaluate(fleet, packing), f"seed {seed}"
        assert broken_rules(problem, fleet, incumbent.best[0]) == [], f"seed {seed}"
        assert search.tries <= MOST
        assert search.steps <= MOST
        closed, steps = closed + search.closed, steps + search.steps
    assert closed > 0
    assert steps > 0


@seeds(range(120), 8)
def test_a_better_plan_from_elsewhere_is_gone_on_from(seeds: range) -> None:
    """What another search hands to the incumbent meanwhile is not undone."""
    seen = 0
    for seed, problem, fleet, packing in plans(seeds):
        better = placement.solve(problem, "cp-sat", time_limit=None, work=200, threads=1).packing
        if better is None or evaluate(fleet, better) >= evaluate(fleet, packing):
            continue
        incumbent = Incumbent(fleet, Budget())
        incumbent.offer(packing, "test")
        search = VariableNeighbourhoodSearch(Solve(fleet, incumbent, Budget(), seed))
        incumbent.offer(better, "elsewhere")
        search.run(Budget(threads=1), 1)
        assert evaluate(fleet, search.packing) <= evaluate(fleet, better)
        seen += 1
    assert seen > 5 * len(seeds) / 120


@pytest.mark.slow
def test_optional_copies_that_stand_are_required() -> None:
    """As many as the packing has, no more and no fewer."""
    seen = 0
    for _, _, fleet, packing in plans(range(150)):
        firm = RequiredAsPlaced.of(fleet, packing).fleet
        placed = [sum(seat.component == c.index for _, seat in packing.seats()) for c in fleet.components]
        for before, after in zip(fleet.components, firm.components, strict=True):
            if before.level is not None:
                assert (after.required, after.copies, after.level) == (placed[before.index],) * 2 + (None,)
                seen += 1
            else:
                assert after == before
    assert seen > 10


@seeds(range(30), 20)
def test_a_turn_starts_where_the_other_ended(seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equally good plans of the large-neighbourhood search are handed on too, though the incumbent keeps the first."""
    starts: list[Packing] = []

    class Watched(BinElimination):
        def __init__(self, fleet: Fleet, packing: Packing, seed: int) -> None:
            starts.append(packing)
            super().__init__(fleet, packing, seed)

    monkeypatch.setattr("placement.local_search.variable_neighbourhood.BinElimination", Watched)
    drifted = 0
    for seed, _, fleet, packing in plans(seeds):
        starts.clear()
        budget = Budget(threads=1)
        incumbent = Incumbent(fleet, budget)
        incumbent.offer(packing, "test")
        VariableNeighbourhoodSearch(Solve(fleet, incumbent, Budget(), seed)).run(budget, MOST)
        values = [evaluate(fleet, start) for start in starts]
        assert values == sorted(values, reverse=True), f"seed {seed}"
        drifted += any(a != b and evaluate(fleet, a) == evaluate(fleet, b) for a, b in pairwise(starts))
    assert drifted > 0
