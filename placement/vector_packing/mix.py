"""Whole bins of several types: the cheapest counts that keep every cut, and a packing into exactly those.

Total sizes, and every set of prices with the values of the best patterns, give inequalities on the bin counts that all
packings keep (`certificate.PackingCut`). The cheapest whole counts that keep them are found by CP-SAT, whose arithmetic
is exact; their cost is a bound, often far above that of the linear program when bins are few or costs do not follow
capacities (integer covering knapsack; the master of Benders 1962).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from placement.arrays import Ints
from placement.vector_packing.certificate import PackingCut
from placement.vector_packing.compiled import Compiled
from placement.vector_packing.fill import Filling, by_price, fullest
from placement.vector_packing.heuristics import offer, one_size, row_volume, volume
from placement.vector_packing.parameters import BinMixParameters as _PARAMS
from placement.vector_packing.state import PackingState

NAME = "bin counts"
_RIGHT = 10**9  # cuts are scaled to this right side, coefficients rounded up: that only weakens them


def count_bins(problem: Compiled, state: PackingState, cuts: Sequence[PackingCut], seed: int = 0) -> Ints | None:
    """Raise the bound to the cost of the cheapest counts that keep all cuts, and return them; None when unknown.

    That no counts keep them is a proof that there is no packing: by the cuts alone, which are exact, as the bound may
    be HiGHS's word.
    """
    found = cheapest_counts(problem, state, cuts, seed)
    if found is None:
        state.infeasible = True
        return None
    state.raise_to(found.bound, NAME)
    return found.counts


class CheapestCounts(NamedTuple):
    """The cheapest counts, if they were found, and what they cost at least; so far 0, if nothing is known."""

    counts: Ints | None
    bound: int


def cheapest_counts(
    problem: Compiled, state: PackingState, cuts: Sequence[PackingCut], seed: int = 0
) -> CheapestCounts | None:
    """The cheapest counts, (types,), that keep all cuts and cost no less than the bound; None when there are none."""
    from ortools.sat.python import cp_model

    from placement.engines.cp_sat import cp_sat_solver, run

    model = cp_model.CpModel()
    most = np.maximum(problem.available, problem.least)
    count = [model.new_int_var(int(problem.least[t]), int(most[t]), f"n{t}") for t in range(problem.types)]
    for cut in cuts:
        if cut.least > 0:
            scaled = [min(_RIGHT, -(-coefficient * _RIGHT // cut.least)) for coefficient in cut.coefficients]
            model.add(sum(s * n for s, n in zip(scaled, count, strict=True)) >= _RIGHT)
    if state.bound <= sum(int(c) * int(n) for c, n in zip(problem.cost, most, strict=True)):
        model.add(sum(int(c) * n for c, n in zip(problem.cost, count, strict=True)) >= state.bound)
    model.minimize(sum(int(c) * n for c, n in zip(problem.cost, count, strict=True)))
    solver = cp_sat_solver(seed, seconds=state.budget.left(), effort=_PARAMS.effort)
    status = run(solver, model)
    if status == cp_model.INFEASIBLE:
        return None
    known = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    bound = solver.response_proto.inner_objective_lower_bound if known else 0  # its own integer, not its float
    counts = np.array([solver.value(n) for n in count], dtype=np.int64) if status == cp_model.OPTIMAL else None
    return CheapestCounts(counts, bound)


def pack_counts(problem: Compiled, state: PackingState, counts: Ints, *, seed: int = 0) -> bool:
    """Try to pack into these bins alone; says whether that went well."""
    generator = np.random.default_rng(seed)
    item_value, size = volume(problem), row_volume(problem)
    for attempt in range(_PARAMS.attempts):
        if state.ended:
            return False
        bent = _PARAMS.noise if attempt > 1 else 0.0
        noise = generator.uniform(1 - bent, 1 + bent, len(size)) if bent else np.ones(len(size))
        fill = fullest if one_size(problem) and attempt != 1 else by_price(size * noise)
        filling = Filling(problem)
        filling.available = counts.copy()
        if filling.complete(item_value, fill, state.budget.over):
            return offer(problem, state, filling.loads, NAME)
    return False
