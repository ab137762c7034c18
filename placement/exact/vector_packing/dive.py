"""From the linear program to packings: round down and fill; dive with re-pricing (Sadykov et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement.exact.vector_packing.fill import Filling, by_price, fullest
from placement.exact.vector_packing.heuristics import offer, one_size, row_volume, volume

if TYPE_CHECKING:
    from placement.exact.vector_packing.compiled import Ints
    from placement.exact.vector_packing.generation import Generation

_WHOLE = 1e-6


def round_down(generation: Generation) -> None:
    """Take each load as often as the program does, rounded down or up while it fits; fill the rest."""
    problem, state, master = generation.problem, generation.state, generation.master
    weights = master.weights()
    dual, _ = master.duals()
    worth = np.maximum(dual, volume(problem) * 1e-3)
    for share in (1.0, 0.7, 0.5, 0.3):
        filling = Filling(problem)
        order = np.argsort(-(weights - np.floor(weights)), kind="stable")
        for j in np.flatnonzero(weights >= 1 - _WHOLE):
            t, pattern = master.loads[j]
            times = min(int(weights[j] + _WHOLE), filling.times(t, pattern))
            if times:
                filling.put(t, pattern, times)
        for j in order:
            if weights[j] - np.floor(weights[j] + _WHOLE) < share - _WHOLE:
                break
            t, pattern = master.loads[j]
            if filling.times(t, pattern):
                filling.put(t, pattern, 1)
        finish(filling, generation, worth)
        if state.proved:
            return


def finish(filling: Filling, generation: Generation, worth: np.ndarray) -> None:
    """Fill what is left in more than one way."""
    problem, state = generation.problem, generation.state
    fillers = [by_price(worth[problem.item]), by_price(row_volume(problem))]
    if one_size(problem):
        fillers.append(fullest)
    for fill in fillers:
        rest = Filling(problem, filling.left, filling.available)
        rest.free = filling.free.copy()
        if rest.complete(worth, fill):
            offer(problem, state, filling.loads + rest.loads, "rounding")


def dive(generation: Generation, *, rounds: int = 30, seed: int = 0) -> None:
    """Fix the loads that the program uses most, ask for the rest, generate a little, again; fill the rest each time.

    The program is as before afterwards.
    """
    problem, state, master = generation.problem, generation.state, generation.master
    generator = np.random.default_rng(seed)
    filling = Filling(problem)
    settled = True
    try:
        while filling.left.any() and not state.ended:
            if not master.solve(state.budget.left()):
                break
            weights = master.weights()
            if master.uncovered() < _WHOLE:
                dual, _ = master.duals()
                finish(filling, generation, np.maximum(dual, volume(problem) * 1e-3))
                if settled and _hopeless(generation, filling):
                    break
            if not _fix(generation, filling, weights, generator if seed else None):
                break
            master.fix(filling.left, np.where(problem.limited, filling.available, 2**31))
            settled = _settle(generation, filling.left, rounds)
        if not filling.left.any():
            offer(problem, state, filling.loads, "diving")
    finally:
        master.fix(problem.demand, None)
        master.restore_types()


def _settle(generation: Generation, left: Ints, rounds: int) -> bool:
    """Generate for what is left; says whether no load can improve the program any more."""
    for _ in range(rounds):
        if generation.state.ended or not generation.master.solve(generation.state.budget.left()):
            return False
        if not generation.improve(left):
            return True
    return False


def _hopeless(generation: Generation, filling: Filling) -> bool:
    """Whether what is fixed and the program's value for the rest are no better than the best packing."""
    state, problem = generation.state, generation.problem
    if state.cost is None:
        return False
    spent = sum(int(problem.cost[t]) * n for (t, _), n in filling.loads)
    least = spent + generation.master.value() - 1e-6
    return -(-least // state.unit) * state.unit >= state.cost


def _fix(generation: Generation, filling: Filling, weights: np.ndarray, generator: np.random.Generator | None) -> bool:
    """Put whole parts, or else the load with the greatest fraction; says whether anything was put."""
    master = generation.master
    done = False
    for j in np.flatnonzero(weights >= 1 - 1e-5):
        t, pattern = master.loads[j]
        times = min(int(weights[j] + 1e-5), filling.times(t, pattern))
        if times:
            filling.put(t, pattern, times)
            done = True
    if done:
        return True
    score = weights.copy()
    if generator is not None:
        score = score * generator.uniform(0.8, 1.0, len(score))
    for j in np.argsort(-score, kind="stable"):
        if weights[j] <= 1e-7:
            return False
        t, pattern = master.loads[j]
        if filling.times(t, pattern):
            filling.put(t, pattern, 1)
            return True
    return False


def left_limit(generation: Generation, left: Ints) -> Ints:
    """Copies of each row that one more bin may hold."""
    problem = generation.problem
    return np.minimum(problem.limit, left[problem.item])
