"""The search: what it keeps up to date is what the checker counts, after every round, and rules always hold."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from placement.errors import SolverBugError, UsageError
from placement.solving.budget import Budget
from placement.solving.parameters import changed
from placement.solving.result import Stop
from placement_bench.machine_reassignment import (
    Reassignment,
    aggregate_bound,
    check_assignment,
    compiling,
    kernel,
    price,
    read_reassignment,
    solve_reassignment,
)
from placement_bench.machine_reassignment.annealing import Annealing, Cooling
from placement_bench.machine_reassignment.array_annealing import ArrayAnnealing
from placement_bench.machine_reassignment.compiled_annealing import CompiledAnnealing
from placement_bench.machine_reassignment.parameters import MACHINE_REASSIGNMENT
from placement_bench.machine_reassignment.second_process import TaskProcess
from placement_bench.machine_reassignment.solve import AnnealingFound, AnnealingTask, coolings
from placement_bench.machine_reassignment.state import MoveBatch, SearchState
from tests.bench.machine_reassignment.instances import EXAMPLE, EXAMPLE_INITIAL, optimum, random_instance
from tests.corpus import one_by_one, seeds

if TYPE_CHECKING:
    from collections.abc import Iterator


def counted(state: SearchState) -> SearchState:
    """The same assignment, counted from nothing."""
    return SearchState(state.problem, state.machine_of)


KEPT = (
    *("used", "taken", "machine_cost", "on", "in_location", "in_neighbourhood", "places", "lacking", "wanted_by"),
    "moved",
)


KINDS = (ArrayAnnealing, CompiledAnnealing)


@pytest.fixture(autouse=True)
def few_draws() -> Iterator[None]:
    """The compiled loop is a Python loop where Numba is absent."""
    with changed(MACHINE_REASSIGNMENT.compiled_annealing, draws=40):
        yield


@pytest.mark.parametrize("kind", KINDS)
@one_by_one(range(120), 4)
def test_what_is_kept_is_what_a_recount_finds(seed: int, kind: type[Annealing]) -> None:
    """Cost, rules and every array, after every round, hot and cold."""
    problem = random_instance(seed, processes=25, machines=6)
    walk = kind(SearchState(problem, problem.initial), seed)
    for number in range(60):
        made = walk.made
        walk.step((300.0, 30.0, 0.0)[number // 20], away=seed % 3)
        if walk.made == made:
            continue
        state = walk.state
        where = state.machine_of.tolist()
        assert check_assignment(problem, where) == []
        assert state.cost == price(problem, where).total
        again = counted(state)
        for name in KEPT:
            assert np.array_equal(getattr(state, name), getattr(again, name)), name


def weighed(state: SearchState) -> float:
    """Load above capacities, in mean demands."""
    unit = 1.0 / np.maximum(state.problem.demand.mean(axis=0), 1.0)
    return float((np.maximum(state.taken - state.problem.capacity, 0) * unit).sum())


@one_by_one(range(80), 3)
def test_load_above_capacities_is_all_that_a_price_allows(seed: int) -> None:
    """Every other rule holds, what is kept is a recount's, and what is above is above by a recount."""
    problem = random_instance(seed, processes=25, machines=6)
    walk = CompiledAnnealing(SearchState(problem, problem.initial), seed)
    for number in range(60):
        walk.step(300.0, 0.0, (1.0, 100.0, 1e4)[number // 20])
        faults = check_assignment(problem, walk.state.machine_of.tolist())
        assert all(fault.startswith("capacity: ") for fault in faults)
        assert walk.fits() == (not faults) == (weighed(walk.state) == 0.0)
        assert walk.above() == pytest.approx(weighed(walk.state))
        assert walk.state.cost == price(problem, walk.state.machine_of.tolist()).total
        again = counted(walk.state)
        for name in KEPT:
            assert np.array_equal(getattr(walk.state, name), getattr(again, name)), name


@pytest.mark.slow
@seeds(range(8), 3)
def test_a_walk_with_a_price_ends_with_an_answer(seeds: range) -> None:
    """What is best keeps all rules, though the walk did not, and nearly all walks end within capacities."""
    ended = loaded = 0
    for seed in seeds:
        problem = random_instance(seed, processes=25, machines=6)
        walk = CompiledAnnealing(SearchState(problem, problem.initial), seed)
        above: list[float] = []

        def progress(rounds: int, walk: CompiledAnnealing = walk, above: list[float] = above) -> float:
            above.append(walk.above())
            return rounds / 160

        walk.run(Cooling(200.0, 2.0, prices=(0.5, 1000.0)), progress)
        assert check_assignment(problem, walk.best.tolist()) == []
        assert walk.best_cost == price(problem, walk.best.tolist()).total
        loaded += max(above) > 0.0
        ended += walk.fits()

    assert loaded >= len(seeds) / 2
    assert ended >= len(seeds) - 1


@pytest.mark.slow
@seeds(range(12), 3)
def test_what_is_left_above_capacities_is_mended(seeds: range) -> None:
    """A walk with a low price ends above them; the stage after it brings most of them back, at a price for none."""
    cooling = Cooling(200.0, 2.0, prices=(0.01, 0.02))
    (first, share), (mending, rest) = cooling.stages()
    left = mended = 0
    with changed(MACHINE_REASSIGNMENT.annealing, descent=0.0):
        for seed in seeds:
            problem = random_instance(seed, processes=25, machines=6)
            walk = CompiledAnnealing(SearchState(problem, problem.initial), seed)
            walk.run(first, lambda rounds: rounds / 40)
            left += not walk.fits()
            before = walk.rounds
            walk.run(mending, lambda rounds, before=before: (rounds - before) / 40)  # type: ignore[misc]
            mended += walk.fits()

    assert (first, share, rest) == (cooling, 0.95, 0.05)
    assert left >= len(seeds) / 2
    assert mended >= 5 * len(seeds) / 6
    assert Cooling(200.0, 2.0).stages() == [(Cooling(200.0, 2.0), 1.0)]


def test_prices_rise_as_it_cools_and_end_what_is_above() -> None:
    """In first temperatures; without them the price is infinite."""
    cooling = Cooling(1000.0, 10.0, prices=(1.0, 100.0))

    assert cooling.price(0.0) == pytest.approx(1000.0)
    assert cooling.price(0.485) == pytest.approx(10_000.0)
    assert cooling.price(1.0) == 1e9
    assert Cooling(1000.0, 10.0).price(0.5) == Cooling(0.0, 0.0, prices=(1.0, 2.0)).price(0.5) == math.inf


@pytest.mark.skipif(not compiling.COMPILES, reason="Numba is not installed")
def test_the_compiled_loop_walks_as_the_plain_one() -> None:
    """With a price and without. The loop's helpers stay compiled; recounts hold them, above."""
    for prices in (math.inf, 300.0):
        problem = random_instance(5, processes=25, machines=6)
        walk = CompiledAnnealing(SearchState(problem, problem.initial), 3)
        plain = CompiledAnnealing(SearchState(problem, problem.initial), 3)
        loop: Any = kernel.walk
        for _ in range(20):
            walk.step(100.0, 1.0, prices)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("placement_bench.machine_reassignment.compiled_annealing.walk", loop.py_func)
                plain.step(100.0, 1.0, prices)
            assert plain.state.machine_of.tolist() == walk.state.machine_of.tolist()
            assert plain.state.cost == walk.state.cost


@pytest.mark.parametrize("held", [True, False])
def test_load_above_capacities_is_tried_where_the_loop_is_compiled(held: bool) -> None:
    """Arrays allow none, and try both with processes held at home and without."""
    found = coolings(100.0, held=held)
    held_away, priced = ([kind.away > 0.0 for kind in found.values()], [bool(kind.prices) for kind in found.values()])

    assert held_away == ([held, held] if compiling.COMPILES else [True, False])
    assert priced == ([False, True] if compiling.COMPILES else [False, False])


@one_by_one(range(60), 6)
def test_moves_are_feasible_exactly_when_the_checker_takes_them(seed: int) -> None:
    """Every shift, and every swap: none that breaks a rule is let through, and its delta is the true one.

    Swaps of which one half alone would break a dependency or a spread may be refused; shifts may not. Swaps of which
    the halves together break a dependency are found out when they are to be made.
    """
    problem = random_instance(seed, processes=12, machines=4)
    state = SearchState(problem, problem.initial)
    before = state.cost - problem.service_weight * state.most_moved
    process, target = (part.ravel() for part in np.indices((problem.processes, problem.machines)))
    one, other = (part.ravel() for part in np.indices((problem.processes, problem.processes)))
    shifts = MoveBatch(process, state.machine_of[process], target)
    swaps = MoveBatch(one, state.machine_of[one], state.machine_of[other], other)
    for moves in (shifts, swaps):
        moves = moves.take(moves.source != moves.target)
        let = state.feasible(moves)
        passed = {(p, t) for p, t in zip(let.process.tolist(), _ends(let), strict=True)}
        for row, (p, end) in enumerate(zip(moves.process.tolist(), _ends(moves), strict=True)):
            after = state.machine_of.copy()
            after[p] = moves.target[row]
            if moves.other is not None:
                after[moves.other[row]] = moves.source[row]
            fine = check_assignment(problem, after.tolist()) == []
            if moves.other is None:
                assert fine == ((p, end) in passed)
            elif not fine and (p, end) in passed:  # a half that takes from the other what that depends on
                assert _made(problem, moves.take(np.array([row]))) == 0
        for row, delta in enumerate(state.deltas(let)[0].tolist()):
            after = state.machine_of.copy()
            after[let.process[row]] = let.target[row]
            if let.other is not None:
                after[let.other[row]] = let.source[row]
            cost = price(problem, after.tolist())
            assert before + delta == cost.total - cost.service_moves


def _made(problem: Reassignment, moves: MoveBatch) -> int:
    """How many of them are made from the initial assignment."""
    state = SearchState(problem, problem.initial)
    made = state.make(moves, state.deltas(moves))
    again = counted(state)
    assert all(np.array_equal(getattr(state, name), getattr(again, name)) for name in KEPT)
    return made


def _ends(moves: MoveBatch) -> list[int]:
    ends: list[int] = (moves.target if moves.other is None else moves.other).tolist()
    return ends


@one_by_one(range(40), 4)
def test_tiny_instances_are_never_below_the_optimum(seed: int) -> None:
    """Never below it, which would be a wrong count; and the bound is never above it."""
    problem = random_instance(seed, processes=5, machines=3)
    found = solve_reassignment(problem, budget=Budget(work=200), seed=seed)
    best = optimum(problem)

    assert found.bound <= best <= found.cost
    assert check_assignment(problem, found.assignment.tolist()) == []
    assert price(problem, found.assignment.tolist()).total == found.cost
    assert found.cost <= price(problem, problem.initial.tolist()).total


def test_nearly_all_tiny_instances_end_at_the_optimum() -> None:
    """The search is worth something: a broken neighbourhood would show here."""
    hits = 0
    for seed in range(6):
        problem = random_instance(seed, processes=5, machines=3)
        hits += solve_reassignment(problem, budget=Budget(work=300), seed=seed).cost == optimum(problem)

    assert hits >= 5


def test_the_example_is_solved() -> None:
    """2411 is its optimum."""
    found = solve_reassignment(read_reassignment(EXAMPLE, EXAMPLE_INITIAL), budget=Budget(work=100))

    assert (found.cost, found.assignment.tolist(), found.stop) == (2411, [0, 2, 1], Stop.DONE)


@pytest.mark.slow
def test_equal_seeds_give_equal_answers() -> None:
    """With a limit on work."""
    problem = random_instance(5, processes=40, machines=8)
    one, two, other = (solve_reassignment(problem, budget=Budget(work=200), seed=seed) for seed in (1, 1, 2))

    assert one.assignment.tolist() == two.assignment.tolist()
    assert one.stats == two.stats
    assert one.stats != other.stats
    assert int(one.stats["rounds"]) <= 200 + 6 * 8


def test_improvements_are_told_in_order() -> None:
    """Costs fall, and the last is the answer."""
    problem = random_instance(5, processes=40, machines=8)
    told: list[int] = []
    found = solve_reassignment(problem, budget=Budget(work=200), listener=lambda event: told.append(event.cost))

    assert told == sorted(told, reverse=True)
    assert told[0] == price(problem, problem.initial.tolist()).total
    assert told[-1] == found.cost < told[0]


def test_an_interrupt_leaves_the_best_so_far() -> None:
    """And its bound."""
    problem = random_instance(5, processes=40, machines=8)
    budget = Budget(seconds=600, threads=1)

    def stop_soon(event: object) -> None:
        del event
        budget.interrupt()

    found = solve_reassignment(problem, budget=budget, listener=stop_soon)

    assert found.stop is Stop.INTERRUPTED
    assert check_assignment(problem, found.assignment.tolist()) == []
    assert found.bound == aggregate_bound(problem)


def test_ctrl_c_in_the_middle_leaves_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it falls."""
    problem = random_instance(5, processes=40, machines=8)
    real, calls = SearchState.deltas, []

    def interrupted(self: SearchState, moves: MoveBatch) -> object:
        calls.append(1)
        if len(calls) == 120:
            raise KeyboardInterrupt
        return real(self, moves)

    monkeypatch.setattr("placement_bench.machine_reassignment.solve.COMPILES", False)
    monkeypatch.setattr(SearchState, "deltas", interrupted)
    found = solve_reassignment(problem, budget=Budget(work=4000))

    assert found.stop is Stop.INTERRUPTED
    assert found.cost == price(problem, found.assignment.tolist()).total


def test_nothing_to_move() -> None:
    """One machine: the answer is what there is."""
    problem = random_instance(1, processes=1, machines=1)
    found = solve_reassignment(problem, budget=Budget(work=10))

    assert (found.assignment.tolist(), found.found_by) == ([0], "initial")
    assert found.cost == price(problem, [0]).total


def test_a_limit_is_needed() -> None:
    """Cooling has to know its end."""
    with pytest.raises(UsageError, match="it needs a time limit, or one on work"):
        solve_reassignment(random_instance(1), budget=Budget())


def test_a_broken_initial_assignment_is_refused() -> None:
    """With the rule it breaks."""
    problem = read_reassignment(EXAMPLE, "0 1 0")

    with pytest.raises(UsageError, match="the initial assignment breaks a rule: spread: service 0"):
        solve_reassignment(problem, budget=Budget(work=10))


def test_a_wrong_count_is_never_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that says less than its assignment costs is caught."""
    real = SearchState.deltas

    def cheaper(self: SearchState, moves: MoveBatch) -> object:
        delta, source, target = real(self, moves)
        return delta - 1, source, target

    monkeypatch.setattr("placement_bench.machine_reassignment.solve.COMPILES", False)
    monkeypatch.setattr(SearchState, "deltas", cheaper)
    with pytest.raises(SolverBugError, match=r"says .*, counted .*; no rule broken"):
        solve_reassignment(random_instance(5, processes=40, machines=8), budget=Budget(work=200))


def test_cooling() -> None:
    """From hot to cold by the same factor in the same time, then none."""
    cooling = Cooling(1000.0, 10.0)

    assert cooling.at(0.0) == pytest.approx(1000.0)
    assert cooling.at(0.485) == pytest.approx(100.0)
    assert cooling.at(0.98) == 0.0
    assert Cooling(0.0, 0.0).at(0.5) == 0.0


@pytest.mark.parametrize("prices", [None, (2.0, 500.0)])
def test_the_parts_of_a_cooling_are_the_whole(prices: tuple[float, float] | None) -> None:
    """Temperatures and prices fall and rise in two parts as they do in one."""
    whole = Cooling(1000.0, 10.0, 2.0, prices)
    before, after = whole.parts(0.1)
    descent = 1.0 - MACHINE_REASSIGNMENT.annealing.descent
    for at in (0.0, 0.3, 0.9):
        for part, share in ((before, 0.5 * at), (after, 0.5 + 0.5 * at)):
            assert part.away == whole.away
            assert part.at(at * descent) == pytest.approx(whole.at(share * descent))
            assert part.price(at * descent) == pytest.approx(whole.price(share * descent))


class _Scripted(Annealing):
    """A walk that does nothing but have, after its first part, the cost and the load that its number says."""

    costs: ClassVar[list[tuple[int, bool]]] = [(9, True), (1, False), (7, True), (8, True), (3, False)]
    ran: ClassVar[list[list[Cooling]]] = []

    def __init__(self, state: SearchState, seed: int) -> None:
        super().__init__(state, seed)
        self.ran.append([])
        self.number = seed

    def run(self, cooling: Cooling, progress: object) -> None:
        del progress
        self.ran[self.number].append(cooling)
        self.state.cost = self.costs[self.number][0]
        self.best_cost = 100 + self.number
        self.rounds += 5

    def step(self, temperature: float, away: float = 0.0, price: float = math.inf) -> None:
        raise AssertionError("a search is run, never asked for a single step")

    def fits(self) -> bool:
        return self.costs[self.number][1]


@pytest.mark.parametrize(("selected", "on"), [(2, {2, 3}), (4, {0, 1, 2, 3})])
def test_of_several_walks_the_best_go_on(monkeypatch: pytest.MonkeyPatch, selected: int, on: set[int]) -> None:
    """The cheapest within capacities, then the cheapest above them. The answer is the best of all walks."""
    monkeypatch.setattr("placement_bench.machine_reassignment.solve.annealing_of", _Scripted)
    monkeypatch.setattr(_Scripted, "ran", [])
    problem, cooling = random_instance(5), Cooling(100.0, 2.0)
    with changed(MACHINE_REASSIGNMENT.solve, selected=selected):
        found = AnnealingTask(problem, problem.initial, cooling, 0, 5).run(Budget(work=100))
    hot, cold = cooling.parts(MACHINE_REASSIGNMENT.solve.select_at)

    assert [ran == [hot, cold] for ran in _Scripted.ran] == [number in on for number in range(5)]
    assert all(ran[0] == hot for ran in _Scripted.ran)
    assert (found.cost, found.rounds) == (100, 5 * (5 + selected))


@pytest.mark.slow
@pytest.mark.parametrize("walks", [1, 2, 5])
def test_several_walks_keep_the_limit_on_work(walks: int) -> None:
    """Each looks at it every few rounds; equal seeds give equal answers."""
    problem = random_instance(5, processes=25, machines=6)
    task = AnnealingTask(problem, problem.initial, coolings(100.0)["at home"], 7, walks)
    one, two = (task.run(Budget(work=800)) for _ in range(2))

    assert price(problem, one.assignment.tolist()).total == one.cost
    assert check_assignment(problem, one.assignment.tolist()) == []
    assert one.assignment.tolist() == two.assignment.tolist()
    assert 800 <= one.rounds <= 800 + 8 * (walks + MACHINE_REASSIGNMENT.solve.selected)


@pytest.mark.skipif(not compiling.COMPILES, reason="Numba is not installed")
@pytest.mark.parametrize(("work", "walks"), [(100, 1), (1500, 3), (100_000, 8)])
def test_walks_with_a_price_are_as_many_as_time_is_enough_for(
    monkeypatch: pytest.MonkeyPatch, work: int, walks: int
) -> None:
    """Walks without one gain more from time: there is one."""
    one = random_instance(5, processes=25, machines=6)
    problem = replace(one, transient=np.ones_like(one.transient))
    tasks: list[AnnealingTask] = []

    def answered(self: AnnealingTask, budget: Budget) -> AnnealingFound:
        del budget
        tasks.append(self)
        return AnnealingFound(self.start, 10**12, 0, 0, 0)

    monkeypatch.setattr(AnnealingTask, "run", answered)
    solve_reassignment(problem, budget=Budget(work=work))

    assert [task.walks for task in tasks] == [1, walks, 1, 1]


def test_a_second_process_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task comes back from it; one that fails is told; without a process there is no answer and no error."""
    problem: Reassignment = random_instance(5, processes=40, machines=8)
    task = AnnealingTask(problem, problem.initial, Cooling(100.0, 2.0, 3.0), 7)
    with TaskProcess() as second:
        second.start(task, Budget(seconds=60), 0.0)
        found = second.wait(hurry=True)
        assert price(problem, found.assignment.tolist()).total == found.cost
    with TaskProcess() as second:
        second.start(AnnealingTask(problem, problem.initial[:3], Cooling(100.0, 2.0, 3.0), 7), Budget(seconds=60), 0.0)
        with pytest.raises(SolverBugError, match="a task in the second process failed"):
            second.wait(hurry=True)
    monkeypatch.setattr("sys.executable", "")
    with TaskProcess() as second:
        second.start(task, Budget(seconds=60), 0.0)
        assert second.wait() is None
