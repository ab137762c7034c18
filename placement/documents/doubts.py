"""What a valid problem says that its writer can hardly mean: worth a warning, never an error."""

from collections.abc import Iterator

from placement.documents.problem import Problem
from placement.errors import Fault, json_path, nearest

_LARGEST_ACCELERATOR_GIB = 4096  # above all that are sold, below a GPU of 5 GB in MiB
_LARGEST_HOST_GIB = 65536  # above all that are rented, which have 32 TiB


def doubts(problem: Problem) -> Iterator[Fault]:
    """Each doubt with its place. O(rows + zones named).

    `zones` of a component is an allow-list: a zone that no pool is in allows nothing, so a misspelt one passes as a
    rule that is kept. Memory in MiB, as drivers tell it, makes machines on which anything fits.
    """
    for name, accelerator in problem.accelerators.items():
        yield from _memory(("accelerators", name, "memory_gib"), accelerator.memory_gib, _LARGEST_ACCELERATOR_GIB)
    for name, row in problem.instance_types.items():
        yield from _memory(("instance_types", name, "memory_gib"), row.memory_gib, _LARGEST_HOST_GIB)
    zones = sorted({pool.zone for pool in problem.pools})
    known = set(zones)
    for index, component in enumerate(problem.components):
        for position, zone in enumerate(component.zones or ()):
            if zone not in known:
                rule = f"names a zone that no pool is in, so it allows nothing; {nearest(zone, zones)}"
                yield Fault(f"$.components[{index}].zones[{position}]", rule, zone)


def _memory(path: tuple[str, ...], gib: float, largest: float) -> Iterator[Fault]:
    if gib > largest:
        rule = f"counts GiB, and no machine has {gib:,.9g}; where these are MiB, write {gib / 1024:g}"
        yield Fault(json_path(path), rule)
