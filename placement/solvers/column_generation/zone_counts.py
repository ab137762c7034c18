"""How many copies of each component stand in each zone: the pattern LP's numbers made whole.

The LP says how many copies go to each zone, in parts. To make numbers whole is a small integer program, which ends near
its bound: each becomes a whole one near it, so that every rule over zones is kept, each zone has copies of about as
much dual value as the LP gives it, and little is moved otherwise.
"""

from __future__ import annotations

import math
from collections import defaultdict
from math import inf
from typing import TYPE_CHECKING

from placement.engines.highs import EngineError, load_lp, run, whole_solution
from placement.local_search.parameters import LOCAL_SEARCH
from placement.patterns.columns import PatternColumns
from placement.patterns.covering import any_domain
from placement.patterns.enumeration.rows import IntegerRows
from placement.patterns.enumeration.zone_rows import add_zone_rows
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

_PARAMS = COLUMN_GENERATION.zone_counts
_TIME = SCHEDULE.column_generation.zones.counts


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
    return zone_counts(fleet, parts, dual_values, budget, seed)


def _parts_of(relaxation: Relaxation, copies: Sequence[float]) -> dict[int, dict[int, float]]:
    """Copies by component and zone."""
    parts: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for mode, n in zip(relaxation.modes, copies, strict=True):
        parts[mode.component][mode.zone] += n
    return parts


def zone_counts(
    fleet: Fleet,
    parts: ByZone,
    dual_value: Sequence[float],
    budget: Budget,
    seed: int = 0,
) -> list[list[int]] | None:
    """Whole copies, (zones, components); None when none that keep the rules are found near the LP's in time.

    Parameters
    ----------
    parts : copies by component and zone in the LP, which may have more than are required.
    dual_value : (C,) of one copy, dollars an hour.

    O(components x zones) columns and rows; at most `nodes` nodes of HiGHS.
    """
    rows = IntegerRows()
    found: dict[tuple[int, int], int] = {}
    too_much: list[dict[int, float]] = [{} for _ in fleet.zones]
    in_parts = [0.0] * len(fleet.zones)
    for c in fleet.components:
        if not c.required:
            continue
        weight = max(LOCAL_SEARCH.state.least_penalty, dual_value[c.index])
        near = _scaled(parts.get(c.index, {}), c.required)
        here: dict[int, dict[int, float]] = {}
        for z in c.eligible_zones:
            part = near.get(z, 0.0)
            copies = found[c.index, z] = _copies_near(rows, c, part, weight)
            here[z] = {copies: 1.0}
            too_much[z][copies] = weight
            in_parts[z] += weight * part
        rows.row(c.required, c.required, {copies: 1.0 for columns in here.values() for copies in columns})
        add_zone_rows(rows, c, here, c.required)
    for terms, dollars in zip(too_much, in_parts, strict=True):
        more, less = (_continuous(rows, _PARAMS.balance) for _ in range(2))
        rows.row(dollars, dollars, terms | {more: -1.0, less: 1.0})
    solution = _solved(rows, budget, seed)
    if solution is None:
        return None
    counts = [[0] * len(fleet.components) for _ in fleet.zones]
    for (c_index, z), copies in found.items():
        counts[z][c_index] = solution[copies]
    return counts


def _solved(rows: IntegerRows, budget: Budget, seed: int) -> list[int] | None:
    """The best solution found, (columns,), to the nearest whole numbers; None when there is none in time."""
    limits = {"mip_rel_gap": _PARAMS.gap, "mip_max_nodes": _PARAMS.nodes, "random_seed": seed % 2**31}
    try:
        solver = load_lp(rows.program(), budget, **limits)
        run(solver)
    except EngineError:  # then mixes of the whole fleet are packed
        return None
    return whole_solution(solver)


def _copies_near(rows: IntegerRows, component: FleetComponent, part: float, weight: float) -> int:
    """A column for the copies in one zone, near the LP's; what they are off costs so much a copy."""
    low, high = _around(part, component.required)
    if component.max_per_zone is not None:
        high = min(high, component.max_per_zone)
    copies, off = rows.column(high, lower=min(low, high)), _continuous(rows, weight)
    rows.row(-part, inf, {off: 1.0, copies: -1.0})
    rows.row(part, inf, {off: 1.0, copies: 1.0})
    return copies


def _continuous(rows: IntegerRows, cost: float) -> int:
    """A column whose value need not be whole."""
    column = rows.column(inf, cost=cost)
    rows.parts.add(column)
    return column


def _scaled(parts: Mapping[int, float], copies: int) -> dict[int, float]:
    """The LP's copies in each zone, so that they are as many as are required."""
    total = sum(parts.values())
    return {z: n * copies / total for z, n in parts.items()} if total else {}


def _around(part: float, copies: int) -> tuple[int, int]:
    """The whole numbers that are tried: the two around a part, and one more on each side."""
    return min(copies, max(0, math.floor(part + 1e-6) - 1)), min(copies, math.ceil(part - 1e-6) + 1)
