"""What one machine has and one copy takes, by resource, and how many copies of a component a machine holds at most."""

from collections.abc import Iterable

from placement.compiled.fleet import Fleet, FleetComponent, FleetOption, Shape
from placement.compiled.shared_need import SharedNeed
from placement.compiled.survival import most_by_floor
from placement.units import MIB_PER_GIB, MILLI, WHOLE_SHARE

RESOURCES = (
    ("memory_mib", "GiB of accelerator memory", MIB_PER_GIB),
    ("share", "accelerators", WHOLE_SHARE),
    ("vcpus", "vCPUs", MILLI),
    ("host_mib", "GiB of host memory", MIB_PER_GIB),
)


def capacity(fleet: Fleet, p: int, resource: str) -> int:
    """What one machine of pool p has of a resource, over all its accelerators; 0 where more is reserved than it has."""
    shape = fleet.pools[p].shape
    if resource == "memory_mib":
        return shape.accelerators * max(0, shape.memory_mib)
    if resource == "share":
        return shape.accelerators * WHOLE_SHARE
    return shape.vcpus if resource == "vcpus" else shape.host_mib


def usage(fleet: Fleet, p: int, option: FleetOption, resource: str) -> int:
    """What one copy takes of a resource on a machine of pool p; an owned accelerator is taken whole."""
    if resource == "memory_mib":
        return option.accelerators * (option.memory_mib if option.shared else fleet.pools[p].shape.memory_mib)
    if resource == "share":
        return option.accelerators * (option.share if option.shared else WHOLE_SHARE)
    return option.vcpus if resource == "vcpus" else option.host_mib


def used_part(fleet: Fleet, p: int, options: Iterable[FleetOption]) -> float:
    """The part of a machine's accelerator memory that copies take on pool p (of its vCPUs without accelerators)."""
    resource = "memory_mib" if fleet.pools[p].shape.accelerators else "vcpus"
    return sum(usage(fleet, p, option, resource) for option in options) / max(1, capacity(fleet, p, resource))


def most_by_one_option(shape: Shape, option: FleetOption, limit: int) -> int:
    """The most copies of one option that an empty machine holds, at most `limit`."""
    limits = [limit]
    if option.vcpus:
        limits.append(shape.vcpus // option.vcpus)
    if option.host_mib:
        limits.append(shape.host_mib // option.host_mib)
    if option.accelerators:
        # Copies dealt around the accelerators, that many on each, never meet one twice.
        limits.append(shape.accelerators * most_beside(shape, option, limit) // option.accelerators)
    return min(limits)


def most_beside(shape: Shape, option: FleetOption, limit: int) -> int:
    """The most copies of one option on an empty accelerator, at most `limit` where they share it."""
    return SharedNeed.of(option).most_in(shape.memory_mib, WHOLE_SHARE, limit) if option.shared else 1


def most_on_one(fleet: Fleet, component: FleetComponent, p: int) -> int:
    """No machine of pool p holds more copies of the component, by whatever options; at least 1.

    The least that any option takes of each resource counts, so a mix of options is covered.
    """
    shape = fleet.pools[p].shape
    options = [option for option in component.options if p in option.pools]
    by_floor = most_by_floor(component, component.instance_loss_floor)
    limits = [n for n in (component.copies, component.max_per_instance, by_floor) if n is not None]
    for r, _, _ in RESOURCES:
        least = min(usage(fleet, p, option, r) for option in options)
        if least:
            limits.append(capacity(fleet, p, r) // least)
    width = min(option.accelerators for option in options)
    if width:
        need = SharedNeed(width, min(o.memory_mib for o in options), min(o.share for o in options))
        copies = component.copies if any(o.shared for o in options) else min(component.copies, 1)
        beside = need.most_in(shape.memory_mib, WHOLE_SHARE, copies)  # on one accelerator
        limits.append(shape.accelerators * beside // width)
    return max(1, min(limits))
