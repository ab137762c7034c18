"""How many copies of each component stand in each zone: the pattern LP's numbers made whole.

The LP says how many copies go to each zone and how many machines there are, in parts. A zone that lacks a hundredth of
a machine needs a whole one, which may cost as much as all else that the split costs. So machine counts are made whole
first, over all zones at once (`whole_counts`). Then the LP places copies on these machines, where those beyond cost
their price, and copies are made whole in steps, the dearest first; what is left goes where the LP of then says.

In a step each number becomes a whole one near it, component after component, so that every rule over zones is kept and
each zone has copies of about as much dual value as the LP gives it.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from placement.compiled.spread import targets
from placement.local_search.parameters import LOCAL_SEARCH
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.master import PatternProgram
from placement.solvers.column_generation.mixes import with_spare
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.whole_counts import WholeMachineCounts
from placement.solving.budget import Budget
from placement.solving.schedule import SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from placement.compiled.fleet import Fleet, FleetComponent
    from placement.compiled.packing import Packing
    from placement.patterns.master import Pattern

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
    default after a few, for patterns that are near the optimum. In the largest fleets its numbers are rounded at once.
    """
    program = PatternProgram(relax(fleet, all_zones=True))
    program.add_patterns(patterns)
    program.set_domain(any_domain(fleet, ()))
    columns = PatternColumns(program.relaxation, program, seed)
    if packing is not None:
        columns.add_packing(packing)
    if not columns.solve(_PARAMS.pricings if rounds is None else rounds, _TIME.lp.of(budget)):
        return None
    parts, dual_value = _parts_of(program), program.dual_values(program.duals())[0]
    if fleet.copies > _PARAMS.whole_to:
        return _rounded_in_steps(fleet, program, parts, dual_value, Budget(0.0))
    _stand_on_whole_machines(fleet, program, budget)
    return _rounded_in_steps(fleet, program, parts, dual_value, budget)


def _stand_on_whole_machines(fleet: Fleet, program: PatternProgram, budget: Budget) -> None:
    """Have the LP on whole machines, about as many as it has and room for some spare; as it is where none are found."""
    domain = any_domain(fleet, ())
    counts = WholeMachineCounts(program, fleet, _PARAMS.dear * program.value())
    program.ask_for(with_spare(fleet, _PARAMS.spare), {}, 1 + _PARAMS.spare)
    if not program.solve(budget.left()):
        return
    root = counts.solution(np.array(domain.fewest, dtype=float), np.array(domain.most, dtype=float))
    whole = None if root is None else counts.dive(root, _TIME.whole.of(budget))
    if whole is None:
        program.set_domain(domain)
    else:
        program.stand_on(whole.counts.tolist())


def _rounded_in_steps(
    fleet: Fleet, program: PatternProgram, parts: ByZone, dual_value: Sequence[float], budget: Budget
) -> list[list[int]] | None:
    """Whole copies, (zones, components), as the LP says after each step; at once when time is over."""
    counts = [[0] * len(fleet.components) for _ in fleet.zones]
    more = [n / max(1, c.required) for n, c in zip(with_spare(fleet, _PARAMS.spare), fleet.components, strict=True)]
    left = sorted((c for c in fleet.components if c.required), key=lambda c: -dual_value[c.index])
    for step in range(_PARAMS.steps):
        if not left:
            break
        solved = program.solve(budget.left())
        if solved:
            parts = _parts_of(program)
        now = _first_part(left, parts, dual_value, 1 / (_PARAMS.steps - step) if solved else 1.0)
        found = zone_counts(now, len(counts), parts, dual_value)
        if found is None:
            return None
        program.fix_zones({c: [n * more[c] for n in by_zone] for c, by_zone in found.items()})
        for c, by_zone in found.items():
            for here, n in zip(counts, by_zone, strict=True):
                here[c] = n
        left = left[len(now) :]
    return counts


def _first_part(
    left: Sequence[FleetComponent], parts: ByZone, dual_value: Sequence[float], part: float
) -> Sequence[FleetComponent]:
    """The first components, with that part of the dollars an hour that rounding all of them moves between zones."""
    moved = [
        dual_value[c.index] * sum(abs(n - round(n)) for n in _scaled(parts.get(c.index, {}), c.required).values())
        for c in left
    ]
    upto = list(itertools.accumulate(moved, initial=0.0))
    return left if part == 1 or not upto[-1] else left[: bisect.bisect_left(upto, part * upto[-1])]


def _parts_of(program: PatternProgram) -> dict[int, dict[int, float]]:
    """Copies by component and zone, in the last solution."""
    parts: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for mode, n in zip(program.relaxation.modes, program.amounts()[0], strict=True):
        parts[mode.component][mode.zone] += n
    return parts


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
