"""Rules over groups of pools: limits on the machines paid for, and what commitments pay of them."""

import math
from collections.abc import Iterator
from functools import partial

from placement.compiled.groups import FleetCommitment
from placement.direct.program import Linear, Values, total_of, weighted
from placement.direct.variables import Variables


def limits(model: Variables) -> None:
    """What the machines paid for count against each limit is within it."""
    for limit in model.fleet.limits:
        counted = sum(weight * model.paid[p] for p, weight in limit.weight.items())
        model.program.at_most(counted, limit.most, measured=True)


def committed(model: Variables) -> Iterator[tuple[Linear, int]]:
    """What commitments pay, as sums and micro-dollars per hour of each unit: at most, so that a minimum takes all.

    By `instances`: free machines of each pool, together at most so many. By money: a sum that is at most the rent.
    """
    for commitment in model.fleet.commitments:
        yield from _money(model, commitment) if commitment.money is not None else _machines(model, commitment)


def _money(model: Variables, commitment: FleetCommitment) -> Iterator[tuple[Linear, int]]:
    """Money in the largest unit that prices and the amount are multiples of."""
    price = {p: model.fleet.pools[p].price for p in commitment.pools}
    unit = math.gcd(commitment.money or 0, *price.values()) or 1
    rent = sum(((each // unit) * model.paid[p] for p, each in price.items()), total_of(()))
    most = (commitment.money or 0) // unit
    if not rent.columns:
        most = min(most, rent.constant)
    paid = model.program.derive(0, most, partial(_at_most, rent, most))
    model.program.at_most(paid, rent)
    yield paid, unit


def _machines(model: Variables, commitment: FleetCommitment) -> Iterator[tuple[Linear, int]]:
    """Machines that cost nothing; a solution that is at hand takes the dearest first."""
    free = []
    for k, p in enumerate(commitment.pools):
        before = [model.paid[other] for other in commitment.pools[:k]]
        value = partial(_left_for, model.paid[p], before, commitment.instances)
        free.append(model.program.derive(0, commitment.instances, value))
        model.program.at_most(free[-1], model.paid[p])
        yield free[-1], model.fleet.pools[p].price
    model.program.at_most(weighted((var, 1) for var in free), commitment.instances)


def _at_most(sum_: Linear, most: int, values: Values) -> int:
    return min(most, sum_.value(values))


def _left_for(paid: Linear, before: list[Linear], most: int, values: Values) -> int:
    """Free machines of a pool when those of dearer pools come first."""
    return max(0, min(paid.value(values), most - sum(one.value(values) for one in before)))
