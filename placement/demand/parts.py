"""The policy of one component split among the parts that a platform scales one by one, such as inference components.

A plan may put a component on several endpoints or pools, and a platform scales what stands on each by itself. The
limits of the parts add up to those of the policy; target, cooldowns and clock are the same in each, as both are of one
copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.demand.rows import ScalingDefaults, ScheduledAction


def policy_parts(row: ScalingDefaults, weights: Sequence[int]) -> tuple[ScalingDefaults, ...]:
    """The policy of each part, by weights of at least 0, such as its copies in a plan.

    Minima and maxima of the parts add up to those of `row`, also those of each scheduled action; the maximum is split
    by weight, rounded down, the rest to the largest remainders; of the minimum no part gets more than its maximum. A
    part whose maximum is 0 is one that is not scaled at all. O(parts log parts) for each limit.

    Examples
    --------
    >>> from placement.demand.rows import ScalingDefaults
    >>> [(part.min_capacity, part.max_capacity) for part in policy_parts(ScalingDefaults(min_capacity=2), [3, 1])]
    [(2, 75), (0, 25)]
    """
    if len(weights) == 1:
        return (row,)
    most = _split(row.max_capacity, weights)
    least = _split(row.min_capacity, weights, most)
    schedules: list[list[ScheduledAction]] = [[] for _ in weights]
    for action in row.schedule:
        ceilings = None if action.max_capacity is None else _split(action.max_capacity, weights)
        floors = None if action.min_capacity is None else _split(action.min_capacity, weights, ceilings)
        for k, schedule in enumerate(schedules):
            limits = {
                "min_capacity": None if floors is None else floors[k],
                "max_capacity": None if ceilings is None else ceilings[k],
            }
            schedule.append(action.model_copy(update=limits))
    return tuple(
        row.model_copy(update={"min_capacity": low, "max_capacity": high, "schedule": tuple(schedule)})
        for low, high, schedule in zip(least, most, schedules, strict=True)
    )


def _split(whole: int, weights: Sequence[int], most: Sequence[int] | None = None) -> list[int]:
    """Whole numbers that add up to `whole`, about as the weights are, and none above `most`, where those allow it."""
    shares = list(weights) if sum(weights) else [1] * len(weights)
    total = sum(shares)
    found = [whole * share // total for share in shares]
    order = sorted(range(len(shares)), key=lambda k: (-(whole * shares[k] % total), k))
    for k in order[: whole - sum(found)]:
        found[k] += 1
    if most is not None:
        over = 0
        for k, limit in enumerate(most):
            over += max(0, found[k] - limit)
            found[k] = min(found[k], limit)
        for k in order:
            more = min(over, most[k] - found[k])
            found[k] += more
            over -= more
    return found
