"""What a valid problem says that its writer can hardly mean: worth a warning, never an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import Fault, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.documents.problem import Problem


def doubts(problem: Problem) -> Iterator[Fault]:
    """Each doubt with its place. O(pools + zones named).

    `zones` of a component is an allow-list: a zone that no pool is in allows nothing, so a misspelt one passes as a
    rule that is kept.
    """
    zones = sorted({pool.zone for pool in problem.pools})
    known = set(zones)
    for index, component in enumerate(problem.components):
        for position, zone in enumerate(component.zones or ()):
            if zone not in known:
                rule = f"names a zone that no pool is in, so it allows nothing; {nearest(zone, zones)}"
                yield Fault(f"$.components[{index}].zones[{position}]", rule, zone)
