"""From the linear program to packings: round down and fill; dive with re-pricing (Sadykov et al. 2019).

And from packings to better ones: take some bins of the best apart, pack their items exactly (`improve`).
"""

from dataclasses import replace

import numpy as np

from placement.arrays import Floats, Ints
from placement.vector_packing.certificate import PackingCut, highest_values, slack_of
from placement.vector_packing.compiled import Compiled, Load
from placement.vector_packing.cover import list_loads, solve_cover
from placement.vector_packing.fill import Filling, by_price, fullest
from placement.vector_packing.generation import Generation
from placement.vector_packing.heuristics import offer, one_size, row_volume, volume
from placement.vector_packing.master import MasterSolution
from placement.vector_packing.parameters import VectorDiveParameters as _PARAMS

_WHOLE = 1e-6


def round_down(generation: Generation) -> None:
    """Take each load as often as the program does, rounded down or up while it fits; fill the rest."""
    problem, state, master, solution = generation.problem, generation.state, generation.master, generation.solution
    if solution is None:
        return
    weights = solution.weights
    item_value = _values(problem, solution)
    for share in _PARAMS.round_up:
        filling = Filling(problem)
        _put_whole(filling, master.loads, weights, _WHOLE)
        order = np.argsort(-(weights - np.floor(weights)), kind="stable")
        for j in order:
            if weights[j] - np.floor(weights[j] + _WHOLE) < share - _WHOLE:
                break
            t, pattern = master.loads[j]
            if filling.times(t, pattern):
                filling.put(t, pattern, 1)
        finish(filling, generation, item_value)
        if state.proved:
            return


def _put_whole(filling: Filling, loads: list[Load], weights: np.ndarray, tolerance: float) -> bool:
    """Put each load as often as the program has it, rounded down, while it fits; says whether anything was put."""
    done = False
    for j in np.flatnonzero(weights >= 1 - tolerance):
        t, pattern = loads[j]
        times = min(int(weights[j] + tolerance), filling.times(t, pattern))
        if times:
            filling.put(t, pattern, times)
            done = True
    return done


def _values(problem: Compiled, solution: MasterSolution) -> Floats:
    """(items,) what each is worth: its dual value, or a little for its size."""
    return np.maximum(solution.items, _PARAMS.least_value * volume(problem))


def finish(filling: Filling, generation: Generation, item_value: np.ndarray) -> None:
    """Fill what is left in several ways, each of which is offered."""
    problem, state = generation.problem, generation.state
    fillers = [by_price(item_value[problem.item]), by_price(row_volume(problem))]
    if one_size(problem):
        fillers.append(fullest)
    for fill in fillers:
        rest = filling.rest()
        if rest.complete(item_value, fill, state.budget.over):
            offer(problem, state, filling.loads + rest.loads, "rounding")


def dive(generation: Generation, *, seed: int = 0) -> None:
    """Fix the loads that the program uses most, ask for the rest, generate a little, again; fill the rest each time.

    When nothing better can come of it, bins are taken back until the rest can be packed exactly in little time.
    The program is as before afterwards.
    """
    problem, state, master = generation.problem, generation.state, generation.master
    generator = np.random.default_rng(seed)
    filling = Filling(problem)
    decided = True
    try:
        while filling.left.any() and not state.ended:
            solution = master.solve(state.budget.left())
            if solution is None:
                break
            if solution.uncovered < _WHOLE:
                finish(filling, generation, _values(problem, solution))
                if decided and _hopeless(generation, filling, solution):
                    break
            if not _fix(generation, filling, solution.weights, generator if seed else None):
                break
            master.fix(filling.left, np.where(problem.limited, filling.available, 2**31))
            decided = _decide_rest(generation, filling.left)
        if not filling.left.any():
            offer(problem, state, filling.loads, "diving")
        else:
            pack_rest(generation, [load for load, n in filling.loads for _ in range(n)], "diving")
    finally:
        master.fix(problem.demand)


def pack_rest(generation: Generation, done: list[Load], by: str) -> bool:
    """Pack what bins `done` leave exactly, after taking back as many of the last as leaves a small program.

    Only a packing better than the best is looked for, so prices leave few patterns to choose from.
    """
    problem, state = generation.problem, generation.state
    highest = highest_values(problem, generation.cut, generation.scale)
    best: tuple[Compiled, list[Load], int] | None = None
    kept, step = len(done), _PARAMS.taken_back
    while kept > 0 and not state.budget.over():
        kept = max(0, kept - step)
        rest = without(problem, done[:kept])
        spent = sum(int(problem.cost[t]) for t, _ in done[:kept])
        cutoff = (state.known_cost or int(_PARAMS.unknown * state.bound)) - state.unit - spent
        cut = PackingCut(generation.cut.coefficients, int(generation.price @ rest.demand))
        slack = slack_of(rest, cut, highest, cutoff * generation.scale, generation.scale)
        if slack < 0:
            found: list[Load] | None = []
        else:
            over, few = state.budget.over, _PARAMS.rest_loads
            found = list_loads(rest, generation.price, highest, slack, over, few)
        if found is None:
            break
        best = (rest, found, kept)
        step += step // 3
    if best is None or not best[1]:
        return False
    rest, found, kept = best
    most = float((state.known_cost or 2**60) - state.unit - sum(int(problem.cost[t]) for t, _ in done[:kept]))
    answer = solve_cover(rest, state, found, most, state.budget.share(seconds=_PARAMS.rest_seconds))
    if answer.chosen is None:
        return False
    return offer(problem, state, [(load, 1) for load in done[:kept]] + answer.chosen, by)


def without(problem: Compiled, loads: list[Load]) -> Compiled:
    """What is left of a problem when these bins are packed."""
    rest = Filling(problem)
    for t, pattern in loads:
        rest.put(t, pattern, 1)
    demand = np.maximum(rest.left, 0)
    most = np.minimum(problem.most, demand)
    limit = np.minimum(problem.limit, demand[problem.item])
    available = np.minimum(rest.available, int(demand.sum()))
    return replace(problem, demand=demand, most=most, limit=limit, available=available, least=rest.free)


def _decide_rest(generation: Generation, left: Ints) -> bool:
    """Generate for what is left; says whether no load can improve the program any more."""
    for _ in range(_PARAMS.rounds):
        solution = None if generation.state.ended else generation.master.solve(generation.state.budget.left())
        if solution is None:
            return False
        if not generation.improve(solution, left):
            return True
    return False


def _hopeless(generation: Generation, filling: Filling, solution: MasterSolution) -> bool:
    """Whether what is fixed and the program's value for the rest are no better than the best packing."""
    state, problem = generation.state, generation.problem
    if state.known_cost is None:
        return False
    spent = sum(int(problem.cost[t]) * n for (t, _), n in filling.loads)
    least = spent + solution.value - 1e-6
    return -(-least // state.unit) * state.unit >= state.known_cost


def _fix(generation: Generation, filling: Filling, weights: np.ndarray, generator: np.random.Generator | None) -> bool:
    """Put whole parts, or else the load with the greatest fraction; says whether anything was put."""
    master = generation.master
    if _put_whole(filling, master.loads, weights, 1e-5):
        return True
    score = weights.copy()
    if generator is not None:
        score = score * generator.uniform(1 - _PARAMS.noise, 1.0, len(score))
    for j in np.argsort(-score, kind="stable"):
        if weights[j] <= 1e-7:
            return False
        t, pattern = master.loads[j]
        if filling.times(t, pattern):
            filling.put(t, pattern, 1)
            return True
    return False


def improve(generation: Generation, *, patience: int, seed: int) -> None:
    """Large-neighbourhood search (Shaw 1998); steps until `patience` of them in succession change nothing.

    Wasteful bins, by the prices of the linear program, are taken apart more often. As many go as leave a covering
    program that is decided in no time.
    """
    problem, state = generation.problem, generation.state
    generator = np.random.default_rng(seed)
    highest = highest_values(problem, generation.cut, generation.scale)
    value = generation.price[problem.item]
    idle = 0
    while state.loads and idle < patience and not state.ended:
        bins = [load for load, n in state.loads for _ in range(n)]
        waste = np.array(
            [highest[t] - sum(int(value[row]) * n for row, n in pattern) for t, pattern in bins], dtype=float
        )
        waste = np.maximum(waste, 0) / max(1.0, float(waste.max()))
        order = np.argsort((waste + _PARAMS.least_waste) * generator.exponential(size=len(bins)), kind="stable")
        better = pack_rest(generation, [bins[b] for b in order], "improvement")
        idle = 0 if better else idle + 1
