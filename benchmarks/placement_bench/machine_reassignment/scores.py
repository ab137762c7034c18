"""Many moves scored at once: all machines that a process may go to, or a block of processes that it may change with.

Where machines are nearly full a move in a hundred or a thousand keeps the capacities, and fewer of these pay. A score
is the change of the cost of load and balance, with load above capacities at its price, in a loop over arrays that takes
two nanoseconds a move where judging a move by itself takes fifty or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from placement_bench.machine_reassignment.compiling import compiled, compiled_sums

if TYPE_CHECKING:
    from placement_bench.machine_reassignment.tables import FixedTables, KeptTables, ScoreTables, Singles

NONE = -1
_ZERO = np.float32(0.0)


@compiled
def set_price(fixed: FixedTables, scores: ScoreTables, price: float) -> None:
    """Weigh the pieces of load above capacities."""
    first = len(scores.weight) - len(fixed.unit)
    for r in range(len(fixed.unit)):
        scores.weight[first + r] = np.float32(price * fixed.unit[r])


@compiled
def refresh(fixed: FixedTables, kept: KeptTables, scores: ScoreTables, machine: int) -> None:
    """Fill in what a machine and its processes have now. O(K x processes of the machine)."""
    resources, balances = fixed.capacity.shape[1], len(fixed.balances)
    above = resources + balances
    for r in range(resources):
        scores.load[r, machine] = kept.used[machine, r] - fixed.safety[machine, r]
        scores.load[above + r, machine] = kept.taken[machine, r] - fixed.capacity[machine, r]
    for k in range(balances):
        first, second = fixed.balances[k, 0], fixed.balances[k, 1]
        free = fixed.capacity[machine, first] - kept.used[machine, first]
        rest = fixed.capacity[machine, second] - kept.used[machine, second]
        scores.load[resources + k, machine] = fixed.balances[k, 2] * free - rest
    last = kept.first[machine]
    if last == NONE:
        return
    process = last
    while True:
        _refresh_process(fixed, kept, scores, process, machine)
        process = kept.following[process]
        if process == last:
            break


@compiled
def _refresh_process(fixed: FixedTables, kept: KeptTables, scores: ScoreTables, process: int, machine: int) -> None:
    """A process at home would take its lasting resources on leaving, too."""
    pieces, resources = len(scores.weight), fixed.capacity.shape[1]
    for k in range(pieces):
        scores.without[k, process] = scores.load[k, machine] - scores.demand[k, process]
    home = fixed.home[process] == machine
    if home:
        for r in range(resources):
            scores.without[pieces - resources + r, process] += np.float32(fixed.lasting[process, r])
    scores.at_home[process] = np.float32(1.0) if home else _ZERO
    scores.cost[process] = np.float32(kept.machine_cost[machine])
    scores.above[process] = np.float32(kept.above[machine])


@compiled_sums
def score_machines(scores: ScoreTables, score: Singles, process: Any) -> None:
    """What each machine would cost more with a process, as if none were its home. O(K M)."""
    zero, machines = np.float32(0.0), np.uint64(scores.load.shape[1])
    for j in range(machines):
        score[j] = zero
    for k in range(np.uint64(len(scores.weight))):
        demand, weight = scores.demand[k, process], scores.weight[k]
        for j in range(machines):
            load = scores.load[k, j]
            score[j] += weight * (max(zero, load + demand) - max(zero, load))


@compiled_sums
def score_swaps(scores: ScoreTables, score: Singles, block: tuple[Any, Any, Any], leaving: Any, price: Any) -> None:
    """What swaps of a process with each of a block change, but for what its own machine costs now. O(K block).

    `block` is the process, the first that it may change with, and the end of these; `leaving` is what a process that
    leaves its home costs.
    """
    process, begin, end = block
    zero, size = np.float32(0.0), np.uint64(end - begin)
    for j in range(size):
        other = begin + j
        score[j] = leaving * scores.at_home[other] - scores.cost[other] - price * scores.above[other]
    for k in range(np.uint64(len(scores.weight))):
        weight, demand, without = scores.weight[k], scores.demand[k, process], scores.without[k, process]
        for j in range(size):
            came = max(zero, scores.without[k, begin + j] + demand)
            score[j] += weight * (came + max(zero, without + scores.demand[k, begin + j]))


@compiled
def cost_with(scores: ScoreTables, process: int, price: Any) -> Any:
    """What the machine of a process costs."""
    return scores.cost[process] + price * scores.above[process]


@compiled
def cost_without(scores: ScoreTables, process: int) -> Any:
    """What the machine of a process would cost without it."""
    cost = np.float32(0.0)
    for k in range(len(scores.weight)):
        cost += scores.weight[k] * max(np.float32(0.0), scores.without[k, process])
    return cost
