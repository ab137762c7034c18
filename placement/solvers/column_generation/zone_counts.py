"""How many copies of each component stand in each zone: the pattern LP's numbers made whole.

The LP says how many copies go to each zone, in parts. Each becomes a whole number near it, component after component,
so that every rule over zones is kept and each zone has copies of about as much dual value as the LP gives it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from placement.compiled.spread import targets
from placement.local_search.parameters import LOCAL_SEARCH
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.master import PatternProgram
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.compiled.fleet import Fleet, FleetComponent
    from placement.compiled.packing import Packing
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Pattern
    from placement.solving.budget import Budget

    ByZone = Mapping[int, Mapping[int, float]]  # copies by component and zone

_PARAMS = COLUMN_GENERATION.zone_packing
_TIME = SCHEDULE.column_generation.zones.counts
_HAIR = 1e-6  # of what the LP rounds


def round_by_zone(
    fleet: Fleet,
    budget: Budget,
    seed: int = 0,
    *,
    patterns: Sequence[Pattern] = (),
    packing: Packing | None = None,
    rounds: int | None = None,
) -> list[list[int]] | None:
    """Whole copies, (zones, components), of a fleet whose copies are all required; None when none are found in time.

    The LP of its relaxation has the `patterns` and those of a `packing`, and more after so many `rounds` of pricing; by
    default after a few, for patterns that are near the optimum.
    """
    relaxation = relax(fleet, all_zones=True)
    program = PatternProgram(relaxation)
    program.add_patterns(patterns)
    program.set_domain(any_domain(fleet, ()))
    columns = PatternColumns(relaxation, program, seed)
    if packing is not None:
        columns.add_packing(packing)
    if not columns.solve(_PARAMS.pricings if rounds is None else rounds, _TIME.lp.of(budget)):
        return None
    parts, dual_values = _parts_of(relaxation, program.amounts()[0]), program.dual_values(program.duals())[0]
    return zone_counts(fleet, parts, dual_values)


def _parts_of(relaxation: Relaxation, copies: Sequence[float]) -> dict[int, dict[int, float]]:
    """Copies by component and zone."""
    parts: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for mode, n in zip(relaxation.modes, copies, strict=True):
        parts[mode.component][mode.zone] += n
    return parts


def zone_counts(fleet: Fleet, parts: ByZone, dual_value: Sequence[float]) -> list[list[int]] | None:
    """Whole copies, (zones, components), near the LP's; None where a component has no counts that keep its rules.

    Parameters
    ----------
    parts : copies by component and zone in the LP, which may have more than are required.
    dual_value : (C,) of one copy, dollars an hour.

    The dearest components come first, so that the cheap ones even out what these bring a zone too much.
    O(components x zones log zones).
    """
    counts = [[0] * len(fleet.components) for _ in fleet.zones]
    ahead = [0.0] * len(fleet.zones)  # dollars an hour that a zone has more than the LP gives it
    for c in sorted(fleet.components, key=lambda c: -dual_value[c.index]):
        if not c.required:
            continue
        weight = max(LOCAL_SEARCH.state.least_penalty, dual_value[c.index])
        near = _scaled(parts.get(c.index, {}), c.required)
        part = [near.get(z, 0.0) for z in range(len(fleet.zones))]
        found = _rounded(c, part, [more / weight - n % 1.0 for more, n in zip(ahead, part, strict=True)])
        if found is None:
            return None
        for z, (n, there) in enumerate(zip(found, part, strict=True)):
            counts[z][c.index] = n
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
