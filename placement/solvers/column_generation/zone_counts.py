"""How many copies of each component stand in each zone: fractional numbers made whole, component after component.

Each number becomes a whole one near it, so that every rule over zones is kept and each zone has copies of about as much
dual value as it has in parts.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from placement.compiled.fleet import FleetComponent
from placement.compiled.spread import targets
from placement.local_search.parameters import LOCAL_SEARCH

ByZone = Mapping[int, Mapping[int, float]]  # copies by component and zone

_HAIR = 1e-6  # of what the LP rounds


def zone_counts(
    components: Iterable[FleetComponent], zones: int, parts: ByZone, dual_value: Sequence[float]
) -> dict[int, list[int]] | None:
    """Whole copies by component, (zones,) each, near the LP's; None where one has no counts that keep its rules.

    Parameters
    ----------
    components : the dearest first, so that the cheap ones even out what these bring a zone too much.
    zones : how many there are.
    parts : copies by component and zone in the LP, which may have more than are required.
    dual_value : (C,) of one copy, dollars an hour.

    O(components x zones log zones).
    """
    counts: dict[int, list[int]] = {}
    ahead = [0.0] * zones  # dollars an hour that a zone has more than the LP gives it
    for c in components:
        weight = max(LOCAL_SEARCH.state.least_penalty, dual_value[c.index])
        near = _scaled(parts.get(c.index, {}), c.required)
        part = [near.get(z, 0.0) for z in range(zones)]
        found = _rounded(c, part, [more / weight - n % 1.0 for more, n in zip(ahead, part, strict=True)])
        if found is None:
            return None
        counts[c.index] = found
        for z, (n, there) in enumerate(zip(found, part, strict=True)):
            ahead[z] += weight * (n - there)
    return counts


def _rounded(component: FleetComponent, part: Sequence[float], cost: Sequence[float]) -> list[int] | None:
    """(zones,) whole numbers for parts: the two around each if the rules allow it, else one more on each side, or any.

    Copies beyond the least go to the zones of least `cost`.
    """
    copies = component.required
    for off in (0, 1, copies):
        least = [max(0, math.floor(n + _HAIR) - off) for n in part]
        most = [math.ceil(n - _HAIR) + off for n in part]
        found = targets(component, least, copies, most, cost)
        if found is not None:
            return found
    return None


def _scaled(parts: Mapping[int, float], copies: int) -> dict[int, float]:
    """The LP's copies in each zone, so that they are as many as are required."""
    total = sum(parts.values())
    return {z: n * copies / total for z, n in parts.items()} if total else {}
