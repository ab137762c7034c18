"""Counts that listed loads can hold, as far as a linear program tells: the cheapest of them are a bound.

Counts are few between the bound and the best packing, while the linear program mixes them at will. So the cheapest
whole counts that keep all inequalities so far are asked whether fractions of loads can hold the items in so many bins.
If not, the dual solution is an inequality more, which leaves out many other counts (Benders 1962, as in `mix`; here
with all loads that matter in place of pricing). Bins are counted first; where fractions of loads fit those, copies are
counted, too, by item and group of bin types (`groups`).
"""

from collections.abc import Callable, Sequence

from placement.arrays import Ints
from placement.vector_packing.certificate import PackingCut
from placement.vector_packing.cover import loads_within, next_cutoff
from placement.vector_packing.generation import Generation
from placement.vector_packing.groups import raise_by_groups
from placement.vector_packing.mix import cheapest_counts, pack_counts
from placement.vector_packing.parameters import VECTOR_PACKING
from placement.vector_packing.parameters import BinMixParameters as _PARAMS
from placement.vector_packing.shares import ListedCounts
from placement.vector_packing.state import PackingState

NAME = "bin counts"


def close_by_counts(generation: Generation, cuts: Sequence[PackingCut], seed: int = 0) -> None:
    """Raise the bound to the cheapest counts of bins that listed loads fit in fractions, and try to pack into those."""

    def raise_to(program: ListedCounts, cutoff: int) -> Ints | None:
        return raise_by_counts(program, generation.state, [*cuts, generation.cut], cutoff, seed)

    _close(generation, raise_to, seed)


def close_by_groups(generation: Generation, cuts: Sequence[PackingCut], seed: int = 0) -> None:
    """The same with copies counted, too, where items have several modes.

    Where they have one, 23 cases of belov and ekici had no better bounds by it, and three lost their proofs to the work
    that it took.
    """

    def raise_to(program: ListedCounts, cutoff: int) -> Ints | None:
        return raise_by_groups(program.by_fit(), generation.state, [*cuts, generation.cut], cutoff)

    if not generation.problem.one_mode:
        _close(generation, raise_to, seed)


def _close(generation: Generation, raise_to: Callable[[ListedCounts, int], Ints | None], seed: int) -> None:
    """Raise the bound, and try to pack into the counts where that ends.

    Loads are those that a packing between the bound and the best one can use, or of a part of that gap, where there are
    too many. The program of the column generation is solved to its end first.
    """
    problem, state, part = generation.problem, generation.state, 1.0
    if problem.types == 1:
        return
    generation.run(state.budget, thorough=True)
    if generation.bound is None:
        return
    most = min(_PARAMS.most_loads, _PARAMS.cells // len(problem.demand))
    while not state.ended and part > VECTOR_PACKING.cover.least_part:
        cutoff = next_cutoff(state, part)
        loads = loads_within(generation, cutoff, most)
        if loads is None:
            part /= 2
            continue
        if loads:
            counts = raise_to(ListedCounts.of(problem, loads), cutoff)
            if counts is not None:
                pack_counts(problem, state, counts, seed=seed)
        else:
            state.raise_bound(cutoff + state.unit, NAME)
        return


def raise_by_counts(
    program: ListedCounts, state: PackingState, cuts: list[PackingCut], cutoff: int, seed: int = 0
) -> Ints | None:
    """Raise the bound to the cheapest counts that fractions of loads fit, and return those; None when not known.

    The loads are all that a packing of at most `cutoff` can use. `cuts` hold for such packings, and those that are
    found are added. Where no counts of at most the cutoff keep them, the bound is above it.
    """
    demand, without_news = program.problem.demand, 0
    while not state.ended and without_news < _PARAMS.patience:
        found = cheapest_counts(program.problem, state, cuts, seed)
        bound = cutoff + state.unit if found is None else min(found.bound, cutoff + state.unit)
        without_news = 0 if bound > state.bound else without_news + 1
        state.raise_bound(bound, NAME)
        if found is None or found.counts is None or bound > cutoff:
            return None
        broken = program.separate(found.counts.astype(float), demand.astype(float), state.budget.left())
        if broken is None:
            return found.counts
        cuts += [PackingCut(tuple(cut.coefficients.tolist()), int(cut.price @ demand)) for cut in broken]
    return None
