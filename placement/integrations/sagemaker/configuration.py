"""Whether a variant that runs is to have another configuration than was read: its range of machines, or the rest.

Application Auto Scaling brings a number that is outside of its range back into it at once, which on an endpoint is an
update that refuses others. So a range is widened first, the number changed, and the range narrowed when that is done:
at no moment is what runs, or what was just asked for, outside.

Of the rest an import writes digests of what it read into a label of each pool, and the variant's types. An export makes
the same of the problem, and where the two differ the endpoint gets a new configuration.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from placement.documents import Pool, Problem
from placement.errors import UsageError, printable
from placement.integrations.labels import digest
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.groups import PlanView, ServingGroup

MachineRange = tuple[int, int | None]  # least and most; None: the platform has no most
Range = tuple[int, int]
_TYPES = "types"
_DIGITS = 8  # of a digest
_COMPARED = (labels.PRIORITY, labels.PARTITIONS, labels.RESERVATION, labels.SETTINGS, labels.ENDPOINT_SETTINGS)


def running_range(pools: Sequence[Pool], label: str = labels.SCALING) -> MachineRange | None:
    """Least and most machines of the variant of some pools, by a label: who manages their number; None without it."""
    found: list[Any] | None = labels.unpacked(pools[0].labels, label)
    return None if found is None else (found[0], found[1])


def asked_range(view: PlanView, group: ServingGroup, machines: int) -> MachineRange | None:
    """The range to be written of a variant that runs: the one number of `machines` with `pin`; None without a range."""
    if view.wish.pin and running_range(group.pools) is not None:
        return machines, max(1, machines)
    return wanted_range(view.problem, group.pools, machines)


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


class Registered(NamedTuple):
    """What is registered before a number changes, and once it has; None: nothing."""

    before: Range | None
    after: Range | None


def around_change(running: Range, wanted: Range, now: int, planned: int) -> Registered:
    """The registrations that lead from the running range to the wanted one, which has the planned number.

    >>> around_change((1, 3), (1, 5), now=3, planned=4)  # the wanted range has both numbers
    Registered(before=(1, 5), after=None)
    >>> around_change((1, 3), (5, 5), now=3, planned=5)
    Registered(before=(1, 5), after=(5, 5))
    >>> around_change((2, 5), (3, 3), now=4, planned=3)
    Registered(before=None, after=(3, 3))
    """
    if wanted == running:
        return Registered(None, None)
    if wanted[0] <= now <= wanted[1]:
        return Registered(wanted, None)
    wide = min(running[0], planned), max(running[1], planned)
    return Registered(wide if wide != running else None, wanted if wanted != wide else None)


def when_machines_go(pools: Sequence[Pool]) -> str:
    """When machines of a variant are given back, by the policy that it was read with."""
    settings = labels.unpacked(pools[0].labels, labels.SETTINGS) or {}
    strategy = settings.get("ScaleInPolicy", {}).get("Strategy")
    if strategy == "CONSOLIDATION":
        return "SageMaker moves copies so that machines are empty, and gives those back (CONSOLIDATION)"
    why = f" ({strategy})" if strategy else ""
    return f"a machine goes only once it holds no copy, and no copy is moved for that{why}"


def recorded_configuration(told: Mapping[str, str], kinds: Iterable[str]) -> dict[str, str]:
    """The label of what an import keeps of a pool's labels, and of all types of its variant."""
    return labels.written({labels.CONFIGURATION: {**_digests(told), _TYPES: sorted(kinds)}})


def _digests(told: Mapping[str, str]) -> dict[str, str]:
    return {key: digest(told[key], _DIGITS) for key in _COMPARED if key in told}


def configuration_changes(pools: Sequence[Pool], kinds: Iterable[str]) -> tuple[str, ...]:
    """What is other than was read of the pools of a variant, in words; nothing where nothing was read.

    Raises UsageError: it is what can't be changed of an endpoint that runs.
    """
    found: dict[str, None] = {}
    kinds = sorted(set(kinds))
    for pool in pools:
        place = f"pool {pool.name}"
        read: dict[str, Any] | None = labels.unpacked(pool.labels, labels.CONFIGURATION)
        if read is None:
            continue
        now = _digests(pool.labels)
        found |= {f"{key} of {place}": None for key in _COMPARED if read.get(key) != now.get(key)}
        known = read.get(_TYPES, kinds)
        if known != kinds:
            found[f"types {', '.join(map(str, known))} to {', '.join(kinds)}"] = None
    fixed = next((word for word in found if word.startswith(labels.PARTITIONS)), None)
    if fixed is not None:
        raise UsageError(
            f"{printable(fixed)}: is other than it was read, and partitions of an endpoint that runs can't be changed: "
            "make another endpoint (pools without labels, or --as-new)"
        )
    return tuple(found)
