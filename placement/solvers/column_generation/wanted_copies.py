"""The copies that are worth wanting where machines are scarce, packed by a dive on all machines that may be had.

The solution of the linear program that bounds what plans leave out (`patterns.left_out`) says how many copies of each
component to want. A dive (`diving`) knows required copies alone, and machines whose numbers are given. So just the
wanted copies are required, as if nothing ran, and the machines are those of the quotas, or of the solution where limits
have pools share one. What is packed may lack copies, and break rules that all of them keep: local search goes on from
there (`local_search.optional_copies`).
"""

import math
from collections.abc import Sequence
from functools import partial

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing
from placement.patterns.formulation import relax
from placement.patterns.left_out import LeftOutBound
from placement.reductions.base import Chain
from placement.reductions.capped import CappedInstances
from placement.reductions.greenfield import Greenfield
from placement.reductions.preassigned import Preassigned
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.diving import Dive, may_dive
from placement.solvers.column_generation.mixes import FleetMix
from placement.solving.budget import Budget
from placement.solving.context import Solve


def pack_wanted(solve: Solve, bound: LeftOutBound, budget: Budget, seed: int) -> Packing | None:
    """What a dive packs, of the whole fleet; None where dives do not know its rules, or none comes of it.

    `bound` says which copies are wanted, and has the patterns. O(modes + patterns), and what a dive takes.
    """
    if solve.fleet.has_few_moves:  # few copies may move
        return None
    chain = Chain.of(
        solve.fleet,
        partial(Greenfield.of, best=solve.value, dear=True),
        partial(RequiredAsPlaced.placing, placed=bound.wanted),
        CappedInstances.of,
        lambda fleet: Preassigned.of(fleet, bound.machine_values) if may_dive(fleet) and fleet.copies else None,
    )
    if chain is None:
        return None
    alone = chain.steps[-1]
    assert isinstance(alone, Preassigned)
    counts = machine_counts(solve.fleet, bound.machines)
    left = FleetMix(tuple(max(0, n - used) for n, used in zip(counts, alone.used, strict=True)))
    start = Dive(relax(alone.at_quotas), bound.patterns, seed).run(left, budget)
    return None if start is None else chain.lift(start.packing)


def machine_counts(fleet: Fleet, counts: Sequence[float]) -> list[int]:
    """Whole machines of each pool that may be had: up to its quota, or where there is none, as many as `counts` (P,).

    Where limits have pools share a number they are near `counts`: the whole ones first, then the largest parts as long
    as there is room. O(pools x limits).
    """
    if not fleet.limits:
        return [
            math.ceil(n) if p.max_instances is None else p.max_instances
            for n, p in zip(counts, fleet.pools, strict=True)
        ]
    found = [max(fleet.fewest(p), math.floor(n)) for p, n in enumerate(counts)]
    room = [limit.most - limit.sum(found) for limit in fleet.limits]
    for p in sorted(range(len(counts)), key=lambda p: found[p] - counts[p]):
        if counts[p] > found[p] and all(
            limit.weight.get(p, 0) <= n for limit, n in zip(fleet.limits, room, strict=True)
        ):
            found[p] += 1
            room = [n - limit.weight.get(p, 0) for limit, n in zip(fleet.limits, room, strict=True)]
    return found
