"""A policy compiled for the components of a problem: arrays of integers, one entry a component.

Rates are micro-requests a second. A target in requests in flight becomes one in requests a second by Little's law: so
many in flight, each for `seconds_per_request`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from placement.arrays import Bools, Ints
from placement.demand.document import ScalingPolicy
from placement.demand.rows import DAYS, ScalingDefaults
from placement.documents import Component, Problem
from placement.errors import DocumentError, Fault
from placement.units import MICRO, listed

DAY = 86_400
_WEEK = 7 * DAY
MOST_RATE = (
    100_000 * MICRO
)  # micro-requests a second: no traffic file has more, and copies times that stay inside 64 bits


def week_second(moment: datetime) -> int:
    """Seconds since a Monday's midnight in UTC, in which schedules are; a moment without an offset is in UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.weekday() * DAY + moment.hour * 3600 + moment.minute * 60 + moment.second


@dataclass(frozen=True, slots=True)
class CapacityChange:
    """A scheduled action, once a week: from `second` of the week on, these limits on the copies of a component."""

    second: int
    floor: int | None
    ceiling: int | None


@dataclass(frozen=True, slots=True)
class ScalingRules:
    """The rules of all components, (C,) each.

    `floor`, `ceiling`: copies, where no schedule says otherwise.
    `out_cooldown`, `in_cooldown`, `in_after`, `load`: seconds.
    `changes`: per component, its scheduled actions over a week that begins on Monday, ascending.
    """

    target: Ints  # micro-requests a second of one copy that the policy aims at
    capacity: Ints  # that one copy serves at most
    floor: Ints
    ceiling: Ints
    out_cooldown: Ints
    in_cooldown: Ints
    in_after: Ints
    load: Ints
    holds: Bools  # components that never scale in
    changes: tuple[tuple[CapacityChange, ...], ...]

    def limits(self, second: int) -> tuple[Ints, Ints]:
        """(C,) least and most copies at a second of the week (any number of weeks on). O(C + scheduled actions)."""
        floor, ceiling = self.floor.copy(), self.ceiling.copy()
        at = second % _WEEK
        for c, changes in enumerate(self.changes):
            if not changes:
                continue
            # The last action of each kind so far; before the first of the week that is the last of the week before.
            for change in (*(k for k in changes if k.second > at), *(k for k in changes if k.second <= at)):
                floor[c] = floor[c] if change.floor is None else change.floor
                ceiling[c] = ceiling[c] if change.ceiling is None else change.ceiling
        return np.minimum(floor, ceiling), ceiling


def compile_rules(problem: Problem, policy: ScalingPolicy) -> ScalingRules:
    """The policy of each component of a problem, in its order.

    Raises DocumentError: a component has no target, and no throughput in the problem to take one from; or a policy has
    no component.
    """
    policy.check(problem)
    own = {row.name: row for row in policy.components}
    rows = [own.get(component.name, policy.defaults) for component in problem.components]
    without: list[str] = []
    targets, capacities = [], []
    for component, row in zip(problem.components, rows, strict=True):
        target = target_of(component, row)
        if target is None:
            without.append(component.name)
            continue
        targets.append(_per_second(target, row))
        capacities.append(_per_second(row.capacity_per_copy or target, row))
    if without:
        rule = (
            f"no target_value for {listed(without)}: give one to all components under `defaults`, to each in its row "
            "here, or a `throughput` to their options in the problem"
        )
        raise DocumentError([Fault("$.components", rule)], "policy")

    def column(values: Sequence[int]) -> Ints:
        return np.array(values, dtype=np.int64)

    return ScalingRules(
        target=column(targets),
        capacity=column(capacities),
        floor=column([row.min_capacity for row in rows]),
        ceiling=column([row.max_capacity for row in rows]),
        out_cooldown=column([row.scale_out_cooldown for row in rows]),
        in_cooldown=column([row.scale_in_cooldown for row in rows]),
        in_after=column([row.scale_in_after for row in rows]),
        load=column([row.load_seconds for row in rows]),
        holds=np.array([row.disable_scale_in for row in rows], dtype=np.bool_),
        changes=tuple(_changes(row) for row in rows),
    )


def target_of(component: Component, row: ScalingDefaults) -> float | None:
    """What one copy is meant to serve, in the unit of its metric: of the policy, else what a copy surely serves.

    None where neither says.
    """
    return row.target_value or _least_throughput(component)


def _least_throughput(component: Component) -> float | None:
    """What a copy serves by whichever option: the least of them; None where one does not say."""
    found = [option.throughput for option in component.modes]
    return None if any(value is None for value in found) else min(value for value in found if value is not None)


def _per_second(value: float, row: ScalingDefaults) -> int:
    """A target in the unit of its metric as micro-requests a second, at least 1, at most what traffic may be."""
    seconds = row.seconds_per_request or 1.0
    found = round(value * MICRO / (seconds if row.metric == "requests_in_flight" else 1.0))
    return min(MOST_RATE, max(1, found))


def _changes(row: ScalingDefaults) -> tuple[CapacityChange, ...]:
    found = [
        CapacityChange(DAYS.index(day) * DAY + action.second_of_day, action.min_capacity, action.max_capacity)
        for action in row.schedule
        for day in action.days
    ]
    return tuple(sorted(found, key=lambda change: change.second))
