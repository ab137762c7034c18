"""The solver: cheap packings and bounds, column generation, rounding and diving, then exact search in the gap."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE
from placement.vector_packing.certificate import PackingCut, cost_bound
from placement.vector_packing.compiled import Compiled, compile_packing
from placement.vector_packing.counts import close_by_counts, close_by_groups
from placement.vector_packing.cover import close_by_patterns, cover
from placement.vector_packing.dive import dive, improve, round_down
from placement.vector_packing.dual_feasible import dual_feasible_cuts, volume_cuts
from placement.vector_packing.full_bins import cover_by_full_bins
from placement.vector_packing.generation import Generation
from placement.vector_packing.heuristics import first_packings
from placement.vector_packing.mix import count_bins, pack_counts
from placement.vector_packing.parameters import VECTOR_PACKING
from placement.vector_packing.parameters import VectorSolveParameters as _PARAMS
from placement.vector_packing.problem import VectorPacking
from placement.vector_packing.state import Listener, PackingResult, PackingState

_TIME = SCHEDULE.vector_packing
KNOWN = "known"


def solve_vector_packing(
    problem: VectorPacking,
    *,
    budget: Budget,
    seed: int = 0,
    known: int = 0,
    beaten: Callable[[], int | None] = lambda: None,
    listener: Listener | None = None,
) -> PackingResult:
    """The cheapest packing and the best bound within `budget`; single-threaded.

    `problem`: what to pack.
    `budget`: wall-clock limit, interrupt, and the relative gap that is good enough (0 asks for a proof).
    `seed`: of the randomised heuristics.
    `known`: a bound on the cost, by whoever has one: a packing that meets it is the best.
    `beaten`: asked what the best packing known elsewhere costs, if there is one: only cheaper ones are of use.
    `listener`: called at each improvement with a `PackingEvent`.
    Raises UsageError: the problem's shapes or numbers do not make sense.
    """
    compiled = compile_packing(problem)
    state = PackingState(budget, listener, beaten=beaten)
    state.unit = max(1, int(np.gcd.reduce(compiled.cost)))
    most = np.maximum(np.minimum(compiled.available, int(compiled.demand.sum())), compiled.least)
    state.dearest = int(compiled.cost @ most)
    if set(range(len(compiled.demand))) - set(compiled.item[compiled.limit > 0].tolist()):
        state.infeasible = True
        return state.result()
    state.raise_bound(compiled.base_cost, "least")
    state.raise_bound(known, KNOWN)
    if not len(compiled.demand):
        state.offer((), compiled.base_cost, "empty")
        return state.result()
    cuts = volume_cuts(compiled)
    for cut in (*cuts, *dual_feasible_cuts(compiled)):
        state.raise_to(cost_bound(compiled, cut, 1), "volume")
    first_packings(compiled, state)
    if state.bound_by != KNOWN:  # whole bins would not reach that bound
        _count(compiled, state, cuts, seed)
    if not state.ended:
        cover_by_full_bins(compiled, state)
    if state.ended:
        return state.result()
    generation = Generation(compiled, state)
    done = generation.run(_TIME.root.of(budget))
    for step in _steps(generation, cuts, seed, stopped=not done):
        if state.ended:
            break
        step()
    state.stats.update(columns=len(generation.master.loads), rounds=generation.rounds)
    return state.result()


def _steps(
    generation: Generation, cuts: list[PackingCut], seed: int, *, stopped: bool
) -> Iterator[Callable[[], object]]:
    """What follows the first bound, cheapest first; each looks for packings, some raise the bound."""
    problem, state = generation.problem, generation.state
    counted = not stopped
    grouped: tuple[int | None, int] | None = None

    def close() -> None:
        nonlocal counted, grouped
        if not counted:
            close_by_counts(generation, cuts, seed)
            counted = True
        if grouped != (state.known_cost, state.bound):  # else the same would be asked again
            close_by_groups(generation, cuts, seed)
            grouped = state.known_cost, state.bound

    def finish() -> None:
        if generation.run(_TIME.root.of(state.budget)):
            close()

    yield lambda: _count(problem, state, [*cuts, generation.cut], seed)
    yield lambda: round_down(generation)
    if not stopped:
        yield lambda: close_by_counts(generation, cuts, seed)
    yield lambda: dive(generation)
    yield finish if stopped else close
    yield lambda: cover(problem, state, generation.master.loads, None, _TIME.master.of(state.budget))
    if stopped:
        yield lambda: improve(generation, patience=_PARAMS.patience, seed=seed + 2)
    yield lambda: generation.run(state.budget, thorough=True)
    yield close
    yield lambda: close_by_patterns(generation, VECTOR_PACKING.dive.rest_loads)
    yield lambda: _count(problem, state, [*cuts, generation.cut], seed)  # digits of money that HiGHS is not sure of
    for attempt in range(1, _PARAMS.dives):
        yield partial(dive, generation, seed=seed + attempt)
    yield lambda: improve(generation, patience=_PARAMS.patience, seed=seed)
    yield close
    yield lambda: close_by_patterns(generation)
    yield lambda: _count(problem, state, [*cuts, generation.cut], seed)
    yield lambda: improve(generation, patience=_PARAMS.last_patience, seed=seed + 1)


def _count(problem: Compiled, state: PackingState, cuts: list[PackingCut], seed: int) -> None:
    """The bound of whole bins, and a packing into those."""
    if problem.types > 1 and not state.ended:
        counts = count_bins(problem, state, cuts, seed)
        if counts is not None:
            pack_counts(problem, state, counts, seed=seed)
