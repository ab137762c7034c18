"""Scores of many moves at once: what a move changes, told by a recount; and the processes of each machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from placement.solving.parameters import changed
from placement_bench.machine_reassignment import scores
from placement_bench.machine_reassignment.compiled_annealing import CompiledAnnealing
from placement_bench.machine_reassignment.parameters import MACHINE_REASSIGNMENT
from placement_bench.machine_reassignment.state import SearchState
from placement_bench.machine_reassignment.tables import KeptTables, fixed_tables, kept_tables, score_tables, work_tables
from tests.bench.machine_reassignment.instances import random_instance
from tests.corpus import one_by_one

if TYPE_CHECKING:
    from collections.abc import Iterator

PRICE = 1000.0


@pytest.fixture(autouse=True)
def few_draws() -> Iterator[None]:
    """The compiled loop is a Python loop where Numba is absent, and a recount after few draws sees more."""
    with changed(MACHINE_REASSIGNMENT.compiled_annealing, draws=40):
        yield


def ring(kept: KeptTables, machine: int) -> list[int]:
    """The processes of a machine, sorted; both ways around are the same."""
    first = int(kept.first[machine])
    if first == scores.NONE:
        return []
    found = [first]
    while (process := int(kept.following[found[-1]])) != first:
        assert kept.preceding[process] == found[-1]
        found.append(process)
    assert kept.preceding[first] == found[-1]
    return sorted(found)


def penalised(state: SearchState) -> float:
    """Load, balance, and what is above capacities, at its price."""
    unit = 1.0 / np.maximum(state.problem.demand.mean(axis=0), 1.0)
    above = np.maximum(state.taken - state.problem.capacity, 0) * unit
    return float(state.machine_cost.sum() + PRICE * above.sum())


@one_by_one(range(40), 4)
def test_scores_are_what_moves_change(seed: int) -> None:
    """Every shift and every swap that ends away from home; on the way home transient resources are not seen."""
    problem = random_instance(seed, processes=12, machines=4)
    walk = CompiledAnnealing(SearchState(problem, problem.initial), seed)
    for _ in range(3):
        walk.step(300.0)
    state = SearchState(problem, walk.state.machine_of)
    fixed, kept, tables = fixed_tables(state), kept_tables(state), score_tables(state)
    found = work_tables(state, seed).score
    scores.set_price(fixed, tables, PRICE)
    for machine in range(problem.machines):
        scores.refresh(fixed, kept, tables, machine)
    before = penalised(state)
    for process in range(problem.processes):
        source = state.machine_of[process]
        now, without = scores.cost_with(tables, process, PRICE), scores.cost_without(tables, process)
        scores.score_machines(tables, found, process)
        for target, score in enumerate(found[: problem.machines].tolist()):
            after = state.machine_of.copy()
            after[process] = target
            if target not in (source, problem.initial[process]):
                assert score + without - now == pytest.approx(penalised(SearchState(problem, after)) - before, abs=0.1)
        scores.score_swaps(tables, found, (process, 2, problem.processes), 7.0, PRICE)
        for other, score in enumerate(found[: problem.processes - 2].tolist(), 2):
            target = state.machine_of[other]
            after = state.machine_of.copy()
            after[process], after[other] = target, source
            if target in (source, problem.initial[process]) or source == problem.initial[other]:
                continue
            leaves = 7.0 * bool(target == problem.initial[other])
            change = penalised(SearchState(problem, after)) - before
            assert score - now == pytest.approx(change + leaves, abs=0.1)


@one_by_one(range(40), 4)
def test_what_is_kept_of_machines_is_what_a_recount_finds(seed: int) -> None:
    """Rings of processes, and all that scores are made of, after every round."""
    problem = random_instance(seed, processes=25, machines=6)
    walk = CompiledAnnealing(SearchState(problem, problem.initial), seed)
    for _ in range(30):
        walk.step(100.0, 1.0, 50.0)
        again = CompiledAnnealing(walk.state, 0)
        again.kept.above[:] = walk.kept.above
        for machine in range(problem.machines):
            scores.refresh(again.fixed, again.kept, again.scores, machine)
            assert ring(walk.kept, machine) == np.flatnonzero(walk.state.machine_of == machine).tolist()
        for name in ("load", "without", "cost", "above", "at_home"):
            assert np.array_equal(getattr(walk.scores, name), getattr(again.scores, name)), name
