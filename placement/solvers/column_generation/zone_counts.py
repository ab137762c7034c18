"""How many copies of each component stand in each zone: the pattern LP's numbers made whole, by a small exact program.

The LP says how many copies go to each zone, in parts. Here each number becomes a whole one near it, so that every rule
over zones is kept, each zone has copies of about as much dual value as the LP gives it, and little is moved otherwise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ortools.sat.python import cp_model

from placement.engines.cp_sat import cp_sat_solver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.compiled.fleet import Component, Fleet
    from placement.solving.budget import Budget

    ByZone = Mapping[int, Mapping[int, float]]  # copies by component and zone

_PARTS = 1_000  # of a copy, that the LP's numbers are rounded to
_CENTS = 1_000  # of a dollar of dual value, that weights are rounded to
_BALANCE = 50  # times as much counts what a zone has too much of, as what is moved between zones
_GAP = 0.02  # of the program
_WORK = 2.0  # deterministic seconds of it, at most


def zone_counts(
    fleet: Fleet, parts: ByZone, worth: Sequence[float], budget: Budget, seed: int = 0
) -> list[list[int]] | None:
    """Whole copies, (zones, components); None when none that keep the rules are found near the LP's in time.

    Parameters
    ----------
    parts : copies by component and zone in the LP, which may have more than are required.
    worth : (C,) dual value of one copy, dollars an hour.

    O(components x zones^2) variables and rows.
    """
    model = cp_model.CpModel()
    found: dict[tuple[int, int], cp_model.IntVar] = {}
    moved: list[cp_model.LinearExpr] = []
    too_much: list[list[cp_model.LinearExpr]] = [[] for _ in fleet.zones]
    for c in fleet.components:
        if not c.required:
            continue
        weight = _weight(worth[c.index])
        near = _scaled(parts.get(c.index, {}), c.required)
        here: dict[int, cp_model.IntVar] = {}
        for z in c.eligible_zones:
            low, high = _around(near.get(z, 0.0), c.required)
            here[z] = found[c.index, z] = model.new_int_var(low, high, "")
            part = round(_PARTS * near.get(z, 0.0))
            off = model.new_int_var(0, _PARTS * (c.required + 1), "")
            model.add(off >= _PARTS * here[z] - part)
            model.add(off >= part - _PARTS * here[z])
            moved.append(weight * off)
            too_much[z].append(weight * (_PARTS * here[z] - part))
        _keep_rules(model, c, here)
    balance, most = [], sum(_PARTS * _weight(worth[c.index]) * c.required for c in fleet.components)
    for terms in too_much:
        off = model.new_int_var(0, most, "")
        model.add(off >= sum(terms))
        model.add(off >= -sum(terms))
        balance.append(off)
    model.minimize(cp_model.LinearExpr.sum(moved) + _BALANCE * cp_model.LinearExpr.sum(balance))
    solver = cp_sat_solver(seed)
    chosen = solver.parameters
    chosen.relative_gap_limit, chosen.max_deterministic_time = _GAP, _WORK
    if not math.isinf(budget.left()):
        chosen.max_time_in_seconds = max(0.01, budget.left())
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    counts = [[0] * len(fleet.components) for _ in fleet.zones]
    for (c_index, z), variable in found.items():
        counts[z][c_index] = solver.value(variable)
    return counts


def _weight(worth: float) -> int:
    return max(1, round(_CENTS * worth))


def _scaled(parts: Mapping[int, float], copies: int) -> dict[int, float]:
    """The LP's copies in each zone, so that they are as many as are required."""
    total = sum(parts.values())
    return {z: n * copies / total for z, n in parts.items()} if total else {}


def _around(part: float, copies: int) -> tuple[int, int]:
    """The whole numbers that are tried: the two around a part, and one more on each side."""
    return min(copies, max(0, math.floor(part + 1e-6) - 1)), min(copies, math.ceil(part - 1e-6) + 1)


def _keep_rules(model: cp_model.CpModel, component: Component, here: Mapping[int, cp_model.IntVar]) -> None:
    """The rules over zones of one component, of which as many copies as are required stand."""
    total, counts = component.required, list(here.values())
    model.add(sum(counts) == total)
    most = total - component.zone_loss_floor
    if component.max_per_zone is not None:
        most = min(most, component.max_per_zone)
    if most < total:
        for count in counts:
            model.add(count <= most)
    if component.max_skew is not None and component.max_skew < total:
        least = model.new_int_var(0, total, "")
        for count in counts:
            model.add(least <= count)
            model.add(count <= least + component.max_skew)
    if component.min_zones > 1:
        used = []
        for count in counts:
            used.append(model.new_bool_var(""))
            model.add(count >= used[-1])
        model.add(sum(used) >= min(component.min_zones, total))
