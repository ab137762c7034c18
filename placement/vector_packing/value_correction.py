"""Sequential value correction (Mukhacheva et al. 2000; Belov and Scheithauer 2007, INFORMS J. Comput. 19, section 3.4).

Bins are filled one after the other, each with as much value as it holds: exactly with one size, the dearest first with
several. What ends in a wasteful bin is worth more from then on, so that the next pass places it earlier, beside what
suits it. It packs what the linear program leaves when it is rounded down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.vector_packing.dive import whole_loads
from placement.vector_packing.fill import by_price
from placement.vector_packing.heuristics import offer, one_size, row_volume, volume
from placement.vector_packing.knapsack import KnapsackTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.vector_packing.compiled import Compiled, Ints, Pattern
    from placement.vector_packing.fill import Filler, Filling, Floats
    from placement.vector_packing.generation import Generation

_PASSES = 20
_SECONDS = 2.0  # at most, without a work limit
_CELLS = 4_000_000  # room x rows, for exact fills
_FINE = 2**20  # values of an exact fill are whole multiples of 1 / _FINE of the greatest
_EPSILON = 1e-9
_NEWEST = 0.5  # weight of what the newest bin says a copy is worth


def correct_values(generation: Generation, part: float, passes: int = _PASSES) -> bool:
    """Passes over what the program's whole loads leave, for a part of the time; says whether one is the best packing.

    Under a work limit there are no more passes than that, and no clock.
    """
    problem, state = generation.problem, generation.state
    if not generation.master.solve(state.budget.left()):
        return False
    whole = whole_loads(generation, generation.master.weights())
    values = np.maximum(generation.master.duals()[0], volume(problem) * 1e-3)
    limit = state.budget.share(part, seconds=None if state.budget.work is not None else _SECONDS)
    better, unit, size = False, generation.master.unit, row_volume(problem)

    def learn(t: int, pattern: Pattern) -> None:
        _learn(problem, values, size, pattern, float(problem.cost[t]) / unit)

    for _ in range(min(passes, state.budget.work or passes)):
        if state.ended or limit.over():
            break
        rest = whole.rest()
        if rest.complete(values, _filler(problem, values), limit.over, learn):
            better = offer(problem, state, whole.loads + rest.loads, "value correction") or better
    return better


def _filler(problem: Compiled, values: Floats) -> Filler:
    """What one bin takes at the values as they are then."""
    exact = one_size(problem) and int(problem.room.max()) * problem.rows <= _CELLS

    def fill(filling: Filling, types: Ints) -> Sequence[Pattern]:
        if not exact:
            return by_price(values[problem.item])(filling, types)
        most = np.minimum(np.minimum(filling.left, problem.most)[problem.item], problem.limit)
        worth = np.ceil(values[problem.item] / values.max() * _FINE).astype(np.int64)
        size, room = problem.size, problem.room
        return [KnapsackTable(size, worth, most * problem.fits[:, t], room[t]).best(room[t]) for t in types.tolist()]

    return fill


def _learn(problem: Compiled, values: Floats, size: Floats, pattern: Pattern, cost: float) -> None:
    """Copies in a bin are worth their part of its cost by volume, `size` of a row: the more, the more of it is free."""
    rows = np.array([row for row, _ in pattern])
    times = np.array([n for _, n in pattern])
    part = size[rows] / max(_EPSILON, float(size[rows] @ times)) * max(cost, _EPSILON)
    np.multiply.at(values, problem.item[rows], 1 - _NEWEST)
    np.add.at(values, problem.item[rows], _NEWEST * part)
