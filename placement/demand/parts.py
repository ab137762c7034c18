"""The policy of one component split among the parts that a platform scales one by one, such as inference components.

A plan may put a component on several endpoints or pools, and a platform scales what stands on each by itself. The
limits of the parts add up to those of the policy; target, cooldowns and clock are the same in each, as both are of one
copy.
"""

from collections.abc import Sequence

from placement.demand.rows import ScalingDefaults, ScheduledAction


def policy_parts(row: ScalingDefaults, weights: Sequence[int]) -> tuple[ScalingDefaults, ...]:
    """The policy of each part, by weights of at least 0, such as its copies in a plan.

    Minima and maxima of the parts add up to those of `row`, also those of each scheduled action; the maximum is split
    by weight, rounded down, the rest to the largest remainders; of the minimum no part gets more than its maximum. A
    part whose maximum is 0 is one that is not scaled at all. O(parts log parts) for each limit.

    >>> from placement.demand.rows import ScalingDefaults
    >>> [(part.min_capacity, part.max_capacity) for part in policy_parts(ScalingDefaults(min_capacity=2), [3, 1])]
    [(2, 75), (0, 25)]
    """
    if len(weights) == 1:
        return (row,)
    limits = split_limits(row.min_capacity, row.max_capacity, weights)
    schedules: list[list[ScheduledAction]] = [[] for _ in weights]
    for action in row.schedule:
        shares = split_limits(action.min_capacity, action.max_capacity, weights)
        for schedule, (least, most) in zip(schedules, shares, strict=True):
            schedule.append(action.model_copy(update={"min_capacity": least, "max_capacity": most}))
    return tuple(
        row.model_copy(update={"min_capacity": least, "max_capacity": most, "schedule": tuple(schedule)})
        for (least, most), schedule in zip(limits, schedules, strict=True)
    )


def split_limits(least: int | None, most: int | None, weights: Sequence[int]) -> list[tuple[int | None, int | None]]:
    """Least and most of each part, which add up to those of the whole; None stays None.

    >>> split_limits(2, 8, [3, 1]), split_limits(None, 3, [1, 0])
    ([(2, 6), (0, 2)], [(None, 3), (None, 0)])
    """
    ceilings = None if most is None else _split(most, weights)
    floors = None if least is None else _split(least, weights, ceilings)
    return [
        (None if floors is None else floors[part], None if ceilings is None else ceilings[part])
        for part in range(len(weights))
    ]


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
