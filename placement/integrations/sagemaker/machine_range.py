"""How many machines a variant may have, where their number is managed: as it runs, and as a problem says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from placement.integrations.sagemaker import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Pool, Problem

MachineRange = tuple[int, int | None]  # least and most; None: the platform has no most


def running_range(pools: Sequence[Pool], label: str = labels.SCALING) -> MachineRange | None:
    """Least and most machines of the variant of some pools, by a label: who manages their number; None without it."""
    found: list[Any] | None = labels.unpacked(pools[0].labels, label)
    return None if found is None else (found[0], found[1])


def asked_range(problem: Problem, pools: Sequence[Pool], machines: int, *, pin: bool) -> MachineRange | None:
    """The range to be written of a variant that runs: the one number of `machines` with `pin`; None without a range."""
    if pin and running_range(pools) is not None:
        return machines, max(1, machines)
    return wanted_range(problem, pools, machines)


def wanted_range(
    problem: Problem, pools: Sequence[Pool], machines: int, label: str = labels.SCALING
) -> MachineRange | None:
    """The range with what the problem says otherwise than an import wrote, and room for the machines of a plan.

    An import writes the range into the pool of a variant of one type, cut to a quota or a reservation where those are
    below it. So a lower `max_instances` says nothing of the range, and a higher one, or another `min_instances`, is a
    wish. Several pools of a variant have their most in a limit over all of them.
    """
    running = running_range(pools, label)
    if running is None:
        return None
    least, most = running
    ceiling = _ceiling(problem, pools)
    if len(pools) == 1:
        floor = pools[0].min_instances or 0
        if floor != (least if ceiling is None else min(least, ceiling)):
            least = floor
    if most is not None:
        most = max(most, ceiling or 0, machines, least, 1)
    return least, most


def _ceiling(problem: Problem, pools: Sequence[Pool]) -> int | None:
    """The most machines of all pools together, by the problem; None where it has no such number."""
    if len(pools) == 1:
        return pools[0].max_instances
    names = {pool.name for pool in pools}
    over = [limit.max_instances for limit in problem.limits if set(limit.pools) == names]
    return min((most for most in over if most is not None), default=None)
