"""How many copies of each component stand in each zone: the pattern LP's numbers made whole, some at a time.

The LP says how many copies go to each zone, in parts. Those of components that are nearly whole are made whole first,
then the LP is solved again with these, and so on: what one component lacks in a zone others may make up for.

To make numbers whole is a small exact program: each becomes a whole one near it, so that every rule over zones is kept,
each zone has copies of about as much dual value as the LP gives it, and little is moved otherwise.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from placement.patterns.covering import any_domain
from placement.patterns.formulation import relax
from placement.patterns.master import PatternProgram
from placement.solvers.column_generation.parameters import COLUMN_GENERATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from ortools.sat.python import cp_model

    from placement.compiled.fleet import Fleet, FleetComponent
    from placement.patterns.formulation import Relaxation
    from placement.patterns.master import Pattern
    from placement.solving.budget import Budget

    ByZone = Mapping[int, Mapping[int, float]]  # copies by component and zone

_PARTS = 1_000  # of a copy, that the LP's numbers are rounded to
_CENTS = 1_000  # of a dollar of dual value, that weights are rounded to
_PARAMS = COLUMN_GENERATION.zone_counts
_WHOLE = 1e-6


def round_by_zone(fleet: Fleet, patterns: Sequence[Pattern], budget: Budget, seed: int = 0) -> list[list[int]] | None:
    """Whole copies, (zones, components), of a fleet whose copies are all required; None when none are found in time.

    `patterns` are columns of the LP of its relaxation. All numbers are made whole at once, and in several steps; what
    makes the LP cheaper is taken. As many solutions of the LP as there are steps, with a round or two of pricing each.
    """
    found, relaxation = [], relax(fleet, all_zones=True)
    for steps in _PARAMS.steps:
        counts = _Rounding(fleet, relaxation, patterns, seed).run(steps, budget)
        if counts is not None:
            found.append(counts)
    return min(found, key=lambda each: each[0])[1] if found else None


class _Rounding:
    """The LP in which more and more components have whole copies in each zone."""

    def __init__(self, fleet: Fleet, relaxation: Relaxation, patterns: Iterable[Pattern], seed: int) -> None:
        self._fleet, self._relaxation, self._seed = fleet, relaxation, seed
        self._program = PatternProgram(relaxation)
        self._program.add_patterns(patterns)
        self._program.set_domain(any_domain(fleet, ()))
        self._knapsacks = {device_class.index: device_class.knapsack for device_class in relaxation.device_classes}

    def run(self, steps: int, budget: Budget) -> tuple[float, list[list[int]]] | None:
        """The LP's value in the end, dollars an hour, and the copies; None when none are found in time."""
        program, components = self._program, self._fleet.components
        left = {c.index for c in components if c.required}
        counts = [[0] * len(components) for _ in self._fleet.zones]
        for step in range(steps, 0, -1):
            if not self._solve(budget):
                return None
            parts = _parts_of(self._relaxation, program.amounts()[0])
            whole = _most_whole(parts, left, -(-len(left) // step))
            dual_value = program.dual_values(program.duals())[0]
            found = zone_counts(self._fleet, parts, dual_value, budget, self._seed, whole)
            if found is None:
                return None
            asked = {(c, z): found[z][c] for c in whole for z in components[c].eligible_zones}
            for (c, z), n in asked.items():
                counts[z][c] = n
            program.ask_in_zones(asked)
            left -= whole
        return (program.value(), counts) if self._solve(budget) else None

    def _solve(self, budget: Budget) -> bool:
        """Solve the LP, with some more patterns."""
        for more in range(_PARAMS.pricings, -1, -1):
            if budget.over() or not self._program.solve(budget.left()):
                return False
            duals = self._program.duals()
            if not more or not self._program.improve(duals, self._program.prices(duals), self._knapsacks):
                break
        return True


def _parts_of(relaxation: Relaxation, copies: Sequence[float]) -> dict[int, dict[int, float]]:
    """Copies by component and zone."""
    parts: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for mode, n in zip(relaxation.modes, copies, strict=True):
        parts[mode.component][mode.zone] += n
    return parts


def _most_whole(parts: ByZone, left: Iterable[int], at_once: int) -> set[int]:
    """The components whose copies are nearest to whole numbers in all zones: all that are whole, and some more."""
    off = {c: max((abs(n - round(n)) for n in parts.get(c, {}).values()), default=1.0) for c in left}
    order = sorted(off, key=lambda c: (off[c], c))
    return {c for k, c in enumerate(order) if k < at_once or off[c] <= _WHOLE}


def zone_counts(
    fleet: Fleet,
    parts: ByZone,
    dual_value: Sequence[float],
    budget: Budget,
    seed: int = 0,
    only: Collection[int] | None = None,
) -> list[list[int]] | None:
    """Whole copies, (zones, components); None when none that keep the rules are found near the LP's in time.

    Parameters
    ----------
    parts : copies by component and zone in the LP, which may have more than are required.
    dual_value : (C,) of one copy, dollars an hour.
    only : components that are looked at; None for all.

    O(components x zones^2) variables and rows.
    """
    from ortools.sat.python import cp_model

    from placement.engines.cp_sat import cp_sat_solver

    model = cp_model.CpModel()
    found: dict[tuple[int, int], cp_model.IntVar] = {}
    moved: list[cp_model.LinearExpr] = []
    too_much: list[list[cp_model.LinearExpr]] = [[] for _ in fleet.zones]
    for c in fleet.components:
        if not c.required or (only is not None and c.index not in only):
            continue
        weight = _weight(dual_value[c.index])
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
    balance, most = [], sum(_PARTS * _weight(dual_value[c.index]) * c.required for c in fleet.components)
    for terms in too_much:
        off = model.new_int_var(0, most, "")
        model.add(off >= sum(terms))
        model.add(off >= -sum(terms))
        balance.append(off)
    model.minimize(cp_model.LinearExpr.sum(moved) + _PARAMS.balance * cp_model.LinearExpr.sum(balance))
    solver = cp_sat_solver(seed, seconds=budget.left(), effort=_PARAMS.effort, gap=_PARAMS.gap)
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    counts = [[0] * len(fleet.components) for _ in fleet.zones]
    for (c_index, z), variable in found.items():
        counts[z][c_index] = solver.value(variable)
    return counts


def _weight(dual_value: float) -> int:
    return max(1, round(_CENTS * dual_value))


def _scaled(parts: Mapping[int, float], copies: int) -> dict[int, float]:
    """The LP's copies in each zone, so that they are as many as are required."""
    total = sum(parts.values())
    return {z: n * copies / total for z, n in parts.items()} if total else {}


def _around(part: float, copies: int) -> tuple[int, int]:
    """The whole numbers that are tried: the two around a part, and one more on each side."""
    return min(copies, max(0, math.floor(part + 1e-6) - 1)), min(copies, math.ceil(part - 1e-6) + 1)


def _keep_rules(model: cp_model.CpModel, component: FleetComponent, here: Mapping[int, cp_model.IntVar]) -> None:
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
