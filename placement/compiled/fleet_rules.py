"""Fleet rules: coupling constraints, which look at a whole plan.

They are limits over groups of pools, losses of a pool or an instance, and the most moves. A solver that does not know
one of them may find a packing that breaks it; whoever takes plans asks here.
"""

from collections import Counter
from collections.abc import Iterator

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing, machines_paid, moves
from placement.compiled.survival import survives
from placement.units import count


def named_fleet_rules(fleet: Fleet) -> tuple[str, ...]:
    """The keys of the document that ask for such rules, or for commitments. O(components)."""
    named = {
        "limits": fleet.limits,
        "commitments": fleet.commitments,
        "objective.max_moves": fleet.max_moves is not None,
        "min_available_on_pool_loss": any(c.pool_loss_floor for c in fleet.components),
        "min_available_on_instance_loss": any(c.instance_loss_floor for c in fleet.components),
    }
    return tuple(key for key, there in named.items() if there)


def broken_fleet_rule(fleet: Fleet, packing: Packing, plan: str = "the plan") -> str:
    """The first such rule that a packing breaks, in words; "" for none. O(copies + components + pools)."""
    return next(broken_fleet_rules(fleet, packing, plan), "")


def broken_fleet_rules(fleet: Fleet, packing: Packing, plan: str = "the plan") -> Iterator[str]:
    """All of them, each with what it allows and what the packing, called `plan`, has. As `broken_fleet_rule`."""
    if fleet.limits:
        paid = machines_paid(fleet, packing)
        for limit in fleet.limits:
            if limit.sum(paid) > limit.most:
                has = limit.in_words(limit.sum(paid))
                yield f"limit {limit.name} allows {limit.what} {limit.in_words(limit.most)}, {plan} has {has}"
    if fleet.max_moves is not None and sum(moves(fleet, packing)) > fleet.max_moves:
        yield f"max_moves is {fleet.max_moves}, {plan} has {count(sum(moves(fleet, packing)), 'move')}"
    if any(c.pool_loss_floor or c.instance_loss_floor for c in fleet.components):
        yield from _lost(fleet, packing, plan)


def _lost(fleet: Fleet, packing: Packing, plan: str) -> Iterator[str]:
    """The components that lose too much with one pool or one instance."""
    by_pool: Counter[tuple[int, int]] = Counter()
    fullest: Counter[int] = Counter()
    placed: Counter[int] = Counter()
    for machine in packing.machines:
        for c, n in Counter(seat.component for seat in machine.seats).items():
            by_pool[c, machine.pool] += n
            fullest[c] = max(fullest[c], n)
            placed[c] += n
    most: Counter[int] = Counter()
    for (c, _), n in by_pool.items():
        most[c] = max(most[c], n)
    for component in fleet.components:
        c, n = component.index, placed[component.index]
        if survives(component, n, most[c], fullest[c]):
            continue
        for what, floor, lost in (
            ("a pool", component.pool_loss_floor, most[c]),
            ("an instance", component.instance_loss_floor, fullest[c]),
        ):
            if n - lost < floor:
                must = f"{component.name} must keep {count(floor, 'copy', 'copies')} when {what} is lost"
                yield f"{must}, {plan} keeps {n - lost} of {n}"
